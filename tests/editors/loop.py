"""Asynchronous work for tests that are not: an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Loop:
    """``limit``: seconds that a piece of work may take."""

    def __init__(self, name: str, limit: float) -> None:
        self._limit = limit
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Wait for what this work gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(self._limit)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(self._limit)
        self._loop.close()
