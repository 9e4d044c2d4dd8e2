"""The connection never acts on settings that no longer hold, and says whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fake_ollama import FakeOllama
from infill_ls.completion.answer import MESSAGES
from infill_ls.completion.connection import Connection
from infill_ls.completion.status import Status
from infill_ls.engines import connect
from infill_ls.engines.calls import Call
from infill_ls.engines.engine import Chunk, Engine
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import BadAnswer, Busy, InfillError, ModelNotFound, NotRunning, Stalled
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings
from infill_ls.values import OwnTemplate
from ready_engine import ReadyEngine

SETTINGS = Settings()
OTHER = replace(SETTINGS, model="other")
TEMPLATE = OwnTemplate("*", "{prefix}{suffix}")


@dataclass
class NamedEngine(ReadyEngine):
    """Is named after the model of the settings that it was made for."""

    model: str = "auto"
    name: str = "ollama"
    closed: int = 0
    calls: list[str] = field(default_factory=list)
    failing: list[InfillError] = field(default_factory=list)  # the next calls, with these
    takes: float = 0.0  # s until a call is heard

    async def describe(self) -> Model:
        return Model(self.model)

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        """Only to see whether it works."""
        self.calls.append(request.prompt)
        await asyncio.sleep(self.takes)
        if self.failing:
            raise self.failing.pop(0)
        yield Chunk("", stop_reason="stop")

    async def aclose(self) -> None:
        self.closed += 1


@dataclass
class Maker:
    """Makes engines when it may; ``stubborn``: whoever gives up doesn't end the making."""

    stubborn: bool = False
    error: Exception | None = None
    made: list[NamedEngine] = field(default_factory=list)
    begun: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, settings: Settings) -> Engine:
        self.begun += 1
        while not self.gate.is_set():
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                if not self.stubborn:
                    raise
                break
        if self.error is not None:
            raise self.error
        engine = NamedEngine(model=settings.model)
        self.made.append(engine)
        return engine


def status_of(told: list[tuple[str, str]]) -> Status:
    status = Status(lambda state, message: told.append((state, message)))
    status.begin()
    return status


@pytest.mark.parametrize("stubborn", [False, True])
async def test_settings_that_change_while_a_connection_is_made(stubborn: bool) -> None:
    maker = Maker(stubborn=stubborn)
    connection = Connection(maker.connect, SETTINGS)
    waiting = asyncio.create_task(connection.ready())
    while not maker.begun:
        await asyncio.sleep(0)
    await connection.reconfigure(OTHER)
    maker.gate.set()
    engine = await waiting
    assert isinstance(engine, NamedEngine)
    assert engine.model == "other"
    assert await connection.ready() is engine
    # What came of the old ones is closed, if anything did.
    assert [one.closed for one in maker.made] == [1] * (len(maker.made) - 1) + [0]
    await connection.aclose()
    assert [one.closed for one in maker.made] == [1] * len(maker.made)


@pytest.mark.parametrize(
    "change",
    [
        {"log": "debug"},
        {"debounce_ms": 5},
        {"latency_ms": 500},
        {"multiline": "never"},
        {"temperature": 0.0},
        {"mode": "raw"},
        {"enabled": False},
        {"max_tokens": 9},
        {"engine": "embedded", "max_tokens": 9, "context_tokens": 999, "keep_alive": 0},
        {"engine": "embedded", "url": "http://127.0.0.1:1", "fim": (TEMPLATE,)},
        {"engine": "openai", "max_tokens": 9, "context_tokens": 999, "keep_alive": 0},
    ],
    ids=str,
)
async def test_the_engine_is_kept_where_its_own_settings_are_the_same(
    change: dict[str, Any],
) -> None:
    maker = Maker()
    maker.gate.set()
    before = replace(SETTINGS, engine=change.get("engine", "auto"))
    connection = Connection(maker.connect, before)
    engine = await connection.ready()
    settings = replace(before, **change)
    assert not connection.is_for_other(settings)
    await connection.reconfigure(settings)
    assert await connection.ready() is engine
    assert [one.closed for one in maker.made] == [0]


@pytest.mark.parametrize(
    "change",
    [
        {"engine": "openai"},
        {"url": "http://127.0.0.1:1"},
        {"ollama_host": "127.0.0.1:1"},
        {"model": "other"},
        {"fim": (TEMPLATE,)},
        {"api_key_env": "KEY"},
        {"headers": {"a": "b"}},
        {"ca_file": "/a.pem"},
        {"keep_alive": 0},
        {"context_tokens": 4096},
    ],
    ids=str,
)
async def test_other_settings_of_the_engine_are_another_engine(change: dict[str, Any]) -> None:
    maker = Maker()
    maker.gate.set()
    connection = Connection(maker.connect, SETTINGS)
    engine = await connection.ready()
    settings = replace(SETTINGS, **change)
    assert connection.is_for_other(settings)
    await connection.reconfigure(settings)
    assert await connection.ready() is not engine
    assert [one.closed for one in maker.made] == [1, 0]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied", "/models/a.gguf"), "/models/a.gguf"),
        (OSError(24, "Too many open files"), "Too many open files. See whether the system"),
        (NotRunning("Nothing answers."), "Nothing answers."),
        (ValueError("a riddle"), MESSAGES["problem"]),
    ],
    ids=["permission", "disk", "engine", "ours"],
)
async def test_warming_tells_whatever_is_in_the_way(error: Exception, message: str) -> None:
    maker = Maker(error=error)
    maker.gate.set()
    told: list[tuple[str, str]] = []
    connection = Connection(maker.connect, SETTINGS, status=status_of(told))
    problem = await connection.warm()
    assert problem is not None
    assert message in str(problem)
    assert told[-1] == ("problem", str(problem))
    with pytest.raises(InfillError, match=message):
        await connection.ready()
    maker.error = None
    assert await connection.warm() is None


@pytest.mark.looptime
async def test_an_engine_that_is_gone_is_looked_for_again() -> None:
    maker = Maker()
    maker.gate.set()
    connection = Connection(maker.connect, SETTINGS)
    first = await connection.ready()
    await connection.failed(BadAnswer("broke off"))
    assert await connection.ready() is first
    for error in (NotRunning("gone"), ModelNotFound("it has another")):
        before = await connection.ready()
        connection.works()
        await connection.failed(error)
        assert await connection.ready() is not before
    assert [one.closed for one in maker.made] == [1, 1, 0]


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.looptime
async def test_a_dead_engine_is_looked_for_after_a_while_that_grows() -> None:
    maker = Maker(error=NotRunning("Nothing answers."))
    maker.gate.set()
    connection = Connection(maker.connect, SETTINGS)
    tries: list[tuple[float, int]] = []
    began, begun = now(), 0
    while now() - began < 64:
        with pytest.raises(NotRunning):
            await connection.ready()
        if maker.begun > begun:
            begun = maker.begun
            tries.append((round(now() - began, 1), begun))
        await asyncio.sleep(0.1)
    # Who is refused has it tried, also if nobody comes at the right moment.
    assert [count for _, count in tries] == [*range(1, len(tries) + 1)]
    whiles = [after - before for (before, _), (after, _) in pairwise(tries)]
    assert whiles == pytest.approx([0.5, 1, 2, 4, 8, 16, 30], abs=0.11)
    await connection.aclose()


@pytest.mark.looptime
async def test_recovery_is_noticed_though_nobody_asks_any_more() -> None:
    maker = Maker(error=NotRunning("Nothing answers."))
    maker.gate.set()
    told: list[tuple[str, str]] = []
    connection = Connection(maker.connect, SETTINGS, status=status_of(told))
    for _ in range(20):
        with pytest.raises(NotRunning):
            await connection.ready()
        await asyncio.sleep(0.1)
    assert (maker.begun, told[-1][0]) == (5, "problem")
    maker.error = None
    await asyncio.sleep(8)
    assert (maker.begun, told[-1][0]) == (6, "idle")
    # And nobody goes on looking.
    await asyncio.sleep(100)
    assert maker.begun == 6
    assert connection.refusal() is None


@pytest.mark.looptime
async def test_who_types_has_it_tried_and_who_does_nothing_has_not() -> None:
    maker = Maker(error=NotRunning("Nothing answers."))
    maker.gate.set()
    connection = Connection(maker.connect, SETTINGS)
    await connection.warm()
    await asyncio.sleep(100)
    assert maker.begun == 1
    connection.prepare()
    await asyncio.sleep(0.1)
    assert maker.begun == 2
    for _ in range(5):
        connection.prepare()
    assert maker.begun == 2
    await asyncio.sleep(100)
    assert maker.begun == 3
    await connection.aclose()


@pytest.mark.looptime
@pytest.mark.parametrize(
    "error", [Stalled("silent"), BadAnswer("nonsense"), Busy("later"), InfillError("a riddle")]
)
async def test_after_a_call_that_failed_a_call_must_show_that_it_works(error: InfillError) -> None:
    maker = Maker()
    maker.gate.set()
    told: list[tuple[str, str]] = []
    connection = Connection(maker.connect, SETTINGS, status=status_of(told))
    engine = await connection.ready()
    assert isinstance(engine, NamedEngine)
    engine.failing = [error] * 4
    await connection.failed(error)
    for _ in range(4):
        with pytest.raises(type(error)):
            await connection.ready()
    assert len(engine.calls) == 4
    assert told[-1][0] == "problem"
    with pytest.raises(type(error)):
        await connection.ready()
    assert len(engine.calls) == 4
    await asyncio.sleep(9.0)
    # Nothing of the user's is sent.
    assert engine.calls == ["a"] * 5
    assert told[-1][0] == "idle"
    assert await connection.ready() is engine
    assert len(engine.calls) == 5


@pytest.mark.looptime
async def test_all_wait_for_one_trial_and_nobody_ends_it() -> None:
    maker = Maker()
    maker.gate.set()
    connection = Connection(maker.connect, SETTINGS)
    engine = await connection.ready()
    assert isinstance(engine, NamedEngine)
    engine.takes = 3.0
    await connection.failed(Stalled("silent"))
    waiting = [asyncio.create_task(connection.ready()) for _ in range(5)]
    for impatient in waiting[:3]:
        await asyncio.sleep(0.4)
        impatient.cancel()
        connection.prepare()
    assert await waiting[4] is engine
    assert engine.calls == ["a"]


@pytest.mark.looptime
async def test_a_trial_that_is_never_heard_is_a_failure() -> None:
    maker = Maker()
    maker.gate.set()
    connection = Connection(maker.connect, SETTINGS)
    engine = await connection.ready()
    assert isinstance(engine, NamedEngine)
    engine.takes = 1e6
    await connection.failed(BadAnswer("nonsense"))
    for _ in range(4):
        with pytest.raises(Stalled, match="says nothing any more"):
            await connection.ready()
    assert isinstance(connection.refusal(), Stalled)
    await connection.aclose()


@pytest.mark.looptime
@pytest.mark.parametrize("change", ["hand", "settings", "engine", "warm"])
async def test_what_has_an_engine_tried_at_once(change: str) -> None:
    maker = Maker(error=NotRunning("Nothing answers."))
    maker.gate.set()
    connection = Connection(maker.connect, SETTINGS)
    for _ in range(60):
        with pytest.raises(NotRunning):
            await connection.ready()
        await asyncio.sleep(0.1)
    assert connection.refusal() is not None
    maker.error = None
    if change == "hand":
        connection.forgive()
    elif change == "settings":
        await connection.reconfigure(replace(SETTINGS, max_tokens=9))
    elif change == "engine":
        await connection.reconfigure(OTHER)
    else:
        assert await connection.warm() is None
    began = now()
    assert await connection.ready() is maker.made[-1]
    assert now() == began
    await connection.aclose()


@pytest.mark.looptime
async def test_a_model_that_is_not_to_be_kept_is_not_loaded_for_a_trial() -> None:
    maker = Maker()
    maker.gate.set()
    connection = Connection(maker.connect, SETTINGS)
    engine = await connection.ready()
    assert isinstance(engine, NamedEngine)
    engine.stays_loaded = False

    async def is_loaded() -> bool:
        return False

    engine.is_loaded = is_loaded  # type: ignore[method-assign]
    await connection.failed(BadAnswer("nonsense"))
    connection.prepare()
    await asyncio.sleep(10)
    assert engine.calls == []
    assert await connection.ready() is engine
    assert engine.calls == ["a"]


async def test_an_engine_that_comes_while_the_old_one_goes_begins_with_its_own_rates(
    tmp_path: Path,
) -> None:
    @dataclass
    class SlowToDie(NamedEngine):
        async def is_loaded(self) -> bool:
            return self.model == "other"

        async def load(self) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                await dying.wait()

    dying = asyncio.Event()

    async def connect(settings: Settings) -> Engine:
        return SlowToDie(model=settings.model)

    rates = RatesFile(tmp_path / "rates.json")
    rates.save(RatesFile.key("ollama", SETTINGS.engine_url, "auto"), Rates(read=80.0, write=2.0))
    connection = Connection(connect, SETTINGS, rates)
    loading = asyncio.create_task(connection.ready())
    while connection.rates.read is None:
        await asyncio.sleep(0)
    changing = asyncio.create_task(connection.reconfigure(OTHER))
    for _ in range(10):
        await asyncio.sleep(0)
    engine = await connection.ready()
    assert isinstance(engine, NamedEngine)
    assert engine.model == "other"
    assert connection.rates.read is None
    dying.set()
    await changing
    assert await loading is engine
    call = Call("p" * 4000, "x" * 40, 0.0, 10.0, 12.0, 12.0, 20, 1000, 0, 20, 10.0, 2.0)
    connection.learn(engine, [call, call])
    assert connection.rates.read == pytest.approx(100)
    await connection.aclose()
    assert rates.load(RatesFile.key("ollama", SETTINGS.engine_url, "auto")).read == 80.0


async def test_rates_are_kept_also_while_the_engine_stays_in_use(tmp_path: Path) -> None:
    maker, file = Maker(), RatesFile(tmp_path / "rates.json")
    maker.gate.set()
    connection = Connection(maker.connect, SETTINGS, file)
    connection.save_rates()
    engine = await connection.ready()
    call = Call("p" * 4000, "x" * 40, 0.0, 10.0, 12.0, 12.0, 20, 1000, 0, 20, 10.0, 2.0)
    connection.learn(engine, [call, call])
    connection.save_rates()
    kept = file.load(RatesFile.key("ollama", SETTINGS.engine_url, "auto"))
    assert kept.read == pytest.approx(100)
    assert connection.engine is engine
    Connection(maker.connect, SETTINGS).save_rates()


async def test_rates_are_learnt_of_the_engine_in_use_alone(tmp_path: Path) -> None:
    maker = Maker()
    maker.gate.set()
    connection = Connection(maker.connect, SETTINGS, RatesFile(tmp_path / "rates.json"))
    old = await connection.ready()
    call = Call("p" * 4000, "x" * 40, 0.0, 10.0, 12.0, 12.0, 20, 1000, 0, 20, 10.0, 2.0)
    connection.learn(old, [call, call])
    assert connection.rates.read == pytest.approx(100)
    await connection.reconfigure(OTHER)
    await connection.ready()
    assert connection.rates.read is None
    # Of a call that ends only now.
    connection.learn(old, [call, call])
    assert connection.rates.read is None
    # They were kept for the engine that they are of.
    await connection.reconfigure(SETTINGS)
    await connection.ready()
    assert connection.rates.read == pytest.approx(100)


@pytest.mark.looptime
@pytest.mark.parametrize("rests", [True, False])
async def test_who_has_turned_it_off_has_no_engine_tried(rests: bool) -> None:
    maker = Maker(error=NotRunning("Nothing answers."))
    maker.gate.set()
    connection = Connection(maker.connect, SETTINGS)
    for _ in range(5):
        with pytest.raises(NotRunning):
            await connection.ready()
    assert connection.refusal() is not None
    begun = maker.begun
    if rests:
        connection.rest()
    await asyncio.sleep(100)
    assert (maker.begun == begun) is rests
    await connection.aclose()


async def test_a_model_that_turns_out_to_be_slow_is_followed_by_a_smaller_one(
    ollama: FakeOllama,
) -> None:
    sizes = {"qwen2.5-coder:7b": "7.6B", "qwen2.5-coder:3b": "3.1B", "qwen2.5-coder:1.5b": "1.5B"}
    ollama.models = dict.fromkeys(sizes, ("completion", "insert"))
    ollama.tags = {name: {"details": {"parameter_size": size}} for name, size in sizes.items()}
    settings = Settings(url=ollama.url)

    async def session(write: float) -> str:
        """The model that is taken, and that then writes so many tokens/s."""
        connection = Connection(connect, settings, RatesFile())
        engine = await connection.ready()
        # A second for the first token, which comes out of the reading.
        wrote = {"fill_tokens": 21, "write_seconds": 20 / write}
        call = Call("a" * 400, "b" * 80, 0, 1, 2, 2, 21, 100, None, **wrote)  # type: ignore[arg-type]
        connection.learn(engine, [call, call])
        await connection.aclose()
        return (await engine.describe()).name

    assert await session(write=3) == "qwen2.5-coder:7b"
    # With 3 tokens/s the 7B has said that the 3B can't be fast enough either.
    assert await session(write=15) == "qwen2.5-coder:1.5b"
    assert await session(write=16) == "qwen2.5-coder:1.5b"
    # Somebody has named the 3B meanwhile, or has measured it.
    RatesFile().save(f"ollama {ollama.url} qwen2.5-coder:3b", Rates(read=90, write=9))
    assert await session(write=4) == "qwen2.5-coder:3b"
    assert await session(write=15) == "qwen2.5-coder:1.5b"


@dataclass
class Yielding(NamedEngine):
    """Loads another model than it would, since there is no room for that."""

    loaded: bool = False

    async def is_loaded(self) -> bool:
        return self.loaded

    async def load(self) -> None:
        self.loaded, self.model = True, "smaller"


async def test_rates_are_of_the_model_that_was_loaded_in_the_end(tmp_path: Path) -> None:
    engine, kept = Yielding(model="larger"), RatesFile(tmp_path / "rates.json")
    for model, read in (("larger", 80.0), ("smaller", 300.0)):
        kept.save(RatesFile.key("ollama", SETTINGS.engine_url, model), Rates(read=read))

    async def connect(_: Settings) -> Engine:
        return engine

    connection = Connection(connect, SETTINGS, kept)
    await connection.ready()
    assert connection.source == ("ollama", "smaller")
    assert connection.rates.read == 300.0
    connection.save_rates()
    assert kept.load(RatesFile.key("ollama", SETTINGS.engine_url, "larger")).read == 80.0
