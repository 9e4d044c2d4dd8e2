"""Choose the model that the embedded engine runs on this machine. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infill_ls.engines.rates import SLOWEST_WRITE, Rates


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
    for one in from_large:
        if not obstacle(one, candidates, cores=cores, memory=memory, rates=rates):
            return one.name
    return from_large[-1].name


def obstacle(
    candidate: EmbeddedModel,
    candidates: Sequence[EmbeddedModel],
    *,
    cores: int,
    memory: int | None,
    rates: Mapping[str, Rates],
) -> str:
    """Return why a model is not to be run here, in a few words; empty if nothing is in the way.

    The arguments are those of :func:`best_embedded`.
    """
    if memory is not None and candidate.memory > memory:
        return (
            f"takes up to {candidate.memory / 1e9:.1f} GB of memory, and {memory / 1e9:.1f} GB are "
            "free"
        )
    write = _expected_write(candidate, candidates, cores, rates)
    if write >= SLOWEST_WRITE:
        return ""
    known = candidate.name in rates and rates[candidate.name].write is not None
    return (
        f"{'writes' if known else 'would write about'} {write:.1f} tokens/s here, "
        f"{SLOWEST_WRITE:.0f} are needed"
    )


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
