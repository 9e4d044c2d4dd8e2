"""A server that nobody asks does nothing: what its loop is woken for, counted in virtual time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

from completion.manual_engine import ManualEngine
from infill_ls.completion.completer import Completer
from infill_ls.errors import EngineError
from infill_ls.lsp.server import Server
from infill_ls.lsp.transport import PARENT_INTERVAL, Incoming, serve
from infill_ls.settings import Settings
from lsp.editor import URI
from lsp.test_transport import EXIT, SHUTDOWN, Heard, framed, initialize

# s of the loop's clock.
HOUR = 3600.0
# Until all that follows something has been done: counts are written after 30 s, memory is given
# back after 60 s, an edit is seen as kept or not after 2 minutes.
AFTERMATH = 600.0


class Wakes:
    """Counts what a loop is to do, at once and later."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.timers = self.callbacks = 0
        loop = asyncio.get_running_loop()
        self._count(monkeypatch, loop.call_at, "timers")
        self._count(monkeypatch, loop.call_soon, "callbacks")
        self._count(monkeypatch, loop.call_soon_threadsafe, "callbacks")

    def _count(self, monkeypatch: pytest.MonkeyPatch, usual: Callable[..., Any], of: str) -> None:
        def counted(*arguments: Any, **more: Any) -> Any:
            setattr(self, of, getattr(self, of) + 1)
            return usual(*arguments, **more)

        monkeypatch.setattr(asyncio.get_running_loop(), usual.__name__, counted)

    async def in_an_hour(self) -> tuple[int, int]:
        """The timers and callbacks of an hour, but for those of waiting for its end."""
        begun = self.timers, self.callbacks
        await asyncio.sleep(HOUR)
        return self.timers - begun[0] - 1, self.callbacks - begun[1] - 1


def used() -> list[bytes]:
    """What an editor sends until its user goes away: he has opened a file, typed, and asked."""
    about = {"uri": URI, "languageId": "python", "version": 1, "text": "a = [\n"}
    here = {"line": 0, "character": 5}
    change = {"range": {"start": here, "end": here}, "text": "x"}
    return [
        framed(method="initialized", params={}),
        framed(method="textDocument/didOpen", params={"textDocument": about}),
        framed(
            method="textDocument/didChange",
            params={"textDocument": {"uri": URI, "version": 2}, "contentChanges": [change]},
        ),
        framed(
            id=3,
            method="textDocument/inlineCompletion",
            params={
                "textDocument": {"uri": URI},
                "position": {"line": 0, "character": 6},
                "context": {"triggerKind": 2},
            },
        ),
    ]


@pytest.mark.looptime
@pytest.mark.parametrize("error", [None, EngineError("It is broken.")])
@pytest.mark.parametrize("messages", [[], used()])
@pytest.mark.parametrize("watch_parent", [False, True])
async def test_what_an_idle_server_is_woken_for(
    monkeypatch: pytest.MonkeyPatch,
    watch_parent: bool,
    messages: list[bytes],
    error: EngineError | None,
) -> None:
    async def connect(_: Settings) -> ManualEngine:
        return engine

    engine = ManualEngine(error=error)
    engine.go.set()
    server, incoming, output = Server(), Incoming(), Heard()
    server.completer = Completer(connect, Settings(), status=server.status)
    serving = asyncio.create_task(serve(server, incoming, output, watch_parent=watch_parent))
    incoming.feed(initialize(processId=os.getpid()))
    for message in messages:
        incoming.feed(message)
    await asyncio.sleep(AFTERMATH)
    assert bool(engine.asked) is bool(messages)

    timers, callbacks = await Wakes(monkeypatch).in_an_hour()

    looks = HOUR / PARENT_INTERVAL if watch_parent else 0
    assert abs(timers - looks) <= 1
    # A timer gives a future its result, and that wakes the task which waits for it.
    assert callbacks <= 2 * (looks + 1)
    incoming.feed(SHUTDOWN + EXIT)
    assert await serving == 0
