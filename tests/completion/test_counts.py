"""What becomes of a fill, by what the editor asks for and says afterwards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from holes import CURSOR, at, in_cell
from infill_ls.completion.counts import KEPT_AFTER, CountsOfSession, keys
from infill_ls.completion.judgement import Judgement
from infill_ls.completion.offers import Offers
from infill_ls.counters import rows
from infill_ls.text.documents import split_lines
from infill_ls.text.hole import Hole

URI = "file:///a.py"
LONG = "".join(f"line_{number} = {number}\n" for number in range(400))


class Desk:
    """An editor with one document, whose cursor is at the mark in ``text``.

    ``beside``: another document of the same session. ``cells``: those above it and below it.
    """

    def __init__(
        self,
        text: str,
        uri: str = URI,
        beside: Desk | None = None,
        cells: tuple[str, str] | None = None,
    ) -> None:
        self._cells = cells
        self.text, self.uri, self.now = text, uri, 0.0
        self.open: dict[str, Desk] = beside.open if beside else {}
        self.open[uri] = self
        self.counts: CountsOfSession = beside.counts if beside else CountsOfSession(self.lines)
        self._offers = Offers()

    def show(self, *fills: str, ms: float = 30.0, judged: Judgement | None = None) -> list[int]:
        """Ask, and be answered with fills; returns the numbers of the offers."""
        self.ask()
        offers = self._offers.make(self.uri, self.hole, fills, judged)
        self.counts.shown(offers, engine="ollama", model="m", ms=ms, now=self.now)
        return [one.number for one in offers]

    def ask(self) -> None:
        self.counts.asked(self.uri, self.hole, self.now)

    @property
    def hole(self) -> Hole:
        return at(self.text) if self._cells is None else in_cell(self.text, *self._cells)

    def type(self, text: str) -> None:
        """Put in a character after the other, and ask only then."""
        for character in text:
            self.put(character)
        self.ask()

    def put(self, text: str) -> None:
        """Put in a text at once."""
        self.text = self.text.replace(CURSOR, text + CURSOR)
        self.counts.put_in(self.uri, [text])

    def back(self, count: int) -> None:
        before, _, after = self.text.partition(CURSOR)
        self.text = f"{before[:-count]}{CURSOR}{after}"
        self.counts.put_in(self.uri, [""])
        self.ask()

    def take(self, number: int, fill: str) -> None:
        """Accept as an editor with ghost text does: it puts the fill in, and says so."""
        self.put(fill)
        self.counts.accepted(number, self.now)

    def lines(self, uri: str) -> Sequence[str] | None:
        desk = self.open.get(uri)
        return split_lines(desk.text.replace(CURSOR, "")) if desk else None

    def close(self) -> None:
        self.counts.closing(self.uri, self.now)
        del self.open[self.uri]

    def counted(self) -> dict[str, int]:
        """All that was counted, without latencies, at the session's end."""
        self.counts.end(self.now)
        (row,) = rows(self.counts.take())
        return {name: count for name, count in row.items() if isinstance(count, int)}


JUDGED = Judgement("compute(a)", 0.8, 0.5, 0.0, "line", 0.75)


def learnt(desk: Desk) -> list[dict[str, object]]:
    """What became of fills that were judged, at the session's end."""
    desk.counts.end(desk.now)
    rows = desk.counts.take_learnt().rows()
    assert rows == desk.counts.experience.rows()
    assert not desk.counts.take_learnt()
    return rows


def fate(right: float, wrong: float) -> list[dict[str, object]]:
    place = {"kind": "line", "language": "python"}
    return [{**place, "right": right, "wrong": wrong, "expected": 0.75}]


def test_what_is_accepted_was_right() -> None:
    desk = Desk("x = █\n")
    (number,) = desk.show("compute(a)", judged=JUDGED)
    desk.take(number, "compute(a)")
    assert learnt(desk) == fate(1.0, 0.0)


def test_what_is_typed_was_right() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)", judged=JUDGED)
    desk.type("compute(a)")
    assert learnt(desk) == fate(1.0, 0.0)


def test_what_is_accepted_in_part_was_right() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)", judged=JUDGED)
    desk.put("compute")
    desk.ask()
    assert learnt(desk) == fate(1.0, 0.0)


def test_what_something_else_is_typed_instead_of_was_wrong() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)", judged=JUDGED)
    desk.type("other")
    assert learnt(desk) == fate(0.0, 1.0)


def test_of_what_came_early_and_is_longer_by_now_all_is_expected_to_be_right() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)", judged=replace(JUDGED, expected=0.9))
    desk.type("com")
    desk.show("pute(a)\ny = 1", judged=JUDGED)
    desk.type("pute(a)\n")
    desk.show("y = 1", judged=replace(JUDGED, expected=0.95))
    desk.type("z")
    assert learnt(desk) == fate(0.0, 1.0)


def test_of_what_was_asked_for_by_hand_nothing_is_learnt_however_long_it_is_by_now() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    desk.type("com")
    desk.show("pute(a)\ny = 1", judged=JUDGED)
    desk.type("z")
    assert learnt(desk) == []


def test_what_nothing_became_of_says_nothing() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)", judged=JUDGED)
    assert learnt(desk) == []


@pytest.mark.parametrize("judged", [None, Judgement("compute(a)")])
def test_of_what_was_not_judged_nothing_is_learnt(judged: Judgement | None) -> None:
    desk = Desk("x = █\n")
    (number,) = desk.show("compute(a)", judged=judged)
    desk.take(number, "compute(a)")
    assert learnt(desk) == []


def test_a_language_that_is_counted_as_another_has_its_experience() -> None:
    desk = Desk("x = █\n")
    for name in ("python", "other"):
        desk.counts.experience.note("line", name, 0.9, right=False)
    own, other = desk.counts.shift("line", "python"), desk.counts.shift("line", "/no/language")
    assert own == other > 0
    assert desk.counts.shift("line", "go") == 0


def test_what_could_not_be_written_is_learnt_with_what_comes_next() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)", judged=JUDGED)
    desk.type("compute(a)")
    desk.counts.end(desk.now)
    desk.counts.put_back(desk.counts.take(), desk.counts.take_learnt())
    assert learnt(desk) == fate(1.0, 0.0)


def test_accepted_with_the_key() -> None:
    desk = Desk("x = █\n")
    (number,) = desk.show("compute(a)")
    desk.take(number, "compute(a)")
    assert desk.counted() == {"shown": 1, "accepted": 1, "kept": 1, "characters_saved": 10}


def test_accepted_before_the_change_of_the_document_comes() -> None:
    desk = Desk("x = █\n")
    (number,) = desk.show("compute(a)")
    desk.counts.accepted(number, 0.0)
    desk.put("compute(a)")
    desk.ask()
    assert desk.counted() == {"shown": 1, "accepted": 1, "kept": 1, "characters_saved": 10}


def test_accepted_once_whatever_is_said_again() -> None:
    desk = Desk("x = █\n")
    (number,) = desk.show("compute(a)")
    desk.take(number, "compute(a)")
    desk.counts.accepted(number, 0.0)
    assert desk.counted()["accepted"] == 1


@pytest.mark.parametrize("number", [None, True, "1", 1.0, [1], 99])
def test_what_is_no_number_of_an_offer(number: object) -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    desk.counts.accepted(number, 0.0)
    assert desk.counted() == {"shown": 1, "rejected": 1}


def test_the_candidate_that_was_accepted_is_the_one_that_saves() -> None:
    desk = Desk("x = █\n")
    _, second, _ = desk.show("compute(a)", "b", "c")
    desk.take(second, "b")
    assert desk.counted() == {"shown": 1, "accepted": 1, "kept": 1, "characters_saved": 1}


def test_accepted_in_a_menu_that_says_nothing() -> None:
    desk = Desk("x = comp█\n")
    desk.show("ute(a)")
    # The word is put in anew.
    desk.text = "x = █\n"
    desk.put("compute(a)")
    desk.ask()
    assert desk.counted() == {"shown": 1, "accepted": 1, "kept": 1, "characters_saved": 6}


def test_a_long_fill_that_is_put_in_without_a_word() -> None:
    fill = "\n".join(f"line_{number}(a)" for number in range(60))
    desk = Desk(f"{LONG}█\n")
    desk.show(fill)
    desk.put(fill)
    desk.text += "more\n"
    desk.ask()
    assert desk.counted() == {"shown": 1, "accepted": 1, "kept": 1, "characters_saved": len(fill)}


def test_typed_through_while_the_editor_asks_at_each_key() -> None:
    desk = Desk("x = █\n")
    fill = "compute(a)"
    desk.show(fill)
    while fill:
        desk.type(fill[0])
        fill = fill[1:]
        if fill:
            desk.show(fill)
    assert desk.counted() == {"shown": 1, "typed_through": 1}


def test_typed_through_in_one_go() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)\n")
    desk.type("compute(a)\ny = 1")
    assert desk.counted() == {"shown": 1, "typed_through": 1}


def test_typed_against() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    desk.type("com")
    desk.type("bine")
    assert desk.counted() == {"shown": 1, "rejected": 1, "typed_against": 1}


def test_the_cursor_is_elsewhere() -> None:
    desk = Desk("x = █\ny = 1\n")
    desk.show("compute(a)")
    desk.text = "x = \ny = 1█\n"
    desk.ask()
    assert desk.counted() == {"shown": 1, "rejected": 1}


@pytest.mark.parametrize(
    ("now", "counted"),
    [
        ("x = compute(a)\n", {"typed_through": 1}),
        ("x = compute(a) + 1\n", {"typed_through": 1}),
        ("x = com\n", {"rejected": 1}),
        ("x = \n", {"rejected": 1}),
        ("x = other\n", {"rejected": 1, "typed_against": 1}),
        ("x = compute(a)\nmore\n", {"typed_through": 1}),
        # Nobody can tell.
        ("z = compute(a)\n", {"rejected": 1}),
        ("x = compute(a)", {"rejected": 1}),
    ],
)
@pytest.mark.parametrize("above", ["", "import a\n", "\r\n", LONG])
@pytest.mark.parametrize("below", ["", "\n", "y = 1\r\n", LONG])
def test_the_user_goes_elsewhere_and_what_stands_there_tells(
    now: str, counted: dict[str, int], above: str, below: str
) -> None:
    newline = "\r\n" if "\r" in above + below else "\n"

    def document(line: str) -> str:
        return f"{above}{line}{below}".replace("\r\n", "\n").replace("\n", newline)

    desk = Desk(document("x = █\n"))
    desk.show("compute(a)")
    desk.text = document(now)
    if above:
        # The file has more lines by then.
        desk.text = f"import b{newline}{desk.text}"
    assert desk.counted() == {"shown": 1, **counted}


def test_the_user_comes_back_to_another_place_of_the_file() -> None:
    desk = Desk("x = █\ny = 1\n")
    desk.show("compute(a)")
    desk.text = "x = compute(a)\ny = 1█\n"
    desk.ask()
    desk.text = "█"
    assert desk.counted() == {"shown": 1, "typed_through": 1}


def test_taken_back_and_typed_anew() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    desk.type("comp")
    desk.back(4)
    desk.type("compute(a)")
    assert desk.counted() == {"shown": 1, "typed_through": 1}


def test_taken_back_while_the_editor_asks_at_each_key() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    desk.type("c")
    desk.show("ompute(a)")
    desk.back(1)
    desk.show("compute(a)")
    desk.type("co")
    (number,) = desk.show("mpute(a)")
    desk.take(number, "mpute(a)")
    assert desk.counted() == {"shown": 1, "accepted": 1, "kept": 1, "characters_saved": 8}


def test_a_long_line_that_is_typed_through_while_the_editor_asks_now_and_then() -> None:
    fill = "".join(f"word_{number} " for number in range(60)) + "end"
    desk = Desk(f"{LONG}x = █\n{LONG}")
    desk.show(fill)
    while len(fill) > 50:
        desk.type(fill[:50])
        fill = fill[50:]
        desk.show(fill)
    desk.type(fill)
    assert desk.counted() == {"shown": 1, "typed_through": 1}


def test_what_stood_there_is_taken_back_too() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    desk.back(2)
    assert desk.counted() == {"shown": 1, "rejected": 1}


def test_another_fill_is_shown_in_its_place() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    desk.show("other(b)")
    assert desk.counted() == {"shown": 2, "rejected": 2}


def test_another_fill_is_shown_elsewhere_while_the_editor_s_own_menu_is_open() -> None:
    desk = Desk("x = █\ny = 1\n")
    desk.show("compute(a)")
    desk.text = "x = \ny = 1█\n"
    offers = Offers().make(URI, at(desk.text), ["0"])
    desk.counts.shown(offers, engine="ollama", model="m", ms=1.0, now=0.0)
    assert desk.counted() == {"shown": 2, "rejected": 2}


def test_the_lines_that_came_early_are_the_same_fill() -> None:
    desk = Desk("if x:\n    █\n")
    desk.show("a = 1")
    (number,) = desk.show("a = 1\n    b = 2")
    desk.take(number, "a = 1\n    b = 2")
    assert desk.counted() == {"shown": 1, "accepted": 1, "kept": 1, "characters_saved": 11}


def test_the_rest_is_accepted_and_what_was_typed_is_not_saved() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    desk.type("com")
    (number,) = desk.show("pute(a)")
    desk.take(number, "pute(a)")
    assert desk.counted() == {"shown": 1, "accepted": 1, "kept": 1, "characters_saved": 7}


def test_a_bracket_that_the_editor_closes_is_typed_over() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    desk.type("compute")
    desk.show("(a)")
    desk.text = desk.text.replace(CURSOR, f"({CURSOR})")
    desk.ask()
    # Up to the bracket that stands there.
    desk.show("a")
    desk.type("a")
    desk.show(")")
    desk.text = "x = compute(a)█\n"
    desk.ask()
    assert desk.counted() == {"shown": 1, "typed_through": 1}


def test_words_of_it_are_accepted() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(first, second)")
    desk.put("compute(first")
    desk.show(", second)")
    desk.type("[0]")
    assert desk.counted() == {"shown": 1, "accepted_partly": 1, "characters_saved": 13}


def test_it_is_accepted_word_by_word() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(first, second)")
    desk.put("compute")
    desk.show("(first, second)")
    desk.put("(first, ")
    desk.show("second)")
    desk.put("second)")
    desk.ask()
    assert desk.counted() == {"shown": 1, "accepted": 1, "kept": 1, "characters_saved": 22}


def test_a_word_of_it_is_accepted_and_the_rest_is_typed() -> None:
    desk = Desk("x = █\n")
    desk.show("call(first, second)")
    desk.put("call")
    desk.type("(first, second)")
    assert desk.counted() == {"shown": 1, "typed_through": 1, "characters_saved": 4}


def test_what_an_editor_puts_in_by_itself_is_typed() -> None:
    desk = Desk("def f(a):█\n")
    desk.show("\n        return a()")
    # A line end with its indentation, and a bracket with its closer.
    desk.put("\n        ")
    desk.type("return a()")
    assert desk.counted() == {"shown": 1, "typed_through": 1}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_are_the_document_s(newline: str) -> None:
    desk = Desk(f"if x:{newline}    █{newline}")
    desk.show("a = 1\n    b = 2\n    c = 3")
    desk.put(f"a = 1{newline}    b = 2")
    desk.type(f"{newline}    d")
    assert desk.counted() == {"shown": 1, "accepted_partly": 1, "characters_saved": 11}


@pytest.mark.parametrize(
    ("then", "kept"),
    [
        ("x = compute(first, second)\n", True),
        # Formatted, moved and with another name before it.
        ("import a\n\nvalue = compute(\n    first, second)\n", True),
        ("x = compute(second)\n", False),
        ("", False),
    ],
)
def test_kept_is_what_stands_there_two_minutes_later(then: str, kept: bool) -> None:
    desk = Desk("x = █\n")
    (number,) = desk.show("compute(first, second)")
    desk.take(number, "compute(first, second)")
    desk.text = f"{then}█"
    desk.now = KEPT_AFTER - 1
    desk.counts.settle(desk.now)
    first = desk.counts.take()
    assert desk.counts.waits
    desk.now = KEPT_AFTER
    desk.counts.settle(desk.now)
    # Where nothing was counted nothing is to be written.
    assert desk.counts.waits is kept
    desk.counts.put_back(first, desk.counts.take_learnt())
    # What becomes of it later doesn't count.
    desk.text = "█"
    assert ("kept" in desk.counted()) is kept


def test_a_short_fill_is_found_with_the_start_of_its_line() -> None:
    desk = Desk("total = █\nother = b\n")
    (number,) = desk.show("b")
    desk.take(number, "b")
    desk.text = "total = c\nother = b\n"
    assert "kept" not in desk.counted()


def test_a_document_is_closed_before_it_is_time() -> None:
    desk = Desk("x = █\n")
    (number,) = desk.show("compute(a)")
    desk.take(number, "compute(a)")
    desk.close()
    desk.text = "█"
    assert desk.counted()["kept"] == 1


def test_a_document_that_was_closed_with_a_fill_shown() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    desk.close()
    desk.type("compute(a)")
    assert desk.counted() == {"shown": 1, "rejected": 1}


def test_what_stands_there_whole_is_settled_without_another_request() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    desk.put("compute(a)")
    assert desk.counts.waits
    desk.counts.settle(60.0)
    (row,) = rows(desk.counts.take())
    assert row["accepted"] == 1
    # Until it is known whether it stays.
    assert desk.counts.waits
    desk.close()
    desk.counts.take()
    assert not desk.counts.waits


def test_documents_are_followed_apart_and_not_without_end() -> None:
    desks = [Desk("x = █\n", "file:///0.py")]
    desks += [Desk("x = █\n", f"file:///{at}.py", desks[0]) for at in range(1, 20)]
    for desk in desks:
        desk.show("compute(a)")
    for desk in desks:
        desk.type("compute(a)")
    assert desks[0].counted() == {"shown": 20, "typed_through": 16, "rejected": 4}


def test_a_file_that_is_longer_than_what_tells_a_place() -> None:
    desk = Desk(f"{LONG}x = █\n{LONG}")
    desk.show("compute(a)")
    desk.type("comp")
    (number,) = desk.show("ute(a)")
    desk.take(number, "ute(a)")
    assert desk.counted() == {"shown": 1, "accepted": 1, "kept": 1, "characters_saved": 6}


def test_changes_elsewhere_and_documents_that_nobody_follows_are_no_matter() -> None:
    desk = Desk("x = █\n")
    desk.counts.put_in(URI, ["compute(a)"])
    desk.ask()
    desk.show("compute(a)")
    desk.counts.put_in("file:///b.py", ["compute(a)"])
    desk.counts.closing("file:///b.py", 0.0)
    assert desk.counted() == {"shown": 1, "rejected": 1}


def test_a_fill_is_timed_once() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)", ms=240)
    desk.type("c")
    desk.show("ompute(a)", ms=1)
    (row,) = rows(desk.counts.take())
    assert row["latencies_ms"] == {"300": 1}


def test_what_was_taken_is_counted_no_more_unless_it_comes_back() -> None:
    desk = Desk("x = █\n")
    desk.show("compute(a)")
    taken, learnt = desk.counts.take(), desk.counts.take_learnt()
    assert desk.counts.take() == {}
    desk.counts.put_back(taken, learnt)
    assert desk.counted() == {"shown": 1, "rejected": 1}


def test_no_code_is_in_what_was_counted() -> None:
    desk = Desk("canary_1 = █\n", "file:///canary_2.py")
    (number,) = desk.show("canary_3()")
    desk.take(number, "canary_3()")
    desk.counts.end(0.0)
    assert "canary" not in json.dumps(rows(desk.counts.take()))


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("abc", 3), ("a\n    b", 3), ("a\n\n\t\tb  c", 7), ("\n", 1)]
)
def test_keys_are_without_indentation(text: str, count: int) -> None:
    assert keys(text) == count


@pytest.mark.parametrize("cell", ["x = █", f"{LONG}x = █\n{LONG}"], ids=["short", "long"])
def test_in_a_cell_of_a_notebook(cell: str) -> None:
    desk = Desk(cell, cells=(LONG, LONG))
    desk.show("compute(a)")
    desk.type("compute(a)\ny = ")
    (number,) = desk.show("1 + 1")
    desk.take(number, "1 + 1")
    desk.show("more(a)")
    # Put in by a menu that says nothing; what stands in the cell tells.
    desk.put("more(a)")
    counted = desk.counted()
    assert (counted["shown"], counted["typed_through"], counted["accepted"]) == (3, 1, 2)
    assert counted["kept"] == 2
