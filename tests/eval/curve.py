"""Precision against coverage, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from bench.plot import BOTTOM, COLOURS, HEIGHT, LEFT, RIGHT, TOP, WIDTH, apart

Place = tuple[float, float]

# Shares that the plot has room for.
_LEAST_KEPT: Final = 0.5
_LEAST_RIGHT: Final = 0.4
TITLE: Final = "The fewer suggestions are shown, the more of them are right"


@dataclass(frozen=True, slots=True)
class Curve:
    """``line``: (share of right ones that is shown, share of those shown that is right) for
    thresholds that grow; ``marks``: those of thresholds with a name."""

    name: str
    line: Sequence[Place]
    marks: Mapping[str, Place]


def plot(curves: Sequence[Curve]) -> str:
    """A line for each model, with the thresholds that have names."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="14">{escape(TITLE)}</text>',
    ]
    for tenth in range(round(_LEAST_RIGHT * 10), 11):
        y = _y(tenth / 10)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenth * 10} %</text>'
        )
    for tenth in range(round(_LEAST_KEPT * 10), 11):
        x, y = _x(tenth / 10), HEIGHT - BOTTOM + 18
        parts.append(f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{tenth * 10} %</text>')
    parts.append(f'<text x="{LEFT}" y="{TOP - 8}">of those shown, right</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(
        f'<text x="{middle:.1f}" y="{HEIGHT - 10}" text-anchor="middle">'
        "of the right ones, shown</text>"
    )
    # Where a line begins, with no threshold, stands what is right of everything.
    ends = [_y(curve.line[0][1]) for curve in curves]
    highest = max(curves, key=lambda curve: curve.line[0][1])
    for colour, curve, end, place in zip(COLOURS, curves, ends, apart(ends), strict=False):
        inside = [one for one in curve.line if one[0] >= _LEAST_KEPT]
        path = "L".join(f"{_x(x):.1f} {_y(y):.1f}" for x, y in inside)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for name, (kept, right) in curve.marks.items():
            x, y = _x(kept), _y(right)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
            # Of the highest line above it, of the others below: so they stay clear of each other.
            place_of_name = (
                f'x="{x + 6:.1f}" y="{y - 6:.1f}"'
                if curve is highest
                else f'x="{x - 6:.1f}" y="{y + 16:.1f}" text-anchor="end"'
            )
            parts.append(f"<text {place_of_name}>{name}</text>")
        edge = WIDTH - RIGHT
        parts.append(f'<path d="M{edge + 2} {end:.1f}L{edge + 18} {place:.1f}" stroke="{colour}"/>')
        label = f"{curve.name}: {100 * curve.line[0][1]:.0f} % of all"
        parts.append(
            f'<text x="{edge + 22}" y="{place + 4:.1f}" fill="{colour}">{escape(label)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _x(share: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (share - _LEAST_KEPT) / (1 - _LEAST_KEPT)


def _y(share: float) -> float:
    whole = HEIGHT - TOP - BOTTOM
    return HEIGHT - BOTTOM - whole * (share - _LEAST_RIGHT) / (1 - _LEAST_RIGHT)
