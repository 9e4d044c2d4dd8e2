"""LSP's base protocol: bytes in, bodies of messages out (LSP 3.17, "Base Protocol").

Nothing here reads or writes. More is accepted than the specification demands, as other servers do:
header names in any case, bare ``\\n``, unknown headers, noise before a header.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# Bytes. The largest message is a file that is opened; editors that open larger ones turn their
# features off for them. A larger body is passed over, up to what nine digits can say.
MAX_BODY: Final = 64 * 1024 * 1024
# Bytes of a body that is passed over that are kept: its method and its document stand there.
HEAD: Final = 1024
# Bytes of one header line; a longer one is noise.
MAX_HEADER: Final = 4096


class FrameError(Exception):
    """The stream can't be followed any further: a length was announced that is none."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """What is known of a message that is too large: its first bytes, and how many it has."""

    head: bytes
    size: int


class Frames:
    """Finds the messages in a stream. :meth:`feed` it whatever arrives, in pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        # Of the body that is due, once its headers are over; what is still to come of it, if it is
        # passed over.
        self._length: int | None = None
        self._announced: int | None = None
        self._passing = False
        self._in_noise = False  # the line that has begun is too long to be a header

    def feed(self, data: bytes) -> Iterator[bytes | PassedOver]:
        """Yield the bodies that are complete now, in order; of one that is too large its head.

        Raises :class:`FrameError`, after the bodies that stand before what is wrong.
        """
        self._buffer += data
        while self._length is not None or self._read_headers():
            assert self._length is not None
            if self._length > MAX_BODY and not self._passing:
                if len(self._buffer) < HEAD:
                    return
                yield PassedOver(bytes(self._buffer[:HEAD]), self._length)
                self._passing = True
            if self._passing:
                if not self._pass():
                    return
                continue
            if len(self._buffer) < self._length:
                return
            body, self._length = bytes(self._buffer[: self._length]), None
            del self._buffer[: len(body)]
            if body:
                yield body

    def _pass(self) -> bool:
        """Drop what has come of a body that is passed over; return whether that was its end."""
        assert self._length is not None
        dropped = min(self._length, len(self._buffer))
        del self._buffer[:dropped]
        self._length -= dropped
        if self._length:
            return False
        self._length, self._passing = None, False
        return True

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
    if not value.isdigit() or len(value) > 9:
        # What stands there instead may be the user's code.
        raise FrameError("the length of a message that was announced is no number of bytes")
    return int(value)
