"""What is installed in every engine, and which model is taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fake_ollama import FakeOllama
from infill_ls.engines import connect
from infill_ls.engines.embedded import engine as embedded
from infill_ls.engines.embedded import installation, weights
from infill_ls.engines.embedded import server as embedded_server
from infill_ls.engines.embedded.weights import DEFAULT, LARGER
from infill_ls.engines.inventory import EngineModels, InstalledModel, inventory
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RatesFile
from infill_ls.settings import EngineName, Settings

GB = 10**9


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder of weights, on a machine that is good enough for all of them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(embedded, "available_memory", lambda: None)
    monkeypatch.setattr(embedded_server, "threads", lambda: 4)
    monkeypatch.setattr(installation, "has_embedded", lambda: True)
    models = weights.folder()
    models.mkdir(parents=True)
    return models


def fetch(folder: Path, *which: weights.Weights, short_by: int = 0) -> None:
    for one in which:
        with (folder / one.file_name).open("wb") as file:
            file.truncate(one.size - short_by)


def settings(ollama: FakeOllama, engine: EngineName = "auto", model: str = "auto") -> Settings:
    return Settings(url=ollama.url, engine=engine, model=model)


def of(found: list[EngineModels], engine: str) -> EngineModels:
    return next(one for one in found if one.engine == engine)


def models(found: list[EngineModels]) -> dict[str, InstalledModel]:
    return {model.name: model for one in found for model in one.models}


def taken(found: list[EngineModels]) -> list[tuple[str, str]]:
    return [(one.engine, one.name) for one in models(found).values() if one.auto]


async def test_what_ollama_has(ollama: FakeOllama) -> None:
    ollama.models = {
        "qwen2.5-coder:7b": ["completion", "insert"],
        "mine:latest": ["completion", "insert"],
        "llama3.1:8b": ["completion", "tools"],
        "nomic-embed-text:latest": ["embedding"],
        "qwen3-coder-next:latest": ["completion"],
        "base:latest": ["completion"],
    }
    ollama.tags = {
        "qwen2.5-coder:7b": {"size": 4_683_087_332, "details": {"parameter_size": "7.6B"}},
        "qwen3-coder-next:latest": {"details": {"family": "qwen3next"}},
    }
    ollama.about = {
        "llama3.1:8b": {"template": "{{ range .Messages }}{{ .Content }}{{ end }}"},
        "qwen3-coder-next:latest": {"model_info": {"general.architecture": "qwen3next"}},
    }
    ollama.running = {"qwen2.5-coder:7b": {"size": 6 * GB, "size_vram": 3 * GB}}
    RatesFile().save(f"ollama {ollama.url} qwen2.5-coder:7b", twice(read=321.5, write=45.6))
    found = await inventory(settings(ollama))
    assert (of(found, "ollama").place, of(found, "ollama").error) == (ollama.url, None)
    all_of_them = models(found)
    assert all_of_them["qwen2.5-coder:7b"] == InstalledModel(
        "ollama",
        "qwen2.5-coder:7b",
        size=4_683_087_332,
        parameters=7.6,
        mode="raw",
        family="qwen-coder",
        read=321.5,
        write=45.6,
        loaded=True,
        memory=6 * GB,
        on_gpu=0.5,
        auto=True,
        why="writes 46 tokens/s here",
        selected=True,
    )
    mine = all_of_them["mine:latest"]
    assert (mine.mode, mine.auto, mine.loaded) == ("suffix", False, False)
    assert mine.why == "not measured yet; qwen2.5-coder:7b comes first"
    assert all_of_them["llama3.1:8b"].mode is None
    assert all_of_them["llama3.1:8b"].why_not == "it was made to chat"
    assert all_of_them["nomic-embed-text:latest"].why_not == "it writes no text"
    assert all_of_them["base:latest"].mode == "plain"
    assert "only go on" in all_of_them["base:latest"].why
    recurrent = all_of_them["qwen3-coder-next:latest"]
    assert (recurrent.mode, recurrent.recurrent) == ("raw", True)
    assert "no cache helps" in recurrent.why
    assert taken(found) == [("ollama", "qwen2.5-coder:7b")]
    # What the server itself takes, of the same answers.
    assert (await (await connect(settings(ollama))).describe()).name == "qwen2.5-coder:7b"


def twice(read: float, write: float) -> Rates:
    """Rates that were measured often enough to be kept."""
    return Rates(read=read, write=write)


async def test_what_runs_elsewhere_is_never_taken_by_itself(ollama: FakeOllama) -> None:
    name = "qwen3-coder:480b-cloud"
    ollama.models = {name: ["completion"]}
    ollama.tags = {name: {"remote_host": "https://ollama.com:443", "size": 384}}
    model = models(await inventory(settings(ollama)))[name]
    assert (model.auto, model.elsewhere, model.size) == (False, "ollama.com", None)
    assert "no code is sent there" in model.why
    named = models(await inventory(settings(ollama, model=name)))[name]
    assert (named.auto, named.selected) == (False, True)


async def test_an_engine_that_does_not_answer_is_an_entry_with_the_error(folder: Path) -> None:
    fetch(folder, DEFAULT)
    found = await inventory(Settings(url="http://127.0.0.1:1"))
    error = of(found, "ollama").error
    assert error is not None
    assert "Nothing answers at http://127.0.0.1:1" in str(error)
    assert of(found, "ollama").models == ()
    assert taken(found) == [("embedded", DEFAULT.name)]
    assert of(found, "embedded").auto


async def test_a_model_that_ollama_cannot_show_is_listed_all_the_same(ollama: FakeOllama) -> None:
    ollama.models = {"qwen2.5-coder:1.5b": ["completion", "insert"]}
    ollama.broken = {"starcoder2:3b"}
    found = await inventory(settings(ollama))
    assert "ollama rm starcoder2:3b" in models(found)["starcoder2:3b"].why_not
    assert taken(found) == [("ollama", "qwen2.5-coder:1.5b")]
    assert (await (await connect(settings(ollama))).describe()).name == "qwen2.5-coder:1.5b"


async def test_the_embedded_engines_weights(ollama: FakeOllama, folder: Path) -> None:
    fetch(folder, DEFAULT, LARGER)
    RatesFile().save(f"embedded {LARGER.name}", twice(read=60, write=15))
    found = await inventory(settings(ollama, engine="embedded"))
    assert of(found, "embedded").place == str(folder)
    large, small = of(found, "embedded").models
    assert large == InstalledModel(
        "embedded",
        LARGER.name,
        size=LARGER.size,
        parameters=1.5,
        mode="raw",
        family="qwen-coder",
        read=60,
        write=15,
        auto=True,
        why="the largest that is fast enough here",
        selected=True,
    )
    assert small.why == f"{LARGER.name} comes first"
    ollamas = models(found)["qwen2.5-coder:1.5b"]
    assert (ollamas.auto, ollamas.why) == (False, '"engine" is set to "embedded"')


@pytest.mark.parametrize(
    ("memory", "write", "said"),
    [
        (10**9, 15, "takes up to 2.2 GB of memory, and 1.0 GB are free"),
        (None, 5, "writes 5.0 tokens/s here, 8 are needed"),
    ],
)
async def test_why_the_larger_weights_are_not_taken(
    monkeypatch: pytest.MonkeyPatch, folder: Path, memory: int | None, write: float, said: str
) -> None:
    fetch(folder, DEFAULT, LARGER)
    monkeypatch.setattr(embedded, "available_memory", lambda: memory)
    RatesFile().save(f"embedded {LARGER.name}", twice(read=60, write=write))
    found = await inventory(Settings(engine="embedded"))
    assert models(found)[LARGER.name].why == said
    assert taken(found) == [("embedded", DEFAULT.name)]


async def test_weights_that_are_cut_short(folder: Path) -> None:
    fetch(folder, DEFAULT, short_by=1)
    found = await inventory(Settings(engine="embedded"))
    model = models(found)[DEFAULT.name]
    assert (model.mode, model.auto) == (None, False)
    assert model.why_not == "its file is not complete; fetch it anew: infill-ls pull 0.5b"


async def test_no_weights_and_no_engine_to_run_them(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    error = of(await inventory(Settings(engine="embedded")), "embedded").error
    assert "no weights yet. Fetch them: infill-ls pull 0.5b" in str(error)
    fetch(folder, DEFAULT)
    monkeypatch.setattr(installation, "has_embedded", lambda: False)
    found = await inventory(Settings(engine="embedded"))
    assert "not installed. Install it: " in str(of(found, "embedded").error)
    assert taken(found) == []
    assert models(found)[DEFAULT.name].why == "this engine can't be used"


@pytest.mark.parametrize(
    ("model", "selected"),
    [
        ("qwen2.5-coder:1.5b", ("ollama", "qwen2.5-coder:1.5b")),
        ("mine", ("ollama", "mine:latest")),
        ("0.5b", ("embedded", DEFAULT.name)),
        (LARGER.name, ("embedded", LARGER.name)),
        ("none-such", None),
    ],
)
async def test_the_model_that_the_settings_name(
    ollama: FakeOllama, folder: Path, model: str, selected: tuple[str, str] | None
) -> None:
    fetch(folder, DEFAULT, LARGER)
    ollama.models["mine:latest"] = ["completion", "insert"]
    found = await inventory(settings(ollama, model=model))
    marked = [(one.engine, one.name) for one in models(found).values() if one.selected]
    assert marked == ([selected] if selected else [])
    # "auto" would take the same one, whatever is named.
    assert taken(found) == [("ollama", "qwen2.5-coder:1.5b")]


async def test_an_openai_server(ollama: FakeOllama) -> None:
    ollama.models = {"chatty": None, "code": None}
    ollama.about = {
        "code": {"root": "/models/Qwen2.5-Coder-7B.gguf", "owned_by": "vllm"},
        "chatty": {"root": "org/Llama-3.1-8B-Instruct", "meta": {"size": 5 * GB, "n_params": 8e9}},
    }
    configured = settings(ollama, engine="openai")
    found = await inventory(configured)
    assert [one.engine for one in found] == ["openai", "embedded"]
    code = models(found)["code"]
    assert (code.mode, code.family) == ("raw", "qwen-coder")
    assert models(found)["chatty"].why_not == "it was made to chat"
    assert models(found)["chatty"].size == 5 * GB


async def test_a_wrong_certificate_is_an_error_of_the_engine_alone(folder: Path) -> None:
    fetch(folder, DEFAULT)
    wrong = replace(Settings(url="https://127.0.0.1:1"), ca_file="/no/such/file")
    found = await inventory(wrong)
    assert '"caFile" /no/such/file can\'t be read' in str(of(found, "ollama").error)
    assert taken(found) == [("embedded", DEFAULT.name)]
