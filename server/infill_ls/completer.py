"""The one story of a completion: gate, recall, supersede, wait, prompt, engine, trim, remember.

Everything that is in flight lives here, and these are the rules:

1. There is one slot. It holds at most one job: a document's request and the generation for it.
2. A newer request, in whatever document, supersedes the job: its request is answered at once
   with nothing (reason ``superseded``), and its HTTP call is closed.
3. The next job asks the engine only when the call before it is closed, so that the engine never
   sees two at once.
4. A request that the client cancels, or whose document is closed, ends its job likewise.
5. A request that has waited for as long as its plan allows is answered with nothing (``slow``).
   Its job goes on; the next request for the same hole joins it, and what it finds is remembered.
6. Only a job that still holds the slot may answer; so nothing older follows something newer.
7. Every request gets exactly one answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from infill_ls import families, policy, prompt
from infill_ls.engines import Engine, Usage
from infill_ls.errors import InfillError, ModelNotFound, NotRunning, Stalled
from infill_ls.hole import Hole
from infill_ls.policy import Plan
from infill_ls.prompt import Mode, Request
from infill_ls.recall import Recall
from infill_ls.settings import Settings
from infill_ls.trim import Shape, Trim

log = logging.getLogger(__name__)

# s. No fill is worth more of the engine's time; a generation without an end must not hold it.
GENERATION_LIMIT: Final = 120.0
# s. Closing a call takes under 1 ms; a call that won't close must not block the next one for ever.
CLOSE_LIMIT: Final = 1.0

Reason = Literal[
    "fill",
    "recalled",
    "nothing",
    "disabled",
    "mid word",
    "superseded",
    "cancelled",
    "closed",
    "slow",
    "problem",
]
MESSAGES: Final[dict[Reason, str]] = {
    "fill": "The engine wrote it.",
    "recalled": "It was known from an earlier request.",
    "nothing": "The model wrote nothing that is worth showing here.",
    "disabled": 'Completion is off (the setting "enabled").',
    "mid word": "The cursor is inside a word.",
    "superseded": "A newer request came.",
    "cancelled": "The editor cancelled the request.",
    "closed": "The document is not open.",
    "slow": "The engine takes too long; its answer will be there at the next request.",
    "problem": "Something went wrong in infill-ls itself; its log has more.",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass through prompt, engine and trim gave. Times in ms from its start.

    ``ended_by``: what completed the fill, a step of trim or the model. ``raw``: everything the
    model wrote. ``usage`` counts pieces of the stream as tokens where the engine doesn't say.
    """

    fill: str
    ended_by: str
    model: str
    engine: str
    first_ms: float | None
    total_ms: float
    usage: Usage
    raw: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``fill``: what to show, with the document's own line ends; None unless there is something."""

    reason: Reason
    fill: str | None = None
    error: InfillError | None = None
    outcome: Outcome | None = None

    def explain(self) -> dict[str, Any]:
        """Why this is the answer, for people and for JSON; there is none of the code in it."""
        outcome = self.outcome
        return {
            "reason": self.reason,
            "message": str(self.error) if self.error else MESSAGES[self.reason],
            "model": outcome.model if outcome else None,
            "engine": outcome.engine if outcome else None,
            "timings_ms": {
                "first": outcome.first_ms if outcome else None,
                "total": outcome.total_ms if outcome else None,
            },
            "filters": [outcome.ended_by] if outcome else [],
            "prompt_tokens": outcome.usage.prompt_tokens if outcome else None,
            "cached_tokens": outcome.usage.cached_tokens if outcome else None,
            "fill_tokens": outcome.usage.fill_tokens if outcome else None,
        }


async def fill_hole(engine: Engine, hole: Hole, settings: Settings, shape: Shape) -> Outcome:
    """One pass: prompt, engine, trim. The stream is closed as soon as the fill is complete.

    Raises :class:`InfillError`.
    """
    started = asyncio.get_running_loop().time()
    request = await request_for(engine, hole, settings)
    log.log(TRACE, "prompt: %r suffix: %r", request.prompt, request.suffix)
    trim = Trim(hole, shape=shape, control=request.control)
    first_ms: float | None = None
    raw = ""
    pieces = 0
    usage: Usage | None = None
    stop_reason: str | None = None
    try:
        async with asyncio.timeout(GENERATION_LIMIT), aclosing(engine.generate(request)) as chunks:
            async for chunk in chunks:
                if chunk.text and first_ms is None:
                    first_ms = _ms_since(started)
                raw += chunk.text
                pieces += bool(chunk.text)
                usage = chunk.usage or usage
                stop_reason = chunk.stop_reason
                if trim.feed(chunk.text).complete or stop_reason is not None:
                    break
    except TimeoutError:
        raise Stalled(
            f"The engine wrote for {GENERATION_LIMIT:.0f} s without an end.",
            "Lower maxTokens, or take a smaller model.",
        ) from None
    fill = trim.finish(cut_short=stop_reason == "length")
    log.log(TRACE, "raw: %r fill: %r ended by %s", raw, fill.text, fill.ended_by)
    model = await engine.describe()
    return Outcome(
        fill=fill.text.replace("\n", hole.newline),
        ended_by=fill.ended_by or "model",
        model=model.name,
        engine=engine.name,
        first_ms=first_ms,
        total_ms=_ms_since(started),
        usage=usage or Usage(fill_tokens=pieces),
        raw=raw,
    )


async def request_for(engine: Engine, hole: Hole, settings: Settings) -> Request:
    """The request that this engine's model gets for a hole. Raises :class:`InfillError`."""
    model = await engine.describe()
    return prompt.build(
        hole,
        model,
        families.find(model.name, settings.fim),
        mode=None if settings.mode == "auto" else cast(Mode, settings.mode),
        context_tokens=policy.context_tokens(settings.context_tokens, engine.name),
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
    )


# A level of its own below DEBUG: the only one at which the user's code is written to the log.
TRACE: Final = 5


@dataclass(eq=False, slots=True)
class _Job:
    uri: str
    hole: Hole
    answer: asyncio.Future[Answer]
    task: asyncio.Task[None] | None = field(default=None)


class Completer:
    """Answers requests one after the other; see the rules above.

    ``connect`` gives the engine; it is asked again after a problem, so that an engine that was
    started meanwhile is noticed.
    """

    def __init__(
        self, connect: Callable[[Settings], Awaitable[Engine]], settings: Settings
    ) -> None:
        self.settings = settings
        self._connect = connect
        self._recall = Recall()
        self._engine: Engine | None = None
        self._job: _Job | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._connecting = asyncio.Lock()

    async def complete(
        self, uri: str, hole: Hole, *, client: str = "", manual: bool = False
    ) -> Answer:
        """The answer to one request. ``hole`` is as the document was when the request came.

        Never raises but for :class:`asyncio.CancelledError`, when the client cancels.
        """
        plan = policy.plan(hole, self.settings, client=client, manual=manual)
        job = self._job
        if job is None or job.uri != uri or job.hole != hole or not job.answer.done():
            self._release("superseded")
            if not isinstance(plan, Plan):
                return Answer(plan)
            known = self._recall.find(uri, hole)
            if known:
                return Answer("recalled", known.replace("\n", hole.newline))
            if known is not None and not manual:
                return Answer("nothing")
            job = self._start(uri, hole, plan)
        elif isinstance(plan, Plan):
            job.answer = asyncio.get_running_loop().create_future()
        else:
            return Answer(plan)
        try:
            async with asyncio.timeout(plan.patience):
                return await asyncio.shield(job.answer)
        except TimeoutError:
            job.answer.cancel()
            return Answer("slow")
        except asyncio.CancelledError:
            if self._job is job:
                self._release("cancelled")
            raise

    def _start(self, uri: str, hole: Hole, plan: Plan) -> _Job:
        job = _Job(uri, hole, asyncio.get_running_loop().create_future())
        job.task = asyncio.create_task(self._run(job, hole, plan), name="completion")
        self._job = job
        return job

    def close_document(self, uri: str) -> None:
        """The document is gone, and nobody waits for its fill any more."""
        if self._job is not None and self._job.uri == uri:
            self._release("closed")

    async def warm(self) -> InfillError | None:
        """Find the engine and get it ready; what is in the way, if something is."""
        try:
            engine = await self._connected()
            await engine.warm()
        except InfillError as error:
            await self._disconnect()
            return error
        return None

    async def reconfigure(self, settings: Settings) -> None:
        """New settings: what was computed under the old ones is forgotten."""
        self._release("superseded")
        self.settings = settings
        self._recall = Recall()
        await self._disconnect()

    async def aclose(self) -> None:
        """End what is in flight and let the engine go."""
        self._release("cancelled")
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_LIMIT)
        await self._disconnect()

    def _release(self, reason: Reason) -> None:
        """Empty the slot: answer its request, close its call."""
        job, self._job = self._job, None
        if job is None:
            return
        if not job.answer.done():
            job.answer.set_result(Answer(reason))
        assert job.task is not None
        if not job.task.done():
            job.task.cancel()
            self._closing.add(job.task)
            job.task.add_done_callback(self._closing.discard)

    async def _run(self, job: _Job, hole: Hole, plan: Plan) -> None:
        """A job's life, from the wait to the answer."""
        answer = await self._attempt(job, hole, plan)
        if self._job is job:
            self._job = None
        if not job.answer.done():
            job.answer.set_result(answer)

    async def _attempt(self, job: _Job, hole: Hole, plan: Plan) -> Answer:
        await asyncio.sleep(plan.wait)
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_LIMIT)
        try:
            engine = await self._connected()
            outcome = await fill_hole(engine, hole, self.settings, plan.shape)
        except InfillError as error:
            if isinstance(error, NotRunning | ModelNotFound):
                # Look again at the next request: it may be there then.
                await self._disconnect()
            return Answer("problem", error=error)
        except Exception as error:
            log.error("a completion failed: %s", type(error).__name__)
            log.log(TRACE, "a completion failed", exc_info=True)
            return Answer("problem")
        fill = outcome.fill.replace(hole.newline, "\n")
        self._recall.remember(job.uri, hole, fill)
        if not fill:
            return Answer("nothing", outcome=outcome)
        return Answer("fill", outcome.fill, outcome=outcome)

    async def _connected(self) -> Engine:
        async with self._connecting:
            if self._engine is None:
                self._engine = await self._connect(self.settings)
            return self._engine

    async def _disconnect(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            with contextlib.suppress(InfillError):
                await engine.aclose()


def _ms_since(started: float) -> float:
    return (asyncio.get_running_loop().time() - started) * 1000
