"""Documents against a model that is too simple to be wrong."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.text.documents import (
    Change,
    Document,
    Encoding,
    Position,
    character,
    cursors,
    locate,
    split_lines,
)

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
TEXT = st.text(alphabet="ab\r\n\té漢😀\x0c\x85\u2028\ud800", max_size=12)
POSITIONS = st.builds(Position, st.integers(0, 9), st.integers(0, 30))
EDITS = st.one_of(
    st.builds(Change, POSITIONS, POSITIONS, TEXT), st.builds(Change, st.none(), st.none(), TEXT)
)


def units(char: str, encoding: Encoding) -> int:
    """Code units of a character; a lone surrogate counts as U+FFFD does."""
    if encoding == "utf-32":
        return 1
    if encoding == "utf-16":
        return 2 if ord(char) > 0xFFFF else 1
    return len(char.encode("utf-8", "replace")) if not "\ud800" <= char <= "\udfff" else 3


def offset(text: str, position: Position, encoding: Encoding) -> int:
    """Index into the whole text, by counting."""
    starts = [0, *(found.end() for found in re.finditer(r"\r\n|\n|\r", text))]
    if position.line >= len(starts):
        return len(text)
    index = starts[position.line]
    left = position.character
    while index < len(text) and text[index] not in "\r\n":
        left -= units(text[index], encoding)
        if left < 0:
            break
        index += 1
    return index


def changed(text: str, change: Change, encoding: Encoding) -> str:
    if change.start is None or change.end is None:
        return change.text
    start, end = sorted((offset(text, change.start, encoding), offset(text, change.end, encoding)))
    return text[:start] + change.text + text[end:]


@given(
    TEXT, st.lists(st.lists(EDITS, min_size=1, max_size=3), max_size=6), st.sampled_from(ENCODINGS)
)
def test_changes_do_what_they_do_to_a_text(
    text: str, notifications: list[list[Change]], encoding: Encoding
) -> None:
    document = Document("file:///a", "python", 1, text)
    for version, changes in enumerate(notifications, 2):
        before = document.snapshot()
        kept = before.lines
        document.apply(changes, version, encoding)
        for change in changes:
            text = changed(text, change, encoding)
        after = document.snapshot()
        assert after.lines == tuple(split_lines(text))
        assert "".join(after.lines) == text
        assert after.version == version
        assert before.lines is kept
        assert before.version == version - 1


@given(TEXT, POSITIONS, st.sampled_from(ENCODINGS))
def test_a_position_is_found_by_counting(text: str, position: Position, encoding: Encoding) -> None:
    lines = split_lines(text)
    line, column = locate(lines, position, encoding)
    assert sum(map(len, lines[:line])) + column == offset(text, position, encoding)
    # And the way back leads to it again.
    back = Position(line, character(lines[line], column, encoding))
    assert locate(lines, back, encoding) == (line, column)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a\n", ""]),
        ("a\r\nb\rc\nd", ["a\r\n", "b\r", "c\n", "d"]),
        ("\n\r", ["\n", "\r", ""]),
        ("a\x0b\x0c\x1c\x85\u2028\u2029b", ["a\x0b\x0c\x1c\x85\u2028\u2029b"]),
    ],
)
def test_only_three_things_end_a_line(text: str, lines: list[str]) -> None:
    assert split_lines(text) == lines


@pytest.mark.parametrize(
    ("position", "encoding", "found"),
    [
        (Position(0, 99), "utf-16", (0, 3)),
        (Position(7, 0), "utf-16", (1, 1)),
        (Position(0, 1), "utf-16", (0, 1)),
        (Position(0, 2), "utf-16", (0, 1)),  # inside of the pair
        (Position(0, 3), "utf-16", (0, 2)),
        (Position(0, 4), "utf-8", (0, 1)),  # inside of the four bytes
        (Position(0, 5), "utf-8", (0, 2)),
        (Position(0, 2), "utf-32", (0, 2)),
    ],
)
def test_positions_in_a_line_with_an_emoji(
    position: Position, encoding: Encoding, found: tuple[int, int]
) -> None:
    assert locate(split_lines("a😀b\r\nc"), position, encoding) == found


def test_a_line_end_that_is_made_of_two_and_broken_again() -> None:
    document = Document("file:///a", "", 1, "a\rb")
    here = Position(1, 0)
    document.apply([Change(here, here, "\n")], 2, "utf-16")
    assert document.snapshot().lines == ("a\r\n", "b")
    document.apply([Change(Position(0, 1), Position(0, 1), "x")], 3, "utf-16")
    assert document.snapshot().lines == ("ax\r\n", "b")


def test_a_reversed_range_is_the_range() -> None:
    document = Document("file:///a", "", 1, "abc\ndef")
    document.apply([Change(Position(1, 1), Position(0, 2), "-")], 2, "utf-8")
    assert document.snapshot().lines == ("ab-ef",)


def test_what_has_not_changed_is_not_copied() -> None:
    document = Document("file:///a", "", 1, "a\nb\n")
    assert document.snapshot() is document.snapshot()


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        # Behind what was typed, on its line or below.
        ("ab\n", Change(Position(0, 1), Position(0, 1), "x"), [(0, 2)]),
        ("ab\n", Change(Position(0, 1), Position(0, 2), "x\ny"), [(1, 1)]),
        # Before a closer that the editor has put in, or above the line for one.
        ("f\n", Change(Position(0, 1), Position(0, 1), "()"), [(0, 3), (0, 2)]),
        ("{\n", Change(Position(0, 1), Position(0, 1), "\n  \n"), [(2, 0), (1, 2)]),
        # Nobody has typed a whole document.
        ("a\n", Change(None, None, "b\n"), []),
    ],
)
def test_where_the_cursor_is_after_a_change(
    text: str, change: Change, expected: list[tuple[int, int]]
) -> None:
    document = Document("file:///a", "python", 1, text)
    document.apply([change], 2, "utf-16")
    lines = document.snapshot().lines
    assert list(cursors(lines, [change], "utf-16")) == expected


def test_a_snapshot_clamps_positions_into_the_document() -> None:
    snapshot = Document("file:///a", "python", 1, "a😀b\n").snapshot()
    assert snapshot.locate(Position(0, 3), "utf-16") == (0, 2)
    assert snapshot.locate(Position(9, 9), "utf-16") == (1, 0)
