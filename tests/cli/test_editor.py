"""Setting editors up from a shell, in a home of its own."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cli.conftest import Ran, Run
from infill_ls.setup import configs

NEOVIM = "neovim/infill-ls.lua"
Command = Callable[..., Awaitable[Ran]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def places(home: Path, tmp_path: Path) -> dict[str, str]:
    """The environment; ``infill-ls`` is on the PATH, so that files name it and not where it is."""
    home.mkdir()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/infill-ls"
    program.touch(0o755)
    return {
        "HOME": str(home),
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        **dict.fromkeys(("VIRTUAL_ENV", "XDG_CONFIG_HOME", "XDG_STATE_HOME"), ""),
    }


@pytest.fixture
def editor(run: Run, places: dict[str, str]) -> Command:
    async def editor(*arguments: str) -> Ran:
        return await run("editor", *arguments, **places)

    return editor


def files(folder: Path) -> dict[str, str]:
    return {
        str(one.relative_to(folder)): one.read_text()
        for one in folder.rglob("*")
        if one.is_file() and "state/infill-ls" not in str(one)
    }


async def test_the_editors_are_listed(editor: Command) -> None:
    ran = await editor()
    assert ran.status == 0
    for name in ("neovim", "vscode", "helix", "emacs", "coc-nvim", "kakoune", "sublime", "zed"):
        assert f"\n{name}" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


async def test_a_set_up_is_printed_as_it_is_with_where_it_goes(editor: Command, home: Path) -> None:
    ran = await editor("neovim")
    assert ran.out == configs.read(NEOVIM)
    assert f"── goes to {home / '.config/nvim/plugin/infill-ls.lua'}\n" in ran.err
    assert str(configs.folder()) not in ran.err
    assert files(home) == {}


async def test_what_is_put_in_by_hand_is_no_place_where_it_goes(editor: Command) -> None:
    ran = await editor("zed")
    assert ran.out == configs.read("zed/settings.json")
    source = configs.folder() / "zed/settings.json"
    assert ran.err == f"── for you to put in; this is a copy of {source}\n"


@pytest.mark.parametrize("name", ["neovim", "helix", "emacs", "coc-nvim", "kakoune", "sublime"])
async def test_what_is_put_in_is_taken_out_again(editor: Command, home: Path, name: str) -> None:
    ran = await editor(name, "--write")
    assert ran.status == 0, ran.err
    assert files(home)
    assert [*ran.out.splitlines()][-1] == f"Undone by infill-ls editor {name} --remove."
    assert "has it already" in (await editor(name, "--write")).out
    ran = await editor(name, "--remove")
    assert ran.status == 0
    left = {one.name for one in home.rglob("*")}
    assert left == {".local", "state", "infill-ls", "set-up.json", "set-up.lock"}
    assert (await editor(name, "--remove")).out.startswith("Nothing of infill-ls")


async def test_a_users_file_is_not_touched_unless_he_says_yes(editor: Command, home: Path) -> None:
    file = home / ".config/helix/languages.toml"
    file.parent.mkdir(parents=True)
    theirs = '# mine\n[[language]]\nname = "go"\nlanguage-servers = ["gopls"]\n'
    file.write_text(theirs)
    ran = await editor("helix", "--write")
    assert ran.status == 1
    assert "--yes" in ran.err
    assert ran.out.startswith(f"What would change in {file}:\n@@")
    assert '+language-servers = ["infill-ls", "gopls"]' in ran.out
    assert file.read_text() == theirs
    assert (await editor("helix", "--write", "--yes")).status == 0
    go = tomllib.loads(file.read_text())["language"][0]
    assert go == {"name": "go", "language-servers": ["infill-ls", "gopls"]}
    file.write_text(file.read_text() + "# later\n")
    ran = await editor("helix", "--remove")
    assert "your own lines stay" in ran.out
    assert file.read_text() == theirs + "# later\n"


async def test_a_file_of_that_name_is_moved_aside_and_comes_back(
    editor: Command, home: Path
) -> None:
    file = home / ".config/nvim/plugin/infill-ls.lua"
    file.parent.mkdir(parents=True)
    file.write_text("-- mine\n")
    assert (await editor("neovim", "--write")).status == 1
    assert file.read_text() == "-- mine\n"
    assert (await editor("neovim", "--write", "--yes")).status == 0
    assert file.read_text() == configs.read(NEOVIM)
    await editor("neovim", "--remove")
    assert files(home) == {".config/nvim/plugin/infill-ls.lua": "-- mine\n"}


async def test_what_the_user_has_made_of_ours_is_moved_aside_too(
    editor: Command, home: Path
) -> None:
    file = home / ".config/nvim/plugin/infill-ls.lua"
    file.parent.mkdir(parents=True)
    file.write_text("-- mine\n")
    await editor("neovim", "--write", "--yes")
    file.write_text(edited := file.read_text().replace("pause = 40", "pause = 30"))
    ran = await editor("neovim", "--write", "--yes")
    aside = file.with_name("infill-ls.lua.before-infill-ls.2")
    assert f"Your own is {aside} now." in " ".join(ran.out.split())
    assert file.read_text() == configs.read(NEOVIM)
    assert aside.read_text() == edited
    assert file.with_name("infill-ls.lua.before-infill-ls").read_text() == "-- mine\n"
    ran = await editor("neovim", "--remove")
    assert f"{aside} is yours" in " ".join(ran.out.split())
    assert file.read_text() == "-- mine\n"
    assert aside.read_text() == edited


@pytest.mark.parametrize("noted", [True, False])
async def test_a_file_that_cant_come_back_is_named(
    editor: Command, home: Path, noted: bool
) -> None:
    file = home / ".config/nvim/plugin/infill-ls.lua"
    file.parent.mkdir(parents=True)
    file.write_text("-- mine\n")
    await editor("neovim", "--write", "--yes")
    if noted:
        file.write_text(file.read_text() + "-- mine, too\n")
    else:
        (home / ".local/state/infill-ls/set-up.json").unlink()
    ran = await editor("neovim", "--remove")
    aside = file.with_name("infill-ls.lua.before-infill-ls")
    if noted:
        assert f"{aside} is yours" in " ".join(ran.out.split())
        assert (file.read_text(), aside.read_text()) == ("-- mine, too\n", "-- mine\n")
    else:
        assert "is your own again." in ran.out
        assert files(home) == {".config/nvim/plugin/infill-ls.lua": "-- mine\n"}


async def test_what_was_changed_since_stays_and_is_said(editor: Command, home: Path) -> None:
    await editor("neovim", "--write")
    file = home / ".config/nvim/plugin/infill-ls.lua"
    file.write_text(file.read_text().replace("pause = 40", "pause = 30"))
    ran = await editor("neovim", "--remove")
    assert ran.status == 1
    assert "was changed after it was written" in ran.err + ran.out
    assert "pause = 30" in file.read_text()
    assert (await editor("neovim", "--remove", "--yes")).status == 0
    assert not file.exists()


async def test_what_another_machine_has_written_is_found_by_its_marks(
    editor: Command, home: Path
) -> None:
    (home / ".config/kak").mkdir(parents=True)
    (home / ".config/kak/kakrc").write_text("eval %sh{kak-lsp}\n")
    await editor("kakoune", "--write", "--yes")
    (home / ".local/state/infill-ls/set-up.json").unlink()
    ran = await editor("kakoune", "--write")
    assert "has it already" in ran.out
    await editor("kakoune", "--remove")
    assert (home / ".config/kak/kakrc").read_text() == "eval %sh{kak-lsp}\n\n"


@pytest.mark.parametrize("noted", [True, False])
async def test_what_the_user_has_changed_between_the_marks_is_his(
    editor: Command, home: Path, noted: bool
) -> None:
    file = home / ".config/kak/kakrc"
    await editor("kakoune", "--write")
    edited = file.read_text().replace("<<< infill-ls", "# mine\n# <<< infill-ls")
    file.write_text(edited)
    if not noted:
        (home / ".local/state/infill-ls/set-up.json").unlink()
    for what in ("--write", "--remove"):
        ran = await editor("kakoune", what)
        assert ran.status == 1
        assert "--yes says yes" in ran.err
        assert file.read_text() == edited
    ran = await editor("kakoune", "--write", "--yes")
    assert ran.status == 0
    assert "\n-# # mine\n" in ran.out
    assert file.read_text().count(">>> infill-ls") == 1
    assert "mine" not in file.read_text()
    assert (await editor("kakoune", "--remove")).status == 0
    assert not file.exists() or not file.read_text().strip()


async def test_settings_of_the_users_are_his_to_change(editor: Command, home: Path) -> None:
    (home / ".config/nvim").mkdir(parents=True)
    file = home / ".config/nvim/coc-settings.json"
    file.write_text("{}\n")
    ran = await editor("coc-nvim", "--write", "--yes")
    assert ran.status == 1
    assert "infill-ls editor coc-nvim prints what to add" in ran.out
    assert file.read_text() == "{}\n"


async def test_a_file_of_another_kind_than_the_editors_is_left_to_the_user(
    editor: Command, home: Path
) -> None:
    file = home / ".config/helix/languages.toml"
    file.parent.mkdir(parents=True)
    file.write_text("language-server = 1\n")
    for arguments in (["--write", "--yes"], ["--remove"], []):
        ran = await editor("helix", *arguments)
        assert "Something went wrong" not in ran.out + ran.err
        assert file.read_text() == "language-server = 1\n"
    ran = await editor("helix", "--write", "--yes")
    assert ran.status == 1
    assert "stays as it is: its language-server is no table of tables." in " ".join(ran.out.split())


async def test_a_program_that_no_editor_would_find_is_named_by_its_path(
    editor: Command, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "bin/infill-ls").unlink()
    ran = await editor("helix", "--write")
    named = tomllib.loads((home / ".config/helix/languages.toml").read_text())
    command = named["language-server"]["infill-ls"]["command"]
    assert command == str(Path(sys.executable).with_name("infill-ls"))
    assert f"infill-ls isn't on the PATH; {command} is started." in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["neovimm"], 'There is no set-up for "neovimm". Did you mean "neovim"?'),
        (["--write"], "Which editor?"),
        (["zed", "--write"], "infill-ls editor zed says what to do by hand."),
    ],
)
async def test_a_wrong_call_says_what_is_right(
    editor: Command, arguments: list[str], said: str
) -> None:
    ran = await editor(*arguments)
    assert ran.status == 2
    assert said in ran.err


async def test_a_file_that_is_no_text_is_left_alone(editor: Command, home: Path) -> None:
    file = home / ".config/kak/kakrc"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\xff")
    ran = await editor("kakoune", "--write", "--yes")
    assert ran.status == 1
    assert "stays as it is: it is not UTF-8." in ran.out
    assert (await editor("kakoune", "--remove")).status == 0
    assert (await editor()).status == 0
    assert file.read_bytes() == b"\xff"


async def test_what_was_put_there_by_hand_is_listed(editor: Command, home: Path) -> None:
    file = home / ".config/nvim/plugin/infill-ls.lua"
    file.parent.mkdir(parents=True)
    file.write_text(configs.read(NEOVIM))
    (line,) = [one for one in (await editor()).out.splitlines() if one.startswith("neovim")]
    assert line.split()[-1] == "yes"


def test_on_a_terminal_he_is_asked(places: dict[str, str], home: Path) -> None:
    file = home / ".config/kak/kakrc"
    file.parent.mkdir(parents=True)
    for answer, said in ((b"n\n", "mine\n"), (b"y\n", "mine\n\n# >>> infill-ls")):
        file.write_text("mine\n")
        terminal, end = pty.openpty()
        os.write(terminal, answer)
        subprocess.run(
            [sys.executable, "-m", "infill_ls", "editor", "kakoune", "--write"],
            stdin=end,
            capture_output=True,
            env={**os.environ, **places},
            timeout=30,
            check=False,
        )
        os.close(end)
        os.close(terminal)
        assert file.read_text().startswith(said)
        assert said != "mine\n" or file.read_text() == said


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for the editor")
@pytest.mark.parametrize(
    ("name", "program", "old", "new", "least"),
    [
        ("neovim", "nvim", "NVIM v0.7.2", "NVIM v0.11.0-dev", "0.11"),
        ("neovim", "nvim", "NVIM v0.9.5", "NVIM v0.12.0", "0.11"),
        ("helix", "hx", "helix 24.7 (079f5442)", "helix 25.07.1 (a05c151b)", "25.07"),
        ("emacs", "emacs", "GNU Emacs 27.1", "GNU Emacs 30.1", "28.1"),
        ("kakoune", "kak-lsp", "kak-lsp 17.0.1", "kak-lsp 18.0.0", "18"),
    ],
)
async def test_an_editor_that_is_too_old_or_not_there_is_told(
    run: Run,
    places: dict[str, str],
    tmp_path: Path,
    name: str,
    program: str,
    old: str,
    new: str,
    least: str,
) -> None:
    said = []
    places["PATH"] = f"{tmp_path / 'bin'}:{tmp_path / 'none'}"
    for version in ("", old, new, "built from source"):
        if version:
            (tmp_path / "bin" / program).write_text(f"#!/bin/sh\necho '{version}'\n")
            (tmp_path / "bin" / program).chmod(0o755)
        ran = await run("editor", name, "--write", **places)
        assert (ran.status, ran.err) == (0, "")
        said.append([line for line in ran.out.splitlines() if line.startswith("! ")])
    missing, too_old, well, unknown = said
    assert len(missing) == 1
    assert "There is no " in missing[0]
    assert program in missing[0]
    number = old.split()[-2 if "(" in old else -1].lstrip("v")
    assert too_old == [f"! The {program} on the PATH is {number}; {least} is needed."]
    assert (well, unknown) == ([], [])


@pytest.mark.parametrize("file", ["editor-configs/neovim/infill-ls.lua", "plugin/infill-ls.lua"])
def test_an_old_neovim_reads_no_line_that_it_has_no_functions_for(file: str) -> None:
    lines = (Path(__file__).parents[2] / file).read_text("utf-8").splitlines()
    code = [line for line in lines if line and not line.startswith("--")]
    assert code[0].startswith("if vim.fn.has('nvim-0.11') == 0 then")
    # Neovim 0.5, the first that reads such files, has these already.
    assert code[1].startswith("  vim.notify(")
    assert code[2:4] == ["  return", "end"]


async def test_a_damaged_note_of_what_was_put_in_changes_nothing(
    editor: Command, home: Path
) -> None:
    await editor("neovim", "--write")
    note = home / ".local/state/infill-ls/set-up.json"
    note.write_text("[]")
    before = files(home)
    for arguments in (["neovim", "--write"], ["neovim", "--remove"], ["emacs", "--write"], []):
        ran = await editor(*arguments)
        assert ran.status != 0
        assert f"{note}, which says what was put into which file, is damaged." in ran.err
    assert files(home) == before
    assert note.read_text() == "[]"
