"""LSP's base protocol: bytes in, bodies of messages out (LSP 3.17, "Base Protocol").

Nothing here reads or writes. More is accepted than the specification demands, as other servers do:
header names in any case, bare ``\\n``, unknown headers, noise before a header.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

# Bytes. The largest message is a file that is opened; editors refuse such files long before.
MAX_BODY: Final = 64 * 1024 * 1024
# Bytes of one header line; a longer one is noise.
MAX_HEADER: Final = 4096


class FrameError(Exception):
    """The stream can't be followed any further: a length was announced that is none."""


class Frames:
    """Finds the messages in a stream. :meth:`feed` it whatever arrives, in pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None  # of the body that is due, once its headers are over
        self._announced: int | None = None
        self._in_noise = False  # the line that has begun is too long to be a header

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the bodies that are complete now, in order.

        Raises :class:`FrameError`, after the bodies that stand before what is wrong.
        """
        self._buffer += data
        while self._length is not None or self._read_headers():
            assert self._length is not None
            if len(self._buffer) < self._length:
                return
            body, self._length = bytes(self._buffer[: self._length]), None
            del self._buffer[: len(body)]
            if body:
                yield body

    def _read_headers(self) -> bool:
        """Read header lines; return whether those of the next body are over."""
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end]).strip()
            del self._buffer[: end + 1]
            noise, self._in_noise = self._in_noise or end > MAX_HEADER, False
            if noise:
                continue
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                self._announced = _length(value.strip())
            elif not line and self._announced is not None:
                self._length, self._announced = self._announced, None
                return True
        if len(self._buffer) > MAX_HEADER:
            self._in_noise = True
            self._buffer.clear()
        return False


def _length(value: bytes) -> int:
    """Return the value of a ``Content-Length``, in bytes. Raises :class:`FrameError`."""
    if not value.isdigit() or len(value) > 9 or int(value) > MAX_BODY:
        raise FrameError(f"a message of {value[:40]!r} bytes was announced; {MAX_BODY} is the most")
    return int(value)
