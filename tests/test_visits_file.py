"""The file with the editors that came last."""

from __future__ import annotations

import stat
import threading
import time
from pathlib import Path

import pytest

from infill_ls.locks import try_lock
from infill_ls.visits import VISITS_KEPT, Visit
from infill_ls.visits_file import last, note

NEOVIM = Visit("Neovim", "0.12.4", at=100, server="0.1.0", ghost_text=True, encoding="utf-8")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "editors.json"


def test_nobody_has_come(file: Path) -> None:
    assert last(file) == []


def test_what_is_noted_is_found(file: Path) -> None:
    note(NEOVIM, file)
    assert last(file) == [NEOVIM]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]"])
def test_a_file_that_says_nothing_is_replaced(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    assert last(file) == []
    note(NEOVIM, file)
    assert last(file) == [NEOVIM]


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    note(NEOVIM, in_the_way / "state" / "editors.json")
    assert in_the_way.read_text() == ""


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infill_ls.visits_file.own", lambda _: None)
    note(NEOVIM)
    assert last() == []


def test_while_another_server_is_at_it_nobody_waits(file: Path) -> None:
    assert note(NEOVIM, file)
    helix = Visit("helix", "25.07", at=200)
    with open(file.with_suffix(".lock"), "ab") as lock:
        assert try_lock(lock)
        assert not note(helix, file)
        assert last(file) == [NEOVIM]
    assert note(helix, file)
    assert last(file) == [helix, NEOVIM]


def test_servers_that_come_at_once_are_all_kept(file: Path) -> None:
    every = [Visit(f"editor {number}", at=number) for number in range(VISITS_KEPT)]

    def keep(visit: Visit) -> None:
        until = time.monotonic() + 30
        while not note(visit, file):
            assert time.monotonic() < until
            time.sleep(0.001)

    for _ in range(10):
        file.unlink(missing_ok=True)
        threads = [threading.Thread(target=keep, args=(visit,)) for visit in every]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(last(file), key=lambda one: one.at) == every
