"""What the client is sent, whether it reads or not."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator

import pytest

from infill_ls.lsp import output
from infill_ls.lsp.output import MAX_UNREAD, PipeOutput, SocketOutput

MESSAGES = [b"%d" % number * 100 for number in range(10_000)]


class Pipe:
    """A pipe with its output; ``left`` counts how often the client was given up."""

    def __init__(self) -> None:
        self.reader, writer = os.pipe()
        self.left = 0
        self.output = PipeOutput(writer, self._leave)

    def _leave(self) -> None:
        self.left += 1

    async def read(self, size: int = -1) -> bytes:
        """Read to the end, or so many bytes."""
        data = b""
        while size < 0 or len(data) < size:
            piece = await asyncio.to_thread(os.read, self.reader, 65_536)
            if not piece:
                break
            data += piece
        return data


@pytest.fixture
async def pipe() -> AsyncIterator[Pipe]:
    pipe = Pipe()
    yield pipe
    await pipe.output.aclose()
    os.close(pipe.reader)


async def test_what_is_read_at_once_is_written_at_once(pipe: Pipe) -> None:
    pipe.output.write(b"a")
    assert os.read(pipe.reader, 10) == b"a"
    assert not pipe.output.is_behind


async def test_what_nobody_reads_waits_and_comes_in_order(pipe: Pipe) -> None:
    for message in MESSAGES:
        pipe.output.write(message)
    assert pipe.output.is_behind
    everything = b"".join(MESSAGES)
    assert await pipe.read(len(everything)) == everything
    assert not pipe.output.is_behind
    pipe.output.write(b"a")
    assert os.read(pipe.reader, 10) == b"a"
    assert pipe.left == 0


async def test_one_message_that_is_larger_than_a_pipe(pipe: Pipe) -> None:
    large = os.urandom(3_000_000)
    pipe.output.write(large)
    pipe.output.write(b"and more")
    assert await pipe.read(len(large) + 8) == large + b"and more"


async def test_a_client_that_leaves_too_much_unread_is_given_up(
    pipe: Pipe, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(MAX_UNREAD // 1_000_000 + 2):
        pipe.output.write(b"a" * 1_000_000)
    assert pipe.left == 1
    assert not pipe.output.is_behind
    assert "bytes unread" in caplog.text


@pytest.mark.parametrize("unread", [b"", b"a" * 1_000_000])
async def test_a_client_that_is_gone_is_given_up_once(pipe: Pipe, unread: bytes) -> None:
    pipe.output.write(unread)
    os.close(pipe.reader)
    pipe.output.write(b"a")
    async with asyncio.timeout(10):
        while not pipe.left:
            await asyncio.sleep(0.001)
    pipe.output.write(b"a")
    assert pipe.left == 1
    pipe.reader = os.open(os.devnull, os.O_RDONLY)


async def test_the_last_answers_may_still_be_read(pipe: Pipe) -> None:
    pipe.output.write(b"a" * 1_000_000)
    reading = asyncio.create_task(pipe.read())
    pipe.output.close()
    pipe.output.write(b"too late")
    await pipe.output.aclose()
    assert await reading == b"a" * 1_000_000
    pipe.output = Pipe().output


async def test_who_does_not_read_the_last_answers_is_not_waited_for(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "LAST_READING", 0.01)
    pipe.output.write(b"a" * 1_000_000)
    await pipe.output.aclose()
    assert not pipe.output.is_behind
    assert len(await pipe.read()) < 1_000_000
    pipe.output = Pipe().output


# A socket


class Client(asyncio.Protocol):
    def __init__(self) -> None:
        self.left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.output = SocketOutput(transport, self._leave)

    def _leave(self) -> None:
        self.left += 1

    def pause_writing(self) -> None:
        self.output.pause_writing()

    def resume_writing(self) -> None:
        self.output.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self.output.connection_lost(error)


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Client, socket.socket]]:
    """The server's side of a connection, and the other end."""
    ours, theirs = socket.socketpair()
    _, client = await asyncio.get_running_loop().create_connection(Client, sock=ours)
    yield client, theirs
    theirs.close()
    await client.output.aclose()


async def test_a_socket_that_nobody_reads(ends: tuple[Client, socket.socket]) -> None:
    client, theirs = ends
    client.output.write(b"a")
    assert not client.output.is_behind
    client.output.write(b"b" * 3_000_000)
    assert client.output.is_behind
    reading = asyncio.create_task(asyncio.to_thread(theirs.makefile("rb").read))
    client.output.close()
    client.output.write(b"too late")
    await client.output.aclose()
    assert await reading == b"a" + b"b" * 3_000_000
    assert client.left == 0


async def test_a_socket_with_too_much_unread_is_given_up(
    ends: tuple[Client, socket.socket],
) -> None:
    client, _ = ends
    client.output.write(b"b" * (MAX_UNREAD + 10_000_000))
    assert client.left == 1
    client.output.write(b"c")
    assert client.left == 1
