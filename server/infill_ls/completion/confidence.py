"""How likely it is that a fill is right, by how likely its tokens were to the model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from infill_ls.text.hole import Hole

Kind = Literal["line", "start"]

# How likely the first line has to be right for a fill to be shown, by the setting "eagerness".
THRESHOLDS: Final[Mapping[str, float]] = {"low": 0.5, "normal": 0.3, "high": 0.2}


def kind_of(hole: Hole) -> Kind:
    """Return what kind of place a hole is in."""
    return "start" if hole.at_line_start else "line"


def chance(
    fill: str, tokens: Sequence[tuple[int, float]], *, model: str, kind: Kind
) -> float | None:
    """Return how likely the first line of a fill is right, from 0 to 1; None if nothing tells."""
    return next((one for one in _chances(fill, tokens) if one is not None), None)


def sure_part(
    fill: str,
    tokens: Sequence[tuple[int, float]],
    *,
    model: str,
    kind: Kind,
    threshold: float,
) -> str:
    """Return a fill up to its last line that is sure enough; empty if its first is not.

    ``tokens``: of the fill, each with where it ends in it and the natural logarithm of how likely
    it was to the model. ``threshold``: how likely a line has to be right.
    """
    lines = fill.splitlines(keepends=True)
    kept = 0
    for line, likely in zip(lines, _chances(fill, tokens), strict=True):
        if likely is not None and likely < threshold:
            break
        kept += len(line)
    return fill if kept == len(fill) else fill[:kept].rstrip()


def _chances(fill: str, tokens: Sequence[tuple[int, float]]) -> list[float | None]:
    found: list[float | None] = []
    begins = 0
    for line in fill.splitlines(keepends=True):
        ends = begins + len(line)
        of_line = [logprob for end, logprob in tokens if begins < end <= ends]
        told = bool(of_line and line.strip())
        found.append(math.exp(sum(of_line) / len(of_line)) if told else None)
        begins = ends
    return found
