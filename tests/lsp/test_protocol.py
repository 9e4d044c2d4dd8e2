"""A reply to every request, and no way for a message to do harm."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from infill_ls.lsp.protocol import Handlers, Protocol, take_arrived
from infill_ls.text.documents import Document, Snapshot
from lsp.editor import URI, Editor


class Desk:
    """A protocol without a server of ours: what it called, and the editor."""

    def __init__(self) -> None:
        self.called: list[tuple[str, Any]] = []
        self.documents: dict[str, Document] = {}
        self.server = LanguageServer(
            "test", "1", protocol_cls=Protocol, converter_factory=default_converter
        )
        assert isinstance(self.server.protocol, Protocol)
        self.protocol = self.server.protocol
        self.protocol.handlers = Handlers(
            note_client=self.note("note_client"),
            snapshot_for=self.snapshot_for,
            open=self.note("open"),
            change=self.note("change"),
            close=self.note("close"),
            open_notebook=self.note("open_notebook"),
            change_notebook=self.note("change_notebook"),
            close_notebook=self.note("close_notebook"),
        )
        self.editor = Editor(self.protocol)

    def note(self, name: str) -> Any:
        return lambda value: self.called.append((name, value))

    def snapshot_for(self, uri: str) -> Snapshot | None:
        document = self.documents.get(uri)
        return document.snapshot() if document else None


@pytest.fixture
def desk() -> Desk:
    """One whose editor is initialized."""
    desk = Desk()
    desk.editor.initialize()
    return desk


def hover(number: Any, uri: str = URI) -> dict[str, Any]:
    about = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
    return {"id": number, "method": "textDocument/hover", "params": about}


# The life of a session


def test_the_handlers_get_the_params_as_they_were_sent() -> None:
    desk = Desk()
    desk.editor.initialize(capabilities={"textDocument": {"inlineCompletion": None}})
    ((name, params),) = desk.called
    assert (name, params["capabilities"]["textDocument"]) == (
        "note_client",
        {"inlineCompletion": None},
    )
    assert "result" in desk.editor.reply("initialize")


def test_before_initialize() -> None:
    desk = Desk()
    desk.editor.send(**hover(1))
    desk.editor.open("too early")
    assert desk.editor.error(1)["code"] == -32002
    assert desk.called == []


def test_initialize_twice(desk: Desk) -> None:
    desk.editor.received.clear()
    desk.editor.initialize(clientInfo={"name": "another"})
    assert desk.editor.error("initialize")["code"] == -32600
    assert len(desk.called) == 1


def test_after_shutdown(desk: Desk) -> None:
    assert not desk.protocol.is_shut_down
    desk.editor.send(id=1, method="shutdown")
    desk.editor.send(**hover(2))
    assert desk.protocol.is_shut_down
    assert desk.editor.reply(1)["result"] is None
    assert desk.editor.error(2)["code"] == -32600


# Documents


def test_documents_are_for_the_handlers(desk: Desk) -> None:
    desk.editor.open("text")
    about = {"uri": URI, "version": 2}
    changes = {"textDocument": about, "contentChanges": [{"text": "more"}]}
    desk.editor.notify("textDocument/didChange", changes)
    desk.editor.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    names, values = zip(*desk.called[1:], strict=True)
    assert names == ("open", "change", "close")
    assert (values[0].text, values[1].content_changes[0].text, values[2]) == ("text", "more", URI)
    assert desk.server.workspace.text_documents == {}


async def test_a_handler_sees_the_document_as_it_was_when_the_request_came(desk: Desk) -> None:
    seen: list[str] = []

    @desk.server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def handle(params: lsp.HoverParams) -> None:
        await asyncio.sleep(0)
        snapshot = take_arrived()
        seen.append("".join(snapshot.lines) if snapshot else "nothing")

    desk.documents[URI] = Document(URI, "python", 1, "before")
    desk.editor.send(**hover(1))
    desk.documents[URI] = Document(URI, "python", 2, "after")
    desk.editor.send(**hover(2))
    desk.editor.send(**hover(3, "file:///another"))
    desk.editor.send(**hover(4))
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
    assert seen == ["before", "after", "nothing", "after"]


async def test_timers_keep_no_document_alive(desk: Desk) -> None:
    """They keep the context in which they were made, also after they were cancelled."""
    loop, timers = asyncio.get_running_loop(), []

    @desk.server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def handle(params: lsp.HoverParams) -> None:
        assert take_arrived() is not None
        timers.append(loop.call_later(60, asyncio.sleep, 0))

    @desk.server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def change(params: lsp.DidChangeConfigurationParams) -> None:
        timers.append(loop.call_later(60, asyncio.sleep, 0))

    uri = "file:///kept.py"
    for number in range(3):
        desk.documents[uri] = Document(uri, "python", number, "text")
        desk.editor.send(**hover(number, uri))
        desk.editor.notify("workspace/didChangeConfiguration", None)
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
    await asyncio.sleep(0)
    desk.documents.clear()
    for timer in timers:
        timer.cancel()
    assert len(timers) == 6
    gc.collect()
    alive = [one for one in gc.get_objects() if isinstance(one, Snapshot) and one.uri == uri]
    assert alive == []


# Requests that make no sense


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"jsonrpc": "1.0"}, -32600),
        ({"method": 5}, -32600),
        ({"method": "no/such"}, -32601),
        ({"method": "no/such", "params": {"jsonrpc": "2.0", "class": 1, "a-b": 2}}, -32601),
        ({"params": None}, -32602),
        ({"params": [1]}, -32602),
        ({"params": {"textDocument": {"uri": URI}, "position": "here"}}, -32602),
    ],
)
def test_a_request_gets_an_error(desk: Desk, message: dict[str, Any], code: int) -> None:
    desk.editor.send(**{**hover(7), **message})
    error = desk.editor.error(7)
    assert (error["code"], error.get("data")) == (code, None)
    assert error["message"]


@pytest.mark.parametrize("method", ["initialized", "textDocument/didSave", "$/setTrace"])
def test_a_notification_that_is_sent_as_a_request(desk: Desk, method: str) -> None:
    params = {"textDocument": {"uri": URI}, "value": "off"}
    desk.editor.send(id=7, method=method, params=params)
    assert desk.editor.reply(7)["result"] is None


def test_a_request_is_no_answer(desk: Desk) -> None:
    desk.editor.send(id=7, method="no/such", params=None, result=5, error={"code": 1})
    assert desk.editor.error(7)["code"] == -32601


@pytest.mark.parametrize("number", [None, [1], {"a": 1}, 1.5])
def test_an_id_that_is_none(desk: Desk, number: Any) -> None:
    desk.editor.send(**hover(number))
    assert desk.editor.error(number)["code"] == -32600


async def test_an_error_of_ours_is_told_without_its_traceback(desk: Desk) -> None:
    @desk.server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def handle(params: lsp.HoverParams) -> None:
        raise ValueError("the user's code")

    desk.editor.send(**hover(7))
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)
    await asyncio.sleep(0)
    error = desk.editor.error(7)
    assert error.get("data") is None
    assert "Traceback" not in json.dumps(error)


@pytest.mark.parametrize("params", [None, 5, [5], {}, {"settings": 5}, {"other": 1}])
def test_a_change_of_the_settings_arrives_whatever_came_with_it(desk: Desk, params: Any) -> None:
    seen: list[Any] = []

    @desk.server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def handle(params: lsp.DidChangeConfigurationParams) -> None:
        seen.append(params.settings)

    desk.editor.notify("workspace/didChangeConfiguration", params)
    assert seen == [5 if params == {"settings": 5} else None]


async def test_nothing_is_kept_of_a_notification_that_was_handled(desk: Desk) -> None:
    handled = asyncio.Event()

    @desk.server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def handle(params: lsp.DidChangeConfigurationParams) -> None:
        handled.set()

    desk.editor.notify("workspace/didChangeConfiguration", {"settings": None})
    # One that pygls handles in steps.
    desk.editor.notify("$/setTrace", {"value": "off"})
    await handled.wait()
    await asyncio.sleep(0)
    assert desk.protocol._request_futures == {}


# Answers to questions of ours


async def asked(desk: Desk) -> tuple[asyncio.Future[Any], str]:
    """The answer to come to a question, and the number of that."""
    about = lsp.ConfigurationParams(items=[lsp.ConfigurationItem(section="infill-ls")])
    answer = asyncio.ensure_future(desk.server.workspace_configuration_async(about))
    await asyncio.sleep(0)
    return answer, desk.editor.received[-1]["id"]


async def test_an_answer(desk: Desk) -> None:
    answer, number = await asked(desk)
    desk.editor.send(id=number, result=[{"maxTokens": 7}])
    assert list(await answer) == [{"maxTokens": 7}]


@pytest.mark.parametrize(
    "reply",
    [{"result": 5}, {"result": None}, {"error": "no"}, {"error": {"code": 1, "message": "no"}}],
)
async def test_an_answer_that_makes_no_sense_is_an_error(desk: Desk, reply: dict[str, Any]) -> None:
    answer, number = await asked(desk)
    desk.editor.send(id=number, **reply)
    with pytest.raises(JsonRpcException):
        async with asyncio.timeout(10):
            await answer


async def test_an_answer_that_nobody_waits_for_any_more(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    answer, number = await asked(desk)
    answer.cancel()
    await asyncio.wait([answer])
    with caplog.at_level(logging.WARNING):
        desk.editor.send(id=number, result=[None])
        desk.editor.send(id=number, result=[None])
    assert "InvalidState" not in caplog.text
    assert desk.editor.shown() == []


def test_a_cancel_of_what_is_no_request(desk: Desk) -> None:
    for number in (12345, "what?", [1], {"a": 1}, None):
        desk.editor.notify("$/cancelRequest", {"id": number})
    desk.editor.send(**hover(7))
    assert desk.editor.error(7)["code"] == -32601
    assert desk.editor.shown() == []


def test_an_error_of_pygls_own(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise KeyError("the user's code")

    monkeypatch.setattr(desk.protocol, "handle_message", fail)
    with caplog.at_level(logging.DEBUG, "infill_ls"):
        desk.editor.notify("initialized", {})
    assert "dropped a message: KeyError" in caplog.text
    assert "the user's code" not in caplog.text


# Anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["jsonrpc", "id", "method", "params", "result", "error", "textDocument", "uri", "a"]
            ),
            values,
            max_size=5,
        )
    ),
    max_leaves=12,
)
METHODS = st.sampled_from(
    [
        *("textDocument/hover", "textDocument/didOpen", "textDocument/didChange", "initialize"),
        *(
            "$/cancelRequest",
            "$/setTrace",
            "shutdown",
            "workspace/executeCommand",
            "initialized",
            "no/such",
        ),
    ]
)


@given(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_message_does_harm(body: bytes) -> None:
    desk = Desk()
    desk.editor.initialize()
    desk.protocol.receive(body)
    desk.editor.send(id="after", method="no/such")
    assert desk.editor.error("after")["code"] == -32601
    assert desk.editor.shown() == []


@given(METHODS, JSON, st.integers(0, 9) | st.text(max_size=3))
def test_every_request_gets_one_reply(method: str, params: Any, number: Any) -> None:
    desk = Desk()
    desk.editor.initialize()
    desk.editor.send(id=number, method=method, params=params)
    assert desk.editor.reply(number)
