"""A project's own settings: ``.infill-ls.toml`` in its folders.

There is one such file and no ``.infillignore`` beside it: what a project excludes and what else it
says are read, watched and explained together, in the format of the user's own file. Several on the
way from a document up to the workspace's folder all count.

Whoever writes a repository writes this file. So it may set only :data:`PROJECT_KEYS`, and nothing
in it takes back what the user has decided (:mod:`infill_ls.project.rules`). It is read only if it
is a regular file of a sensible size, and what is quoted of it in a message is short.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from infill_ls import values
from infill_ls.patterns import Patterns
from infill_ls.saving import Saving, Sign, sign_of
from infill_ls.setting_names import is_slip, nearest
from infill_ls.settings import KEYS, read_value

PROJECT_FILE: Final = ".infill-ls.toml"
# What a project may set.
PROJECT_KEYS: Final = (
    *("exclude", "enabled", "multiline", "debounceMs", "eagerness", "languages"),
)
# Bytes of the file and of a line, and patterns in it: a larger one is no person's. Python's reader
# of TOML takes time with the square of a key's parts (64 KB of "a.a.a": 43 s), and to read a
# pattern takes 0.2 ms; several such files may be on the way.
MOST_BYTES: Final = 16 * 1024
LONGEST_LINE: Final = 1000
MOST_PATTERNS: Final = 300
# Of them on the way to one document.
MOST_FILES: Final = 8
# Messages about such files in a session. A repository could have thousands of them.
MOST_TOLD: Final = 10
# Keys or patterns that one message quotes, and characters of each.
_QUOTED: Final = 3
_QUOTED_LENGTH: Final = 40


@dataclass(frozen=True, eq=False)
class ProjectFile:
    """What a project's file says.

    ``folder``: where it is, absolute. ``values``: by their keys, as the program uses them.
    ``exclude``: patterns, relative to the folder.
    """

    folder: str
    values: Mapping[str, Any] = field(default_factory=dict)
    exclude: Patterns = field(default_factory=lambda: Patterns(()))

    @property
    def path(self) -> str:
        """Where the file is."""
        return os.path.join(self.folder, PROJECT_FILE)


_EVERYTHING: Final = Patterns(("*",))
# With a wrong value of these nobody knows what isn't to be completed.
_RESTRICTING: Final = ("exclude", "enabled", "languages")
_UNTIL_THEN: Final = "Nothing below it is completed until it is mended."


class ProjectFiles:
    """Reads the files, each again when it has changed.

    ``tell`` shows the user what is wrong with one. What can't be read, or has a wrong value, counts
    as it was before: else a mistake in it would send what it had excluded. So does what is gone or
    empty, for the moment that it may take to save it (:mod:`infill_ls.saving`). What was never read
    excludes everything below it.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()
        self._known: dict[str, tuple[Sign, ProjectFile, Saving]] = {}

    def above(self, path: str, folder: str) -> Iterator[ProjectFile]:
        """Yield the files that count for a document, from the workspace's folder downwards.

        ``path``: the document's, which is somewhere in ``folder``; both absolute. Each folder on
        the way costs a ``stat``, 4 µs. After :data:`MOST_FILES` everything below is excluded.
        """
        down, counting = os.path.relpath(os.path.dirname(path), folder), 0
        for name in ("", *([] if down == os.curdir else down.split(os.sep))):
            folder = os.path.join(folder, name) if name else folder
            if (found := self._current(folder)) is not None:
                counting += 1
                if counting > MOST_FILES:
                    # Nobody writes so many, and each takes time. What they exclude isn't known.
                    yield ProjectFile(folder, exclude=_EVERYTHING)
                    return
                yield found

    def _current(self, folder: str) -> ProjectFile | None:
        """Return what the file of a folder says now; None if there is none."""
        sign = sign_of(os.path.join(folder, PROJECT_FILE))
        known = self._known.get(folder)
        if known is None:
            if not sign:
                return None
            before, saving = ProjectFile(folder), Saving()
        else:
            was, before, saving = known
            if was == sign and not saving.is_over():
                return before
            if saving.may_be(sign):
                self._known[folder] = sign, before, saving
                return before
            if not sign:
                del self._known[folder]
                return None
        found, problem = _read(before)
        self._known[folder] = sign, found, saving
        if problem and problem not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(problem)
            self._tell(problem)
        return found


def _read(before: ProjectFile) -> tuple[ProjectFile, str]:
    """Return what a file says, and what is wrong with it, if anything is.

    ``before``: what it said.
    """
    # Not at the head: the server's start doesn't need it.
    import tomllib

    path = shown(before.path)
    again = "What it said before still counts." if before.values else _UNTIL_THEN
    if not before.values:
        before = replace(before, exclude=_EVERYTHING)
    try:
        table = tomllib.loads(_bytes(before.path).decode("utf-8-sig"))
    except OSError as error:
        return before, f"{path} can't be read ({error.strerror or error}). {again}"
    # No TOML, no UTF-8, a number of thousands of digits, brackets thousands deep.
    except (ValueError, RecursionError):
        return before, f"{path} is no TOML. {again}"
    said, problems, is_known = _said(table, before)
    slips, others = _no_settings(table)
    for key, meant in slips:
        problems.append(f'"{key}" is no setting. Did you mean "{meant}"? {_UNTIL_THEN}')
    patterns = Patterns(said.get("exclude", ())) if is_known and not slips else _EVERYTHING
    if others:
        like = [nearest(key, PROJECT_KEYS) for key in others[:_QUOTED] if key not in KEYS]
        problems.append(
            f"A project can't set {_listed(others)}, which is ignored."
            + "".join(f' Did you mean "{one}"?' for one in like if one)
        )
    found = replace(before, values=said, exclude=patterns)
    return found, f"{path}: {' '.join(problems)}" if problems else ""


def _said(table: Mapping[str, Any], before: ProjectFile) -> tuple[dict[str, Any], list[str], bool]:
    """Return what a table says, what is wrong with that, and whether it is known what it restricts.

    ``before``: what the file said.
    """
    said: dict[str, Any] = {}
    problems: list[str] = []
    is_known = True
    for key in PROJECT_KEYS:
        if key not in table:
            continue
        try:
            if key == "exclude" and _is_long(table[key]):
                raise values.Wrong(f"a list of {MOST_PATTERNS} patterns at the most")
            (said[key],) = read_value(key, table[key]).values()
        except values.Wrong as wrong:
            instead = "it is ignored"
            if key in before.values:
                said[key] = before.values[key]
                instead = "what it was still counts"
            elif key in _RESTRICTING:
                is_known, instead = False, "nothing below is completed until then"
            problems.append(f'"{key}" must be {shown(str(wrong), 200)}; {instead}.')
    return said, problems, is_known


def _is_long(value: Any) -> bool:
    return isinstance(value, list) and len(value) > MOST_PATTERNS


def _no_settings(table: Mapping[str, Any]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return which keys seem to mean one that restricts, each with that; and the others.

    Those are the ones that a project may not set. Keys are fit to be shown.
    """
    slips: list[tuple[str, str]] = []
    others: list[str] = []
    for key in table:
        if key in PROJECT_KEYS:
            continue
        meant = nearest(key, PROJECT_KEYS) if key not in KEYS else ""
        if meant in _RESTRICTING and is_slip(key, meant) and len(slips) < _QUOTED:
            slips.append((shown(key, _QUOTED_LENGTH), meant))
        else:
            others.append(key)
    return slips, others


def _bytes(path: str) -> bytes:
    """Return what is in a file. Raises OSError, also if it is none, or a large one."""
    # Some devices do things when they are opened.
    _check(os.stat(path))
    # Whoever opens a pipe waits for the other end without this; it may be one by now.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with open(os.open(path, flags), "rb") as file:
        _check(os.fstat(file.fileno()))
        data = file.read(MOST_BYTES)
    if max(map(len, data.splitlines()), default=0) > LONGEST_LINE:
        raise OSError(f"a line has more than {LONGEST_LINE} bytes")
    return data


def _check(status: os.stat_result) -> None:
    """Raise OSError for what is no file, or a large one."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is no file")
    if status.st_size > MOST_BYTES:
        raise OSError(f"it has more than {MOST_BYTES // 1024} KB")


def shown(text: str, most: int = 300) -> str:
    """Return a text of the project's as a message may show it: short, all of it visible."""
    visible = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return visible if len(visible) <= most else f"{visible[:most]}…"


def _listed(names: list[str] | tuple[str, ...]) -> str:
    """Return some of the project's names for a message."""
    listed = ", ".join(f'"{shown(name, _QUOTED_LENGTH)}"' for name in names[:_QUOTED])
    more = len(names) - _QUOTED
    return f"{listed} and {more} more" if more > 0 else listed
