"""The real server in a process."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest

from fake_ollama import FakeOllama
from lsp_client import LspClient

Start = Callable[..., Awaitable[LspClient]]


def patched(constants: Mapping[str, object]) -> tuple[str, ...]:
    """The command of a server with other constants, by their full names, than everybody's."""
    imports = {"infill_ls.__main__", *(name.rpartition(".")[0] for name in constants)}
    lines = [
        f"import sys, {', '.join(sorted(imports))}",
        *(f"{name} = {value!r}" for name, value in constants.items()),
        "sys.exit(infill_ls.__main__.main())",
    ]
    return (sys.executable, "-c", "\n".join(lines), "serve")


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts servers; whatever is left of them at the end is killed."""
    clients: list[LspClient] = []

    async def start(*arguments: str, **options: Any) -> LspClient:
        clients.append(await LspClient.start(*arguments, **options))
        return clients[-1]

    yield start
    for client in clients:
        await client.kill()
        # stdout carries JSON-RPC and nothing else, whatever the test did.
        assert client.stray_output == b""


@pytest.fixture
async def client(start: Start, ollama: FakeOllama) -> LspClient:
    """A server with the simulated Ollama behind it, initialized, that doesn't debounce."""
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    return client
