"""What is learnt of an engine's rates while somebody types, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import pytest

from bench.desk import Desk
from bench.simulated_engine import Profile, Says, SimulatedEngine
from bench.world import pieces
from infill_ls.completion.completer import Completer
from infill_ls.engines.engine import Chunk, Engine
from infill_ls.engines.rates import COLD_READ, CONTEXT_STEPS, Call, Rates
from infill_ls.engines.rates_file import RatesFile
from infill_ls.prompt.build import Request
from infill_ls.settings import Settings

EVERY_WAY: tuple[Says, ...] = ("timings", "all", "read", "nothing")
ENGINES = (Profile("", 20, 8), Profile("", 400, 45), Profile("", 5000, 120))
# Calls with an answer, at a new engine, after which the budget is right.
CALLS = 3
TYPED = "    total = compute(value, other)\n    if total:\n        return total\n"


class FarEngine(SimulatedEngine):
    """With some time of its own before each call is read. ``overhead`` in s."""

    overhead = 0.0

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        await asyncio.sleep(self.overhead)
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
    heard: int = 0

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


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("overhead", [0.0, 0.1])
@pytest.mark.parametrize("says", EVERY_WAY)
@pytest.mark.parametrize("profile", ENGINES, ids=lambda profile: f"{profile.read:.0f}")
async def test_three_calls_at_a_new_engine_settle_the_budget(
    profile: Profile, says: Says, overhead: float
) -> None:
    one, _ = desk_with(profile, says, overhead=overhead)
    with noted() as seen:
        for place in range(3):
            await one.type(place, TYPED)
    assert len(seen.budgets) > CALLS
    assert seen.wrong(profile.read) == []
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("says", EVERY_WAY)
@pytest.mark.parametrize("profile", ENGINES, ids=lambda profile: f"{profile.read:.0f}")
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
            await one.type(place, TYPED, line)
        budget = one.completer.connection.rates.budget
        assert is_right(budget, now.read), (now.read, budget)
    await one.completer.aclose()


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("says", EVERY_WAY)
@pytest.mark.parametrize("kept", [Rates(30, 10), Rates(400, 45), Rates(8000, 150)])
@pytest.mark.parametrize("profile", ENGINES, ids=lambda profile: f"{profile.read:.0f}")
async def test_what_was_kept_is_soon_contradicted(
    profile: Profile, kept: Rates, says: Says, tmp_path: Path
) -> None:
    rates_file = RatesFile(tmp_path / "rates.json")
    rates_file.save(RatesFile.key("ollama", Settings().engine_url, "qwen2.5-coder:1.5b"), kept)
    one, _ = desk_with(profile, says, rates_file=rates_file)
    for place in range(CALLS):
        await one.type(place, TYPED)
    budget = one.completer.connection.rates.budget
    assert is_right(budget, profile.read), budget
    await one.completer.aclose()
