"""The share of pauses in which a suggestion is there, by the time that it takes, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bench.replay import Figures

WIDTH: Final = 720
HEIGHT: Final = 360
LEFT, RIGHT, TOP, BOTTOM = 60, 150, 50, 50
LONGEST: Final = 3.0  # s
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
    labels: list[float] = []
    for colour, one in zip(COLOURS, figures, strict=False):
        parts.append(
            f'<path d="{_line(one.waits)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        y = _y(_share(one.waits, LONGEST))
        while any(abs(y - other) < 15 for other in labels):
            y -= 15
        labels.append(y)
        parts.append(
            f'<text x="{WIDTH - RIGHT + 8}" y="{y + 4:.1f}" fill="{colour}">'
            f"{escape(one.policy)}</text>"
        )
    return "\n".join([*parts, "</svg>", ""])


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
