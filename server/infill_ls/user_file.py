"""The user's settings file: where it is, what it says, and where in it a key stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from infill_ls.folders import own


def user_file() -> Path | None:
    """Return where the file is, or would be; None if nobody knows where the user's home is."""
    folder = own("config")
    return folder and folder / "config.toml"


def read_user_file(path: Path | None = None) -> tuple[dict[str, Any], list[str]]:
    """Return the values in the user's settings file, and a message if it can't be read.

    ``path``: another file than the user's own. Without a file there are no values and no message.
    """
    # Not at the head: it takes 6 % of the server's start, which doesn't need it yet.
    import tomllib

    path = path or user_file()
    if path is None:
        return {}, []
    try:
        # Editors on Windows put a mark of the byte order at the beginning.
        return tomllib.loads(path.read_text("utf-8-sig")), []
    except (FileNotFoundError, NotADirectoryError):
        return {}, []
    except OSError as error:
        reason = error.strerror or type(error).__name__
    # No TOML, no UTF-8, or a number of thousands of digits.
    except (ValueError, RecursionError) as error:
        reason = str(error)
    return {}, [f"The settings file {path} can't be read ({reason}). {_UNTIL_THEN}"]


# It may name the engine, and files that are to be left out.
_UNTIL_THEN: Final = "Nothing is asked until it is mended."


class UserFile:
    """The user's settings file, read again and again.

    Where it can't be read, what it said before counts: else a slip in one line of it would send
    what another excludes. ``path``: another file than the user's own. ``is_known``: what it says is
    known, if it says anything; nothing may be asked otherwise.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.is_known = True
        self._given = path
        self._values: dict[str, Any] = {}

    @property
    def path(self) -> Path | None:
        """Where it is; None if nobody knows."""
        return self._given or user_file()

    def read(self) -> tuple[dict[str, Any], list[str]]:
        """Return its values, and a message if it can't be read."""
        values, problems = read_user_file(self._given)
        if not problems:
            self._values = values
        elif self._values:
            problems = [one.replace(_UNTIL_THEN, "It counts as before.") for one in problems]
        self.is_known = not problems or bool(self._values)
        return self._values, problems


def line_of(path: Path | str, key: str) -> int:
    """Return the number of the line, from 1, in which a file sets a key; 0 if that isn't known."""
    name = re.escape(key)
    name = rf"""["']?{name}["']?\s*"""
    assignment = re.compile(rf"\s*{name}(\.[^=]*)?=|\s*\[\[?\s*{name}[.\]]")
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except (OSError, ValueError):
        return 0
    table = False
    for number, line in enumerate(lines, 1):
        header = line.lstrip().startswith("[")
        # Below the head of a table keys are the table's own.
        if (header or not table) and assignment.match(line):
            return number
        table = table or header
    return 0
