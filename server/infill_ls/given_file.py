"""Read a file that the user names, which may be anything: a device without an end, a huge file."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from infill_ls.errors import SettingsError

# Bytes; what an editor may send has as many (``lsp/frames.MAX_BODY``).
READ_AT_MOST: Final = 64 << 20
# Windows has neither such a flag nor pipes among its files.
_WITHOUT_WAITING: Final = getattr(os, "O_NONBLOCK", 0)


def content_of(path: Path, at_most: int = READ_AT_MOST) -> bytes:
    """Return what is in a file.

    ``at_most``: bytes. A pipe that somebody writes to (``<(command)`` in a shell) is read to its
    end. Raises :class:`OSError`, and :class:`SettingsError` for more bytes and for an empty pipe.
    """
    # Before it is read: nobody waits for gigabytes. Devices have no size, and a file may grow.
    if path.stat().st_size <= at_most:
        with open(path, "rb", opener=_opened) as file:
            content = file.read(at_most + 1)
            is_pipe = stat.S_ISFIFO(os.fstat(file.fileno()).st_mode)
        if is_pipe and not content:
            raise SettingsError(f"{path} is a pipe, and nothing comes out of it.")
        if len(content) <= at_most:
            return content
    raise SettingsError(f"{path} is too large: files over {at_most >> 20} MB are not read here.")


def _opened(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to yet, too, for which one waits otherwise."""
    descriptor = os.open(path, flags | _WITHOUT_WAITING)
    if _WITHOUT_WAITING:
        # What somebody does write is waited for.
        os.set_blocking(descriptor, True)
    return descriptor
