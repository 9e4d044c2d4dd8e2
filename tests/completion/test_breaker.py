"""An engine that has failed is left alone for a while that grows, and tried once then."""

from __future__ import annotations

import pytest

from infill_ls.completion.breaker import (
    LONGEST_SILENCE,
    LONGEST_WHILE,
    SHORTEST_WHILE,
    WORTH_COUNTING,
    WORTH_WAITING,
    Breaker,
    Silence,
    longest_silence,
)
from infill_ls.errors import (
    BadAnswer,
    Busy,
    CannotInsert,
    InfillError,
    NotRunning,
    Stalled,
    TooLong,
)


def failures(count: int) -> tuple[Breaker, float]:
    """A breaker after so many failures, each at the end of a while, and when the last one was."""
    breaker, now = Breaker(), 100.0
    for number in range(count):
        breaker.fails(NotRunning("gone"), now, of_call=False)
        if number < count - 1:
            now += breaker.left(now)
    return breaker, now


def test_all_is_well_at_first() -> None:
    breaker = Breaker()
    assert breaker.left(0.0) == 0
    assert breaker.refusal(0.0) is None
    assert breaker.error is None


@pytest.mark.parametrize(
    ("count", "seconds"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 16), (7, 30), (9, 30)]
)
def test_each_while_is_twice_as_long(count: int, seconds: float) -> None:
    breaker, now = failures(count)
    assert breaker.left(now) == seconds
    assert breaker.left(now + seconds) == 0


def test_who_comes_shortly_before_the_end_waits_for_it() -> None:
    breaker, now = failures(4)
    assert breaker.refusal(now) is None
    breaker, now = failures(5)
    assert breaker.refusal(now) is breaker.error
    assert isinstance(breaker.error, NotRunning)
    assert breaker.refusal(now + breaker.left(now) - WORTH_WAITING) is None


@pytest.mark.parametrize(
    ("asked", "seconds"), [(None, 0.5), (0.0, 0.5), (3.0, 3.0), (3600.0, LONGEST_WHILE)]
)
def test_a_busy_engine_says_when_it_has_time(asked: float | None, seconds: float) -> None:
    breaker, error = Breaker(), Busy("too much")
    error.retry_after = asked
    breaker.fails(error, 0.0, of_call=True)
    assert breaker.left(0.0) == seconds
    # The next while grows as if it had said nothing.
    breaker.fails(Busy("too much"), 100.0, of_call=True)
    assert breaker.left(100.0) == 2 * SHORTEST_WHILE


def test_one_failure_counts_once_for_all_who_waited() -> None:
    breaker, error = Breaker(), NotRunning("gone")
    for _ in range(5):
        breaker.fails(error, 1.0, of_call=True)
    assert breaker.left(1.0) == SHORTEST_WHILE
    breaker.fails(error, 2.0, of_call=True)
    assert breaker.left(2.0) == 2 * SHORTEST_WHILE


def test_a_prompt_that_is_too_long_says_nothing_of_the_engine() -> None:
    breaker = Breaker()
    breaker.fails(TooLong("too long"), 0.0, of_call=True)
    assert (breaker.left(0.0), breaker.error) == (0, None)


@pytest.mark.parametrize("error", [Stalled("silent"), BadAnswer("nonsense"), InfillError("other")])
def test_only_a_request_that_was_answered_ends_it(error: InfillError) -> None:
    breaker, now = failures(3)
    breaker.passes()
    assert (breaker.left(now), breaker.error) == (0, None)
    breaker.fails(error, now, of_call=True)
    assert breaker.left(now) == 4
    breaker.works()
    breaker.fails(BadAnswer("again"), now, of_call=True)
    assert breaker.left(now) == SHORTEST_WHILE


def test_who_asks_by_hand_ends_a_while_but_not_its_growth() -> None:
    breaker, now = failures(3)
    breaker.forgive()
    assert breaker.left(now) == 0
    # What has failed is still to be tried.
    assert breaker.error is not None
    breaker.fails(NotRunning("still gone"), now, of_call=False)
    assert breaker.left(now) == 4


def test_what_a_call_has_broken_only_a_call_can_mend() -> None:
    breaker = Breaker()
    breaker.fails(BadAnswer("nonsense"), 0.0, of_call=True)
    breaker.fails(NotRunning("gone"), 1.0, of_call=False)
    assert breaker.of_call
    breaker.passes()
    breaker.fails(NotRunning("gone"), 9.0, of_call=False)
    assert not breaker.of_call
    # Such a model isn't called.
    breaker.fails(CannotInsert("made to chat"), 99.0, of_call=True)
    assert not breaker.of_call


@pytest.mark.parametrize(
    ("tokens", "read", "written", "seconds"),
    [
        # Half a prompt of the shortest budget, at any rate.
        (100, 5000, False, LONGEST_SILENCE),
        (100, 45, False, LONGEST_SILENCE),
        # What a GPU has read may be read by a few cores now.
        (2048, 300, False, 2048 / 15),
        # A GPU is not waited for as long as that would take.
        (2048, 5000, False, 60),
        # On two cores: 30 s for what takes 10.
        (450, 45, False, 30),
        # Nobody knows how fast it is: 4,000 tokens on first contact.
        (100, None, False, 30),
        (4000, None, False, 800),
        # A model that writes is heard every second.
        (4000, None, True, LONGEST_SILENCE),
        (4000, 20, True, LONGEST_SILENCE),
    ],
)
def test_how_long_an_engine_may_be_silent(
    tokens: float, read: float | None, written: bool, seconds: float
) -> None:
    assert longest_silence(tokens, read, written=written) == pytest.approx(seconds)


def test_silences_add_up_until_the_engine_speaks() -> None:
    silence = Silence()
    silence.closed(WORTH_COUNTING - 0.1, written=False)
    assert silence.before(written=False) == 0
    silence.closed(5.0, written=False)
    silence.closed(6.0, written=False)
    assert (silence.before(written=False), silence.before(written=True)) == (11, 0)
    silence.heard()
    assert silence.before(written=False) == 0
    # One that begins each time and then stops is not healed by another beginning.
    silence.closed(5.0, written=True)
    silence.heard()
    assert silence.before(written=True) == 5
    silence.over()
    assert silence.before(written=True) == 0


def test_a_trial_may_last_longer_after_each_that_was_silent() -> None:
    breaker = Breaker()
    breaker.fails(BadAnswer("broke off"), 0.0, of_call=True)
    assert breaker.trial_limit == LONGEST_SILENCE
    limits = []
    for time in range(100, 800, 100):
        breaker.fails(Stalled("silent"), float(time), of_call=True)
        limits.append(breaker.trial_limit)
    assert limits == [16, 32, 64, 120, 120, 120, 120]
    breaker.works()
    assert breaker.trial_limit == LONGEST_SILENCE
