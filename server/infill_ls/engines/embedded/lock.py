"""Let one process at a time do something, with a lock on a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infill_ls import private
from infill_ls.locks import try_lock

POLL: Final = 0.5  # s between two tries; not every system can wait for a lock


@contextmanager
def alone(lock: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Keep other processes out while the block runs.

    ``lock``: the file that is locked. ``waiting``: called once if another process is inside; then
    this one waits. The system frees the lock when the process ends, however it ends. The file
    stays: another process may have it open, and would then hold a lock on a file that nobody else
    can find. Raises :class:`OSError` if the file can't be written.
    """
    # Whoever can open it can hold it.
    with open(lock, "ab", opener=private.for_us_alone) as file:
        if not try_lock(file):
            waiting()
            while not try_lock(file):
                time.sleep(POLL)
        yield
