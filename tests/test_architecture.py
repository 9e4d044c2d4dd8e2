"""Who may know whom: the invariants of docs/architecture.md, which a reader of the names relies on.

Each wing is a floor; a module imports from its own floor and from those below it.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
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
# Lowest first. A name stands for the module or for the whole wing.
FLOORS = (
    (
        *("errors", "values", "settings", "logs", "pipes", "memory", "folders", "private", "audit"),
        *("editors", "shown", "shells", "user_file", "given_file", "saving", "patterns"),
        *("setting_names", "settings_writer", "settings_schema"),
        *("locks", "threads", "counters", "counters_file", "interrupts", "visits", "visits_file"),
        *("experience", "experience_file"),
    ),
    ("text",),
    ("prompt",),
    ("trim",),
    ("project",),
    ("setup",),
    ("engines",),
    ("completion",),
    ("diagnosis", "bench", "lsp", "api"),
    ("cli",),
    ("__main__",),
)
PURE = (
    *("errors", "shown", "shells", "setting_names", "editors", "counters", "experience"),
    *("text", "prompt", "trim"),
    *("completion.pace", "completion.policy", "completion.recall", "completion.offers"),
    "completion.answer",
    *("completion.patience", "completion.record", "completion.breaker", "completion.history"),
    *("completion.counts", "completion.alignment", "completion.judgement", "project.windows"),
    *("completion.confidence", "completion.calibration", "visits"),
    *("engines.engine", "engines.rates", "engines.ollama_choice", "engines.ollama_start"),
    *("engines.calls", "engines.measurements", "engines.prompts_seen"),
    "engines.embedded.choice",
    *("lsp.frames", "lsp.admission"),
    *(f"diagnosis.{name}" for name in ("check", "facts", "sample", "speed", "mending", "report")),
    *("diagnosis.wording", "diagnosis.engine_wording"),
    *("setup.insertions", "setup.helix", "setup.from_continue", "setup.joining"),
    *("bench.figures", "bench.recommend"),
)
# Settings are values to whom they are given; reading them is their own room's affair.
VALUES = ("infill_ls.settings", "infill_ls.values")
WORLD = set(
    "asyncio httpx io logging lsprotocol os pathlib pygls random select signal socket subprocess "
    "sys threading time urllib".split()
)
# Data, which nobody reads from top to bottom.
TABLES = {"infill_ls.prompt.table"}
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60


def belongs(module: str, name: str) -> bool:
    """Whether a module is this one, or in this wing."""
    return f"{module}.".startswith(f"infill_ls.{name}.")


def floor(module: str) -> int:
    """The number of a module's floor, from 0."""
    found = [
        number for number, names in enumerate(FLOORS) if any(belongs(module, n) for n in names)
    ]
    assert len(found) == 1, f"{module} is on no floor"
    return found[0]


def imports(module: str, *, at_head: bool = False, for_types: bool = True) -> set[str]:
    """Names of the modules that a module imports.

    ``at_head``: only what is loaded with it. ``for_types``: also what type checkers alone see.
    """
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    if not for_types:
        tree.body = [node for node in tree.body if not is_for_types(node)]
    found: set[str] = set()
    for node in tree.body if at_head else list(ast.walk(tree)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            # What is imported from a wing is the wing's own, or modules in it.
            found |= inner & set(MODULES) or {node.module}
            if not inner <= set(MODULES):
                found.add(node.module)
    return found


def is_for_types(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def ours(module: str, **how: bool) -> set[str]:
    """The modules of the house that a module imports, the package's own name left out."""
    return {name for name in imports(module, **how) if name in MODULES} - {"infill_ls"}


def importers(package: str) -> set[str]:
    return {
        module
        for module in MODULES
        if any(name.partition(".")[0] == package for name in imports(module))
    }


ROOMS = sorted(set(MODULES) - {"infill_ls"})


def test_every_module_is_on_a_floor() -> None:
    assert len(ROOMS) > 50
    for module in ROOMS:
        floor(module)


@pytest.mark.parametrize("module", ROOMS)
def test_no_import_runs_upwards(module: str) -> None:
    assert {name for name in ours(module) if floor(name) > floor(module)} == set()


@pytest.mark.parametrize("module", ROOMS)
def test_no_room_imports_the_top_of_its_own_wing(module: str) -> None:
    wings = {module.rsplit(".", count)[0] for count in range(1, module.count("."))}
    assert ours(module) & wings == set()


def test_there_are_no_cycles() -> None:
    graph = {module: ours(module, at_head=True) for module in ROOMS}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", [m for m in ROOMS if any(belongs(m, p) for p in PURE)])
def test_pure_rooms_know_nothing_of_the_world(module: str) -> None:
    assert {name.partition(".")[0] for name in imports(module)} & WORLD == set()
    impure = {
        name
        for name in ours(module)
        if name not in ("infill_ls.settings", "infill_ls.values")
        and not any(belongs(name, pure) for pure in PURE)
    }
    assert impure == set()


ABSENT = (
    ("errors", ("settings", "logs", "editors")),
    ("editors", ("errors", "settings", "logs")),
    ("logs", ("errors", "settings", "editors")),
    ("pipes", ("errors", "settings", "editors", "logs", "folders")),
    ("folders", ("errors", "settings", "editors", "logs", "pipes")),
    ("settings", ("errors", "logs", "editors")),
    ("prompt", ("editors", "logs")),
    # What the editor can show is seen to where the item is made.
    ("trim", ("editors", "settings", "logs")),
    ("engines", ("text.documents", "text.hole", "trim", "editors")),
    ("completion", ("text.documents",)),
    # It types without an editor.
    ("bench", ("lsp", "api")),
)


@pytest.mark.parametrize(("name", "absent"), ABSENT)
def test_what_is_absent_from_a_wing(name: str, absent: tuple[str, ...]) -> None:
    known = {other for module in ROOMS if belongs(module, name) for other in ours(module)}
    assert {other for other in known if any(belongs(other, one) for one in absent)} == set()


def test_the_project_sends_nothing() -> None:
    sending = {"asyncio", "httpx", "http", "socket", "ssl", "subprocess", "urllib"}
    for module in ROOMS:
        if belongs(module, "project"):
            assert {name.partition(".")[0] for name in imports(module)} & sending == set()


def test_policy_knows_neither_trim_nor_engines() -> None:
    known = ours("infill_ls.completion.policy")
    assert {name for name in known if belongs(name, "trim") or belongs(name, "engines")} == set()


def test_only_the_lsp_wing_knows_the_protocol() -> None:
    for package in ("pygls", "lsprotocol"):
        assert {module for module in importers(package) if not belongs(module, "lsp")} == set()
    assert importers("pygls") | importers("lsprotocol")


def test_in_the_lsp_wing_nobody_knows_the_server_but_who_starts_it() -> None:
    server, features = "infill_ls.lsp.server", "infill_ls.lsp.features"
    for module in ("protocol", "translate", "frames", "menu"):
        assert ours(f"infill_ls.lsp.{module}") & {server, features} == set()
    assert features not in ours(server)


def test_only_the_syntax_check_knows_the_parsers() -> None:
    assert importers("tree_sitter") == {"infill_ls.trim.syntax"}


def test_only_one_room_knows_where_the_user_lives() -> None:
    assert importers("platformdirs") == {"infill_ls.folders"}
    assert {module for module in MODULES if re.search(r"expanduser|\bhome\(", text_of(module))} == {
        "infill_ls.folders"
    }


# Of Ollama it is told at which moment a model will be gone, by an engine that is busy when it may
# be asked again; records, visits and rates have the time, and counters their day.
BY_THE_CLOCK_ON_THE_WALL = {
    "infill_ls.engines.ollama_loading",
    "infill_ls.engines.http",
    "infill_ls.engines.rates_file",
    "infill_ls.audit",
    "infill_ls.counters_file",
    "infill_ls.visits_file",
}


def test_nothing_that_waits_or_measures_looks_at_the_clock_on_the_wall() -> None:
    """That one jumps: when it is set, and when a laptop wakes up."""
    wall = re.compile(
        r"\btime\.time(_ns)?\b|\bfrom time import .*\btime\b"
        r"|\.now\(|\.today\(|utcnow|localtime|gmtime"
    )
    assert {one for one in MODULES if wall.search(text_of(one))} == BY_THE_CLOCK_ON_THE_WALL


def test_only_engines_talk_http() -> None:
    assert importers("httpx") == {
        "infill_ls.engines.http",
        "infill_ls.engines.embedded.fetch",
    }


def test_only_the_connection_connects_and_loads() -> None:
    """But for calls that end with the program: a command's, and the Python API's."""
    connecting = {
        module
        for module in ROOMS
        if re.search(r"\bconnect\(|\bget_ready\(|\.load\(\)|\.is_loaded\(", text_of(module))
        and not belongs(module, "engines")
    }
    assert connecting <= {
        *("infill_ls.completion.connection", "infill_ls.api", "infill_ls.cli.complete"),
        "infill_ls.diagnosis.engine",
    }


def text_of(module: str) -> str:
    return MODULES[module].read_text("utf-8")


def calls(module: str) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(ast.parse(text_of(module)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def test_only_commands_print() -> None:
    # The embedded engine's child is a process of its own, which answers its parent.
    child = "infill_ls.engines.embedded.server"
    printing = {module for module in MODULES if "print" in calls(module)}
    assert {module for module in printing if not belongs(module, "cli")} == {child}
    writing = {module for module in MODULES if "sys.stdout" in text_of(module)}
    assert {module for module in writing if not belongs(module, "cli")} == set()
    # Whoever takes the file descriptor itself does so to keep others from it, or not to wait.
    taking = {module for module in MODULES if re.search(r"os\.(dup|write)", text_of(module))}
    assert taking == {"infill_ls.lsp.transport", "infill_ls.pipes", child}
    piping = {module for module in MODULES if "infill_ls.pipes" in imports(module)}
    assert piping == {"infill_ls.logs", "infill_ls.lsp.output"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_says_what_lives_in_it(module: str) -> None:
    assert ast.get_docstring(ast.parse(text_of(module)))


@pytest.mark.parametrize("module", ROOMS)
def test_a_module_is_read_at_one_sitting(module: str) -> None:
    assert module in TABLES or len(text_of(module).splitlines()) <= LONGEST_MODULE


def functions(module: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(text_of(module))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("module", ROOMS)
def test_a_function_fits_on_a_screen(module: str) -> None:
    lengths = {node.name: node.end_lineno - node.lineno + 1 for node in functions(module)}  # type: ignore[operator]
    assert {name for name, length in lengths.items() if length > LONGEST_FUNCTION} == set()


def test_starting_the_server_loads_nothing_that_only_others_need() -> None:
    listed = subprocess.run(
        [
            *(sys.executable, "-c"),
            # A wrong address is noticed once all is loaded.
            "import sys; from infill_ls.cli import main; main(['serve', '--tcp', 'nowhere:x']); "
            "print(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "infill_ls.lsp.server" in listed
    # What fills are made with is loaded once the editor has its answer to initialize.
    later = ("infill_ls.prompt", "infill_ls.engines", "infill_ls.trim", "infill_ls.setup")
    assert [name for name in listed if name.startswith(later)] == []
    assert "infill_ls.completion.completer" not in listed
    unneeded = {
        *("httpx", "tqdm", "xllamacpp", "platformdirs", "tree_sitter"),
        *("tomlkit", "difflib", "rich", "yaml", "argcomplete"),
        *("infill_ls.api", "infill_ls.settings_schema", "infill_ls.settings_writer"),
        "infill_ls.visits_file",
    }
    assert unneeded & set(listed) == set()
    commands = {name for name in listed if belongs(name, "cli")}
    needed = ("", ".options", ".output", ".parser", ".serve")
    assert commands == {f"infill_ls.cli{name}" for name in needed}


def test_the_tests_mirror_the_house() -> None:
    """Each test file of a wing is named after its module, perhaps with what of it is tested."""
    tests = Path(__file__).parent
    wings = "text prompt trim project setup engines completion diagnosis bench lsp cli"
    for wing in wings.split():
        rooms = {path.stem for path in (ROOT / wing).rglob("*.py")} - {"__init__"} | {wing}
        for test in (tests / wing).rglob("test_*.py"):
            name = test.stem.removeprefix("test_")
            known = any(f"{name}_".startswith(f"{room}_") for room in rooms)
            assert known or name in (test.parent.name, "rules"), test


def test_a_constants_name_means_one_thing() -> None:
    found: dict[str, dict[str, str]] = {}
    for module in ROOMS:
        for node in ast.parse(text_of(module)).body:
            if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
                continue
            if node.target.id.isupper() and node.value is not None:
                found.setdefault(node.target.id, {})[module] = ast.dump(node.value)
    several = {name: list(where) for name, where in found.items() if len(where) > 1}
    assert several == {}
