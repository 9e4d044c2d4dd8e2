"""Choose the model that the embedded engine runs on this machine. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infill_ls.engines.rates import Rates

# tokens/s. The shortest right fill of a line has some six tokens. A model that is slower than this
# can't write it within the second that `latencyMs` allows by default.
SLOWEST_WRITE: Final = 8.0


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """A model that the embedded engine could run.

    ``memory``: bytes that it takes. ``pace``: tokens/s that it writes for each processor core.
    """

    name: str
    memory: int
    pace: float


def best_embedded(
    candidates: Sequence[EmbeddedModel],
    *,
    cores: int,
    memory: int | None,
    rates: Mapping[str, Rates],
) -> str:
    """Return the name of the largest model that is fast enough here; else that of the smallest.

    ``candidates``: at least one. ``cores``: the physical ones. ``memory``: bytes available, None if
    unknown. ``rates``: what was measured, by the models' names.

    A larger model is slower but right more often: with two idle cores, the one with 1.5B parameters
    writes 15 tokens/s and fills 85 % of whole lines; the one with 0.5B, 22.5 tokens/s and 80 %.
    """
    from_large = sorted(candidates, key=lambda one: -one.memory)
    for candidate in from_large:
        fits = memory is None or candidate.memory <= memory
        if fits and _expected_write(candidate, candidates, cores, rates) >= SLOWEST_WRITE:
            return candidate.name
    return from_large[-1].name


def _expected_write(
    candidate: EmbeddedModel,
    others: Sequence[EmbeddedModel],
    cores: int,
    rates: Mapping[str, Rates],
) -> float:
    """Return tokens/s: as measured, or from another model's rate, or from the number of cores."""
    for one in (candidate, *others):
        write = rates[one.name].write if one.name in rates else None
        if write is not None:
            return write * candidate.pace / one.pace
    return cores * candidate.pace
