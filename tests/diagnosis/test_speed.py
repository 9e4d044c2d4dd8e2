"""Rates and times of a fill, as they are reckoned and shown."""

from __future__ import annotations

import pytest

from diagnosis.given import outcome
from infill_ls.diagnosis.speed import ago, rate_shown, read_rate, seconds_shown, write_rate
from infill_ls.engines.rates import Usage


def test_what_the_engine_says_counts() -> None:
    usage = Usage(
        prompt_tokens=260, cached_tokens=60, fill_tokens=11, read_seconds=2.0, write_seconds=0.5
    )
    assert read_rate(outcome(usage=usage)) == 100
    assert write_rate(outcome(usage=usage)) == 20


def test_where_it_says_nothing_the_clock_tells() -> None:
    assert read_rate(outcome(first_ms=2500, about=250)) == 100
    assert write_rate(outcome(first_ms=2500, total_ms=3000)) == 20


@pytest.mark.parametrize(
    "usage",
    [
        Usage(prompt_tokens=260, cached_tokens=258, read_seconds=0.1, fill_tokens=1),
        Usage(prompt_tokens=260, cached_tokens=260, read_seconds=0.1, write_seconds=0.1),
    ],
)
def test_of_next_to_nothing_no_rate_is_told(usage: Usage) -> None:
    assert read_rate(outcome(usage=usage)) is None
    assert write_rate(outcome(usage=usage)) is None


def test_a_fill_without_text_has_no_rates() -> None:
    nothing = outcome("", first_ms=None, usage=Usage(fill_tokens=9))
    assert read_rate(nothing) is None
    assert write_rate(nothing) is None


@pytest.mark.parametrize(
    ("rate", "shown"), [(94_500.4, "94,500"), (10.04, "10"), (9.96, "10.0"), (0.25, "0.2")]
)
def test_rates_as_people_read_them(rate: float, shown: str) -> None:
    assert rate_shown(rate) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(12.4, "12 s"), (9.94, "9.9 s"), (0.43, "0.4 s"), (0.041, "0.04 s"), (0.0, "0.01 s")],
)
def test_times_as_people_read_them(seconds: float, shown: str) -> None:
    assert seconds_shown(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-100, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (86400 * 3, "3 days ago"),
    ],
)
def test_how_long_ago(seconds: int, text: str) -> None:
    assert ago(seconds) == text
