"""Logistic regression, small enough to be read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

# So little of it that it shapes no number, and what is nowhere in the data stays at 0.
_RIDGE: Final = 0.01
_STEPS: Final = 50
_ENOUGH: Final = 1e-6

# What is known of a case, and what came of it.
Row = tuple[list[float], bool]


def chance(weights: Sequence[float], values: Sequence[float]) -> float:
    """How likely a case is to come true."""
    score = sum(weight * value for weight, value in zip(weights, values, strict=True))
    return 0.5 + 0.5 * math.tanh(score / 2)


def fitted(rows: Sequence[Row]) -> list[float]:
    """The weights that make what was seen likeliest (Newton's method, a little ridge)."""
    count = len(rows[0][0])
    weights = [0.0] * count
    for _ in range(_STEPS):
        slopes = [-_RIDGE * weight for weight in weights]
        bends = [[_RIDGE * (one == other) for other in range(count)] for one in range(count)]
        for values, right in rows:
            likely = chance(weights, values)
            for one, value in enumerate(values):
                if not value:
                    continue
                slopes[one] += (right - likely) * value
                weighed = likely * (1 - likely) * value
                for other, its in enumerate(values):
                    bends[one][other] += weighed * its
        step = solved(bends, slopes)
        weights = [weight + by for weight, by in zip(weights, step, strict=True)]
        if max(map(abs, step)) < _ENOUGH:
            break
    return weights


def solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """The solution of a set of linear equations (Gauss, largest pivots first)."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for at in range(len(rows)):
        pivot = max(range(at, len(rows)), key=lambda row: abs(rows[row][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for row in range(len(rows)):
            if row != at:
                by = rows[row][at]
                rows[row] = [a - by * b for a, b in zip(rows[row], rows[at], strict=True)]
    return [row[-1] for row in rows]
