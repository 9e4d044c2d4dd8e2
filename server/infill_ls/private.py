"""Files and folders that other users of the machine can't read, or at least can't change."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

# What :func:`open` takes as its ``opener``: a path and flags, and returns a file descriptor.
Opener = Callable[[str, int], int]


def make_folder(path: Path) -> None:
    """Make a folder for this user alone, with those above it that are missing.

    One that is there stays as it is. Raises :class:`OSError`.
    """
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        # Another process may make it at the same time.
        folder.mkdir(mode=0o700, exist_ok=True)


def for_us_alone(path: str, flags: int) -> int:
    """Open a file that other users can't read; an ``opener`` for :func:`open`."""
    return os.open(path, flags, 0o600)


def for_all_to_read(path: str, flags: int) -> int:
    """Open a file that other users can't change; an ``opener`` for :func:`open`."""
    return os.open(path, flags, 0o644)


def replace(path: Path, text: str, *, keep_mode: bool = False) -> None:
    """Write a file that other users can't read, in one step. Raises :class:`OSError`.

    ``keep_mode``: it is the user's own, and who may read it stays as he wants it; what was in it is
    lost at no moment, not even if the machine stops.
    """
    unfinished = path.with_suffix(f".{os.getpid()}")
    # What somebody else has put there keeps its mode, and may be a link.
    unfinished.unlink(missing_ok=True)
    try:
        # The text has the line ends that it is to have.
        with open(unfinished, "x", encoding="utf-8", newline="", opener=for_us_alone) as file:
            file.write(text)
            if keep_mode:
                file.flush()
                os.fsync(file.fileno())
        if keep_mode and path.exists():
            unfinished.chmod(path.stat().st_mode & 0o777)
        os.replace(unfinished, path)
    finally:
        # The disk may be full.
        unfinished.unlink(missing_ok=True)
