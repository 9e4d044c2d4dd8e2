"""An event loop whose time goes on only when nothing else is to be done.

looptime has one too, which the other tests use; a step of it takes twelve times as long as a step
of this one, and a million operations are many steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class VirtualLoop(asyncio.SelectorEventLoop):
    """It reads and writes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._selector.select = self._select  # type: ignore[attr-defined]

    def _select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("nothing would ever happen any more")
        self._now += max(timeout, 0.0)
        return []

    def time(self) -> float:
        return self._now


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run something to its end in virtual time."""
    loop = VirtualLoop()
    try:
        loop.run_until_complete(work)
    finally:
        loop.run_until_complete(_end(loop))
        loop.close()


async def _end(loop: VirtualLoop) -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await loop.shutdown_asyncgens()
