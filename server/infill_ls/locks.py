"""A lock on an open file, which the system frees when the process ends, however it ends."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from infill_ls import private

# s.
_POLL: Final = 0.02

if sys.platform == "win32":
    import msvcrt

    def try_lock(file: BinaryIO) -> bool:
        """Lock the file until it is closed, and return whether that was possible."""
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def try_lock(file: BinaryIO) -> bool:
        """Lock the file until it is closed, and return whether that was possible."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            # Some network file systems have no locks. Better to go on without than not at all.
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
        return True


@contextmanager
def locked(path: Path, wait: float) -> Iterator[None]:
    """Keep other processes out that lock the same file, which is made if it isn't there.

    ``wait``: s that another one may stay in. Raises :class:`BlockingIOError` if it stays longer,
    and :class:`OSError` if the file can't be made.
    """
    private.make_folder(path.parent)
    with open(path, "ab", opener=private.for_us_alone) as file:
        until = time.monotonic() + wait
        while not try_lock(file):
            if time.monotonic() > until:
                raise BlockingIOError(errno.EAGAIN, "another process is writing there")
            time.sleep(_POLL)
        yield
