"""What the setting ``stats`` asks for: what becomes of fills is counted, and kept on this machine.

The counters are written some seconds after something was counted, in a thread, so that a slow disk
keeps nobody waiting. While nothing happens there is no timer either.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from infill_ls.settings import Settings
from infill_ls.text.hole import Hole

if TYPE_CHECKING:
    from infill_ls.completion.counts import CountsOfSession
    from infill_ls.completion.offers import Offer
    from infill_ls.counters import Counts
    from infill_ls.counters_file import CountersFile

log = logging.getLogger(__name__)

# s. Helix kills its servers when it leaves, and what isn't written by then is lost.
WRITE_AFTER: Final = 20.0
# s. For so long the end of a session waits for the disk.
_AT_THE_END: Final = 2.0


class Statistics:
    """Counts what becomes of the fills of a session, unless the user doesn't want that.

    ``lines_of`` returns the lines of an open document, None of another one.
    """

    def __init__(self, lines_of: Callable[[str], Sequence[str] | None]) -> None:
        self._lines_of = lines_of
        self._counts: CountsOfSession | None = None
        self._file: CountersFile | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._writing: threading.Thread | None = None
        self._failing = False

    def take(self, settings: Settings) -> None:
        """Do what these settings ask for from now on; what isn't written yet may be dropped."""
        if not settings.stats:
            self._counts = None
            self._stop()
        elif self._counts is None:
            # Not at the head: the editor need not wait for it before its initialize is answered.
            from infill_ls.completion.counts import CountsOfSession
            from infill_ls.counters_file import CountersFile

            self._counts, self._file = CountsOfSession(self._lines_of), CountersFile()

    def asked(self, uri: str, hole: Hole) -> None:
        """Take note of a request."""
        if self._counts is not None:
            self._counts.asked(uri, hole, _now())

    def shown(self, offers: Sequence[Offer], source: tuple[str, str], since: float) -> None:
        """Count a fill that is given to the editor.

        ``offers``: its candidates, one at least. ``source``: names of the engine and its model.
        ``since``: when it was asked for, in s of the loop's clock.
        """
        if self._counts is not None:
            engine, model = source
            now = _now()
            ms = (now - since) * 1000
            self._counts.shown(offers, engine=engine, model=model, ms=ms, now=now)
            self._write_later()

    def put_in(self, uri: str, texts: Sequence[str]) -> None:
        """Take note of a change of a document: of the texts that were put in."""
        if self._counts is not None:
            self._counts.put_in(uri, texts)

    def accepted(self, number: object) -> None:
        """Count an offer that was accepted."""
        if self._counts is not None:
            self._counts.accepted(number, _now())
            self._write_later()

    def closing(self, uri: str) -> None:
        """Take note of a document that is about to be closed."""
        if self._counts is not None:
            self._counts.closing(uri, _now())
            self._write_later()

    def close(self) -> None:
        """Write what isn't written yet at the session's end; wait for it, but not for ever."""
        self._stop()
        if self._counts is not None:
            if self._writing is not None:
                self._writing.join(_AT_THE_END)
            self._counts.end(_now())
            self._write()
            if self._writing is not None:
                self._writing.join(_AT_THE_END)

    def _write_later(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(WRITE_AFTER, self._write_now)

    def _write_now(self) -> None:
        self._timer = None
        if self._counts is None:
            return
        self._counts.settle(_now())
        self._write()
        # Also where the thread before is still at it.
        if self._counts.waits:
            self._write_later()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write(self) -> None:
        """Have a thread write what was counted, unless one is still at it."""
        assert self._counts is not None
        assert self._file is not None
        if self._writing is not None and self._writing.is_alive():
            return
        counts = self._counts.take()
        if not counts:
            return
        loop = asyncio.get_running_loop()
        thread = threading.Thread(
            target=self._add, args=(self._file, counts, loop), daemon=True, name="statistics"
        )
        try:
            thread.start()
        except RuntimeError:
            # The system gives no thread.
            self._counts.put_back(counts)
        else:
            self._writing = thread

    def _add(self, file: CountersFile, counts: Counts, loop: asyncio.AbstractEventLoop) -> None:
        from infill_ls.counters_file import today

        why = None
        try:
            file.add(today(), counts)
        except OSError as error:
            why = error.strerror or type(error).__name__
        # Where the loop is over, so is the session.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._written, counts, why)

    def _written(self, counts: Counts, why: str | None) -> None:
        """Take back what could not be written; ``why`` it couldn't, None if it was."""
        if why is not None and not self._failing:
            log.warning("the statistics can't be written: %s", why)
        self._failing = why is not None
        if why is not None and self._counts is not None:
            # With what is counted next.
            self._counts.put_back(counts)


def _now() -> float:
    """s of the loop's clock."""
    return asyncio.get_running_loop().time()
