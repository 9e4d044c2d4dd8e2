"""A terminal without a window, for editors that need one."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyte

# Bytes read at once.
_READ_SIZE: Final = 64 * 1024
# What a program asks of the terminal in device control strings; pyte would show it as text.
_CONTROL: Final = re.compile(rb"\x1bP.*?\x1b\\", re.DOTALL)
# The beginning of one whose end is yet to be read.
_OPEN_CONTROL: Final = re.compile(rb"\x1b(P.*)?\Z", re.DOTALL)


class _Screen(pyte.Screen):
    """A screen that answers what programs ask of it (where the cursor is, which terminal)."""

    def __init__(self, columns: int, rows: int, reply: Callable[[str], None]) -> None:
        super().__init__(columns, rows)
        self._reply = reply

    def write_process_input(self, data: str) -> None:
        self._reply(data)

    def report_device_status(self, mode: int, private: bool = False) -> None:
        """pyte stumbles over the private ones (colour scheme, keyboard), which need no answer."""
        if not private:
            super().report_device_status(mode)


class Terminal:
    """A program in a terminal. ``on_change`` is called, in a thread, after each change."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        columns: int = 160,
        rows: int = 50,
        on_change: Callable[[Terminal], None] = lambda terminal: None,
    ) -> None:
        self._screen = _Screen(columns, rows, self.press)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.RLock()
        self._on_change = on_change
        self._master, slave = os.openpty()
        _set_size(slave, columns, rows)
        # It is the program's controlling terminal, as any other is.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", **environment},
        )
        os.close(slave)
        self._thread = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                data = os.read(self._master, _READ_SIZE)
            except OSError:  # nobody has the other end open any more
                return
            if not data:
                return
            data = _CONTROL.sub(b"", rest + data)
            rest = found[0] if (found := _OPEN_CONTROL.search(data)) else b""
            with self._lock:
                self._stream.feed(data.removesuffix(rest))
                self._on_change(self)

    def press(self, keys: str) -> None:
        """Send keys as a terminal does: ``\\r`` is Enter, ``\\x1b`` Escape."""
        data = keys.encode()
        while data:
            data = data[os.write(self._master, data) :]

    def resize(self, columns: int, rows: int) -> None:
        """The program is told, and draws anew."""
        with self._lock:
            self._screen.resize(rows, columns)
            self._screen.erase_in_display(2)
        _set_size(self._master, columns, rows)

    def lines(self) -> list[str]:
        """What can be read, row by row."""
        with self._lock:
            return list(self._screen.display)

    def cells(self) -> list[list[Any]]:
        """What stands in each cell (pyte's ``Char``), row by row.

        The second cell of a wide character has no text.
        """
        with self._lock:
            columns = range(self._screen.columns)
            rows = range(self._screen.lines)
            return [[self._screen.buffer[row][column] for column in columns] for row in rows]

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column of the cursor, from 0."""
        with self._lock:
            return self._screen.cursor.y, self._screen.cursor.x

    def wait(self, limit: float) -> None:
        """Wait for the program to end, for ``limit`` seconds at most; then end it."""
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            os.close(self._master)
            self._thread.join(limit)


def _set_size(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
