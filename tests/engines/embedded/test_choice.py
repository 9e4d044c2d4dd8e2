"""Which model the embedded engine runs on a machine."""

from __future__ import annotations

import pytest

from infill_ls.engines.embedded.choice import EmbeddedModel, best_embedded
from infill_ls.engines.rates import Rates

SMALL, LARGE = EmbeddedModel("small", 1000, 11.25), EmbeddedModel("large", 2000, 7.5)


@pytest.mark.parametrize(
    ("cores", "memory", "rates", "best"),
    [
        # Nothing measured: the cores tell.
        (2, None, {}, "large"),
        (1, None, {}, "small"),
        (8, 5000, {}, "large"),
        # Memory.
        (8, 2000, {}, "large"),
        (8, 1999, {}, "small"),
        # What was measured counts more than the cores.
        (8, None, {"large": Rates(write=7.9)}, "small"),
        (1, None, {"large": Rates(write=8.0)}, "large"),
        # Of the small one alone: the large one writes two thirds as fast.
        (8, None, {"small": Rates(write=11.9)}, "small"),
        (1, None, {"small": Rates(write=12.1)}, "large"),
        # Its own rate counts more than the other's.
        (2, None, {"small": Rates(write=30), "large": Rates(write=5)}, "small"),
        # How fast it reads says nothing of how fast it writes.
        (2, None, {"large": Rates(read=1)}, "large"),
    ],
)
def test_the_model_that_the_embedded_engine_runs(
    cores: int, memory: int | None, rates: dict[str, Rates], best: str
) -> None:
    for candidates in ([SMALL, LARGE], [LARGE, SMALL]):
        chosen = best_embedded(candidates, cores=cores, memory=memory, rates=rates)
        assert chosen == best


@pytest.mark.parametrize("candidate", [SMALL, LARGE])
def test_the_only_model_is_the_best(candidate: EmbeddedModel) -> None:
    assert best_embedded([candidate], cores=1, memory=1, rates={}) == candidate.name
