"""How good a fill is."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from eval.cuts import compiles
from eval.tasks import Task

# Of the standard normal distribution: 95 % lie within so many standard deviations.
_Z: Final = 1.959964
# A line with fewer word characters than this (a bracket, "else:") may well come twice.
NON_TRIVIAL: Final = 4


@dataclass(frozen=True, slots=True)
class Score:
    """``passed``: None where there are no tests to run.

    ``similarity``: 0 to 1, difflib's ratio of fill and truth. ``kept``: length of the common start
    of fill and truth, of the truth's. ``wrong``: characters of the fill after that start.
    ``broken``: the result has a syntax error where the true text has none; ``breaks``: nor has the
    text without any fill. Both None for languages other than Python.
    ``repeats``: the fill brings what stands below already.
    """

    fill: str
    passed: bool | None
    exact: bool
    first_line: bool
    similarity: float
    kept: float
    wrong: int
    empty: bool
    broken: bool | None
    breaks: bool | None
    repeats: bool


def score(task: Task, fill: str, passed: bool | None = None) -> Score:
    """Judge a fill; blanks at its end don't count."""
    truth, text = task.truth.rstrip(), fill.rstrip()
    same = next(
        (n for n, (one, other) in enumerate(zip(truth, text, strict=False)) if one != other),
        min(len(truth), len(text)),
    )
    broken = breaks = None
    if task.language == "python":
        broken = not compiles(task.filled(fill)) and compiles(task.whole)
        breaks = broken and compiles(task.filled(""))
    return Score(
        fill=fill,
        passed=passed,
        exact=truth == text or task.filled(fill) == task.whole,
        first_line=truth.partition("\n")[0].rstrip() == text.partition("\n")[0].rstrip(),
        similarity=SequenceMatcher(None, truth, text, autojunk=False).ratio(),
        kept=same / len(truth) if truth else float(not text),
        wrong=len(text) - same,
        empty=not text,
        broken=broken,
        breaks=breaks,
        repeats=repeats(task, fill),
    )


def repeats(task: Task, fill: str) -> bool:
    """Whether a fill brings again what follows it, and the true text doesn't."""
    return _brings(fill, task.suffix) and not _brings(task.truth, task.suffix)


def _brings(fill: str, suffix: str) -> bool:
    rest, _, below = suffix.partition("\n")
    lines = [line.strip() for line in fill.split("\n") if line.strip()]
    next_line = next((line.strip() for line in below.split("\n") if line.strip()), "")
    if not lines:
        return False
    if rest.strip():
        # The cursor's line goes on: it is brought again if a line ends as it does.
        if _is_telling(rest) and any(line.endswith(rest.strip()) for line in lines):
            return True
        # The last line of the fill and the rest are one line in the result.
        lines = lines if len(lines) == 1 else lines[:-1]
    elif next_line and lines[-1] == next_line:
        return True
    return _is_telling(next_line) and next_line in lines


def _is_telling(line: str) -> bool:
    return len(re.findall(r"\w", line)) >= NON_TRIVIAL


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def value(self) -> float:
        return self.count / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval (Wilson's score interval)."""
        if not self.of:
            return (math.nan, math.nan)
        p, n, z2 = self.value, self.of, _Z**2
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return (max(0.0, middle - half), min(1.0, middle + half))

    def __str__(self) -> str:
        if not self.of:
            return "–"
        low, high = self.interval
        return f"{100 * self.value:.0f} % ({100 * low:.0f}–{100 * high:.0f})"

    def __add__(self, other: Share) -> Share:
        return Share(self.count + other.count, self.of + other.of)


def share(values: list[bool | None]) -> Share:
    """Of those values that are known, the true ones."""
    known = [value for value in values if value is not None]
    return Share(sum(known), len(known))
