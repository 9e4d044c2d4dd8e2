"""Plots as SVG that stands inside a page: stacked columns, bars with names, and lines.

Drawn for the width of a phone, so that their words are readable there and larger elsewhere. Colours
are the page's (classes ``s1`` to ``s5``), which has them for light and dark; lines also differ by
their dashes. What a plot shows is also in words, for whoever doesn't see it: ``table`` has its
numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from infill_ls.shown import plain

# Units of the drawing; a phone shows one as nearly a pixel.
WIDTH: Final = 360
HEIGHT: Final = 210
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 24, 28
# A character's width where the page writes largest.
CHARACTER: Final = 7.5
# A bar with its name above it.
ROW: Final = 42
# Series that have a colour of their own; the page has as many.
COLOURS: Final = 5
# Values that are written at a scale, and labels below columns: about so many.
SCALE_STEPS: Final = 4
COLUMN_LABELS: Final = 4


@dataclass(frozen=True)
class Series:
    """Numbers with a name. ``values``: as many as the plot has labels."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Columns:
    """Columns for labels in their order (days, sizes), each of its series on top of one another.

    ``of``: what the labels are ("day"). ``unit``: of the values, as it is written behind a number.
    """

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    of: str
    unit: str = ""

    def names(self) -> list[str]:
        """Return what its legend names."""
        return [one.name for one in self.series]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return its numbers: headings and rows."""
        rows = [
            [label, *(number(one.values[at], self.unit) for one in self.series)]
            for at, label in enumerate(self.labels)
        ]
        return [self.of, *self.names()], rows

    def svg(self) -> tuple[int, str]:
        """Return its height, and what is drawn."""
        sums = [sum(one.values[at] for one in self.series) for at in range(len(self.labels))]
        are_counts = all(isinstance(value, int) for one in self.series for value in one.values)
        ticks = _ticks(max(sums, default=0.0), least=1.0 if are_counts else 0.0)
        most, parts = ticks[-1], _scale(ticks, self.unit)
        wide = (WIDTH - LEFT - RIGHT) / max(len(self.labels), 1)
        bar = min(wide * 0.8, 40.0)
        for at in range(len(self.labels)):
            left, below = LEFT + wide * at + (wide - bar) / 2, 0.0
            for place, one in enumerate(self.series):
                bottom, below = _y(below, most), below + one.values[at]
                top = _y(below, most)
                if bottom > top:
                    parts.append(
                        f'<rect class="{series_class(place)}" x="{left:.1f}" y="{top:.1f}" '
                        f'width="{bar:.1f}" height="{bottom - top:.1f}"/>'
                    )
        apart = max(1, math.ceil((len(self.labels) - 1) / COLUMN_LABELS))
        for at in range(0, len(self.labels), apart):
            parts.append(_below(LEFT + wide * (at + 0.5), self.labels[at]))
        return HEIGHT, "".join(parts)


@dataclass(frozen=True)
class Bars:
    """A bar for each name, with its value written at its end; for few names that may be long.

    ``of``: what the names are ("model"). ``unit``: of the values.
    """

    title: str
    bars: Sequence[tuple[str, float]]
    of: str
    unit: str = ""

    def names(self) -> list[str]:
        """Return what its legend names: nothing, since each bar has its name."""
        return []

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return its numbers: headings and rows."""
        rows = [[name, number(value, self.unit)] for name, value in self.bars]
        return [self.of, self.unit or "value"], rows

    def svg(self) -> tuple[int, str]:
        """Return its height, and what is drawn."""
        most = max((value for _, value in self.bars), default=0.0) or 1.0
        written = [number(value, self.unit) for _, value in self.bars]
        room = WIDTH - 8 - CHARACTER * max(map(len, written), default=0)
        parts = []
        for at, (name, value) in enumerate(self.bars):
            top, length = at * ROW + 4, room * max(value, 0.0) / most
            parts.append(
                f'<text x="0" y="{top + 12}">{_text(_shortened(name))}</text>'
                f'<rect class="s1" x="0" y="{top + 18}" width="{length:.1f}" height="14"/>'
                f'<text x="{length + 6:.1f}" y="{top + 30}">{_text(written[at])}</text>'
            )
        return len(self.bars) * ROW + 8, "".join(parts)


@dataclass(frozen=True)
class Line:
    """A line with a name; its points have ascending x."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Lines:
    """Lines over a scale from 0. ``x_unit`` and ``unit``: of x and y, as written behind a number.

    ``of``: what x is ("time"). ``x_most``: where the scale of x ends; None for the largest x.
    ``steps``: a line keeps its value up to the next point. ``share``: y is a share from 0 to 1, and
    written in percent.
    """

    title: str
    lines: Sequence[Line]
    of: str
    x_unit: str = ""
    unit: str = ""
    x_most: float | None = None
    steps: bool = False
    share: bool = False

    def names(self) -> list[str]:
        """Return what its legend names."""
        return [one.name for one in self.lines]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return its numbers at each value that the scale of x names: headings and rows."""
        most = self._most()
        rows = [
            [number(x, self.x_unit), *(self._written(one, x) for one in self.lines)]
            for x in _ticks(most)
            if x <= most
        ]
        return [self.of, *self.names()], rows

    def svg(self) -> tuple[int, str]:
        """Return its height, and what is drawn."""
        furthest = self._most()
        ticks: Sequence[float] = (0, 25, 50, 75, 100)
        if not self.share:
            ticks = _ticks(max((y for one in self.lines for _, y in one.points), default=0.0))
        most, parts = ticks[-1], _scale(ticks, "%" if self.share else self.unit)
        for x in _ticks(furthest):
            if x <= furthest:
                parts.append(_below(_x(x, furthest), number(x, self.x_unit)))
        for place, one in enumerate(self.lines):
            path = self._path(one, furthest, most)
            if path:
                parts.append(f'<path class="line {series_class(place)}" d="{path}"/>')
        return HEIGHT, "".join(parts)

    def _most(self) -> float:
        most = max((x for one in self.lines for x, _ in one.points), default=0.0)
        return (self.x_most or most) or 1.0

    def _path(self, line: Line, furthest: float, most: float) -> str:
        points = [(x, y * 100 if self.share else y) for x, y in line.points if x <= furthest]
        if not points:
            return ""
        path = f"M{_x(points[0][0], furthest):.1f} {_y(points[0][1], most):.1f}"
        for x, y in points[1:]:
            to, height = f"{_x(x, furthest):.1f}", f"{_y(y, most):.1f}"
            path += f"H{to}V{height}" if self.steps else f"L{to} {height}"
        return f"{path}H{_x(furthest, furthest):.1f}" if self.steps else path

    def _written(self, line: Line, x: float) -> str:
        """Return the line's value at x in words; empty where it isn't."""
        before = [point for point in line.points if point[0] <= x]
        after = [point for point in line.points if point[0] > x]
        if not before or not (after or self.steps or before[-1][0] == x):
            return ""
        value = before[-1][1]
        if after and not self.steps:
            (x0, y0), (x1, y1) = before[-1], after[0]
            value = y0 + (y1 - y0) * (x - x0) / (x1 - x0)
        return number(value * 100, "%") if self.share else number(value, self.unit)


Plot = Columns | Bars | Lines


def cumulative(name: str, values: Sequence[float]) -> Line:
    """Return the share of values that are at most x, for :class:`Lines` with steps and shares."""
    points = [(0.0, 0.0)]
    for at, value in enumerate(sorted(values), start=1):
        points.append((max(value, 0.0), at / len(values)))
    return Line(name, points)


def number(value: float, unit: str = "") -> str:
    """Return a number for people: whole, or with three digits that count; and its unit."""
    size = abs(value)
    if value == round(value) or size >= 100:
        text = f"{round(value):,}"
    else:
        digits = 2 - math.floor(math.log10(size))
        text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return f"{text} {unit}" if unit else text


def _scale(ticks: Sequence[float], unit: str) -> list[str]:
    """Return the lines of the scale of y with their values, and above them the unit."""
    parts = [f'<text x="0" y="12">{_text(unit)}</text>'] if unit else []
    for value in ticks:
        y = _y(value, ticks[-1])
        parts.append(
            f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
            f'<text class="end" x="{LEFT - 6}" y="{y + 4:.1f}">{_text(number(value))}</text>'
        )
    return parts


def _ticks(largest: float, *, least: float = 0.0) -> list[float]:
    """Return round values from 0 to the first that isn't below the largest; steps of ``least``."""
    rough = max((largest or 1.0) / SCALE_STEPS, least)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 5, 10) if one * power >= rough * 0.999)
    steps = max(1, math.ceil(largest / step - 1e-9))
    # Multiples of 0.1 are not quite what is written.
    return [float(f"{at * step:.6g}") for at in range(steps + 1)]


def _x(value: float, most: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * min(value, most) / most


def _y(value: float, most: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / most


def _below(x: float, label: str) -> str:
    """Return a label of the scale of x, which doesn't reach over the edge."""
    at = min(x, WIDTH - len(label) * CHARACTER / 2)
    return f'<text class="mid" x="{at:.1f}" y="{HEIGHT - 8}">{_text(label)}</text>'


def series_class(place: int) -> str:
    """Return the class of a plot's first series (0), or a later one, which has its colour."""
    return f"s{place % COLOURS + 1}"


def _shortened(name: str) -> str:
    """Return as much of a name as a line of a plot has room for."""
    return name if len(name) <= 46 else f"{name[:45]}…"


def _text(text: str) -> str:
    return escape(plain(text))
