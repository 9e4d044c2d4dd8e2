"""Settings as commands read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.conftest import Run
from fake_ollama import FakeOllama
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
    ran = await run(*arguments, **{name: address})
    assert ran.status == 2
    (line,) = ran.err.splitlines()
    assert "must be an address" in line
    assert f"Nothing is asked until it is mended, or {name} unset." in line
    assert "s3cret" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (
            ["complete", "main.py:1", "--engine", "foo"],
            {},
            "\"engine\" on the command line is 'foo'",
        ),
        (["complete", "main.py:1", "--model", ""], {}, "\"model\" on the command line is ''"),
        (["complete", "main.py:1"], {"INFILL_LS_URL": "127.0.0.1:1"}, "INFILL_LS_URL"),
        (["generate", "p"], {"INFILL_LS_HEADERS": "X-A: b"}, "INFILL_LS_HEADERS"),
        (["recitation"], {"INFILL_LS_RECITATION": "/others"}, "INFILL_LS_RECITATION"),
    ],
)
@pytest.mark.usefixtures("code")
async def test_nothing_is_asked_where_nobody_knows_what_is_wanted(
    run: Run, ollama: FakeOllama, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    ran = await run(*arguments, **environment)
    assert (ran.status, ran.out) == (2, "")
    (line,) = ran.err.splitlines()
    assert said in line
    assert "must be" in line
    assert ollama.calls == []


@pytest.mark.parametrize("command", [["complete", "main.py:1"], ["generate", "p"]])
@pytest.mark.usefixtures("code")
async def test_of_several_slips_one_is_named(run: Run, command: list[str]) -> None:
    wrong = {"INFILL_LS_URL": "x", "INFILL_LS_ENGINE": "x", "INFILL_LS_EXLUDE": "[]"}
    ran = await run(*command, **wrong)
    (line,) = ran.err.splitlines()
    assert '"engine" in the environment' in line
    assert line.endswith(" And 2 more: infill-ls settings.")
    ignored = {"INFILL_LS_MAX_TOKENS": "0", "INFILL_LS_COLOUR": "red"}
    ran = await run(*command, **ignored)
    (line,) = [line for line in ran.err.splitlines() if "INFILL_LS" in line]
    assert line.endswith(" It is ignored. And 1 more: infill-ls settings")
    shown = await run("settings", **wrong, **ignored)
    assert sum(line.startswith("!") for line in shown.out.splitlines()) == 2
    assert sum(line.startswith("✗") for line in shown.out.splitlines()) == 3


@pytest.mark.usefixtures("code")
async def test_an_unknown_variable_is_named_once(run: Run) -> None:
    ran = await run("complete", "main.py:2:13", INFILL_LS_LOGS="x")
    assert (ran.status, ran.out) == (0, "x for x in xs")
    assert ran.err == (
        'infill-ls: The environment variable "INFILL_LS_LOGS" is no setting of infill-ls. '
        "Did you mean INFILL_LS_LOG?\n"
    )


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
    assert told[0].startswith("infill-ls: Your code goes to http://models.invalid")


@pytest.mark.parametrize(
    ("arguments", "times"),
    [
        (("complete", "main.py:2:13"), 1),
        (("generate", "hello"), 1),
        (("bench", "--seconds", "5"), 1),
        # They send no code.
        (("models",), 0),
        (("pull", "qwen2.5-coder:3b"), 0),
        (("recitation",), 0),
    ],
)
@pytest.mark.usefixtures("code")
async def test_it_is_told_where_code_is_sent_and_nowhere_else(
    run: Run, ollama: FakeOllama, arguments: tuple[str, ...], times: int
) -> None:
    # This address is the machine's own too, which infill-ls doesn't count on.
    url = ollama.url.replace("127.0.0.1", "0.0.0.0")
    ran = await run(*arguments, INFILL_LS_URL=url)
    assert ran.err.count("unencrypted") == times


@pytest.mark.usefixtures("code")
async def test_it_is_not_told_where_nothing_is_sent(run: Run, ollama: FakeOllama) -> None:
    ran = await run(
        *("complete", "main.py:2:13", "--model", "0.5b"),
        INFILL_LS_URL="http://models.invalid:1",
    )
    assert ran.status == 1
    assert "unencrypted" not in ran.err
