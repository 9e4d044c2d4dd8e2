"""The one story of a completion: gate, recall, join or supersede, wait, ask, trim, remember.

Everything that is in flight lives here, and these are the rules:

1. There is one slot. It holds at most one generation, which belongs to a document. The next one
   asks the engine only when the call before it is closed, so that the engine never sees two.
2. At most one request waits. A newer one, in whatever document, supersedes it: the older is
   answered at once with nothing (reason ``superseded``).
3. A newer request joins the generation that runs if what was typed since agrees with what has
   been written; one that disagrees closes it and starts another. A change of the document that
   disagrees closes it too, unless a request waits.
4. A generation whose request was cancelled is closed unless another joins it within a grace,
   which begins anew with each cancel: VS Code cancels at every key and asks again.
5. A request that has waited for as long as the user should (``latencyMs``, or shortly before the
   editor gives up) gets the lines that are whole by then; one that has waited for as long as its
   plan allows gets nothing (``slow``). The generation goes on, and what it finds is remembered.
6. While a fill is shown, what would come after it is asked for; when it is accepted that goes
   on, or begins for the one of the fills that was accepted.
7. A manual request gets several different fills. The first is what the automatic answer would be,
   from memory or from the generation that rules 3 to 5 give it. Then further ones are drawn in the
   slot, one after the other; such a generation serves this request alone and ends with it. They
   stop when there are enough, after some draws, after some time, or when the document changes;
   what is there by then is the answer. All are remembered, and the first comes first again.
8. Only the request that waits is answered, from the generation that runs or from memory; so
   nothing older follows something newer. Every request gets exactly one answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from infill_ls.completion import policy
from infill_ls.completion.answer import MESSAGES, Answer, Outcome, Reason
from infill_ls.completion.connection import Connection
from infill_ls.completion.generation import Generation
from infill_ls.completion.offers import Offers
from infill_ls.completion.patience import EditorPatience
from infill_ls.completion.policy import Plan
from infill_ls.completion.recall import Recall
from infill_ls.completion.status import Status
from infill_ls.engines.engine import Engine
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import InfillError, ModelNotFound, NotRunning
from infill_ls.logs import TRACE
from infill_ls.prompt.build import SEED
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole, earlier_of, typed_since
from infill_ls.text.shape import Shape
from infill_ls.trim import Fill, fitted

log = logging.getLogger(__name__)

# s. Closing a call takes under 1 ms; a call that won't close must not block the next one for ever.
CLOSE_LIMIT: Final = 1.0
# s. VS Code asks again 40 ms after the key at which it cancels.
GRACE: Final = 0.25


@dataclass(eq=False, slots=True)
class _Waiter:
    """The request that waits."""

    uri: str
    hole: Hole
    plan: Plan
    answer: asyncio.Future[Answer]
    since: float  # s of the loop's clock
    fills: list[str]  # found so far, best first
    draws: int = 0  # complete fills that the engine gave for it
    new: bool = False  # whether the engine has written one of the fills
    outcome: Outcome | None = None
    late: bool = False  # it has waited for as long as the user should
    outdated: bool = False  # the document has changed since
    enough: bool = False  # it gets no further candidates

    @property
    def wants_more(self) -> bool:
        """Whether the engine should be asked for another candidate."""
        full = len(self.fills) >= self.plan.candidates or self.draws >= self.plan.draws
        return not (full or self.enough)

    def take(self, fill: str) -> bool:
        """Whether a fill is a new one; then it is one of the candidates."""
        if not fill or fill.rstrip() in (known.rstrip() for known in self.fills):
            return False
        self.fills.append(fill)
        self.new = True
        return True


@dataclass(eq=False, slots=True)
class _Running:
    """The generation that runs, and the hole that it is for by now."""

    generation: Generation
    hole: Hole
    shape: Shape
    ahead: bool = False  # it is for what comes after a fill, and nobody has asked for that yet
    task: asyncio.Task[None] | None = None
    delivered: Fill | None = None  # the complete fill of this hole, once it has been given out

    @property
    def is_candidate(self) -> bool:
        """Whether it is a further candidate, for the request that waits alone."""
        return self.generation.seed is not None

    def join(self, hole: Hole, shape: Shape) -> None:
        """Somebody waits for it now, at a hole further on."""
        self.hole, self.shape, self.ahead, self.delivered = hole, shape, False, None

    def follow(self, hole: Hole) -> None:
        """The cursor is at a hole further on; that one is asked for, if none has been yet."""
        if not self.generation.asked:
            self.generation = Generation(self.generation.uri, hole, self.generation.seed)
            self.hole = hole

    def serves(self, uri: str, hole: Hole) -> bool:
        """Whether a request for a hole may join it; none does before the engine was asked, so
        that the wait begins anew.
        """
        return self.generation.asked and self.agrees(uri, hole)

    def agrees(self, uri: str, hole: Hole) -> bool:
        """Whether it is of use at a hole in this document too."""
        if uri != self.generation.uri or self.is_candidate:
            return False
        return self.generation.fill(hole, self.shape) is not None

    def is_ahead(self, uri: str, hole: Hole, fill: str) -> bool:
        """Whether it is for what comes after a fill at the hole."""
        if uri != self.generation.uri or self.is_candidate or not fill:
            return False
        return self.generation.hole.surroundings == hole.after(fill).surroundings


class Completer:
    """Answers requests; see the rules above.

    ``connect`` gives the engine; it is asked again after a problem, so that an engine that was
    started meanwhile is noticed. ``measured`` keeps the engine's rates between sessions, ``status``
    is told how it goes.
    ``goes_ahead``: rule 6; without it the engine is busier for each character that is saved, not
    less (``make bench-levers``), so that no setting and no battery turns it off.
    """

    def __init__(
        self,
        connect: Callable[[Settings], Awaitable[Engine]],
        settings: Settings,
        measured: RatesFile | None = None,
        *,
        status: Status | None = None,
        goes_ahead: bool = True,
    ) -> None:
        self.settings = settings
        self._status = status or Status()
        self._goes_ahead = goes_ahead
        self._editor_patience = EditorPatience()
        self._connection = Connection(connect, settings, measured, self._status)
        self._recall = Recall()
        self.offers = Offers()
        self._seeds = count(SEED + 1)  # of candidates
        self._waiter: _Waiter | None = None
        self._running: _Running | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._grace: asyncio.TimerHandle | None = None  # until what runs is closed (rule 4)
        self._last: Generation | None = None  # the one that asked last, for its prompt

    @property
    def rates(self) -> Rates:
        """What the engine in use was seen to do."""
        return self._connection.rates

    async def complete(
        self, uri: str, hole: Hole, *, client: str = "", manual: bool = False
    ) -> Answer:
        """The answer to one request. ``hole`` is as the document was when the request came.

        Never raises but for :class:`asyncio.CancelledError`, when the client cancels.
        """
        plan = policy.plan(hole, self.settings, client=client, manual=manual)
        if manual:
            self._connection.forgive()
        self._answer("superseded")
        self._close_candidate()
        if plan == "disabled":
            return Answer(plan)
        if plan == "mid word":
            # Only a fill whose beginning has been typed, or accepted, is shown inside of a word.
            hole, known = self._known(uri, hole, "line")
            return self._recalled(uri, hole, known[:1]) if any(known) else Answer(plan)
        hole, known = self._known(uri, hole, plan.shape)
        fills = [fill for fill in known if fill]
        if len(fills) >= plan.candidates or (known and not manual):
            return self._recalled(uri, hole, fills[: plan.candidates])
        loop = asyncio.get_running_loop()
        waiter = _Waiter(uri, hole, plan, loop.create_future(), loop.time(), fills)
        self._waiter = waiter
        if fills:
            waiter.draws = 1
            self._close()
            self._draw(waiter)
        elif self._running is not None and self._running.serves(uri, hole):
            self._end_grace()
            self._running.join(hole, plan.shape)
            self._advance(self._running)
        else:
            self._close()
            self._start(uri, hole, plan.shape, plan.wait)
        return await self._wait(waiter)

    def _recalled(self, uri: str, hole: Hole, fills: Sequence[str]) -> Answer:
        """The answer from memory; what comes after it runs, or begins."""
        first = fills[0] if fills else ""
        self._keep_only_ahead(uri, hole, first)
        self._go_ahead(uri, hole, first)
        return Answer("recalled" if fills else "nothing", self.offers.make(uri, hole, fills))

    async def _wait(self, waiter: _Waiter) -> Answer:
        loop = asyncio.get_running_loop()
        latency = self._editor_patience.latency(waiter.plan.latency)
        deadline = loop.call_later(latency, self._be_late, waiter)
        enough = loop.call_later(policy.CANDIDATES_WAIT, self._have_enough, waiter)
        try:
            async with asyncio.timeout(waiter.plan.patience):
                return await asyncio.shield(waiter.answer)
        except TimeoutError:
            waiter.answer.cancel()
            return Answer("slow")
        except asyncio.CancelledError:
            if self._waiter is waiter:
                self._waiter = None
                self._close_candidate()
                if not waiter.outdated:
                    self._editor_patience.gave_up(loop.time() - waiter.since)
                self._end_grace()
                self._grace = loop.call_later(GRACE, self._close_unless_wanted, self._running)
            raise
        finally:
            deadline.cancel()
            enough.cancel()
            if self._waiter is waiter:
                self._waiter = None

    def document_changed(self, uri: str, holes: Iterable[Hole]) -> None:
        """A document changed; ``holes`` are where the cursor may be now.

        What runs for it and disagrees is closed at once: the editor may ask later, or not at all.
        A request that waits keeps its generation: it is answered from the document as it was.
        """
        if self.settings.enabled:
            self._connection.prepare()
        if self._waiter is not None and self._waiter.uri == uri:
            self._waiter.outdated = True
            self._have_enough(self._waiter)
        running = self._running
        if running is None or running.generation.uri != uri or self._waiter is not None:
            return
        for hole in holes:
            if running.agrees(uri, hole):
                running.follow(hole)
                return
            place, known = self._known(uri, hole, running.shape)
            if known and running.is_ahead(uri, place, known[0]):
                return
        self._close()

    def accept(self, number: object) -> None:
        """The fill of this offer was accepted: what comes after it is asked for.

        Mostly that runs already. What somebody has asked for is left alone, and a number that is
        none is no matter: the user has done nothing wrong.
        """
        offer = self.offers.accept(number)
        if offer is None or not self.settings.enabled or self._waiter is not None:
            return
        if self._running is None or self._running.ahead:
            self._keep_only_ahead(offer.uri, offer.hole, offer.fill)
            self._go_ahead(offer.uri, offer.hole, offer.fill)

    def close_document(self, uri: str) -> None:
        """The document is gone, and nobody waits for its fill any more."""
        self.offers.forget(uri)
        if self._waiter is not None and self._waiter.uri == uri:
            self._answer("closed")
        if self._running is not None and self._running.generation.uri == uri:
            self._close()

    async def warm(self) -> InfillError | None:
        """Find the engine and get it ready; what is in the way, if something is."""
        with self._status.loading():
            try:
                await self._connection.ready(ahead=True)
            except InfillError as error:
                self._status.fails(str(error))
                await self._connection.forget()
                return error
            self._status.works()
        return None

    async def reconfigure(self, settings: Settings) -> None:
        """New settings: what was computed under the old ones is forgotten."""
        self._answer("superseded")
        self._close()
        self.settings = settings
        self._recall = Recall()
        self._status.works()
        self._status.turned(off=not settings.enabled)
        await self._connection.reconfigure(settings)

    def turn(self, *, on: bool) -> None:
        """Turn completion on or off; the engine and what was computed are kept."""
        if not on:
            self._answer("disabled")
            self._close()
        self.settings = replace(self.settings, enabled=on)
        self._status.turned(off=not on)

    async def aclose(self) -> None:
        """End what is in flight and let the engine go."""
        self._answer("cancelled")
        self._close()
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_LIMIT)
        await self._connection.aclose()

    # Memory

    def _known(self, uri: str, hole: Hole, shape: Shape) -> tuple[Hole, Sequence[str]]:
        """What memory has for a hole, best first, and the hole that it is to be put into.

        One empty fill if there is nothing to show, none if nothing is known. The editor may have
        closed a bracket right of the hole. Or what was typed is the beginning of a fill that was
        to be a line above the rest of this one: then its line end has still to come.
        """
        known = self._recall.find_all(uri, hole)
        if known:
            return hole, tuple(map(hole.shortened, known))
        for before in earlier_of(hole):
            known = self._recall.find_all(uri, before, typed=1)
            if known:
                fits = dict.fromkeys(fitted(fill, hole, shape).text for fill in known)
                return hole, [fill for fill in fits if fill]
        if not hole.opens_line and not hole.at_line_start and hole.rest_of_line.strip():
            below = f"\n{hole.indentation}{hole.suffix}"
            above = replace(hole, suffix=below, opens_line=True)
            known = self._recall.find_all(uri, above, typed=1)
            if any(fill.strip() for fill in known):
                return above, known
        return hole, ()

    # The slot

    def _start(
        self, uri: str, hole: Hole, shape: Shape, wait: float, seed: int | None = None
    ) -> None:
        running = _Running(Generation(uri, hole, seed), hole, shape)
        running.task = asyncio.create_task(self._run(running, wait), name="generation")
        self._running = running

    def _close(self) -> None:
        """Empty the slot; the engine sees the end of the call at once."""
        running, self._running = self._running, None
        if running is None:
            return
        assert running.task is not None
        if not running.task.done():
            running.task.cancel()
            self._closing.add(running.task)
            running.task.add_done_callback(self._closing.discard)

    def _draw(self, waiter: _Waiter) -> None:
        """Ask for a further candidate. Another seed each time, also when the user asks again."""
        self._start(waiter.uri, waiter.hole, waiter.plan.shape, 0.0, next(self._seeds))

    def _close_candidate(self) -> None:
        if self._running is not None and self._running.is_candidate:
            self._close()

    def _close_unless_wanted(self, running: _Running | None) -> None:
        if running is not None and running is self._running and self._waiter is None:
            self._close()

    def _end_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _keep_only_ahead(self, uri: str, hole: Hole, fill: str) -> None:
        """Memory has the answer: what runs is of use only if it is for what comes after it."""
        running = self._running
        if running is not None and not (
            running.is_ahead(uri, hole, fill) or running.agrees(uri, hole)
        ):
            self._close()

    async def _run(self, running: _Running, wait: float) -> None:
        """A generation's life, from the wait to what comes after it."""
        error = await self._attempt(running, wait)
        if self._running is not running:
            return
        self._running = None
        if error is not None:
            if self._waiter is not None and self._waiter.fills:
                self._settle(self._waiter)
            self._answer("problem", error=error if isinstance(error, InfillError) else None)
            return
        fill = running.delivered or running.generation.fill(running.hole, running.shape)
        if fill is None:
            return
        if running.delivered is None:
            self._deliver(running, fill)
        if self._waiter is not None and self._waiter.wants_more:
            self._draw(self._waiter)
        elif not (running.ahead or running.is_candidate):
            self._go_ahead(running.generation.uri, running.hole, fill.text)

    async def _attempt(self, running: _Running, wait: float) -> Exception | None:
        """Ask and listen until the fill is complete; what went wrong, if something did."""
        await asyncio.sleep(wait)
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_LIMIT)
        try:
            engine = await self._connection.ready()
            generation = running.generation
            last, self._last = self._last, generation
            if last is not None and last.uri == generation.uri:
                generation.first_line, generation.declined = last.first_line, last.declined
            with self._status.asking():
                rates = self.rates
                try:
                    steps = generation.stream(engine, self.settings, rates)
                    async with aclosing(steps):
                        async for _ in steps:
                            self._status.works()
                            if self._advance(running):
                                break
                finally:
                    # Also of a call that was closed, and of the ones before one that failed.
                    for call in generation.calls:
                        rates.take(call)
            generation.over = True
        except InfillError as error:
            self._status.fails(str(error))
            if isinstance(error, NotRunning | ModelNotFound):
                # Look again at the next request: it may be there then.
                await self._connection.forget()
            return error
        except Exception as error:
            self._status.fails(MESSAGES["problem"])
            log.error("a completion failed: %s", type(error).__name__)
            log.log(TRACE, "a completion failed", exc_info=True)
            return error
        return None

    def _advance(self, running: _Running) -> bool:
        """More has been written, or a request has joined; whether the fill is complete."""
        if running.delivered is not None:
            return True
        fill = running.generation.fill(running.hole, running.shape)
        if fill is None:
            # What was typed before the engine had written anything was something else.
            self._close()
            if self._waiter is not None:
                plan = self._waiter.plan
                self._start(self._waiter.uri, self._waiter.hole, plan.shape, 0.0)
            return True
        if fill.complete:
            self._deliver(running, fill)
            return True
        if self._waiter is not None and self._waiter.late and not running.is_candidate:
            # As if the model had ended there: what is shown has passed every filter.
            lines = fitted(fill.text.rpartition("\n")[0], running.hole, running.shape)
            if lines.text:
                outcome = running.generation.outcome(lines)
                self._answer("fill", [lines.text], outcome)
        return False

    def _deliver(self, running: _Running, fill: Fill) -> None:
        running.delivered = fill
        generation, waiter = running.generation, self._waiter
        if not running.is_candidate:
            self._recall.remember(generation.uri, running.hole, fill.text)
            typed = typed_since(generation.hole, running.hole)
            if typed and fill.text:
                self._recall.remember(generation.uri, generation.hole, typed + fill.text)
        if waiter is None:
            return
        waiter.draws += 1
        waiter.outcome = waiter.outcome or generation.outcome(fill)
        if waiter.take(fill.text) and running.is_candidate:
            if len(waiter.fills) == 1:
                self._recall.remember(waiter.uri, waiter.hole, fill.text)
            else:
                self._recall.add(waiter.uri, waiter.hole, fill.text)
        if not waiter.wants_more:
            self._settle(waiter)

    def _have_enough(self, waiter: _Waiter) -> None:
        """No more candidates for this request; it is answered if its first fill is there."""
        waiter.enough = True
        if waiter is self._waiter and (waiter.fills or waiter.draws):
            self._settle(waiter)

    def _settle(self, waiter: _Waiter) -> None:
        """Answer the request that waits with what was found for it."""
        fills = waiter.fills
        reason: Reason = "fill" if waiter.new else "recalled" if fills else "nothing"
        self._answer(reason, fills, waiter.outcome)
        self._close_candidate()
        if fills:
            self._go_ahead(waiter.uri, waiter.hole, fills[0])

    def _answer(
        self,
        reason: Reason,
        fills: Sequence[str] = (),
        outcome: Outcome | None = None,
        error: InfillError | None = None,
    ) -> None:
        """Answer the request that waits, if one does."""
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.answer.done():
            return
        offers = self.offers.make(waiter.uri, waiter.hole, fills)
        waiter.answer.set_result(Answer(reason, offers, error, outcome))

    def _be_late(self, waiter: _Waiter) -> None:
        waiter.late = True
        if waiter is self._waiter and self._running is not None:
            self._advance(self._running)

    def _go_ahead(self, uri: str, hole: Hole, fill: str) -> None:
        """A fill is shown: ask for what comes after it, unless that is known."""
        if self._running is not None or not fill or not self._goes_ahead:
            return
        after = hole.after(fill)
        if self._recall.find(uri, after) is None:
            self._start(uri, after, policy.shape(after, self.settings.multiline), 0.0)
            assert self._running is not None
            self._running.ahead = True
