"""What the settings ``recitation`` and ``audit`` ask for: fills are judged and put on record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from infill_ls.errors import RecitationError
from infill_ls.lsp.translate import path_of
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole

if TYPE_CHECKING:
    from infill_ls.audit import Audit
    from infill_ls.completion.offers import Offers
    from infill_ls.project.recitation import Filter


class Compliance:
    """Judges and records what the offers of a session show.

    ``warn``: shows the user a warning. ``file_of``: returns the URI of a document's file.
    """

    def __init__(self, warn: Callable[[str], None], file_of: Callable[[str], str]) -> None:
        self._warn = warn
        self._file_of = file_of
        self._filter: Filter | None = None
        self._audit: Audit | None = None
        self._settings = Settings()

    def take(self, settings: Settings, offers: Offers) -> None:
        """Do what these settings ask for from now on."""
        before, self._settings = self._settings, settings
        if settings.recitation != before.recitation:
            self._filter, offers.file_for = None, None
            if settings.recitation is not None:
                # Not at the head: hardly anybody needs it.
                from infill_ls.project.recitation import Filter

                self._filter, offers.file_for = Filter(settings.recitation), self._file_for
        if settings.audit != before.audit:
            if self._audit is not None:
                # The disk may hang.
                asyncio.get_running_loop().run_in_executor(None, self._audit.close)
            self._audit, offers.record = None, None
            if settings.audit is not None:
                from infill_ls.audit import Audit

                loop = asyncio.get_running_loop()

                def tell(text: str) -> None:
                    loop.call_soon_threadsafe(self._warn, text)

                self._audit, offers.record = Audit(settings.audit, tell), self._record

    def problem(self) -> RecitationError | None:
        """Return why nothing may be shown now; None if fills can be judged, or need not be."""
        return self._filter.problem() if self._filter is not None else None

    def close(self) -> None:
        """Write what the record still lacks."""
        if self._audit is not None:
            self._audit.close()

    def _file_for(self, uri: str, hole: Hole, fill: str) -> str:
        assert self._filter is not None
        return self._filter.file_for(path_of(self._file_of(uri)), hole.prefix, fill, hole.right)

    def _record(self, entry: dict[str, Any]) -> None:
        assert self._audit is not None
        # Before it is saved a document has no path.
        files = map(self._file_of, entry["files"])
        self._audit.write({**entry, "files": [path_of(file) or file for file in files]})
