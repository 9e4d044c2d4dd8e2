"""Whether a file of settings has changed, and whether it is being saved just now.

Some programs take a file away, or empty it, before they write it anew. Whoever looks at that moment
would take it for one that says nothing, and send what it excludes.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Final

# s that a file which is gone or empty may be on its way to be written.
SAVING: Final = 1.0
# By what a file is known to be the same: times in ns, size, number; empty if there is none.
Sign = tuple[int, ...]


def sign_of(path: Path | str) -> Sign:
    """Return the sign of a file as it is now. This costs a ``stat``, 4 µs; nothing is raised."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    # No permission, or a loop of links, is another thing than no file, which it may become.
    except (OSError, ValueError) as error:
        return (getattr(error, "errno", 0) or 0, 0, 1)
    # A pipe or a folder is never empty: it is no file that is being saved.
    size = status.st_size if stat.S_ISREG(status.st_mode) else 1
    return (status.st_mtime_ns, status.st_ctime_ns, size, status.st_ino)


class Saving:
    """Waits, for :data:`SAVING`, where a file that said something is gone or empty."""

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since: float | None = None  # s of the monotonic clock

    def is_over(self) -> bool:
        """Whether it has been waited for long enough: what is gone has to be taken for gone."""
        return self._since is not None and time.monotonic() - self._since >= SAVING

    def may_be(self, sign: Sign) -> bool:
        """Whether a file of this sign, which said something before, is perhaps being saved."""
        if sign and sign[2]:
            self._since = None
            return False
        if self._since is None:
            self._since = time.monotonic()
        if not self.is_over():
            return True
        self._since = None
        return False

    def end(self) -> None:
        """Wait no longer: the file says something again."""
        self._since = None
