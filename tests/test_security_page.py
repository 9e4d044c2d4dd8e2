"""SECURITY.md names a test for each line of its table, and each of these exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("|")][2:]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)


def test_each_line_of_the_table_is_shown_by_a_test() -> None:
    assert len(ROWS) > 15
    for row in ROWS:
        assert len(row) == 4
        assert re.search(r"`tests/", row[3]), row


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    assert name in {node.name for node in tree.body if isinstance(node, functions)}


def test_no_name_of_a_test_is_misspelled() -> None:
    assert len(NAMED) == PAGE.count("`tests/")
