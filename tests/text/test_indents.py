"""Blanks at the start of lines."""

from __future__ import annotations

import pytest

from infill_ls.text.indents import depth_of, indent_of, width_of


@pytest.mark.parametrize(
    ("line", "indent", "width"),
    [("a", "", 0), ("  a", "  ", 2), ("\ta", "\t", 8), ("  \t a", "  \t ", 9), ("  ", "  ", 2)],
)
def test_how_a_line_is_indented(line: str, indent: str, width: int) -> None:
    assert indent_of(line) == indent
    assert width_of(indent) == depth_of(line) == width
