"""Secrets' way out: what a session with canaries in it leaves where somebody else may look."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Start, patched
from fake_ollama import FakeOllama
from lsp_client import LspClient, LspError

CODE, SUFFIX, PATH = "canary_code_4711", "canary_suffix_4712", "canary_path_4713"
KEY, HEADER, FILL, CHANGE = "canary-key-4714", "canary-header-4715", "canary_4716", "canary_4717"
ALL = (CODE, SUFFIX, PATH, KEY, HEADER, FILL, CHANGE)
URI = f"file:///{PATH}/{PATH}.py"
TEXT = f"{CODE} = 1\nx = [\n# {SUFFIX}\n"
LEVELS = ("error", "warning", "info", "debug")
# Every fill ends in an exception of ours.
CRASHING = patched({"infill_ls.trim.MAX_CHARACTERS": None})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that a process writes of its own accord goes here."""
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path


def written(home: Path) -> bytes:
    return b"".join(
        str(path).encode() + (path.read_bytes() if path.is_file() else b"")
        for path in home.rglob("*")
    )


def found(data: bytes | str) -> set[str]:
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    return {canary for canary in ALL if canary in text}


def environment(url: str) -> dict[str, str]:
    return {
        "OLLAMA_HOST": url,
        "INFILL_LS_API_KEY_ENV": "THE_KEY",
        "THE_KEY": KEY,
        "INFILL_LS_HEADERS": json.dumps({"X-Secret": HEADER}),
    }


def process_of(pid: int) -> Iterator[tuple[str, bytes]]:
    for name in ("cmdline", "environ"):
        path = Path(f"/proc/{pid}/{name}")
        if path.exists():
            yield name, path.read_bytes()


async def session(client: LspClient, ollama: FakeOllama, level: str) -> None:
    """All that an editor may do, and all that may go wrong with it."""
    ollama.fill = f"{FILL}, 1]\n"
    await client.initialize(options={"debounceMs": 0, "log": level})
    client.open(TEXT, uri=URI)
    for manual in (False, True):
        await client.ask(1, 5, uri=URI, manual=manual)
    client.insert(CHANGE, 1, 5, 2, uri=URI)
    await client.ask(1, 5 + len(CHANGE), uri=URI)
    explained = await client.command("infill-ls.explain")
    assert found(json.dumps(explained)) == set()
    # What an engine says when it has had enough.
    for status, said in ((401, f"wrong key {KEY}"), (500, f"header {HEADER}"), (400, KEY)):
        ollama.refusal = status, said
        client.insert("a", 1, 5, 3, uri=URI)
        await client.ask(1, 6, uri=URI, manual=True)
    # What no editor sends.
    client.write_bytes(f'{{"not JSON": {CODE}'.encode())
    client.write_raw(f"{CODE}: noise\r\n".encode())
    client.notify("textDocument/didChange", {"textDocument": CODE, "contentChanges": CODE})
    client.notify("workspace/didChangeConfiguration", {"settings": {"infill-ls": None}})
    client.notify(f"x/{CODE}", {"text": CODE})
    for method in ("textDocument/inlineCompletion", "workspace/executeCommand"):
        with pytest.raises(LspError):
            await client.request(method, {"textDocument": {"uri": 5}, "position": CODE})
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("crashes", [False, True], ids=["works", "crashes"])
async def test_nothing_of_a_session_is_where_others_look(
    start: Start, ollama: FakeOllama, home: Path, level: str, crashes: bool
) -> None:
    command: dict[str, Any] = {"command": CRASHING} if crashes else {}
    client = await start(environment=environment(ollama.url), **command)
    await session(client, ollama, level)
    for name, content in process_of(client.process.pid):
        # The environment is what the user has started it with.
        assert found(content) <= ({KEY, HEADER} if name == "environ" else set())
    assert await client.stop() == 0
    assert client.process.stderr is not None
    log = await client.process.stderr.read()
    assert found(log) == set()
    # So the log was read, and is no traceback.
    assert b"Traceback" not in log
    assert (b"failed: TypeError" in log) is crashes
    if level != "error":
        assert b"dropped a message" in log
    assert found(json.dumps(client.messages)) == set()
    assert found(written(home)) == set()
    # It was sent where it should be, and there alone.
    sent = json.dumps([call.body for call in ollama.calls])
    assert CODE in sent
    assert KEY not in sent


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("crashes", [False, True], ids=["works", "crashes"])
async def test_nothing_of_a_command_is_where_others_look(
    ollama: FakeOllama, home: Path, level: str, crashes: bool
) -> None:
    ollama.fill = f"{FILL}, 1]\n"
    file = home / "main.py"
    file.write_text(TEXT)
    head = list(CRASHING[:-1]) if crashes else [sys.executable, "-m", "infill_ls"]
    for arguments in (["complete", f"{file}:2"], ["generate", "-"]):
        process = await asyncio.create_subprocess_exec(
            *head,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environment(ollama.url), "INFILL_LS_LOG": level},
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate(CODE.encode())
        fails = crashes and arguments[0] == "complete"
        assert process.returncode == int(fails)
        assert (FILL.encode() in out) is not fails
        assert found(err) == set()
        assert b"Traceback" not in err
        assert (b"went wrong inside (TypeError)" in err) is fails
    file.unlink()
    assert found(written(home)) == set()


async def test_the_way_in_the_clear_is_told_once(start: Start, ollama: FakeOllama) -> None:
    client = await start()
    await client.initialize(options={"url": "http://models.invalid:1", "engine": "ollama"})
    client.open("a = [\n")
    for _ in range(3):
        await client.ask(0, 5, manual=True)
        client.notify("workspace/didChangeConfiguration", {"settings": None})
    assert await client.until_shown(2)
    told = [text for text in client.shown() if "unencrypted" in text]
    assert len(told) == 1
    assert told[0].startswith("infill-ls: Your code goes to http://models.invalid")


async def test_an_ollama_that_leaks_is_told_once(start: Start, ollama: FakeOllama) -> None:
    ollama.version = "0.16.3"
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    (told,) = await client.until_shown(1)
    assert "Ollama before 0.17.1 leaks prompts (CVE-2026-7482)" in told
    client.notify(
        "workspace/didChangeConfiguration",
        {"settings": {"infill-ls": {"model": "qwen2.5-coder:1.5b"}}},
    )
    client.open("a = [\n")
    await client.fill(0, 5)
    assert len(client.shown()) == 1


@pytest.mark.real
@pytest.mark.usefixtures("_weights")
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_embedded_engine_s_child_has_no_canary(start: Start, tmp_path: Path) -> None:
    client = await start(environment={**environment(""), "XDG_STATE_HOME": str(tmp_path)})
    await client.initialize(options={"engine": "embedded", "log": "debug", "debounceMs": 0})
    client.open(TEXT, uri=URI)
    async with asyncio.timeout(120):
        await client.ask(1, 5, uri=URI, manual=True)
    children = Path(f"/proc/{client.process.pid}/task/{client.process.pid}/children")
    (child,) = children.read_text().split()
    for name, content in process_of(int(child)):
        assert found(content) == set(), name
    assert await client.stop() == 0
    assert client.process.stderr is not None
    assert found(await client.process.stderr.read()) == set()
    assert found(written(tmp_path)) == set()
