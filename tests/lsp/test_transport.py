"""Serving a client in this process: what it sends, and how it leaves."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable
from typing import Any

import pytest

from infill_ls.lsp import transport
from infill_ls.lsp.output import PipeOutput
from infill_ls.lsp.server import Server
from infill_ls.lsp.transport import Incoming, serve


class Heard:
    """An output that keeps what is written to it."""

    is_behind = False

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


def framed(**message: Any) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def initialize(**params: Any) -> bytes:
    about = {"processId": None, "rootUri": None, "capabilities": {}, **params}
    return framed(id=1, method="initialize", params=about)


SHUTDOWN = framed(id=2, method="shutdown")
EXIT = framed(method="exit")


async def served(*chunks: bytes) -> tuple[int, bytes]:
    """The exit status and what the client got; it leaves after these chunks."""
    incoming, output = Incoming(), Heard()
    for chunk in chunks:
        incoming.feed(chunk)
    incoming.end()
    async with asyncio.timeout(30):
        status = await serve(Server(), incoming, output)
    return status, output.data


@pytest.mark.parametrize(
    ("chunks", "status"),
    [
        ([], 1),
        ([initialize()], 1),
        ([initialize(), SHUTDOWN], 0),
        ([initialize(), SHUTDOWN, EXIT], 0),
        ([initialize(), EXIT], 1),
        ([EXIT], 1),
        ([framed(id=3, method="exit")], 1),
        ([initialize(), b"Content-Length: 100\r\n\r\n{"], 1),
        ([initialize(), SHUTDOWN, b"Content-Length: 100\r\n\r\n{"], 0),
        ([initialize(), SHUTDOWN, b"Content-Length: many\r\n\r\n{"], 1),
    ],
)
async def test_the_exit_status(chunks: list[bytes], status: int) -> None:
    assert (await served(*chunks))[0] == status


async def test_messages_are_found_wherever_they_are_split() -> None:
    stream = initialize() + SHUTDOWN + EXIT
    status, answer = await served(*(stream[at : at + 7] for at in range(0, len(stream), 7)))
    assert status == 0
    assert answer.count(b"Content-Length: ") == 2


async def test_what_comes_after_the_client_has_left_is_not_read() -> None:
    incoming = Incoming()
    incoming.feed(b"a")
    incoming.end()
    incoming.feed(b"b")
    assert [chunk async for chunk in incoming.chunks()] == [b"a"]


async def test_a_server_whose_client_reads_no_more_leaves() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    incoming = Incoming()
    incoming.feed(initialize())
    async with asyncio.timeout(30):
        assert await serve(Server(), incoming, PipeOutput(writer, incoming.end)) == 1


async def test_what_is_unread_is_counted() -> None:
    handled: list[int] = []
    incoming = Incoming(handled=lambda: handled.append(incoming.unread))
    for chunk in (b"abc", b"de"):
        incoming.feed(chunk)
    incoming.end()
    assert incoming.unread == 5
    assert [chunk async for chunk in incoming.chunks()] == [b"abc", b"de"]
    assert handled == [2, 0]


class Connection(asyncio.Transport):
    """A connection that is read until that is paused."""

    def __init__(self) -> None:
        super().__init__()
        self.is_read = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True

    def is_closing(self) -> bool:
        return False


async def test_a_socket_is_read_no_further_ahead_than_is_handled() -> None:
    connection = Connection()
    client = transport._Client(asyncio.get_running_loop().create_future())
    client.connection_made(connection)
    sizes = []
    while connection.is_read:
        client.data_received(b"a" * 65_536)
        sizes.append(65_536)
    assert sum(sizes) <= transport._READ_AHEAD + 65_536
    chunks = client.incoming.chunks()
    await anext(chunks)
    await anext(chunks)
    assert connection.is_read
    client.eof_received()
    assert len([chunk async for chunk in chunks]) == len(sizes) - 2


async def test_a_pipe_is_read_no_further_ahead_than_is_handled() -> None:
    reader, writer = os.pipe()
    incoming = transport._incoming_from(reader)
    data = os.urandom(4 * transport._READ_AHEAD)
    writing = asyncio.create_task(asyncio.to_thread(write_all, writer, data))
    async with asyncio.timeout(30):
        # Pieces may be smaller than the largest.
        while incoming.unread < transport._READ_AHEAD // 16:
            await asyncio.sleep(0.001)
        assert incoming.unread <= transport._READ_AHEAD
        assert not writing.done()
        assert b"".join([chunk async for chunk in incoming.chunks()]) == data
    await writing
    os.close(reader)


def write_all(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


# The editor's process


def watched(
    monkeypatch: pytest.MonkeyPatch, kill: Callable[[int, int], None]
) -> tuple[list[int], asyncio.Task[list[bytes]]]:
    """The processes that are looked at, and what is read until the client has left."""
    looked: list[int] = []

    def look(number: int, signal: int) -> None:
        assert signal == 0
        looked.append(number)
        kill(len(looked), signal)

    monkeypatch.setattr(os, "kill", look)
    incoming = Incoming()

    async def read() -> list[bytes]:
        return [chunk async for chunk in incoming.chunks()]

    process_ids = iter([None, *[7] * 1000])
    watching = transport._watch_parent(lambda: next(process_ids), incoming)
    asyncio.get_running_loop().create_task(watching, name="watch")
    return looked, asyncio.create_task(read())


@pytest.mark.looptime
@pytest.mark.parametrize("odd", [None, PermissionError, OverflowError])
async def test_a_dead_editor_has_left(
    monkeypatch: pytest.MonkeyPatch, odd: type[Exception] | None
) -> None:
    def kill(count: int, _: int) -> None:
        if count == 3:
            raise ProcessLookupError
        if odd is not None:
            raise odd

    looked, reading = watched(monkeypatch, kill)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await reading == []
    assert looked == [7, 7, 7]
    # Within 5 s of its death.
    assert loop.time() - began == pytest.approx(3 * transport.PARENT_INTERVAL)


@pytest.mark.looptime
async def test_a_dead_editor_that_nobody_has_buried_has_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parents = iter([7, 7, 7, 1])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    looked, reading = watched(monkeypatch, lambda *_: None)
    assert await reading == []
    assert looked == [7, 7, 7]


@pytest.mark.looptime
async def test_another_parent_than_the_editor_may_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = iter([5, *[1] * 1000])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    looked, reading = watched(monkeypatch, lambda *_: None)
    await asyncio.wait([reading], timeout=20)
    assert not reading.done()
    assert len(looked) > 5
    reading.cancel()


# What nobody waits for


async def test_a_callback_that_fails_is_logged_without_the_code(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(text: str) -> None:
        raise ValueError(text)

    with caplog.at_level(logging.DEBUG, "infill_ls"):
        incoming = Incoming()
        serving = asyncio.create_task(serve(Server(), incoming, Heard()))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(fail, "the user's code")
        await asyncio.sleep(0)
        incoming.end()
        await serving
    assert "a callback failed: ValueError" in caplog.text
    assert "the user's code" not in caplog.text
