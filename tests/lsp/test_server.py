"""The server in this process: documents, settings, and what is in the way."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any, cast

import pytest

from holes import at
from infill_ls.completion.answer import Answer, Outcome, Reason
from infill_ls.completion.completer import Completer
from infill_ls.editors import AUTOMATIC_WAIT
from infill_ls.engines.rates import Usage
from infill_ls.errors import NotRunning
from infill_ls.lsp.menu import Menu
from infill_ls.project.rules import Rules
from lsp.completer import FakeCompleter
from lsp.desk import HOLE, Desk
from lsp.editor import URI

OFF = NotRunning("Ollama is off.", "Start it.")
OUTCOME = Outcome("", "line", "m", "ollama", 1.5, 9.0, Usage(), "a", 99, "")
OFF_FOR_IT = {"enabled": False}


@pytest.fixture
async def desk() -> Desk:
    """One whose settings are known."""
    desk = Desk()
    await desk.begin()
    desk.completer.called.clear()
    return desk


# Documents


def insertion(text: str) -> dict[str, Any]:
    here = {"line": 0, "character": 0}
    return {"range": {"start": here, "end": here}, "text": text}


async def test_the_completer_hears_of_changes(desk: Desk) -> None:
    desk.editor.open("a\n")
    desk.change(insertion("b"), insertion("c"))
    # Before the closer too, which the editor may have put in.
    desk.change(insertion("()"))
    desk.change()
    assert desk.called("document_changed") == [
        ("document_changed", 1),
        ("document_changed", 2),
        ("document_changed", 0),
    ]
    snapshot = desk.server.documents.snapshot_for(URI)
    assert snapshot is not None
    assert snapshot.lines == ("()cba\n", "")


async def test_before_the_settings_are_known_it_does_not() -> None:
    desk = Desk()
    desk.editor.open("a\n")
    desk.change(insertion("b"))
    assert desk.completer.called == []


async def test_a_document_that_is_not_open(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "infill_ls"):
        desk.change(insertion("b"))
    assert "a document changed that is not open" in caplog.text
    assert URI not in caplog.text
    assert desk.called("document_changed") == []


async def test_a_closed_document(desk: Desk) -> None:
    desk.editor.open("a\n")
    desk.editor.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert desk.called("close_document")
    assert desk.server.documents.snapshot_for(URI) is None


async def test_a_menu_that_waits_follows_its_document(desk: Desk) -> None:
    desk.editor.open("so\n")
    desk.editor.open("so\n", "file:///another")
    for uri, ended in (("file:///another", False), (URI, True)):
        desk.server.menu = menu = Menu(URI, at("so█\n"))
        desk.change(insertion(" "), uri=uri)
        assert (menu.now is None) is ended


@pytest.mark.parametrize(
    ("head", "closed"),
    [
        (b'{"method": "textDocument/didChange", "params": {"textDocument": {"uri": "%s"', [URI]),
        (b'{"method": "textDocument/didOpen", "params": {"textDocument": {"uri": "file:///c"', []),
        (b'{"method": "x", "params": {"text": "aaa', [URI, "file:///another"]),
        (b'{"params": {"uri": "\\uXXXX"', [URI, "file:///another"]),
        (b'\xff\xfe{"params": {"uri": "%s"', [URI]),
    ],
    ids=["a change", "another", "nobody knows", "not JSON", "not UTF-8"],
)
async def test_a_document_that_is_too_large_is_no_longer_known(
    desk: Desk, head: bytes, closed: list[str]
) -> None:
    both = [URI, "file:///another"]
    for uri in both:
        desk.editor.open("a\n", uri)
    head = head.replace(b"%s", URI.encode())
    for _ in range(2):
        desk.server.pass_over(head, 70_000_000)
    assert [uri for uri in both if desk.server.documents.snapshot_for(uri) is None] == closed
    (shown,) = desk.editor.shown()
    assert "of 70 MB is too large" in shown


# Settings


async def test_settings_that_are_the_same_change_nothing(desk: Desk) -> None:
    await desk.server.configuration.read({})
    assert desk.called("reconfigure") == []
    await desk.server.configuration.read({"maxTokens": 7})
    await desk.server.configuration.read({"maxTokens": 7})
    assert len(desk.called("reconfigure")) == 1


async def test_turned_on_by_hand_it_gets_ready(desk: Desk) -> None:
    await desk.server.configuration.read({"enabled": False})
    desk.completer.called.clear()
    assert desk.server.toggle() is True
    await desk.rest()
    assert desk.completer.called == [("turn", True), ("warm",)]


async def test_turned_off_by_hand_it_does_not(desk: Desk) -> None:
    assert desk.server.toggle() is False
    await desk.rest()
    assert desk.completer.called == [("turn", False)]


async def test_turned_on_before_the_settings_are_known_it_does_not() -> None:
    desk = Desk()
    for on in (False, True):
        assert desk.server.toggle() is on
    await desk.rest()
    assert desk.called("warm") == []


# What counts for a document


def rules(desk: Desk, uri: str) -> Rules:
    return desk.completer.rules[uri]


async def test_each_change_and_request_looks_at_the_rules(desk: Desk, tmp_path: Path) -> None:
    uri = (tmp_path / "main.py").as_uri()
    desk.editor.open("a = [\n", uri)
    folders = [{"uri": tmp_path.as_uri(), "name": "project"}]
    change = {"event": {"added": folders, "removed": []}}
    desk.editor.notify("workspace/didChangeWorkspaceFolders", change)
    assert rules(desk, uri).allow
    file = tmp_path / ".infill-ls.toml"
    file.write_text('exclude = ["*.py"]\n')
    desk.change(insertion("b"), uri=uri)
    assert rules(desk, uri).excluded
    file.write_text("# nothing\n")
    await desk.server.complete(uri, HOLE)
    assert rules(desk, uri).allow
    file.write_text('model = "evil"\n')
    for _ in range(2):
        await desk.server.complete(uri, HOLE)
    (shown,) = desk.editor.shown()
    assert 'A project can\'t set "model"' in shown


async def test_other_settings_count_for_what_is_open(desk: Desk) -> None:
    env = "file:///project/.env"
    desk.editor.open("a\n")
    desk.editor.open("a\n", env)
    await desk.server.configuration.read(
        {"exclude": ["!.env"], "languages": {"python": OFF_FOR_IT}}
    )
    assert rules(desk, env).excluded == ""
    assert not rules(desk, URI).allow
    await desk.server.configuration.read({})
    assert rules(desk, env).excluded == ".env*"
    assert rules(desk, URI).allow
    desk.server.toggle()
    assert not rules(desk, URI).allow


# Getting ready


async def test_at_the_start_it_gets_ready_once() -> None:
    desk = Desk(initializationOptions={"maxTokens": 7})
    desk.completer.another = True
    await desk.begin()
    assert desk.completer.called == [("reconfigure",), ("warm",)]


@pytest.mark.parametrize("another", [True, False])
async def test_another_engine_is_got_ready_at_once(desk: Desk, another: bool) -> None:
    desk.completer.another = another
    await desk.server.configuration.read({"maxTokens": 7})
    await desk.rest()
    assert len(desk.called("warm")) == another


async def test_turned_on_by_the_settings_it_gets_ready(desk: Desk) -> None:
    await desk.server.configuration.read({"enabled": False})
    await desk.rest()
    assert desk.called("warm") == []
    await desk.server.configuration.read({"enabled": True})
    await desk.rest()
    assert len(desk.called("warm")) == 1


async def test_what_is_in_the_way_of_getting_ready_is_shown_once() -> None:
    desk = Desk()
    desk.completer.connection.error = OFF
    await desk.begin()
    desk.server.toggle()
    desk.server.toggle()
    await desk.rest()
    assert len(desk.called("warm")) == 2
    assert desk.editor.shown() == ["infill-ls: Ollama is off. Start it."]


async def test_who_is_off_gets_nothing_ready() -> None:
    desk = Desk(initializationOptions={"enabled": False})
    await desk.begin()
    assert desk.called("warm") == []


async def test_work_beside_the_messages_that_fails_is_logged(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise PermissionError("/the/users/file")

    with caplog.at_level(logging.DEBUG, "infill_ls"):
        desk.server.background(fail())
        await desk.rest()
    assert "work beside the messages failed: PermissionError" in caplog.text
    assert "/the/users/file" not in caplog.text


async def test_work_ends_with_the_server(desk: Desk) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    desk.server.background(work())
    await asyncio.sleep(0)
    await desk.server.aclose()
    await asyncio.sleep(0)
    assert ended.is_set()
    assert desk.called("aclose")


# Answers


async def test_an_answer_is_kept_to_explain_it(desk: Desk) -> None:
    desk.editor.open("a = [\n")
    for answer in (Answer("nothing"), Answer("slow"), Answer("mid word")):
        desk.completer.answer = answer
        assert await desk.server.complete(URI, HOLE) is answer
        assert desk.server.history.last["reason"] == answer.reason
    # Nobody was shown this one.
    desk.completer.answer = Answer("superseded")
    await desk.server.complete(URI, HOLE)
    assert desk.server.history.last["reason"] == "mid word"


async def test_a_document_that_was_closed_meanwhile(desk: Desk) -> None:
    assert (await desk.server.complete(URI, HOLE)).reason == "closed"
    assert desk.server.history.last["reason"] == "closed"
    assert desk.called("complete") == []


async def test_an_older_request_that_waits_for_the_settings_is_superseded() -> None:
    desk = Desk()
    desk.editor.open("a = [\n")
    older = asyncio.create_task(desk.server.complete(URI, HOLE))
    await asyncio.sleep(0)
    newer = asyncio.create_task(desk.server.complete(URI, HOLE))
    assert (await older).reason == "superseded"
    assert desk.server.history.last["reason"] == "unasked"
    await desk.begin()
    assert (await newer).reason == "nothing"
    assert len(desk.called("complete")) == 1


@pytest.mark.parametrize("reason", ["fill", "unsure", "trimmed"])
async def test_a_problem_is_shown_until_something_works(desk: Desk, reason: Reason) -> None:
    desk.editor.open("a = [\n")
    problem, from_memory = Answer("problem", error=OFF), Answer("recalled")
    for answer in (problem, problem, from_memory, problem):
        desk.completer.answer = answer
        await desk.server.complete(URI, HOLE)
    assert len(desk.editor.shown()) == 1
    for answer in (Answer(reason, outcome=OUTCOME), problem):
        desk.completer.answer = answer
        await desk.server.complete(URI, HOLE)
    assert len(desk.editor.shown()) == 2


async def test_an_error_of_ours_is_a_problem(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.editor.open("a = [\n")
    desk.completer.answer = ValueError("the user's code")
    with caplog.at_level(logging.DEBUG, "infill_ls"):
        assert (await desk.server.complete(URI, HOLE)).reason == "problem"
    assert desk.server.history.last["reason"] == "problem"
    assert "a request failed: ValueError" in caplog.text
    assert "the user's code" not in caplog.text


# An editor that doesn't read, or doesn't say its settings


async def test_an_editor_that_does_not_read_is_given_nothing_unasked(desk: Desk) -> None:
    desk.editor.open("a = [\n")
    desk.server.is_read = lambda: False
    assert (await desk.server.complete(URI, HOLE)).reason == "unread"
    assert desk.called("complete") == []
    assert (await desk.server.complete(URI, HOLE, manual=True)).reason == "nothing"
    desk.server.is_read = lambda: True
    assert (await desk.server.complete(URI, HOLE)).reason == "nothing"


class Slow(FakeCompleter):
    """It answers after 7 s, as the real one does after 8 at the latest."""

    cancelled = False

    async def complete(self, *arguments: Any, **options: Any) -> Answer:
        try:
            await asyncio.sleep(7.0)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return await super().complete(*arguments, **options)


@pytest.fixture
def slow() -> Desk:
    """One whose editor never says its settings, and whose engine is slow."""
    desk = Desk(capabilities={"workspace": {"configuration": True}})
    desk.completer = Slow()
    desk.server.completer = cast(Completer, desk.completer)
    desk.editor.open("a = [\n")
    return desk


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("manual", "reason", "after"), [(False, "slow", AUTOMATIC_WAIT), (True, "nothing", 12)]
)
async def test_the_wait_for_the_settings_counts(
    slow: Desk, manual: bool, reason: Reason, after: float
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    answer = await slow.server.complete(URI, HOLE, manual=manual)
    assert answer.reason == reason
    assert loop.time() - began == pytest.approx(after, abs=0.01)
    await asyncio.sleep(10)
    # What came later went on into memory.
    assert len(slow.called("complete")) == 1


@pytest.mark.looptime
async def test_a_request_that_is_cancelled_after_that_wait(slow: Desk) -> None:
    asked = asyncio.create_task(slow.server.complete(URI, HOLE))
    await asyncio.sleep(6)
    asked.cancel()
    await asyncio.wait([asked])
    await asyncio.sleep(0)
    assert isinstance(slow.completer, Slow)
    assert slow.completer.cancelled


async def test_an_older_answer_on_its_way_is_superseded(desk: Desk) -> None:
    """As where a newer request is answered from memory in the moment in which the fill comes."""
    desk.editor.open("a = [\n")
    gates = [asyncio.Event(), asyncio.Event()]
    waiting = iter(gates)

    async def complete(uri: str, hole: Any, **_: Any) -> Answer:
        await next(waiting).wait()
        return Answer("fill", desk.completer.offers.make(uri, hole, ["1]"]))

    desk.completer.complete = complete  # type: ignore[method-assign]
    older = asyncio.create_task(desk.server.complete(URI, HOLE))
    await asyncio.sleep(0)
    newer = asyncio.create_task(desk.server.complete(URI, HOLE))
    await asyncio.sleep(0)
    for gate in gates:
        gate.set()
    assert (await newer).fill == "1]"
    assert (await older).reason == "superseded"
    assert desk.server.history.last["reason"] == "fill"


@pytest.mark.looptime
@pytest.mark.parametrize("answer", [None, {"error": "no"}])
async def test_a_question_that_is_answered_late_or_never_leaves_nothing(
    answer: dict[str, Any] | None, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(capabilities={"workspace": {"configuration": True}})
    await desk.begin()
    (question,) = [one for one in desk.editor.received if "method" in one and "id" in one]
    if answer is not None:
        desk.editor.send(id=question["id"], **answer)
    await asyncio.sleep(1)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert [one for one in caplog.records if one.name == "asyncio"] == []


@pytest.mark.looptime
async def test_after_the_end_no_menu_asks_again() -> None:
    desk = Desk()
    desk.editor.open("a = [\n")
    here = {"line": 0, "character": 5}
    asked = {"textDocument": {"uri": URI}, "position": here}
    desk.editor.send(id=1, method="textDocument/completion", params=asked)
    await asyncio.sleep(0)
    desk.change({"range": {"start": here, "end": here}, "text": "x"})
    await desk.server.aclose()
    await asyncio.sleep(100)
    assert desk.editor.reply(1)["result"] is None
    assert desk.called("complete") == []
