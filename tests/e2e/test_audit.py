"""The record of a session: a line for each fill shown and accepted, and no code in it."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Start
from fake_ollama import DIGEST, FakeOllama
from infill_ls.completion.record import digest_of
from infill_ls.engines.embedded import weights

CANARY = "canary_4711"
KEY = "sk-canary-4712"


def entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


async def until_written(path: Path, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        while not path.exists() or len(entries(path)) < count:
            await asyncio.sleep(0.01)
    return entries(path)


async def test_what_is_shown_and_accepted(start: Start, ollama: FakeOllama, tmp_path: Path) -> None:
    path = tmp_path / "record"
    ollama.fill = f"{CANARY}_fill()\n"
    client = await start(environment={"OLLAMA_HOST": ollama.url, "CANARY_KEY": KEY})
    await client.initialize(
        options={"debounceMs": 0, "audit": str(path), "apiKeyEnv": "CANARY_KEY"}
    )
    uri = "file:///project/main.py"
    client.open(f"{CANARY}_text = 1\nx = \n", uri=uri)
    answer = await client.ask(1, 4, uri=uri)
    (item,) = answer["items"]
    assert item["insertText"] == f"{CANARY}_fill()"
    await client.command(**item["command"])
    shown, accepted = (await until_written(path, 2))[:2]
    call = ollama.generations[0]
    assert shown == {
        "time": shown["time"],
        "process": client.process.pid,
        "event": "shown",
        "offer": 1,
        "source": "fill",
        "engine": "ollama",
        "model": "qwen2.5-coder:1.5b",
        "digest": DIGEST,
        "language": "python",
        "files": ["/project/main.py"],
        "prompt": {
            "sha256": digest_of(call.body["prompt"]),
            "characters": len(call.body["prompt"]),
            "tokens": shown["prompt"]["tokens"],
        },
        "fill": {
            "sha256": digest_of(f"{CANARY}_fill()"),
            "characters": len(f"{CANARY}_fill()"),
            "lines": 1,
        },
    }
    assert accepted == {**shown, "time": accepted["time"], "event": "accepted"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # What comes after it is asked for ahead, and known when somebody asks.
    client.insert(f"{CANARY}_fill()", 1, 4, 2, uri=uri)
    await client.ask(1, 4 + len(f"{CANARY}_fill()"), uri=uri)
    assert await client.stop() == 0
    content = path.read_text("ascii")
    for secret in ("canary", KEY):
        assert secret not in content


async def test_a_missing_folder_is_told_once_and_completion_goes_on(
    start: Start, ollama: FakeOllama, tmp_path: Path
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0, "audit": str(tmp_path / "no" / "record")})
    for number in range(3):
        uri = f"file:///project/{number}.py"
        client.open("a = [\n", uri=uri)
        assert await client.fill(0, 5, uri=uri) == "x for x in xs"
    (message,) = await client.until_shown()
    assert "No such file" in message
    assert '"audit"' in message
    await client.stop()
    assert len(client.shown()) == 1


async def test_two_servers_write_to_one_file(
    start: Start, ollama: FakeOllama, tmp_path: Path
) -> None:
    path = tmp_path / "record"
    clients = [await start(environment={"OLLAMA_HOST": ollama.url}) for _ in range(2)]
    for client in clients:
        await client.initialize(options={"debounceMs": 0, "audit": str(path)})
        client.open("a = [\n")
        assert await client.fill(0, 5)
    found = await until_written(path, 2)
    assert {one["process"] for one in found} == {client.process.pid for client in clients}


@pytest.mark.real
@pytest.mark.usefixtures("_weights")
async def test_the_embedded_engines_model_is_known_by_its_weights(tmp_path: Path) -> None:
    path, code = tmp_path / "record", tmp_path / "main.py"
    code.write_text("def add(a, b):\n    return \n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infill_ls", "complete", "--engine", "embedded"),
        *("--model", weights.DEFAULT.short, f"{code}:2"),
        env={**os.environ, "INFILL_LS_AUDIT": str(path)},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(300):
        out, _ = await process.communicate()
    assert process.returncode == 0
    (entry,) = entries(path)
    assert (entry["engine"], entry["model"]) == ("embedded", weights.DEFAULT.name)
    assert entry["digest"] == weights.DEFAULT.sha256
    assert entry["fill"]["sha256"] == digest_of(out.decode())
    assert entry["prompt"]["tokens"] is None or entry["prompt"]["tokens"] > 5
