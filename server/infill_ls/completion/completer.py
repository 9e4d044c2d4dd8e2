"""Answers requests: the only room that decides what becomes of what is in flight.

These are the rules:

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
6. While a fill is shown, what would come after it is asked for; this is called speculation. When
   the fill is accepted that goes on, or begins for the one of the fills that was accepted.
7. A manual request gets several different fills. The first is what the automatic answer would be.
   Then further ones are drawn in the slot, one after the other; such a candidate serves this
   request alone and ends with it. They stop when there are enough, after some draws, after some
   time, or when the document changes; what is there by then is the answer. All are remembered.
8. Only the request that waits is answered, from the generation that runs or from memory; so
   nothing older follows something newer. Every request gets exactly one answer.
9. Unless asked for by hand a fill is shown up to the first line that the model isn't sure of; if
   that is its first, it is not (``unsure``). All is remembered, and each rest is judged anew; what
   was shown of it stays while it is typed.
10. Each document has rules of its own: settings, and whether it is excluded. When they change, what
   was computed for it under others is forgotten, unless its fills are the same by both.

And this is the table of them. A generation *serves* a hole if the engine has been asked and what
was typed agrees; it *agrees* also before the engine was asked; it *comes after* a fill if it is
for the hole behind that. "Answer" means the request that waits, if one does.

====  =========================  ===========  ===================  ================================
row   event                      who waits    the slot has         what happens
====  =========================  ===========  ===================  ================================
a1    a request, whatever it is  another      anything             answer that one: superseded
a2    a request that is refused  nobody       anything             refuse it, leave the slot
a3    a request that memory has  nobody       agrees, comes after  give the fill, leave the slot
a4    a request that memory has  nobody       nothing, other       give the fill, close, speculate
a5    any other request          nobody       serves               join it
a6    any other request          nobody       nothing, other       close, start after the debounce
a7    any but one by hand        nobody       the engine rests     answer: the problem
a8    a request that memory has  nobody       anything             not sure: as a3, a4, but unsure
b1    the client cancels         it           a candidate          close it
b2    the client cancels         it           any other            close it after the grace
c1    the document changes       for it       anything             no further candidates
c2    the document changes       nobody       agrees, comes after  leave it; follow, if not asked
c3    the document changes       nobody       other                close it
d1    a piece comes              anybody      disagrees by now     close it, start for who waits
d2    a piece comes              who is late  whole lines          answer with those
d3    a piece comes              anybody      a complete fill      remember it, answer with it
d4    a piece comes              it           an unsure fill       remember it, answer: unsure
e1    the slot ends              wants more   a fill               draw a candidate
e2    the slot ends              nobody       a fill               speculate
e3    the slot fails             has fills    an error             answer with the fills
e4    the slot fails             has none     an error             answer: the problem
e5    the slot is silent         anybody      too long unheard     as when it fails
f1    the latency is over        it           whole lines          answer with those
f2    the patience is over       it           anything             answer: slow, leave the slot
f3    enough time for draws      has fills    a candidate          answer with the fills, close it
g1    a fill is accepted         a request    anything             nothing
g2    a fill is accepted         nobody       speculative, nothing keep what comes after, or start
h1    a document is closed       for it       its own              answer: closed; close
h2    other settings of fills    anybody      anything             answer: superseded; close
h3    turned off                 anybody      anything             answer: disabled; close
i1    a document is excluded     for it       its own              answer: excluded; close
i2    others for its fills       for it       its own              answer: superseded; close
i3    turned off for it          for it       its own              answer: disabled; close
i4    a secret at the cursor     nobody       follows it           close it
====  =========================  ===========  ===================  ================================
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from infill_ls.completion import policy
from infill_ls.completion.ahead import Ahead
from infill_ls.completion.answer import Answer, Reason
from infill_ls.completion.connection import Connection
from infill_ls.completion.generation import Generation
from infill_ls.completion.in_force import InForce, changes_fills
from infill_ls.completion.offers import Offers
from infill_ls.completion.pace import Pacing
from infill_ls.completion.patience import EditorPatience
from infill_ls.completion.recall import Recall
from infill_ls.completion.showing import Showing
from infill_ls.completion.slot import Running, Slot
from infill_ls.completion.status import Status
from infill_ls.completion.waiter import Waiter
from infill_ls.engines.engine import Engine
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import InfillError
from infill_ls.project.rules import Rules
from infill_ls.prompt.build import SEED
from infill_ls.prompt.secrets import stands_in
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole
from infill_ls.trim import Fill


class Completer:
    """Answers requests by the rules above.

    ``connect`` gives the engine, ``rates_file`` keeps its rates between sessions, ``status`` is
    told how it goes. ``speculates``: rule 6.
    """

    def __init__(
        self,
        connect: Callable[[Settings], Awaitable[Engine]],
        settings: Settings,
        rates_file: RatesFile | None = None,
        *,
        status: Status | None = None,
        speculates: bool = True,
    ) -> None:
        self.in_force, self.offers, self._recall = InForce(settings), Offers(), Recall()
        self._status, self._patience, self._pacing = status or Status(), EditorPatience(), Pacing()
        self.connection = Connection(connect, settings, rates_file, self._status)
        self._slot = Slot(
            self.connection, self.in_force, self._pacing, self._status, self._advance, self._end
        )
        self._ahead = Ahead(self._slot, self._recall, self.offers, self.in_force, asks=speculates)
        self.showing = Showing(
            self.offers, self._recall, self._pacing, self.connection, self.in_force
        )
        self._seeds = count(SEED + 1)  # of candidates
        self._waiter: Waiter | None = None

    @property
    def settings(self) -> Settings:
        """The settings of all documents that have none of their own."""
        return self.in_force.settings

    async def complete(
        self, uri: str, hole: Hole, *, waited: float = 0.0, manual: bool = False
    ) -> Answer:
        """Answer one request. ``hole`` is as the document was when the request came.

        ``waited``: how long the editor has waited since the last key, in s.
        Never raises but for :class:`asyncio.CancelledError`, when the client cancels.
        """
        rules, pace = self.in_force.rules(uri), self._pacing.at(uri, hole, self.connection.rates)
        plan = policy.plan(
            hole, rules.settings, rules.excluded, pace=pace, waited=waited, manual=manual
        )
        if manual:
            self.connection.forgive()
        self._answer("superseded")
        self._slot.close_candidate()
        if plan == "disabled" or plan == "excluded" or plan == "secret":
            return Answer(plan, pattern=rules.excluded)
        if plan == "mid word":
            # Only a fill whose beginning has been typed, or accepted, is shown inside of a word.
            hole, known = self._recall.known(uri, hole, "line")
            return self._from_memory(uri, hole, known[:1], manual) if any(known) else Answer(plan)
        hole, known = self._recall.known(uri, hole, plan.shape)
        fills = [fill for fill in known if fill]
        if len(fills) >= plan.candidates or (known and not manual):
            return self._from_memory(uri, hole, fills[: plan.candidates], manual)
        joined = self._slot.serving(uri, hole)
        if joined is None and (refusal := self.connection.refusal()):
            return Answer.of("problem", error=refusal)
        waiter = self._waiter = Waiter.arriving(uri, hole, plan, fills)
        if fills:
            waiter.draws = 1
            self._slot.close()
            self._draw(waiter)
        elif joined is not None:
            self._slot.keep()
            joined.join(hole, plan.shape)
            self._advance(joined)
        else:
            self._slot.abandon(uri)
            self._slot.start(Generation(uri, hole), plan.shape, wait=plan.wait)
        return await self._wait(waiter)

    def _from_memory(self, uri: str, hole: Hole, fills: Sequence[str], manual: bool) -> Answer:
        """Answer from memory; what comes after the fill goes on, or is asked for."""
        reason: Reason = "recalled" if fills else "nothing"
        answer = self.showing.answer(reason, (uri, hole), fills, manual)
        self._ahead.go_on(uri, hole, answer.shown)
        return answer

    async def _wait(self, waiter: Waiter) -> Answer:
        """Wait for the answer, as long as the plan of the request allows."""
        try:
            return await waiter.answered(self._patience, self._be_late, self._have_enough)
        except asyncio.CancelledError:
            self._cancelled(waiter)
            raise
        finally:
            if self._waiter is waiter:
                self._waiter = None

    def _cancelled(self, waiter: Waiter) -> None:
        """The client wants no answer any more; what runs is closed unless somebody joins it."""
        if self._waiter is not waiter:
            return
        self._waiter = None
        self._slot.close_candidate()
        if not (waiter.outdated or waiter.is_manual):
            self._patience.gave_up(asyncio.get_running_loop().time() - waiter.since)
        self._slot.close_later()

    def _be_late(self, waiter: Waiter) -> None:
        """Give a request that has waited long enough the lines that are whole."""
        waiter.late = True
        if waiter is self._waiter and self._slot.running is not None:
            self._advance(self._slot.running)

    def _have_enough(self, waiter: Waiter) -> None:
        """Draw no more candidates for a request; answer it if its first fill is there."""
        waiter.enough = True
        if waiter is self._waiter and (waiter.fills or waiter.draws):
            self._settle(waiter)

    def _settle(self, waiter: Waiter) -> None:
        """Answer the request that waits with what was found for it."""
        fills = waiter.fills
        reason: Reason = "fill" if waiter.new else "recalled" if fills else "nothing"
        shown = self._answer(reason, fills, outcome=waiter.outcome)
        self._slot.close_candidate()
        if shown and self._slot.running is None:
            self._ahead.go_on(waiter.uri, waiter.hole, shown)

    def _answer(self, reason: Reason, fills: Sequence[str] = (), **found: Any) -> str:
        """Answer the request that waits, if one does; return the fill that is shown."""
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.answer.done():
            return ""
        answer = self.showing.answer(reason, waiter.place, fills, waiter.is_manual, **found)
        waiter.answer.set_result(answer)
        return answer.shown

    def use(self, uri: str, rules: Rules) -> None:
        """Take what counts for a document from now on."""
        if reason := self.in_force.use(uri, rules):
            if reason != "disabled":
                self._recall.forget(uri)
            self._drop(uri, reason)

    def _drop(self, uri: str, reason: Reason) -> None:
        """End what is in flight for a document, and forget what was shown in it."""
        if self._waiter is not None and self._waiter.uri == uri:
            self._answer(reason)
        self._slot.forget(uri)
        self.offers.forget(uri)

    def document_changed(self, uri: str, holes: Iterable[Hole]) -> None:
        """Take note of a change; ``holes`` are where the cursor may be now.

        What runs for the document and disagrees is closed at once: the editor may ask later, or
        not at all. A request that waits is answered from the document as it was.
        """
        if self.in_force.rules(uri).allow and not self._slot.is_asking:
            self.connection.prepare()
        if self._waiter is not None and self._waiter.uri == uri:
            self._waiter.outdated = True
            self._have_enough(self._waiter)
        running = self._slot.running
        if running is None or running.generation.uri != uri or self._waiter is not None:
            return
        for hole in holes:
            if running.agrees(uri, hole) and not stands_in(hole):
                running.follow(hole)
                return
            filled, known = self._recall.known(uri, hole, running.shape)
            if known and running.comes_after(uri, filled, known[0]):
                return
        self._slot.abandon(uri)

    def accept(self, number: object) -> None:
        """Take note that the fill of this offer was accepted, and ask for what comes after it.

        Mostly that runs already. What somebody has asked for is left alone, and a number that is
        none is no matter: the user has done nothing wrong.
        """
        offer = self.offers.accept(number)
        if offer is None:
            return
        self._pacing.accepted()
        if self._waiter is not None or not self.in_force.rules(offer.uri).allow:
            return
        if (running := self._slot.running) is None or running.speculative:
            self._ahead.go_on(offer.uri, offer.hole, offer.fill)

    def close_document(self, uri: str) -> None:
        """Forget a document that the editor has closed; nobody waits for its fill any more."""
        self._drop(uri, "closed")
        self.in_force.forget(uri)

    async def reconfigure(self, settings: Settings) -> bool:
        """Use other settings from now on; return whether another engine is used now.

        What was computed under the old ones is forgotten if they change the engine or its fills.
        """
        before, self.in_force.settings = self.settings, settings
        another = self.connection.is_for_other(settings)
        if another or changes_fills(before, settings):
            self._answer("superseded")
            self._slot.close()
            self._recall.clear()
            # What was in the way may be out of it.
            self._status.works()
        self.turn(on=settings.enabled)
        await self.connection.reconfigure(settings)
        return another

    def turn(self, *, on: bool) -> None:
        """Turn completion on or off; the engine and what was computed are kept."""
        if not on:
            self._answer("disabled")
            self._slot.close()
            self.connection.rest()
        self.in_force.settings = replace(self.settings, enabled=on)
        self._status.turned(off=not on)

    async def aclose(self) -> None:
        """End what is in flight and let the engine go."""
        self._answer("cancelled")
        self._slot.close()
        await self._slot.until_closed()
        await self.connection.aclose()

    def _advance(self, running: Running) -> bool:
        """Look at what is written by now, or at who has joined; return whether that is enough."""
        if running.delivered is not None:
            return True
        fill = running.generation.fill(running.hole, running.shape)
        if fill is None:
            # What was typed before the engine had written anything was something else.
            self._slot.abandon(running.generation.uri)
            if self._waiter is not None:
                self._slot.start(Generation(*self._waiter.place), self._waiter.plan.shape)
            return True
        if fill.complete:
            self._deliver(running, fill)
            return True
        late = self._waiter is not None and self._waiter.late
        if late and (lines := running.whole_lines(fill)).text:
            running.early = True
            running.tell(lines, self.offers)
            tokens, outcome = running.tokens_of(lines), running.generation.outcome(lines)
            self._answer("fill", [lines.text], tokens=tokens, outcome=outcome)
        return False

    def _end(self, running: Running, error: InfillError | None) -> None:
        """A generation is over that nobody has closed: what comes of it, and what comes next."""
        if error is not None:
            if self._waiter is not None and self._waiter.fills:
                self._settle(self._waiter)
            self._answer("problem", error=error)
            return
        fill = running.delivered or running.generation.fill(running.hole, running.shape)
        if fill is None:
            return
        if running.delivered is None:
            self._deliver(running, fill)
        if self._waiter is not None and self._waiter.wants_more:
            self._draw(self._waiter)
        elif not (running.speculative or running.is_candidate) and self._slot.running is None:
            place = running.generation.uri, running.hole
            self._ahead.go_on(*place, self.showing.shown_part(place, fill.text))

    def _deliver(self, running: Running, fill: Fill) -> None:
        """Remember a complete fill, and answer the request that waits if it has enough."""
        waiter, running.delivered, emptied_by = self._waiter, fill, running.emptied_by(fill)
        began, here, tokens = running.generation, running.hole, running.tokens_of(fill)
        if not running.is_candidate:
            self._recall.remember_since(began.uri, began.hole, here, fill.text, emptied_by, tokens)
        running.tell(fill, self.offers)
        if waiter is None:
            return
        waiter.draws += 1
        waiter.outcome = waiter.outcome or running.generation.outcome(fill, emptied_by)
        if waiter.take(fill.text) and running.is_candidate:
            self._recall.add(waiter.uri, waiter.hole, fill.text, tokens)
        if not waiter.wants_more:
            self._settle(waiter)

    def _draw(self, waiter: Waiter) -> None:
        """Ask for a further candidate. Another seed each time, also when the user asks again."""
        candidate = Generation(waiter.uri, waiter.hole, next(self._seeds))
        self._slot.start(candidate, waiter.plan.shape)
