"""The request that waits for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from infill_ls.completion.answer import Answer, Outcome
from infill_ls.completion.patience import EditorPatience
from infill_ls.completion.policy import CANDIDATES_WAIT, Plan
from infill_ls.text.hole import Hole


@dataclass(eq=False, slots=True)
class Waiter:
    """One request, and what has been found for it so far.

    ``since``: when it came, in s of the loop's clock. ``fills``: best first. ``draws``: complete
    fills that the engine gave for it. ``new``: the engine has written one of the fills.
    ``late``: it has waited for as long as the user should. ``outdated``: the document has changed
    since. ``enough``: it gets no further candidates.
    """

    uri: str
    hole: Hole
    plan: Plan
    answer: asyncio.Future[Answer]
    since: float
    fills: list[str] = field(default_factory=list)
    draws: int = 0
    new: bool = False
    outcome: Outcome | None = None
    late: bool = False
    outdated: bool = False
    enough: bool = False

    @classmethod
    def arriving(cls, uri: str, hole: Hole, plan: Plan, fills: list[str]) -> Waiter:
        """Return one that comes now; ``fills`` are known already."""
        loop = asyncio.get_running_loop()
        return cls(uri, hole, plan, loop.create_future(), loop.time(), fills)

    @property
    def place(self) -> tuple[str, Hole]:
        """The document and the hole in it."""
        return self.uri, self.hole

    @property
    def is_manual(self) -> bool:
        """Whether the user has asked for it by hand."""
        return self.plan.candidates > 1

    @property
    def wants_more(self) -> bool:
        """Whether the engine should be asked for another candidate."""
        full = len(self.fills) >= self.plan.candidates or self.draws >= self.plan.draws
        return not (full or self.enough)

    async def answered(
        self,
        patience: EditorPatience,
        be_late: Callable[[Waiter], None],
        enough: Callable[[Waiter], None],
    ) -> Answer:
        """Wait for the answer, as long as the plan of the request allows.

        ``patience``: the editor's, which learns from it. ``be_late`` is called when the user has
        waited for as long as he should, ``enough`` when it is time to draw no more candidates.
        """
        loop = asyncio.get_running_loop()
        latency = patience.latency(self.plan.latency)
        timers = (
            loop.call_later(latency, be_late, self),
            loop.call_later(CANDIDATES_WAIT, enough, self),
        )
        try:
            async with asyncio.timeout(self.plan.patience):
                answer = await asyncio.shield(self.answer)
        except TimeoutError:
            self.answer.cancel()
            answer = Answer("slow")
        finally:
            for timer in timers:
                timer.cancel()
        if answer.reason != "superseded" and not self.is_manual:
            patience.waited(loop.time() - self.since)
        return answer

    def take(self, fill: str) -> bool:
        """Add a fill to the candidates; return whether it is a new one."""
        if not fill or fill.rstrip() in (known.rstrip() for known in self.fills):
            return False
        self.fills.append(fill)
        self.new = True
        return True
