"""Where options may stand, and which usage is shown."""

from __future__ import annotations

import pytest

from infill_ls.cli import _parser
from infill_ls.cli.parser import Parser


@pytest.mark.parametrize(
    "arguments",
    [
        "import continue --write old.yaml --yes",
        "import --write continue --yes old.yaml",
        "import --write --yes continue old.yaml",
        "import continue old.yaml --write --yes",
    ],
)
def test_options_stand_anywhere(arguments: str) -> None:
    options = _parser().parse_args(arguments.split())
    assert (options.tool, options.file) == ("continue", "old.yaml")
    assert (options.write, options.yes) == (True, True)


def test_what_is_given_once_stays_once() -> None:
    parser = Parser(prog="p")
    parser.add_argument("--add", action="append")
    parser.add_argument("first")
    parser.add_argument("more", nargs="*")
    options = parser.parse_args(["a", "--add", "x", "b", "c"])
    assert (options.first, options.more, options.add) == ("a", ["b", "c"], ["x"])
    assert parser.parse_args(["a", "--", "-b"]).more == ["-b"]


@pytest.mark.parametrize(
    ("arguments", "program", "unknown"),
    [
        ("doctor --fix", "infill-ls doctor", "--fix"),
        ("complete main.py 8", "infill-ls complete", "8"),
        ("import continue --wirte a b", "infill-ls import", "--wirte"),
        ("settings set model m --now", "infill-ls settings set", "--now"),
        ("settings --now path", "infill-ls settings", "--now"),
        ("models all", "infill-ls models", "all"),
        ("--nope", "infill-ls", "--nope"),
    ],
)
def test_the_usage_is_the_commands_own(
    arguments: str, program: str, unknown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        _parser().parse_args(arguments.split())
    assert exited.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"usage: {program} [-h]")
    assert said.endswith(f"{program}: error: unrecognized arguments: {unknown}\n")


@pytest.mark.parametrize(
    ("typed", "meant"),
    # What is begun comes before what is spelled alike: stats.
    [("sett", "settings"), ("doctr", "doctor"), ("comple", "complete"), ("statistics", "stats")],
)
def test_which_command_was_meant(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        _parser().parse_args([typed])
    assert f'there is no "{typed}"; did you mean "{meant}"?' in capsys.readouterr().err
