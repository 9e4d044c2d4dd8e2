"""What stands before and after the cursor, and what kind of hole that is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holes import at, in_cell
from infill_ls.text.documents import split_lines
from infill_ls.text.hole import (
    PREFIX_LIMIT,
    SUFFIX_LIMIT,
    TYPED,
    Hole,
    between,
    earlier_of,
    typed_since,
)
from infill_ls.text.hole import at as hole_at


@pytest.mark.parametrize(
    ("text", "before", "rest", "indentation", "line_start", "mid_word"),
    [
        ("█", "", "", "", True, False),
        ("a\n  █\nb", "  ", "", "  ", True, False),
        ("a\n\t x = █)  \nb", "\t x = ", ")  ", "\t ", False, False),
        ("na█me", "na", "me", "", False, True),
        ("name█", "name", "", "", False, False),
        ("_█1", "_", "1", "", False, True),
        ("é█é", "é", "é", "", False, True),
        ("a.█b", "a.", "b", "", False, False),
        ("  █  x", "  ", "  x", "  ", True, False),
        ("  █x", "  ", "", "  ", True, False),
    ],
)
def test_the_kind_of_place(
    text: str, before: str, rest: str, indentation: str, line_start: bool, mid_word: bool
) -> None:
    hole = at(text)
    assert (hole.line_before, hole.rest_of_line) == (before, rest)
    assert (hole.indentation, hole.at_line_start) == (indentation, line_start)
    assert hole.mid_word is mid_word


def test_lines_above_and_below() -> None:
    hole = at("a\n\nb█c\nd\n")
    assert hole.lines_above == ["a", ""]
    assert hole.lines_below == ["d", ""]


@pytest.mark.parametrize(
    ("text", "newline"), [("a\r\nb█", "\r\n"), ("a\rb█", "\r"), ("a\nb█", "\n"), ("a█", "\n")]
)
def test_line_ends_are_the_documents_own_outside_and_one_kind_inside(
    text: str, newline: str
) -> None:
    hole = at(text)
    assert hole.newline == newline
    assert "\r" not in hole.prefix + hole.suffix


@given(st.text(alphabet="ab\n\r é", max_size=60), st.integers(0, 60))
def test_nothing_is_lost_of_a_small_document(text: str, cut: int) -> None:
    lines = split_lines(text)
    line = min(cut % len(lines), len(lines) - 1)
    column = min(cut, len(lines[line].rstrip("\r\n")))
    hole = hole_at(lines, line, column)
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    assert hole.prefix + hole.right == whole
    assert hole.prefix.count("\n") == line
    assert hole.first_line == 0


def test_a_large_document_gives_a_hole_that_is_bounded() -> None:
    lines = [f"line {number}\n" for number in range(50_000)]
    hole = hole_at(lines, 25_000, 3)
    assert PREFIX_LIMIT - 100 < len(hole.prefix) <= PREFIX_LIMIT + 100
    assert len(hole.suffix) == SUFFIX_LIMIT
    assert hole.prefix.startswith(f"line {hole.first_line}\n")
    assert hole.prefix.endswith("line 24999\nlin")
    assert hole.suffix.startswith("e 25000\nline 25001\n")


def test_a_long_line_gives_a_hole_whose_start_moves_in_steps() -> None:
    line = "x" * 500_000
    starts = {column - len(hole_at([line], 0, column).prefix) for column in range(300_000, 300_500)}
    assert len(starts) <= 2
    assert len(hole_at([line], 0, 300_000).prefix) <= PREFIX_LIMIT


@pytest.mark.parametrize(
    ("earlier", "later", "typed"),
    [
        ("a = [█]\n", "a = [█]\n", ""),
        ("a = [█]\n", "a = [x for█]\n", "x for"),
        ("a = [█]\n", "a = [\n    x█]\n", "\n    x"),
        ("a = █\n", "a = sum(█)\n", "sum("),
        ("a = █\n", "a = f([█])\n", "f(["),
        ("a = █\n", "a = █)\n", None),
        ("a = █\n", "a = x█ + 1\n", None),
        ("a = [█]\n", "a = █]\n", None),
        ("a = [█]\n", "b = [x█]\n", None),
        ("a = [█]\n", "a = [█]\nb\n", None),
        ("█", "x" * TYPED + "█", "x" * TYPED),
        ("█", "x" * (TYPED + 1) + "█", None),
    ],
)
def test_what_was_typed_since(earlier: str, later: str, typed: str | None) -> None:
    assert typed_since(at(earlier), at(later)) == typed


def test_what_was_typed_since_in_a_file_whose_start_is_left_out() -> None:
    lines = [f"value_{number} = {number}\n" for number in range(20_000)]
    earlier = hole_at(lines, 10_000, 4)
    typed = "y" * 200
    lines[10_000] = "valu" + typed + lines[10_000][4:]
    later = hole_at(lines, 10_000, 204)
    assert 0 < earlier.first_line < later.first_line
    assert typed_since(earlier, later) == typed
    assert typed_since(earlier, hole_at(lines, 12_000, 8)) is None
    lines[9_999] = "another\n"
    assert typed_since(earlier, hole_at(lines, 10_000, 204)) is None


def test_a_hole_between_two_texts() -> None:
    hole = between("a\r\n  ", "b\rc")
    assert (hole.prefix, hole.suffix, hole.newline) == ("a\n  ", "b\nc", "\r\n")


@pytest.mark.parametrize("hole", [hole_at(["a\r\n", "  b\r\n"], 1, 0), between("a\r\n", "  b\r\n")])
def test_before_a_line_with_text_a_fill_is_lines_of_its_own(hole: Hole) -> None:
    assert (hole.prefix, hole.suffix) == ("a\n", "\n  b\n")
    assert hole.rest_of_line == ""
    assert hole.line_end == "\n"
    assert hole.in_document("x\ny\n") == "x\r\ny\r\n"


@pytest.mark.parametrize(
    "hole",
    [at("a\n█\nb\n"), at("a\n █= b\n"), at("a █b\n"), at("█\nb")],
)
def test_anywhere_else_a_fill_is_as_it_is(hole: Hole) -> None:
    assert not hole.suffix.startswith("\n\n")
    assert hole.line_end == ""


def test_the_hole_behind_a_fill() -> None:
    hole = at("f(█)\n")
    assert hole.behind("a") == ")"
    assert hole.behind("a) + b") == ""
    assert hole.before_closers("a) + b") == hole.before_closers("a") == "a"
    assert hole.after("a) + b") == replace(hole, prefix="f(a) + b", closers="")
    assert hole.after("a").surroundings == ("f(a", "\n")


def test_what_a_hole_may_have_been_before_the_editor_closed_something() -> None:
    assert list(earlier_of(between("f(", ")x\n", ""))) == [between("f(", "x\n", "")]
    assert list(earlier_of(between("f(", "x\n", ""))) == []
    # Enter between two brackets puts the closer on a line of its own.
    [joined] = earlier_of(at("f {\n  █\n}\nb\n", "go"))
    assert (joined.closers, joined.suffix) == ("}", "\nb\n")
    assert list(earlier_of(at("f {\n  █\nb\n", "go"))) == []


def test_what_was_typed_where_the_editor_put_the_closer_below() -> None:
    assert typed_since(at("f {█}\nb\n", "go"), at("f {\n  █\n}\nb\n", "go")) == "\n  "


def test_what_was_typed_in_a_cell() -> None:
    earlier = in_cell("a = █", "import os", "print(a)")
    assert typed_since(earlier, in_cell("a = os█", "import os", "print(a)")) == "os"
    assert typed_since(in_cell("█", "import os"), in_cell("os█", "import os")) == "os"
    for above, below in (("import sys", "print(a)"), ("import os", "print(b)"), ("", "")):
        assert typed_since(earlier, in_cell("a = os█", above, below)) is None


def test_what_tells_a_place_in_a_cell_is_what_a_prompt_has() -> None:
    hole = in_cell("a = █", "b" * 600, "c" * 600)
    assert hole.surroundings == (hole.whole_prefix[-512:], hole.whole_suffix[:512])
    hole = in_cell("d" * 600 + "█" + "e" * 600, "b", "c")
    assert hole.surroundings == ("d" * 512, "e" * 512)
