"""When the settings are known, and what happens before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from e2e.conftest import Start, patched
from fake_ollama import FakeOllama
from lsp_client import GHOST_TEXT, LspClient

TEXT = "def f(xs):\n    return []\n"
ASKS_FOR_SETTINGS = {**GHOST_TEXT, "workspace": {"configuration": True}}


@pytest.fixture
async def at_default() -> AsyncIterator[FakeOllama]:
    """An Ollama where the built-in defaults look for one."""
    async with FakeOllama(fill="not what the user wants") as fake:
        yield fake


@pytest.fixture
async def client(start: Start, at_default: FakeOllama) -> LspClient:
    """A server whose default address is another than everybody's, and that waits a second."""
    command = patched(
        {
            "infill_ls.settings.DEFAULT_URL": at_default.url,
            "infill_ls.lsp.configuration.TIMEOUT": 1.0,
        }
    )
    client: LspClient = await start(command=command)
    client.answers.clear()
    return client


def own(ollama: FakeOllama, **more: Any) -> dict[str, Any]:
    return {"url": ollama.url, "debounceMs": 0, **more}


async def test_a_request_waits_for_the_settings(
    client: LspClient, ollama: FakeOllama, at_default: FakeOllama
) -> None:
    client.configuration = own(ollama)
    await client.initialize(ASKS_FOR_SETTINGS)
    client.open(TEXT)
    client.insert(" ", 1, 12, 2)
    asked = client.ask(1, 12)
    await client.until_asked("workspace/configuration")
    await client.command("infill-ls.explain")
    assert not asked.done()
    client.answers.set()
    assert (await asked)["items"][0]["insertText"] == "x for x in xs"
    assert at_default.calls == []


async def test_a_newer_request_takes_the_place_of_one_that_waits(
    client: LspClient, ollama: FakeOllama
) -> None:
    client.configuration = own(ollama)
    await client.initialize(ASKS_FOR_SETTINGS)
    client.open(TEXT)
    older = client.ask(1, 12)
    newer = client.ask(1, 12)
    assert await older is None
    client.answers.set()
    assert (await newer)["items"]
    assert len(ollama.generations) == 1


async def test_an_editor_that_never_answers(
    client: LspClient, ollama: FakeOllama, at_default: FakeOllama
) -> None:
    await client.initialize(ASKS_FOR_SETTINGS, own(ollama))
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    assert at_default.calls == []


async def test_an_editor_that_never_says_that_it_is_initialized(
    client: LspClient, ollama: FakeOllama, at_default: FakeOllama
) -> None:
    options = {"processId": None, "rootUri": None, "capabilities": ASKS_FOR_SETTINGS}
    await client.request("initialize", {**options, "initializationOptions": own(ollama)})
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    assert at_default.calls == []


async def test_who_is_off_sends_nothing(
    client: LspClient, ollama: FakeOllama, at_default: FakeOllama
) -> None:
    client.configuration = own(ollama, enabled=False)
    await client.initialize(ASKS_FOR_SETTINGS)
    client.open(TEXT)
    asked = client.ask(1, 12)
    await client.until_asked("workspace/configuration")
    client.answers.set()
    assert (await asked)["items"] == []
    assert (await client.command("infill-ls.explain"))["reason"] == "disabled"
    assert (at_default.calls, ollama.calls) == ([], [])


async def test_nothing_is_got_ready_by_hand_before(
    client: LspClient, ollama: FakeOllama, at_default: FakeOllama
) -> None:
    client.configuration = own(ollama)
    await client.initialize(ASKS_FOR_SETTINGS)
    await client.until_asked("workspace/configuration")
    for enabled in (False, True, False):
        assert await client.command("infill-ls.toggle") == {"enabled": enabled}
    client.answers.set()
    client.open(TEXT)
    assert await client.fill(1, 12) is None
    assert await client.command("infill-ls.toggle") == {"enabled": True}
    assert await client.fill(1, 12) == "x for x in xs"
    assert at_default.calls == []


async def test_a_document_that_is_closed_meanwhile(client: LspClient, ollama: FakeOllama) -> None:
    client.configuration = own(ollama)
    await client.initialize(ASKS_FOR_SETTINGS)
    client.open(TEXT)
    asked = client.ask(1, 12)
    about = {"textDocument": {"uri": "file:///project/main.py"}}
    client.notify("textDocument/didClose", about)
    await client.until_asked("workspace/configuration")
    client.answers.set()
    assert (await asked)["items"] == []
    assert ollama.generations == []


async def test_before_anything_was_asked(client: LspClient) -> None:
    await client.initialize(ASKS_FOR_SETTINGS)
    assert (await client.command("infill-ls.explain"))["reason"] == "unasked"


async def test_the_newest_settings_count(client: LspClient, ollama: FakeOllama) -> None:
    await client.initialize(ASKS_FOR_SETTINGS)
    await client.until_asked("workspace/configuration")
    settings = {"infill-ls": own(ollama, maxTokens=9)}
    client.notify("workspace/didChangeConfiguration", {"settings": settings})
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    # The answer to the older question comes late.
    client.configuration = own(ollama, maxTokens=5)
    client.answers.set()
    await client.command("infill-ls.explain")
    assert await client.fill(0, 5) is not None
    assert {call.body["options"]["num_predict"] for call in ollama.generations} == {9}
