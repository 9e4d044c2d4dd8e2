"""One-line tests with a cursor mark: ``at("def f(█)")``."""

from __future__ import annotations

from infill_ls.text.documents import split_lines
from infill_ls.text.hole import Hole
from infill_ls.text.hole import at as hole_at

CURSOR = "█"


def at(text: str, language: str = "python") -> Hole:
    """The hole at the mark in a text, made the way the server makes it."""
    before, _, after = text.partition(CURSOR)
    above = split_lines(before)
    return hole_at(split_lines(before + after), len(above) - 1, len(above[-1]), language)
