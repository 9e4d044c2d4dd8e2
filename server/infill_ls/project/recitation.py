"""The recitation filter: texts of the user's folders don't come out of a model word for word.

It is a filter against what it was given. It knows nothing of licences and clears none.
"""

from __future__ import annotations

import os
import shlex
import stat
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infill_ls.errors import RecitationError, SettingsError
from infill_ls.folders import expanded
from infill_ls.project.recitation_index import (
    NO_TEXT,
    Index,
    Status,
    Writer,
    default_path,
)
from infill_ls.project.windows import Windows
from infill_ls.values import Recitation

# Bytes. People write no larger files; data and what was generated is.
LARGEST_FILE: Final = 10_000_000
# Bytes at a file's start in which a NUL says that it is no text, as in git (buffer_is_binary).
_LOOKED_AT: Final = 8000
# What version control keeps is no text.
_NOT_LOOKED_INTO: Final = frozenset({".git", ".hg", ".svn"})
_SET_IT: Final = "Name one: infill-ls settings set recitation.folders /work/others"


@dataclass(slots=True)
class Built:
    """What came of building the index.

    ``files``: with text in it; ``read`` of them were read, the others were known. ``gone``: that
    were there before. ``no_text``, ``too_large``, ``unreadable``: left out. ``windows``: of all
    files. ``size``: the index's, in bytes.
    """

    path: Path
    files: int = 0
    read: int = 0
    gone: int = 0
    no_text: int = 0
    too_large: int = 0
    unreadable: int = 0
    windows: int = 0
    size: int = 0


def command_for(setting: Recitation) -> str:
    """Return the command that builds the index for a setting, wherever that was set."""
    folders = (expanded(folder) for folder in setting.folders)
    return f"infill-ls recitation --window {setting.window} {shlex.join(folders)}"


def folders_of(setting: Recitation) -> list[str]:
    """Return the folders that the setting names, as sorted real paths.

    Raises :class:`SettingsError` if it names none, or one that isn't there.
    """
    if not setting.folders:
        raise SettingsError('The setting "recitation" names no folder.', _SET_IT)
    for given in setting.folders:
        folder = expanded(given)
        if not os.path.isabs(folder):
            raise SettingsError(
                f'"{given}" in "recitation" is not a whole path.',
                "Begin it with / or ~.",
            )
        if not os.path.isdir(folder):
            raise SettingsError(f'"{given}" in "recitation" is no folder.', "Mend the setting.")
    return _real(setting.folders)


def _real(folders: Sequence[str]) -> list[str]:
    return sorted({os.path.realpath(expanded(folder)) for folder in folders})


# Building


def build(
    setting: Recitation, show: Callable[[str, int, int], None], path: Path | None = None
) -> Built:
    """Build the index of the folders, or bring it up to date; it is replaced in one step.

    Files whose size and time are as they were are not read again. ``show`` is told what is done,
    and how many bytes of how many. ``path``: of the index, if it isn't the user's own. Raises
    :class:`SettingsError` for folders that are none, and :class:`RecitationError` if the index
    can't be written.
    """
    folders = folders_of(setting)
    work = _Work(Built(path or default_path()), Windows(setting.window))
    for folder in folders:
        work.look_into(folder)
    if not work.found:
        raise SettingsError(f"There is no file in {', '.join(folders)}.", "Mend the setting.")
    try:
        with Writer(work.built.path, folders, work.windows) as writer:
            known = _known(work.built.path, work.windows)
            if known is not None:
                with closing(known):
                    work.take_over(known, writer)
            work.read(writer, show)
            work.built.size = writer.finish(work.files)
    except OSError as error:
        raise RecitationError(
            f"The index {work.built.path} can't be written ({error.strerror})."
        ) from None
    return work.built


def _known(path: Path, windows: Windows) -> Index | None:
    """Return the index that there is, if its records can be taken over."""
    with suppress(RecitationError):
        index = Index(path)
        if index.windows.size == windows.size:
            return index
        index.close()
    return None


@dataclass(slots=True)
class _Work:
    """One building of an index: what was found, and what has become of it."""

    built: Built
    windows: Windows
    found: dict[str, Status] = field(default_factory=dict)
    files: dict[str, tuple[Status, int]] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def look_into(self, folder: str) -> None:
        """Find the files in a folder, and those that links in it point to."""
        for path in _files_in(folder, self._cannot_read):
            try:
                status = os.stat(path)
            except OSError:
                self.built.unreadable += 1
                continue
            if not stat.S_ISREG(status.st_mode):
                continue
            if status.st_size > LARGEST_FILE:
                self.built.too_large += 1
            else:
                self.found[path] = Status(status.st_size, status.st_mtime_ns)

    def _cannot_read(self, _: OSError) -> None:
        self.built.unreadable += 1

    def take_over(self, known: Index, writer: Writer) -> None:
        """Take the records of files that haven't changed from an older index."""
        self._number()
        numbers: dict[int, int] = {}
        for old in range(len(known)):
            path = known.name(old)
            status, windows = known.status(old)
            if self.found.get(path) == status:
                numbers[old] = self._numbers[path]
                self._take(path, status, windows)
            elif path not in self.found and windows != NO_TEXT:
                self.built.gone += 1
        for record in known.records():
            number = numbers.get(int.from_bytes(record[8:12]))
            if number is not None:
                writer.add(self.windows.renumbered(record, number))

    def read(self, writer: Writer, show: Callable[[str, int, int], None]) -> None:
        """Read the files that are new or have changed."""
        self._number()
        new = {path: status for path, status in self.found.items() if path not in self.files}
        done, total = 0, sum(status.size for status in new.values())
        for path, status in new.items():
            text = _text_of(path)
            if text is None:
                # Without a status of its own it is tried again the next time.
                self.built.unreadable += 1
                self._keep(path, Status(0, -1), NO_TEXT)
            elif text == "" and status.size:
                self._take(path, status, NO_TEXT)
            else:
                records, windows = self.windows.records(text, self._numbers[path])
                for record in records:
                    writer.add(record)
                self._take(path, status, windows)
                self.built.read += 1
            done += status.size
            show("reading", done, total)
        # In the order of their numbers.
        self.files = {path: self.files[path] for path in self.found}

    def _number(self) -> None:
        if not self._numbers:
            self.found = dict(sorted(self.found.items(), key=lambda one: os.fsencode(one[0])))
            self._numbers = {path: number for number, path in enumerate(self.found)}

    def _take(self, path: str, status: Status, windows: int) -> None:
        self._keep(path, status, windows)
        if windows == NO_TEXT:
            self.built.no_text += 1
        else:
            self.built.files += 1
            self.built.windows += windows

    def _keep(self, path: str, status: Status, windows: int) -> None:
        self.files[path] = (status, windows)


def _files_in(folder: str, cannot_read: Callable[[OSError], None]) -> Iterator[str]:
    """Yield the real paths of what is in a folder. Links to folders are not followed.

    ``cannot_read`` is told of each folder in it that can't be looked into.
    """
    for where, folders, names in os.walk(folder, onerror=cannot_read):
        folders[:] = [name for name in folders if name not in _NOT_LOOKED_INTO]
        for name in names:
            path = os.path.join(where, name)
            yield os.path.realpath(path) if os.path.islink(path) else path


def _text_of(path: str) -> str | None:
    """Return the text of a file; empty if it is none, None if it can't be read."""
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE)
    except OSError:
        return None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if b"\0" in content[:_LOOKED_AT]:
        return ""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


# Looking


class Filter:
    """Tells which file a fill recites. ``path``: of the index, if it isn't the user's own.

    The index is opened when it is needed first, and again when another is in its place. Without
    one that is right nothing may be shown.
    """

    def __init__(self, setting: Recitation, path: Path | None = None) -> None:
        self._setting = setting
        self._path = path
        self._index: Index | None = None
        self._opened: tuple[int, ...] = ()

    def problem(self) -> RecitationError | None:
        """Return why no fill can be judged now; None if they can."""
        try:
            self._open()
        except RecitationError as problem:
            return RecitationError(problem.message, f"Build it: {command_for(self._setting)}")
        return None

    def file_for(self, path: str, before: str, fill: str, after: str = "") -> str:
        """Return the path of a file that a fill recites; empty if it recites none.

        ``path``: of the document that it is for, whose own text doesn't count; it may be empty.
        ``before`` and ``after``: what stands on either side of the fill. Where no index is, it is
        the index's own path.
        """
        try:
            return self._file_for(self._open(), path, before, fill, after)
        except (RecitationError, OSError, struct.error):
            return str(self._path or "index")

    @staticmethod
    def _file_for(index: Index, path: str, before: str, fill: str, after: str) -> str:
        own = index.file(os.path.realpath(path)) if path else None
        for file in index.windows.found(before, fill, index.find, after):
            if file != own:
                return index.name(file)
        return ""

    def _open(self) -> Index:
        """Return the index in its newest state. Raises :class:`RecitationError`."""
        place = self._path or default_path()
        now: tuple[int, ...] = ()
        with suppress(OSError):
            status = os.stat(place)
            now = (status.st_ino, status.st_size, status.st_mtime_ns)
        if self._index is None or now != self._opened:
            if self._index is not None:
                self._index.close()
                self._index = None
            index = Index(place)
            # Whether the folders can be reached now is no matter.
            folders = _real(self._setting.folders)
            if (index.folders, index.windows.size) != (folders, self._setting.window):
                index.close()
                raise RecitationError('The index is for another "recitation", so nothing is shown.')
            self._index, self._opened = index, now
        return self._index
