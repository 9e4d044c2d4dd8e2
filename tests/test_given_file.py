"""Files that the user names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infill_ls.errors import SettingsError
from infill_ls.given_file import READ_AT_MOST, content_of


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\r\n\xff")
    assert content_of(tmp_path / "a") == b"\r\n\xff"


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="Linux alone has such files")
def test_a_file_that_has_no_size(tmp_path: Path) -> None:
    assert content_of(Path("/proc/version"))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.touch()
    # Nothing is on the disk, and reading it would fill the memory.
    os.truncate(large, 1 << 40)
    with pytest.raises(SettingsError, match="too large"):
        content_of(large)
    os.truncate(large, READ_AT_MOST)
    assert len(content_of(large)) == READ_AT_MOST


def test_a_device_without_an_end() -> None:
    with pytest.raises(SettingsError, match="too large"):
        content_of(Path("/dev/zero"))


def test_the_limit_is_the_caller_s(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(SettingsError, match="over 1 MB"):
        content_of(tmp_path / "a", 1 << 20)
    assert content_of(tmp_path / "a", 1 << 21)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes among the files")
def test_a_pipe_is_read_where_somebody_writes_and_never_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(SettingsError, match="nothing comes out of it"):
        content_of(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(pipe, os.O_WRONLY)
    os.write(writer, b"a")
    os.close(writer)
    assert content_of(pipe) == b"a"
    os.close(reader)
