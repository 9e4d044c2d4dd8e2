"""The files with counters: several writers, broken files, modes, and what is too old."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infill_ls import counters_file
from infill_ls.counters import Counters, Subject, rows
from infill_ls.counters_file import DAYS_KEPT, CountersFile, days_ago, today
from infill_ls.locks import try_lock

PYTHON = Subject.of("python", "ollama", "m")
DAY = "2026-11-27"


def shown(count: int) -> Counters:
    return Counters(shown=count)


def read(folder: Path, day: str = DAY) -> dict[Subject, Counters]:
    return CountersFile(folder).days()[day]


def test_each_adds_to_what_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "statistics"
    CountersFile(folder).add(DAY, {PYTHON: shown(1)})
    rust = Subject.of("rust", "ollama", "m")
    CountersFile(folder).add(DAY, {PYTHON: shown(2), rust: shown(4)})
    CountersFile(folder).add("2026-11-28", {PYTHON: shown(9)})
    assert CountersFile(folder).days() == {
        DAY: {PYTHON: shown(3), rust: shown(4)},
        "2026-11-28": {PYTHON: shown(9)},
    }
    assert list(CountersFile(folder).days(since="2026-11-28")) == ["2026-11-28"]


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such modes")
def test_they_are_for_the_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "statistics"
    before = os.umask(0)
    try:
        CountersFile(folder).add(DAY, {PYTHON: shown(1)})
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"2026-11-27.json": 0o600, "lock": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_processes_that_write_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from infill_ls.counters import Counters, Subject\n"
        "from infill_ls.counters_file import CountersFile\n"
        "sys.stdin.readline()\n"
        "for _ in range(30):\n"
        "    file = CountersFile(Path(sys.argv[1]))\n"
        f"    file.add({DAY!r}, {{Subject.of('python', 'ollama', 'm'): Counters(shown=1)}})\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE)
        for _ in range(3)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    assert read(tmp_path) == {PYTHON: shown(90)}


def test_while_another_process_is_at_it_for_long_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters_file, "_LOCK_WAIT", 0.0)
    with open(tmp_path / "lock", "ab") as lock:
        assert try_lock(lock)
        with pytest.raises(OSError, match="another process"):
            CountersFile(tmp_path).add(DAY, {PYTHON: shown(1)})
    CountersFile(tmp_path).add(DAY, {PYTHON: shown(1)})
    assert read(tmp_path) == {PYTHON: shown(1)}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{}",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'[{"language": 5}]',
        b" " * 1_000_001,
    ],
    ids=["empty", "torn", "table", "null", "bytes", "deep", "row", "large"],
)
def test_a_broken_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / f"{DAY}.json"
    file.write_bytes(content)
    assert CountersFile(tmp_path).days() == {}
    CountersFile(tmp_path).add(DAY, {PYTHON: shown(1)})
    assert read(tmp_path) == {PYTHON: shown(1)}
    assert (tmp_path / f"{DAY}.json.broken").read_bytes() == content
    assert list(CountersFile(tmp_path).days()) == [DAY]


def test_what_is_older_than_a_year_goes_and_nothing_else(tmp_path: Path) -> None:
    old, kept = days_ago(DAYS_KEPT + 1), days_ago(DAYS_KEPT)
    for name in (f"{old}.json", f"{old}.json.broken", f"{kept}.json", "2001-01-01.txt", "notes"):
        (tmp_path / name).write_text(json.dumps(rows({PYTHON: shown(1)})))
    CountersFile(tmp_path).add(today(), {PYTHON: shown(1)})
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["2001-01-01.txt", f"{kept}.json", f"{today()}.json", "lock", "notes"]
    )


@pytest.mark.parametrize(
    "name", ["2026-99-99", "2026-02-30", "2026-00-10", "2026-01-00", "0000-01-01", "2025-02-29"]
)
def test_a_file_that_is_named_after_no_day_has_no_counters(tmp_path: Path, name: str) -> None:
    file = CountersFile(tmp_path)
    file.add(DAY, {PYTHON: shown(1)})
    shutil.copy(tmp_path / f"{DAY}.json", tmp_path / f"{name}.json")
    assert list(file.days()) == [DAY]
    file.clear()
    assert [one.name for one in tmp_path.iterdir()] == ["lock"]


def test_days_are_counted_back_over_months_and_years() -> None:
    assert days_ago(0) == today()
    for count in (1, 31, 400):
        then = time.strptime(days_ago(count), "%Y-%m-%d")
        now = time.strptime(today(), "%Y-%m-%d")
        # An hour more or less where the clocks were changed.
        assert round((time.mktime(now) - time.mktime(then)) / 86400) == count


def test_subjects_without_end_are_one(tmp_path: Path) -> None:
    for at in range(150):
        counts = {Subject.of("python", "ollama", f"model-{at}"): shown(1)}
        CountersFile(tmp_path).add(DAY, counts)
    counts = read(tmp_path)
    assert len(counts) == 100
    assert sum(one.shown for one in counts.values()) == 150
    assert counts[Subject("other", "other", "other")].shown == 51


def test_they_are_cleared(tmp_path: Path) -> None:
    file = CountersFile(tmp_path / "statistics")
    assert file.clear() == 0
    file.add(DAY, {PYTHON: shown(1)})
    file.add("2026-11-28", {PYTHON: shown(1)})
    (tmp_path / "statistics" / f"{DAY}.json.broken").write_text("")
    assert file.clear() == 2
    assert file.days() == {}
    assert [path.name for path in (tmp_path / "statistics").iterdir()] == ["lock"]


def test_nothing_to_add_makes_no_folder(tmp_path: Path) -> None:
    CountersFile(tmp_path / "statistics").add(DAY, {})
    assert list(tmp_path.iterdir()) == []


def test_where_nobody_has_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters_file, "own", lambda _: None)
    file = CountersFile()
    file.add(DAY, {PYTHON: shown(1)})
    assert file.folder is None
    assert file.days() == {}
    assert file.clear() == 0


def test_the_user_s_own_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = CountersFile().folder
    assert folder is not None
    assert folder.name == "statistics"
    assert folder.parent.name == "infill-ls"
