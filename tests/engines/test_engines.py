"""Which engine is used, and which weights the embedded one."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from fake_ollama import FakeOllama
from infill_ls import engines
from infill_ls.engines import connect
from infill_ls.engines.embedded import engine as embedded
from infill_ls.engines.embedded import installation, weights
from infill_ls.engines.embedded import server as embedded_server
from infill_ls.engines.embedded.engine import Embedded
from infill_ls.engines.embedded.weights import DEFAULT, LARGER, Weights
from infill_ls.engines.engine import Chunk
from infill_ls.engines.ollama import Ollama
from infill_ls.engines.openai import OpenAI
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import ModelNotFound, NotRunning, SettingsError, TooLong, WeightsError
from infill_ls.prompt.build import Request
from infill_ls.settings import EngineName, Settings

SETTINGS = Settings()
# Nobody can listen on it.
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def have(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Weights]:
    """The weights that are fetched, as far as the engines can see; nothing real is read."""
    fetched = [DEFAULT, LARGER]

    def ready(wanted: Weights) -> Path:
        if wanted not in fetched:
            raise WeightsError(f"{wanted.name} is not there.", f"Fetch: {wanted.fetched_by}")
        return tmp_path / wanted.file_name

    monkeypatch.setattr(weights, "ready", ready)
    monkeypatch.setattr(weights, "fetched", lambda: tuple(fetched))
    monkeypatch.setattr(embedded, "available_memory", lambda: None)
    monkeypatch.setattr(embedded_server, "threads", lambda: 2)
    return fetched


async def used(settings: Settings) -> tuple[str, str]:
    """The engine's name and its model's."""
    engine = await connect(settings)
    return engine.name, (await engine.describe()).name


@pytest.mark.parametrize("engine", ["auto", "ollama", "openai", "embedded"])
async def test_none_is_made_where_nobody_knows_what_the_user_wants(
    ollama: FakeOllama, engine: EngineName
) -> None:
    settings = replace(SETTINGS, engine=engine, url=ollama.url, wrong=("This is wrong.",))
    with pytest.raises(SettingsError, match=r"^This is wrong\.$"):
        await connect(settings)
    for make in (Ollama, OpenAI.from_settings):
        with pytest.raises(SettingsError, match=r"^This is wrong\.$"):
            make(settings)
    assert ollama.calls == []


@pytest.mark.parametrize(
    ("model", "chosen"),
    [
        ("auto", LARGER),
        ("0.5b", DEFAULT),
        (DEFAULT.name, DEFAULT),
        ("1.5b", LARGER),
        ("qwen2.5-coder:0.5b", DEFAULT),
    ],
)
@pytest.mark.parametrize("engine", ["embedded", "auto"])
async def test_the_model_names_the_weights(engine: EngineName, model: str, chosen: Weights) -> None:
    settings = replace(SETTINGS, engine=engine, url=NOWHERE, model=model)
    assert await used(settings) == ("embedded", chosen.name)


async def test_the_best_is_among_what_is_fetched(have: list[Weights]) -> None:
    settings = replace(SETTINGS, engine="embedded")
    have.remove(LARGER)
    assert await used(settings) == ("embedded", DEFAULT.name)
    have.remove(DEFAULT)
    with pytest.raises(WeightsError, match=r"infill-ls pull 0\.5b"):
        await connect(settings)


async def test_what_was_measured_decides() -> None:
    settings = replace(SETTINGS, engine="embedded")
    key = RatesFile.key("embedded", settings.engine_url, LARGER.name)
    RatesFile().save(key, Rates(write=3))
    assert await used(settings) == ("embedded", DEFAULT.name)


async def test_what_the_memory_holds_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "available_memory", lambda: LARGER.size)
    assert embedded.best() == DEFAULT


def test_the_memory_that_is_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    memory = embedded.available_memory()
    assert memory is None or memory > 1_000_000
    monkeypatch.setattr(Path, "read_text", lambda *_: "MemTotal: 9 kB\nMemAvailable:    5 kB\n")
    assert embedded.available_memory() == 5 * 1024
    monkeypatch.setattr(Path, "read_text", lambda *_: "")
    assert embedded.available_memory() is None


async def test_weights_that_are_named_and_not_fetched(have: list[Weights]) -> None:
    have.remove(LARGER)
    with pytest.raises(WeightsError, match=r"infill-ls pull 1\.5b"):
        await connect(replace(SETTINGS, engine="embedded", model="1.5b"))


async def test_a_model_that_the_embedded_engine_has_not() -> None:
    with pytest.raises(ModelNotFound) as caught:
        await connect(replace(SETTINGS, engine="embedded", model="qwen3-coder:7b"))
    assert '"qwen3-coder:7b"' in caught.value.message
    assert DEFAULT.name in caught.value.fix
    assert LARGER.name in caught.value.fix


async def test_a_model_that_no_engine_has() -> None:
    with pytest.raises(NotRunning) as caught:
        await connect(replace(SETTINGS, url=NOWHERE, model="qwen3-coder:7b"))
    assert str(caught.value) == (
        f'No engine: nothing answers at {NOWHERE}. Start it, or set "url".'
    )


@pytest.mark.parametrize("there", [True, False])
async def test_ollama_is_to_be_started_where_it_is(
    have: list[Weights], monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    have.clear()
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if there else None)
    with pytest.raises(NotRunning) as caught:
        await connect(replace(SETTINGS, url=NOWHERE))
    said = str(caught.value)
    if there:
        assert said == f'No engine: nothing answers at {NOWHERE}. Start it, or set "url".'
    else:
        assert said.startswith(f"Nothing answers at {NOWHERE}; ")
        assert said.endswith(f": {DEFAULT.fetched_by}")


@pytest.mark.parametrize("there", [True, False])
async def test_ollama_at_its_usual_address_is_started(
    have: list[Weights], monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    have.clear()
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if there else None)
    why = WeightsError("Weights of 491 MB are not fetched yet.", "Run: infill-ls pull 0.5b")
    said = str(engines._no_engine(SETTINGS, why))
    assert said.startswith("No engine: Ollama is off. Run: ollama serve" if there else "Ollama is")


async def test_an_embedded_engine_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NotRunning) as caught:
        await connect(replace(SETTINGS, engine="embedded"))
    assert caught.value.fix == f"Install it: {installation.command()}"


@pytest.mark.parametrize("own", ["0.5b", "1.5B", DEFAULT.name, LARGER.name])
async def test_a_name_of_ours_is_nothing_that_ollama_pulls(
    own: str, have: list[Weights], ollama: FakeOllama
) -> None:
    have.clear()
    with pytest.raises(WeightsError) as caught:
        await connect(replace(SETTINGS, url=NOWHERE, model=own))
    assert "ollama" not in str(caught.value)
    # Nor where the user says that Ollama it is.
    ours = weights.named(own)
    engine = await connect(replace(SETTINGS, url=ollama.url, engine="ollama", model=own))
    with pytest.raises(ModelNotFound) as missing:
        await engine.describe()
    theirs = f"qwen2.5-coder:{ours.short}"
    assert missing.value.fix == f'Fetch it: ollama pull {theirs} and set "model" to "{theirs}"'


@pytest.mark.parametrize(
    ("model", "name"),
    [("auto", "qwen2.5-coder:1.5b"), ("qwen2.5-coder:1.5b", "qwen2.5-coder:1.5b")],
)
async def test_ollama_has_its_own_names(ollama: FakeOllama, model: str, name: str) -> None:
    assert await used(replace(SETTINGS, url=ollama.url, model=model)) == ("ollama", name)


async def test_a_name_of_ours_is_the_embedded_engine_s_beside_ollama(ollama: FakeOllama) -> None:
    settings = replace(SETTINGS, url=ollama.url, model="1.5b")
    assert isinstance(await connect(settings), Embedded)
    # Unless the user has made a model of that name in Ollama, or says that Ollama it is.
    assert (await connect(replace(settings, engine="ollama"))).name == "ollama"
    ollama.models["1.5b"] = ollama.models["qwen2.5-coder:1.5b"]
    assert await used(settings) == ("ollama", "1.5b")


async def test_an_ollama_without_a_model_that_fills(
    have: list[Weights], ollama: FakeOllama
) -> None:
    ollama.models = {"llama3:8b": ["completion"]}
    settings = replace(SETTINGS, url=ollama.url)
    assert await used(settings) == ("embedded", LARGER.name)
    # Who says that Ollama it is, or has no weights, is told what to fetch.
    with pytest.raises(ModelNotFound, match="ollama pull"):
        await used(replace(settings, engine="ollama"))
    have.clear()
    with pytest.raises(ModelNotFound, match="ollama pull"):
        await used(settings)


class RefusingServer:
    """What runs in the embedded engine's child, with no room for anything."""

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        raise TooLong("Too long.")
        yield

    async def count(self, text: str) -> int | None:
        return len(text)


class LivingChild:
    is_alive = True

    async def has_died(self) -> bool:
        raise AssertionError("it takes a second to be sure of that")


async def test_a_prompt_that_is_too_long_is_no_sign_of_a_dead_child(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = Embedded(DEFAULT, tmp_path)
    assert await engine.count("abc") is None
    monkeypatch.setattr(engine, "_server", RefusingServer())
    monkeypatch.setattr(engine, "_child", LivingChild())
    assert await engine.count("abc") == 3
    request = Request("a", None, True, (), (), max_tokens=1, temperature=0.0)
    with pytest.raises(TooLong):
        await anext(engine.generate(request))


@pytest.mark.parametrize(
    ("engine", "asked", "told"),
    [("auto", "embedded", 0), ("embedded", "embedded", 0), ("ollama", "ollama", 1)],
)
async def test_a_way_in_the_clear_is_told_where_code_goes_that_way(
    engine: EngineName, asked: str, told: int
) -> None:
    heard: list[str] = []
    settings = replace(SETTINGS, engine=engine, url="http://models.invalid:1")
    assert (await connect(settings, heard.append)).name == asked
    assert (
        heard
        == ["Your code goes to http://models.invalid:1 unencrypted. Use https:// or an SSH tunnel."]
        * told
    )
