"""Files that the user names to have something written into: pages, reports.

What is there already may be theirs, so that it is replaced only if they say so.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from infill_ls import private
from infill_ls.cli.asking import confirmed
from infill_ls.cli.output import write
from infill_ls.errors import InfillError, SettingsError
from infill_ls.folders import expanded

# What stands for stdout.
STDOUT: Final = "-"


def claim(file: str, *, yes: bool) -> None:
    """Ask whether a file that is there is to be replaced; before the work for it is begun.

    ``yes``: it was said already. Raises :class:`SettingsError` if it is to stay, and
    :class:`InfillError` if nothing can be written there.
    """
    if file == STDOUT:
        return
    path = _path(file)
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise InfillError(f"{file} can't be written: there is no such folder.") from None
        _try(file, path.parent)
        return
    except OSError as error:
        raise _unwritable(file, error) from None
    if path.is_dir():
        raise InfillError(f"{file} can't be written: it is a folder.")
    # Without a terminal nobody can be asked.
    asked = yes or sys.stdin.isatty()
    if is_file and not (asked and confirmed(f"{file} is there already. Replace it?", yes=yes)):
        raise SettingsError(f"{file} is there already.", "Name another file, or say --yes.")
    if is_file:
        _try(file, path.parent)


def _try(file: str, folder: Path) -> None:
    """Raise :class:`InfillError` if no file can be made in a folder; rights alone don't tell."""
    try:
        # It has no name, or none for long.
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(file, error) from None


def save(text: str, file: str) -> None:
    """Write a file in one step, for this user alone; to stdout if it is ``-``.

    Raises :class:`InfillError` if it can't be written.
    """
    if file == STDOUT:
        return write(text)
    path = _path(file)
    try:
        if path.exists() and not path.is_file():
            # A pipe or a device can't be replaced.
            path.write_text(text, "utf-8")
        else:
            private.replace(path, text)
    except OSError as error:
        raise _unwritable(file, error) from None


def _path(file: str) -> Path:
    # A link stays one.
    return Path(os.path.realpath(expanded(file)))


def _unwritable(file: str, error: OSError) -> InfillError:
    return InfillError(f"{file} can't be written ({error.strerror}).")
