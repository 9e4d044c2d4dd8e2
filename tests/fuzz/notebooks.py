"""Notebooks: what the editor says of them, at random, and what that means, slowly and simply."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from fuzz import model, texts

URIS: Final = ("file:///project/a.ipynb", "file:///project/.env.ipynb", "untitled:b.ipynb?c")
LANGUAGES: Final = ("python", "python", "python", "sql", "markdown")
BEGINNINGS: Final = ("", "", "", "%%bash\n", "%%time\n", "%matplotlib inline\n", "!ls\n", "\n\n")
MARKDOWN, CODE = 1, 2


class Maker:
    """Makes messages. ``texts``: those of all documents; ``cells``: of each notebook, in order."""

    def __init__(self, random: Random, texts: dict[str, str]) -> None:
        self._random = random
        self._texts = texts
        self._number = 0
        self.cells: dict[str, list[str]] = {}

    def message(self) -> tuple[str, dict[str, Any]]:
        """Something about a notebook: method and params."""
        random = self._random
        if not self.cells or random.random() < 0.15:
            return self._opening()
        uri = random.choice(list(self.cells) if random.random() < 0.95 else URIS)
        lot = random.random()
        if lot < 0.08:
            return self._closing(uri)
        if lot < 0.12:
            return "notebookDocument/didSave", {"notebookDocument": {"uri": uri}}
        change: dict[str, Any] = {}
        if lot < 0.25:
            change["metadata"] = {"kernelspec": {"name": "python3"}}
        if lot > 0.2:
            change["cells"] = self._change(uri)
        return self._changed(uri, change)

    def typed(self, uri: str, change: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        """A change of a text as one of the notebook that has it as a cell; None if none has."""
        for notebook, cells in self.cells.items():
            if uri in cells:
                params = change["params"]
                about = {"document": params["textDocument"], "changes": params["contentChanges"]}
                return self._changed(notebook, {"cells": {"textContent": [about]}})
        return None

    def _changed(self, uri: str, change: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        about = {"uri": uri, "version": self._random.randrange(9)}
        return "notebookDocument/didChange", {"notebookDocument": about, "change": change}

    def _opening(self) -> tuple[str, dict[str, Any]]:
        random = self._random
        uri = random.choice(URIS)
        for cell in self.cells.pop(uri, ()):
            self._texts.pop(cell, None)
        cells = self.cells[uri] = [self._new(uri) for _ in range(random.randrange(6))]
        about = {"uri": uri, "notebookType": "jupyter-notebook", "version": 1}
        about["cells"] = [self._cell(cell) for cell in cells]
        opened = [self._item(cell) for cell in cells if random.random() < 0.95]
        return "notebookDocument/didOpen", {"notebookDocument": about, "cellTextDocuments": opened}

    def _closing(self, uri: str) -> tuple[str, dict[str, Any]]:
        cells = self.cells.pop(uri, [])
        for cell in cells:
            self._texts.pop(cell, None)
        about = [{"uri": cell} for cell in cells if self._random.random() < 0.8]
        params = {"notebookDocument": {"uri": uri}, "cellTextDocuments": about}
        return "notebookDocument/didClose", params

    def _change(self, uri: str) -> dict[str, Any]:
        random, cells = self._random, self.cells.get(uri, [])
        made: dict[str, Any] = {}
        if random.random() < 0.3:
            made["data"] = [self._cell(cell) for cell in cells if random.random() < 0.4]
        if random.random() < 0.2:
            return made
        start, count = random.randrange(len(cells) + 1), random.choice((0, 0, 1, 1, 2, 5))
        gone = cells[start : start + count]
        # Some of them come back, perhaps in another order: they have been moved.
        kept = [cell for cell in gone if random.random() < 0.5]
        random.shuffle(kept)
        new = [self._new(uri) for _ in range(random.choice((0, 1, 1, 3)))]
        cells[start : start + count] = [*kept, *new]
        made_of = [self._cell(cell) for cell in (*kept, *new)]
        array = {"start": start, "deleteCount": count, "cells": made_of}
        closed = [cell for cell in gone if cell not in kept]
        # Its language changes.
        again = [cell for cell in kept if random.random() < 0.2]
        for cell in closed:
            self._texts.pop(cell, None)
        made["structure"] = {"array": array}
        made["structure"]["didClose"] = [{"uri": cell} for cell in (*closed, *again)]
        made["structure"]["didOpen"] = [self._item(cell) for cell in (*new, *again)]
        return made

    def _new(self, uri: str) -> str:
        self._number += 1
        return f"vscode-notebook-cell:{uri.partition(':')[2]}#W{self._number}sZmlsZQ%3D%3D"

    def _cell(self, uri: str) -> dict[str, Any]:
        random = self._random
        cell: dict[str, Any] = {"kind": random.choice((CODE, CODE, CODE, MARKDOWN))}
        cell["document"] = uri
        if random.random() < 0.5:
            cell["executionSummary"] = {"executionOrder": random.randrange(9), "success": True}
        return cell

    def _item(self, uri: str) -> dict[str, Any]:
        random = self._random
        text = random.choice(BEGINNINGS) + texts.text(random, random.choice((0, 2, 8)))
        self._texts[uri] = text
        language = random.choice(LANGUAGES)
        return {"uri": uri, "languageId": language, "version": 1, "text": text}


class Notebooks:
    """What the messages mean. ``texts``: those of all documents, which it changes."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts
        self._languages: dict[str, str] = {}
        self._cells: dict[str, list[dict[str, Any]]] = {}

    def follow(self, method: str, params: dict[str, Any], encoding: str) -> None:
        """Take a message. Raises KeyError, TypeError or ValueError if it makes no sense."""
        uri = params["notebookDocument"]["uri"]
        if method == "notebookDocument/didOpen":
            cells, opened = params["notebookDocument"]["cells"], params["cellTextDocuments"]
            self._close(uri)
            self._cells[uri] = list(cells)
            for item in opened:
                self.opened(item)
        elif method == "notebookDocument/didChange" and uri in self._cells:
            self._change(self._cells[uri], params["change"].get("cells") or {}, encoding)
        elif method == "notebookDocument/didClose":
            closed = params["cellTextDocuments"]
            self._close(uri)
            for about in closed:
                self._texts.pop(about["uri"], None)

    def opened(self, item: dict[str, Any]) -> None:
        """A text is opened, be it a cell's or not."""
        self._texts[item["uri"]] = item["text"]
        self._languages[item["uri"]] = item["languageId"]

    def _close(self, uri: str) -> None:
        for cell in self._cells.pop(uri, ()):
            self._texts.pop(cell["document"], None)

    def _change(self, cells: list[dict[str, Any]], change: dict[str, Any], encoding: str) -> None:
        if structure := change.get("structure"):
            array = structure["array"]
            start, count = array["start"], array["deleteCount"]
            cells[start : start + count] = array.get("cells") or []
            for about in structure.get("didClose") or ():
                self._texts.pop(about["uri"], None)
            for item in structure.get("didOpen") or ():
                self.opened(item)
        for data in change.get("data") or ():
            for number, cell in enumerate(cells):
                if cell["document"] == data["document"]:
                    cells[number] = {**cell, "kind": data["kind"]}
        for one in change.get("textContent") or ():
            uri = one["document"]["uri"]
            for part in one["changes"]:
                if uri in self._texts:
                    self._texts[uri] = model.changed(self._texts[uri], part, encoding)

    def around(self, uri: str) -> tuple[str, str] | None:
        """What a prompt has above and below a cell; None if no notebook has it."""
        for cells in self._cells.values():
            for number, cell in enumerate(cells):
                if cell["document"] == uri:
                    above = self._joined(cells[:number], cell)
                    below = self._joined(cells[number + 1 :], cell)
                    return (f"{above}\n\n" if above else ""), (f"\n\n{below}" if below else "")
        return None

    def _joined(self, cells: list[dict[str, Any]], like: dict[str, Any]) -> str:
        written = []
        for cell in cells:
            uri = cell["document"]
            if uri not in self._texts or cell["kind"] != like["kind"]:
                continue
            if self._language(uri) == self._language(like["document"]):
                text = self._texts[uri].replace("\r\n", "\n").replace("\r", "\n")
                written.append(text.strip("\n").rstrip())
        return "\n\n".join(filter(None, written))

    def _language(self, uri: str) -> str:
        said = self._languages[uri]
        return "shellscript" if said == "python" and self._is_shell(self._texts[uri]) else said

    def _is_shell(self, text: str) -> bool:
        begun = text.removeprefix("%%bash")
        return begun != text and not (begun[:1].isalnum() or begun[:1] == "_")
