"""Engines that do everything rightly but for one thing."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fake_ollama import Call, FakeOllama

if TYPE_CHECKING:
    from faults.scene import Scene

Play = Callable[[asyncio.StreamWriter], Awaitable[None]]

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass
class Faulty(FakeOllama):
    """``play``: what it does instead of answering a call that is to write something; of any
    question where it is wrong ``everywhere``. ``hangs_up``: as soon as somebody has come.
    """

    play: Play | None = None
    everywhere: bool = False
    hangs_up: bool = False
    played: list[Call] = field(default_factory=list)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.hangs_up:
            writer.transport.abort()
            return
        await super()._accept(reader, writer)

    async def _answer(self, method: str, call: Call, writer: asyncio.StreamWriter) -> None:
        writes = call.path in ("/api/generate", "/v1/completions") and call.body.get("prompt")
        if self.play is not None and (writes or self.everywhere):
            self.played.append(call)
            await self.play(writer)
            await writer.drain()
            return
        await super()._answer(method, call, writer)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def line(**data: Any) -> bytes:
    """A line of Ollama's answer."""
    return json.dumps({"model": "m", **data}, ensure_ascii=False).encode() + b"\n"


def event(data: Any) -> bytes:
    """An event of OpenAI's answer."""
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def text_event(text: str, reason: str | None = None) -> bytes:
    return event({"choices": [{"text": text, "index": 0, "finish_reason": reason}]})


def says(status: int, body: Any, **headers: str) -> Play:
    """Answers with a status, and a body as JSON or as it is."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

    async def play(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(data)}\r\n{more}\r\n"
        writer.write(head.encode() + data)

    return play


def streams(*parts: bytes, then: Play | None = None, pause: float = 0.0) -> Play:
    """Answers with a stream of these parts, and ends it, or does something else ``then``."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        for part in parts:
            writer.write(chunk(part))
            await writer.drain()
            await asyncio.sleep(pause)
        if then is None:
            writer.write(b"0\r\n\r\n")
        else:
            await then(writer)

    return play


def sends(data: bytes) -> Play:
    """Sends some bytes, whatever they mean, and hangs up."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return play


async def hangs(writer: asyncio.StreamWriter) -> None:
    """Says nothing more, for ever."""
    await asyncio.Event().wait()


async def cuts(writer: asyncio.StreamWriter) -> None:
    """Breaks the connection."""
    writer.transport.abort()


async def trickles(writer: asyncio.StreamWriter) -> None:
    """Sends a byte a second."""
    writer.write(CHUNKED)
    for byte in line(response="x" * 1000):
        writer.write(chunk(bytes([byte])))
        await writer.drain()
        await asyncio.sleep(1.0)


def never_ends(part: bytes) -> Play:
    """Sends the same again and again, twenty times a second."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        while True:
            writer.write(chunk(part))
            await writer.drain()
            await asyncio.sleep(0.05)

    return play


async def long_line(writer: asyncio.StreamWriter) -> None:
    """Sends a line of 50 MB."""
    writer.write(CHUNKED + chunk(b'{"response":"'))
    for _ in range(50):
        writer.write(chunk(b"x" * 1_000_000))
        await writer.drain()
    writer.write(chunk(b'"}\n') + b"0\r\n\r\n")


def bomb() -> bytes:
    """One line of 100 MB, which gzip makes a thousand times smaller."""
    packer = zlib.compressobj(6, wbits=31)
    parts = [packer.compress(b'{"response":"')]
    parts += [packer.compress(b"x" * 1_000_000) for _ in range(100)]
    return b"".join([*parts, packer.compress(b'"}\n'), packer.flush()])


@asynccontextmanager
async def other_host() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A host that nobody should ask: its address, and what it was sent."""
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard
    finally:
        server.close()


@asynccontextmanager
async def process(python: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The simulated Ollama as a process of its own: its address and the process."""
    program = str(Path(__file__).resolve().parents[1] / "fake_ollama.py")
    started = await asyncio.create_subprocess_exec(
        python,
        program,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert started.stdout is not None
    try:
        yield (await started.stdout.readline()).decode().strip(), started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def waits_as_told(scene: Scene, engine: Faulty) -> None:
    """It has said that it can be asked again after 3 s, which is when the last key has its fill."""
    now = asyncio.get_running_loop().time
    began = now()
    assert await scene.key() is None
    engine.play = None
    scene.mended()
    *earlier, last = await scene.type(4)
    assert earlier == [None] * 3
    assert last is not None
    assert now() - began >= 3.0
    assert len(engine.played) == 1
    await scene.works_again()
