"""What the bench found, as a table and as JSON. Pure; holds no code and no paths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from infill_ls.bench.figures import IN_TIME, Measured
from infill_ls.bench.recommend import Recommendation, percent, seconds

BENCH_HEADINGS: Final = ("model", "half in", "90 % in", "shown", "right", "saved", "memory")
# On a terminal there is no room for more.
NARROW_HEADINGS: Final = ("model", "half in", "90 % in", "right", "saved", "memory")
# What the headings mean, for below the table.
COLUMN_MEANINGS: Final = (
    "half in, 90 % in: time from the last key to that share of the suggestions.",
    "right: of what was suggested, what stood in the file.",
    "saved: characters that nobody had to type.",
)


@dataclass(frozen=True, slots=True)
class How:
    """How it was measured.

    ``seconds``: of typing for each model. ``languages``: of the files that were typed, by their
    ids. ``shipped``: these came with infill-ls; otherwise they are the user's. ``last_seconds``:
    for how long the last model was measured, if it was interrupted.
    """

    seconds: float
    languages: tuple[str, ...]
    shipped: bool
    interrupted: bool = False
    last_seconds: float = 0.0

    def in_words(self) -> str:
        """Return it as a sentence."""
        whose = "files that come with infill-ls" if self.shipped else "files of the folder"
        typing = f"{self.seconds:.0f} s of typing each"
        where = f"in {whose} ({', '.join(self.languages)})"
        if not self.interrupted:
            return f"{typing}, {where}."
        measured = f"the last one was measured for {self.last_seconds:.0f} s"
        return f"It was interrupted: {measured}. {typing} were meant, {where}."


def rows(measured: Sequence[Measured]) -> list[list[str]]:
    """Return the rows of the table, a model each; engines are named if there are several."""
    several = len({one.engine for one in measured}) > 1
    return [
        [
            f"{one.model} ({one.engine})" if several else one.model,
            seconds(one.wait(0.5)),
            seconds(one.wait(0.9)),
            percent(one.shown),
            percent(one.right),
            percent(one.saved),
            memory(one),
        ]
        for one in measured
    ]


def narrow(row: Sequence[str]) -> list[str]:
    """Return the cells of a row whose headings are in :data:`NARROW_HEADINGS`."""
    return [
        cell
        for heading, cell in zip(BENCH_HEADINGS, row, strict=True)
        if heading in NARROW_HEADINGS
    ]


def memory(one: Measured) -> str:
    """Return the memory that a model takes, as people read it."""
    if one.memory is None:
        return "-"
    size = f"{one.memory / 1e9:.1f} GB"
    if not one.gpu_memory:
        return size
    share = one.gpu_memory / one.memory
    return f"{size} GPU" if share > 0.99 else f"{size}, {percent(share)} GPU"


def to_json(
    measured: Sequence[Measured], recommendation: Recommendation | None, how: How
) -> dict[str, Any]:
    """Return what ``--json`` prints.

    Times in ms (null where too few suggestions came), shares from 0 to 1, memory in bytes, rates
    in tokens/s.
    """
    return {
        "seconds": how.seconds,
        "files": "shipped" if how.shipped else "folder",
        "languages": list(how.languages),
        "interrupted": how.interrupted,
        "models": [_model(one) for one in measured],
        "recommendation": recommendation
        and {
            "engine": recommendation.engine,
            "model": recommendation.model,
            "settings": recommendation.settings,
            "fast_enough": recommendation.fast_enough,
            "reason": recommendation.reason,
        },
    }


def _model(one: Measured) -> dict[str, Any]:
    return {
        "engine": one.engine,
        "model": one.model,
        "seconds": round(one.seconds, 1),
        "looks": len(one.looks),
        "suggestions": len(one.suggestions),
        "p50_ms": _milliseconds(one.wait(0.5)),
        "p90_ms": _milliseconds(one.wait(0.9)),
        "shown": _rounded(one.shown),
        "right": _rounded(one.right),
        f"right_within_{IN_TIME * 1000:.0f}_ms": _rounded(one.useful),
        "saved": _rounded(one.saved),
        "load_ms": _milliseconds(one.load_seconds),
        "memory_bytes": one.memory,
        "gpu_memory_bytes": one.gpu_memory,
        "read_tokens_per_s": _rounded(one.read, 1),
        "write_tokens_per_s": _rounded(one.write, 1),
        "problem": one.problem,
    }


def _milliseconds(value: float | None) -> int | None:
    return None if value is None or math.isinf(value) else round(value * 1000)


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)
