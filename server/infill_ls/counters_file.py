"""The counters, kept in the user's state directory: a file a day, for about a year.

Several servers (windows of an editor) add to the day's file, one at a time: a lock keeps the others
out, and the file is replaced in one step. A file that can't be understood is set aside and begun
anew. What a day has is small, so that reading and writing it takes about a millisecond.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from infill_ls import private
from infill_ls.counters import Counters, Counts, Subject, added, from_rows, rows
from infill_ls.folders import own
from infill_ls.locks import locked

DAYS_KEPT: Final = 400
# Of one day. Who has more languages and models than that has a broken client.
_SUBJECTS_KEPT: Final = 100
# What those beyond are counted as.
_OTHERS: Final = Subject("other", "other", "other")
# Bytes. A hundred subjects have 50 KB; a larger file isn't one of ours.
_LARGEST_FILE: Final = 1_000_000
# s. For so long another process may be at the file; then it is tried again at another time.
_LOCK_WAIT: Final = 1.0

_FILE: Final = re.compile(r"(\d{4}-\d\d-\d\d)\.json(\.broken)?", re.ASCII)


class CountersFile:
    """The counters of each day. ``folder``: where they are; None for the user's own place."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._tidied = False

    @property
    def folder(self) -> Path | None:
        """Where the counters are; None if nobody knows where the user's home is."""
        if self._folder is None:
            state = own("state")
            self._folder = state and state / "statistics"
        return self._folder

    def add(self, day: str, counts: Mapping[Subject, Counters]) -> None:
        """Add counters to those of a day (``2026-11-27``). Raises :class:`OSError`."""
        folder = self.folder
        if folder is None or not counts:
            return
        with locked(folder / "lock", _LOCK_WAIT):
            if not self._tidied:
                self._tidied = True
                _tidy(folder)
            path = folder / f"{day}.json"
            try:
                before = _read(path)
            except FileNotFoundError:
                before = {}
            except ValueError:
                # Whoever wants to can look at it.
                os.replace(path, path.with_name(f"{path.name}.broken"))
                before = {}
            together = _bounded(added((before, counts)))
            private.replace(path, f"{json.dumps(rows(together), indent=1)}\n")

    def days(self, since: str = "") -> dict[str, Counts]:
        """Return the counters of each day from ``since`` on, in their order.

        What can't be read is left out, and so is a file that is named after no day.
        """
        found: dict[str, Counts] = {}
        for day, path in sorted(_files(self.folder)):
            if day >= since and path.suffix == ".json" and _is_day(day):
                with suppress(OSError, ValueError):
                    found[day] = _read(path)
        return found

    def clear(self) -> int:
        """Remove all counters; return of how many days there were any. Raises :class:`OSError`."""
        folder = self.folder
        if folder is None or not folder.is_dir():
            return 0
        with locked(folder / "lock", _LOCK_WAIT):
            files = list(_files(folder))
            for _, path in files:
                path.unlink(missing_ok=True)
        return len({day for day, _ in files})


def today() -> str:
    """Return the day by the user's own clock, as :meth:`CountersFile.add` takes it."""
    return _day(time.localtime())


def days_ago(count: int) -> str:
    """Return the day that was so many days ago."""
    now = time.localtime()
    # mktime takes a day of the month below 1 for one of the month before; at noon no change of the
    # clocks makes another day of it.
    return _day(time.localtime(time.mktime((*now[:2], now.tm_mday - count, 12, 0, 0, 0, 0, -1))))


def _is_day(text: str) -> bool:
    # Not at the head: the server doesn't ask.
    from datetime import date

    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _day(moment: time.struct_time) -> str:
    return time.strftime("%Y-%m-%d", moment)


def _files(folder: Path | None) -> Iterator[tuple[str, Path]]:
    """Yield the files with counters, and of which day each is."""
    with suppress(OSError):
        for path in folder.iterdir() if folder is not None else ():
            if found := _FILE.fullmatch(path.name):
                yield found[1], path


def _tidy(folder: Path) -> None:
    """Remove what is older than :data:`DAYS_KEPT` days."""
    oldest = days_ago(DAYS_KEPT)
    for day, path in list(_files(folder)):
        if day < oldest:
            with suppress(OSError):
                path.unlink()


def _read(path: Path) -> Counts:
    """Read the counters of a day. Raises :class:`OSError`; :class:`ValueError` if it has none."""
    with open(path, encoding="utf-8") as file:
        text = file.read(_LARGEST_FILE + 1)
    if len(text) > _LARGEST_FILE:
        raise ValueError("too large")
    try:
        content: Any = json.loads(text)
    except RecursionError:
        raise ValueError("too deep") from None
    return from_rows(content)


def _bounded(counts: Counts) -> Counts:
    """Return counters of so many subjects at the most, the rest under one name."""
    if len(counts) <= _SUBJECTS_KEPT:
        return counts
    subjects = list(counts)
    kept = {one: counts[one] for one in subjects[: _SUBJECTS_KEPT - 1]}
    others = ({_OTHERS: counts[one]} for one in subjects[_SUBJECTS_KEPT - 1 :])
    return added((kept, *others))
