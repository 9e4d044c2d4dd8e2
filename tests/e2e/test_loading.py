"""A model that isn't loaded, or isn't any more, while somebody types."""

from __future__ import annotations

import pytest

from e2e.conftest import Start, patched
from fake_ollama import NO_MEMORY, FakeOllama
from lsp_client import GHOST_TEXT, LspClient

SHOWS_PROGRESS = {**GHOST_TEXT, "window": {"workDoneProgress": True}}


@pytest.fixture
async def client(start: Start, ollama: FakeOllama) -> LspClient:
    """A server that takes nothing for granted: it asks before each call what is loaded."""
    command = patched({"infill_ls.engines.ollama_loading.TRUST": 0.0})
    client: LspClient = await start(command=command, environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    return client


async def loaded(client: LspClient, ollama: FakeOllama) -> None:
    """Wait until the server has found its model loaded, and then take it away."""
    await ollama.until(lambda: any(call.path == "/api/ps" for call in ollama.calls))
    client.open("[]\n")
    assert await client.fill(0, 1) == "x for x in xs"
    await client.until_states("asking", "idle")
    ollama.evict()


async def test_a_model_that_was_unloaded_is_loaded_while_vscode_asks(
    client: LspClient, ollama: FakeOllama
) -> None:
    """Asks after every key, and cancels at the next."""
    ollama.load_gate.clear()
    await loaded(client, ollama)
    asked = None
    for typed in range(20):
        client.insert("y", 0, 1 + typed, 2 + typed)
        if asked is not None:
            client.cancel(asked)
        asked = client.ask(0, 2 + typed)
        await client.command("infill-ls.explain")
    await ollama.until(lambda: bool(ollama.loads))
    await client.until_states("loading")
    ollama.load_gate.set()
    assert asked is not None
    assert (await asked)["items"][0]["insertText"] == "x for x in xs"
    assert [load.state for load in ollama.loads] == ["done"]
    assert ollama.most_at_once == 1


async def test_a_model_that_was_unloaded_is_loaded_while_neovim_asks(
    client: LspClient, ollama: FakeOllama
) -> None:
    """Asks in pauses, never cancels, and the user types on."""
    ollama.load_gate.clear()
    await loaded(client, ollama)
    for typed in range(20):
        client.insert("y", 0, 1 + typed, 2 + typed)
        if typed % 5 == 0:
            client.ask(0, 2 + typed)
            await client.command("infill-ls.explain")
    asked = client.ask(0, 21)
    await ollama.until(lambda: bool(ollama.loads))
    ollama.load_gate.set()
    assert (await asked)["items"][0]["insertText"] == "x for x in xs"
    assert [load.state for load in ollama.loads] == ["done"]


async def test_a_model_that_is_not_to_be_kept(start: Start, ollama: FakeOllama) -> None:
    ollama.loaded = False
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0, "keepAlive": 0})
    await client.until_states("loading", "idle")
    assert ollama.loads == []
    client.open("[]\n")
    ollama.load_gate.clear()
    asked = client.ask(0, 1)
    await ollama.until(lambda: bool(ollama.loads))
    client.cancel(asked)
    client.insert("y", 0, 1, 2)
    again = client.ask(0, 2)
    ollama.load_gate.set()
    assert (await again)["items"][0]["insertText"] == "x for x in xs"
    # The key has closed no load.
    assert ollama.loads[0].state == "done"


async def test_a_load_that_fails_is_said_once(start: Start, ollama: FakeOllama) -> None:
    ollama.loaded, ollama.fault = False, "no memory"
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    await client.until_states("loading", "problem")
    client.open("[]\n")
    for _ in range(5):
        assert await client.fill(0, 1) is None
    assert len(client.shown()) == 1
    assert "requires more system memory" in client.shown()[0]
    ollama.fault = ""
    assert await client.fill(0, 1, manual=True) == "x for x in xs"
    await client.until_states("problem", "loading", "asking", "idle")


async def test_an_ollama_that_was_started_anew(client: LspClient, ollama: FakeOllama) -> None:
    await loaded(client, ollama)
    await ollama.stop()
    client.insert("y", 0, 1, 2)
    assert await client.fill(0, 2) is None
    await client.until_states("problem")
    ollama.loads.clear()
    ollama.load_gate.clear()
    await ollama.start(ollama.port)
    asked = client.ask(0, 2)
    # Loading, and no more a problem.
    await client.until_states("problem", "loading")
    ollama.load_gate.set()
    assert (await asked)["items"]
    await client.until_states("loading", "asking", "idle")


async def test_a_long_load_has_a_progress_bar(start: Start, ollama: FakeOllama) -> None:
    ollama.loaded = False
    ollama.load_gate.clear()
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(SHOWS_PROGRESS, {"debounceMs": 0})
    await client.until_asked("window/workDoneProgress/create")
    begin = await client.until_told("$/progress")
    assert begin["value"] == {
        "kind": "begin",
        "title": "infill-ls",
        "message": "The model is being loaded.",
    }
    ollama.load_gate.set()
    end = await client.until_told("$/progress", 2)
    assert end == {"token": begin["token"], "value": {"kind": "end"}}


async def test_an_editor_without_progress_bars_gets_none(start: Start, ollama: FakeOllama) -> None:
    ollama.loaded = False
    ollama.load_gate.clear()
    command = patched({"infill_ls.completion.status.LONG": 0.0})
    client = await start(command=command, environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    await ollama.until(lambda: bool(ollama.loads))
    ollama.load_gate.set()
    await client.until_states("loading", "idle")
    assert client.asked == []


@pytest.fixture
async def loading(start: Start, ollama: FakeOllama) -> LspClient:
    """A server whose model takes long to load, and whose editor shows that."""
    ollama.loaded = False
    ollama.load_gate.clear()
    client: LspClient = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(SHOWS_PROGRESS, {"debounceMs": 0})
    begin = await client.until_told("$/progress")
    assert begin["value"]["kind"] == "begin"
    return client


async def until_ended(client: LspClient) -> None:
    end = await client.until_told("$/progress", 2)
    assert end["value"] == {"kind": "end"}


async def test_the_progress_bar_of_an_engine_that_goes_away_ends(
    loading: LspClient, ollama: FakeOllama
) -> None:
    await ollama.stop()
    await until_ended(loading)
    await loading.until_states("loading", "problem")
    assert len(loading.shown()) == 1


async def test_the_progress_bar_of_an_engine_that_is_another_now_ends(
    loading: LspClient, ollama: FakeOllama
) -> None:
    async with FakeOllama(fill="y") as other:
        settings = {"infill-ls": {"url": other.url, "debounceMs": 0}}
        loading.notify("workspace/didChangeConfiguration", {"settings": settings})
        await until_ended(loading)
        loading.open("[]\n")
        assert await loading.fill(0, 1) == "y"
        await loading.until_states("asking", "idle")
    ollama.load_gate.set()


async def test_the_progress_bar_of_a_load_that_goes_wrong_ends(
    start: Start, ollama: FakeOllama
) -> None:
    ollama.loaded, ollama.fault = False, "no memory"
    ollama.load_gate.clear()
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(SHOWS_PROGRESS, {"debounceMs": 0})
    await client.until_told("$/progress")
    ollama.load_gate.set()
    await until_ended(client)
    await client.until_states("loading", "problem")


async def test_a_model_that_can_t_be_loaded_gives_way_and_the_user_is_told_once(
    start: Start, ollama: FakeOllama
) -> None:
    ollama.models = {f"qwen2.5-coder:{size}": ["completion", "insert"] for size in ("3b", "1.5b")}
    ollama.tags = {
        "qwen2.5-coder:3b": {"size": 1_900_000, "details": {"parameter_size": "3.1B"}},
        "qwen2.5-coder:1.5b": {"size": 986_000, "details": {"parameter_size": "1.5B"}},
    }
    ollama.loaded, ollama.too_large = False, {"qwen2.5-coder:3b": NO_MEMORY}
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    client.open("[]\n")
    assert await client.until_filled(0, 1) == "x for x in xs"
    assert ollama.generations[-1].body["model"] == "qwen2.5-coder:1.5b"
    (told,) = client.shown()
    assert told.startswith("infill-ls: qwen2.5-coder:1.5b is used instead of qwen2.5-coder:3b.")
