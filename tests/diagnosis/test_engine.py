"""What an engine is asked, and what is known then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from completion.manual_engine import ManualEngine
from fake_ollama import NO_MEMORY, FakeOllama
from infill_ls.diagnosis import engine as looking
from infill_ls.diagnosis.facts import Timed
from infill_ls.engines import ollama_auto
from infill_ls.engines.embedded import installation, weights
from infill_ls.engines.embedded.weights import DEFAULT
from infill_ls.engines.ollama import Ollama
from infill_ls.engines.openai import OpenAI
from infill_ls.errors import (
    BadAnswer,
    CannotInsert,
    ModelNotFound,
    NotRunning,
    Stalled,
    WeightsError,
)
from infill_ls.settings import EngineName, Settings

# Nobody can listen on it.
NOWHERE = "http://127.0.0.1:1"
QWEN = "qwen2.5-coder:1.5b"


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(looking, "DEFAULT_URL", NOWHERE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "infill-ls" / "models"


def settings(ollama: FakeOllama, **more: object) -> Settings:
    return replace(Settings(url=ollama.url), **more)  # type: ignore[arg-type]


async def test_ollama_is_chosen(ollama: FakeOllama) -> None:
    choice, engine = await looking.choose(settings(ollama))
    assert (choice.name, choice.ollama, choice.error) == ("ollama", "0.33.0", None)
    assert isinstance(engine, Ollama)


async def test_another_server_is_chosen(ollama: FakeOllama) -> None:
    choice, engine = await looking.choose(settings(ollama, engine="openai"))
    assert (choice.name, choice.ollama) == ("openai", None)
    assert isinstance(engine, OpenAI)
    choice, engine = await looking.choose(settings(ollama, engine="openai", model="mine"))
    assert (choice.name, choice.error) == ("openai", None)
    # That it has no model is another matter.
    ollama.models = {}
    choice, engine = await looking.choose(settings(ollama, engine="openai"))
    assert choice.error is None
    assert isinstance((await looking.model(engine, Settings())).error, ModelNotFound)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["auto", "mine"])
async def test_no_other_server_answers(model: str) -> None:
    choice, engine = await looking.choose(Settings(url=NOWHERE, engine="openai", model=model))
    assert isinstance(choice.error, NotRunning)
    assert engine is None


@pytest.mark.parametrize(("model", "is_there"), [("auto", False), ("mine", True)])
async def test_a_server_that_lists_no_models(
    ollama: FakeOllama, model: str, is_there: bool
) -> None:
    ollama.fault = "not ollama"
    choice, _ = await looking.choose(settings(ollama, engine="openai", model=model))
    assert (choice.error is None) is is_there


async def test_nobody_answers(ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nothing")
    monkeypatch.setattr(installation, "has_embedded", lambda: False)
    choice, engine = await looking.choose(Settings(url=NOWHERE))
    assert engine is None
    assert isinstance(choice.absent, NotRunning)
    assert isinstance(choice.error, NotRunning)
    assert (choice.program, choice.elsewhere, choice.speaks_openai) == (False, False, False)
    assert choice.get_ollama
    # Without a key of another server.
    monkeypatch.setattr(looking, "DEFAULT_URL", ollama.url)
    choice, _ = await looking.choose(Settings(url=NOWHERE, headers={"X-Key": "secret"}))
    assert choice.elsewhere


async def test_what_answers_may_be_another_kind_of_server(ollama: FakeOllama) -> None:
    async def not_ollama(self: Ollama) -> str:
        raise NotRunning("What answers is not Ollama.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ollama, "version", not_ollama)
        choice, _ = await looking.choose(settings(ollama, engine="ollama"))
    assert choice.speaks_openai


@pytest.mark.parametrize("engine", ["auto", "ollama"])
async def test_nobody_speaks_openai_where_nobody_answers(
    engine: EngineName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "has_embedded", lambda: False)
    choice, _ = await looking.choose(Settings(url=NOWHERE, engine=engine, model=QWEN))
    assert isinstance(choice.absent, NotRunning)
    assert not choice.speaks_openai


async def test_the_embedded_engine_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "ready", lambda one: Path(one.file_name))
    choice, engine = await looking.choose(Settings(url=NOWHERE))
    assert (choice.name, choice.error) == ("embedded", None)
    assert isinstance(choice.absent, NotRunning)
    assert engine is not None
    await engine.aclose()


def test_what_there_is_of_the_embedded_engine(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = looking.installed(Settings())
    assert found.version
    assert found.weights == {}
    assert (found.pull, found.needed) == ("infill-ls pull 0.5b", 2 * DEFAULT.size)
    cache.mkdir(parents=True)
    (cache / DEFAULT.file_name).write_bytes(b"broken")
    found = looking.installed(Settings(model="1.5b"))
    assert isinstance(found.weights[DEFAULT.name], WeightsError)
    assert found.pull == "infill-ls pull 1.5b"
    monkeypatch.setattr(installation, "has_embedded", lambda: False)
    assert looking.installed(Settings()).version == ""


async def test_the_model_and_how_it_is_asked(ollama: FakeOllama) -> None:
    one = settings(ollama)
    found = await looking.model(Ollama(one), one)
    assert found.model is not None
    assert (found.model.name, found.mode, found.error) == (QWEN, "raw", None)
    assert found.family
    assert found.why


async def test_a_model_that_can_be_taken_instead(ollama: FakeOllama) -> None:
    chats = {"template": "{{ .Messages }}", "model_info": {"general.architecture": "llama"}}
    ollama.models["llama3.2:3b"], ollama.about = ["completion"], {"llama3.2:3b": chats}
    one = settings(ollama, model="llama3.2:3b")
    found = await looking.model(Ollama(one), one)
    assert isinstance(found.error, CannotInsert)
    assert found.other == QWEN
    one = settings(ollama, model="qwen3-coder:7b")
    found = await looking.model(Ollama(one), one)
    assert isinstance(found.error, ModelNotFound)
    assert found.to_fetch == "qwen2.5-coder:7b"


async def test_where_the_model_is(ollama: FakeOllama) -> None:
    ollama.running = {QWEN: {"size": 2 * 10**9, "size_vram": 10**9}}
    found = await looking.load(Ollama(settings(ollama)))
    assert (found.memory, found.on_gpu, found.room) == (2 * 10**9, 0.5, 4096)
    assert found.seconds is None
    ollama.running = {}
    found = await looking.load(Ollama(settings(ollama)))
    assert (found.memory, found.on_gpu) == (None, None)


async def test_a_model_that_cant_be_loaded(ollama: FakeOllama) -> None:
    ollama.fault, ollama.loaded = "no memory", False
    found = await looking.load(Ollama(settings(ollama)))
    assert isinstance(found.error, BadAnswer)


async def test_a_model_that_gives_way_to_a_smaller_one(
    ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ollama_auto, "_REFUSED", {})
    monkeypatch.setattr(ollama_auto, "total_memory", lambda: None)
    large = "qwen2.5-coder:7b"
    ollama.models = {large: ["completion", "insert"], QWEN: ["completion", "insert"]}
    ollama.tags = {large: {"size": 9, "details": {"parameter_size": "7.6B"}}, QWEN: {"size": 3}}
    ollama.loaded, ollama.too_large = False, {large: NO_MEMORY}
    found = await looking.load(Ollama(settings(ollama)))
    assert (found.error, found.instead) == (None, QWEN)


@pytest.mark.looptime
async def test_a_model_that_loads_for_ever() -> None:
    engine = ManualEngine(loaded=False)
    engine.load_gate.clear()
    found = await looking.load(engine)
    assert isinstance(found.error, Stalled)
    assert found.error.message == "The model is not loaded after 120 s."


async def fill(engine: ManualEngine) -> Timed:
    return await looking.fill(engine, Settings(), 123456)


async def test_two_fills_of_a_text_that_goes_on() -> None:
    engine = ManualEngine(text="n ** 2 for n in numbers]\n")
    engine.go.set()
    timed = await fill(engine)
    assert timed.error is None
    assert timed.cold is not None
    assert timed.cold.fill
    assert timed.warm is not None
    first, second = engine.asked
    # From its first line on, so that no engine has it in its cache.
    assert first.first_line == 0
    assert first.prompt.count("123456") == 2
    assert second.prompt.startswith(first.prompt.removesuffix("<|fim_middle|>"))


@pytest.mark.looptime
async def test_a_fill_that_never_comes() -> None:
    timed = await fill(ManualEngine(hold=[True]))
    assert isinstance(timed.error, Stalled)
    assert timed.error.message == "There is no fill after 60 s."


async def test_a_fill_that_fails() -> None:
    engine = ManualEngine(error=BadAnswer("It broke."))
    engine.go.set()
    assert isinstance((await fill(engine)).error, BadAnswer)
