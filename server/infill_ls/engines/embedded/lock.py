"""Let one process at a time do something, with a lock on a file."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from infill_ls import private

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
        if not _try_lock(file):
            waiting()
            while not _try_lock(file):
                time.sleep(POLL)
        yield


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: BinaryIO) -> bool:
        """Lock the file until it is closed, and return whether that was possible."""
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: BinaryIO) -> bool:
        """Lock the file until it is closed, and return whether that was possible."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            # Some network file systems have no locks. Better to fetch without than not at all.
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
        return True
