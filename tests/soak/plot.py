"""A run as a picture: memory, what is open, own latency and the faults over the time, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from soak.report import Report, minutes

WIDTH: Final = 860
LEFT, RIGHT = 60, 170
TOP: Final = 56
PANEL: Final = 150
APART: Final = 46
FAULTS: Final = 26
GREEN, GREY, BROWN, VIOLET = "#0b6e4f", "#8d99ae", "#c08552", "#6d597a"
# Lines and labels of the scale, about so many.
STEPS: Final = 4

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """A line of a panel; points are seconds from the start and values."""

    name: str
    colour: str
    points: Points


@dataclass(frozen=True)
class Panel:
    title: str
    lines: Sequence[Line]


def plot(report: Report) -> str:
    """The picture of a run."""
    panels = _panels(report)
    height = TOP + len(panels) * (PANEL + APART) + FAULTS + 34
    title = f"infill-ls: ten keys a second for {report.seconds / 60:g} minutes, the engine failing"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="15">{escape(title)}</text>',
        *_marks(report, height),
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, TOP + number * (PANEL + APART), report.seconds)
    parts += _time(report.seconds, height - 14)
    return "\n".join([*parts, "</svg>", ""])


def _panels(report: Report) -> list[Panel]:
    samples = report.samples
    by_minute = minutes(report.own, report.seconds)
    return [
        Panel(
            "Memory in MB",
            [
                Line("resident", GREEN, [(one.at, one.rss) for one in samples]),
                Line("its own alone", GREY, [(one.at, one.uss) for one in samples]),
            ],
        ),
        Panel(
            "Open, and under way",
            [
                Line("descriptors", GREEN, [(one.at, one.descriptors) for one in samples]),
                Line("asyncio tasks", BROWN, [(one.at, one.tasks) for one in samples]),
                Line("threads", GREY, [(one.at, one.threads) for one in samples]),
            ],
        ),
        Panel(
            "Own latency in ms, by the minute",
            [
                Line("p99", GREEN, [(at, high) for at, _, high, _ in by_minute]),
                Line("p50", BROWN, [(at, middle) for at, middle, _, _ in by_minute]),
                Line("empty server, p99", GREY, [(at, control) for at, _, _, control in by_minute]),
            ],
        ),
    ]


def _panel(panel: Panel, top: float, seconds: float) -> list[str]:
    values = [value for line in panel.lines for _, value in line.points]
    step = _step(max(values, default=1.0))
    most = step * math.ceil(max(values, default=1.0) / step)
    parts = [f'<text x="{LEFT}" y="{top + 12}" font-weight="bold">{escape(panel.title)}</text>']
    top += 22

    def y(value: float) -> float:
        return top + (PANEL - 22) * (1 - value / most)

    for number in range(round(most / step) + 1):
        at = y(number * step)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{number * step:g}</text>'
        )
    ends = sorted(
        ((y(line.points[-1][1]), line) for line in panel.lines if line.points),
        key=lambda end: end[0],
    )
    below = -math.inf
    for end, line in ends:
        path = "L".join(f"{_x(at, seconds):.1f} {y(value):.1f}" for at, value in line.points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{line.colour}" stroke-width="1.5"/>')
        below = max(end, below + 16)
        parts.append(
            f'<text x="{WIDTH - RIGHT + 8}" y="{below + 4:.1f}" fill="{line.colour}">'
            f"{escape(line.name)}: {line.points[-1][1]:.3g}</text>"
        )
    return parts


def _marks(report: Report, height: float) -> list[str]:
    """A grey bar over all panels for each fault, and what they are in a row below."""
    row = height - 34 - FAULTS
    parts = []
    for fault in report.faults:
        left = _x(fault.at, report.seconds)
        width = max(1.0, _x(fault.at + fault.seconds, report.seconds) - left)
        parts.append(
            f'<rect x="{left:.1f}" y="{TOP}" width="{width:.1f}" height="{row - TOP + 14:.1f}" '
            f'fill="{VIOLET}" opacity="0.12"><title>{escape(fault.kind)}, '
            f"{fault.seconds:g} s</title></rect>"
        )
    parts.append(
        f'<text x="{WIDTH - RIGHT + 8}" y="{row + 12}" fill="{VIOLET}">'
        f"{len(report.faults)} faults</text>"
    )
    return parts


def _time(seconds: float, y: float) -> list[str]:
    step = _step(seconds / 60 / 2)
    return [
        f'<text x="{_x(number * step * 60, seconds):.1f}" y="{y}" text-anchor="middle">'
        f"{number * step:g} min</text>"
        for number in range(int(seconds / 60 / step + 1e-6) + 1)
    ]


def _x(at: float, seconds: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * min(at, seconds) / seconds


def _step(most: float) -> float:
    """A round step of a scale, so that it has about :data:`STEPS` of them."""
    rough = max(most, 1e-6) / STEPS
    power: float = 10 ** math.floor(math.log10(rough))
    return min((one * power for one in (1, 2, 5, 10) if one * power >= rough), default=rough)
