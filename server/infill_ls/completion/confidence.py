"""How likely it is that a fill is right, by how likely its tokens were to the model.

Each line gets one number, its doubt: the square root of the sum of the square roots of its tokens'
surprises (negative natural logarithms of how likely they were). So one fork in the road weighs less
than the same surprise in many places, and no token can make a line likelier by being less likely.
A logistic function of the doubt is the chance that the line is what the user would write.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

from infill_ls.completion.calibration import LATER, MODELS, PLACES, SLOPE
from infill_ls.completion.calibration import THRESHOLDS as THRESHOLDS
from infill_ls.text.hole import Hole

Kind = Literal["line", "word", "closed", "middle", "empty"]


def kind_of(hole: Hole) -> Kind:
    """Return what kind of place a hole is in.

    ``middle``: something stands right of the cursor; ``closed``: only closers do, which an editor
    may have put there. Otherwise the line ends at the cursor: ``empty`` if nothing stands in it,
    ``word`` if it ends with a word, which may be half typed, ``line`` if with anything else.
    """
    if hole.closers.strip():
        return "closed"
    if hole.rest_of_line.strip():
        return "middle"
    if hole.at_line_start:
        return "empty"
    last = hole.prefix[-1]
    return "word" if last.isalnum() or last == "_" else "line"


def chance(
    fill: str, tokens: Sequence[tuple[int, float]], *, model: str, kind: Kind
) -> float | None:
    """Return how likely the first line of a fill is right, from 0 to 1.

    The arguments are those of :func:`sure_part`. None if nothing is known of its tokens.
    """
    return next((likely for _, likely in _growing(fill, tokens, model, kind)), None)


def chance_of_all(
    fill: str, tokens: Sequence[tuple[int, float]], *, model: str, kind: Kind
) -> float | None:
    """Return how likely all lines of a fill are right, as :func:`chance` does for the first."""
    found = [likely for _, likely in _growing(fill, tokens, model, kind)]
    return found[-1] if found else None


def sure_part(
    fill: str,
    tokens: Sequence[tuple[int, float]],
    *,
    model: str,
    kind: Kind,
    threshold: float,
) -> str:
    """Return a fill up to its last line that is sure enough; empty if its first isn't.

    ``tokens``: of the fill, in order; each with where it ends in the fill, in characters, and the
    natural logarithm of how likely it was. ``threshold``: how likely all that is shown has to be
    right, from 0 to 1. Blank lines, and lines of whose tokens nothing is known, go with the line
    before them; a fill of whose first line nothing is known is shown whole.
    """
    kept = 0
    for end, likely in _growing(fill, tokens, model, kind):
        if likely < threshold:
            return fill[:kept]
        kept = end
    return fill


def _growing(
    fill: str, tokens: Sequence[tuple[int, float]], model: str, kind: Kind
) -> Iterator[tuple[int, float]]:
    """Yield where each line that isn't blank ends, and how likely the fill is right up to there.

    Nothing if nothing is known of the first of them.
    """
    end, likely, is_first = -1, 1.0, True
    for line, own in lines_of(fill, tokens):
        end += len(line) + 1
        if not line.strip():
            continue
        found = _chance(own, (PLACES[kind] if is_first else LATER) + _shift(model))
        if found is None and is_first:
            return
        is_first = False
        likely *= 1.0 if found is None else found
        yield end, likely


def lines_of(fill: str, tokens: Sequence[tuple[int, float]]) -> list[tuple[str, list[float]]]:
    """Return the lines of a fill, each with the logarithms of the tokens that begin in it.

    The line end belongs to the line that it ends: that the line ends there may be wrong too.
    """
    found: list[tuple[str, list[float]]] = []
    begins, starts = 0, [0, *(end for end, _ in tokens)]
    at = 0
    for line in fill.split("\n"):
        ends = begins + len(line)
        own = []
        while at < len(tokens) and starts[at] <= ends:
            own.append(tokens[at][1])
            at += 1
        found.append((line, own))
        begins = ends + 1
    return found


def doubt(logprobs: Sequence[float]) -> float:
    """Return the doubt of a line with these tokens: 0 if all of them were certain."""
    return math.sqrt(sum(math.sqrt(max(0.0, -logprob)) for logprob in logprobs))


def _chance(logprobs: Sequence[float], base: float) -> float | None:
    if not logprobs:
        return None
    score = base - SLOPE * doubt(logprobs)
    # The logistic function, which must not overflow.
    return 0.5 + 0.5 * math.tanh(score / 2)


def _shift(model: str) -> float:
    """Return by how much a model is righter than most with the same doubt."""
    name = model.lower()
    return next((shift for parts, shift in MODELS if all(part in name for part in parts)), 0.0)
