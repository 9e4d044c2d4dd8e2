"""Control tokens that look like markup."""

from __future__ import annotations

import pytest

from holes import at
from infill_ls.trim.leaked import first
from infill_ls.trim.site import Site


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        ("█\n", "a = 1</s>", "python", (5, True)),
        ("█\n", "a = 1<eos>\nb", "python", (5, True)),
        ("█\n", "a [/INST] b", "python", (2, True)),
        ("█\n", "a = b[1] < c", "python", None),
        ("█\n", "a = 1", "python", None),
        # An element, what the file has itself, an argument of a type, a text about it.
        ("█\n", "<s>a</s>", "html", None),
        ("x = '<eos>'\n█\n", "y = '<eos>'", "python", None),
        ("█\n", "Vec<MID>::new()", "rust", None),
        ("█\n", "a = '<eos>' + b", "python", None),
        ("# █\n", "the token <eos> ends it", "python", None),
        ("█\n", "#include <unk>", "c", None),
    ],
)
def test_where_a_leaked_token_begins(
    text: str, raw: str, language: str, expected: tuple[int, bool] | None
) -> None:
    assert first(raw, Site(at(text, language), "block"), over=True) == expected


@pytest.mark.parametrize(("raw", "start"), [("a <", 2), ("a <end_of", 2), ("a <eos>", 2)])
def test_what_may_become_one_is_not_certain(raw: str, start: int) -> None:
    assert first(raw, Site(at("█\n"), "block"), over=False) == (start, False)


def test_of_several_each_is_judged_by_where_it_stands() -> None:
    site = Site(at("x = █\n"), "block")
    assert first('"<eos> a" + 1 # <eos> b\n', site, over=True) is None
    assert first('"<eos> a" + <eos> b # <eos>\n', site, over=True) == (12, True)
