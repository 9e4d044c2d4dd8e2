"""Writing to a pipe without waiting."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from infill_ls.pipes import AT_ONCE, has_room, write_now


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Where it is read and where it is written."""
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        os.close(descriptor)


def test_what_has_room_is_written(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    assert write_now(writer, b"abc") == 3
    assert os.read(reader, 10) == b"abc"


def test_a_full_pipe_is_not_waited_for(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    data = os.urandom(10_000_000)
    written = write_now(writer, data)
    assert AT_ONCE <= written < len(data)
    assert not has_room(writer)
    assert write_now(writer, data) == 0
    read = b"".join(os.read(reader, written) for _ in range(1))
    assert read == data[: len(read)]
    assert has_room(writer)


def test_a_pipe_that_nobody_can_read_any_more_fails() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        write_now(writer, b"a")
    os.close(writer)
