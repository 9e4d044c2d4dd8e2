"""The command line as a whole."""

from __future__ import annotations

import pytest

from cli.conftest import Ran, Run
from infill_ls import __version__
from infill_ls.engines.embedded import weights

SMALL, LARGE = (one.name for one in weights.ALL)


async def test_the_version(run: Run) -> None:
    assert await run("--version") == Ran(0, f"infill-ls {__version__}\n", "")


async def test_without_a_command_it_says_what_it_can_do(run: Run) -> None:
    ran = await run()
    assert (ran.status, ran.err) == (0, "")
    assert "infill-ls doctor" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [["no-such-command"], ["complete"]])
async def test_a_wrong_call_is_status_2(run: Run, arguments: list[str]) -> None:
    ran = await run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "usage: infill-ls" in ran.err
