"""What became of fills, kept beside the counters, for the sessions to come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from infill_ls import private
from infill_ls.counters_file import CountersFile
from infill_ls.experience import Experience
from infill_ls.locks import locked

_FILE_NAME: Final = "experience.json"
# Bytes. All places that are kept have 30 KB.
_MOST_KEPT: Final = 200_000
# s. For so long another process may be at it.
_LOCK_LIMIT: Final = 1.0


class ExperienceFile:
    """The file. ``folder``: where it is; None for the user's own place."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @property
    def path(self) -> Path | None:
        """Where it is; None if nobody knows where the user's home is."""
        folder = self._folder or CountersFile().folder
        return folder and folder / _FILE_NAME

    def read(self) -> Experience:
        """Return what it has; nothing where it isn't there or makes no sense."""
        try:
            return _read(self.path) if self.path is not None else Experience()
        except (OSError, ValueError, RecursionError):
            return Experience()

    def add(self, experience: Experience) -> None:
        """Add to what it has; what makes no sense there is replaced. Raises :class:`OSError`."""
        path = self.path
        if path is None or not experience:
            return
        with locked(path.with_name("lock"), _LOCK_LIMIT):
            together = self.read()
            together.add(experience)
            private.replace(path, f"{json.dumps(together.rows(), indent=1)}\n")

    def clear(self) -> None:
        """Remove it. Raises :class:`OSError`."""
        path = self.path
        if path is not None and path.exists():
            with locked(path.with_name("lock"), _LOCK_LIMIT):
                path.unlink(missing_ok=True)


def _read(path: Path) -> Experience:
    with open(path, encoding="utf-8") as file:
        text = file.read(_MOST_KEPT + 1)
    if len(text) > _MOST_KEPT:
        raise ValueError("too large")
    return Experience.from_rows(json.loads(text))
