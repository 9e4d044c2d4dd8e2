"""Who may know whom; what a reader of the file names relies on."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import infill_ls

ROOT = Path(infill_ls.__file__).parent
MODULES = {
    ".".join(("infill_ls", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in sorted(ROOT.rglob("*.py"))
}
PURE = {
    f"infill_ls.{name}"
    for name in (
        "hole prompt trim place chatter leaked unseen indentation closers brackets overlap "
        "statements unreachable severed syntax "
        "policy recall offers documents frames families errors beginning control engines.rates"
    ).split()
}
WORLD = set(
    "asyncio httpx io logging os pathlib random select signal socket subprocess sys threading time "
    "urllib".split()
)


def imports(module: str, *, at_head: bool = False) -> set[str]:
    """Names of the modules that a module imports, those for type checkers alone left out."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    nodes = tree.body if at_head else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def importers(package: str) -> set[str]:
    return {
        module
        for module in MODULES
        if any(name.partition(".")[0] == package for name in imports(module))
    }


def test_the_rooms_are_the_ones_that_are_known() -> None:
    assert set(MODULES) > PURE
    assert len(MODULES) >= 20


def test_only_the_server_knows_the_protocol() -> None:
    assert importers("pygls") == {"infill_ls.lsp"}
    assert importers("lsprotocol") == {"infill_ls.lsp"}


def test_only_the_syntax_check_knows_the_parsers() -> None:
    assert importers("tree_sitter") == {"infill_ls.syntax"}


def test_only_edges_talk_http() -> None:
    assert importers("httpx") == {"infill_ls.engines.http", "infill_ls.weights"}


@pytest.mark.parametrize("module", sorted(PURE))
def test_pure_rooms_know_nothing_of_the_world(module: str) -> None:
    assert {name.partition(".")[0] for name in imports(module)} & WORLD == set()
    impure = {
        name
        for name in imports(module)
        # Settings are values to whom they are given; reading them is their own room's affair.
        if name in MODULES and name not in PURE | {"infill_ls", "infill_ls.settings"}
    }
    assert impure == set()


def test_there_are_no_cycles() -> None:
    graph = {
        module: {name for name in imports(module, at_head=True) if name in MODULES} - {"infill_ls"}
        for module in MODULES
    }
    assert list(TopologicalSorter(graph).static_order())


def calls(path: Path) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def test_only_commands_print() -> None:
    printing = {module for module, path in MODULES.items() if "print" in calls(path)}
    assert printing == {"infill_ls.cli", "infill_ls.engines.embedded_server"}
    writing = {module for module, path in MODULES.items() if "sys.stdout" in path.read_text()}
    assert writing == {"infill_ls.cli"}
    # Whoever takes the file descriptor itself does so to keep others from it.
    taking = {
        module
        for module, path in MODULES.items()
        if re.search(r"os\.(dup|write)", path.read_text())
    }
    assert taking == {"infill_ls.lsp", "infill_ls.engines.embedded_server"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_says_what_lives_in_it(module: str) -> None:
    assert ast.get_docstring(ast.parse(MODULES[module].read_text("utf-8")))


def test_starting_the_server_loads_nothing_that_only_others_need() -> None:
    listed = subprocess.run(
        [sys.executable, "-c", "import sys, infill_ls.cli, infill_ls.lsp; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "infill_ls.lsp" in listed
    unneeded = {
        *("httpx", "tqdm", "xllamacpp", "platformdirs", "tree_sitter"),
        *("infill_ls.weights", "infill_ls.session", "infill_ls.engines.http"),
        *("infill_ls.engines.ollama", "infill_ls.engines.embedded"),
    }
    assert unneeded & set(listed) == set()
