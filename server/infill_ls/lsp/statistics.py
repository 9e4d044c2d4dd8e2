"""What the setting ``stats`` asks for: what becomes of fills is counted, and kept on this machine.

The counters are written some seconds after something was counted, in a thread, so that a slow disk
keeps nobody waiting. While nothing happens there is no timer either.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from infill_ls.settings import Settings
from infill_ls.text.hole import Hole
from infill_ls.threads import in_thread

if TYPE_CHECKING:
    from infill_ls.completion.counts import CountsOfSession
    from infill_ls.completion.offers import Offer
    from infill_ls.counters import Counts
    from infill_ls.counters_file import CountersFile
    from infill_ls.experience import Experience

log = logging.getLogger(__name__)

# s. Helix kills its servers when it leaves, and what isn't written by then is lost.
WRITE_AFTER: Final = 20.0
# s. What can't be written is tried again after twice as long as the time before, this at the most.
_TRIED_AGAIN: Final = 3600.0


class Statistics:
    """Counts what becomes of the fills of a session, unless the user doesn't want that.

    ``lines_of`` returns the lines of an open document, None of another one.
    """

    def __init__(self, lines_of: Callable[[str], Sequence[str] | None]) -> None:
        self._lines_of = lines_of
        self._counts: CountsOfSession | None = None
        self._file: CountersFile | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Future[None] | None = None
        self._failed = 0  # how often in a row it couldn't be written
        self._closed = False

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
            # The system may give no thread.
            with suppress(RuntimeError):
                loop, into = asyncio.get_running_loop(), self._counts.experience
                in_thread(partial(_load, self._file, into, loop), "statistics")

    def shift(self, kind: str, language: str) -> float:
        """Return by how much the threshold of such places is moved, by what became of fills."""
        return self._counts.shift(kind, language) if self._counts is not None else 0.0

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

    async def close(self, limit: float) -> None:
        """Write what isn't written yet at the session's end, and wait for it for so many s.

        The loop goes on meanwhile. What isn't written by then is tried again when this is called
        the next time.
        """
        self._closed = True
        self._stop()
        if self._counts is None:
            return
        self._counts.end(_now())
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._at_rest()
                self._write()
                await self._at_rest()

    async def _at_rest(self) -> None:
        if self._writing is not None:
            await asyncio.wait({self._writing})

    def _write_later(self, after: float = WRITE_AFTER) -> None:
        loop = asyncio.get_running_loop()
        # What is counted meanwhile is no reason to wait longer.
        if self._closed or (self._timer and self._timer.when() <= loop.time() + after):
            return
        self._stop()
        self._timer = loop.call_later(after, self._write_now)

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
        if self._writing is not None and not self._writing.done():
            return
        counts, learnt = self._counts.take(), self._counts.take_learnt()
        if not counts:
            return
        try:
            self._writing = in_thread(partial(_add, self._file, counts, learnt), "statistics")
        except RuntimeError:
            # The system gives no thread.
            self._counts.put_back(counts, learnt)
        else:
            self._writing.add_done_callback(partial(self._written, counts, learnt))

    def _written(self, counts: Counts, learnt: Experience, writing: asyncio.Future[None]) -> None:
        """Take back what could not be written, and try it again later."""
        error = writing.exception()
        if error is None:
            self._failed = 0
            return
        if not self._failed:
            why = getattr(error, "strerror", None) or type(error).__name__
            log.warning("the statistics can't be written: %s", why)
        self._failed += 1
        if self._counts is not None:
            # With what is counted next.
            self._counts.put_back(counts, learnt)
            self._write_later(min(WRITE_AFTER * 2**self._failed, _TRIED_AGAIN))


def _load(file: CountersFile, into: Experience, loop: asyncio.AbstractEventLoop) -> None:
    """Load what became of fills in earlier sessions, in a thread; the loop takes it."""
    from infill_ls.experience_file import ExperienceFile

    loop.call_soon_threadsafe(into.add, ExperienceFile(file.folder).read())


def _add(file: CountersFile, counts: Counts, learnt: Experience) -> None:
    from infill_ls.counters_file import today
    from infill_ls.experience_file import ExperienceFile

    file.add(today(), counts)
    # The counters are written by now, and must not be once more.
    with suppress(OSError):
        ExperienceFile(file.folder).add(learnt)


def _now() -> float:
    """s of the loop's clock."""
    return asyncio.get_running_loop().time()
