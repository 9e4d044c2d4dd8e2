"""Cells of notebooks, from the editor's messages to the prompt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Start
from fake_ollama import FakeOllama
from lsp_client import GHOST_TEXT, MENU_ONLY, LspClient

NOTEBOOK = "file:///project/sales.ipynb"
WITH_NOTEBOOKS = {"notebookDocument": {"synchronization": {"dynamicRegistration": False}}}
CANARY = "canary-4711"
MARKDOWN, CODE = 1, 2
# Cells of a notebook that is as long as people let them become.
MANY = 1_000


class Notebook:
    """A notebook in the editor, and its cells by the number that each got when it was made."""

    def __init__(self, client: LspClient, uri: str = NOTEBOOK) -> None:
        self.client = client
        self.uri = uri
        self._version = 1
        self._texts: dict[int, str] = {}

    def cell(self, number: int) -> str:
        path = self.uri.removeprefix("file://")
        return f"vscode-notebook-cell:{path}#W{number}sZmlsZQ%3D%3D"

    def open(self, *texts: str, kernel: str = "python") -> None:
        """A cell that begins with # and a blank is Markdown."""
        cells = [self._made(number, text) for number, text in enumerate(texts)]
        about = {"uri": self.uri, "notebookType": "jupyter-notebook", "version": 1, "cells": cells}
        items = [self._item(number, kernel) for number in range(len(texts))]
        params = {"notebookDocument": about, "cellTextDocuments": items}
        self.client.notify("notebookDocument/didOpen", params)

    def _made(self, number: int, text: str) -> dict[str, Any]:
        self._texts[number] = text
        kind = MARKDOWN if text.startswith("# ") else CODE
        return {"kind": kind, "document": self.cell(number)}

    def _item(self, number: int, kernel: str) -> dict[str, Any]:
        text = self._texts[number]
        language = "markdown" if text.startswith("# ") else kernel
        return {"uri": self.cell(number), "languageId": language, "version": 1, "text": text}

    def change(self, **cells: Any) -> None:
        self._version += 1
        about = {"uri": self.uri, "version": self._version}
        params = {"notebookDocument": about, "change": {"cells": cells}}
        self.client.notify("notebookDocument/didChange", params)

    def insert(self, at: int, number: int, text: str) -> None:
        array = {"start": at, "deleteCount": 0, "cells": [self._made(number, text)]}
        self.change(structure={"array": array, "didOpen": [self._item(number, "python")]})

    def move(self, start: int, *numbers: int) -> None:
        """Have these cells stand where as many stood that are the same."""
        cells = [self._made(number, self._texts[number]) for number in numbers]
        self.change(
            structure={"array": {"start": start, "deleteCount": len(cells), "cells": cells}}
        )

    def type(self, number: int, text: str) -> None:
        """Insert at the end of a cell."""
        line, character = self._end(number)
        here = {"line": line, "character": character}
        change = {"range": {"start": here, "end": here}, "text": text}
        self._texts[number] += text
        about = {"uri": self.cell(number), "version": self._version + 1}
        self.change(textContent=[{"document": about, "changes": [change]}])

    def _end(self, number: int) -> tuple[int, int]:
        lines = self._texts[number].split("\n")
        return len(lines) - 1, len(lines[-1])

    def ask(self, number: int, **kind: bool) -> asyncio.Future[Any]:
        """Ask at the end of a cell."""
        return self.client.ask(*self._end(number), self.cell(number), **kind)

    async def fill(self, number: int) -> str | None:
        answer = await self.ask(number)
        return answer["items"][0]["insertText"] if answer and answer["items"] else None


def prompts(ollama: FakeOllama) -> list[str]:
    return [str(call.body["prompt"]) for call in ollama.generations]


async def opened(start: Start, ollama: FakeOllama, *texts: str, **options: Any) -> Notebook:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(GHOST_TEXT | WITH_NOTEBOOKS, {"debounceMs": 0, **options})
    notebook = Notebook(client)
    notebook.open(*texts)
    return notebook


async def test_the_other_cells_are_its_prefix_and_its_suffix(
    start: Start, ollama: FakeOllama
) -> None:
    cells = ("# Sales", "import os\r\n%time", "", "b = [", "# The end", "print(b)")
    notebook = await opened(start, ollama, *cells)
    assert await notebook.fill(3) == ollama.fill.partition("\n")[0]  # type: ignore[union-attr]
    assert prompts(ollama)[0].endswith(
        "<|fim_suffix|>\n\nprint(b)<|fim_middle|>import os\n%time\n\nb = ["
    )


async def test_whoever_is_told_nothing_of_notebooks_is_offered_nothing(
    start: Start, ollama: FakeOllama
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    answered = await client.initialize(GHOST_TEXT)
    assert "notebookDocumentSync" not in answered["capabilities"]


async def test_without_notebooks_a_cell_stands_for_itself(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0, "exclude": ["other.ipynb"]})
    notebook, other = Notebook(client), Notebook(client, "file:///project/other.ipynb")
    for one in (notebook, other):
        client.open("a = 1", one.cell(0))
        client.open("b = [", one.cell(1))
    assert (await client.ask(0, 5, notebook.cell(1)))["items"]
    assert prompts(ollama)[0].endswith("<|fim_suffix|><|fim_middle|>b = [")
    # Its notebook is known all the same.
    assert await client.ask(0, 5, other.cell(1)) == {"items": []}
    assert (await client.command("infill-ls.explain"))["reason"] == "excluded"


async def test_cells_that_come_go_and_move(start: Start, ollama: FakeOllama) -> None:
    notebook = await opened(start, ollama, "a = 1", "b = 2", "c = [")

    async def above() -> str:
        notebook.type(2, "0, ")
        await notebook.ask(2)
        # What comes after the fill may have been asked for too.
        return prompts(ollama)[-1].rpartition("<|fim_middle|>")[2].partition("c = [")[0]

    assert await above() == "a = 1\n\nb = 2\n\n"
    notebook.insert(1, 3, "d = 4")
    assert await above() == "a = 1\n\nd = 4\n\nb = 2\n\n"
    notebook.move(0, 3, 0)
    assert await above() == "d = 4\n\na = 1\n\nb = 2\n\n"
    notebook.type(0, "0")
    assert await above() == "d = 4\n\na = 10\n\nb = 2\n\n"
    gone = [{"uri": notebook.cell(1)}]
    notebook.change(structure={"array": {"start": 2, "deleteCount": 1}, "didClose": gone})
    assert await above() == "d = 4\n\na = 10\n\n"
    # Executed: what comes of it is no text.
    summary = {"executionOrder": 2, "success": True}
    data = [{"kind": CODE, "document": notebook.cell(3), "executionSummary": summary}]
    notebook.change(data=data)
    assert await above() == "d = 4\n\na = 10\n\n"


async def test_what_is_typed_through_asks_nobody_and_the_prompts_start_stays(
    start: Start, ollama: FakeOllama
) -> None:
    above = "\n".join(f"line_{number} = {number} * factor" for number in range(2_000))
    # A budget that doesn't follow how fast this machine is.
    notebook = await opened(start, ollama, above, "", "print(total)", contextTokens=1_000)
    text = "total = sum(line_1, line_2)"

    def go_on(body: Mapping[str, Any]) -> str:
        line = body["prompt"].rpartition("\n")[2]
        return text.partition(line)[2] if line else text

    ollama.fill = go_on
    shown = 0
    for character in text[:-1]:
        notebook.type(1, character)
        shown += bool(await notebook.fill(1))
    assert shown > 20
    assert len(ollama.generations) < 6
    # Typed against: the model is asked each time.
    ollama.fill = "other()"
    ollama.calls.clear()
    for character in "zyx = wvuts":
        notebook.type(1, character)
        await notebook.ask(1)
    starts = [prompt[: prompt.index("total = ")] for prompt in prompts(ollama)]
    assert len(starts) > 5
    assert all(one == other for one, other in pairwise(starts))


async def test_a_newer_request_in_another_cell_supersedes(start: Start, ollama: FakeOllama) -> None:
    notebook = await opened(start, ollama, "a = [", "b = [")
    ollama.gate.clear()
    older = notebook.ask(0)
    await ollama.until(lambda: bool(ollama.generations))
    newer = notebook.ask(1)
    assert await older is None
    ollama.gate.set()
    assert (await newer)["items"]
    assert ollama.most_at_once == 1


async def test_a_memory_of_a_cell_ends_with_what_is_around_it(
    start: Start, ollama: FakeOllama
) -> None:
    notebook = await opened(start, ollama, "a = 1", "")
    ollama.fill = "b = a"
    assert await notebook.fill(1) == "b = a"
    notebook.type(0, "0")
    assert await notebook.fill(1) == "b = a"
    assert any(prompt.endswith("a = 10\n\n") for prompt in prompts(ollama))


async def test_secrets_in_other_cells_are_left_out(start: Start, ollama: FakeOllama) -> None:
    token = "ghp_" + "a1B2" * 9
    notebook = await opened(start, ollama, f'key = "{token}"\na = 1', "b = [", f"use('{token}')")
    assert await notebook.fill(1)
    assert token not in json.dumps([call.body for call in ollama.generations])
    assert "a = 1\n\nb = [" in prompts(ollama)[0]


@pytest.mark.parametrize("manual", [False, True])
async def test_nothing_of_an_excluded_notebook_is_sent(
    start: Start, ollama: FakeOllama, manual: bool
) -> None:
    notebook = await opened(start, ollama, CANARY, "b = [", exclude=["sales.ipynb"])
    assert await notebook.ask(1, manual=manual) == {"items": []}
    explained = await notebook.client.command("infill-ls.explain")
    assert explained["reason"] == "excluded"
    notebook.client.open("a = [\n")
    assert await notebook.client.fill(0, 5)
    assert CANARY not in json.dumps([call.body for call in ollama.calls])


async def test_the_record_names_the_notebook(
    start: Start, ollama: FakeOllama, tmp_path: Path
) -> None:
    record = tmp_path / "audit.jsonl"
    notebook = await opened(start, ollama, "a = 1", "b = [", audit=str(record))
    assert await notebook.fill(1)
    await notebook.client.stop()
    entries = [json.loads(line) for line in record.read_text().splitlines()]
    assert {tuple(entry["files"]) for entry in entries} == {("/project/sales.ipynb",)}


async def test_languages_are_those_of_the_cells(start: Start, ollama: FakeOllama) -> None:
    off = {"languages": {"markdown": {"enabled": False}}}
    cells = ("# Sales", "a = 1", "%%bash\nls", "b = [", "%%bash\ncat")
    notebook = await opened(start, ollama, *cells, **off)
    assert await notebook.fill(0) is None
    assert ollama.generations == []
    await notebook.ask(3)
    await notebook.ask(4)
    wanted = ("<|fim_middle|>a = 1\n\nb = [", "<|fim_middle|>%%bash\nls\n\n%%bash\ncat")
    for end in wanted:
        assert any(prompt.endswith(end) for prompt in prompts(ollama))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_position_encodings(start: Start, ollama: FakeOllama, encoding: str) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    general = {"general": {"positionEncodings": [encoding]}}
    await client.initialize(GHOST_TEXT | WITH_NOTEBOOKS | general, {"debounceMs": 0})
    notebook = Notebook(client)
    notebook.open("a = '😀'", "b = '漢😀' + [")
    units = {"utf-8": 4 + 3, "utf-16": 2 + 1, "utf-32": 1 + 1}[encoding]
    answer = await client.ask(0, len("b = ''  + [") - 1 + units, notebook.cell(1))
    assert answer["items"][0]["range"]["start"]["character"] == len("b = '' + [") + units
    assert prompts(ollama)[0].endswith("a = '😀'\n\nb = '漢😀' + [")


async def test_menus_in_cells(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(MENU_ONLY | WITH_NOTEBOOKS, {"debounceMs": 0})
    notebook = Notebook(client)
    notebook.open("a = 1", "b = [")
    about = {"textDocument": {"uri": notebook.cell(1)}, "position": {"line": 0, "character": 5}}
    answer = await client.request("textDocument/completion", about)
    assert answer["items"]
    assert prompts(ollama)[0].endswith("a = 1\n\nb = [")


async def test_a_notebook_that_is_closed(start: Start, ollama: FakeOllama) -> None:
    notebook = await opened(start, ollama, "a = 1", "b = [")
    cells = [{"uri": notebook.cell(number)} for number in range(2)]
    params = {"notebookDocument": {"uri": notebook.uri}, "cellTextDocuments": cells}
    notebook.client.notify("notebookDocument/didClose", params)
    assert await notebook.ask(1) == {"items": []}
    assert (await notebook.client.command("infill-ls.explain"))["reason"] == "closed"


async def test_a_thousand_cells(start: Start, ollama: FakeOllama) -> None:
    cells = [f"value_{number} = {number}\nprint(value_{number})" for number in range(MANY)]
    notebook = await opened(start, ollama, *cells, "last = [")
    assert await notebook.fill(MANY)
    prompt = prompts(ollama)[0]
    assert prompt.endswith(f"{cells[-1]}\n\nlast = [")
    assert cells[0] not in prompt
