"""Every command that the pages show is run, or on a list of those that can't be here, with why.

They run in a home of their own with the simulated Ollama, those of a page one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from docs.pages import NAMES, PAGES, ROOT, Block, blocks, calls, code_in_text, commands
from fake_ollama import FakeOllama
from infill_ls.cli import COMMANDS, _parser

# What can't be run here, by how a call begins, and why. Of infill-ls' own commands the arguments
# are checked all the same, of others that what they name is there.
NOT_RUN: Final = {
    "infill-ls bench": "takes minutes, by the clock",
    "infill-ls pull": "fetches hundreds of megabytes",
    "infill-ls pull 1.5b": "the same",
    "infill-ls pull --hub-only": "the same",
    "infill-ls serve --tcp": "waits for a client",
    "infill-ls editor vscode --write": "needs VS Code",
    "make": "sets up and tests all of this project",
    "bash .ci/run": "the same",
    ".venv/bin/python": "runs this project's tests and benchmarks",
    "uv": "installs and removes programs of the user's",
    "ollama": "needs an Ollama",
    "code": "needs VS Code",
    "ssh": "needs another machine",
    "llama-server": "needs llama.cpp; make test-llama-server runs one",
}
# Whole calls; anything more may be run.
EXACT: Final = ("infill-ls pull",)
# The exit status, where it isn't 0.
STATUS: Final = {
    # stdin has ended before the client has said "shutdown" (LSP 3.17, "Exit Notification").
    "infill-ls serve": 1,
}
# Programs of a shell that are run as they are.
OF_THE_SHELL: Final = ("mkdir", "echo")
# What a line stands for that people put their own into.
SERVER: Final = "http://127.0.0.1:8080"
# Its twelfth line has four blanks.
CODE: Final = "import math\n" * 10 + "def total(xs):\n    \n    return total\n"
FILL: Final = "total = sum(xs)"
SHOWN: Final = [(page, line) for page in PAGES for line in commands(page)]
CONTINUE: Final = """\
models:
  - name: Small
    provider: ollama
    model: qwen2.5-coder:1.5b
    roles: [autocomplete]
"""


def reason(call: list[str]) -> str | None:
    """Return why a call isn't run here; None if it is."""
    for begins, why in NOT_RUN.items():
        words = begins.split()
        if call == words or (call[: len(words)] == words and begins not in EXACT):
            return why
    return None


def is_accepted(arguments: list[str]) -> bool:
    """Whether infill-ls takes these arguments."""
    try:
        _parser().parse_args(arguments)
    except SystemExit as ended:
        return ended.code == 0
    return True


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    kinds = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    return {name: one for kind in kinds for name, one in kind.choices.items()}


def is_known(words: list[str]) -> bool:
    """Whether infill-ls has this command, and that these options."""
    parser = _parser()
    # "help bench" is "bench --help".
    for word in words[1:] if words[:1] == ["help"] else words:
        below = subcommands(parser)
        if below and not word.startswith("-"):
            if word not in below:
                return False
            parser = below[word]
        elif word.startswith("-") and word not in parser._option_string_actions:
            return False
    return True


def targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8")))


def is_there(call: list[str]) -> bool:
    """Whether what a call names is there: a command, a target, a module, a file."""
    match call:
        case ["infill-ls", *arguments]:
            return is_accepted(arguments)
        case ["make", *wanted]:
            return {word for word in wanted if "=" not in word} <= targets()
        case [".venv/bin/python", "-m", module, *_]:
            return importlib.util.find_spec(module) is not None
        case ["bash", file]:
            return (ROOT / file).is_file()
    return reason(call) is not None or call[0] in OF_THE_SHELL


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=str)
def test_what_a_command_names_is_there(page: Path, line: str) -> None:
    assert all(map(is_there, calls(line)))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_what_is_named_in_the_text_is_there(page: Path) -> None:
    """Of infill-ls command and options are looked at: what they are given isn't always named."""
    named = [code for code in code_in_text(page) if code.startswith(("infill-ls ", "make "))]
    wrong = [
        code
        for code in named
        for call in calls(code)
        if not (is_known(call[1:]) if call[0] == "infill-ls" else is_there(call))
    ]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_block_with_commands_is_for_a_shell(page: Path) -> None:
    """Else nobody would run them here, nor could they be copied as they are."""
    begins = re.compile(r"(?m)^\$? *(infill-ls|make|uv|pipx?|ollama|code|ssh|\S*python) \S")
    others = [block for block in blocks(page) if block.language not in ("sh", "python")]
    assert [block for block in others if begins.search(block.text)] == []


@pytest.fixture
def environment(tmp_path: Path, ollama: FakeOllama) -> dict[str, str]:
    """A home with some code, what Continue leaves there, and ``infill-ls`` on the ``PATH``."""
    ollama.fill = FILL
    ollama.models["qwen2.5-coder:3b"] = ["completion", "insert"]
    home, programs = tmp_path / "home", tmp_path / "programs"
    for folder in ("src", "vendor", ".continue"):
        (home / folder).mkdir(parents=True)
    for file in ("main.py", "src/main.py", "vendor/main.py"):
        (home / file).write_text(CODE, "utf-8")
    (home / ".continue" / "config.yaml").write_text(CONTINUE, "utf-8")
    programs.mkdir()
    program = programs / "infill-ls"
    program.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m infill_ls "$@"\n', "utf-8"
    )
    program.chmod(0o700)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    return inherited | {
        "HOME": str(home),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "OLLAMA_HOST": ollama.url,
    }


async def ran(line: str, environment: dict[str, str]) -> tuple[int, str]:
    """Run a line in a shell in the home; return its exit status and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", line),
        cwd=environment["HOME"],
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


def to_run(page: Path) -> list[str]:
    return [line for line in commands(page) if not any(map(reason, calls(line)))]


RUN: Final = [page for page in PAGES if to_run(page)]


@pytest.mark.parametrize("page", RUN, ids=[str(page.relative_to(ROOT)) for page in RUN])
async def test_each_command_of_a_page_does_what_it_should(
    page: Path, environment: dict[str, str], ollama: FakeOllama
) -> None:
    for line in to_run(page):
        call = shlex.join(calls(line)[-1])
        status, said = await ran(line.replace(SERVER, ollama.url), environment)
        assert status == STATUS.get(call, 0), f"{line}\n{said}"
        assert "Traceback" not in said


@pytest.mark.parametrize(
    ("page", "block"),
    [
        pytest.param(page, block, id=str(page.relative_to(ROOT)))
        for page in PAGES
        for block in blocks(page)
        if block.language == "python" and page.name != "CONTRIBUTING.md"
    ],
)
async def test_each_python_runs(page: Path, block: Block, environment: dict[str, str]) -> None:
    """Those of CONTRIBUTING.md are parts of modules."""
    line = shlex.join([sys.executable, "-c", block.text])
    assert await ran(line, environment) == (0, "")


def test_each_reason_is_needed() -> None:
    shown = [call for page in PAGES for line in commands(page) for call in calls(line)]
    for begins in NOT_RUN:
        words = begins.split()
        assert any(call[: len(words)] == words for call in shown), begins
    assert len(COMMANDS) > 10
    run = {call[1] for page in PAGES for line in to_run(page) for call in calls(line)}
    assert len(run) > 10


def helps() -> Iterator[tuple[str, str]]:
    """Return each command's name and help, also of commands below it."""

    def below(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
        for one in subcommands(parser).values():
            yield one
            yield from below(one)

    for parser in below(_parser()):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COLUMNS", "80")
            yield parser.prog, parser.format_help()


HELPS: Final = dict(helps())


def test_each_command_has_help() -> None:
    assert len([name for name in HELPS if name.count(" ") == 1]) == len(COMMANDS)


@pytest.mark.parametrize("name", HELPS)
def test_each_command_s_help_has_an_example(name: str) -> None:
    _, found, examples = HELPS[name].partition("\nexamples:\n")
    assert found
    examples = examples.replace("\\\n", " ")
    lines = [line for line in examples.splitlines() if re.match(r"  (\S.*)?\binfill-ls ", line)]
    assert any(f"{name} " in f"{line} " for line in lines)
    for line in lines:
        # What is said of it stands behind at least two blanks.
        line = re.split(r"(?<=\S) {2,}", line.strip())[0]
        own = [call for call in calls(line) if call[0] == "infill-ls"]
        assert own
        assert all(map(is_there, own)), line


@pytest.mark.parametrize("name", HELPS)
def test_a_help_fits_a_terminal(name: str) -> None:
    assert max(map(len, HELPS[name].splitlines())) <= 80
