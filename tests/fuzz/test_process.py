"""The same sessions against the real server in a process, as fast as they can be sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from fake_ollama import FakeOllama
from fuzz import parts
from fuzz.sessions import INLINE, MENU
from fuzz.texts import CANARY
from lsp_client import LspClient


@pytest.fixture
async def client(ollama: FakeOllama) -> AsyncIterator[LspClient]:
    client = await LspClient.start(environment={"OLLAMA_HOST": ollama.url})
    yield client
    await client.kill()


def messages(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The messages of a session, but for those that would have other settings used."""
    for kind, *rest in case["operations"]:
        for message in {"send": rest[:1], "burst": rest[0]}.get(kind, []):
            if message.get("method") != "workspace/didChangeConfiguration":
                yield message


@pytest.mark.parametrize("seed", ["1", "2"])
async def test_each_request_of_a_session_gets_its_reply(client: LspClient, seed: str) -> None:
    case = parts.made("sessions", f"process {seed}")
    about = {**case["initialize"], "initializationOptions": {"debounceMs": 0}}
    asked = [client.expect("first")]
    client.write({"jsonrpc": "2.0", "id": "first", "method": "initialize", "params": about})
    await asked[0]
    for message in messages(case):
        number = message.get("id")
        if "method" in message and isinstance(number, str | int):
            asked.append(client.expect(number))
        client.write(message)
    async with asyncio.timeout(100):
        replies = await asyncio.gather(*asked, return_exceptions=True)
    assert not any(isinstance(reply, ConnectionError) for reply in replies)
    assert any(one.get("method") in (INLINE, MENU) for one in messages(case))
    last = client.expect("last")
    client.write({"jsonrpc": "2.0", "id": "last", "method": "shutdown"})
    await last
    client.notify("exit", None)
    assert await client.wait() == 0
    assert client.stray_output == b""
    assert client.process.stderr is not None
    log = (await client.process.stderr.read()).decode()
    assert CANARY not in log
    assert "Traceback" not in log
    assert "ERROR" not in log
