"""Files that the user names: none that is there is replaced unless they say so."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from cli.conftest import Run, StartOnTerminal
from infill_ls.cli.new_file import claim, save
from infill_ls.errors import InfillError, SettingsError

# Each way to have a file written.
COMMANDS = (("stats", "--html"), ("bench", "--html"), ("doctor", "--report"))


def test_a_page_is_written_for_the_user_alone_and_anew(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    save("one", str(file))
    save("two ✓", str(file))
    assert file.read_text("utf-8") == "two ✓"
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators there")
def test_a_link_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "link.html"
    link.symlink_to(tmp_path / "page.html")
    save("one", str(link))
    assert link.is_symlink()
    assert (tmp_path / "page.html").read_text() == "one"


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such pipes")
def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    save("one", str(pipe))
    assert os.read(reading, 9) == b"one"
    os.close(reading)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_dash_is_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    save("one", "-")
    assert capfdbinary.readouterr().out == b"one"


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such pipes")
def test_a_pipe_is_no_file_to_be_asked_about(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    claim(str(tmp_path / "pipe"), yes=False)


def test_nobody_is_asked_about_a_file_that_is_not_there(tmp_path: Path) -> None:
    claim(str(tmp_path / "page.html"), yes=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("missing/page.html", "there is no such folder"),
        (".", "it is a folder"),
        ("there/page.html", r"\(Not a directory\)"),
    ],
)
def test_what_can_not_be_written_is_said_before_the_work_is_begun(
    tmp_path: Path, file: str, why: str
) -> None:
    (tmp_path / "there").write_text("")
    with pytest.raises(InfillError, match=f"can't be written.*{why}"):
        claim(str(tmp_path / file), yes=True)


@pytest.mark.skipif(sys.platform != "linux", reason="no folder there is closed to everybody")
def test_a_folder_in_which_nothing_can_be_made_is_told_before_too() -> None:
    with pytest.raises(InfillError, match=r"^/proc/page.html can't be written \(.+\)\.$"):
        claim("/proc/page.html", yes=False)


def test_what_can_not_be_written_later_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InfillError, match=r"^.*page.html can't be written \(.+\)\.$"):
        save("one", str(tmp_path / "missing" / "page.html"))


@pytest.mark.parametrize("link", [False, True])
def test_a_file_that_is_there_stays_unless_it_is_said(tmp_path: Path, link: bool) -> None:
    file = tmp_path / "mine.html"
    file.write_text("mine")
    if link:
        file = tmp_path / "link.html"
        file.symlink_to("mine.html")
    with pytest.raises(SettingsError, match=r"is there already\. Name another file"):
        claim(str(file), yes=False)
    claim(str(file), yes=True)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("command", COMMANDS)
async def test_each_command_leaves_a_file_that_is_there(
    run: Run, tmp_path: Path, command: tuple[str, str]
) -> None:
    (tmp_path / "mine").write_text("mine\n")
    ran = await run(*command, "mine", HOME=str(tmp_path))
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "infill-ls: mine is there already. Name another file, or say --yes.\n"
    assert (tmp_path / "mine").read_text() == "mine\n"


@pytest.mark.parametrize("command", [COMMANDS[0], COMMANDS[2]])
async def test_each_command_replaces_it_when_told_to(
    run: Run, tmp_path: Path, command: tuple[str, str]
) -> None:
    (tmp_path / "mine").write_text("mine\n")
    await run(*command, "mine", "--yes", HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path))
    assert (tmp_path / "mine").read_text().startswith("<!")


@pytest.mark.parametrize(("answer", "status", "begins"), [("n", 2, "mine"), ("y", 0, "<!DOCTYPE")])
async def test_on_a_terminal_it_is_asked(
    start_on_terminal: StartOnTerminal, tmp_path: Path, answer: str, status: int, begins: str
) -> None:
    (tmp_path / "mine").write_text("mine\n")
    screen = await start_on_terminal("stats", "--html", "mine")
    await screen.until("mine is there already. Replace it? [y/N]")
    screen.type(f"{answer}\n")
    assert await screen.ended() == status
    assert (tmp_path / "mine").read_text().startswith(begins)
