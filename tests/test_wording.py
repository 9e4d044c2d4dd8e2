"""What users are told unasked: one short sentence, and the one command that mends it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import infill_ls
from infill_ls import errors
from infill_ls.completion.answer import MESSAGES
from infill_ls.engines.engine import SAYS_NOTHING
from infill_ls.errors import InfillError

ROOT: Final = Path(infill_ls.__file__).parent
# Of a terminal with 80 columns, less Neovim's "LSP[infill-ls] ".
COLUMNS: Final = 80 - len("LSP[infill-ls] ")
# What only commands say, on a terminal of their own, may be longer.
COMMANDS: Final = (
    "cli",
    "diagnosis",
    "bench",
    "setup",
    "engines/embedded/fetch.py",
    "settings_writer.py",
)
LONGEST: Final = 130
ERRORS: Final = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, InfillError)
}
TELL: Final = {"tell", "_tell", "warn", "_warn", "complain", "say_once"}


def texts(node: ast.expr) -> list[str]:
    """What an expression may say, in our own words, what varies left out; empty if it has none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        words = (str(one.value) if isinstance(one, ast.Constant) else "" for one in node.values)
        return ["".join(words)]
    if isinstance(node, ast.IfExp):
        return texts(node.body) + texts(node.orelse)
    return []


def said() -> Iterator[tuple[str, str, str]]:
    """Where something is said, in which words, and what is to be done about it."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name not in ERRORS | TELL:
                continue
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            for message in texts(node.args[0]):
                fixes = texts(node.args[1]) if name in ERRORS and len(node.args) > 1 else [""]
                for fix in fixes or [""]:
                    yield where, message, fix


SAID: Final = [*said(), ("SAYS_NOTHING", *SAYS_NOTHING)]


def sentences(text: str) -> int:
    return len(re.findall(r"[.!?](?= [A-Z\"'])", text)) + 1


def test_they_are_found() -> None:
    assert len(SAID) > 80
    assert any("ollama pull" in fix for _, _, fix in SAID)


@pytest.mark.parametrize(("where", "message", "fix"), SAID, ids=[one[0] for one in SAID])
def test_one_short_sentence_and_one_command(where: str, message: str, fix: str) -> None:
    # A text that is said as a whole has both in it.
    most = 1 if fix else 2
    assert sentences(message) <= most
    assert sentences(fix) == 1
    length = len(f"{message} {fix}".strip())
    assert length <= (LONGEST if where.startswith(COMMANDS) else COLUMNS)


@pytest.mark.parametrize("reason", MESSAGES)
def test_a_reason_is_one_sentence(reason: str) -> None:
    message = MESSAGES[reason]  # type: ignore[index]
    assert sentences(message) == 1
    assert len(message) <= 80
