"""What the editor is told without having asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from infill_ls.errors import NotRunning
from lsp.desk import Desk

HAS_PROGRESS = {"window": {"workDoneProgress": True}}
OFF = NotRunning("Ollama is off.", "Start it.")


def sent(desk: Desk, method: str) -> list[Any]:
    """The params of what was sent of a kind."""
    return [one["params"] for one in desk.editor.received if one.get("method") == method]


async def test_a_warning_is_shown_once() -> None:
    desk = Desk()
    for text in ("one", "two", "one"):
        desk.server.messages.tell(text)
    assert sent(desk, "window/showMessage") == [
        {"type": 2, "message": "infill-ls: one"},
        {"type": 2, "message": "infill-ls: two"},
    ]


async def test_the_name_is_not_said_twice() -> None:
    """Neovim shows "LSP[infill-ls] " and the message."""
    desk = Desk(clientInfo={"name": "Neovim"})
    desk.server.messages.tell("one")
    assert sent(desk, "window/showMessage") == [{"type": 2, "message": "one"}]


async def test_a_problem_is_shown_once_until_something_has_worked() -> None:
    desk = Desk()
    messages = desk.server.messages
    messages.report(OFF)
    messages.report(NotRunning("Ollama is off.", "Start it."))
    assert len(desk.editor.shown()) == 1
    messages.recovered()
    messages.report(OFF)
    assert (
        sent(desk, "window/showMessage")
        == [{"type": 1, "message": "infill-ls: Ollama is off. Start it."}] * 2
    )


@pytest.mark.parametrize("wanted", [True, False])
async def test_who_asks_is_told_the_status(wanted: bool) -> None:
    desk = Desk(capabilities={"experimental": {"infill-ls/status": wanted}})
    desk.server.messages.tell_status("asking", "The model is writing.")
    told = [{"state": "asking", "message": "The model is writing."}] if wanted else []
    assert sent(desk, "infill-ls/status") == told


async def until_asked(desk: Desk) -> str:
    """The number of the newest question for a progress bar."""
    await asyncio.sleep(0)
    asked = [
        one for one in desk.editor.received if one.get("method") == "window/workDoneProgress/create"
    ]
    return str(asked[-1]["id"])


async def answered(desk: Desk, number: str, **reply: Any) -> None:
    desk.editor.send(id=number, **reply)
    async with asyncio.timeout(10):
        while not sent(desk, "$/progress") and desk.server._tasks and "result" in reply:
            await asyncio.sleep(0)


async def test_a_progress_bar() -> None:
    desk = Desk(capabilities=HAS_PROGRESS)
    desk.server.messages.show_progress("The model is being loaded.")
    await answered(desk, await until_asked(desk), result=None)
    desk.server.messages.show_progress(None)
    await desk.rest()
    begin, end = sent(desk, "$/progress")
    assert begin["token"] == end["token"] == "infill-ls 1"
    assert begin["value"]["kind"] == "begin"
    assert begin["value"]["message"] == "The model is being loaded."
    assert end["value"]["kind"] == "end"
    # pygls would keep it: an engine that is loaded anew all day would fill the memory.
    assert desk.server.work_done_progress.tokens == {}


async def test_a_newer_progress_takes_the_place_of_the_older() -> None:
    desk = Desk(capabilities=HAS_PROGRESS)
    desk.server.messages.show_progress("one")
    await answered(desk, await until_asked(desk), result=None)
    desk.server.messages.show_progress("two")
    desk.editor.send(id=await until_asked(desk), result=None)
    desk.server.messages.show_progress(None)
    await desk.rest()
    steps = [(one["token"], one["value"]["kind"]) for one in sent(desk, "$/progress")]
    assert sorted(steps) == [
        ("infill-ls 1", "begin"),
        ("infill-ls 1", "end"),
        ("infill-ls 2", "begin"),
        ("infill-ls 2", "end"),
    ]


async def test_an_editor_that_will_have_no_progress_bar() -> None:
    desk = Desk(capabilities=HAS_PROGRESS)
    desk.server.messages.show_progress("The model is being loaded.")
    await answered(desk, await until_asked(desk), error={"code": 1, "message": "no"})
    await desk.rest()
    desk.server.messages.show_progress(None)
    assert sent(desk, "$/progress") == []


@pytest.mark.parametrize("capabilities", [{}, {"window": {}}, {"window": {"showMessage": {}}}])
async def test_an_editor_without_progress_bars(capabilities: dict[str, Any]) -> None:
    desk = Desk(capabilities=capabilities)
    desk.server.messages.show_progress("The model is being loaded.")
    desk.server.messages.show_progress(None)
    await desk.rest()
    assert [one for one in desk.editor.received if "method" in one] == []


@pytest.mark.parametrize(
    ("first", "second", "times"),
    [
        (
            'Post "http://127.0.0.1:39425/completion": EOF',
            'Post "http://127.0.0.1:4711/completion": EOF',
            1,
        ),
        ("Try again in 7.66s", "Try again in 12.1s", 1),
        ("request 0f9e8d7c-6b5a-4938 failed", "request 1a2b3c4d-6b5a-4938 failed", 1),
        ("24.1 GB are free", "24.0 GB are free", 1),
        ("HTTP 500", "HTTP 503", 2),
        ("no model qwen2.5-coder:1.5b", "no model qwen2.5-coder:3b", 2),
    ],
)
async def test_the_same_problem_in_other_numbers_is_no_news(
    first: str, second: str, times: int
) -> None:
    desk = Desk()
    for text in (first, second, first):
        desk.server.messages.report(NotRunning(text))
    assert len(desk.editor.shown()) == times
