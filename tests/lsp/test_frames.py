"""LSP's base protocol: the same bodies wherever the bytes are split."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.lsp.frames import HEAD, MAX_BODY, MAX_HEADER, FrameError, Frames, PassedOver

HEADERS = (
    b"Content-Length: %d\r\n\r\n",
    b"content-length:%d\n\n",
    b"CONTENT-LENGTH : %d \r\n\r\n",
    b"Content-Type: x\r\nContent-Length: %d\r\n\r\n",
    b"Content-Length: %d\r\nContent-Type: x\r\n\r\n",
    b"some noise\r\n\r\n\n: :\nContent-Length: %d\r\n\r\n",
    b"Content-Length: 0\r\n\r\nContent-Length: %d\r\n\r\n",
)
MESSAGES = st.lists(st.tuples(st.sampled_from(HEADERS), st.binary(min_size=1, max_size=40)))


@given(MESSAGES, st.data())
def test_bodies_are_found_wherever_the_stream_is_split(
    messages: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(header % len(body) + body for header, body in messages)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=10).map(sorted))
    frames = Frames()
    found = [
        body
        for start, end in pairwise([0, *cuts, len(stream)])
        for body in frames.feed(stream[start:end])
    ]
    assert found == [body for _, body in messages]


@pytest.mark.parametrize("length", [b"-1", b"1.5", b"abc", b"", b"9" * 10])
def test_a_length_that_is_none_can_not_be_gone_on_from(length: bytes) -> None:
    with pytest.raises(FrameError, match="was announced"):
        list(Frames().feed(b"Content-Length: " + length + b"\r\n\r\n"))


def test_the_longest_body_is_accepted() -> None:
    assert list(Frames().feed(b"Content-Length: %d\r\n\r\n" % MAX_BODY)) == []


@pytest.mark.parametrize("piece", [HEAD - 1, HEAD, 1 << 20, 3 * MAX_BODY])
def test_a_body_that_is_too_large_is_passed_over(piece: int) -> None:
    size = MAX_BODY + 1
    large = b'{"method": "x"' + b" " * (size - 14)
    stream = b"Content-Length: 1\r\n\r\naContent-Length: %d\r\n\r\n" % size
    stream += large + b"Content-Length: 1\r\n\r\nb"
    # The first pieces are small, so that the head comes in several.
    cuts = [*range(0, 5 * piece, piece), *range(5 * piece, len(stream), 1 << 24)]
    frames = Frames()
    found = [
        one
        for start, end in pairwise([*cuts, len(stream)])
        for one in frames.feed(stream[start:end])
    ]
    assert found == [b"a", PassedOver(large[:HEAD], size), b"b"]


def test_noise_without_an_end_is_forgotten() -> None:
    frames = Frames()
    for _ in range(100):
        assert list(frames.feed(b"x" * 1000)) == []
    assert list(frames.feed(b"\nContent-Length: 1\r\n\r\na")) == [b"a"]


def test_what_stands_before_a_broken_header_arrives() -> None:
    bodies = Frames().feed(b"Content-Length: 2\r\n\r\n{}Content-Length: x\r\n\r\n")
    assert next(bodies) == b"{}"
    with pytest.raises(FrameError):
        next(bodies)


@pytest.mark.parametrize("size", [MAX_HEADER, MAX_HEADER + 1, 3 * MAX_HEADER])
@pytest.mark.parametrize("piece", [1, 1000, 100_000])
def test_a_line_that_is_too_long_is_noise_wherever_it_is_split(size: int, piece: int) -> None:
    header = b"Content-Length: 1\r\n"
    long = b"Content-Length: 2".ljust(size) + b"\n"
    stream = header + long + b"\r\nab\nContent-Length: 1\n\nc"
    frames, found = Frames(), list[bytes | PassedOver]()
    for start in range(0, len(stream), piece):
        found += frames.feed(stream[start : start + piece])
    assert found == ([b"ab", b"c"] if size == MAX_HEADER else [b"a", b"c"])
