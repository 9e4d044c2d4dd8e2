"""infill-ls models, as a shell runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import OnTerminal, Run
from fake_ollama import FakeOllama
from infill_ls.cli import models
from infill_ls.engines.embedded.weights import DEFAULT
from infill_ls.engines.inventory import InstalledModel
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RatesFile


@pytest.fixture
def several(ollama: FakeOllama) -> FakeOllama:
    """A large model that was measured, a small one that wasn't, and one to talk with."""
    ollama.models = {
        "qwen2.5-coder:7b": ["completion", "insert"],
        "qwen2.5-coder:1.5b": ["completion", "insert"],
        "llama3.1:8b": ["completion"],
    }
    ollama.tags = {
        "qwen2.5-coder:7b": {"size": 4_683_087_332, "details": {"parameter_size": "7.6B"}},
        "qwen2.5-coder:1.5b": {"size": 986_061_892},
    }
    ollama.about = {"llama3.1:8b": {"template": "{{ range .Messages }}{{ .Content }}{{ end }}"}}
    ollama.running = {"qwen2.5-coder:7b": {"size": 6_000_000_000, "size_vram": 3_000_000_000}}
    RatesFile().save(f"ollama {ollama.url} qwen2.5-coder:7b", Rates(read=321.5, write=5.26))
    return ollama


async def test_what_there_is_and_which_one_is_taken(run: Run, several: FakeOllama) -> None:
    ran = await run("models")
    assert (ran.status, ran.err) == (0, "")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[0] == f"Ollama, {several.url}"
    assert "model size fills read/s written/s memory" in lines
    assert "qwen2.5-coder:7b 4.7 GB raw 322 5.3 6.0 GB 50% on GPU" in lines
    assert "qwen2.5-coder:1.5b 986 MB raw" in lines
    assert "llama3.1:8b no" in lines
    slow = "qwen2.5-coder:7b no: too slow here: writes 5.3 tokens/s, 8 are needed"
    assert slow in lines
    assert "qwen2.5-coder:1.5b yes: not measured yet" in lines
    assert "llama3.1:8b can't fill: it was made to chat" in lines
    assert '✓ "model" is "auto", which takes qwen2.5-coder:1.5b (ollama).' in lines
    # Nothing was asked that loads a model or has it write something.
    assert {call.path for call in several.calls} == {"/api/tags", "/api/ps", "/api/show"}


async def test_the_same_for_a_program(run: Run, several: FakeOllama) -> None:
    ran = await run("models", "--json")
    assert (ran.status, ran.err) == (0, "")
    said = json.loads(ran.out)
    assert said["selected"] == {"engine": "ollama", "model": "qwen2.5-coder:1.5b"}
    first = said["engines"][0]
    assert (first["engine"], first["place"], first["auto"]) == ("ollama", several.url, True)
    assert (first["problem"], first["fix"]) == (None, None)
    large = next(one for one in first["models"] if one["name"] == "qwen2.5-coder:7b")
    assert large["size"] == 4_683_087_332
    assert (large["mode"], large["family"], large["auto"]) == ("raw", "qwen-coder", False)
    assert (large["read"], large["write"]) == (321.5, 5.26)
    assert (large["loaded"], large["on_gpu"]) == (True, 0.5)
    assert said["engines"][1]["engine"] == "embedded"


async def test_without_any_engine(run: Run, ollama: FakeOllama) -> None:
    await ollama.stop()
    ran = await run("models")
    assert ran.status == 1
    assert f"! Nothing answers at {ollama.url}." in ran.out
    assert "✗ No model can fill in the middle here." in ran.out
    assert "Fetch one: infill-ls pull 0.5b" in ran.out
    assert "qwen2.5-coder:1.5b" not in ran.out
    said = json.loads((await run("models", "--json")).out)
    assert said["selected"] is None
    assert said["engines"][0]["problem"] == f"Nothing answers at {ollama.url}."
    assert "Start it, or" in said["engines"][0]["fix"]


@pytest.mark.parametrize(
    ("engine", "fix"),
    [
        ("auto", "Fetch one: infill-ls pull qwen2.5-coder:1.5b (or infill-ls pull 0.5b)"),
        ("ollama", "Fetch one: infill-ls pull qwen2.5-coder:1.5b"),
        ("embedded", "Fetch one: infill-ls pull 0.5b"),
        ("openai", 'Start the server with one, or set "url" to where it has one.'),
    ],
)
async def test_how_to_get_a_model(run: Run, ollama: FakeOllama, engine: str, fix: str) -> None:
    ollama.models = {}
    ran = await run("models", "--engine", engine)
    assert ran.status == 1
    assert ran.out.rstrip().splitlines()[-1].strip() == fix


async def test_without_ollama_it_is_not_to_fetch_at_once(run: Run, ollama: FakeOllama) -> None:
    await ollama.stop()
    ran = await run("models", "--engine", "ollama")
    last = "With Ollama there, fetch one: infill-ls pull qwen2.5-coder:1.5b"
    assert (ran.status, ran.out.rstrip().splitlines()[-1].strip()) == (1, last)


async def test_an_engine_that_is_not_needed_is_no_fault(
    run: Run, ollama: FakeOllama, tmp_path: Path
) -> None:
    folder = tmp_path / "cache" / "infill-ls" / "models"
    folder.mkdir(parents=True)
    with (folder / DEFAULT.file_name).open("wb") as file:
        file.truncate(DEFAULT.size)
    await ollama.stop()
    ran = await run("models")
    assert ran.status == 0
    first, *_, last = ran.out.splitlines()
    assert first.startswith("The embedded engine, ")
    assert last == f"Not used: Ollama. Nothing answers at {ollama.url}."
    assert "!" not in ran.out
    assert f'✓ "model" is "auto", which takes {DEFAULT.name} (embedded).' in ran.out


@pytest.mark.parametrize(
    ("model", "status", "said"),
    [
        ("qwen2.5-coder:7b", 0, '✓ "model" names qwen2.5-coder:7b (ollama).'),
        ("llama3.1:8b", 1, '✗ "model" names llama3.1:8b (ollama). It can\'t fill: it was made'),
        ("mine", 1, '✗ No engine has the model "mine".'),
        ("qwen3-coder:7b", 1, "Fetch one: infill-ls pull qwen2.5-coder:7b"),
    ],
)
@pytest.mark.usefixtures("several")
async def test_a_model_that_is_named(run: Run, model: str, status: int, said: str) -> None:
    ran = await run("models", "--model", model)
    assert ran.status == status
    assert said in ran.out


async def test_models_that_are_slow_or_far_away_are_named_so(run: Run, ollama: FakeOllama) -> None:
    recurrent, cloud = "qwen3-coder-next:latest", "qwen3-coder:480b-cloud"
    ollama.models = {recurrent: ["completion"], cloud: ["completion"]}
    ollama.tags = {cloud: {"remote_host": "https://ollama.com:443"}}
    ran = await run("models")
    assert f'! "model" is "auto", which takes {recurrent} (ollama). It is slow by its' in ran.out
    ran = await run("models", INFILL_LS_MODEL=cloud)
    assert f'! "model" names {cloud} (ollama). It runs at ollama.com: your code goes' in ran.out


async def test_an_engine_without_models(run: Run, ollama: FakeOllama) -> None:
    ollama.models = {}
    ran = await run("models", "--engine", "ollama")
    assert ran.status == 1
    assert f"Ollama at {ollama.url} has no models." in ran.out


async def test_a_name_from_an_engine_is_shown_as_text(run: Run, ollama: FakeOllama) -> None:
    ollama.models = {"[red]qwen2.5-coder\x1b[31m\n:1b": ["insert"]}
    ran = await run("models", "--engine", "ollama")
    assert "\x1b" not in ran.out
    assert "[red]qwen2.5-coder" in ran.out


@pytest.mark.usefixtures("several")
async def test_on_a_terminal(on_terminal: OnTerminal) -> None:
    shown = await on_terminal("models")
    assert "qwen2.5-coder:1.5b" in shown
    assert "…" not in shown


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (InstalledModel("ollama", "m"), ""),
        (InstalledModel("ollama", "m", loaded=True), "loaded"),
        (InstalledModel("ollama", "m", loaded=True, memory=10**9, on_gpu=0.0), "1.0 GB on the CPU"),
        (InstalledModel("ollama", "m", loaded=True, memory=10**8, on_gpu=1.0), "100 MB on the GPU"),
        (InstalledModel("ollama", "m", loaded=True, on_gpu=0.254), "25% on GPU"),
    ],
)
def test_where_a_model_is_loaded(model: InstalledModel, said: str) -> None:
    assert models._memory(model) == said
