"""A terminal's screen as a picture in SVG, which stays sharp and small."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from typing import Any, Final

# px; a cell is as wide as a character of a common monospace font of this size.
FONT: Final = 14
WIDTH: Final = 8.4
HEIGHT: Final = 18
MARGIN: Final = 10
GROUND: Final = "1e1e2e"
TEXT: Final = "cdd6f4"
# The sixteen colours of a terminal, by the names that pyte has for them.
COLOURS: Final = {
    "black": "45475a",
    "red": "f38ba8",
    "green": "a6e3a1",
    "brown": "f9e2af",
    "blue": "89b4fa",
    "magenta": "f5c2e7",
    "cyan": "94e2d5",
    "white": "bac2de",
    "brightblack": "7f849c",
    "brightred": "f38ba8",
    "brightgreen": "a6e3a1",
    "brightbrown": "f9e2af",
    "brightblue": "89b4fa",
    "brightmagenta": "f5c2e7",
    "brightcyan": "94e2d5",
    "brightwhite": "ffffff",
}


def picture(cells: Sequence[Sequence[Any]], cursor: tuple[int, int] | None = None) -> str:
    """The rows of a screen (pyte's ``Char`` each), with the cursor at a row and column."""
    width = max(len(row) for row in cells) * WIDTH + 2 * MARGIN
    height = len(cells) * HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-size="{FONT}" font-family="ui-monospace, '
        "Menlo, Consolas, 'DejaVu Sans Mono', monospace\">",
        f'<rect width="100%" height="100%" rx="6" fill="#{GROUND}"/>',
    ]
    for number, row in enumerate(cells):
        parts += _row(row, number)
    if cursor is not None:
        x, y = MARGIN + cursor[1] * WIDTH, MARGIN + cursor[0] * HEIGHT
        parts.append(f'<rect x="{x:g}" y="{y:g}" width="2" height="{HEIGHT}" fill="#{TEXT}"/>')
    return "\n".join((*parts, "</svg>\n"))


def _row(row: Sequence[Any], number: int) -> Iterable[str]:
    x, y = float(MARGIN), MARGIN + number * HEIGHT
    for (ink, ground, bold, italic), run in groupby(row, _style):
        text = "".join(cell.data for cell in run)
        wide = len(text) * WIDTH
        if ground != GROUND:
            yield (
                f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{HEIGHT}" fill="#{ground}"/>'
            )
        if text.strip():
            weight = ' font-weight="bold"' * bold + ' font-style="italic"' * italic
            yield (
                f'<text x="{x:g}" y="{y + FONT:g}" textLength="{wide:g}" fill="#{ink}"{weight} '
                f'xml:space="preserve">{escape(text)}</text>'
            )
        x += wide


def _style(cell: Any) -> tuple[str, str, bool, bool]:
    ink = TEXT if cell.fg == "default" else COLOURS.get(cell.fg, cell.fg)
    ground = GROUND if cell.bg == "default" else COLOURS.get(cell.bg, cell.bg)
    if cell.reverse:
        ink, ground = ground, ink
    return ink, ground, cell.bold, cell.italics
