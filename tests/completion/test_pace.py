"""How soon after a key the engine is asked, and for how much."""

from __future__ import annotations

import pytest

from holes import at
from infill_ls.completion.pace import (
    FAST,
    LESS_AFTER,
    LONGEST,
    LONGEST_FOR_COST,
    USUAL_PAUSE,
    Pace,
    Pacing,
)
from infill_ls.engines.rates import Rates

URI = "file:///a.py"
TWO_CORES, LAPTOP, GPU = Rates(90, 17), Rates(400, 45), Rates(5000, 120)
HERE = at("total = █\n")


def shown(fill: str, before: str = "total = ") -> Pacing:
    pacing = Pacing()
    pacing.look(URI, at(f"{before}█\n"))
    pacing.show(URI, at(f"{before}█\n"), fill)
    return pacing


def missed(times: int) -> Pacing:
    pacing = Pacing()
    pacing.look(URI, HERE)
    for _ in range(times):
        pacing.missed()
    return pacing


def test_the_engine_is_asked_the_sooner_the_less_it_costs() -> None:
    pauses = [Pacing().at(URI, HERE, rates).pause for rates in (GPU, LAPTOP, TWO_CORES)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 0.05
    assert pauses[-1] == LONGEST_FOR_COST
    assert Pacing().at(URI, HERE, Rates()).pause == USUAL_PAUSE


@pytest.mark.parametrize("rates", [GPU, LAPTOP, TWO_CORES, Rates()])
def test_each_call_of_no_use_makes_the_pause_longer(rates: Rates) -> None:
    pauses = [missed(times).at(URI, HERE, rates).pause for times in range(12)]
    assert pauses == sorted(pauses)
    assert pauses[1] > pauses[0]
    assert pauses[-1] == LONGEST


@pytest.mark.parametrize("text", ["█\n", "def f():\n    █\n", "x = 1\n█"])
def test_at_the_start_of_a_line_the_engine_is_asked_as_soon_as_ever(text: str) -> None:
    hole = at(text)
    assert missed(12).at(URI, hole, GPU).pause == Pacing().at(URI, hole, GPU).pause


def test_more_is_asked_for_where_writing_is_fast_and_less_where_it_was_of_no_use() -> None:
    assert Pacing().at(URI, HERE, GPU).extent == "more"
    assert Pacing().at(URI, HERE, Rates(5000, FAST - 1)).extent == "usual"
    assert Pacing().at(URI, HERE, Rates()).extent == "usual"
    assert missed(1).at(URI, HERE, GPU).extent == "usual"
    assert missed(LESS_AFTER).at(URI, HERE, GPU).extent == "less"
    assert missed(LESS_AFTER).at(URI, HERE, TWO_CORES).extent == "less"
    assert Pace().extent == "usual"


@pytest.mark.parametrize(
    ("fill", "typed", "misses"),
    [
        ("sum(values)", "m", 1),
        ("sum(values)", "su", 0),
        ("sum(values)", "sux", 1),
        # Of use up to there.
        ("sum(values)", "sum(x", 0),
        # All of it.
        ("x", "x", 0),
        ("x", "x + 1", 0),
        ("sum(values)", "", 0),
    ],
)
def test_what_is_typed_tells_what_a_fill_was_worth(fill: str, typed: str, misses: int) -> None:
    pacing = shown(fill)
    pacing.look(URI, at(f"total = {typed}█\n"))
    assert pacing.misses == misses
    # It is known once.
    pacing.look(URI, at(f"total = {typed}q█\n"))
    pacing.look(URI, at(f"total = {typed}qq█\n"))
    assert pacing.misses == (misses or int(len(typed) < min(4, len(fill))))


def test_typing_along_makes_up_for_what_was_of_no_use() -> None:
    pacing = shown("sum(values)")
    for _ in range(5):
        pacing.missed()
    for typed in ("s", "su", "sum"):
        pacing.look(URI, at(f"total = {typed}█\n"))
        pacing.show(URI, at(f"total = {typed}█\n"), "sum(values)"[len(typed) :])
        assert pacing.misses == 5
    pacing.look(URI, at("total = sum(█\n"))
    assert pacing.misses == 0


def test_another_fill_in_its_place_is_followed_from_where_it_is_shown() -> None:
    pacing = shown("sum(values)")
    pacing.look(URI, at("total = m█\n"))
    pacing.show(URI, at("total = m█\n"), "ax(values)")
    pacing.look(URI, at("total = max(v█\n"))
    assert pacing.misses == 0


def test_accepting_makes_up_for_what_was_of_no_use() -> None:
    pacing = missed(5)
    pacing.accepted()
    assert pacing.misses == 0


@pytest.mark.parametrize(
    ("uri", "text"),
    [("file:///b.py", "total = █\n"), (URI, "a\nb\ntotal = █\n"), ("file:///b.py", "█")],
)
def test_what_was_of_no_use_elsewhere_does_not_count_here(uri: str, text: str) -> None:
    pacing = shown("sum(values)")
    pacing.missed()
    pacing.look(uri, at(text))
    assert pacing.misses == 0


def test_on_the_next_line_it_still_counts() -> None:
    pacing = shown("sum(values)")
    for _ in range(3):
        pacing.missed()
    pacing.look(URI, at("total = 3\n█\n"))
    assert pacing.misses == 4


def test_what_is_taken_back_tells_nothing() -> None:
    pacing = shown("sum(values)", "total = m")
    pacing.look(URI, at("total = █\n"))
    pacing.look(URI, at("total = q█\n"))
    assert pacing.misses == 0
