"""What VS Code alone does: its settings, its menu, and what the extension tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import pytest

from editors.conftest import Document
from editors.editor import Editor
from editors.engine import Engine, prefix_of
from editors.vscode import EXTENSION, VSCode
from infill_ls.settings import Settings

pytestmark = pytest.mark.only("vscode")

# What a project may decide; everything else says what runs, or where code is sent.
FOR_PROJECTS = {"enabled", "multiline", "eagerness", "debounceMs"}


@pytest.fixture
def vscode(editor: Editor) -> VSCode:
    return cast(VSCode, editor)


@pytest.fixture
def user_settings(vscode: VSCode) -> Iterator[VSCode]:
    """VS Code, for a test that changes the user's settings with :meth:`VSCode.set`."""
    yield vscode
    for name in ("temperature", "command"):
        vscode.set(f"infill-ls.{name}", None)
    vscode.until(lambda: vscode.status() == "idle", "the server as it was")


def test_settings_are_those_of_the_server(kind: type[Editor]) -> None:
    manifest = json.loads((EXTENSION.parent / "package.json").read_text())
    offered: dict[str, Any] = {
        name.removeprefix("infill-ls."): about
        for name, about in manifest["contributes"]["configuration"]["properties"].items()
    }
    assert offered.pop("command")["scope"] == "machine"
    known = {one.metadata["key"]: one for one in fields(Settings) if "key" in one.metadata}
    # Only a command in a shell reads it, which knows no editor's settings.
    assert set(offered) == set(known) - {"weightsFrom"}
    settings = Settings()
    for name, about in offered.items():
        assert about["scope"] == ("window" if name in FOR_PROJECTS else "machine")
        # An empty table or list is what the server has as None or ().
        assert (about["default"] or None) == (getattr(settings, known[name].name) or None)
        assert about.get("description") or about.get("markdownDescription")
        for value in about.get("enum", []):
            known[name].metadata["read"](value)


def test_a_menu_leaves_a_slow_fill_its_place(
    vscode: VSCode, engine: Engine, document: Document
) -> None:
    """VS Code itself gives up after 0.75 s, and Tab takes a word of its menu instead."""
    document("menu.py", "second = []\nshop = ‸\n")
    engine.writes("shop = sorted(second)", delay=1.5)
    vscode.type("so")
    vscode.until_shown("rted(second)")
    assert vscode.menu() == ""
    vscode.accept()
    vscode.until_text("second = []\nshop = sorted(second)\n")


def test_the_menu_comes_where_there_is_no_fill(
    vscode: VSCode, engine: Engine, document: Document
) -> None:
    document("words.py", "second = []\nshop = ‸\n")
    vscode.type("so")
    vscode.until(lambda: "second" in vscode.menu(), "the menu")


def test_a_workspace_says_neither_what_runs_nor_where_code_is_sent(
    vscode: VSCode, engine: Engine, document: Document
) -> None:
    file = vscode.workspace / ".vscode" / "settings.json"
    file.parent.mkdir()
    theirs = {"url": "http://127.0.0.1:9", "model": "theirs", "command": ["theirs"]}
    theirs |= {"engine": "openai", "apiKeyEnv": "HOME", "caFile": "theirs"}
    settings = {f"infill-ls.{name}": value for name, value in theirs.items()}
    file.write_text(json.dumps({**settings, "infill-ls.multiline": "never"}))
    try:
        vscode.until(lambda: vscode.setting("infill-ls.multiline") == "never", "the workspace's")
        for name, value in theirs.items():
            assert vscode.setting(f"infill-ls.{name}") != value
        document("workspace.py", "names = []\n‸\n")
        engine.writes("ordered = sorted(names)")
        vscode.type("ordered = so")
        vscode.until_shown("rted(names)")
    finally:
        file.unlink()
        vscode.until(lambda: vscode.setting("infill-ls.multiline") == "auto", "the default")


def test_a_setting_of_the_user_counts_at_once(
    user_settings: VSCode, engine: Engine, document: Document
) -> None:
    user_settings.set("infill-ls.temperature", 0.7)
    document("setting.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    user_settings.type("ordered = so")
    user_settings.until_shown("rted(names)")
    assert engine.generations[-1].body["options"]["temperature"] == 0.7


def test_a_command_that_is_not_there_is_told_with_what_to_do(
    user_settings: VSCode, engine: Engine, document: Document
) -> None:
    user_settings.set("infill-ls.command", ["no-such-server"])
    user_settings.until(lambda: user_settings.status() == "problem", "the state problem")
    told = 'The command "no-such-server" was not found. Install infill-ls'
    user_settings.until(lambda: told in user_settings.messages(), "what is missing")
    user_settings.set("infill-ls.command", None)
    user_settings.until(lambda: user_settings.status() == "idle", "the state idle")
    document("mended.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    user_settings.type("ordered = so")
    user_settings.until_shown("rted(names)")


def test_the_server_is_started_anew(vscode: VSCode, engine: Engine, document: Document) -> None:
    document("restart.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    vscode.command("Restart the Server")
    vscode.until(lambda: vscode.status() == "idle", "the state idle")
    vscode.type("ordered = so")
    vscode.until_shown("rted(names)")


def test_the_last_answer_is_explained(vscode: VSCode, engine: Engine, document: Document) -> None:
    document("explain.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    vscode.type("ordered = so")
    vscode.until_shown("rted(names)")
    message = vscode.explained()["message"]
    vscode.command("Explain the Last Answer")
    vscode.until(lambda: f"infill-ls: {message}" in vscode.messages(), "the explanation")


def test_what_is_accepted_is_counted(vscode: VSCode, engine: Engine, document: Document) -> None:
    before = vscode.explained()["accepted"]
    document("accepted.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    vscode.type("ordered = so")
    vscode.until_shown("rted(names)")
    vscode.accept()
    vscode.until(lambda: vscode.explained()["accepted"] == before + 1, "one more accepted fill")


def notebook(file: Path, *cells: str) -> Path:
    """Write a notebook; a cell that begins with # and a blank is Markdown."""
    made: list[dict[str, Any]] = []
    for text in cells:
        if text.startswith("# "):
            made.append({"cell_type": "markdown", "metadata": {}, "source": text})
        else:
            output = {"output_type": "stream", "name": "stdout", "text": "what came of it"}
            more = {"execution_count": 1, "outputs": [output]}
            made.append({"cell_type": "code", "metadata": {}, "source": text, **more})
    about = {"language_info": {"name": "python"}}
    content = {"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 4}
    file.write_text(json.dumps(content))
    return file


def test_a_cell_goes_on_from_those_above_it(vscode: VSCode, engine: Engine, tmp_path: Path) -> None:
    file = notebook(
        tmp_path / "sales.ipynb",
        *("# Sales", "import pandas as pd\n%matplotlib inline", "", "print(monthly)"),
    )
    vscode.open_notebook(file)
    vscode.cell(2)
    engine.writes("monthly = pd.read_csv('sales.csv')")
    vscode.type("monthly = pd.re")
    vscode.until_shown("ad_csv('sales.csv')")
    prompt = engine.generations[-1].body["prompt"]
    assert "import pandas as pd\n%matplotlib inline\n\nmonthly = pd" in prompt
    assert "\n\nprint(monthly)" in prompt
    assert "# Sales" not in prompt
    assert "what came of it" not in prompt
    vscode.accept()
    written = "monthly = pd.read_csv('sales.csv')"
    vscode.until(lambda: vscode.cells()[2] == written, "the accepted fill")


def test_the_cells_of_a_notebook_are_followed(
    vscode: VSCode, engine: Engine, tmp_path: Path
) -> None:
    vscode.open_notebook(notebook(tmp_path / "moved.ipynb", "first = 1", "second = 2"))

    def asked(text: str) -> str:
        """What stands before a text that is typed in the cell with the cursor."""
        engine.until_quiet()
        engine.reset()
        engine.writes(f"{text}(first)")
        vscode.type(text)
        vscode.until_shown("(first)")
        return prefix_of(engine.generations[-1].body).partition(text)[0]

    vscode.cell(0)
    vscode.do("notebook.cell.insertCodeCellBelow")
    vscode.until(lambda: len(vscode.cells()) == 3, "a third cell")
    vscode.cell(1)
    assert asked("total = sum") == "first = 1\n\n"
    vscode.do("notebook.cell.moveDown")
    vscode.until(lambda: vscode.cells()[2] == "total = sum", "the cell in its new place")
    vscode.cell(2)
    assert asked("\nother = len") == "first = 1\n\nsecond = 2\n\ntotal = sum"
    vscode.cell(1)
    vscode.do("notebook.cell.delete")
    vscode.until(lambda: len(vscode.cells()) == 2, "a cell less")
    vscode.cell(1)
    assert asked("\nmore = all") == "first = 1\n\ntotal = sum\nother = len"
    vscode.become("javascript")
    assert asked("\nlast = any") == "total = sum\nother = len\nmore = all"


def test_asking_by_hand_passes_the_gates(
    vscode: VSCode, engine: Engine, document: Document
) -> None:
    """Inside a word nothing is asked for unless the user asks."""
    document("hand.py", "names = []\nordered = sor‸ed\n")
    engine.writes("ordered = sorted(names)")
    vscode.type("t")
    vscode.until(lambda: vscode.explained()["reason"] == "mid word", "the reason")
    assert engine.generations == []
    vscode.ask()
    engine.until(lambda: bool(engine.generations))
