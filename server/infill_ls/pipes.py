"""Write to a pipe without ever waiting for whoever should read it."""

from __future__ import annotations

import os
import select
from typing import Final

# Bytes. So many find room at once in a pipe that is said to be writable (POSIX, "write": PIPE_BUF).
AT_ONCE: Final = getattr(select, "PIPE_BUF", 4096)


def write_now(descriptor: int, data: bytes) -> int:
    """Write as much as there is room for now, and return how many bytes that were.

    Windows can't say how much room there is: there everything is written, however long it takes.
    Raises :class:`OSError` if nobody can read it any more.
    """
    view = memoryview(data)
    written = 0
    while written < len(view) and has_room(descriptor):
        try:
            written += os.write(descriptor, view[written : written + AT_ONCE])
        except BlockingIOError:
            # Somebody has made it one that doesn't wait, and filled it meanwhile.
            break
    return written


def has_room(descriptor: int) -> bool:
    """Whether ``AT_ONCE`` bytes can be written without waiting."""
    if not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    # A pipe that has lost its reader is ready, to fail.
    return bool(poll.poll(0))
