"""Models are measured in virtual time, on an engine of which it is known what it can do."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bench.simulated_engine import PROFILES, Profile, SimulatedEngine
from bench.world import pieces
from infill_ls.bench.figures import PATIENCE, Measured
from infill_ls.bench.measure import LOAD_LIMIT, WARM_UP, Candidate, Progress, measure_all
from infill_ls.bench.sources import shipped
from infill_ls.engines.engine import Chunk, Engine
from infill_ls.errors import BadAnswer, NotRunning
from infill_ls.prompt.build import Request
from infill_ls.settings import Settings

SETTINGS = Settings(headers={})
GPU = PROFILES[-1]
CODER = Candidate("ollama", "coder")


def by_heart(prompt: str) -> Iterator[str]:
    """What a model writes that knows all the files."""
    found = re.fullmatch(
        r"<\|fim_prefix\|>(.*)<\|fim_suffix\|>(.*)<\|fim_middle\|>(.*)", prompt, re.DOTALL
    )
    assert found
    tail = (found[1] + found[3])[-30:]
    for source in shipped(SETTINGS):
        _, known, rest = source.text.partition(tail)
        if known:
            yield from pieces(rest)
            return
    yield "lost"


def wrong(_: str) -> Iterator[str]:
    yield from pieces("wrong_17(other)\n\n")


def nothing(_: str) -> Iterator[str]:
    return iter(())


async def measure(
    engine: Engine | Callable[[Settings], Engine],
    *candidates: Candidate,
    seconds: float = 60.0,
    tell: Callable[[Progress], None] = lambda _: None,
    settings: Settings = SETTINGS,
) -> list[Measured]:
    async def connect(settings: Settings) -> Engine:
        return engine(settings) if callable(engine) else engine

    into: list[Measured] = []
    await measure_all(
        candidates or [CODER],
        shipped(settings),
        settings,
        seconds=seconds,
        seed="1",
        into=into,
        tell=tell,
        connect=connect,
    )
    return into


@pytest.mark.looptime(start=0)
async def test_a_fast_model_that_knows_it_all() -> None:
    (one,) = await measure(SimulatedEngine(GPU, by_heart))
    assert one.problem == ""
    assert len(one.looks) >= 20
    assert one.right is not None
    assert one.right > 0.9
    assert one.saved is not None
    assert one.saved > 0.5
    half = one.wait(0.5)
    assert half is not None
    assert half < 0.5
    assert one.seconds == pytest.approx(60 * (1 - WARM_UP), abs=5)
    assert one.read is not None
    assert one.write is not None


@pytest.mark.looptime(start=0)
async def test_a_model_that_is_always_wrong_saves_nothing() -> None:
    (one,) = await measure(SimulatedEngine(GPU, wrong))
    assert len(one.suggestions) >= 15
    assert one.right == 0
    assert (one.accepted, one.saved) == (0, 0)
    assert one.typed > 50


@pytest.mark.looptime(start=0)
async def test_a_model_with_nothing_to_say() -> None:
    (one,) = await measure(SimulatedEngine(GPU, nothing))
    assert {look.outcome for look in one.looks} == {"nothing"}
    assert one.wait(0.5) is None
    assert one.right is None


@pytest.mark.looptime(start=0)
async def test_a_model_that_is_too_slow() -> None:
    (one,) = await measure(SimulatedEngine(Profile("slow", 3, 1), by_heart))
    late = [look for look in one.looks if look.outcome == "late"]
    assert len(late) > len(one.looks) / 2
    assert one.wait(0.9) == math.inf
    assert all(look.wait <= PATIENCE for look in one.suggestions)


@pytest.mark.looptime(start=0)
async def test_slower_is_later() -> None:
    halves = []
    for profile in (GPU, PROFILES[0]):
        (one,) = await measure(SimulatedEngine(profile, by_heart), seconds=120)
        # Later suggestions alone: what goes on while it is typed is there at once on any engine.
        waits = [wait for wait in one.waits if wait > 0]
        halves.append(waits[len(waits) // 2])
    assert halves[0] * 2 < halves[1]


@pytest.mark.looptime(start=0)
async def test_it_comes_out_the_same_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for time in ("first", "again"):
        # What is learnt of its rates would count at once the next time.
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / time))
        (one,) = await measure(SimulatedEngine(GPU, by_heart))
        found.append([replace(look, wait=round(look.wait, 6)) for look in one.looks])
    assert found[0] == found[1]


@pytest.mark.looptime(start=0)
async def test_each_model_is_asked_for_as_such() -> None:
    asked: list[Settings] = []

    def make(settings: Settings) -> Engine:
        asked.append(settings)
        return SimulatedEngine(GPU, wrong)

    told: list[Progress] = []
    found = await measure(
        make,
        CODER,
        Candidate("embedded", "0.5b"),
        seconds=10,
        tell=told.append,
        settings=Settings(headers={}, model="mine", enabled=False, max_tokens=40),
    )
    assert [(one.engine, one.model) for one in found] == [("ollama", "coder"), ("embedded", "0.5b")]
    assert [(one.engine, one.model) for one in asked] == [("ollama", "coder"), ("embedded", "0.5b")]
    # The user's own settings count, but that he has turned it off.
    assert all((one.enabled, one.max_tokens) == (True, 40) for one in asked)
    assert all(one.looks for one in found)
    assert [one.seconds for one in told[:2]] == [None, 0]
    assert [(one.number, one.of) for one in told if one.seconds is None] == [(1, 2), (2, 2)]
    assert max(one.seconds or 0 for one in told) == pytest.approx(10, abs=1)


class Broken(SimulatedEngine):
    """Refuses each call."""

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        raise BadAnswer("It broke.")
        yield Chunk("")


class Unready(SimulatedEngine):
    """Is never ready."""

    async def is_loaded(self) -> bool:
        return False

    async def load(self) -> None:
        await asyncio.Event().wait()


@pytest.mark.looptime(start=0)
async def test_one_that_fails_does_not_keep_the_next_from_being_measured() -> None:
    engines = iter((Broken(GPU, wrong), SimulatedEngine(GPU, wrong)))
    broken, other = await measure(lambda _: next(engines), CODER, Candidate("ollama", "other"))
    assert "It broke." in broken.problem
    assert broken.seconds < 60
    assert other.problem == ""
    assert other.looks


@pytest.mark.looptime(start=0)
async def test_an_engine_that_is_not_there() -> None:
    def refuse(_: Settings) -> Engine:
        raise NotRunning("It is down.", "Start it.")

    (one,) = await measure(refuse)
    assert one.problem == "It is down. Start it."
    assert (one.looks, one.load_seconds) == ([], None)


@pytest.mark.looptime(start=0)
async def test_one_that_is_not_loaded_in_time() -> None:
    began = asyncio.get_running_loop().time()
    (one,) = await measure(Unready(GPU, wrong))
    assert one.problem == "It was not loaded within 3 minutes."
    assert asyncio.get_running_loop().time() - began == pytest.approx(LOAD_LIMIT, abs=5)


@pytest.mark.looptime(start=0)
async def test_what_was_measured_is_there_after_an_interrupt() -> None:
    async def connect(_: Settings) -> Engine:
        return SimulatedEngine(GPU, by_heart)

    into: list[Measured] = []
    measuring = asyncio.create_task(
        measure_all(
            [CODER, Candidate("ollama", "other")],
            shipped(SETTINGS),
            SETTINGS,
            seconds=60,
            seed="1",
            into=into,
            tell=lambda _: None,
            connect=connect,
        )
    )
    await asyncio.sleep(30)
    measuring.cancel()
    with suppress(asyncio.CancelledError):
        await measuring
    (one,) = into
    assert len(one.looks) >= 8
    assert one.seconds == pytest.approx(24, abs=1)
    assert asyncio.all_tasks() == {asyncio.current_task()}
