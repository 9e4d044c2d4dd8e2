"""Fills that were computed before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holes import at, in_cell
from infill_ls.completion.recall import Recall
from infill_ls.text.hole import IDENTITY_REACH, TYPED, between

URI = "file:///a.py"
SHORT = st.text(alphabet="ab", max_size=4)


@given(st.lists(st.tuples(SHORT, SHORT, SHORT), max_size=6), SHORT, SHORT)
def test_what_is_found_is_what_looking_through_everything_finds(
    remembered: list[tuple[str, str, str]], prefix: str, suffix: str
) -> None:
    recall = Recall()
    for before, after, fill in remembered:
        recall.remember(URI, between(f"-{before}", after), fill)
    latest = {(before, after): fill for before, after, fill in remembered}
    expected = None
    for typed in range(len(prefix) + 1):
        known = latest.get((prefix[: len(prefix) - typed], suffix))
        rest = prefix[len(prefix) - typed :]
        if known is not None and known.startswith(rest) and (not typed or len(known) > typed):
            expected = known[typed:]
            break
    # At the very start of a line a hole is another thing than after what was typed there.
    assert recall.find(URI, between(f"-{prefix}", suffix)) == expected


def test_what_is_typed_is_taken_off_and_given_back() -> None:
    recall = Recall()
    recall.remember(URI, at("x = [█]"), "a for a in b")
    assert recall.find(URI, at("x = [a for█]")) == " a in b"
    assert recall.find(URI, at("x = [█]")) == "a for a in b"
    assert recall.find(URI, at("x = [a for b█]")) is None


WORDS = ((1, -1.0), (5, -2.0), (7, -3.0), (10, -4.0), (12, -5.0))


def test_the_tokens_of_a_fill_are_kept_with_it() -> None:
    recall = Recall()
    recall.remember(URI, at("x = [█]"), "a for a in b", tokens=WORDS)
    assert recall.tokens_of(URI, at("x = [█]"), "a for a in b") == WORDS
    # What was typed since is evidence no more; a token that goes on behind it is.
    assert recall.tokens_of(URI, at("x = [a f█]"), "or a in b") == (
        (2, -2.0),
        (4, -3.0),
        (7, -4.0),
        (9, -5.0),
    )
    assert recall.tokens_of(URI, at("x = [a for█]"), " a in b")[0] == (2, -3.0)
    assert recall.tokens_of(URI, at("y = [█]"), "a for a in b") == ()


def test_the_tokens_of_a_fill_are_found_when_the_editor_has_closed_a_bracket() -> None:
    recall = Recall()
    recall.remember(URI, at("x = █\n"), "[a for a in b]", tokens=((1, -9.0), *WORDS))
    hole, known = recall.known(URI, at("x = [█]\n"), "line")
    assert known
    assert recall.tokens_of(URI, hole, known[0])[-1][1] == -5.0


def test_the_tokens_of_an_earlier_hole_have_what_was_typed_before_them() -> None:
    recall = Recall()
    recall.remember_since(URI, at("x = [█]"), at("x = [a for█]"), " a in b", tokens=((2, -3.0),))
    assert recall.tokens_of(URI, at("x = [█]"), "a for a in b") == ((7, -3.0),)


def test_another_fill_has_tokens_of_its_own() -> None:
    recall = Recall()
    recall.remember(URI, at("x = [█]"), "a", tokens=((1, -1.0),))
    recall.add(URI, at("x = [█]"), "b", ((1, -2.0),))
    assert recall.tokens_of(URI, at("x = [█]"), "b") == ((1, -2.0),)
    recall.clear()
    assert recall.find(URI, at("x = [█]")) is None


def test_the_closers_behind_a_fill_stay_behind_what_is_left_of_it() -> None:
    recall = Recall()
    recall.remember(URI, at("show(█)"), "pair(a), (b)")
    # Accepted in part: the line's closer is that of "show(" still.
    assert recall.find(URI, at("show(pair(█)")) == "a), (b))"
    assert recall.find(URI, at("show(pair(a█)")) == "), (b))"
    assert recall.find(URI, at("show(pair(a), █)")) == "(b)"
    # Typed in an editor that closes brackets.
    assert recall.find(URI, at("show(pair(█))")) == "a), (b)"


def test_the_closers_behind_a_fill_come_without_the_blanks_at_the_line_end() -> None:
    recall = Recall()
    recall.remember(URI, at("show(█) "), "pair(a)")
    assert recall.find(URI, at("show(pair(█) ")) == "a))"


def test_nothing_has_no_closers() -> None:
    recall = Recall()
    recall.remember(URI, at("show(█)"), "")
    assert recall.find(URI, at("show(█")) == ""


def test_the_hole_from_which_on_it_was_typed_has_it_too() -> None:
    recall = Recall()
    recall.remember_since(URI, at("x = █"), at("x = 1█"), "2")
    assert recall.find(URI, at("x = 1█")) == "2"
    assert recall.find(URI, at("x = █")) == "12"
    recall.remember_since(URI, at("y = █"), at("y = 1█"), "")
    assert recall.find(URI, at("y = 1█")) == ""
    assert recall.find(URI, at("y = █")) is None


def test_a_fill_that_is_typed_to_its_end_is_over() -> None:
    recall = Recall()
    recall.remember(URI, at("x = █"), "1")
    assert recall.find(URI, at("x = 1█")) is None


def test_nothing_is_an_answer_too() -> None:
    recall = Recall()
    recall.remember(URI, at("x = █"), "")
    assert recall.find(URI, at("x = █")) == ""


def test_each_document_has_its_own() -> None:
    recall = Recall()
    recall.remember(URI, at("x = █"), "1")
    assert recall.find("file:///b.py", at("x = █")) is None


def test_other_text_far_away_does_not_matter() -> None:
    recall = Recall()
    recall.remember(URI, at("import a\n" + "y = 1\n" * 200 + "x = █"), "1")
    assert recall.find(URI, at("import other\n" + "y = 1\n" * 200 + "x = █")) == "1"


def test_the_suffix_must_agree_as_far_as_it_reaches() -> None:
    recall = Recall()
    recall.remember(URI, at("a█" + "x" * IDENTITY_REACH + "1"), "f")
    assert recall.find(URI, at("a█" + "x" * IDENTITY_REACH + "2")) == "f"
    assert recall.find(URI, at("a█" + "y" + "x" * IDENTITY_REACH)) is None


def test_the_least_recently_used_goes_first() -> None:
    recall = Recall(capacity=2)
    for name in "ab":
        recall.remember(URI, at(f"{name} = █"), name)
    assert recall.find(URI, at("a = █")) == "a"
    recall.remember(URI, at("c = █"), "c")
    assert [recall.find(URI, at(f"{name} = █")) for name in "abc"] == ["a", None, "c"]


def test_only_so_much_may_have_been_typed() -> None:
    recall = Recall()
    fill = "z" * (TYPED + 2)
    recall.remember(URI, at("█"), fill)
    assert recall.find(URI, at("z" * (TYPED + 1) + "█")) is None
    assert recall.find(URI, at("z" * TYPED + "█")) == "zz"


def test_a_long_fill_is_there_until_its_end_for_who_types_along() -> None:
    recall = Recall()
    fill = " ".join(str(number) for number in range(TYPED))
    recall.remember(URI, at("█"), fill)
    for typed in range(1, len(fill)):
        assert recall.find(URI, at(fill[:typed] + "█")) == fill[typed:]


def test_several_fills_of_a_hole() -> None:
    recall = Recall()
    recall.remember(URI, at("x = █"), "list(a)")
    recall.add(URI, at("x = █"), "len(a)")
    recall.add(URI, at("x = █"), "sum(a)")
    assert recall.find_all(URI, at("x = █")) == ("list(a)", "len(a)", "sum(a)")
    assert recall.find_all(URI, at("x = l█")) == ("ist(a)", "en(a)")
    assert recall.find(URI, at("x = s█")) == "um(a)"
    assert recall.find_all(URI, at("x = sum(a)█")) == ()
    recall.remember(URI, at("x = █"), "0")
    assert recall.find_all(URI, at("x = █")) == ("0",)


# What can be shown (`known`): with closers that the editor put in meanwhile, or above the line.


@pytest.mark.parametrize(
    ("asked", "fill", "now", "shown"),
    [
        # The editor has closed what was typed of the fill.
        ("a = █\n", "f(b, c)", "a = f(█)\n", ["b, c"]),
        # Enter between two brackets, of which the second one goes below.
        ("f(█)\n", "\n    a,\n)", "f(\n    █\n)\n", ["a,"]),
        # The beginning of a line above the rest of this one.
        ("█a = 1\n", "b = 2\n", "b = █a = 1\n", ["2\n"]),
        ("a = █\n", "", "a = █\n", [""]),
        ("a = █\n", "1", "b = █\n", []),
    ],
)
def test_what_is_known_at_a_hole(asked: str, fill: str, now: str, shown: list[str]) -> None:
    recall = Recall()
    recall.remember(URI, at(asked), fill)
    hole, known = recall.known(URI, at(now), "line")
    assert list(known) == shown
    assert hole.opens_line == fill.endswith("\n")


def test_another_fill_takes_the_place_of_nothing() -> None:
    recall = Recall()
    recall.remember(URI, at("█"), "")
    recall.add(URI, at("█"), "a")
    recall.add(URI, at("█"), "b")
    assert recall.find_all(URI, at("█")) == ("a", "b")


def test_a_document_is_forgotten() -> None:
    recall, hole = Recall(), at("a = [█]\n")
    for uri in (URI, "file:///b.py"):
        recall.remember(uri, hole, "1")
    recall.forget(URI)
    assert recall.find(URI, hole) is None
    assert recall.find("file:///b.py", hole) == "1"


def test_the_cells_around_tell_a_place_too() -> None:
    recall = Recall()
    recall.remember(URI, in_cell("█", "import os", "print(a)"), "a = os.name")
    assert recall.find(URI, in_cell("█", "import os", "print(a)")) == "a = os.name"
    assert recall.find(URI, in_cell("a = os█", "import os", "print(a)")) == ".name"
    assert recall.find(URI, in_cell("█", "import sys", "print(a)")) is None
    assert recall.find(URI, in_cell("█", "import os", "print(b)")) is None
    assert recall.find(URI, at("█")) is None


def test_which_filter_has_left_nothing() -> None:
    recall, hole, other = Recall(capacity=2), at("x = [█]"), at("y = [█]")
    recall.remember_since(URI, hole, hole, "", "below")
    assert (recall.find(URI, hole), recall.emptied_by(URI, hole)) == ("", "below")
    assert recall.emptied_by(URI, other) == ""
    # Another fill has another reason, or none.
    recall.remember(URI, hole, "a")
    assert recall.emptied_by(URI, hole) == ""
    recall.remember(URI, hole, "", "echo")
    for text in ("a█", "b█"):
        recall.remember(URI, at(text), "")
    recall.remember(URI, other, "", "echo")
    assert recall.emptied_by(URI, hole) == ""
    recall.forget(URI)
    assert recall.emptied_by(URI, other) == ""
