"""How fast an engine is: what is learnt of its calls, and in virtual time beside an engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

import pytest

from bench.desk import Desk
from bench.simulated_engine import Profile, Says, SimulatedEngine
from bench.world import SOURCES, pieces
from fake_ollama import FakeOllama
from holes import at
from infill_ls.completion.completer import Completer
from infill_ls.completion.generation import Generation
from infill_ls.editors import AUTOMATIC_WAIT
from infill_ls.engines import connect
from infill_ls.engines.calls import Call
from infill_ls.engines.engine import Chunk, Engine
from infill_ls.engines.measurements import NARROW
from infill_ls.engines.rates import (
    COLD_READ,
    CONTEXT_STEPS,
    CONTEXT_TOKENS,
    FIRST_RAISE,
    SILENCE,
    SLOWEST_USEFUL_READ,
    SLOWEST_WRITE,
    TOO_LATE,
    TYPICAL_CHARACTERS_PER_TOKEN,
    Rates,
    context_tokens,
)
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import BadAnswer
from infill_ls.prompt.build import Request
from infill_ls.settings import Settings

EVERY_WAY: Sequence[Says] = ("timings", "all", "read", "nothing")
WRITES: dict[float, float] = {20: 8, 30: 10, 400: 45, 5000: 120}


def text(name: str, tokens: float) -> str:
    """A prompt of so many tokens; those with another name begin with something else."""
    return (f"{name} " * 10_000)[: round(tokens * TYPICAL_CHARACTERS_PER_TOKEN)]


@dataclass
class Clock:
    """Gives an engine's calls, one after the other, to rates that know it to be loaded."""

    rates: Rates = field(default_factory=Rates)
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.rates.ready(self.now)

    def call(self, prompt: str, seconds: float, *, closed: bool = False, after: float = 0) -> Call:
        """A call that wrote after so many seconds, or was closed; it came so long after the last.

        What it wrote is too little to be a measurement.
        """
        asked = self.now + after
        self.now = asked + seconds
        first = None if closed else self.now
        return Call(prompt, "" if closed else "x", asked, first, self.now, self.now, not closed)

    def read(self, prompt: str, seconds: float, *, closed: bool = False, after: float = 0) -> None:
        self.rates.take(self.call(prompt, seconds, closed=closed, after=after))


def settled(read: float) -> int:
    """The budget that an engine should get."""
    return max((step for step in CONTEXT_STEPS if step <= read * COLD_READ), default=192)


# What counts as a measurement


def test_the_first_big_read_teaches() -> None:
    clock = Clock()
    clock.read(text("a", 200), 0.05)
    assert clock.rates.read == pytest.approx(4000, rel=0.01)


def test_nothing_is_known_before() -> None:
    rates = Rates()
    assert (rates.read, rates.write, rates.kept) == (None, None, (None, None))
    assert rates.budget == CONTEXT_TOKENS


def test_the_budget_is_the_users_or_what_is_read_in_time() -> None:
    assert context_tokens(1000, Rates(read=3000)) == context_tokens(1000) == 1000
    assert context_tokens("auto") == CONTEXT_TOKENS
    assert context_tokens("auto", Rates(read=3000)) == 2048


def test_a_return_to_a_prompt_is_no_reading() -> None:
    clock = Clock()
    for name in "abc":
        clock.read(text(name, 200), 2.0)
    # The engine has them in its memory, and reads some tokens of each.
    for name in "abcabc":
        clock.read(text(name, 200) + text("more", 10), 0.1)
    assert clock.rates.read == pytest.approx(100, rel=0.01)


def test_a_return_to_a_prompt_that_the_engine_has_forgotten_is_no_slow_reading() -> None:
    clock = Clock()
    for name in "abc":
        clock.read(text(name, 200), 2.0)
    for name in "abcabc":
        clock.read(text(name, 200) + text("more", 60), 2.6)
    assert clock.rates.read == pytest.approx(100, rel=0.01)


def test_what_was_written_is_not_read_again() -> None:
    clock = Clock()
    call = clock.call(text("a", 200), 2.0)
    written = text("written", 200)
    clock.rates.take(replace(call, written=written))
    call = replace(clock.call(call.prompt + written, 0.01), written=written)
    clock.rates.take(call)
    clock.read(call.prompt + written, 0.01)
    assert clock.rates.read == pytest.approx(100, rel=0.01)


def test_what_is_shorter_says_nothing() -> None:
    clock = Clock()
    clock.read(text("a", 40), 2.0)
    assert clock.rates.read is None


def test_the_engines_own_figures_count() -> None:
    clock = Clock()
    call = clock.call(text("a", 200), 60.0)
    # It waited, loaded, and read 60 tokens of 180.
    clock.rates.take(replace(call, prompt_tokens=180, cached_tokens=120, read_seconds=2.0))
    assert clock.rates.read == pytest.approx(30)


@pytest.mark.parametrize("counted", [180, 60])
def test_a_count_without_the_cache_is_of_all_or_of_what_was_read(counted: int) -> None:
    clock = Clock()
    start = text("a", 120)
    first = clock.call(start, 4.0)
    clock.rates.take(replace(first, prompt_tokens=120, read_seconds=4.0))
    second = clock.call(start + text("b", 60), 2.0)
    clock.rates.take(replace(second, prompt_tokens=counted, read_seconds=2.0))
    assert clock.rates.kept[0] == pytest.approx(30, rel=0.05)


def test_a_count_tells_how_much_was_not_read_where_nobody_knows() -> None:
    clock = Clock()
    first = clock.call(text("a", 120), 4.0)
    clock.rates.take(replace(first, prompt_tokens=120, read_seconds=4.0))
    clock.read(text("b", 120), 0.1, closed=True)
    second = clock.call(text("a", 120) + text("c", 60), 2.0)
    clock.rates.take(replace(second, prompt_tokens=60, read_seconds=2.0))
    assert clock.rates.kept[0] == pytest.approx(30, rel=0.05)


def test_a_count_of_what_was_read_tells_nothing_of_how_long_tokens_are() -> None:
    clock = Clock()
    start = text("a", 60)
    clock.rates.take(replace(clock.call(start, 2.0), prompt_tokens=60, read_seconds=2.0))
    more = clock.call(start + text("b", 120), 4.0)
    clock.rates.take(replace(more, prompt_tokens=120, read_seconds=4.0))
    for name in "cd":
        clock.read(text(name, 200), 200 / 30)
    assert clock.rates.read == pytest.approx(30, rel=0.05)


def test_an_engines_count_tells_how_long_its_tokens_are() -> None:
    clock = Clock()
    prompt = text("a", 200)
    counted = len(prompt) // 3
    clock.rates.take(replace(clock.call(prompt, 2.0), prompt_tokens=counted))
    clock.read(text("b", 200), counted / 50)
    assert clock.rates.read == pytest.approx(50, rel=0.01)


def test_a_count_of_a_prompt_that_was_cut_off_tells_nothing_of_them() -> None:
    clock = Clock()
    clock.rates.take(replace(clock.call(text("a", 1000), 2.0), prompt_tokens=300))
    clock.read(text("b", 200), 4.0)
    assert clock.rates.read == pytest.approx(50, rel=0.01)


def test_the_first_token_is_written_and_not_read() -> None:
    clock = Clock(Rates(write=10))
    clock.read(text("a", 200), 2.1)
    assert clock.rates.read == pytest.approx(100, rel=0.01)


def test_writing_is_measured_between_the_first_piece_and_the_last() -> None:
    clock = Clock()
    call = clock.call("a", 1.0)
    clock.rates.take(replace(call, last=call.last + 1, pieces=5))
    assert clock.rates.write is None
    clock.rates.take(replace(call, last=call.last + 1, pieces=11))
    assert clock.rates.write == pytest.approx(10)
    clock.rates.take(replace(call, pieces=11, fill_tokens=41, write_seconds=2.0))
    clock.rates.take(replace(call, pieces=11, fill_tokens=41, write_seconds=2.0))
    assert clock.rates.write == pytest.approx(20)


# A load


def test_a_load_is_no_reading() -> None:
    clock = Clock()
    clock.read(text("a", 200), 0.1)
    clock.read(text("b", 200), 0.1)
    clock.read(text("c", 200), 60.0, after=SILENCE + 1)
    assert clock.rates.read == pytest.approx(2000, rel=0.01)
    assert clock.rates.budget == settled(2000)


def test_a_call_that_was_closed_while_it_loaded_is_none() -> None:
    clock = Clock()
    clock.read(text("a", 200), 0.1)
    clock.read(text("b", 200), 0.1)
    clock.read(text("c", 200), 60.0, closed=True, after=SILENCE + 1)
    clock.read(text("c", 200), 60.0, closed=True)
    assert clock.rates.budget == settled(2000)


def test_a_load_at_the_start_is_soon_forgotten() -> None:
    rates = Rates()
    clock = Clock()
    clock.rates = rates
    clock.read(text("a", 200), 10.0)
    assert rates.kept == (None, None)
    assert rates.budget == CONTEXT_TOKENS
    clock.read(text("b", 200), 1.0)
    clock.read(text("c", 200), 1.0)
    assert rates.read == pytest.approx(200, rel=0.01)
    assert rates.budget == settled(200)


def test_after_a_load_that_is_known_nothing_is_surely_there() -> None:
    clock = Clock(Rates(read=100))
    for name in "ab":
        clock.read(text(name, 200), 2.0)
        clock.rates.ready(clock.now, anew=True)
        clock.read(text(name, 200) + text("more", 60), 2.6)
        assert clock.rates.read == pytest.approx(100, rel=0.01)


def test_after_a_load_nothing_is_surely_there() -> None:
    clock = Clock(Rates(read=100))
    for name in "ab":
        clock.read(text(name, 200), 2.0)
        call = clock.call(text(name, 200) + text("more", 60), 2.6, after=SILENCE + 1)
        clock.rates.take(replace(call, read_seconds=2.6))
        assert clock.rates.read == pytest.approx(100, rel=0.01)


# Closed calls


def test_a_call_that_was_closed_tells_what_was_not_read_in_that_time() -> None:
    clock = Clock(Rates(read=400))
    clock.read(text("a", 200), 0.4, closed=True)
    assert clock.rates.read == 400
    for name in "bc":
        clock.read(text(name, 200), 4.0, closed=True, after=60)
        clock.read(text(name, 200), 4.0)
    assert clock.rates.read is not None
    assert clock.rates.read <= 50 * NARROW


def test_a_prompt_that_was_closed_at_first_is_read_from_then_on() -> None:
    """A key comes soon after the one before it; the engine reads on where it was."""
    clock = Clock()
    start = text("a", 200)
    clock.read(start, 0.13, closed=True)
    clock.read(start + "b", 0.13, closed=True)
    clock.read(start + "bc", 1.74)
    assert clock.rates.read == pytest.approx(100, rel=0.15)


def test_the_calls_in_which_a_prompt_was_read_count_together() -> None:
    clock = Clock(Rates(read=200))
    for name in "abc":
        clock.read(text(name, 200), 0.8, closed=True)
        clock.read(text(name, 200) + "b", 0.5)
    assert clock.rates.read == pytest.approx(200 / 1.3, rel=0.1)


def test_also_keys_that_come_fast() -> None:
    clock = Clock(Rates(read=120))
    for name in "abc":
        for keys in ("", "x", "xy"):
            clock.read(text(name, 200) + keys, 0.5, closed=True)
        clock.read(text(name, 200) + "xyz", 0.5)
    assert clock.rates.read == pytest.approx(100, rel=0.05)


def test_a_prompt_that_was_left_for_a_while_says_nothing() -> None:
    """It may have been read in the meantime, and need not have been."""
    clock = Clock(Rates(read=120))
    for name in "abc":
        clock.read(text(name, 200), 0.5, closed=True)
        clock.read(text(name, 200) + "x", 0.5, after=60)
    assert clock.rates.read == 120


def test_calls_that_were_closed_while_one_prompt_was_read_are_one_measurement() -> None:
    clock = Clock(Rates(read=400))
    for keys in range(12):
        clock.read(text("a", 200) + "x" * keys, 0.7, closed=True)
    assert clock.rates.read == 400
    # Another prompt is another one.
    for keys in range(2):
        clock.read(text("b", 200) + "x" * keys, 4.0, closed=True)
    assert clock.rates.read is not None
    assert clock.rates.read <= 200 / 7


def test_an_engine_that_never_answers_gets_shorter_prompts_until_it_reads_again() -> None:
    clock = Clock(Rates(read=1000))
    for keys in range(4):
        clock.read(text("a", 1700) + "x" * keys, 6.0, closed=True)
    assert clock.rates.budget == settled(1700 / 18)  # by the third
    clock.read(text("b", 300), 0.3)
    assert clock.rates.budget == settled(1000)


def test_a_key_after_a_prompt_that_was_read_whole_is_no_reading() -> None:
    clock = Clock(Rates(read=100))
    for name in "abc":
        clock.read(text(name, 200), 2.0)
        clock.read(text(name, 200) + "x", 0.1, closed=True)
        clock.read(text(name, 200) + "xy", 0.1)
    assert clock.rates.read == pytest.approx(100, rel=0.01)


def test_what_may_have_been_there_teaches_nothing() -> None:
    clock = Clock()
    clock.read(text("a", 40), 0.4)
    clock.read(text("b", 200), 0.1, closed=True)
    clock.read(text("a", 40) + text("c", 60), 1.0)
    assert clock.rates.read is None


def test_a_thousand_keys_at_one_place_are_one_prompt() -> None:
    clock = Clock()
    for name in "abc":
        clock.read(text(name, 200), 2.0)
    for length in range(1000):
        clock.read(text("d", 20) + "x" * length, 0.1)
    for name in "abc":
        clock.read(text(name, 200) + "x", 0.1)
    assert clock.rates.read == pytest.approx(100, rel=0.01)


def test_what_the_engine_still_reads_for_nobody_is_no_slow_reading() -> None:
    clock = Clock(Rates(read=400))
    for name in "abc":
        clock.read(text(name, 700), 0.1, closed=True)
        # A batch can't be broken off.
        clock.read(text(name.upper(), 200), 1.65 + 0.5)
    assert clock.rates.read == 400


# Several measurements


def test_one_that_was_spoilt_changes_nothing() -> None:
    clock = Clock()
    for name, rate in zip("abcd", (100, 102, 47, 98), strict=True):
        clock.read(text(name, 200), 200 / rate)
    assert clock.rates.read == pytest.approx(98, rel=0.01)


def test_two_tell_another_machine() -> None:
    clock = Clock(Rates(read=400))
    for name, rate in zip("ab", (90, 95), strict=True):
        clock.read(text(name, 200), 200 / rate)
    assert clock.rates.read == pytest.approx(95, rel=0.01)


def test_one_lucky_measurement_does_not_raise_the_budget_but_for_a_first_step() -> None:
    clock = Clock()
    clock.read(text("a", 200), 0.01)
    assert clock.rates.budget == FIRST_RAISE
    for name in "bcd":
        clock.read(text(name, 200), 200 / 30)
    assert clock.rates.budget == settled(30)
    clock.read(text("e", 200), 0.01)
    assert clock.rates.read == pytest.approx(30, rel=0.01)
    assert clock.rates.budget == settled(30)


@pytest.mark.parametrize("read", [20, 90, 160, 400, 3000])
def test_the_budget_is_there_after_two(read: float) -> None:
    clock = Clock()
    for name in "ab":
        clock.read(text(name, 150), 150 / read)
    assert clock.rates.budget == settled(read)


def test_two_calls_that_came_too_late_cut_the_budget() -> None:
    clock = Clock(Rates(read=1000))
    assert clock.rates.budget == settled(1000)
    for name in "ab":
        assert clock.rates.budget == settled(1000)
        clock.read(text(name, 1700), 1.9 * TOO_LATE)
    assert clock.rates.budget == settled(1700 / (1.9 * TOO_LATE))


def said(call: Call, seconds: float, tokens: int) -> Call:
    """With the engine's own figures."""
    return replace(call, prompt_tokens=tokens, read_seconds=seconds)


def test_one_does_by_the_engines_own_clock() -> None:
    clock = Clock(Rates(read=1000))
    clock.rates.take(said(clock.call(text("a", 1700), 40.0), 10.0, 1700))
    assert clock.rates.budget == settled(170)
    assert clock.rates.kept[0] == pytest.approx(170, rel=0.01)
    # It is not raised again on one measurement.
    clock.read(text("b", 200), 0.2, after=30)
    assert clock.rates.budget == settled(170)
    clock.read(text("c", 200), 0.2)
    assert clock.rates.budget == settled(1000)


def test_also_a_budget_that_is_not_far_too_large() -> None:
    """A prompt that goes on with the one before it may be longer than the budget."""
    clock = Clock(Rates(read=200))
    clock.read(text("b", 200), 1.0)
    assert clock.rates.budget == settled(200)
    late = TOO_LATE + 0.1
    clock.rates.take(said(clock.call(text("a", 460), late), late, 460))
    assert clock.rates.budget == settled(460 / late)


# What else was going on


def written(call: Call, pace: float, tokens: int = 21) -> Call:
    """A call that has written so many tokens, so many a second."""
    last = call.last + (tokens - 1) / pace
    return replace(call, last=last, ended=last, pieces=tokens)


def test_a_call_that_writes_too_fast_was_not_reading_all_the_time() -> None:
    clock = Clock(Rates(read=4000))
    for name in "abc":
        clock.rates.take(written(clock.call(text(name, 1700), 20.0), 100))
        clock.now += 1
    assert clock.rates.read == 4000
    assert clock.rates.budget == settled(4000)


def measured(read: float, pace: float) -> Clock:
    """With rates that were measured in this session."""
    clock = Clock()
    for name in "xyz":
        clock.rates.take(written(clock.call(text(name, 1700), 1700 / read + 1 / pace), pace))
        clock.now += 1
    assert clock.rates.read == pytest.approx(read, rel=0.01)
    return clock


def test_nor_was_one_that_writes_as_ever() -> None:
    clock = measured(4000, 60)
    for name in "ab":
        clock.rates.take(written(clock.call(text(name, 1700), 10.0), 60))
        clock.now += 1
    assert clock.rates.budget == settled(4000)
    # But if that goes on, it is what there is.
    for name in "cd":
        clock.rates.take(written(clock.call(text(name, 1700), 10.0), 60))
        clock.now += 1
    assert clock.rates.budget == settled(1700 / 10)


def test_one_that_writes_more_slowly_too_was() -> None:
    clock = measured(4000, 100)
    for name in "ab":
        clock.rates.take(written(clock.call(text(name, 1700), 10.0), 50))
        clock.now += 1
    assert clock.rates.budget == settled(1700 / 10)


def test_what_is_read_faster_than_anything_was_in_the_engines_memory() -> None:
    clock = Clock(Rates(read=90, write=17))
    for name in "abc":
        clock.read(text(name, 200), 0.07)
    assert clock.rates.read == 90
    assert clock.rates.budget == settled(90)


def test_an_engine_that_reads_nothing_shows_by_its_writing_that_it_is_fast() -> None:
    clock = Clock()
    clock.rates.take(written(clock.call(text("a", 20), 0.1), 120))
    assert clock.rates.read is None
    assert clock.rates.budget == FIRST_RAISE
    # The larger prompt is read, and is a measurement; the next one settles it.
    clock.read(text("b", 400), 0.1, after=1)
    assert clock.rates.budget == 1024
    clock.read(text("c", 700), 0.15)
    assert clock.rates.budget == settled(4000)


def test_a_slow_writer_is_no_slow_reader() -> None:
    clock = Clock()
    clock.rates.take(written(clock.call(text("a", 20), 0.1), 4))
    assert clock.rates.budget == CONTEXT_TOKENS


def test_after_a_load_that_the_engine_tells_of_nothing_is_surely_there() -> None:
    clock = Clock(Rates(read=100))
    for name in "ab":
        clock.read(text(name, 200), 2.0)
        call = clock.call(text(name, 200) + text("more", 60), 30.0)
        clock.rates.take(replace(call, read_seconds=2.6, load_seconds=27.0))
        assert clock.rates.read == pytest.approx(100, rel=0.01)


def test_a_load_that_the_engine_tells_of_is_no_reading() -> None:
    clock = Clock(Rates(read=100))
    for name in "abc":
        clock.rates.take(replace(clock.call(text(name, 200), 32.0), load_seconds=30.0))
    assert clock.rates.read == pytest.approx(100, rel=0.01)


# What a call costs


def test_the_overhead_is_the_time_to_the_first_piece_with_nothing_to_read() -> None:
    clock = Clock(Rates(read=100))
    clock.read(text("a", 200), 2.3)
    assert clock.rates.overhead is None
    for keys in ("x", "xy", "xyz"):
        clock.read(text("a", 200) + "x" + keys, 0.3)
    assert clock.rates.overhead == pytest.approx(0.3, abs=0.02)
    clock.read(text("b", 200), 2.3)
    clock.read(text("c", 200), 2.3)
    assert clock.rates.read == pytest.approx(100, rel=0.02)


def test_or_what_the_engine_did_not_read_in() -> None:
    clock = Clock()
    clock.rates.take(replace(clock.call(text("a", 200), 2.3), read_seconds=2.0))
    assert clock.rates.overhead == pytest.approx(0.3)
    # More than there was is nonsense.
    for name in "bcd":
        clock.rates.take(replace(clock.call(text(name, 200), 2.3), read_seconds=4.0))
    assert clock.rates.overhead == pytest.approx(0.3)


def test_an_overhead_is_not_learnt_from_a_call_that_waited() -> None:
    clock = Clock(Rates(read=100))
    clock.read(text("a", 700), 0.1, closed=True)
    clock.read("short", 5.0)
    assert clock.rates.overhead is None


def test_what_a_call_costs() -> None:
    clock = Clock(Rates(read=100, write=10))
    assert Rates(read=100).costs(50, 11) is None
    assert clock.rates.costs(50, 11) == pytest.approx(0.5 + 1.0)
    clock.read("a", 0.3)
    overhead = clock.rates.overhead
    assert overhead is not None
    assert clock.rates.costs(0, 0) == overhead
    assert clock.rates.costs(50, 11) == pytest.approx(overhead + 0.5 + 1.0)
    # Nothing was measured of its reading.
    clock = Clock(Rates(write=10))
    clock.read("a", 0.3)
    overhead = clock.rates.overhead
    assert overhead is not None
    assert clock.rates.costs(50, 0) == pytest.approx(overhead + 2.5)


def test_the_budget_stays_while_the_rates_waver() -> None:
    clock = Clock(Rates(read=400))
    for number, rate in enumerate((200, 200, 700, 700, 160, 160, 900, 900)):
        clock.read(text(f"{number}", 200), 200 / rate)
        assert clock.rates.budget == settled(400)
    for name in "ab":
        clock.read(text(name, 200), 200 / 60)
    assert clock.rates.budget == settled(60)


def test_what_was_measured_before_is_the_budget_of_the_start() -> None:
    assert Rates(read=400).budget == settled(400)
    assert Rates(write=10).budget == CONTEXT_TOKENS


# What is kept


def test_what_was_measured_once_is_not_kept() -> None:
    clock = Clock()
    clock.read(text("a", 200), 0.1)
    assert clock.rates.kept == (None, None)
    clock.read(text("b", 200), 4.0)
    assert clock.rates.kept[0] == pytest.approx(50, rel=0.01)


def test_an_engine_that_is_connected_to_anew_may_have_its_old_prompts() -> None:
    clock = Clock(Rates(read=30))
    for name in "abc":
        clock.read(text(name, 200), 200 / 30)
    again = Rates(read=30)
    again.follow(clock.rates)
    clock.rates = again
    again.ready(clock.now)
    for name in "abc":
        clock.read(text(name, 200) + "x", 0.05)
    assert again.read == 30


def test_nor_need_it_have_them() -> None:
    clock = Clock(Rates(read=1000))
    clock.read(text("a", 500), 0.5)
    again = Rates()
    again.follow(clock.rates)
    clock.rates = again
    again.ready(clock.now)
    # Sixty tokens are new, and five hundred more may be read.
    clock.read(text("a", 500) + text("b", 60), 0.6)
    assert again.read is None


# In virtual time, with the completer


@dataclass
class Simulated(Desk):
    """With an engine of known speed."""

    engine: SimulatedEngine = field(kw_only=True)

    @property
    def true_read(self) -> float:
        """Tokens/s as they are reckoned where the engine doesn't count."""
        whole = "".join("".join(lines) for lines in self.lines)
        return (
            self.engine.profile.read
            * len(whole)
            / len(pieces(whole))
            / TYPICAL_CHARACTERS_PER_TOKEN
        )

    def reads_rightly(self) -> bool:
        learnt = self.completer.connection.rates.read
        return learnt is not None and self.true_read / 1.3 <= learnt <= self.true_read * 1.3

    def has_its_budget(self) -> bool:
        lowest, highest = settled(self.true_read / 1.3), settled(self.true_read * 1.3)
        return lowest <= self.completer.connection.rates.budget <= highest


def desk(
    read: float, says: Says, rates_file: RatesFile | None = None, *, speculates: bool = True
) -> Simulated:
    profile = Profile("", read, WRITES.get(read, read / 5))
    engine = SimulatedEngine(profile, lambda _: iter(pieces("compute(value, other)\n")), says=says)

    async def connect(_: Settings) -> Engine:
        return engine

    settings = Settings(headers={}, engine="ollama")
    completer = Completer(connect, settings, rates_file, speculates=speculates)
    return Simulated(completer, engine=engine)


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("says", EVERY_WAY)
@pytest.mark.parametrize("read", [20, 30, 400, 5000])
async def test_three_files_in_turn(read: float, says: Says) -> None:
    one = desk(read, says)
    for visit in range(12):
        answer = await one.visit(visit % 3)
        assert one.reads_rightly(), one.completer.connection.rates.read
        if visit >= 2:
            assert one.has_its_budget(), one.completer.connection.rates.budget
            # Or the shortest prompt is read for longer than a request waits.
            in_time = CONTEXT_STEPS[0] / read < AUTOMATIC_WAIT
            assert answer.reason in (("fill",) if in_time else ("fill", "slow"))
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("says", EVERY_WAY)
@pytest.mark.parametrize(("known", "read"), [(5000, 30), (400, 20), (20, 400), (30, 5000)])
async def test_a_machine_that_is_another_one_now(
    tmp_path: Path, known: float, read: float, says: Says
) -> None:
    """On battery, or no longer; or what was kept is wrong."""
    rates_file = RatesFile(tmp_path / "rates.json")
    key = RatesFile.key("ollama", Settings().engine_url, "qwen2.5-coder:1.5b")
    rates_file.save(key, Rates(read=known, write=10))
    one = desk(read, says, rates_file)
    await one.completer.connection.warm()
    for visit in range(3):
        await one.visit(visit)
    assert one.has_its_budget(), one.completer.connection.rates.budget
    assert one.reads_rightly(), one.completer.connection.rates.read
    await one.completer.aclose()
    kept = rates_file.load(key).read
    assert kept is not None
    assert one.true_read / 1.3 <= kept <= one.true_read * 1.3


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("says", EVERY_WAY)
async def test_a_machine_that_becomes_slow_meanwhile(says: Says) -> None:
    one = desk(400, says)
    for visit in range(3):
        await one.visit(visit)
    assert one.has_its_budget(), one.completer.connection.rates.budget
    one.engine.profile = replace(one.engine.profile, read=40, write=8)
    for visit in range(3):
        await one.visit(visit, 60)
    assert one.has_its_budget(), one.completer.connection.rates.budget
    assert one.reads_rightly()
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
async def test_new_settings_do_not_make_the_engine_forget(tmp_path: Path) -> None:
    one = desk(30, "nothing", RatesFile(tmp_path / "rates.json"), speculates=False)
    for visit in range(6):
        await one.visit(visit % 3)
    await one.completer.reconfigure(one.completer.settings)
    await one.completer.connection.warm()
    for visit in range(6):
        await one.visit(visit % 3)
        assert one.reads_rightly()
        assert one.has_its_budget(), one.completer.connection.rates.budget
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
async def test_a_call_that_is_closed_while_it_is_read_is_learnt_from() -> None:
    one = desk(10, "nothing")
    await one.completer.connection.warm()
    asked = asyncio.create_task(one.visit(0))
    await asyncio.sleep(8)
    one.completer.close_document("file:///0.py")
    await asked
    assert one.completer.connection.rates.read is not None
    assert one.completer.connection.rates.budget == settled(10)
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
async def test_a_model_that_writes_nothing_has_read_all_the_same() -> None:
    one = desk(400, "nothing")
    one.engine.continuation = lambda _: iter(())
    await one.completer.connection.warm()
    for visit in range(3):
        await one.visit(visit)
    assert one.reads_rightly()
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
async def test_a_call_that_fails_teaches_nothing() -> None:
    """An engine that breaks off a load after a while was not reading."""
    one = desk(400, "nothing")
    await one.completer.connection.warm()
    for visit in range(3):
        await one.visit(visit)
    budget = one.completer.connection.rates.budget

    async def failing(_: Request) -> AsyncGenerator[Chunk]:
        await asyncio.sleep(7.0)  # and before the request is given up
        raise BadAnswer("It broke.", "")
        yield

    with patch.object(one.engine, "generate", failing):
        for visit in range(3):
            assert (await one.visit(visit, 60)).reason == "bad answer"
    assert one.reads_rightly()
    assert one.completer.connection.rates.budget == budget
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
async def test_what_is_given_apart_is_read_too() -> None:
    generation = Generation("", at("above\nresult = █\nbelow\n"))
    settings = Settings(headers={}, mode="suffix")
    async for _ in generation.stream(desk(5000, "nothing").engine, settings):
        pass
    (call,) = generation.calls
    assert call.prompt == "above\nresult =\nbelow\n"
    assert call.first is not None
    assert call.asked < call.first <= call.last <= call.ended


# The real Ollama's ways


@pytest.mark.parametrize("counts", ["all", "read"])
async def test_what_ollama_says(ollama: FakeOllama, counts: str) -> None:
    ollama.fill = "compute(value)"
    ollama.reads, ollama.counts = 30, counts
    settings = Settings(headers={}, url=ollama.url, engine="ollama", debounce_ms=0)
    completer = Completer(connect, settings, speculates=False)
    paths = sorted(SOURCES.glob("*.txt"))
    for turn in range(3):
        for path in paths:
            above = path.read_text("utf-8")[:2000] + f"x_{turn} = 1\n" * turn
            await completer.complete(path.name, at(f"{above}result = █\n"))
            async with asyncio.timeout(5):
                # The call is closed after the answer is given.
                while completer.connection.rates.read is None:
                    await asyncio.sleep(0)
            assert completer.connection.rates.read == pytest.approx(30, rel=0.3)
    assert completer.connection.rates.budget == settled(30)
    await completer.aclose()


@pytest.mark.parametrize(
    ("rates", "is_slow"),
    [
        (Rates(), False),
        (Rates(read=SLOWEST_USEFUL_READ, write=SLOWEST_WRITE), False),
        (Rates(read=SLOWEST_USEFUL_READ - 1), True),
        (Rates(read=SLOWEST_USEFUL_READ - 1, write=100), True),
        (Rates(read=1000, write=SLOWEST_WRITE - 1), True),
        (Rates(write=SLOWEST_WRITE - 1), True),
    ],
)
def test_what_is_too_slow_for_completion(rates: Rates, is_slow: bool) -> None:
    assert rates.is_slow is is_slow
