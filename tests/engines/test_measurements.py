"""What is made of the last few measurements."""

from __future__ import annotations

import math

from infill_ls.engines.measurements import Bounds, Intervals, Middle


def middle(*values: float, known: float | None = None) -> Middle:
    made = Middle(known)
    for value in values:
        made.add(value)
    return made


def sure(rate: float) -> Bounds:
    return Bounds(rate, rate, rate)


def rate(*last: Bounds, known: float | None = None) -> float | None:
    made = Intervals(known)
    for bounds in last:
        made.add(bounds, 100.0)
    return made.rate


AT_LEAST_500 = Bounds(500.0, math.inf, math.inf)
AT_MOST_50 = Bounds(0.0, 50.0, 0.0)


def test_the_middle_one_counts() -> None:
    assert middle().value is None
    assert middle(3.0).value == 3.0
    assert middle(3.0, 1.0).value == 1.0
    assert middle(3.0, 1.0, 2.0).value == 2.0
    assert middle(3.0, 1.0, 2.0, 9.0).value == 2.0


def test_two_are_needed_to_contradict_what_is_known() -> None:
    assert middle(9.0, known=1.0).value == 1.0
    assert middle(9.0, 8.0, known=1.0).value == 8.0
    assert rate(sure(900), known=100.0) == 100.0
    assert rate(sure(900), sure(800), known=100.0) == 800.0
    assert rate(AT_MOST_50, known=100.0) == 100.0
    assert rate(AT_MOST_50, AT_MOST_50, known=100.0) == 50.0


def test_what_was_measured_once_is_not_twice_so() -> None:
    assert middle(1.0).twice is None
    assert middle(1.0, 2.0).twice == 1.0
    intervals = Intervals(None)
    for bounds, expected in ((sure(9), None), (AT_MOST_50, None), (sure(8), 8)):
        intervals.add(bounds, 100.0)
        assert intervals.twice == expected
    assert intervals.is_full


def test_a_bound_takes_what_is_nearest_to_what_was_measured() -> None:
    assert rate() is None
    assert rate(AT_LEAST_500) == 500.0
    assert rate(AT_LEAST_500, AT_LEAST_500, sure(4000)) == 4000.0
    assert rate(sure(20), AT_MOST_50) == 20.0


def test_what_only_waited_counts_no_more_once_something_was_read() -> None:
    assert rate(AT_MOST_50, AT_MOST_50, AT_LEAST_500) == 500.0
    assert rate(AT_MOST_50, AT_MOST_50, sure(40)) == 40.0


def test_calls_for_the_same_reading_are_one() -> None:
    intervals = Intervals(400.0)
    for highest in (300.0, 200.0, 100.0):
        intervals.add(Bounds(0.0, highest, 0.0, since=5.0), 100.0)
    assert (intervals.rate, len(intervals.new)) == (400.0, 1)
    intervals.add(Bounds(0.0, 80.0, 0.0, since=5.0), 100.0, times=2)
    assert (intervals.rate, len(intervals.new)) == (80.0, 2)


def test_what_says_no_more_than_that_a_rate_may_be_so() -> None:
    wide = Bounds(90.0, 1000.0, 300.0)
    assert not wide.tells_of(400.0, is_known=True)
    assert wide.tells_of(1001.0, is_known=True)
    assert wide.tells_of(80.0, is_known=False)
    # Near to what is known it confirms it; of what is not known nothing is to be confirmed.
    assert wide.tells_of(100.0, is_known=True)
    assert not wide.tells_of(100.0, is_known=False)
    assert sure(7).tells_of(7.0, is_known=True)
