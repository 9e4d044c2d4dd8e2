"""The plot: names stand at their lines."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bench.plot import LABEL_GAP, apart


def test_what_is_far_apart_stays_where_it_is() -> None:
    assert apart([300.0, 100.0, 200.0]) == [300.0, 100.0, 200.0]


def test_names_of_lines_that_are_equal_spread_around_them() -> None:
    assert apart([310.0, 310.0, 310.0], 15.0) == [295.0, 310.0, 325.0]


def test_none_goes_further_than_the_others_push_it() -> None:
    """A line that is 0 had its name at 28 %."""
    places = [150.0, 309.0, 310.0, 305.0, 310.0]
    moved = apart(places)
    in_order = sorted(moved)
    assert all(b - a >= LABEL_GAP - 1e-9 for a, b in pairwise(in_order))
    assert moved[0] == 150.0
    assert max(abs(a - b) for a, b in zip(places, moved, strict=True)) <= 1.6 * LABEL_GAP
    assert sorted(range(5), key=moved.__getitem__) == sorted(range(5), key=places.__getitem__)


@pytest.mark.parametrize("places", [[], [1.0]])
def test_few(places: list[float]) -> None:
    assert apart(places) == places
