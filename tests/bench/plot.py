"""Plots as SVG: the share of pauses with a suggestion, by the time that it takes; and what a
debounce comes to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bench.results import Figures

WIDTH: Final = 720
HEIGHT: Final = 360
LEFT, RIGHT, TOP, BOTTOM = 60, 150, 50, 50
LONGEST: Final = 3.0  # s
PANEL, PANEL_GAP = 345, 75  # of two beside each other: from one to the next, and what is between
LABEL_GAP: Final = 15.0  # between the names of two lines
COLOURS: Final = ("#0b6e4f", "#8d99ae", "#c08552", "#6d597a", "#b5838d", "#457b9d")


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
    # Below the line of 0 % the seconds are written.
    places = apart(ends, lowest=HEIGHT - BOTTOM)
    edge = WIDTH - RIGHT
    for colour, one, end, y in zip(COLOURS, figures, ends, places, strict=False):
        parts.append(
            f'<path d="{_line(one.waits)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        # From the line to its name, which may have had to make room for others.
        parts.append(f'<path d="M{edge + 2} {end:.1f}L{edge + 18} {y:.1f}" stroke="{colour}"/>')
        parts.append(
            f'<text x="{edge + 22}" y="{y + 4:.1f}" fill="{colour}">{escape(one.policy)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True)
class _Panel:
    """One of two beside each other. ``value`` of the figures stands above the debounce."""

    name: str
    unit: str
    left: float
    value: Callable[[Figures], float]

    def drawn(self, points: Sequence[tuple[int, Figures]], profiles: Sequence[str]) -> list[str]:
        known = [(ms, one.profile, self.value(one)) for ms, one in points]
        known = [point for point in known if math.isfinite(point[2])]
        highest = _round_up(max((amount for *_, amount in known), default=0.0))
        longest = max(1, *(ms for ms, _ in points))
        width = PANEL - PANEL_GAP
        parts = [f'<text x="{self.left}" y="{TOP - 8}">{escape(self.name)}</text>']
        for quarter in range(5):
            y = _y(quarter / 4)
            parts.append(f'<path d="M{self.left} {y:.1f}h{width}" stroke="#ddd"/>')
            parts.append(
                f'<text x="{self.left - 6}" y="{y + 4:.1f}" text-anchor="end">'
                f"{highest * quarter / 4:g} {self.unit}</text>"
            )
        for ms in sorted({ms for ms, _ in points}):
            x = self.left + width * ms / longest
            parts.append(
                f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{ms}</text>'
            )
        parts.append(
            f'<text x="{self.left + width / 2}" y="{HEIGHT - 12}" text-anchor="middle">'
            "debounce, ms</text>"
        )
        for colour, profile in zip(COLOURS, profiles, strict=False):
            line = "L".join(
                f"{self.left + width * ms / longest:.1f} {_y(amount / highest):.1f}"
                for ms, of, amount in sorted(known)
                if of == profile
            )
            if line:
                parts.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        return parts


def debounce_plot(points: Sequence[tuple[int, Figures]]) -> str:
    """Two panels with a line for each profile: time to suggestion, and engine busy.

    ``points``: figures with the debounce that they were made with, in ms; of one editor. What is
    infinite has no place in it.
    """
    profiles = list(dict.fromkeys(one.profile for _, one in points))
    panels = (
        _Panel("time to a new suggestion, median", "s", LEFT, lambda one: one.p50_shown),
        _Panel("engine busy", "%", LEFT + PANEL, lambda one: 100 * one.busy_share),
    )
    title = escape(f"Debounce, {points[0][1].editor}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="15">{title}</text>',
    ]
    for number, (colour, profile) in enumerate(zip(COLOURS, profiles, strict=False)):
        at = LEFT + 200 + number * 110
        parts.append(f'<text x="{at}" y="20" fill="{colour}">{escape(profile)}</text>')
    for panel in panels:
        parts += panel.drawn(points, profiles)
    return "\n".join([*parts, "</svg>", ""])


def _round_up(amount: float) -> float:
    """The next of 1, 2, 4 and 8 times a power of ten; 1 for 0."""
    if amount <= 0.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(amount))
    return next(power * step for step in (1, 2, 4, 8, 10) if power * step >= amount - 1e-9)


def apart(places: Sequence[float], gap: float = LABEL_GAP, lowest: float = math.inf) -> list[float]:
    """Return places that are at least a gap apart, in the same order, and as near as can be.

    Those that are too near to each other are spread around the middle of all of them. None comes
    to more than ``lowest``, which is the end of a scale: below it stand other words.
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
    for index in reversed(order):
        moved[index] = min(moved[index], lowest)
        lowest = moved[index] - gap
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
