"""Work beside the loop, in threads that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


def in_thread(work: Callable[[], T], name: str) -> asyncio.Future[T]:
    """Begin some work in a thread of that name, and return what it comes to, or how it fails.

    The thread keeps no process from ending, unlike one of the loop's own (``asyncio.to_thread``): a
    disk may hang, a large file may be read, and an interrupt shall not wait for that. Raises
    :class:`RuntimeError` if the system gives no thread.
    """
    loop = asyncio.get_running_loop()
    over: asyncio.Future[T] = loop.create_future()

    def end(tell: Callable[[], None]) -> None:
        # Whoever has waited may have left.
        if not over.done():
            tell()

    def run() -> None:
        tell: Callable[[], None]
        try:
            result = work()
        except Exception as error:
            tell = partial(over.set_exception, error)
        else:
            tell = partial(over.set_result, result)
        # Where the loop is closed nobody listens.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(end, tell)

    threading.Thread(target=run, daemon=True, name=name).start()
    return over
