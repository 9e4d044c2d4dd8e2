"""The real thing: the server in a process, the embedded engine, real weights, the fill is run."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from e2e.conftest import Start
from holes import CURSOR
from infill_ls import complete
from infill_ls.completion import policy
from infill_ls.completion.generation import fill_hole
from infill_ls.engines import connect
from infill_ls.engines.engine import Chunk, Engine
from infill_ls.prompt.build import Mode, Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings
from infill_ls.text.hole import between
from lsp_client import LspClient
from ready_engine import ReadyEngine

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("_weights")]

COMPREHENSION = '''\
def even_squares(numbers):
    """The squares of the even numbers.

    >>> even_squares([1, 2, 3, 4])
    [4, 16]
    """
    return [█]
'''
EXCEPTION = '''\
import json


def read_settings(path):
    """The settings in a JSON file; an empty dict if there is no such file."""
    try:
        █


def write_settings(path, settings):
    """Write the settings to a JSON file."""
    with open(path, "w") as file:
        json.dump(settings, file)
'''
BODY = '''\
def is_palindrome(text):
    """Whether the text reads the same backwards, ignoring case and blanks."""
    █


def count_vowels(text):
    """How many vowels the text has."""
    return sum(letter in "aeiou" for letter in text.lower())
'''


def run(code: str, check: str) -> None:
    """Run the filled code in a child process, and a check of what it does."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{code}\n{check}"],
        timeout=30,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{code}\n{done.stderr}"


@pytest.mark.parametrize(
    ("hole", "check"),
    [
        (COMPREHENSION, "assert even_squares([1, 2, 3, 4]) == [4, 16]"),
        (
            EXCEPTION,
            "assert read_settings('/no/such/file') == {}\n"
            "import os, tempfile\n"
            "with tempfile.TemporaryDirectory() as folder:\n"
            "    path = os.path.join(folder, 'a')\n"
            "    write_settings(path, {'a': 1})\n"
            "    assert read_settings(path) == {'a': 1}",
        ),
        (
            BODY,
            "assert is_palindrome('Level') is True\nassert is_palindrome('ab') is False\n"
            "assert count_vowels('Aha') == 2",
        ),
    ],
    ids=["list comprehension", "try/except", "function body"],
)
@pytest.mark.usefixtures("_session")
def test_the_seed_exercise(hole: str, check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFILL_LS_ENGINE", "embedded")
    prefix, suffix = hole.split(CURSOR)
    fill = complete(prefix, suffix, "qwen2.5-coder-0.5b-instruct-q4_k_m")
    run(prefix + fill + suffix, check)


class AsOllama(ReadyEngine):
    """The embedded engine, asked as Ollama asks its llama-server: a plain completion."""

    name = "ollama"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def describe(self) -> Model:
        return replace(await self._engine.describe(), can_begin=False, can_insert=True)

    def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        if request.suffix is not None:
            # The template of Ollama's own qwen2.5-coder.
            texts = f"<|fim_prefix|>{request.prompt}<|fim_suffix|>{request.suffix}<|fim_middle|>"
            request = replace(request, prompt=texts, suffix=None)
        return self._engine.generate(replace(request, begin=None))

    async def aclose(self) -> None:
        await self._engine.aclose()


async def test_the_readmes_example_in_every_mode() -> None:
    settings = Settings(headers={}, engine="embedded", model="0.5b", temperature=0.0)
    prefix, suffix = "def is_even(n):\n    return ", "\n"
    async with aclosing(await connect(settings)) as engine:
        for asked, modes in ((engine, ("raw", "plain")), (AsOllama(engine), get_args(Mode))):
            for mode in modes:
                hole = between(prefix, suffix)
                shape = policy.shape(hole, "auto", manual=True)
                outcome = await fill_hole(asked, hole, replace(settings, mode=mode), shape)
                check = "assert [is_even(n) for n in (0, 1, 2, 7)] == [True, False, True, False]"
                run(prefix + outcome.fill + suffix, check)


async def test_the_server_fills_a_hole_and_the_cache_is_used(start: Start) -> None:
    client = await start("--engine", "embedded", "--model", "0.5b")
    await client.initialize(options={"debounceMs": 0})
    prefix, suffix = COMPREHENSION.split(CURSOR)
    client.open(prefix + suffix)
    fill = await ask(client, prefix)
    assert fill is not None
    run(prefix + fill + suffix, "assert even_squares([1, 2, 3, 4]) == [4, 16]")
    # Something else than what was suggested is typed: the model must be asked again.
    line = prefix.count("\n")
    client.insert("value", line, len(prefix.rpartition("\n")[2]), 2)
    assert await ask(client, prefix + "value") is not None
    why = await client.request("workspace/executeCommand", {"command": "infill-ls.explain"})
    assert (why["engine"], why["reason"]) == ("embedded", "fill")
    assert 0 < why["cached_tokens"] < why["prompt_tokens"]


async def ask(client: LspClient, prefix: str) -> str | None:
    line, before = prefix.count("\n"), prefix.rpartition("\n")[2]
    return await client.fill(line, len(before), manual=True)


async def test_a_newer_request_does_not_wait_for_the_older(start: Start) -> None:
    client = await start("--engine", "embedded", "--model", "0.5b")
    await client.initialize(options={"debounceMs": 0, "multiline": "never"})
    client.open("def first(items):\n    return \n")
    older = client.ask(1, 11, manual=True)
    client.insert("sorted(", 1, 11, 2)
    newer = client.ask(1, 18, manual=True)
    assert await older is None
    assert (await newer)["items"]


async def test_the_engine_is_started_anew_when_it_has_died(start: Start) -> None:
    client = await start("--engine", "embedded", "--model", "0.5b")
    await client.initialize(options={"debounceMs": 0})
    client.open(COMPREHENSION.replace(CURSOR, ""))
    prefix = COMPREHENSION.split(CURSOR)[0]
    assert await ask(client, prefix)
    (engine,) = children(client.process.pid)
    os.kill(engine, 9)
    client.insert("value", prefix.count("\n"), 12, 2)
    assert await ask(client, prefix + "value")
    assert children(client.process.pid) != [engine]
    assert client.shown() == []


async def test_the_engine_leaves_with_its_server(start: Start) -> None:
    client = await start("--engine", "embedded", "--model", "0.5b")
    await client.initialize(options={"debounceMs": 0})
    client.open("a = [")
    await client.fill(0, 5, manual=True)
    (engine,) = children(client.process.pid)
    client.process.kill()
    await client.wait()
    async with asyncio.timeout(10):
        while Path(f"/proc/{engine}").exists() and b"embedded_server" in command(engine):
            await asyncio.sleep(0.02)


def children(parent: int) -> list[int]:
    """The process ids of the server's children."""
    return [
        int(status.parent.name)
        for status in Path("/proc").glob("[0-9]*/status")
        if f"PPid:\t{parent}\n" in text(status)
    ]


def text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_command_in_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "main.py"
    path.write_text(COMPREHENSION.replace(CURSOR, ""))
    line = COMPREHENSION.split(CURSOR)[0].count("\n") + 1
    done = subprocess.run(
        [
            *(sys.executable, "-m", "infill_ls", "complete", "--json"),
            *("--engine", "embedded", "--model", "0.5b", f"{path}:{line}:13"),
        ],
        timeout=120,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout)
    run(
        COMPREHENSION.replace(CURSOR, figures["fill"]),
        "assert even_squares([1, 2, 3, 4]) == [4, 16]",
    )
    assert figures["prompt_tokens"] > 30
