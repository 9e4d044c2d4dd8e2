"""Work on files that may take long, beside the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

# s. So long the answer to ``shutdown`` waits for the disk. After it editors may kill the server at
# once, and before it nobody notices a third of a second.
BEFORE_THE_REPLY: Final = 0.3
# s. And so long the end of the process does.
AT_THE_END: Final = 2.0


def in_thread(work: Callable[[], None], name: str) -> asyncio.Future[None]:
    """Begin some work in a thread of that name, and return what tells when it is over, and how.

    The thread keeps no process from ending, unlike one of the loop's own: a disk may hang. Raises
    :class:`RuntimeError` if the system gives no thread.
    """
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def end(error: Exception | None) -> None:
        if over.done():
            return
        if error is None:
            over.set_result(None)
        else:
            over.set_exception(error)

    def run() -> None:
        problem = None
        try:
            work()
        except Exception as error:
            problem = error
        # Where the loop is closed nobody listens.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(end, problem)

    threading.Thread(target=run, daemon=True, name=name).start()
    return over


async def for_a_moment(other: Coroutine[Any, Any, None], *works: Callable[[], None]) -> None:
    """Wait for some work, in threads, and for something else; :data:`BEFORE_THE_REPLY` at most.

    What takes longer goes on.
    """
    waited: set[asyncio.Future[None]] = {asyncio.ensure_future(other)}
    for work in works:
        # The system may give no thread.
        with suppress(RuntimeError):
            waited.add(in_thread(work, "kept"))
    await asyncio.wait(waited, timeout=BEFORE_THE_REPLY)
