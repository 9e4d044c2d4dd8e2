"""Several fills for who asks by hand, over stdio."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fake_ollama import FakeOllama
from lsp_client import URI, LspClient

WRITTEN = ["xs.copy()]", "list(xs)]", "xs.copy() ]", "sorted(xs)]"]
TEXT = "def f(xs):\n    return []\n"


def in_turn(body: Mapping[str, Any]) -> str:
    """Each seed draws another of the texts."""
    return WRITTEN[body["options"]["seed"] - 1] if body["prompt"].endswith("[") else ""


async def test_three_different_fills(client: LspClient, ollama: FakeOllama) -> None:
    ollama.fill = in_turn
    client.open(TEXT)
    answer = await client.ask(1, 12, manual=True)
    assert [item["insertText"] for item in answer["items"]] == [
        "xs.copy()",
        "list(xs)",
        "sorted(xs)",
    ]
    numbers = [item["command"]["arguments"] for item in answer["items"]]
    assert numbers == [[1], [2], [3]]
    drawn = [call.body["options"] for call in ollama.generations[:4]]
    assert [(options["seed"], options["temperature"]) for options in drawn] == [
        (1, 0.2),
        (2, 0.8),
        (3, 0.8),
        (4, 0.8),
    ]
    assert await client.fill(1, 12) == "xs.copy()"
    assert ollama.most_at_once == 1


async def test_one_that_is_not_the_first_is_accepted(client: LspClient, ollama: FakeOllama) -> None:
    ollama.fill = in_turn
    client.open(TEXT)
    item = (await client.ask(1, 12, manual=True))["items"][1]
    await ollama.until(lambda: len(ollama.generations) == 5)
    client.insert(item["insertText"], 1, 12, 2)
    assert await client.command(**item["command"]) is None
    await ollama.until(lambda: len(ollama.generations) == 6)
    assert ollama.generations[5].body["prompt"].endswith("return [list(xs)")
    explained = await client.command("infill-ls.explain")
    assert (explained["shown"], explained["accepted"]) == (1, 1)


async def drawing(client: LspClient, ollama: FakeOllama) -> asyncio.Future[Any]:
    """The request by hand whose second fill the engine is about to write; the first is known."""
    ollama.fill = in_turn
    client.open(TEXT)
    assert await client.fill(1, 12) == "xs.copy()"
    await ollama.until(lambda: len(ollama.generations) == 2)
    await ollama.generations[1].ended.wait()
    ollama.gate.clear()
    asked = client.ask(1, 12, manual=True)
    await ollama.until(lambda: len(ollama.generations) == 3)
    return asked


async def test_a_change_meanwhile(client: LspClient, ollama: FakeOllama) -> None:
    asked = await drawing(client, ollama)
    client.insert("x", 1, 12, 2)
    assert [item["insertText"] for item in (await asked)["items"]] == ["xs.copy()"]
    await ollama.until(lambda: ollama.generations[2].state == "cancelled")


async def test_a_cancel_meanwhile(client: LspClient, ollama: FakeOllama) -> None:
    asked = await drawing(client, ollama)
    client.cancel(asked)
    await ollama.until(lambda: ollama.generations[2].state == "cancelled")
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert ollama.most_at_once == 1
