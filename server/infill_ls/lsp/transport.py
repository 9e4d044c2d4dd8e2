"""How a client is served, over stdin and stdout or over a socket, and how the process leaves.

This takes the place of pygls' own loop. That one becomes deaf at a header in lower case and dies
at a length that is wrong (version 2.1.1), waits for a thread when it is to leave, takes an ``exit``
without ``shutdown`` for success, and doesn't look at the editor's process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any, Final, cast

from infill_ls.errors import SettingsError
from infill_ls.interrupts import INTERRUPTED, ending_at_once
from infill_ls.logs import failure, start_logging
from infill_ls.lsp.features import register
from infill_ls.lsp.frames import FrameError, Frames, PassedOver
from infill_ls.lsp.output import Output, PipeOutput, SocketOutput
from infill_ls.lsp.server import Server
from infill_ls.memory import Housekeeping

log = logging.getLogger(__name__)


# s. How often the editor's process is looked at; a dead one must be noticed within 5 s.
PARENT_INTERVAL: Final = 2.0
# Bytes read at once.
_READ_SIZE: Final = 64 * 1024
# Bytes that are read before those that came earlier are handled.
_READ_AHEAD: Final = 16 * _READ_SIZE


class Incoming:
    """The bytes that the client sends, until it has left.

    ``handled`` is called for each chunk that has been handled. ``unread``: bytes that haven't been.
    """

    def __init__(self, handled: Callable[[], None] = lambda: None) -> None:
        self.unread = 0
        self._handled = handled
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()

    def feed(self, chunk: bytes) -> None:
        """Take what has arrived. Nothing means that the client has left."""
        self.unread += len(chunk)
        self._chunks.put_nowait(chunk)

    def end(self) -> None:
        """Note that the client has left."""
        self.feed(b"")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what arrives, in order."""
        while chunk := await self._chunks.get():
            yield chunk
            self.unread -= len(chunk)
            self._handled()


def serve_stdio(command_line: Mapping[str, Any]) -> None:
    """Serve the client on stdin and stdout, then leave the process."""
    _open_standard_streams()
    start_logging()
    # Whatever prints by mistake, native code included, goes to stderr from here on.
    descriptor = os.dup(1)
    os.dup2(2, 1)

    async def main() -> int:
        incoming = _incoming_from(0)
        output = PipeOutput(descriptor, incoming.end)
        return await serve(Server(command_line), incoming, output, watch_parent=True)

    _leave(_run(main))


def serve_tcp(
    command_line: Mapping[str, Any], host: str, port: int, *, token: str = "", remote: bool = False
) -> None:
    """Serve one client on a socket, then leave the process.

    ``token``: what it has to send with ``initialize``; empty if nothing. ``remote``: other machines
    may reach the address. The address is written to stderr; port 0 means any that is free. Raises
    :class:`SettingsError` if the address can't be listened on.
    """
    # Not at the head: stdio, which is what editors use, needs none of it.
    from infill_ls.lsp.reception import Reception

    _open_standard_streams()
    start_logging()

    async def main() -> int:
        loop = asyncio.get_running_loop()
        first: asyncio.Future[_Client] = loop.create_future()
        reception = Reception(token, lambda: _Client(first))
        try:
            listener = await loop.create_server(reception.stranger, host, port)
        except OSError as error:
            raise SettingsError(
                f"Nobody can listen on {_address(host, port)} ({error.strerror}).",
                "Take another port, or 0 for any.",
            ) from None
        name, number, *_ = listener.sockets[0].getsockname()
        sys.stderr.write(f"listening on {_address(name, number)}\n")
        sys.stderr.flush()
        if remote:
            log.warning(
                "other machines can reach this port, and nothing on it is encrypted: where others "
                "may listen, use 127.0.0.1 and an SSH tunnel"
            )
        client = await first
        listener.close()
        reception.close()
        return await serve(Server(command_line), client.incoming, client.output)

    _leave(_run(main))


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def serve(
    server: Server, incoming: Incoming, output: Output, *, watch_parent: bool = False
) -> int:
    """Serve one client until it leaves, and return the exit status.

    ``watch_parent``: its process is on this machine, and when that has ended it has left. The
    status is 0 if the client has asked for ``shutdown`` before, 1 if it hasn't.
    """
    asyncio.get_running_loop().set_exception_handler(_log_failure)
    register(server)
    server.protocol.set_writer(output)
    server.is_read = lambda: not output.is_behind
    if watch_parent and sys.platform != "win32":
        # There os.kill(pid, 0) would end the process; the end of stdin must do.
        server.background(_watch_parent(lambda: server.process_id, incoming))
    frames, housekeeping = Frames(), Housekeeping()
    try:
        async for chunk in incoming.chunks():
            housekeeping.note()
            for body in frames.feed(chunk):
                if isinstance(body, PassedOver):
                    server.pass_over(body.head, body.size)
                    continue
                server.protocol.receive(body)
                # Let the request's task take its first step before the next message.
                await asyncio.sleep(0)
        return 0 if server.protocol.is_shut_down else 1
    except FrameError as error:
        log.error("%s", error)
        return 1
    except SystemExit as stopped:
        return int(stopped.code or 0)
    finally:
        await server.aclose()
        await output.aclose()


def _open_standard_streams() -> None:
    """Open those of stdin, stdout and stderr that whoever started this process has closed.

    Otherwise the next file that is opened would be taken for one of them.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The system gives the lowest number that is free: this one.
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _incoming_from(descriptor: int) -> Incoming:
    """Read a pipe in a thread of its own, so that stdin may be anything."""
    loop = asyncio.get_running_loop()
    # What is read and not handled yet is counted here, since the loop may be busy meanwhile.
    ahead = threading.BoundedSemaphore(_READ_AHEAD // _READ_SIZE)
    incoming = Incoming(handled=ahead.release)

    def read() -> None:
        chunk = b"-"
        while chunk:
            ahead.acquire()
            try:
                chunk = os.read(descriptor, _READ_SIZE)
            except OSError:
                chunk = b""
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(incoming.feed, chunk)

    threading.Thread(target=read, daemon=True, name="stdin").start()
    return incoming


class _Client(asyncio.Protocol):
    """A connection to the socket. The first one is served, others are turned away."""

    transport: asyncio.Transport
    output: SocketOutput

    def __init__(self, first: asyncio.Future[_Client]) -> None:
        self.incoming = Incoming(handled=self._read_on)
        self._first = first

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.output = SocketOutput(self.transport, self.incoming.end)
        if self._first.done():
            self.transport.abort()
        else:
            self._first.set_result(self)

    def data_received(self, data: bytes) -> None:
        self.incoming.feed(data)
        if self.incoming.unread > _READ_AHEAD:
            self.transport.pause_reading()

    def _read_on(self) -> None:
        if self.incoming.unread <= _READ_AHEAD and not self.transport.is_closing():
            self.transport.resume_reading()

    def eof_received(self) -> bool:
        self.incoming.end()
        # What it has asked for before is still answered.
        return True

    def pause_writing(self) -> None:
        self.output.pause_writing()

    def resume_writing(self) -> None:
        self.output.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        # A connection that was reset ends here, with no end of file.
        self.incoming.end()
        self.output.connection_lost(error)


async def _watch_parent(process_id: Callable[[], int | None], incoming: Incoming) -> None:
    """Leave when the editor has died without closing our stdin."""
    parent = os.getppid()
    while True:
        if _is_gone(process_id(), parent):
            log.info("the parent process is gone")
            incoming.end()
            return
        await asyncio.sleep(PARENT_INTERVAL)


def _is_gone(number: int | None, parent: int) -> bool:
    """Whether the editor's process is gone. ``parent``: the one that has started this process."""
    if not number:
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):  # it is somebody else's; it is no number of one
        return False
    # One that is dead stays there until whoever started it looks; but its children have another
    # parent then.
    return number == parent != os.getppid()


def _log_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what went wrong where nobody waits for it.

    asyncio would log results too, and the user's code is in those.
    """
    failure(log, "a callback failed", context.get("exception") or RuntimeError(context["message"]))


def _run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    with ending_at_once():
        runner = asyncio.Runner()
        # A loop that is half made complains when it is thrown away.
        runner.get_loop()
    work = main()
    try:
        with runner:
            return runner.run(work)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        # An interrupt may come before it has begun.
        work.close()


def _leave(status: int) -> None:
    """End the process without waiting for the thread that blocks on stdin."""
    sys.stderr.flush()
    os._exit(status)
