"""Threads for what may take long."""

from __future__ import annotations

import asyncio
import threading

import pytest

from infill_ls.lsp import writing
from infill_ls.lsp.writing import for_a_moment
from test_threads import Disk


async def test_a_moment_is_all_that_is_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BEFORE_THE_REPLY", 0.01)
    disk, done = Disk(), asyncio.Event()

    async def other() -> None:
        await done.wait()

    async with asyncio.timeout(30):
        await for_a_moment(other(), disk.work)
    assert not done.is_set()
    done.set()
    disk.go_on.set()


async def test_a_moment_is_over_when_all_is_done() -> None:
    done: list[str] = []

    async def other() -> None:
        done.append("other")

    await for_a_moment(other(), lambda: done.append("work"))
    assert sorted(done) == ["other", "work"]


async def test_without_a_thread_the_rest_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    done = asyncio.Event()

    async def other() -> None:
        done.set()

    monkeypatch.setattr(threading.Thread, "start", fail)
    await for_a_moment(other(), Disk().work)
    assert done.is_set()
