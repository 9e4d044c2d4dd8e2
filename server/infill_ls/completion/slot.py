"""The slot: the one place where a generation runs, from its wait to its last piece.

The slot decides nothing. It starts and closes generations when the completer
(:mod:`infill_ls.completion.completer`) says so, and tells it of every piece and of the end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from infill_ls.completion.alignment import End
from infill_ls.completion.answer import MESSAGES
from infill_ls.completion.connection import Connection
from infill_ls.completion.generation import Generation
from infill_ls.completion.in_force import InForce
from infill_ls.completion.offers import Offers
from infill_ls.completion.pace import Pacing
from infill_ls.completion.status import Status
from infill_ls.completion.watch import watched
from infill_ls.errors import EngineError, InfillError
from infill_ls.logs import failure
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole, typed_since
from infill_ls.text.shape import Shape
from infill_ls.trim import Fill, fitted

log = logging.getLogger(__name__)

# s. Closing a call takes under 1 ms; a call that won't close must not block the next one for ever.
CLOSE_LIMIT: Final = 1.0
# s. VS Code asks again 40 ms after the key at which it cancels. A call that nobody wants is closed
# 250 ms after its cancel at the latest; the rest is for a busy machine.
GRACE: Final = 0.2


@dataclass(eq=False, slots=True)
class Running:
    """The generation that runs, and the hole that it is for by now.

    ``speculative``: it is for what comes after a fill, and nobody has asked for that yet.
    ``delivered``: the complete fill of this hole, once it has been given out; ``early``: some lines
    of it have been before that.
    """

    generation: Generation
    hole: Hole
    shape: Shape
    speculative: bool = False
    task: asyncio.Task[None] | None = None
    delivered: Fill | None = None
    early: bool = False

    @property
    def is_candidate(self) -> bool:
        """Whether it is a further candidate, for the request that waits alone."""
        return self.generation.seed is not None

    @property
    def is_unseen(self) -> bool:
        """Whether the engine was asked for somebody, who has nothing of the fill yet."""
        return self.generation.asked and not (self.speculative or self.delivered or self.early)

    def join(self, hole: Hole, shape: Shape) -> None:
        """Take a request that waits for it, at a hole further on."""
        self.hole, self.shape, self.speculative, self.delivered = hole, shape, False, None

    def follow(self, hole: Hole) -> None:
        """Go along with the cursor; before the engine is asked, the newest hole is the one."""
        if not self.generation.asked:
            self.generation = Generation(self.generation.uri, hole, self.generation.seed)
            self.hole = hole

    def tell(self, fill: Fill, offers: Offers) -> None:
        """Say whose fill this is, before it is offered or remembered, if a record is kept."""
        if offers.record is None:
            return
        began, outcome = self.generation.hole, self.generation.outcome(fill)
        text = (typed_since(began, self.hole) or "") + fill.text
        offers.written(self.generation.uri, began, text, outcome, ahead=self.speculative)

    def tokens_of(self, fill: Fill) -> tuple[End, ...]:
        """Return the tokens of a fill for its hole, where the engine tells."""
        return self.generation.tokens_of(fill.text, self.hole)

    def emptied_by(self, fill: Fill) -> str:
        """Return the filter that has left nothing of what was written; empty if none has."""
        return "" if fill.text else self.generation.emptied_by(self.hole, self.shape)

    def serves(self, uri: str, hole: Hole) -> bool:
        """Whether a request for a hole may join it.

        No request joins before the engine is asked, so that the debounce begins anew.
        """
        return self.generation.asked and self.agrees(uri, hole)

    def agrees(self, uri: str, hole: Hole) -> bool:
        """Whether what was typed up to a hole agrees with what has been written."""
        if uri != self.generation.uri or self.is_candidate:
            return False
        return self.generation.fill(hole, self.shape) is not None

    def whole_lines(self, fill: Fill) -> Fill:
        """Return the lines of a fill that are whole, for whoever can't wait for the rest.

        It is as if the model had ended there: what is shown has passed every filter. A candidate
        has none: there is another fill already.
        """
        if self.is_candidate:
            return Fill("")
        return fitted(fill.text.rpartition("\n")[0], self.hole, self.shape)

    def comes_after(self, uri: str, hole: Hole, fill: str) -> bool:
        """Whether it is for the hole behind this fill."""
        if uri != self.generation.uri or self.is_candidate or not fill:
            return False
        return self.generation.hole.surroundings == hole.after(fill).surroundings


class Slot:
    """Holds at most one generation.

    ``in_force`` has the settings of documents, ``pacing`` is told of calls of no use. ``advanced``
    is called after each piece and returns whether the fill is complete; ``ended`` is called with
    the generation that is over, if nobody has closed it, and what went wrong, if something did.
    """

    def __init__(
        self,
        connection: Connection,
        in_force: InForce,
        pacing: Pacing,
        status: Status,
        advanced: Callable[[Running], bool],
        ended: Callable[[Running, InfillError | None], None],
    ) -> None:
        self.running: Running | None = None
        self._connection = connection
        self._in_force = in_force
        self._pacing = pacing
        self._status = status
        self._advanced = advanced
        self._ended = ended
        self._closing: set[asyncio.Task[None]] = set()
        self._grace: asyncio.TimerHandle | None = None  # until what runs is closed
        self._last: Generation | None = None  # the one that asked last, for its prompt

    @property
    def is_asking(self) -> bool:
        """Whether the engine is asked, and so need not be got ready."""
        return self.running is not None and self.running.generation.asked

    def serving(self, uri: str, hole: Hole) -> Running | None:
        """Return what runs if a request for a hole may join it."""
        running = self.running
        return running if running is not None and running.serves(uri, hole) else None

    def start(
        self,
        generation: Generation,
        shape: Shape,
        *,
        wait: float = 0.0,
        speculative: bool = False,
    ) -> Running:
        """Run a generation, which asks the engine after ``wait`` s; the slot must be empty."""
        running = self.running = Running(generation, generation.hole, shape, speculative)
        settings = self._in_force.rules(generation.uri).settings
        running.task = asyncio.create_task(self._run(running, wait, settings), name="generation")
        return running

    def close(self) -> None:
        """Empty the slot; the engine sees the end of the call at once."""
        running, self.running = self.running, None
        if running is None:
            return
        assert running.task is not None
        if not running.task.done():
            running.task.cancel()
            self._closing.add(running.task)
            running.task.add_done_callback(self._closing.discard)

    def abandon(self, uri: str) -> None:
        """Empty the slot of what disagrees with what was typed; somebody's call was of no use.

        What something was shown of is judged by that. ``uri``: the document that is typed in; a
        call for another one tells nothing of it.
        """
        running = self.running
        if running is not None and running.is_unseen and running.generation.uri == uri:
            self._pacing.missed()
        self.close()

    def keep_only(self, uri: str, hole: Hole, fill: str) -> None:
        """Empty the slot unless it agrees with this hole, or comes after its fill."""
        running = self.running
        if running is not None and not (
            running.comes_after(uri, hole, fill) or running.agrees(uri, hole)
        ):
            self.close()

    def forget(self, uri: str) -> None:
        """Empty the slot if it holds a generation of this document, and forget its last one."""
        if self.running is not None and self.running.generation.uri == uri:
            self.close()
        if self._last is not None and self._last.uri == uri:
            self._last = None

    def close_candidate(self) -> None:
        """Empty the slot if it holds a further candidate."""
        if self.running is not None and self.running.is_candidate:
            self.close()

    def close_later(self) -> None:
        """Close what runs after a grace, which begins anew with each call."""
        self.keep()
        loop = asyncio.get_running_loop()
        self._grace = loop.call_later(GRACE, self._close_if, self.running)

    def keep(self) -> None:
        """Don't close what runs after all."""
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _close_if(self, running: Running | None) -> None:
        if running is self.running:
            self.close()

    async def until_closed(self) -> None:
        """Wait until the calls that were closed are gone, but not for ever."""
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_LIMIT)

    async def _run(self, running: Running, wait: float, settings: Settings) -> None:
        await asyncio.sleep(wait)
        # The engine never sees two calls at once.
        await self.until_closed()
        error: InfillError | None = None
        try:
            await self._ask(running, settings)
        except InfillError as problem:
            error = problem
        except Exception as problem:
            failure(log, "a completion failed", problem)
            error = EngineError(MESSAGES["problem"])
        if error is not None:
            await self._connection.failed(error)
        if self.running is running:
            self.running = None
            self._ended(running, error)

    async def _ask(self, running: Running, settings: Settings) -> None:
        """Ask the engine and listen until the fill is complete."""
        engine = await self._connection.ready()
        # After the wait: until the engine is asked, a generation may follow the cursor.
        generation = running.generation
        last, self._last = self._last, generation
        if last is not None and last.uri == generation.uri:
            generation.first_line, generation.declined = last.first_line, last.declined
        rates = self._connection.rates
        with self._status.asking():
            steps = generation.stream(engine, settings, rates)
            try:
                watch = watched(engine, generation, rates, self._connection.silence)
                async with watch, aclosing(steps):
                    async for _ in steps:
                        self._connection.works()
                        if self._advanced(running):
                            break
            finally:
                # Also of a call that was closed, and of the ones before one that failed.
                self._connection.learn(engine, generation.calls)
        generation.over = True
        self._connection.silence.over()
