"""What is done for each request, and for each command."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holes import at
from infill_ls import editors
from infill_ls.completion.answer import Answer
from lsp.desk import HOLE, Desk
from lsp.editor import URI

GHOST_TEXT: dict[str, Any] = {"textDocument": {"inlineCompletion": {}}}


def about(line: int = 0, character: int = 0, **more: Any) -> dict[str, Any]:
    position = {"line": line, "character": character}
    return {"textDocument": {"uri": URI}, "position": position, **more}


async def ask(desk: Desk, method: str, params: Any) -> Any:
    """The result of a request."""
    number = len(desk.editor.received) + 1000
    desk.editor.send(id=number, method=method, params=params)
    async with asyncio.timeout(10):
        while not any(one.get("id") == number for one in desk.editor.received):
            await asyncio.sleep(0)
    return desk.editor.reply(number)["result"]


async def command(desk: Desk, name: str, *arguments: Any) -> Any:
    params = {"command": f"infill-ls.{name}", "arguments": list(arguments)}
    return await ask(desk, "workspace/executeCommand", params)


async def opened(text: str, **params: Any) -> Desk:
    """A desk with an open document, whose settings are known."""
    desk = Desk(**params)
    await desk.begin()
    desk.editor.open(text)
    return desk


# What is offered


@pytest.mark.parametrize(
    ("capabilities", "menus"), [(GHOST_TEXT, False), ({}, True), ({"textDocument": {}}, True)]
)
async def test_menus_are_for_those_without_ghost_text(
    capabilities: dict[str, Any], menus: bool
) -> None:
    offered = Desk(capabilities=capabilities).editor.reply("initialize")["result"]["capabilities"]
    assert offered["inlineCompletionProvider"] == {}
    assert ("completionProvider" in offered) is menus
    assert set(offered["executeCommandProvider"]["commands"]) == {
        "infill-ls.accept",
        "infill-ls.explain",
        "infill-ls.toggle",
    }


async def test_an_editor_that_says_twice_that_it_is_initialized() -> None:
    desk = Desk()
    await desk.begin()
    await desk.begin()
    assert len(desk.called("warm")) == 1


# Settings


ASKS_FOR_SETTINGS = {"workspace": {"configuration": True}}


def questions(desk: Desk) -> list[Any]:
    return [one for one in desk.editor.received if one.get("method") == "workspace/configuration"]


async def until_questions(desk: Desk, count: int) -> Any:
    """The newest question, once there are so many."""
    async with asyncio.timeout(10):
        while len(questions(desk)) < count:
            await asyncio.sleep(0)
    return questions(desk)[-1]


async def test_the_editor_is_asked_for_its_settings() -> None:
    desk = Desk(capabilities=ASKS_FOR_SETTINGS)
    desk.editor.notify("initialized", {})
    asked = await until_questions(desk, 1)
    assert asked["params"]["items"] == [{"section": "infill-ls"}]
    desk.editor.send(id=asked["id"], result=[{"maxTokens": 7}])
    await desk.rest()
    assert desk.completer.settings.max_tokens == 7


@pytest.mark.parametrize("reply", [{"result": []}, {"error": {"code": 1, "message": "no"}}])
async def test_an_editor_that_does_not_say(reply: dict[str, Any]) -> None:
    desk = Desk(capabilities=ASKS_FOR_SETTINGS, initializationOptions={"maxTokens": 7})
    desk.editor.notify("initialized", {})
    asked = await until_questions(desk, 1)
    desk.editor.send(id=asked["id"], **reply)
    await desk.rest()
    assert desk.completer.settings.max_tokens == 7


@pytest.mark.parametrize("settings", [None, {}, {"other": 1}, [1], 5])
async def test_a_change_that_says_nothing_of_us_is_asked_about(settings: Any) -> None:
    desk = Desk(capabilities=ASKS_FOR_SETTINGS)
    desk.editor.notify("initialized", {})
    desk.editor.send(id=(await until_questions(desk, 1))["id"], result=[None])
    await desk.rest()
    desk.editor.notify("workspace/didChangeConfiguration", {"settings": settings})
    asked = await until_questions(desk, 2)
    desk.editor.send(id=asked["id"], result=[{"maxTokens": 7}])
    async with asyncio.timeout(10):
        while desk.completer.settings.max_tokens != 7:
            await asyncio.sleep(0)
    assert len(desk.editor.shown()) == (not (settings is None or isinstance(settings, dict)))


async def test_a_change_that_says_all_is_not_asked_about() -> None:
    desk = Desk(initializationOptions={"maxTokens": 7, "latencyMs": 500})
    await desk.begin()
    changed = {"settings": {"infill-ls": {"maxTokens": 9}}}
    desk.editor.notify("workspace/didChangeConfiguration", changed)
    async with asyncio.timeout(10):
        while desk.completer.settings.max_tokens != 9:
            await asyncio.sleep(0)
    assert desk.completer.settings.latency_ms == 500
    assert questions(desk) == []


# Ghost text


INLINE = "textDocument/inlineCompletion"


@pytest.mark.parametrize(("kind", "manual"), [(1, True), (2, False)])
async def test_ghost_text(kind: int, manual: bool) -> None:
    desk = await opened("a = [\n", capabilities=GHOST_TEXT, clientInfo={"name": "Neovim"})
    offers = desk.completer.offers.make(URI, HOLE, ["1]"])
    desk.completer.answer = Answer("fill", offers)
    desk.completer.called.clear()
    result = await ask(desk, INLINE, about(0, 5, context={"triggerKind": kind}))
    assert [item["insertText"] for item in result["items"]] == ["1]"]
    assert desk.called("complete") == [("complete", editors.pause("Neovim"), manual)]


@pytest.mark.parametrize(
    ("reason", "result"),
    [("superseded", None), ("nothing", {"items": []}), ("slow", {"items": []})],
)
async def test_nothing_to_show(reason: Any, result: Any) -> None:
    desk = await opened("a = [\n", capabilities=GHOST_TEXT)
    desk.completer.answer = Answer(reason)
    assert await ask(desk, INLINE, about(0, 5, context={"triggerKind": 2})) == result


@pytest.mark.parametrize(
    ("method", "params", "result"),
    [
        (INLINE, about(context={"triggerKind": 2}), {"items": []}),
        ("textDocument/completion", about(), None),
    ],
)
async def test_a_document_that_is_not_open(method: str, params: Any, result: Any) -> None:
    desk = Desk()
    await desk.begin()
    assert await ask(desk, method, params) == result
    explained = await command(desk, "explain")
    assert (explained["reason"], explained["message"]) == ("closed", "The document is not open.")


async def test_a_fill_that_the_editor_cannot_show_has_its_reason() -> None:
    desk = await opened("f()\n", capabilities=GHOST_TEXT, clientInfo={"name": "LSP4IJ"})
    offers = desk.completer.offers.make(URI, at("f(█)\n"), [")"])
    desk.completer.answer = Answer("fill", offers)
    result = await ask(desk, INLINE, about(0, 2, context={"triggerKind": 2}))
    assert result == {"items": []}
    assert (await command(desk, "explain"))["reason"] == "unshowable"


# Menus


MENU = "textDocument/completion"


@pytest.mark.parametrize(
    ("context", "has_waited"),
    [
        ({}, True),
        ({"context": {"triggerKind": 1}}, True),
        # The editor hasn't waited as it does for a word.
        ({"context": {"triggerKind": 2, "triggerCharacter": "("}}, False),
        ({"context": {"triggerKind": 3}}, False),
    ],
)
async def test_a_menu(context: dict[str, Any], has_waited: bool) -> None:
    desk = await opened("a = [\n", clientInfo={"name": "helix"})
    offers = desk.completer.offers.make(URI, HOLE, ["1]"])
    desk.completer.answer = Answer("fill", offers)
    result = await ask(desk, MENU, about(0, 5, **context))
    assert [item["label"] for item in result["items"]] == ["1]"]
    waited = editors.pause("helix") if has_waited else editors.PAUSE_ELSEWHERE
    assert desk.called("complete") == [("complete", waited, False)]
    assert desk.server.menu is None


async def test_a_menu_without_anything() -> None:
    desk = await opened("a = [\n")
    assert await ask(desk, MENU, about(0, 5)) is None


# Commands


async def test_explain_before_anything_was_asked() -> None:
    desk = Desk()
    explained = await command(desk, "explain")
    assert (explained["reason"], explained["message"]) == (
        "unasked",
        "Nothing has been asked for yet.",
    )
    assert (explained["shown"], explained["accepted"]) == (0, 0)


@pytest.mark.parametrize("arguments", [[], [1], [{"a": [1]}, "b", None], [[]]])
@pytest.mark.parametrize("name", ["explain", "toggle", "accept"])
async def test_commands_take_any_arguments(name: str, arguments: list[Any]) -> None:
    desk = await opened("a = [\n")
    result = await command(desk, name, *arguments)
    if name == "accept":
        assert desk.called("accept") == [("accept", arguments[0] if arguments else None)]
        assert result is None
    elif name == "toggle":
        assert result == {"enabled": False}
    else:
        assert result["reason"] == "unasked"


@pytest.mark.parametrize("arguments", [5, "text", {"a": 1}])
@pytest.mark.parametrize("name", ["explain", "toggle", "accept", "unknown"])
async def test_arguments_that_are_no_list(name: str, arguments: Any) -> None:
    desk = await opened("a = [\n")
    params = {"command": f"infill-ls.{name}", "arguments": arguments}
    desk.editor.send(id=7, method="workspace/executeCommand", params=params)
    reply = desk.editor.reply(7)
    assert "result" in reply or reply["error"]["code"] == -32602
    assert desk.editor.shown() == []


# A session of anything


NUMBERS = st.sampled_from([0, 1, 2, 5, 99, 2**31 - 1])
POSITIONS = st.builds(
    lambda line, character: {"line": line, "character": character}, NUMBERS, NUMBERS
)
RANGES = st.builds(lambda start, end: {"start": start, "end": end}, POSITIONS, POSITIONS)
TEXTS = st.text(st.sampled_from("a😀\r\n\x0c\u2028(]\"'`"), max_size=8)
URIS = st.sampled_from([URI, "file:///b.md"])
OPENED = st.fixed_dictionaries(
    {"uri": URIS, "languageId": st.just("python"), "version": st.just(1), "text": TEXTS}
)
ABOUT = st.fixed_dictionaries({"uri": URIS, "version": st.just(2)})
CHANGES = st.lists(st.fixed_dictionaries({"text": TEXTS}, optional={"range": RANGES}), max_size=3)
CONTEXTS = st.fixed_dictionaries({"triggerKind": st.sampled_from([1, 2])})
SETTINGS = st.fixed_dictionaries({"maxTokens": NUMBERS})
COMMANDS = st.sampled_from(["explain", "toggle", "accept", "unknown"])


def messages(method: str, **params: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, Any]]:
    return st.tuples(st.just(method), st.fixed_dictionaries(params))


DOCUMENTS = st.fixed_dictionaries({"uri": URIS})
NOTIFICATIONS = (
    messages("textDocument/didOpen", textDocument=OPENED)
    | messages("textDocument/didChange", textDocument=ABOUT, contentChanges=CHANGES)
    | messages("textDocument/didClose", textDocument=DOCUMENTS)
    | messages(
        "workspace/didChangeConfiguration", settings=st.fixed_dictionaries({"infill-ls": SETTINGS})
    )
    | messages("$/cancelRequest", id=st.integers(0, 20))
)
REQUESTS = (
    messages(INLINE, textDocument=DOCUMENTS, position=POSITIONS, context=CONTEXTS)
    | messages(MENU, textDocument=DOCUMENTS, position=POSITIONS)
    | messages("workspace/executeCommand", command=COMMANDS.map("infill-ls.{}".format))
)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32"])


@given(st.lists(NOTIFICATIONS | REQUESTS, max_size=20), ENCODINGS, TEXTS, st.booleans())
def test_every_request_of_a_session_gets_one_reply(
    sent: list[tuple[str, Any]], encoding: str, fill: str, begins: bool
) -> None:
    async def session() -> None:
        capabilities = {"general": {"positionEncodings": [encoding]}}
        desk = Desk(capabilities=capabilities)
        desk.completer.fill = fill
        asked = []
        for number, (method, params) in enumerate(sent):
            if number == 3 and begins:
                desk.editor.notify("initialized", {})
            if method in (INLINE, MENU, "workspace/executeCommand"):
                asked.append(number)
                desk.editor.send(id=number, method=method, params=params)
            else:
                desk.editor.notify(method, params)
            await asyncio.sleep(0)
        desk.editor.notify("initialized", {})
        async with asyncio.timeout(20):
            while not {*asked} <= {one.get("id") for one in desk.editor.received}:
                await asyncio.sleep(0)
        for number in asked:
            reply = desk.editor.reply(number)
            assert "result" in reply or reply["error"]["code"] in (-32800, -32602)
        assert all("maxTokens" in text for text in desk.editor.shown())
        await desk.server.aclose()

    asyncio.run(session())
