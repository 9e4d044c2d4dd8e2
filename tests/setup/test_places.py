"""Where editors keep their configuration."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from infill_ls.setup import places, vscode


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "NVIM_APPNAME", "VIRTUAL_ENV"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_neovim_has_its_own_variables(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert places.neovim() == home / ".config/nvim"
    monkeypatch.setenv("NVIM_APPNAME", "other")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "c"))
    assert places.neovim() == home / "c/other"


def test_emacs_takes_the_folder_and_the_file_that_are_there(home: Path) -> None:
    assert places.emacs_init() == home / ".emacs.d/init.el"
    (home / ".config/emacs").mkdir(parents=True)
    assert places.emacs_init() == home / ".config/emacs/init.el"
    (home / ".emacs.d").mkdir()
    assert places.emacs_init() == home / ".emacs.d/init.el"
    (home / ".emacs").touch()
    assert places.emacs_init() == home / ".emacs"
    assert places.emacs() == home / ".emacs.d"


def test_coc_is_where_vim_is(home: Path) -> None:
    assert places.coc() == home / ".config/nvim"
    (home / ".vim").mkdir()
    assert places.coc() == home / ".vim"
    (home / ".config/nvim").mkdir(parents=True)
    assert places.coc() == home / ".config/nvim"


def test_a_program_is_named_by_its_path_where_an_editor_would_not_find_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str | None] = [str(home / "bin/infill-ls")]
    monkeypatch.setattr(shutil, "which", lambda _name, path: found[0])
    assert places.program() == "infill-ls"
    # Of an environment that is active in this shell alone.
    monkeypatch.setenv("VIRTUAL_ENV", str(home))
    assert places.program() == str(home / "bin/infill-ls")
    found[0] = None
    (home / "bin").mkdir()
    monkeypatch.setattr(sys, "executable", str(home / "bin/python"))
    assert places.program() == "infill-ls"
    (home / "bin/infill-ls").touch()
    assert places.program() == str(home / "bin/infill-ls")


def test_a_program_in_the_folder_of_a_project_is_none(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("project", "project/bin", "bin"):
        (home / folder).mkdir()
        (home / folder / "code").touch(0o755)
    monkeypatch.chdir(home / "project")
    for path in (".", "", "bin", "bin::.", "./bin"):
        monkeypatch.setenv("PATH", path)
        assert places.on_path("code") is None
        assert vscode.program() is None
    monkeypatch.setenv("PATH", f".:bin:{home / 'bin'}")
    assert places.on_path("code") == vscode.program() == str(home / "bin/code")
    # As Windows' own way of looking finds it.
    monkeypatch.setattr(shutil, "which", lambda _name, path: "./code")
    assert places.on_path("code") is None
