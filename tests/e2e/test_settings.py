"""When the settings are known, and what happens before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Start, patched
from fake_ollama import FakeOllama
from infill_ls.settings_writer import remove_setting, write_setting
from infill_ls.user_file import user_file
from lsp_client import GHOST_TEXT, MENU_ONLY, URI, LspClient

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


async def fill_anew(client: LspClient) -> str | None:
    """The fill at a place for which the engine has to be asked again."""
    client.insert("values = [1]\n", 0, 0, 2)
    return await client.fill(2, 12)


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
    explained = await client.command("infill-ls.explain")
    assert explained["reason"] == "unasked"
    assert explained["message"] == "Nothing has been asked for yet."


@pytest.mark.parametrize("capabilities", [GHOST_TEXT, MENU_ONLY])
async def test_a_document_that_is_not_open(
    start: Start, ollama: FakeOllama, capabilities: dict[str, Any]
) -> None:
    client = await start()
    await client.initialize(capabilities, own(ollama))
    about = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
    if capabilities is MENU_ONLY:
        assert await client.request("textDocument/completion", about) is None
    else:
        assert await client.ask(0, 0) == {"items": []}
    assert (await client.command("infill-ls.explain"))["reason"] == "closed"


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


# Settings that are none


@pytest.mark.parametrize("capabilities", [GHOST_TEXT, ASKS_FOR_SETTINGS])
@pytest.mark.parametrize("options", [["maxTokens"], [], 5, "fast"])
async def test_options_that_are_no_table_are_told_once_and_ignored(
    start: Start, ollama: FakeOllama, capabilities: dict[str, Any], options: Any
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    client.configuration = {"debounceMs": 0}
    await client.initialize(capabilities, options)
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    client.notify("workspace/didChangeConfiguration", {"settings": {"infill-ls": {}}})
    await client.command("infill-ls.explain")
    assert client.shown() == [
        "infill-ls: The editor's initializationOptions are not a table but "
        f"{options!r}; they are ignored."
    ]


async def test_no_options(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options=None)
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    assert client.shown() == []


async def test_what_is_sent_goes_over_the_options_as_what_is_asked_for_does(
    start: Start, ollama: FakeOllama
) -> None:
    client = await start()
    await client.initialize(options=own(ollama, maxTokens=9, temperature=0.5))
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    sent = {"infill-ls": {"maxTokens": 7, "temperature": None}}
    client.notify("workspace/didChangeConfiguration", {"settings": sent})
    assert await fill_anew(client) == "x for x in xs"
    options = ollama.generations[-1].body["options"]
    assert (options["num_predict"], options["temperature"]) == (7, 0.5)


@pytest.mark.parametrize("params", [None, {}, 5, {"settings": None}, {"settings": {"other": 1}}])
@pytest.mark.parametrize("capabilities", [GHOST_TEXT, ASKS_FOR_SETTINGS])
async def test_a_change_that_says_nothing_of_us(
    start: Start, ollama: FakeOllama, capabilities: dict[str, Any], params: Any
) -> None:
    client = await start()
    client.configuration = {"maxTokens": 7}
    await client.initialize(capabilities, own(ollama, maxTokens=7))
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    client.configuration = {"maxTokens": 9}
    client.notify("workspace/didChangeConfiguration", params)
    wanted = 9 if capabilities is ASKS_FOR_SETTINGS else 7
    for _ in range(200):
        await client.fill(1, 12)
        if ollama.generations[-1].body["options"]["num_predict"] == wanted:
            break
    else:
        pytest.fail("the settings that the editor has now never counted")
    assert client.shown() == []


@pytest.mark.parametrize(
    "settings", [[5], "fast", {"infill-ls": [5]}, {"infill-ls": {"maxTokens": []}}]
)
async def test_a_change_to_what_is_no_setting_is_told_once(
    start: Start, ollama: FakeOllama, settings: Any
) -> None:
    client = await start()
    await client.initialize(options=own(ollama))
    for _ in range(2):
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    (shown,) = client.shown()
    assert "ignored" in shown


async def test_a_question_that_is_not_answered_leaves_the_settings_as_they_were(
    client: LspClient, ollama: FakeOllama, at_default: FakeOllama
) -> None:
    client.configuration = own(ollama)
    client.answers.set()
    await client.initialize(ASKS_FOR_SETTINGS)
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    client.replies["workspace/configuration"] = {"error": {"code": -32603, "message": "no"}}
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    assert await fill_anew(client) == "x for x in xs"
    assert at_default.calls == []


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"result": None},
        {"result": []},
        {"error": {"code": -32601, "message": "unknown"}},
        {"error": "unknown"},
    ],
)
async def test_an_answer_that_makes_no_sense_is_not_waited_for(
    start: Start, ollama: FakeOllama, reply: dict[str, Any]
) -> None:
    # In ten minutes an editor may answer; whoever waits for it fails here.
    client = await start(command=patched({"infill_ls.lsp.configuration.TIMEOUT": 600.0}))
    client.replies["workspace/configuration"] = reply
    await client.initialize(ASKS_FOR_SETTINGS, own(ollama))
    client.open(TEXT)
    async with asyncio.timeout(30):
        assert await client.fill(1, 12) == "x for x in xs"
    assert client.shown() == []


async def test_an_answer_that_is_no_table_is_told(start: Start, ollama: FakeOllama) -> None:
    client = await start()
    client.configuration = ["maxTokens"]
    await client.initialize(ASKS_FOR_SETTINGS, own(ollama))
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    (shown,) = client.shown()
    assert "The editor's settings are not a table but ['maxTokens']" in shown


async def test_an_editor_that_says_twice_that_it_is_initialized(
    start: Start, ollama: FakeOllama
) -> None:
    client = await start()
    client.configuration = own(ollama)
    await client.initialize(ASKS_FOR_SETTINGS)
    client.notify("initialized", {})
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    await client.until_states("asking", "idle")
    assert client.asked == ["workspace/configuration"]
    assert client.states() == ["loading", "asking", "idle"]


async def test_only_another_engine_is_got_ready_anew(
    start: Start, ollama: FakeOllama, at_default: FakeOllama
) -> None:
    client = await start()
    await client.initialize(options=own(ollama))
    await client.until_states("loading", "idle")
    calls = len(ollama.calls)
    settings = {"infill-ls": {"log": "error", "debounceMs": 5}}
    client.notify("workspace/didChangeConfiguration", {"settings": settings})
    await client.command("infill-ls.explain")
    assert (len(ollama.calls), client.states()) == (calls, ["loading", "idle"])
    settings = {"infill-ls": {"url": at_default.url}}
    client.notify("workspace/didChangeConfiguration", {"settings": settings})
    await client.until_states("idle", "loading", "idle")
    assert at_default.calls
    assert len(ollama.calls) == calls


# What nobody knows is never guessed


@pytest.mark.parametrize(
    ("environment", "options", "said"),
    [
        (
            {"INFILL_LS_URL": "127.0.0.1:1"},
            {},
            "(INFILL_LS_URL) is '127.0.0.1:1'",
        ),
        ({"OLLAMA_HOST": "a:b:c"}, {}, "The environment variable OLLAMA_HOST is wrong"),
        ({}, {"url": "127.0.0.1:1"}, "\"url\" in the editor's settings is '127.0.0.1:1'"),
        ({}, {"engine": "foo"}, "\"engine\" in the editor's settings is 'foo'"),
        ({}, {"model": 5}, '"model" in the editor\'s settings is 5'),
        ({}, {"headers": ["X-A: b"]}, '"headers" in the editor\'s settings is wrong'),
        ({}, {"exclude": "*.private"}, "\"exclude\" in the editor's settings is '*.private'"),
        ({}, {"exclude": ["[z-a]*.py"]}, '"[z-a]*.py" is none'),
        ({}, {"exlude": ["*.py"]}, 'Unknown setting "exlude" in the editor\'s settings.'),
        ({"INFILL_LS_URl": "http://127.0.0.1:1"}, {}, "Did you mean INFILL_LS_URL?"),
        ({}, {"enabled": "flase"}, "\"enabled\" in the editor's settings is 'flase'"),
    ],
)
async def test_with_a_wrong_value_that_decides_nothing_is_asked_and_it_is_said_once(
    start: Start,
    at_default: FakeOllama,
    environment: dict[str, str],
    options: dict[str, Any],
    said: str,
) -> None:
    command = patched({"infill_ls.settings.DEFAULT_URL": at_default.url})
    client = await start(command=command, environment=environment)
    await client.initialize(options={"debounceMs": 0, **options})
    client.open(TEXT)
    assert await client.fill(1, 12) is None
    assert await client.fill(1, 12, manual=True) is None
    explained = await client.command("infill-ls.explain")
    assert explained["reason"] == "settings"
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    assert await fill_anew(client) is None
    (shown,) = client.shown()
    assert said in shown
    assert "Nothing is asked until it is mended" in shown
    assert at_default.calls == []


async def test_the_command_line_of_the_server(start: Start, at_default: FakeOllama) -> None:
    client = await start(
        "--engine", "foo", command=patched({"infill_ls.settings.DEFAULT_URL": at_default.url})
    )
    await client.initialize(options={"debounceMs": 0})
    client.open(TEXT)
    assert await client.fill(1, 12) is None
    (shown,) = client.shown()
    assert "\"engine\" on the command line is 'foo'" in shown
    assert at_default.calls == []


async def test_an_unknown_variable_is_named_once(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url, "INFILL_LS_LOGS": "x"})
    await client.initialize(options={"debounceMs": 0})
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    assert await fill_anew(client) == "x for x in xs"
    assert client.shown() == [
        'infill-ls: The environment variable "INFILL_LS_LOGS" is no setting of infill-ls. '
        "Did you mean INFILL_LS_LOG?"
    ]


# The user's file


@pytest.fixture
def file() -> Path:
    path = user_file()
    assert path is not None
    path.parent.mkdir()
    return path


async def test_the_file_counts_as_soon_as_it_is_saved(
    start: Start, ollama: FakeOllama, at_default: FakeOllama, file: Path
) -> None:
    at_default.fill = "y for y in xs"
    file.write_text(f'url = "{ollama.url}"\ndebounceMs = 0\n')
    client = await start()
    await client.initialize()
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    write_setting("url", at_default.url, file)
    assert await fill_anew(client) == "y for y in xs"
    write_setting("exclude", ["*.py"], file)
    assert await client.fill(1, 12) is None
    assert (await client.command("infill-ls.explain"))["reason"] == "excluded"
    remove_setting("exclude", file)
    assert await client.fill(2, 12) == "y for y in xs"
    assert client.shown() == []
    # What was typed since then never went to the old place.
    assert not any("values" in call.body["prompt"] for call in ollama.generations)


async def test_a_slip_in_the_file_is_told_and_mended(
    start: Start, ollama: FakeOllama, at_default: FakeOllama, file: Path
) -> None:
    file.write_text('url = "127.0.0.1:1"\ndebounceMs = 0\n')
    client = await start(command=patched({"infill_ls.settings.DEFAULT_URL": at_default.url}))
    await client.initialize()
    client.open(TEXT)
    assert await client.fill(1, 12) is None
    (shown,) = client.shown()
    assert f"\"url\" in the settings file ({file}, line 1) is '127.0.0.1:1'" in shown
    assert shown.endswith(
        'Nothing is asked until it is mended ("infill-ls settings set url VALUE").'
    )
    await client.until_states("problem")
    write_setting("url", ollama.url, file)
    assert await client.fill(1, 12) == "x for x in xs"
    await client.until_states("idle")
    file.write_text(f'url = "{ollama.url}\ndebounceMs = 0\n')
    assert await fill_anew(client) == "x for x in xs"
    (_, again) = client.shown()
    assert "can't be read" in again
    assert again.endswith("It counts as before.")
    assert at_default.calls == []


async def test_nothing_is_asked_while_the_file_was_never_read(
    start: Start, ollama: FakeOllama, at_default: FakeOllama, file: Path
) -> None:
    file.write_text(f'url = "{ollama.url}\n')
    client = await start(command=patched({"infill_ls.settings.DEFAULT_URL": at_default.url}))
    await client.initialize(options={"debounceMs": 0})
    client.open(TEXT)
    assert await client.fill(1, 12) is None
    (shown,) = client.shown()
    assert shown.endswith("Nothing is asked until it is mended.")
    file.write_text(f'url = "{ollama.url}"\n')
    assert await client.fill(1, 12) == "x for x in xs"
    assert at_default.calls == []


async def test_what_is_taken_back_before_it_is_sent(
    start: Start, ollama: FakeOllama, file: Path
) -> None:
    client = await start()
    client.configuration = own(ollama)
    await client.initialize(ASKS_FOR_SETTINGS)
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    # Both at once: the editor's settings change, and the file.
    file.write_text('log = "error"\nmaxTokens = 5\n')
    client.configuration = own(ollama, enabled=False)
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    await client.until_states("off")
    asked = len(ollama.generations)
    assert await fill_anew(client) is None
    assert len(ollama.generations) == asked
