"""An engine that takes a request and then says nothing, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from dataclasses import replace

import pytest

from completion.manual_engine import SETTINGS, ManualEngine
from holes import at
from infill_ls.completion.breaker import FIRST_SILENCE, LONGEST_SILENCE, Silence
from infill_ls.completion.generation import Generation
from infill_ls.completion.watch import hear, watched
from infill_ls.engines.rates import Rates
from infill_ls.errors import BadAnswer, Stalled


async def listen(
    engine: ManualEngine, rates: Rates, lines: int = 0, silence: Silence | None = None
) -> Generation:
    """Listen to a generation until it is over."""
    generation = Generation("file:///a.py", at("x = 1\n" * lines + "[█]\n"))
    settings = replace(SETTINGS, context_tokens=1000)
    steps = generation.stream(engine, settings, rates)
    async with watched(engine, generation, rates, silence or Silence()), aclosing(steps):
        async for _ in steps:
            pass
    return generation


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("rates", "limit"), [(Rates(), FIRST_SILENCE), (Rates(read=500.0), LONGEST_SILENCE)]
)
async def test_a_call_without_a_word(rates: Rates, limit: float) -> None:
    engine, began = ManualEngine(), now()
    with pytest.raises(Stalled, match="says nothing"):
        await listen(engine, rates)
    assert now() - began == pytest.approx(limit)
    assert engine.running == 0


@pytest.mark.looptime
async def test_a_call_that_says_nothing_more() -> None:
    engine, began = ManualEngine(pause_after_first=True), now()
    engine.go.set()
    with pytest.raises(Stalled):
        await listen(engine, Rates())
    assert now() - began == pytest.approx(LONGEST_SILENCE)


@pytest.mark.looptime
@pytest.mark.parametrize("writes", [False, True])
async def test_who_types_closes_calls_before_any_was_silent_for_long(writes: bool) -> None:
    engine, silence = ManualEngine(pause_after_first=writes), Silence()
    if writes:
        engine.go.set()
    # One that was silent for a moment says nothing.
    for pause in (1.0, 5.0, 1.0):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await listen(engine, Rates(read=500.0), silence=silence)
    began = now()
    with pytest.raises(Stalled):
        await listen(engine, Rates(read=500.0), silence=silence)
    assert now() - began == pytest.approx(LONGEST_SILENCE - 5.0)


@pytest.mark.looptime
async def test_a_long_prompt_is_read_for_long() -> None:
    engine = ManualEngine()
    asyncio.get_running_loop().call_later(20.0, engine.go.set)
    assert (await listen(engine, Rates(read=45.0), lines=400)).raw


@pytest.mark.looptime
async def test_one_that_writes_a_little_now_and_then_is_not_stuck() -> None:
    engine = ManualEngine(text="a\n" * 10, delay=LONGEST_SILENCE - 0.5)
    assert (await listen(engine, Rates(read=500.0))).raw == "a\n" * 10


@pytest.mark.looptime
async def test_a_load_takes_what_it_takes() -> None:
    """Another program took the memory between the look and the call."""
    engine = ManualEngine(loaded=False)
    loop = asyncio.get_running_loop()
    loop.call_later(100.0, setattr, engine, "loaded", True)
    loop.call_later(104.0, engine.go.set)
    assert (await listen(engine, Rates(read=500.0))).raw


@pytest.mark.looptime
async def test_after_a_load_it_may_be_silent_no_longer_than_ever() -> None:
    engine, began = ManualEngine(loaded=False), now()
    asyncio.get_running_loop().call_later(100.0, setattr, engine, "loaded", True)
    with pytest.raises(Stalled):
        await listen(engine, Rates(read=500.0))
    assert 100 < now() - began < 100 + 2 * LONGEST_SILENCE


@pytest.mark.looptime
async def test_an_engine_is_heard_with_one_call_of_one_token() -> None:
    engine = ManualEngine()
    engine.go.set()
    await hear(engine, LONGEST_SILENCE)
    assert [(call.prompt, call.max_tokens) for call in engine.asked] == [("a", 1)]
    assert engine.running == 0
    engine.error = BadAnswer("nonsense")
    with pytest.raises(BadAnswer):
        await hear(engine, LONGEST_SILENCE)
    engine.go.clear()
    began = now()
    with pytest.raises(Stalled):
        await hear(engine, LONGEST_SILENCE)
    assert now() - began == pytest.approx(LONGEST_SILENCE)
    assert engine.running == 0
