"""Work on files that may take long, beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from infill_ls.threads import in_thread

# s. So long the answer to ``shutdown`` waits for the disk. After it editors may kill the server at
# once, and before it nobody notices a third of a second.
BEFORE_THE_REPLY: Final = 0.3
# s. And so long the end of the process does.
AT_THE_END: Final = 2.0


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
