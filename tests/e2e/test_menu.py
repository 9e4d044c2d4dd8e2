"""Completion items, for editors without ghost text: they ask once, wait, and filter what comes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from e2e.conftest import Start
from fake_ollama import FakeOllama
from lsp_client import MENU_ONLY, URI, LspClient


@pytest.fixture
async def client(start: Start, ollama: FakeOllama) -> LspClient:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(MENU_ONLY, {"debounceMs": 0, "mode": "plain"}, client="helix")
    return client


def asked(client: LspClient, line: int, character: int) -> asyncio.Future[Any]:
    return client.send(
        "textDocument/completion",
        {"textDocument": {"uri": URI}, "position": {"line": line, "character": character}},
    )


def goes_on(*texts: str) -> Any:
    """An engine that goes on like the first of these texts that begins as the prompt ends."""

    def fill(body: Any) -> str:
        line = body["prompt"].rpartition("\n")[2]
        return next((text[len(line) :] for text in texts if text.startswith(line)), "")

    return fill


async def until_asked(ollama: FakeOllama) -> None:
    await ollama.until(lambda: bool(ollama.generations))


async def test_an_item(client: LspClient, ollama: FakeOllama) -> None:
    ollama.fill = "_two(a, b):\n    return a + b\n\n"
    client.open("# 😀 add\ndef add")
    answer = await asked(client, 1, 7)
    (item,) = answer["items"]
    assert item["label"] == "add_two(a, b): …"
    assert item["filterText"] == "add_two(a, b):"
    assert item["textEdit"] == {
        "range": {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 7}},
        "newText": "add_two(a, b):\n    return a + b",
    }
    assert (item["insertTextFormat"], item["insertTextMode"]) == (1, 1)
    assert item["command"]["command"] == "infill-ls.accept"
    shown = "```python\nadd_two(a, b):\n    return a + b\n```"
    assert item["documentation"]["value"] == shown


async def test_asking_again_is_worth_it_where_there_is_a_fill(
    client: LspClient, ollama: FakeOllama
) -> None:
    """Another server may keep the menu open when ours no longer fits what is typed."""
    client.open("names = so")
    ollama.fill = "rted(names)"
    assert (await asked(client, 0, 10))["isIncomplete"] is True
    ollama.fill = ""
    client.insert("\n", 0, 10, 2)
    assert not await asked(client, 1, 0)


async def test_documentation_has_neither_cr_nor_tabs(client: LspClient, ollama: FakeOllama) -> None:
    ollama.fill = "r name in names:\r\n\t\tprint(name)\r\n"
    client.open("def show(names):\r\n\tfo\r\n")
    (item,) = (await asked(client, 1, 3))["items"]
    assert item["textEdit"]["newText"] == "for name in names:\r\n\t\tprint(name)"
    shown = "```python\nfor name in names:\n        print(name)\n```"
    assert item["documentation"]["value"] == shown


@pytest.mark.parametrize(("name", "blank"), [("helix", False), ("another", True)])
async def test_triggers(start: Start, name: str, blank: bool) -> None:
    """Helix asks every server after the triggers of any."""
    answer = await (await start()).initialize(MENU_ONLY, client=name)
    triggers = answer["capabilities"]["completionProvider"]["triggerCharacters"]
    assert (" " in triggers) is blank
    assert {"(", "."} < set(triggers)
    assert ("= " in triggers) is not blank


async def test_what_is_typed_meanwhile_is_part_of_the_item(
    client: LspClient, ollama: FakeOllama
) -> None:
    ollama.fill = goes_on("result = sorted(names)")
    ollama.gate.clear()
    client.open("result = so\n")
    answer = asked(client, 0, 11)
    await until_asked(ollama)
    client.insert("r", 0, 11, 2)
    client.insert("t", 0, 12, 3)
    ollama.gate.set()
    (item,) = (await answer)["items"]
    assert item["label"] == item["filterText"] == "sorted(names)"
    assert item["textEdit"] == {
        "range": {"start": {"line": 0, "character": 9}, "end": {"line": 0, "character": 11}},
        "newText": "sorted(names)",
    }
    assert len(ollama.generations) == 1


async def test_another_fill_is_made_for_what_is_typed_meanwhile(
    client: LspClient, ollama: FakeOllama
) -> None:
    ollama.fill = goes_on("result = sorted(names)", "result = source(names)")
    ollama.gate.clear()
    client.open("result = so\n")
    answer = asked(client, 0, 11)
    await until_asked(ollama)
    client.insert("ur", 0, 11, 2)
    # The answer to this says that the change has been taken.
    await client.command("infill-ls.explain")
    ollama.gate.set()
    (item,) = (await answer)["items"]
    assert item["textEdit"]["newText"] == "source(names)"


@pytest.mark.parametrize("typed", ["\n", " ", "[]"])
async def test_once_the_word_has_ended_the_editor_is_free_to_ask_again(
    client: LspClient, ollama: FakeOllama, typed: str
) -> None:
    ollama.gate.clear()
    client.open("result = so\n")
    answer = asked(client, 0, 11)
    await until_asked(ollama)
    client.insert(typed, 0, 11, 2)
    assert not await answer
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")


async def test_a_newer_request_is_answered_and_not_the_older(
    client: LspClient, ollama: FakeOllama
) -> None:
    ollama.fill = goes_on("result = sorted(names)", "result = source(names)")
    ollama.gate.clear()
    client.open("result = so\n")
    older = asked(client, 0, 11)
    await until_asked(ollama)
    client.insert("ur", 0, 11, 2)
    newer = asked(client, 0, 13)
    assert await older is None
    ollama.gate.set()
    (item,) = (await newer)["items"]
    assert item["textEdit"]["newText"] == "source(names)"
