"""Settings as commands read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.conftest import Run
from infill_ls.engines.embedded import weights

SMALL, LARGE = (one.name for one in weights.ALL)


async def test_a_wrong_setting_is_told_and_the_default_is_used(run: Run, code: Path) -> None:
    ran = await run("complete", "main.py:2:13", INFILL_LS_MAX_TOKENS="many")
    assert (ran.status, ran.out) == (0, "x for x in xs")
    assert '"maxTokens" in the environment' in ran.err


@pytest.mark.parametrize("arguments", [["complete", "main.py:1"], ["generate", "p"]])
@pytest.mark.parametrize("name", ["OLLAMA_HOST", "INFILL_LS_URL"])
@pytest.mark.parametrize("address", ["http://me:s3cret@127.0.0.1:9", "[zz]"])
@pytest.mark.usefixtures("code")
async def test_an_address_that_is_none(
    run: Run, arguments: list[str], name: str, address: str
) -> None:
    # Ollama's own address is asked then; nobody is there, or somebody is.
    ran = await run(*arguments, "--model", "no-such:1b", **{"OLLAMA_HOST": "", name: address})
    assert ran.status == 1
    assert "must be an address" in ran.err.splitlines()[0]
    assert "s3cret" not in ran.err


async def test_code_that_goes_over_a_network_in_the_clear_is_told_in_one_line(
    run: Run, code: Path
) -> None:
    ran = await run(
        *("complete", f"{code.name}:2:13", "--engine", "ollama"),
        INFILL_LS_URL="http://models.invalid:1",
    )
    assert ran.status == 1
    told = [line for line in ran.err.splitlines() if "unencrypted" in line]
    assert len(told) == 1
    assert told[0].startswith("infill-ls: The code around the cursor goes to http://models.invalid")
