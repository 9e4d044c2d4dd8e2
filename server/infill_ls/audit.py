"""The record, a file with one line of JSON for each fill shown and accepted (setting ``audit``).

Nobody but the user can read it. Several processes may write to one file: each line is one write at
its end. When the file is large it becomes ``FILE.1``, that ``FILE.2`` and so on, and the oldest
goes. Lines are written in a thread, so that a slow disk keeps nobody waiting; what can't be written
is told once, and lost.
"""

from __future__ import annotations

import json
import os
import queue
import stat
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from infill_ls.folders import expanded
from infill_ls.locks import try_lock
from infill_ls.private import for_us_alone

# Bytes. A line has about 600: 16,000 fills.
LARGEST: Final = 10_000_000
# Files beside the newest.
OLDER: Final = 4
# Lines that wait for the disk; then lines are lost.
LINES_WAITING: Final = 1000
# s. For so long the end of a process waits for its last lines.
_LAST: Final = 2.0


class Audit:
    """Writes the record to a file.

    ``file``: as the setting has it; ``~`` is the user's home. ``tell``: is given what is in the
    way, from another thread, once until it works again.
    """

    def __init__(self, file: str, tell: Callable[[str], None]) -> None:
        self._path = Path(expanded(file))
        self._tell = tell
        self._failing = False
        self._torn = False
        self._lines: queue.Queue[bytes | None] = queue.Queue(LINES_WAITING)
        self._thread: threading.Thread | None = None

    def write(self, entry: Mapping[str, Any]) -> None:
        """Have an entry written, with the time and this process's number; never waits or raises."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "process": os.getpid(), **entry}).encode("ascii") + b"\n"
        try:
            if self._thread is None:
                thread = threading.Thread(target=self._work, daemon=True, name="audit")
                thread.start()
                self._thread = thread
            self._lines.put_nowait(line)
        except queue.Full:
            self._fail("the disk is too slow, lines are lost")
        except RuntimeError as error:
            self._fail(f"the system gives no thread ({error})")

    def close(self) -> None:
        """Wait for what is still to be written, but not for ever."""
        if self._thread is not None:
            with suppress(queue.Full):
                self._lines.put_nowait(None)
            self._thread.join(_LAST)

    def _work(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._append(line)
                self._failing = False
            except OSError as error:
                self._fail(error.strerror or type(error).__name__)

    def _fail(self, why: str) -> None:
        if not self._failing:
            self._failing = True
            self._tell(f'The record {self._path} ("audit") can\'t be written: {why}.')

    def _append(self, line: bytes) -> None:
        """Write a line in one piece. Raises :class:`OSError`."""
        if not self._path.is_absolute():
            raise OSError(0, "the setting must have the whole path")
        with self._open() as file:
            if os.fstat(file.fileno()).st_size < LARGEST or not self._rotate(file):
                return self._write(file, line)
        with self._open() as file:
            return self._write(file, line)

    def _write(self, file: BinaryIO, line: bytes) -> None:
        # The rest of what a full disk has cut short is a line of its own.
        whole = b"\n" + line if self._torn else line
        written = file.write(whole)
        if written < len(whole):
            self._torn = self._torn or written > 0
            raise OSError(0, "the disk is full")
        self._torn = False

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        """Open the file without a buffer, so that what is written at once stays together."""
        with open(self._path, "ab", buffering=0, opener=_private) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise OSError(0, "it is no file")
            if status.st_mode & 0o077 and sys.platform != "win32":
                os.fchmod(file.fileno(), 0o600)
            yield file

    def _rotate(self, file: BinaryIO) -> bool:
        """Make room for a new file; return whether the path is free, or another's by now.

        Of several processes the one that has the file locked does it. Who comes later sees that
        the path is another file's. What is written meanwhile goes to the file that was renamed.
        """
        try:
            if not try_lock(file):
                return False
            if os.path.samestat(os.fstat(file.fileno()), os.stat(self._path)):
                for number in range(OLDER, 0, -1):
                    with suppress(FileNotFoundError):
                        os.replace(self._numbered(number - 1), self._numbered(number))
        except FileNotFoundError:
            pass  # another process is just at it
        except OSError:
            # Windows renames no file that is open: it grows, and nothing is lost.
            return False
        return True

    def _numbered(self, number: int) -> Path:
        return Path(f"{self._path}.{number}") if number else self._path


def _private(path: str, flags: int) -> int:
    # Not to wait where the path is a pipe that nobody reads.
    return for_us_alone(path, flags | getattr(os, "O_NONBLOCK", 0))
