"""What a session leaves in the statistics, and what it never does."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Start, patched
from fake_ollama import FakeOllama
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RatesFile
from infill_ls.locks import try_lock
from lsp_client import LspClient

CANARY = "canary_4711"
URI = f"file:///{CANARY}_folder/{CANARY}_file.py"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "infill-ls"


def kept(state: Path) -> list[dict[str, Any]]:
    """All rows, of whatever day."""
    files = sorted((state / "statistics").glob("*.json"))
    return [row for file in files for row in json.loads(file.read_text("ascii"))]


async def session(client: LspClient, ollama: FakeOllama, **options: Any) -> None:
    """One fill is accepted, one is typed against."""
    ollama.fill = f"{CANARY}_fill()\n"
    await client.initialize(options={"debounceMs": 0, **options})
    client.open(f"# {CANARY}_text\nx = \ny = \n", uri=URI)
    (item,) = (await client.ask(1, 4, uri=URI))["items"]
    client.insert(item["insertText"], 1, 4, 2, uri=URI)
    await client.command(**item["command"])
    await client.ask(2, 4, uri=URI)
    client.insert("z", 2, 4, 3, uri=URI)
    ollama.fill = ""
    await client.ask(2, 5, uri=URI)


async def test_numbers_and_names_and_nothing_of_the_user(
    start: Start, ollama: FakeOllama, state: Path
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await session(client, ollama)
    assert await client.stop() == 0
    (row,) = kept(state)
    latencies = row.pop("latencies_ms")
    assert sum(latencies.values()) == 2
    assert row == {
        "language": "python",
        "engine": "ollama",
        "model": "qwen2.5-coder:1.5b",
        "shown": 2,
        "accepted": 1,
        "kept": 1,
        "typed_against": 1,
        "rejected": 1,
        "characters_saved": len(f"{CANARY}_fill()"),
    }
    assert any(CANARY in call.body["prompt"] for call in ollama.generations)
    for path in state.rglob("*"):
        assert CANARY not in str(path)
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such modes")
async def test_it_is_written_while_the_server_runs_for_the_user_alone(
    start: Start, ollama: FakeOllama, state: Path
) -> None:
    command = patched({"infill_ls.lsp.statistics.WRITE_AFTER": 0.1})
    client = await start(environment={"OLLAMA_HOST": ollama.url}, command=command)
    await session(client, ollama)
    async with asyncio.timeout(30):
        while sum(row.get("accepted", 0) for row in kept(state)) < 1:
            await asyncio.sleep(0.05)
    for path in (state / "statistics").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((state / "statistics").stat().st_mode) == 0o700
    assert await client.stop() == 0
    assert sum(row.get("shown", 0) for row in kept(state)) == 2


async def test_several_windows_add_to_one(start: Start, ollama: FakeOllama, state: Path) -> None:
    clients = [await start(environment={"OLLAMA_HOST": ollama.url}) for _ in range(3)]
    for client in clients:
        await session(client, ollama)
    assert await asyncio.gather(*(client.stop() for client in clients)) == [0, 0, 0]
    assert sum(row["accepted"] for row in kept(state)) == 3


async def test_what_is_killed_after_shutdown_has_left_counts_and_rates(
    start: Start, ollama: FakeOllama, state: Path
) -> None:
    rates = RatesFile(state / "rates.json")
    key = RatesFile.key("ollama", ollama.url, "qwen2.5-coder:1.5b")
    rates.save(key, Rates(read=100.0, write=10.0))
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await session(client, ollama)
    (state / "rates.json").unlink()
    await client.request("shutdown")
    await client.kill()
    assert sum(row["shown"] for row in kept(state)) == 2
    assert rates.load(key).read is not None


async def test_while_another_process_has_the_counters_shutdown_is_answered(
    start: Start, ollama: FakeOllama, state: Path
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await session(client, ollama)
    (state / "statistics").mkdir(parents=True)
    with (state / "statistics" / "lock").open("ab") as file:
        assert try_lock(file)
        await client.request("shutdown")
        assert kept(state) == []
    client.notify("exit", None)
    assert await client.wait() == 0
    assert sum(row["shown"] for row in kept(state)) == 2


async def test_off_leaves_nothing(start: Start, ollama: FakeOllama, state: Path) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await session(client, ollama, stats=False)
    assert await client.stop() == 0
    assert not (state / "statistics").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="its folders have no such modes")
async def test_a_place_that_can_not_be_written_keeps_nobody_from_completing(
    start: Start, ollama: FakeOllama, state: Path
) -> None:
    state.mkdir()
    # A file where the folder is to be; the tests may run as root, whom no mode keeps out.
    (state / "statistics").write_text("")
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await session(client, ollama)
    assert await client.stop() == 0
    assert client.shown() == []
    assert (state / "statistics").read_text() == ""
