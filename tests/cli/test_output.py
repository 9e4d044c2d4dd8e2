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
