"""The blanks at the start of a line, and how wide they are."""

from __future__ import annotations

from functools import lru_cache


def indent_of(line: str) -> str:
    """Return the blanks at a line's start."""
    return line[: len(line) - len(line.lstrip(" \t"))]


@lru_cache(maxsize=256)
def width_of(blanks: str) -> int:
    """Return the width of blanks in columns; a tab goes on to the next multiple of eight."""
    return len(blanks.expandtabs(8))


def depth_of(line: str) -> int:
    """Return the width of the blanks at a line's start, in columns."""
    return width_of(indent_of(line))
