"""What is learnt of an engine's rates while somebody types, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import pytest

from bench.desk import Desk
from bench.simulated_engine import Profile, Says, SimulatedEngine
from bench.world import pieces
from infill_ls.completion.completer import Completer
from infill_ls.engines.calls import Call
from infill_ls.engines.engine import Chunk, Engine
from infill_ls.engines.rates import COLD_READ, CONTEXT_STEPS, Rates
from infill_ls.engines.rates_file import RatesFile
from infill_ls.prompt.build import Request
from infill_ls.settings import Settings

EVERY_WAY: tuple[Says, ...] = ("timings", "all", "read", "nothing")
ENGINES = (Profile("", 20, 8), Profile("", 400, 45), Profile("", 5000, 120))
# Calls with an answer, at a new engine, after which the budget is right.
CALLS = 3
TYPED = "    total = compute(value, other)\n    if total:\n        return total\n"
SHORT = "    total = compute(value, other)\n"


class FarEngine(SimulatedEngine):
    """With some time of its own before each call is read.

    ``overhead`` in s; ``delays``: of the next calls, those that something else is in the way of.
    """

    overhead = 0.0
    delays: Sequence[float] = ()

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        delay, self.delays = sum(self.delays[:1]), self.delays[1:]
        await asyncio.sleep(self.overhead + delay)
        async for chunk in super().generate(request):
            yield chunk


def is_right(budget: int, read: float) -> bool:
    """Whether it is the step for a rate in tokens/s, or one beside it."""
    step = max((step for step in CONTEXT_STEPS if step <= read * COLD_READ), default=192)
    return abs(CONTEXT_STEPS.index(budget) - CONTEXT_STEPS.index(step)) <= 1


@dataclass
class Seen:
    """The budgets after each call with an answer."""

    budgets: list[int]

    def wrong(self, read: float) -> list[int]:
        """Those after the first few that are not right."""
        return [one for one in self.budgets[CALLS - 1 :] if not is_right(one, read)]


@contextmanager
def noted() -> Iterator[Seen]:
    seen, take = Seen([]), Rates.take

    def taken(rates: Rates, call: Call) -> None:
        take(rates, call)
        if call.first is not None:
            seen.budgets.append(rates.budget)

    with patch.object(Rates, "take", taken):
        yield seen


def desk_with(
    profile: Profile,
    says: Says,
    *,
    overhead: float = 0.0,
    rates_file: RatesFile | None = None,
) -> tuple[Desk, FarEngine]:
    engine = FarEngine(profile, lambda _: iter(pieces("compute(value, other)\n")), says=says)
    engine.overhead = overhead
    return desk_at(engine, rates_file), engine


def desk_at(engine: Engine, rates_file: RatesFile | None = None) -> Desk:
    async def connect(_: Settings) -> Engine:
        return engine

    settings = Settings(headers={}, engine="ollama", debounce_ms=0)
    return Desk(Completer(connect, settings, rates_file))


def named(profile: Profile) -> str:
    return f"{profile.read:.0f}"


at_each_engine = pytest.mark.parametrize("profile", ENGINES, ids=named)
# The two that a call that is closed early leaves: all that is to be known, or nothing.
either_way = pytest.mark.parametrize("says", ["timings", "nothing"])


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("says", EVERY_WAY)
@at_each_engine
async def test_three_calls_at_a_new_engine_settle_the_budget(profile: Profile, says: Says) -> None:
    one, _ = desk_with(profile, says, overhead=0.1)
    with noted() as seen:
        for place in range(2):
            await one.type(place, TYPED)
    assert len(seen.budgets) > CALLS
    assert seen.wrong(profile.read) == []
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("first", [2.2, 6.0])
@pytest.mark.parametrize("says", ["all", "nothing"])
async def test_a_first_call_that_took_long_keeps_no_fast_engine_slow(
    says: Says, first: float
) -> None:
    """It was getting warm, say; then everything is in its memory, and it reads no more."""
    profile = ENGINES[-1]
    one, engine = desk_with(profile, says)
    engine.delays = [first]
    with noted() as seen:
        await one.visit(0)
        for _ in range(2):
            await one.type(0, TYPED)
    assert all(is_right(budget, profile.read) for budget in seen.budgets[CALLS + 1 :]), seen.budgets
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
@either_way
@at_each_engine
async def test_a_machine_that_goes_on_battery_and_comes_back(profile: Profile, says: Says) -> None:
    one, engine = desk_with(profile, says)
    await one.type(0, TYPED)
    slower = replace(profile, read=profile.read / 3, write=profile.write / 3)
    line = 40
    for now in (slower, profile):
        engine.profile = now
        # Where everything is in the cache nothing is to be learnt, nor to be lost.
        for place in range(CALLS):
            line += 20
            await one.type(place, SHORT, line)
        budget = one.completer.connection.rates.budget
        assert is_right(budget, now.read), (now.read, budget)
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
@either_way
@pytest.mark.parametrize(
    ("kept", "profile"),
    [(kept, profile) for kept in ENGINES for profile in ENGINES if kept is not profile],
    ids=named,
)
async def test_what_was_kept_is_soon_contradicted(
    profile: Profile, kept: Profile, says: Says, tmp_path: Path
) -> None:
    rates_file = RatesFile(tmp_path / "rates.json")
    key = RatesFile.key("ollama", Settings().engine_url, "qwen2.5-coder:1.5b")
    rates_file.save(key, Rates(kept.read, kept.write))
    one, _ = desk_with(profile, says, rates_file=rates_file)
    for place in range(CALLS):
        await one.type(place, SHORT)
    budget = one.completer.connection.rates.budget
    assert is_right(budget, profile.read), budget
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
@either_way
@at_each_engine
async def test_what_the_engine_has_of_an_earlier_session_raises_no_budget(
    profile: Profile, says: Says, tmp_path: Path
) -> None:
    rates_file = RatesFile(tmp_path / "rates.json")
    before, engine = desk_with(profile, says, rates_file=rates_file)
    for place in range(3):
        await before.type(place, SHORT)
    before.completer.connection.save_rates()
    after = desk_at(engine, rates_file)
    with noted() as seen:
        for place in range(3):
            await after.type(place, SHORT)
    assert all(is_right(budget, profile.read) for budget in seen.budgets), seen.budgets
    await before.completer.aclose()
    await after.completer.aclose()


@pytest.mark.looptime(start=0)
@either_way
@pytest.mark.parametrize("seconds", [3.0, 20.0])
async def test_what_is_in_the_way_cuts_no_budget(says: Says, seconds: float) -> None:
    """Somebody else's call, or a load that nobody tells of."""
    profile = ENGINES[-1]
    one, engine = desk_with(profile, says)
    for place in range(3):
        await one.type(place, SHORT)
    budget = one.completer.connection.rates.budget
    assert is_right(budget, profile.read)
    with noted() as seen:
        for place in range(3):
            engine.delays = [seconds]
            await one.visit(place, 60)
    assert set(seen.budgets) == {budget}
    await one.completer.aclose()
