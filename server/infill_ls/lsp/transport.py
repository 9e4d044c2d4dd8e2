"""How a client is served: over stdin and stdout, or over a socket, and how the process leaves.

pygls' own loop becomes deaf at a header in lower case and at a length that is wrong, waits for a
thread when it is to leave, takes an ``exit`` without ``shutdown`` for success, and doesn't look at
the editor's process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any, BinaryIO, Final

from pygls.io_ import StdoutWriter

from infill_ls.errors import SettingsError
from infill_ls.logs import start_logging
from infill_ls.lsp.features import register
from infill_ls.lsp.frames import FrameError, Frames
from infill_ls.lsp.server import Server

log = logging.getLogger(__name__)

# s. How often the editor's process is looked at; a dead one must be noticed within 5 s.
PARENT_INTERVAL: Final = 2.0
# Bytes read at once.
_READ_SIZE: Final = 64 * 1024


def serve_stdio(command_line: Mapping[str, Any]) -> None:
    """Serve the client on stdin and stdout, then leave the process."""
    start_logging()
    # Whatever prints by mistake, native code included, goes to stderr from here on.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    async def main() -> int:
        return await _serve(command_line, _chunks_of(sys.stdin.buffer), StdoutWriter(output))

    _leave(_run(main))


def serve_tcp(command_line: Mapping[str, Any], host: str, port: int) -> None:
    """Serve one client on a socket, then leave the process.

    The address is written to stderr; port 0 means any that is free. Raises :class:`SettingsError`
    if the address can't be listened on.
    """
    start_logging()

    async def main() -> int:
        status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            listener.close()

            async def chunks() -> AsyncIterator[bytes]:
                while chunk := await reader.read(_READ_SIZE):
                    yield chunk

            status.set_result(await _serve(command_line, chunks(), writer))

        try:
            listener = await asyncio.start_server(client, host, port)
        except OSError as error:
            raise SettingsError(
                f"Nobody can listen on {host}:{port} ({error.strerror}).",
                "Take another port; 0 is any that is free.",
            ) from None
        address = listener.sockets[0].getsockname()
        sys.stderr.write(f"listening on {address[0]}:{address[1]}\n")
        sys.stderr.flush()
        return await status

    _leave(_run(main))


async def _serve(command_line: Mapping[str, Any], chunks: AsyncIterator[bytes], writer: Any) -> int:
    """Serve one client until it leaves, and return the exit status."""
    server = Server(command_line)
    register(server)
    server.protocol.set_writer(writer)
    if sys.platform != "win32":
        # There os.kill(pid, 0) would end the process; the end of stdin must do.
        server.background(_watch_parent(server))
    frames = Frames()
    try:
        async for chunk in chunks:
            for body in frames.feed(chunk):
                server.protocol.receive(body)
                # Let the request's task take its first step before the next message.
                await asyncio.sleep(0)
        return 0 if server.protocol.is_shut_down else 1
    except FrameError as error:
        log.error("%s", error)
        return 1
    except BrokenPipeError:
        return 1
    except SystemExit as stopped:
        return int(stopped.code or 0)
    finally:
        await server.aclose()


async def _watch_parent(server: Server) -> None:
    """Leave when the editor has died without closing our stdin."""
    while True:
        await asyncio.sleep(PARENT_INTERVAL)
        try:
            if server.process_id:
                os.kill(server.process_id, 0)
        except ProcessLookupError:
            log.info("the parent process is gone")
            await server.completer.aclose()
            _leave(1)
        except PermissionError:
            continue


def _run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    try:
        return asyncio.run(main())
    except KeyboardInterrupt:
        return 1


async def _chunks_of(stream: BinaryIO) -> AsyncIterator[bytes]:
    """Yield what arrives on a stream. A thread of its own reads, so that stdin may be anything."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        chunk = b"-"
        while chunk:
            try:
                chunk = os.read(stream.fileno(), _READ_SIZE)
            except OSError:
                chunk = b""
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(arrived.put_nowait, chunk)

    threading.Thread(target=read, daemon=True, name="stdin").start()
    while chunk := await arrived.get():
        yield chunk


def _leave(status: int) -> None:
    """End the process without waiting for the thread that blocks on stdin."""
    sys.stderr.flush()
    os._exit(status)
