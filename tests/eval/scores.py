"""Which score of a line tells best whether it is right: several, each fitted and tried on others.

Five folds of the split "tune", by hole; first lines alone, and what kind of place it is besides.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Final, get_args

from eval.fills import Judged
from eval.logistic import Row, chance, fitted
from eval.report import table
from infill_ls.completion.confidence import Kind, doubt, lines_of

_FOLDS: Final = 5
_KINDS: Final = get_args(Kind)
# 1 is as likely as a number that isn't 0 can be told from it.
_LEAST: Final = 1e-12

Logprobs = Sequence[float]


def _root(value: float) -> float:
    return math.sqrt(max(0.0, value))


SCORES: Final[dict[str, Callable[[Logprobs], tuple[float, ...]]]] = {
    "mean logarithm of its tokens": lambda own: (sum(own) / len(own),),
    "its least likely token": lambda own: (min(own),),
    "the model's own probability of the line, as a logarithm": lambda own: (sum(own),),
    "the same, as a square root": lambda own: (_root(-sum(own)),),
    "that, its least likely token and the number of tokens": lambda own: (
        *(_root(-sum(own)), _root(-min(own))),
        float(len(own)),
    ),
    "doubt": lambda own: (doubt(own),),
    "doubt and the first token": lambda own: (doubt(own), _root(-own[0])),
    "doubt and the least likely token": lambda own: (doubt(own), _root(-min(own))),
    "doubt and the number of tokens": lambda own: (doubt(own), float(len(own))),
}


def compared(fills: Sequence[Judged]) -> str:
    """The table: for each score the logarithmic loss and the area under the curve."""
    rows = []
    for name, score in SCORES.items():
        told = list(_told(fills, score))
        loss = -sum(math.log(max(_LEAST, p if right else 1 - p)) for p, right in told) / len(told)
        rows.append([name, f"{loss:.3f}", f"{area(told):.3f}"])
    return table(["score of a line", "loss", "area"], rows)


def _told(
    fills: Sequence[Judged], score: Callable[[Logprobs], tuple[float, ...]]
) -> Sequence[tuple[float, bool]]:
    folds: list[list[Row]] = [[] for _ in range(_FOLDS)]
    for fill in fills:
        pairs = zip(lines_of(fill.fill, fill.tokens), fill.right, strict=True)
        own, right = next((own, right) for (_, own), right in pairs if right is not None)
        if own:
            places = (float(fill.kind == kind) for kind in _KINDS)
            digest = hashlib.sha256(fill.hole.encode()).hexdigest()
            folds[int(digest, 16) % _FOLDS].append(([*places, *score(own)], right))
    found = []
    for number, fold in enumerate(folds):
        weights = fitted(
            [row for other, rows in enumerate(folds) if other != number for row in rows]
        )
        found += [(chance(weights, values), right) for values, right in fold]
    return found


def area(told: Sequence[tuple[float, bool]]) -> float:
    """How often a right one is told likelier than a wrong one (area under the ROC curve)."""
    ranks: dict[bool, int] = {True: 0, False: 0}
    right_of_wrong = 0
    for _, right in sorted(told):
        ranks[right] += 1
        right_of_wrong += ranks[False] if right else 0
    return right_of_wrong / (ranks[True] * ranks[False])
