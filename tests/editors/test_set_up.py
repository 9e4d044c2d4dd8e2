"""Editors in an empty home, set up as users do: by a command, or from a git address."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest

from editors import folder
from editors.editor import Editor
from editors.emacs import Emacs
from editors.engine import Engine
from editors.helix import Helix
from editors.neovim import Neovim
from editors.processes import INFILL_LS

ROOT = Path(__file__).parents[2]
Start = Callable[..., Editor]
Kind = type[Neovim] | type[Helix] | type[Emacs]


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts an editor in an empty home."""
    started = []

    def start(kind: Kind, **how: object) -> Editor:
        editor = kind.start(folder(), tmp_path / "home", environment, **how)  # type: ignore[arg-type]
        started.append(editor)
        return editor

    (tmp_path / "home").mkdir()
    yield start
    for editor in started:
        editor.quit()


def by_command(name: str) -> Callable[[Mapping[str, str]], None]:
    def set_up(environment: Mapping[str, str]) -> None:
        command = [str(INFILL_LS), "editor", name, "--write", "--yes"]
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=True)

    return set_up


def completes(editor: Editor, engine: Engine, file: Path) -> None:
    """Type what the engine has an end for, and accept that."""
    engine.reset()
    file.write_text("names = []\n\n")
    editor.open(file, 1, 0)
    engine.writes("ordered = sorted(names)")
    editor.type("ordered = so")
    editor.until_shown("rted(names)")
    editor.accept()
    editor.until_text("names = []\nordered = sorted(names)\n")
    engine.until_quiet()


@pytest.mark.parametrize("one", [Neovim, Helix, Emacs])
def test_the_command_sets_an_editor_up(
    one: Kind, start: Start, engine: Engine, tmp_path: Path
) -> None:
    editor = start(one, set_up=by_command(one.name))
    completes(editor, engine, tmp_path / "main.py")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What a plugin manager clones: a repository with this one's plugin in it."""
    place = tmp_path / "infill-ls"
    for name in ("plugin", "editor-configs/neovim"):
        shutil.copytree(ROOT / name, place / name)
    shutil.copy(ROOT / "pyproject.toml", place)
    person = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    for arguments in (("init", "-q"), ("add", "."), (*person, "commit", "-q", "-m", "all")):
        subprocess.run(["git", *arguments], cwd=place, check=True)
    return place


def no_set_up(_environment: Mapping[str, str]) -> None:
    """Nothing but ``init.lua``."""


PACK = "vim.pack.add({{ '{}' }}, {{ confirm = false }})"


def test_neovims_own_plugin_manager_loads_it_from_a_git_address(
    start: Start, engine: Engine, repository: Path, tmp_path: Path
) -> None:
    init = PACK.format(repository.as_uri())
    editor = cast(Neovim, start(Neovim, init=init, set_up=no_set_up))
    loaded = "return vim.v.vim_did_enter == 1 and vim.g.loaded_infill_ls or false"
    editor.until(lambda: editor.lua(loaded), "the plugin", limit=60)
    assert (tmp_path / "home/data/nvim/site/pack/core/opt/infill-ls").is_dir()
    completes(editor, engine, tmp_path / "main.py")


def test_a_server_that_is_not_there_is_told_with_what_installs_it(
    environment: dict[str, str], repository: Path, tmp_path: Path
) -> None:
    init = PACK.format(repository.as_uri())
    path = ":".join(
        one for one in environment["PATH"].split(":") if not (Path(one) / "infill-ls").exists()
    )
    (tmp_path / "home").mkdir()
    editor = Neovim.start(
        folder(), tmp_path / "home", {**environment, "PATH": path}, init, no_set_up
    )
    try:
        editor.keys("i")
        editor.until(lambda: "uv tool install" in editor.messages(), "what is missing")
        said = editor.messages()
        assert "infill-ls is not on the PATH." in said
        assert str(tmp_path / "home/data/nvim/site/pack/core/opt/infill-ls") in said
    finally:
        editor.quit()
