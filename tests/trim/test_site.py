"""What is known of a hole, and what was read of a fill."""

from __future__ import annotations

import gc
import weakref

import pytest

from holes import at
from infill_ls.text.brackets import SCAN_REACH, Scan
from infill_ls.trim.site import SITES_KEPT, Draft, Site, known


class Keeping:
    """Has its site, as readers have."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def copy(self) -> Keeping:
        return Keeping(self.site)

    def read(self, lines: str) -> None:
        assert lines


class Counting:
    """Counts the lines that it has been given."""

    given = 0

    def __init__(self, site: Site) -> None:
        self.lines = 0

    def copy(self) -> Counting:
        other = Counting.__new__(Counting)
        other.lines = self.lines
        return other

    def read(self, lines: str) -> None:
        count = lines.count("\n")
        self.lines += count
        Counting.given += count


def test_a_line_is_read_once_whatever_piece_comes_next() -> None:
    site = Site(at("█\n"), "block")
    raw = "a = 1\n" * 50
    Counting.given = 0
    for end in range(len(raw) + 1):
        whole = raw[: raw.rfind("\n", 0, end) + 1]
        assert site.having_read(Counting, whole).lines == whole.count("\n")
    assert Counting.given == 50


def test_another_fill_is_read_from_its_start() -> None:
    site = Site(at("█\n"), "block")
    assert site.having_read(Counting, "a\nb\n").lines == 2
    assert site.having_read(Counting, "c\n").lines == 1
    assert site.having_read(Counting, "").lines == 0


def test_a_draft_is_never_changed() -> None:
    draft = Draft("a = 1", cut_short=True)
    assert draft.hold(9) is draft
    assert draft.become(draft.text) is draft
    held, ended = draft.hold(1), draft.end(1, "line")
    assert (held.text, held.ended_by, held.final, held.cut_short) == ("a", None, False, True)
    assert (ended.text, ended.ended_by, ended.final) == ("a", "line", True)
    assert draft.text == "a = 1"


def test_what_is_known_of_a_hole_is_found_once() -> None:
    hole = at("def f():\n    return g(█)  # why\n\n\nb()\n")
    site = known(hole, "line", ())
    assert known(hole, "line", ()) is site
    assert (site.typed, site.above, site.below) == ("return g(", "def f():", "b()")
    assert site.rest_has_words
    assert not site.prose


@pytest.mark.parametrize(
    ("text", "unit", "is_mixed", "depth"),
    [
        ("a\n  b\n    c\n█\n", "  ", False, 0),
        ("a\n\tb\n\tc\n\t█\n", "\t", False, 8),
        ("a\n\tb\n\tc\n  d\n  e\n█\n", "  ", True, 0),
        ("█\n", None, False, 0),
        ("  f(\n      a,\n      b)█\n", "  ", False, 2),
    ],
)
def test_how_a_file_is_indented(text: str, unit: str | None, is_mixed: bool, depth: int) -> None:
    site = Site(at(text, ""), "block")
    assert (site.unit, site.is_mixed, site.depth) == (unit, is_mixed, depth)


def test_go_is_indented_with_tabs_whoever_writes_it() -> None:
    assert Site(at("█\n", "go"), "block").unit == "\t"


@pytest.mark.parametrize(
    ("text", "language", "prose"),
    [
        ("# █\n", "python", True),
        ('"""a\n█\n', "python", True),
        ("a█\n", "markdown", True),
        ("a█\n", "python", False),
    ],
)
def test_where_prose_is_wanted(text: str, language: str, prose: bool) -> None:
    assert Site(at(text, language), "block").prose is prose


def test_a_closer_that_nothing_opens_is_looked_for_in_each_line_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scanned = 0

    class Counted(Scan):
        def follow(self, text: str) -> Scan:
            nonlocal scanned
            scanned += len(text)
            return super().follow(text)

    monkeypatch.setattr("infill_ls.trim.site.Scan", Counted)
    for line in ("f()\n", "f(a)\n"):
        site, scanned = Site(at(line * 2_000 + "    g())█\n"), "block"), 0
        assert site.depth == 0
        assert scanned < 3 * SCAN_REACH
    site, scanned = Site(at("f(\n" * 2_000 + ")" * 2_000 + "█\n"), "block"), 0
    assert site.depth == 0
    assert scanned < 34 * SCAN_REACH


def test_the_statement_may_begin_with_a_line_that_closes_one_itself() -> None:
    assert Site(at("  if (a) {\n    b();\n  } else if (c(\n      d)) █\n", "c"), "block").depth == 2
    assert Site(at("  f(a, [\n      1,\n      g(2),\n  ], b)█\n"), "block").depth == 2


def test_a_site_that_is_known_no_more_is_gone_at_once() -> None:
    """With its hole, which is large: not only when Python looks for rings of objects."""

    def read() -> weakref.ref[Site]:
        site = known(at("first = █\n"), "block", ())
        site.having_read(Keeping, "1\n")
        return weakref.ref(site)

    gc.disable()
    try:
        first = read()
        assert known(at("first = █\n"), "block", ()) is first()
        for number in range(SITES_KEPT):
            known(at(f"other_{number} = █\n"), "block", ())
        assert first() is None
    finally:
        gc.enable()
