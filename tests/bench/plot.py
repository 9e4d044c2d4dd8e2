"""The share of pauses in which a suggestion is there, by the time that it takes, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bench.results import Figures

WIDTH: Final = 720
HEIGHT: Final = 360
LEFT, RIGHT, TOP, BOTTOM = 60, 150, 50, 50
LONGEST: Final = 3.0  # s
LABEL_GAP: Final = 15.0  # between the names of two lines
COLOURS: Final = ("#0b6e4f", "#8d99ae", "#c08552", "#6d597a", "#b5838d")


def plot(figures: Sequence[Figures]) -> str:
    """A step line for each policy; the figures are of one profile and editor."""
    title = f"Suggestion visible in a pause of typing: {figures[0].profile}, {figures[0].editor}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="15">{escape(title)}</text>',
    ]
    for percent in range(0, 101, 25):
        y = _y(percent / 100)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>')
    for half_seconds in range(int(LONGEST * 2) + 1):
        x, y = _x(half_seconds / 2), HEIGHT - BOTTOM + 18
        parts.append(
            f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{half_seconds / 2:g} s</text>'
        )
    ends = [_y(_share(one.waits, LONGEST)) for one in figures]
    edge = WIDTH - RIGHT
    for colour, one, end, y in zip(COLOURS, figures, ends, apart(ends), strict=False):
        parts.append(
            f'<path d="{_line(one.waits)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        # From the line to its name, which may have had to make room for others.
        parts.append(f'<path d="M{edge + 2} {end:.1f}L{edge + 18} {y:.1f}" stroke="{colour}"/>')
        parts.append(
            f'<text x="{edge + 22}" y="{y + 4:.1f}" fill="{colour}">{escape(one.policy)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def apart(places: Sequence[float], gap: float = LABEL_GAP) -> list[float]:
    """Return places that are at least a gap apart, in the same order, and as near as can be.

    Those that are too near to each other are spread around the middle of all of them.
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    # Of each group that touches: how many it has, and the mean of where its first one would be.
    groups: list[tuple[int, float]] = []
    for at, index in enumerate(order):
        count, first = 1, places[index] - at * gap
        while groups and groups[-1][1] >= first:
            before, its_first = groups.pop()
            first = (before * its_first + count * first) / (before + count)
            count += before
        groups.append((count, first))
    firsts = [first for count, first in groups for _ in range(count)]
    moved = dict(zip(order, (first + at * gap for at, first in enumerate(firsts)), strict=True))
    return [moved[index] for index in range(len(places))]


def _line(waits: Sequence[float]) -> str:
    steps = [f"M{_x(0):.1f} {_y(_share(waits, 0)):.1f}"]
    for wait in sorted(wait for wait in waits if 0 < wait <= LONGEST):
        steps.append(f"H{_x(wait):.1f}V{_y(_share(waits, wait)):.1f}")
    return "".join([*steps, f"H{_x(LONGEST):.1f}"])


def _share(waits: Sequence[float], limit: float) -> float:
    return sum(wait <= limit for wait in waits) / len(waits)


def _x(seconds: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * seconds / LONGEST


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share
