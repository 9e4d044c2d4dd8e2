"""What a status line is told, and the command that turns completion off and on."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.conftest import Start
from fake_ollama import FakeOllama
from lsp_client import GHOST_TEXT, LspClient

TEXT = "def f(xs):\n    return []\n"


async def test_the_states_of_a_session(client: LspClient, ollama: FakeOllama) -> None:
    await client.until_states("loading", "idle")
    client.open(TEXT)
    ollama.gate.clear()
    asked = client.ask(1, 12)
    await client.until_states("asking")
    ollama.gate.set()
    assert (await asked)["items"]
    await client.until_states("asking", "idle")
    assert await client.fill(1, 12) == "x for x in xs"
    assert client.states() == ["loading", "idle", "asking", "idle"]


async def test_a_problem_until_something_works(start: Start, ollama: FakeOllama) -> None:
    await ollama.stop()
    client = await start("--engine", "ollama", environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    await client.until_states("loading", "problem")
    assert "Start it, or" in client.messages[-1]["params"]["message"]
    client.open(TEXT)
    for _ in range(3):
        assert await client.fill(1, 12) is None
    assert client.states() == ["loading", "problem"]
    await ollama.start(ollama.port)
    assert await client.until_filled(1, 12) == "x for x in xs"
    await client.until_states("asking", "idle")
    # It was seen that Ollama is there again before it was asked, perhaps long before.
    seen = [state for state in client.states()[2:] if state != "loading"]
    assert seen in (["asking", "idle"], ["idle", "asking", "idle"])


@pytest.mark.parametrize(
    ("experimental", "told"),
    [
        ({"infill-ls/status": True}, True),
        ({"infill-ls/status": False}, False),
        ({"other": True}, False),
        ({}, False),
        (None, False),
        ("what?", False),
    ],
)
async def test_who_asks_is_told(
    start: Start, ollama: FakeOllama, experimental: Any, told: bool
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    capabilities = {**GHOST_TEXT, "experimental": experimental}
    await client.initialize(capabilities, {"debounceMs": 0})
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    await client.command("infill-ls.toggle")
    assert ("off" in client.states()) is told
    assert bool(client.states()) is told


async def test_off_and_on(client: LspClient, ollama: FakeOllama) -> None:
    client.open(TEXT)
    ollama.gate.clear()
    asked = client.ask(1, 12)
    await ollama.until(lambda: len(ollama.generations) == 1)
    assert await client.command("infill-ls.toggle") == {"enabled": False}
    assert await asked == {"items": []}
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")
    assert client.states()[-1] == "off"
    ollama.gate.set()
    assert await client.fill(1, 12) is None
    # The editor's settings are the same as before.
    client.notify("workspace/didChangeConfiguration", {"settings": {"infill-ls": {"maxTokens": 9}}})
    assert await client.fill(1, 12) is None
    assert len(ollama.generations) == 1
    assert await client.command("infill-ls.toggle", [1, 2]) == {"enabled": True}
    assert await client.fill(1, 12) == "x for x in xs"
    assert ollama.generations[1].body["options"]["num_predict"] == 9


async def test_off_by_the_settings_and_on_by_hand(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"enabled": False, "debounceMs": 0})
    await client.until_states("off")
    client.open(TEXT)
    assert await client.fill(1, 12) is None
    assert await client.command("infill-ls.toggle") == {"enabled": True}
    await client.until_states("off", "loading", "idle")
    assert await client.fill(1, 12) == "x for x in xs"


async def test_the_settings_count_again_when_they_say_something_new(client: LspClient) -> None:
    client.open(TEXT)
    assert await client.fill(1, 12) is not None
    assert await client.command("infill-ls.toggle") == {"enabled": False}
    for enabled in (False, True):
        settings = {"infill-ls": {"enabled": enabled, "debounceMs": 0}}
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
    assert await client.fill(1, 12) == "x for x in xs"
