"""Which of its models the embedded engine runs on this machine. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infill_ls.engines.rates import Rates

# tokens/s. The shortest right fill of a line has some six tokens; written more slowly than this it
# is not there within the second that `latencyMs` gives it.
SLOWEST_WRITE: Final = 8.0


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """A model that the embedded engine could run.

    ``memory``: bytes that it takes. ``pace``: tokens/s that it writes for each core.
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
    """The model that the embedded engine should run: the largest that is fast enough here.

    A larger one is slower but right more often (1.5B parameters against 0.5B, two idle cores:
    writes 15 against 22.5 tokens/s, and fills 85 against 80 % of whole lines). ``cores``: physical
    ones; ``memory``: bytes available, None if unknown; ``rates``: what was measured, by name.
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
    """Tokens/s: its own if measured, else by another one's, else by the number of cores."""
    for one in (candidate, *others):
        measured = rates[one.name].write if one.name in rates else None
        if measured is not None:
            return measured * candidate.pace / one.pace
    return cores * candidate.pace
