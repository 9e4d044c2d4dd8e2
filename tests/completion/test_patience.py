"""How long an editor waits is learnt from when it gives up, and unlearnt."""

from __future__ import annotations

import math

import pytest

from infill_ls.completion.patience import MARGIN, TAKEN_FOR_GRANTED, EditorPatience


@pytest.fixture
def patience() -> EditorPatience:
    return EditorPatience()


def learn(patience: EditorPatience, after: float) -> None:
    patience.gave_up(after)
    patience.gave_up(after)
    assert patience.limit == after


def test_a_cancel_at_each_key_is_not_giving_up(patience: EditorPatience) -> None:
    for _ in range(5):
        patience.gave_up(0.13)
    assert patience.latency(1.0) == 1.0


def test_an_editor_that_gives_up_is_answered_before(patience: EditorPatience) -> None:
    patience.gave_up(0.3)
    patience.gave_up(0.752)
    assert patience.limit == math.inf
    assert patience.latency(1.0) == 1.0
    patience.gave_up(0.748)
    assert patience.latency(1.0) == pytest.approx(0.648)
    assert patience.latency(0.2) == 0.2


def test_two_cancels_that_are_not_as_late_as_each_other_say_nothing(
    patience: EditorPatience,
) -> None:
    for after in (0.6, 0.9, 0.6, 0.9):
        patience.gave_up(after)
    assert patience.limit == math.inf


def test_a_request_that_waited_for_longer_unlearns_it(patience: EditorPatience) -> None:
    learn(patience, 0.6)
    patience.waited(0.62)
    assert patience.limit == 0.6
    patience.waited(1.4)
    assert patience.latency(1.0) == 1.0


def test_a_cancel_that_came_later_unlearns_it(patience: EditorPatience) -> None:
    learn(patience, 0.6)
    patience.gave_up(2.0)
    assert patience.latency(1.0) == 1.0
    # And two of the kind are another limit.
    patience.gave_up(2.0)
    assert patience.latency(5.0) == 2.0 - MARGIN


def test_a_limit_that_is_never_seen_again_is_tried_out(patience: EditorPatience) -> None:
    """Whoever is always answered before the limit can't show that it has none any more."""
    learn(patience, 0.6)
    given = [patience.latency(1.0) for _ in range(2 * TAKEN_FOR_GRANTED + 2)]
    assert given.count(1.0) == 2
    assert given[TAKEN_FOR_GRANTED] == 1.0
    assert given[0] == given[-2] == 0.6 - MARGIN
    patience.waited(0.9)
    assert patience.limit == math.inf


def test_a_limit_that_holds_when_it_is_tried_out_is_kept(patience: EditorPatience) -> None:
    learn(patience, 0.75)
    while patience.latency(1.0) < 1.0:
        pass
    patience.gave_up(0.752)
    assert patience.latency(1.0) == pytest.approx(0.65)


def test_who_wants_less_than_the_limit_says_nothing_of_it(patience: EditorPatience) -> None:
    learn(patience, 0.6)
    assert {patience.latency(0.2) for _ in range(3 * TAKEN_FOR_GRANTED)} == {0.2}
