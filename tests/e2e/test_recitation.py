"""Text of the folders that a company names doesn't come out of the server."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Start
from fake_ollama import FakeOllama
from lsp_client import LspClient

LIBRARY = Path(sysconfig.get_paths()["stdlib"]) / "json"
# A whole function of it, by which a fill ends.
SOURCE = (LIBRARY / "decoder.py").read_text("utf-8")
FUNCTION = SOURCE[SOURCE.index("def JSONObject") : SOURCE.index("def JSONArray")]
HEAD, _, BODY = FUNCTION.partition(":\n")
RECITED = BODY[len("    ") :].rstrip() + "\n"


@pytest.fixture
def options() -> dict[str, Any]:
    return {
        "debounceMs": 0,
        "maxTokens": 2000,
        "multiline": "always",
        "recitation": {"folders": [str(LIBRARY)], "window": 20},
    }


async def build(options: dict[str, Any]) -> str:
    """Run the command that builds the index; what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infill_ls", "recitation"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "INFILL_LS_RECITATION": json.dumps(options["recitation"])},
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def started(start: Start, ollama: FakeOllama, options: dict[str, Any]) -> LspClient:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options=options)
    return client


async def test_a_fill_that_repeats_a_file_is_not_shown(
    start: Start, ollama: FakeOllama, options: dict[str, Any]
) -> None:
    assert " files with " in await build(options)
    client = await started(start, ollama, options)
    ollama.fill = RECITED
    client.open("def mine(a):\n    \n")
    assert await client.ask(1, 4) == {"items": []}
    explained = await client.command("infill-ls.explain")
    assert explained["reason"] == "recited"
    assert f" The file is {LIBRARY / 'decoder.py'}. " in explained["message"]
    assert "memo" not in json.dumps(explained)
    # By hand neither, and other fills are shown.
    assert await client.ask(1, 4, manual=True) == {"items": []}
    ollama.fill = "return a + 1\n"
    client.open("def other(a):\n    \n", uri="file:///project/other.py")
    assert await client.fill(1, 4, uri="file:///project/other.py") == "return a + 1"
    assert client.shown() == []


async def test_line_by_line_is_no_way_around(
    start: Start, ollama: FakeOllama, options: dict[str, Any]
) -> None:
    await build(options)
    client = await started(start, ollama, options | {"multiline": "never"})
    lines = RECITED.splitlines()
    # Each line is no window by itself.
    text, shown = "def mine(a):\n", 0
    for number, line in enumerate(lines[:12]):
        blanks = " " * (len(line) - len(line.lstrip())) if number else "    "
        if not line.strip():
            text += "\n"
            continue
        ollama.fill = line.strip() + "\n"
        uri = f"file:///project/{number}.py"
        client.open(text + blanks + "\n", uri=uri)
        fill = await client.fill(text.count("\n"), len(blanks), uri=uri)
        if fill is None:
            break
        shown += 1
        text += blanks + fill + "\n"
    explained = await client.command("infill-ls.explain")
    assert explained["reason"] == "recited"
    assert 0 < shown < 8


async def test_a_file_of_these_folders_is_completed_from_itself(
    start: Start, ollama: FakeOllama, options: dict[str, Any]
) -> None:
    await build(options)
    client = await started(start, ollama, options)
    ollama.fill = RECITED
    uri = (LIBRARY / "decoder.py").as_uri()
    client.open(f"{HEAD}:\n    \n", uri=uri)
    line = HEAD.count("\n") + 1
    assert await client.fill(line, 4, uri=uri) is not None


async def test_until_the_index_is_there_nothing_is_shown_and_that_is_told_once(
    start: Start, ollama: FakeOllama, options: dict[str, Any]
) -> None:
    client = await started(start, ollama, options)
    client.open("a = [\n")
    for _ in range(3):
        assert await client.ask(0, 5) == {"items": []}
    (message,) = client.shown()
    # The command is complete, wherever the setting comes from.
    assert message.endswith(f"Build it: infill-ls recitation --window 20 {LIBRARY}")
    explained = await client.command("infill-ls.explain")
    assert "infill-ls recitation" in explained["message"]
    # Nor is the engine asked for what nobody would see.
    assert ollama.generations == []
    await build(options)
    assert await client.fill(0, 5) == "x for x in xs"
    # An index of other folders is none for these.
    changed = {**options, "recitation": {"folders": [str(LIBRARY)], "window": 30}}
    client.notify("workspace/didChangeConfiguration", {"settings": {"infill-ls": changed}})
    client.open("b = [\n", uri="file:///project/b.py")
    assert await client.ask(0, 5, uri="file:///project/b.py") == {"items": []}
    assert "is for another" in client.shown()[-1]
    # Without folders there is nothing to hold back.
    changed = {**options, "recitation": {"folders": []}}
    client.notify("workspace/didChangeConfiguration", {"settings": {"infill-ls": changed}})
    assert await client.fill(0, 5, uri="file:///project/b.py") == "x for x in xs"


async def test_a_buffer_without_a_file_is_judged_too(
    start: Start, ollama: FakeOllama, options: dict[str, Any]
) -> None:
    await build(options)
    client = await started(start, ollama, options)
    ollama.fill = RECITED
    client.open("def mine(a):\n    \n", uri="untitled:Untitled-1")
    assert await client.ask(1, 4, uri="untitled:Untitled-1") == {"items": []}
