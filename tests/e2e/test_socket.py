"""The server on a socket, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fake_ollama import FakeOllama
from lsp_client import URI, LspClient, LspError

TOKEN = "canary-4711-token"
Serve = Callable[..., Awaitable[tuple[Process, str, int]]]
INITIALIZE = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}'


@pytest.fixture
async def serve(ollama: FakeOllama) -> AsyncIterator[Serve]:
    """Starts a server on a port that is free: its process, host and port."""
    processes: list[Process] = []

    async def serve(
        *arguments: str, host: str = "127.0.0.1", token: str = ""
    ) -> tuple[Process, str, int]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infill_ls", "serve", "--tcp", f"{host}:0", *arguments),
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "OLLAMA_HOST": ollama.url, "INFILL_LS_DEBOUNCE_MS": "0"}
            | ({"INFILL_LS_TOKEN": token} if token else {}),
        )
        processes.append(process)
        assert process.stderr is not None
        address = (await process.stderr.readline()).decode().split()[-1]
        listening, _, port = address.rpartition(":")
        # It can be said as it stands to whoever connects.
        assert listening == host or host == "localhost"
        return process, host.strip("[]"), int(port)

    yield serve
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def left(process: Process) -> int:
    """The exit status, once the process has left; it says nothing that only we understand."""
    async with asyncio.timeout(30):
        status = await process.wait()
    assert process.stderr is not None
    assert b"Traceback" not in await process.stderr.read()
    return status


async def served(process: Process, host: str, port: int, options: Any) -> None:
    """A client comes, is served, and leaves."""
    reader, writer = await asyncio.open_connection(host, port)
    client = LspClient(_peer(reader, writer))
    assert (await client.initialize(options=options))["serverInfo"]["name"] == "infill-ls"
    await client.request("shutdown")
    client.notify("exit", None)
    assert await left(process) == 0
    writer.close()


def connected(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), timeout=10)


def reset(connection: socket.socket) -> None:
    """Close a connection so that the other side sees a reset and no end (RST instead of FIN)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
async def test_over_a_socket(serve: Serve, ollama: FakeOllama, host: str) -> None:
    if host == "[::1]" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    process, host, port = await serve(host=host)
    reader, writer = await asyncio.open_connection(host, port)
    client = LspClient(_peer(reader, writer))
    await client.initialize()
    client.open(".a\n")
    for version in range(2, 12):
        # All in one write: what comes after a request must not change its answer.
        client.insert("b", 0, 0, version)
        asked = client.ask(0, version - 1)
        client.insert("c", 0, 0, version)
        client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": URI, "version": version},
                "contentChanges": [{"text": "b" * (version - 1) + ".a\n"}],
            },
        )
        await asked
        # The call after it is for what comes after the fill.
        wanted = "<|fim_prefix|><|fim_suffix|>.a\n<|fim_middle|>" + "b" * (version - 1)
        assert wanted in [call.body["prompt"] for call in ollama.generations]
    await client.request("shutdown")
    client.notify("exit", None)
    assert await left(process) == 0
    writer.close()


@pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["end", "reset"])
@pytest.mark.parametrize("token", ["", TOKEN], ids=["any", "token"])
@pytest.mark.parametrize(
    "sent",
    [b"", b"Content-Length: 100\r\n\r\n{", b"GET / HTTP/1.1\r\nHost: me\r\n\r\n"],
    ids=["nothing", "half a message", "HTTP"],
)
async def test_who_leaves_before_it_has_said_anything_is_no_client(
    serve: Serve, leave: Callable[[socket.socket], None], token: str, sent: bytes
) -> None:
    process, host, port = await serve(token=token)
    connection = connected(host, port)
    connection.sendall(sent)
    leave(connection)
    # The next one is served.
    await served(process, host, port, {"token": token})


@pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["end", "reset"])
async def test_a_client_that_leaves_in_the_middle(
    serve: Serve, leave: Callable[[socket.socket], None]
) -> None:
    process, host, port = await serve()
    connection = connected(host, port)
    connection.sendall(framed(INITIALIZE) + b"Content-Length: 5\r\n\r\n[")
    # The server has it by then.
    assert await asyncio.to_thread(connection.recv, 1)
    leave(connection)
    assert await left(process) == 1


@pytest.mark.parametrize("options", [None, {}, {"token": "another that is long"}])
async def test_who_has_not_the_token_is_told_what_to_do(serve: Serve, options: Any) -> None:
    process, host, port = await serve(token=TOKEN)
    reader, writer = await asyncio.open_connection(host, port)
    client = LspClient(_peer(reader, writer))
    with pytest.raises(LspError, match=r"initializationOptions\.token"):
        await client.initialize(options=options)
    # Then the connection is closed: nothing else is answered.
    with pytest.raises(ConnectionError):
        await client.request("shutdown")
    writer.close()
    await served(process, host, port, {"token": TOKEN})


async def test_what_comes_before_the_token_gets_no_answer(serve: Serve) -> None:
    process, host, port = await serve(token=TOKEN)
    connection = connected(host, port)
    connection.sendall(framed(b'{"jsonrpc":"2.0","id":1,"method":"shutdown"}'))
    assert await asyncio.to_thread(connection.recv, 100) == b""
    connection.close()
    await served(process, host, port, {"token": TOKEN})


async def test_beyond_this_machine_it_is_told_that_nothing_is_encrypted(serve: Serve) -> None:
    process, _, port = await serve("--allow-remote", host="0.0.0.0", token=TOKEN)
    assert process.stderr is not None
    assert b"nothing on it is encrypted" in await process.stderr.readline()
    await served(process, "127.0.0.1", port, {"token": TOKEN})


async def test_the_token_is_in_nothing_that_others_read(serve: Serve) -> None:
    process, host, port = await serve(token=TOKEN)
    reader, writer = await asyncio.open_connection(host, port)
    client = LspClient(_peer(reader, writer))
    options = {"token": TOKEN, "log": "trace", "nonsense": 1}
    await client.initialize(options=options)
    assert await client.until_shown(1)
    arguments = Path(f"/proc/{process.pid}/cmdline")
    if arguments.exists():
        assert TOKEN.encode() not in arguments.read_bytes()
    await client.request("shutdown")
    client.notify("exit", None)
    async with asyncio.timeout(30):
        assert await process.wait() == 0
    writer.close()
    assert process.stderr is not None
    log = await process.stderr.read()
    assert b"DEBUG pygls" in log
    assert TOKEN.encode() not in log
    assert [text for text in client.shown() if "token" in text] == []


async def test_a_client_that_is_reset_while_the_model_writes(
    serve: Serve, ollama: FakeOllama
) -> None:
    process, host, port = await serve()
    connection = connected(host, port)
    reader, writer = await asyncio.open_connection(sock=connection)
    client = LspClient(_peer(reader, writer))
    await client.initialize()
    client.open("a = [")
    ollama.gate.clear()
    client.ask(0, 5)
    await ollama.until(lambda: len(ollama.generations) == 1)
    reset(connection)
    assert await left(process) == 1
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")
    writer.transport.abort()


async def test_a_client_that_has_shut_down_may_be_reset(serve: Serve) -> None:
    process, host, port = await serve()
    connection = connected(host, port)
    reader, writer = await asyncio.open_connection(sock=connection)
    client = LspClient(_peer(reader, writer))
    await client.initialize()
    await client.request("shutdown")
    reset(connection)
    assert await left(process) == 0
    writer.transport.abort()


async def test_only_one_client_is_served(serve: Serve) -> None:
    process, host, port = await serve()
    connections = [connected(host, port) for _ in range(2)]
    answers = []
    for connection in connections:
        try:
            connection.sendall(framed(INITIALIZE))
            answers.append(await asyncio.to_thread(connection.recv, 15))
        except ConnectionError:
            answers.append(b"")
    assert sorted(answers) == [b"", b"Content-Length:"]
    for connection in connections:
        connection.close()
    assert await left(process) == 1


def _peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
    """What an LspClient takes for a process."""

    class Peer:
        stdin, stdout, returncode = writer, reader, None

    return Peer()


async def test_a_client_on_another_machine_is_served(serve: Serve, ollama: FakeOllama) -> None:
    """Its process isn't here, or is somebody else's; a lost connection tells enough."""
    process, host, port = await serve()
    reader, writer = await asyncio.open_connection(host, port)
    client = LspClient(_peer(reader, writer))
    await client.initialize(process_id=2**22 - 3)
    client.open("a = [\n")
    for _ in range(3):
        # Longer than the first look at a parent takes.
        assert (await client.ask(0, 5))["items"]
    await client.request("shutdown")
    client.notify("exit", None)
    assert await left(process) == 0
    writer.close()
