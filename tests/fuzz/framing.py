"""Raw bytes for :mod:`infill_ls.lsp.frames`, split anywhere, against a reader of the whole."""

from __future__ import annotations

from random import Random
from typing import Any

from fuzz.found import Counts, Found
from infill_ls.lsp.frames import HEAD, MAX_BODY, MAX_HEADER, FrameError, Frames, PassedOver

BODIES = (b"{}", b"", b"a", b"\n", b"Content-Length: 3\r\n\r\nabc", b"\r\n\r\n", b"\xff" * 300)
NAMES = (b"Content-Length", b"content-length", b"CONTENT-LENGTH ", b" Content-Length", b"Content_L")
BLANKS = (b"", b" ", b"  ", b"\t", b"\x0b")
ENDS = (b"\r\n", b"\r\n", b"\n", b"\r\r\n")
LENGTHS = (b"-1", b"x", b"", b"1.5", b"+3", b"0x1", b"\xd9\xa1", b"1" * 10, b"1 2")
TOO_LARGE = (MAX_BODY, MAX_BODY + 1, 10**9 - 1)
NOISE = (b"", b"\n", b"\r", b": :\n", b"Content-Type: x\r\n", b"\x00\xff\n", b"noise", b"\n\n\r\n")


def make(random: Random) -> dict[str, Any]:
    """A stream in pieces, as Latin-1."""
    stream = b"".join(_segment(random) for _ in range(random.randrange(1, 8)))
    pieces = []
    while stream:
        size = random.choice((1, 2, 3, 10, 100, 4096, 5000, 100_000))
        pieces.append(stream[:size].decode("latin-1"))
        stream = stream[size:]
    return {"pieces": pieces}


def _segment(random: Random) -> bytes:
    lot = random.random()
    if lot < 0.1:
        return random.choice(NOISE)
    if lot < 0.15:
        return random.randbytes(random.randrange(30))
    if lot < 0.2:
        size = random.choice((MAX_HEADER - 1, MAX_HEADER, MAX_HEADER + 1, 9000))
        return random.choice((b"x", b"\r", b" ")) * size + random.choice(NOISE)
    body = random.choice(BODIES)
    length = b"%d" % len(body)
    if lot < 0.25:
        length = b"%d" % random.choice((0, 1, len(body) + 1, 70, 10**6, *TOO_LARGE))
    elif lot < 0.28:
        length = random.choice(LENGTHS)
    before = random.choice(NOISE) if random.random() < 0.3 else b""
    blanks, end = random.choice(BLANKS), random.choice(ENDS)
    header = before + random.choice(NAMES) + b":" + blanks + length + blanks + end
    if random.random() < 0.2:
        header += b"A: b" + end
    return header + end + body


def run(case: dict[str, Any], counts: Counts) -> None:
    """Feed the pieces. Raises :class:`Found`."""
    pieces = [piece.encode("latin-1") for piece in case["pieces"]]
    frames, found, broken = Frames(), list[bytes | PassedOver](), False
    for piece in pieces:
        counts["operations"] += 1
        try:
            found += frames.feed(piece)
        except FrameError:
            broken = True
            break
        kept = len(frames._buffer)
        if kept > max(frames._length or 0, MAX_HEADER):
            raise Found("too much memory", kept)
    counts["messages"] += len(found)
    expected, is_broken = read(b"".join(pieces))
    if found != expected or broken != is_broken:
        raise Found("another reading", (found, expected, broken, is_broken))


def read(stream: bytes) -> tuple[list[bytes | PassedOver], bool]:
    """The bodies in a stream, and whether it ends in a length that is none."""
    found: list[bytes | PassedOver] = []
    length: int | None = None
    while b"\n" in stream:
        line, _, stream = stream.partition(b"\n")
        if len(line) > MAX_HEADER:
            continue
        name, _, value = line.strip().partition(b":")
        if name.strip().lower() == b"content-length":
            text = value.strip().decode("latin-1")
            if not (text.isascii() and text.isdecimal() and len(text) < 10):
                return found, True
            length = int(text)
        elif not line.strip() and length is not None:
            body, stream = stream[:length], stream[length:]
            if length > MAX_BODY and len(body) >= HEAD:
                found.append(PassedOver(body[:HEAD], length))
            if len(body) < length:
                return found, False
            if body:
                found.append(body)
            length = None
    return found, False
