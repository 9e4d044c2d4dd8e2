"""One-line tests with a cursor mark: ``at("def f(█)")``."""

from __future__ import annotations

from infill_ls.text.documents import split_lines
from infill_ls.text.hole import Around, Hole
from infill_ls.text.hole import at as hole_at

CURSOR = "█"


def at(text: str, language: str = "python", around: Around | None = None) -> Hole:
    """The hole at the mark in a text, made the way the server makes it."""
    before, _, after = text.partition(CURSOR)
    above = split_lines(before)
    lines = split_lines(before + after)
    return hole_at(lines, len(above) - 1, len(above[-1]), language, around)


def in_cell(text: str, above: str = "", below: str = "", language: str = "python") -> Hole:
    """The hole at the mark in a cell of a notebook that has these cells above it and below it."""
    above = f"{above}\n\n" if above else ""
    below = f"\n\n{below}" if below else ""
    return at(text, language, Around(language, above, below, above.count("\n")))
