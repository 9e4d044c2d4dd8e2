"""What the client is sent. The loop never waits for a client that doesn't read."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from typing import Final, Protocol

from infill_ls.pipes import write_now

log = logging.getLogger(__name__)

# Bytes. A client that leaves more than this unread has hung: it has sent thousands of requests and
# read none of the answers.
MAX_UNREAD: Final = 8 * 1024 * 1024
# s. How long a client that leaves may take to read the last answers.
LAST_READING: Final = 1.0
# Bytes of the unsent that are tried to be sent at once; a pipe holds 64 KB.
_SENT_AT_ONCE: Final = 256 * 1024


class Output(Protocol):
    """Where the bytes for the client go.

    ``is_behind``: the client has not read everything yet, and more than a pipe holds.
    """

    @property
    def is_behind(self) -> bool: ...

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...

    async def aclose(self) -> None: ...


class PipeOutput:
    """Writes to a pipe what it has room for, keeps the rest in order, and sends it when it's read.

    ``descriptor`` is closed at the end. ``leave`` is called when the client reads no more, or has
    left more than ``MAX_UNREAD`` bytes unread.
    """

    def __init__(self, descriptor: int, leave: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._leave = leave
        self._unsent = bytearray()
        self._closed = False
        self._all_sent: asyncio.Event | None = None  # while something is unsent

    @property
    def is_behind(self) -> bool:
        """Whether something waits for the client to read."""
        return bool(self._unsent)

    def write(self, data: bytes) -> None:
        """Send bytes to the client, now or when it reads. Raises nothing."""
        if self._closed:
            return
        if not self._unsent:
            data = data[self._write(data) :]
        if data:
            self._keep(data)

    def close(self) -> None:
        """Take nothing more; what is unsent may still be read."""
        self._closed = True

    async def aclose(self) -> None:
        """Let the client read the rest for at most ``LAST_READING`` s, and close the pipe."""
        self._closed = True
        if self._all_sent is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_sent.wait(), LAST_READING)
        self._forget()
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    def _write(self, data: bytes) -> int:
        """Write what there is room for and return how much; all of it if nobody will read it."""
        try:
            return write_now(self._descriptor, data)
        except OSError:  # the reader is gone; the disk is full
            self._give_up()
            return len(data)

    def _keep(self, data: bytes) -> None:
        """Keep what there is no room for."""
        self._unsent += data
        if self._all_sent is None:
            self._all_sent = asyncio.Event()
            asyncio.get_running_loop().add_writer(self._descriptor, self._send)
        if len(self._unsent) > MAX_UNREAD:
            log.error("the editor has left %d bytes unread", len(self._unsent))
            self._give_up()

    def _send(self) -> None:
        """Send what is unsent and finds room now."""
        written = self._write(bytes(self._unsent[:_SENT_AT_ONCE]))
        del self._unsent[:written]
        if not self._unsent:
            self._forget()

    def _give_up(self) -> None:
        self._closed = True
        self._forget()
        self._leave()

    def _forget(self) -> None:
        """Have nothing to send any more."""
        self._unsent.clear()
        if self._all_sent is not None:
            asyncio.get_running_loop().remove_writer(self._descriptor)
            self._all_sent.set()
            self._all_sent = None


class SocketOutput:
    """Writes to a socket, with the same rules. ``leave`` is called as for a pipe.

    The protocol that the socket's events go to hands on :meth:`pause_writing` and the others.
    """

    def __init__(self, transport: asyncio.Transport, leave: Callable[[], None]) -> None:
        self._transport = transport
        self._leave = leave
        self._all_sent = asyncio.Event()
        self._all_sent.set()
        # So that writing is paused while anything at all is unsent.
        transport.set_write_buffer_limits(high=0)

    @property
    def is_behind(self) -> bool:
        """Whether something waits for the client to read."""
        return not self._all_sent.is_set()

    def write(self, data: bytes) -> None:
        """Send bytes to the client, now or when it reads. Raises nothing."""
        if self._transport.is_closing():
            return
        self._transport.write(data)
        unread = self._transport.get_write_buffer_size()
        if unread > MAX_UNREAD:
            log.error("the editor has left %d bytes unread", unread)
            self._transport.abort()
            self._leave()

    def close(self) -> None:
        """Take nothing more; what is unsent may still be read."""
        self._transport.close()

    async def aclose(self) -> None:
        """Let the client read the rest for at most ``LAST_READING`` s, and close the socket."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_sent.wait(), LAST_READING)
        self._transport.close()

    def pause_writing(self) -> None:
        """Note that something is unsent."""
        self._all_sent.clear()

    def resume_writing(self) -> None:
        """Note that everything is sent."""
        self._all_sent.set()

    def connection_lost(self, error: Exception | None) -> None:
        """Note that nothing more will be sent."""
        self._all_sent.set()
