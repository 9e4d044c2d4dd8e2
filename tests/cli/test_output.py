"""What commands write, in a pipe and on a terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.conftest import OnTerminal, Run
from fake_ollama import FakeOllama
from infill_ls.cli.output import ProgressBars
from infill_ls.engines.embedded import weights

SMALL, LARGE = (one.name for one in weights.ALL)


async def test_the_line_ends_on_a_terminal_and_nowhere_else(
    run: Run, on_terminal: OnTerminal, ollama: FakeOllama, code: Path
) -> None:
    assert await on_terminal("complete", "main.py:2:13") == "x for x in xs\r\n"
    assert await on_terminal("generate", "p") == "x for x in xs\r\n"
    ollama.fill = "x\n"
    assert await on_terminal("generate", "p") == "x\r\n"
    assert (await run("complete", "main.py:2:13")).out == "x"


async def test_control_sequences_do_not_reach_a_terminal(
    run: Run, on_terminal: OnTerminal, ollama: FakeOllama
) -> None:
    ollama.fill = "a\x1b[31mb\tc"
    assert await on_terminal("generate", "p") == "a\ufffd[31mb\tc\r\n"
    assert (await run("generate", "p")).out == "a\x1b[31mb\tc"


async def test_what_a_file_has_already_reaches_a_terminal_no_more_than_before(
    run: Run, on_terminal: OnTerminal, ollama: FakeOllama, tmp_path: Path
) -> None:
    (tmp_path / "colours.lua").write_text("-- \x1b\u202e\nred = \n")
    ollama.fill = "'\x1b[31m\u202e'\n"
    assert await on_terminal("complete", "colours.lua:2") == "'\ufffd[31m\ufffd'\r\n"
    assert (await run("complete", "colours.lua:2")).out == "'\x1b[31m\u202e'"


@pytest.mark.parametrize(
    "arguments",
    [["generate", "p"], ["complete", "-v", "main.py:2:13"], ["pull", "a:1b"]],
)
@pytest.mark.usefixtures("code")
async def test_an_engine_s_words_do_nothing_to_a_terminal(
    on_terminal: OnTerminal, ollama: FakeOllama, arguments: list[str]
) -> None:
    hostile = "\x1b[2J\x9b2J\u202e\U000e0041\nx"
    ollama.version = f"0.1.1{hostile}"
    ollama.pull_error = ollama.fill = hostile
    calm = await on_terminal(*arguments)
    ollama.refusal = 500, hostile
    for said in (calm, await on_terminal(*arguments)):
        assert said
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e\U000e0041]", said)


def test_a_bar_s_words_do_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBars() as progress:
        progress.show("a\x1b[2J", 1, 4)
        progress.show("b\x1b[2J", 0, 0)
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "b\ufffd[2J" in said


def test_each_thing_that_is_done_has_a_bar_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBars() as progress:
        for step in (("first", 1, 4), ("first", 4, 4), ("second", 1, 2), ("waiting", 0, 0)):
            progress.show(*step)
        progress.show("waiting", 0, 0)
    said = re.split(r"[\r\n]+", capsys.readouterr().err.strip())
    assert [line for line in said if line.startswith("first: 100%")]
    assert [line for line in said if line.startswith("second:  50%")]
    assert said[-1] == "waiting"


def test_what_is_cut_short_leaves_the_line_of_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), ProgressBars() as progress:  # noqa: PT012
        progress.show("first", 1, 4)
        raise KeyError
    assert capsys.readouterr().err.endswith("\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk is full here")
@pytest.mark.parametrize(
    "arguments",
    [["complete", "main.py:2:13"], ["complete", "--json", "main.py:2:13"], ["generate", "p"]],
)
@pytest.mark.usefixtures("code")
async def test_a_full_disk_is_told(run: Run, arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = await run(*arguments, stdout=full)
    assert ran.status == 1
    assert ran.err == "infill-ls: The output can't be written (No space left on device).\n"
