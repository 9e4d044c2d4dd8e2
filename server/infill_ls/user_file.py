"""The user's settings file: where it is, what it says, and where in it a key stands."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from infill_ls.folders import own
from infill_ls.saving import Saving, Sign, sign_of


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
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        reason = f"no UTF-8 (at line {line})"
    # No TOML, or a number of thousands of digits.
    except (ValueError, RecursionError) as error:
        reason = str(error)
    return {}, [f"The settings file {path} can't be read ({reason}). {_ASK_NOTHING}"]


# It may name the engine, and files that are to be left out.
_ASK_NOTHING: Final = "Nothing is asked until it is mended."


class UserFile:
    """The user's settings file, read again when it has changed.

    Where it can't be read, what it said before counts: else a slip in one line of it would send
    what another excludes. So it is, for a moment, where it is gone or empty
    (:mod:`infill_ls.saving`). ``path``: another file than the user's own. ``is_known``: what it
    says is known, if it says anything; nothing may be asked otherwise.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.is_known = True
        self._given = path
        self._values: dict[str, Any] = {}
        self._sign: Sign = ()
        self._saving = Saving()

    @cached_property
    def path(self) -> Path | None:
        """Where it is; None if nobody knows."""
        return self._given or user_file()

    def has_changed(self) -> bool:
        """Whether it isn't what was read last. This costs a ``stat``, 4 µs."""
        return self._saving.is_over() or self._sign_now() != self._sign

    def read(self) -> tuple[dict[str, Any], list[str]]:
        """Return its values, and a message if it can't be read."""
        # First, so that what is written meanwhile is another file.
        self._sign = self._sign_now()
        values, problems = read_user_file(self.path)
        if problems:
            if self._values:
                problems = [one.replace(_ASK_NOTHING, "It counts as before.") for one in problems]
        elif values or not self._values or not self._saving.may_be(self._sign):
            self._values = values
        if values or problems:
            self._saving.end()
        self.is_known = not problems or bool(self._values)
        return self._values, problems

    def _sign_now(self) -> Sign:
        return sign_of(self.path) if self.path is not None else ()


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
