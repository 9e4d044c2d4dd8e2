"""The file with the editors that came last."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from infill_ls.visits import Visit
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
