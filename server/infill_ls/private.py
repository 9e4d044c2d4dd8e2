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


def replace(path: Path, text: str) -> None:
    """Write a file that other users can't read, in one step, with the line ends that the text has.

    Raises :class:`OSError`.
    """
    unfinished = path.with_suffix(f".{os.getpid()}")
    # What somebody else has put there keeps its mode, and may be a link.
    unfinished.unlink(missing_ok=True)
    try:
        with open(unfinished, "x", encoding="utf-8", newline="", opener=for_us_alone) as file:
            file.write(text)
        os.replace(unfinished, path)
    finally:
        # The disk may be full.
        unfinished.unlink(missing_ok=True)
