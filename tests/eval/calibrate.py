"""`make calibrate DATA=FOLDER`: when a fill is right, by how likely its tokens were to the model.

A logistic regression on the fills of the split "tune" that :mod:`eval.fills` has put in the folder:
a line's doubt, the kind of place, whether it is the first, and the model. Printed beside what
`completion/calibration.py` has. Then, on "check" and with the numbers of the product: how many
fills are shown, how many of those are right, and how many right ones are not shown.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, get_args

from eval.curve import Curve, plot
from eval.fills import Judged, load
from eval.logistic import Row, fitted
from eval.report import table
from eval.scores import compared
from infill_ls.completion import calibration
from infill_ls.completion.confidence import Kind, doubt, lines_of, sure_part

_KINDS: Final = get_args(Kind)
# Thresholds of the table and of the plot.
THRESHOLDS: Final = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_FINE: Final = tuple(step / 100 for step in range(96))
_GREEDY: Final = 0.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """What `completion/calibration.py` has. ``apart``: how far the models are from each other."""

    slope: float
    places: dict[str, float]
    later: float
    apart: float

    def __str__(self) -> str:
        places = ", ".join(f"{kind} {number:.2f}" for kind, number in self.places.items())
        return (
            f"slope {self.slope:.2f}; {places}; later {self.later:.2f}; "
            f"models {-self.apart / 2:+.2f}, {self.apart / 2:+.2f}"
        )


def fit(fills: Sequence[Judged]) -> Fitted:
    """The numbers for these fills. A line counts if all those before it are right.

    Second lines count only on empty lines: elsewhere the holes end with their line, and whatever
    comes below it is wrong.
    """
    rows = [row for fill in fills for row in _rows(fill)]
    *places, later, slope, apart = fitted(rows)
    return Fitted(slope, dict(zip(_KINDS, places, strict=True)), later, apart)


def _rows(fill: Judged) -> list[Row]:
    found: list[Row] = []
    # Half of it for each of the two, so that an unknown model is between them.
    model = 0.5 if fill.model == max(_MODELS) else -0.5
    first = True
    for (_, own), right in zip(lines_of(fill.fill, fill.tokens), fill.right, strict=True):
        if right is None:
            continue
        if own and (first or fill.kind == "empty"):
            places = [float(first and kind == fill.kind) for kind in _KINDS]
            found.append(([*places, float(not first), -doubt(own), model], right))
        first = False
        if not right:
            break
    return found


_MODELS: Final = (
    "qwen2.5-coder-0.5b-instruct-q4_k_m",
    "qwen2.5-coder-1.5b-instruct-q4_k_m",
)


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold makes of fills.

    ``shown``: of so many, ``first``: whose first line is right, ``whole``: of which all that is
    shown is right. ``lost``: of those whose first line is right, the share that isn't shown.
    """

    shown: float
    first: float
    whole: float
    lost: float


def point(fills: Sequence[Judged], threshold: float) -> Point:
    """What is shown of fills with this threshold."""
    shown = first = whole = right = 0
    for fill in fills:
        right += _first(fill.right)
        part = sure_part(
            fill.fill, fill.tokens, model=fill.model, kind=fill.kind, threshold=threshold
        )
        if not part.strip():
            continue
        seen = fill.right[: part.count("\n") + 1]
        shown += 1
        first += _first(seen)
        whole += all(line is not False for line in seen)
    return Point(
        shown / len(fills),
        first / shown if shown else math.nan,
        whole / shown if shown else math.nan,
        1 - first / right if right else math.nan,
    )


def _first(right: Sequence[bool | None]) -> bool:
    return next((line for line in right if line is not None), False)


def report(fills: Sequence[Judged]) -> str:
    """The tables, on the split "check"."""
    greedy = [one for one in fills if one.temperature == _GREEDY]
    tune, check = ([one for one in greedy if one.split == split] for split in ("tune", "check"))
    others = [one for one in fills if one.temperature != _GREEDY and one.split == "check"]
    in_repo = Fitted(
        calibration.SLOPE,
        dict(calibration.PLACES),
        calibration.LATER,
        2 * calibration.MODELS[-1][1],
    )
    names = ["low", "normal", "high"]
    parts = [
        f"# Fitted on {len(tune)} fills (tune)\n\n{fit(tune)}\n\nThe product has:\n\n{in_repo}",
        f"# Fitted on the other split ({len(check)} fills, check)\n\n{fit(check)}",
        f"# By threshold: {len(check)} fills, check\n\n{_by_threshold(check)}",
    ]
    for title, of in _GROUPINGS:
        groups: dict[str, list[Judged]] = {}
        for one in check:
            groups.setdefault(of(one), []).append(one)
        parts.append(f"# By {title}\n\n{_by_group(groups, names)}")
    parts.append(
        f"# Otherwise than fitted\n\n{_by_group({f'temperature {_of(others)}': others}, names)}"
        if others
        else ""
    )
    stranger = [replace(one, model="") for one in check]
    parts.append(f"# Models that nothing is known of\n\n{_by_group({'both': stranger}, names)}")
    return "\n\n".join(filter(None, parts))


def _of(fills: Sequence[Judged]) -> str:
    return " and ".join(sorted({f"{one.temperature:g}" for one in fills}))


_GROUPINGS: Final[tuple[tuple[str, Callable[[Judged], str]], ...]] = (
    ("model", lambda one: one.model),
    ("language", lambda one: one.language),
    ("kind of place", lambda one: one.kind),
    ("tokens of the prompt", lambda one: f"{one.context_tokens:,}"),
)


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def _by_threshold(fills: Sequence[Judged]) -> str:
    head = ["threshold", "shown", "first line right", "all shown right", "right ones lost"]
    rows = []
    for threshold in (0.0, *THRESHOLDS):
        found = point(fills, threshold)
        name = next((key for key, own in calibration.THRESHOLDS.items() if own == threshold), "")
        rows.append(
            [
                f"{threshold:g} {name and f'({name})'}".strip(),
                *map(_percent, (found.shown, found.first, found.whole, found.lost)),
            ]
        )
    return table(head, rows)


def _by_group(groups: dict[str, list[Judged]], names: Sequence[str]) -> str:
    """For each group and each word of the setting: how many are right, how many right ones lost."""
    head = ["", "n", "right", *(f"{name}: right, lost" for name in names)]
    rows = []
    for name, fills in sorted(groups.items()):
        found = [point(fills, calibration.THRESHOLDS[one]) for one in names]
        cells = [f"{_percent(one.whole)}, {_percent(one.lost)}" for one in found]
        rows.append([name, str(len(fills)), _percent(point(fills, 0.0).whole), *cells])
    return table(head, rows)


def curves(fills: Sequence[Judged]) -> list[Curve]:
    """For each model, on "check": the share that is right against the right ones still shown."""
    found = []
    for model in sorted({one.model for one in fills}):
        own = [
            one
            for one in fills
            if one.split == "check" and one.model == model and one.temperature == _GREEDY
        ]
        points = [point(own, threshold) for threshold in _FINE]
        marks = {name: point(own, threshold) for name, threshold in calibration.THRESHOLDS.items()}
        found.append(
            Curve(
                name=model.removeprefix("qwen2.5-coder-").partition("-")[0].upper(),
                line=tuple((1 - one.lost, one.whole) for one in points if one.shown),
                marks={name: (1 - one.lost, one.whole) for name, one in marks.items()},
            )
        )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.calibrate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="what eval.fills has made")
    parser.add_argument("--plot", type=Path, help="write the curves to this file")
    parser.add_argument("--scores", action="store_true", help="compare scores of a line, on tune")
    given = parser.parse_args(arguments)
    fills = load(given.data)
    print(report(fills))
    if given.scores:
        tune = [one for one in fills if one.split == "tune" and one.temperature == _GREEDY]
        print(f"\n# Scores\n\n{compared(tune)}")
    if given.plot:
        given.plot.write_text(plot(curves(fills)), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
