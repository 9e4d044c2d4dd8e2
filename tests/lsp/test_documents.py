"""Notebooks as an editor says them; documents are in test_server."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from infill_ls.lsp.menu import Menu
from lsp.desk import Desk

NOTEBOOK = "file:///project/sales.ipynb"
MARKDOWN, CODE = 1, 2


def uri(name: str) -> str:
    return f"vscode-notebook-cell:/project/sales.ipynb#{name}"


def cell(name: str, kind: int = CODE) -> dict[str, Any]:
    # As VS Code sends it after the cell was executed.
    summary = {"executionOrder": 1, "success": True}
    return {"kind": kind, "document": uri(name), "metadata": {}, "executionSummary": summary}


def item(name: str, text: str, language: str = "python") -> dict[str, Any]:
    return {"uri": uri(name), "languageId": language, "version": 1, "text": text}


@pytest.fixture
async def desk() -> Desk:
    """One with a notebook: ``a`` and ``b`` are code, and between them is Markdown."""
    desk = Desk(capabilities={"notebookDocument": {"synchronization": {}}})
    await desk.begin()
    cells = [cell("a"), cell("m", MARKDOWN), cell("b")]
    about = {"uri": NOTEBOOK, "notebookType": "jupyter-notebook", "version": 1, "cells": cells}
    items = [item("a", "a = 1\n"), item("m", "# Sales", "markdown"), item("b", "b = [")]
    params = {"notebookDocument": about, "cellTextDocuments": items}
    desk.editor.notify("notebookDocument/didOpen", params)
    desk.completer.called.clear()
    return desk


def change(desk: Desk, notebook: str = NOTEBOOK, **change: Any) -> None:
    about = {"uri": notebook, "version": 2}
    params = {"notebookDocument": about, "change": change}
    desk.editor.notify("notebookDocument/didChange", params)


def splice(desk: Desk, start: int, count: int, *cells: dict[str, Any], **more: Any) -> None:
    array = {"start": start, "deleteCount": count, "cells": list(cells)}
    change(desk, cells={"structure": {"array": array, **more}})


def insertion(text: str, character: int = 0) -> dict[str, Any]:
    here = {"line": 0, "character": character}
    return {"range": {"start": here, "end": here}, "text": text}


def write(desk: Desk, name: str, *changes: dict[str, Any]) -> None:
    about = {"uri": uri(name), "version": 3}
    change(desk, cells={"textContent": [{"document": about, "changes": list(changes)}]})


def beside(desk: Desk, name: str) -> tuple[str, str] | None:
    """What is above and below a cell; None if it isn't open."""
    snapshot = desk.server.documents.snapshot_for(uri(name))
    if snapshot is None:
        return None
    assert snapshot.around is not None
    return snapshot.around.above, snapshot.around.below


def text(desk: Desk, name: str) -> str:
    document = desk.server.documents.get(uri(name))
    assert document is not None
    return document.text


async def test_it_asks_for_all_notebooks(desk: Desk) -> None:
    answered = desk.editor.reply("initialize")["result"]["capabilities"]
    assert answered["notebookDocumentSync"] == {"notebookSelector": [{"notebook": "*"}]}


async def test_cells_have_the_other_code_around_them(desk: Desk) -> None:
    assert beside(desk, "b") == ("a = 1\n\n", "")
    assert beside(desk, "a") == ("", "\n\nb = [")
    assert beside(desk, "m") == ("", "")


async def test_typing_in_a_cell(desk: Desk) -> None:
    write(desk, "b", insertion("1", 5), insertion("2", 6))
    assert text(desk, "b") == "b = [12"
    assert desk.called("document_changed") == [("document_changed", 1)]
    # Clients without notebooks of their own.
    about = {"uri": uri("b"), "version": 4}
    params = {"textDocument": about, "contentChanges": [insertion("# ")]}
    desk.editor.notify("textDocument/didChange", params)
    assert beside(desk, "a") == ("", "\n\n# b = [12")


async def test_columns_count_as_they_do_elsewhere(desk: Desk) -> None:
    write(desk, "b", {"text": "'😀'"})
    write(desk, "b", insertion("!", 3))
    assert text(desk, "b") == "'😀!'"


async def test_a_menu_that_waits_follows_its_cell(desk: Desk) -> None:
    for name, ended in (("a", False), ("b", True)):
        hole = desk.server.documents.snapshot_for(uri("b")).hole(0, 5)  # type: ignore[union-attr]
        desk.server.menu = menu = Menu(uri("b"), hole)
        write(desk, name, insertion(" "))
        assert (menu.now is None) is ended


async def test_cells_come_and_go_and_move(desk: Desk) -> None:
    splice(desk, 1, 0, cell("c"), didOpen=[item("c", "c = 2")])
    assert beside(desk, "b") == ("a = 1\n\nc = 2\n\n", "")
    # A move closes and opens nothing.
    splice(desk, 0, 2, cell("c"), cell("a"), didOpen=[], didClose=[])
    assert beside(desk, "b") == ("c = 2\n\na = 1\n\n", "")
    splice(desk, 0, 1, didClose=[{"uri": uri("c")}])
    assert beside(desk, "b") == ("a = 1\n\n", "")
    assert beside(desk, "c") is None
    assert desk.called("close_document") == [("close_document",)]


async def test_the_language_of_a_cell_changes(desk: Desk) -> None:
    opened = [item("a", "a = 1", "sql")]
    splice(desk, 0, 1, cell("a"), didClose=[{"uri": uri("a")}], didOpen=opened)
    assert beside(desk, "b") == ("", "")
    assert text(desk, "a") == "a = 1"


async def test_a_cell_becomes_markdown(desk: Desk) -> None:
    change(desk, cells={"data": [cell("a", MARKDOWN)]})
    assert beside(desk, "b") == ("", "")


async def test_what_is_executed_and_saved_changes_nothing(desk: Desk) -> None:
    change(desk, metadata={"kernelspec": {"name": "python3"}})
    change(desk, cells={"data": [cell("a"), cell("elsewhere")]})
    desk.editor.notify("notebookDocument/didSave", {"notebookDocument": {"uri": NOTEBOOK}})
    assert beside(desk, "b") == ("a = 1\n\n", "")
    assert desk.completer.called == []
    assert desk.editor.shown() == []


async def test_a_notebook_is_closed(desk: Desk) -> None:
    about = {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": [{"uri": uri("a")}]}
    desk.editor.notify("notebookDocument/didClose", about)
    assert [one.uri for one in desk.server.documents] == []
    write(desk, "a", insertion("x"))
    assert desk.called("document_changed") == []


async def test_a_cell_that_is_no_longer_the_notebooks_is_closed_with_it(desk: Desk) -> None:
    splice(desk, 0, 1)
    about = {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": [{"uri": uri("a")}]}
    desk.editor.notify("notebookDocument/didClose", about)
    assert [one.uri for one in desk.server.documents] == []


async def test_a_notebook_is_opened_twice(desk: Desk) -> None:
    about = {"uri": NOTEBOOK, "notebookType": "x", "version": 1, "cells": [cell("c")]}
    params = {"notebookDocument": about, "cellTextDocuments": [item("c", "c")]}
    desk.editor.notify("notebookDocument/didOpen", params)
    assert [one.uri for one in desk.server.documents] == [uri("c")]


async def test_its_file_may_be_open_as_a_text_too(desk: Desk) -> None:
    desk.editor.open("{}", NOTEBOOK)
    desk.editor.notify("textDocument/didClose", {"textDocument": {"uri": NOTEBOOK}})
    assert beside(desk, "b") == ("a = 1\n\n", "")
    desk.editor.open("{}", NOTEBOOK)
    desk.editor.notify(
        "notebookDocument/didClose",
        {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": []},
    )
    assert [one.uri for one in desk.server.documents] == [NOTEBOOK]


async def test_a_notebook_that_is_not_open(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "infill_ls"):
        change(desk, "file:///other.ipynb", metadata={})
    assert "a notebook changed that is not open" in caplog.text
    assert "other" not in caplog.text


async def test_a_notebook_that_is_too_large_is_no_longer_known(desk: Desk) -> None:
    desk.editor.open("a", "file:///another.py")
    head = b'{"method":"notebookDocument/didChange","params":{"notebookDocument":{"uri":"%s"'
    desk.server.pass_over(head % NOTEBOOK.encode(), 70_000_000)
    assert [one.uri for one in desk.server.documents] == ["file:///another.py"]


# What counts for a cell


async def test_a_cell_is_judged_by_its_notebook(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / ".infill-ls.toml").write_text('exclude = ["sales.ipynb"]\n')
    folders = [{"uri": tmp_path.as_uri(), "name": "project"}]
    event = {"event": {"added": folders, "removed": []}}
    desk.editor.notify("workspace/didChangeWorkspaceFolders", event)
    for name, excluded in (("sales.ipynb", True), ("other.ipynb", False)):
        notebook = (tmp_path / name).as_uri()
        # The URI of a cell may be any.
        document = f"jupyter-cell:{name}"
        about = {"uri": notebook, "notebookType": "x", "version": 1}
        about["cells"] = [{"kind": CODE, "document": document}]
        items = [{"uri": document, "languageId": "python", "version": 1, "text": ""}]
        params = {"notebookDocument": about, "cellTextDocuments": items}
        desk.editor.notify("notebookDocument/didOpen", params)
        desk.server.rule_all()
        assert bool(desk.completer.rules[document].excluded) is excluded
        assert desk.server.documents.file_of(document) == notebook


async def test_without_notebooks_a_cell_is_known_by_its_own_uri(desk: Desk, tmp_path: Path) -> None:
    cells = f"vscode-notebook-cell:{tmp_path}/.secrets.ipynb#W{{}}sZmlsZQ%3D%3D"
    for number in range(2):
        desk.editor.open("%time x", cells.format(number))
    desk.server.rule_all()
    assert desk.completer.rules[cells.format(0)].excluded == ".secrets*"
    # Their order isn't known.
    snapshot = desk.server.documents.snapshot_for(cells.format(1))
    assert snapshot is not None
    hole = snapshot.hole(0, 7)
    assert (hole.above, hole.below, hole.in_cell) == ("", "", True)
