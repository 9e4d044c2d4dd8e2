"""The record: whole lines, for the user alone, in a file that doesn't grow for ever."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from infill_ls import audit
from infill_ls.audit import Audit

WRITER = """\
import sys
from infill_ls import audit
audit.LARGEST = 20_000
file = audit.Audit(sys.argv[1], lambda text: sys.exit(text))
for number in range(500):
    file.write({"writer": sys.argv[2], "number": number, "filler": "x" * 20})
file.close()
"""


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def refuse(text: str) -> None:
    raise AssertionError(text)


def test_one_line_for_each_entry(tmp_path: Path) -> None:
    path = tmp_path / "record"
    for event in ("shown", "accepted"):
        record = Audit(str(path), refuse)
        record.write({"event": event, "file": "größe"})
        record.close()
    first, second = lines(path)
    assert (first["event"], second["event"], first["file"]) == ("shown", "accepted", "größe")
    assert first["process"] == os.getpid()
    moment = datetime.fromisoformat(first["time"])
    offset = moment.utcoffset()
    assert offset is not None
    assert not offset


def test_home_is_meant_by_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    record = Audit("~/record", refuse)
    record.write({})
    record.close()
    assert len(lines(tmp_path / "record")) == 1


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_can_read_it(
    tmp_path: Path, umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "LARGEST", 1)
    path = tmp_path / "record"
    before = os.umask(umask)
    try:
        record = Audit(str(path), refuse)
        for _ in range(3):
            record.write({})
        record.close()
    finally:
        os.umask(before)
    assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()} == {0o600}


def test_what_others_could_read_they_no_longer_can(tmp_path: Path) -> None:
    path = tmp_path / "record"
    path.touch(0o644)
    record = Audit(str(path), refuse)
    record.write({})
    record.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_large_file_makes_way_and_the_oldest_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "LARGEST", 1)
    path = tmp_path / "record"
    record = Audit(str(path), refuse)
    for number in range(audit.OLDER + 3):
        record.write({"number": number})
    record.close()
    newest = audit.OLDER + 2
    assert lines(path)[0]["number"] == newest
    for older in range(1, audit.OLDER + 1):
        assert lines(tmp_path / f"record.{older}")[0]["number"] == newest - older
    assert len(list(tmp_path.iterdir())) == audit.OLDER + 1


def test_several_processes_write_to_one_file(tmp_path: Path) -> None:
    """Each line is whole and there once, though the file makes way several times meanwhile."""
    path = tmp_path / "record"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*command, name], stderr=subprocess.PIPE) for name in "ab"]
    for writer in writers:
        _, said = writer.communicate(timeout=60)
        assert (writer.returncode, said) == (0, b"")
    found = [line for one in tmp_path.iterdir() for line in lines(one)]
    kept = {(one["writer"], one["number"]) for one in found}
    assert len(kept) == len(found)
    # 1,000 lines of over 100 bytes are more than is kept; the newest are.
    assert ({("a", 499), ("b", 499)} & kept) != set()
    assert len(list(tmp_path.iterdir())) == audit.OLDER + 1
    # Only the newest file may be smaller than the limit: nobody has rotated a new one away.
    sizes = [one.stat().st_size for one in tmp_path.iterdir() if one != path]
    assert min(sizes) >= 20_000


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing/record", "No such file"),
        ("folder", "Is a directory"),
        ("pipe", "No such device"),
    ],
)
def test_what_is_in_the_way_is_told_once(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    told: list[str] = []
    record = Audit(str(tmp_path / name), told.append)
    for _ in range(3):
        record.write({})
    record.close()
    (problem,) = told
    assert says in problem
    assert '"audit"' in problem


def test_a_path_that_depends_on_where_the_server_was_started(tmp_path: Path) -> None:
    told: list[str] = []
    record = Audit("record", told.append)
    record.write({})
    record.close()
    assert "whole path" in told[0]
    assert not Path("record").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
def test_a_full_disk_is_told_and_told_again_once_it_has_worked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    path = tmp_path / "record"
    monkeypatch.setattr(stat, "S_ISREG", lambda mode: True)
    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    record = Audit(str(path), told.append)
    for full in (True, True, False, True):
        if full:
            path.symlink_to("/dev/full")
        record.write({"full": full})
        waiting = record._thread
        assert waiting is not None
        record.close()
        record._thread = None
        path.unlink()
    assert len(told) == 2
    assert "No space left" in told[0]


def test_what_a_full_disk_cut_short_spoils_no_other_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    path = tmp_path / "record"
    record = Audit(str(path), told.append)

    class Short:
        """Takes ten bytes, then nothing."""

        def __init__(self) -> None:
            self.room = 10

        def write(self, data: bytes) -> int:
            taken, self.room = data[: self.room], max(0, self.room - len(data))
            with path.open("ab") as file:
                file.write(taken)
            return len(taken)

    short = Short()
    for _ in range(2):
        with pytest.raises(OSError, match="disk is full"):
            record._write(short, b'{"lost": 1, "filler": 1}\n')  # type: ignore[arg-type]
    record.write({"whole": True})
    record.close()
    cut, whole = path.read_text().splitlines()
    assert cut == '{"lost": 1'
    assert json.loads(whole)["whole"] is True


def test_a_system_that_gives_no_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    told: list[str] = []
    record = Audit(str(tmp_path / "record"), told.append)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        record.write({})
        record.write({})
    record.close()
    assert len(told) == 1
    assert "no thread" in told[0]
    record.write({})
    record.close()
    assert len(lines(tmp_path / "record")) == 1


def test_a_disk_that_hangs_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, told = threading.Event(), list[str]()
    monkeypatch.setattr(audit, "LINES_WAITING", 3)
    record = Audit(str(tmp_path / "record"), told.append)
    append = record._append

    def hang(line: bytes) -> None:
        assert go.wait(60)
        append(line)

    monkeypatch.setattr(record, "_append", hang)
    for number in range(10):
        record.write({"number": number})
    assert len(told) == 1
    assert "lost" in told[0]
    go.set()
    record.close()
    assert 3 <= len(lines(tmp_path / "record")) <= 4
