"""The typist: the same at the same place, and as fast as people are."""

from __future__ import annotations

from statistics import median

import pytest

from infill_ls.bench.typist import Typist


def gaps(typed: str, coming: str, *, stops: float = 0.04) -> list[float]:
    return [Typist(f"{seed}", stops).gap(typed, coming) for seed in range(400)]


def test_the_same_seed_types_the_same() -> None:
    assert [Typist("a").gap("x", "y"), Typist("a").arrival()] == [
        Typist("a").gap("x", "y"),
        Typist("a").arrival(),
    ]


@pytest.mark.parametrize(
    ("typed", "coming", "about"), [("a", "b", 0.13), ("a", " ", 0.2), ("a\n", "b", 1.0)]
)
def test_medians_of_the_gaps(typed: str, coming: str, about: float) -> None:
    assert median(gaps(typed, coming, stops=0.0)) == pytest.approx(about, rel=0.25)


def test_who_stops_at_every_key() -> None:
    assert median(gaps("a", "b", stops=1.0)) == pytest.approx(1.2, rel=0.25)
