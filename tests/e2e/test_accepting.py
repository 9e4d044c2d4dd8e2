"""What editors tell of a fill that is accepted, over stdio."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fake_ollama import FakeOllama
from lsp_client import URI, LspClient

TEXT = "def f(xs):\n    return []\n"


async def counts(client: LspClient) -> tuple[int, int]:
    explained = await client.command("infill-ls.explain")
    return explained["shown"], explained["accepted"]


async def test_accepting_counts_and_keeps_what_runs_ahead(
    client: LspClient, ollama: FakeOllama
) -> None:
    ollama.fill = lambda body: "xs.copy()" if body["prompt"].endswith("[") else "\n    more()\n"
    client.open("def f(xs):\n    return [\n")
    (item,) = (await client.ask(1, 12))["items"]
    ollama.gate.clear()
    await ollama.until(lambda: len(ollama.generations) == 2)
    assert await counts(client) == (1, 0)
    client.insert(item["insertText"], 1, 12, 2)
    assert await client.command(**item["command"]) is None
    asked = client.ask(1, 12 + len(item["insertText"]))
    assert await counts(client) == (1, 1)
    ollama.gate.set()
    assert await asked is not None
    assert ollama.generations[1].state != "cancelled"
    assert await client.command(**item["command"]) is None
    assert (await counts(client))[1] == 1


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"arguments": None},
        {"arguments": []},
        {"arguments": [99]},
        {"arguments": ["1"]},
        {"arguments": [None]},
        {"arguments": [{"id": 1}, 2, 3]},
    ],
)
async def test_arguments_that_make_no_sense_are_no_error(
    client: LspClient, params: Mapping[str, Any]
) -> None:
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    asked = {"command": "infill-ls.accept", **params}
    assert await client.request("workspace/executeCommand", asked) is None
    assert await counts(client) == (1, 0)
    assert client.shown() == []


async def test_a_document_that_is_closed_meanwhile(client: LspClient) -> None:
    client.open(TEXT)
    (item,) = (await client.ask(1, 12))["items"]
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert await client.command(**item["command"]) is None
    assert await counts(client) == (1, 0)
