"""One call of an engine: the hole that it was made for, and what has been written so far.

A generation belongs to the document, not to the request: as long as what is typed agrees with
what is written, it serves every hole on the way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, cast

from infill_ls.completion import policy
from infill_ls.completion.answer import Outcome
from infill_ls.engines.engine import CUT_SHORT, Engine, Usage
from infill_ls.engines.rates import TYPICAL_CHARACTERS_PER_TOKEN, Call, Rates, context_tokens
from infill_ls.errors import Stalled
from infill_ls.logs import TRACE
from infill_ls.prompt import build as prompt
from infill_ls.prompt import families
from infill_ls.prompt.build import Mode, Request
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole, typed_since
from infill_ls.text.shape import Shape
from infill_ls.trim import Fill, continuation, fitted, trim

log = logging.getLogger(__name__)

# s. No fill is worth more of the engine's time; a generation without an end must not hold it.
GENERATION_LIMIT: Final = 120.0


@dataclass(frozen=True, slots=True)
class Declined:
    """An answer that begins with something else than what stands before the cursor.

    ``over``: it is the whole answer.
    """

    prompt: str
    written: str
    over: bool


@dataclass(eq=False, slots=True)
class Generation:
    """``asked``: the engine has been. ``over``: nothing more will be written. Times in s of the
    loop's clock.

    ``seed``: it is another draw than the automatic answer's, with this seed and at the temperature
    of candidates. ``declined``: what an answer began with, in this generation or the one before it.
    """

    uri: str
    hole: Hole
    seed: int | None = None
    raw: str = ""  # what goes on at the cursor
    written: str = ""  # by the call, with what stands before the cursor already
    asked: bool = False
    over: bool = False
    cut_short: bool = False
    prompt: str = ""  # with the suffix, where the engine is given that apart
    started: float = 0.0
    first: float | None = None  # piece with text
    heard: float | None = None  # the first piece of the call, with text or without
    last: float = 0.0
    pieces: int = 0
    usage: Usage | None = None
    calls: list[Call] = field(default_factory=list)  # that are over, for the engine's rates
    first_line: int | None = None  # of the prompt's prefix; before the call, the one to keep
    declined: Declined | None = None
    _control: tuple[str, ...] = field(default=())
    _model: str = ""
    _engine: str = ""

    async def stream(
        self, engine: Engine, settings: Settings, rates: Rates | None = None
    ) -> AsyncGenerator[None]:
        """Ask the engine, and take what it writes; yields after each piece.

        Closing this generator closes the call. Raises :class:`infill_ls.errors.InfillError`.
        """
        self.asked, self.started = True, asyncio.get_running_loop().time()
        request = await request_for(engine, self.hole, settings, rates, self.first_line)
        if self.seed is not None:
            temperature = max(request.temperature, policy.CANDIDATE_TEMPERATURE)
            request = request.drawn(self.seed, temperature)
            self.declined = None
        self._model, self._engine = (await engine.describe()).name, engine.name
        asked: Request | None = request
        try:
            async with asyncio.timeout(GENERATION_LIMIT):
                while asked is not None:
                    if not self._is_declined(asked):
                        async with aclosing(self._call(engine, asked)) as steps:
                            async for _ in steps:
                                yield
                    asked = asked.otherwise if self._is_declined(asked) else None
        except TimeoutError:
            raise Stalled(
                f"The engine wrote for {GENERATION_LIMIT:.0f} s without an end.",
                "Lower maxTokens, or take a smaller model.",
            ) from None

    def _is_declined(self, request: Request) -> bool:
        """Whether the answer is known to begin otherwise: the same seed draws the same."""
        known = self.declined
        if known is None or request.begin is None or known.prompt != request.prompt:
            return False
        return request.begin.rest(known.written, over=known.over) is None

    async def _call(self, engine: Engine, request: Request) -> AsyncGenerator[None]:
        """One call, as long as its answer begins as it is to."""
        self.prompt, self._control = request.prompt + (request.suffix or ""), request.control
        self.first_line = request.first_line
        log.log(TRACE, "prompt: %r suffix: %r", request.prompt, request.suffix)
        loop = asyncio.get_running_loop()
        with self._noted(loop):
            async with aclosing(engine.generate(request)) as chunks:
                async for chunk in chunks:
                    self.last = loop.time()
                    self.heard = self.heard or self.last
                    if chunk.text:
                        self.written += chunk.text
                        self.pieces += 1
                        self.first = self.first or self.last
                    self.usage = chunk.usage or self.usage
                    over, raw = chunk.stop_reason is not None, self.written
                    if request.begin is not None:
                        begun = request.begin.rest(self.written, over=over)
                        if begun is None:
                            self.declined = Declined(request.prompt, self.written, over)
                            return
                        raw = begun
                    self.raw = raw
                    if over:
                        self.over, self.cut_short = True, chunk.stop_reason in CUT_SHORT
                    yield
                    if over:
                        return

    @contextmanager
    def _noted(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Note what a call took, also of one that is closed; not of one that fails."""
        self.first = self.heard = self.usage = None
        self.pieces, self.written = 0, ""
        asked, failed = loop.time(), False
        try:
            yield
        except Exception:
            failed = True
            raise
        finally:
            if not failed:
                said = self.usage or Usage()
                self.calls.append(
                    Call(
                        prompt=self.prompt,
                        written=self.written,
                        asked=asked,
                        first=self.heard,
                        last=self.last,
                        ended=loop.time(),
                        pieces=self.pieces,
                        prompt_tokens=said.prompt_tokens,
                        cached_tokens=said.cached_tokens,
                        fill_tokens=said.fill_tokens,
                        read_seconds=said.read_seconds,
                        write_seconds=said.write_seconds,
                    )
                )

    def fill(self, hole: Hole, shape: Shape) -> Fill | None:
        """The fill so far at a hole on the way; None if what was typed since disagrees."""
        typed = typed_since(self.hole, hole)
        if typed is None:
            return None
        if not typed:
            return trim(
                self.raw, hole, shape, self._control, over=self.over, cut_short=self.cut_short
            )
        written, ended = continuation(self.raw, self.hole, self._control, over=self.over)
        if written.startswith(typed):
            rest = written[len(typed) :]
        elif typed.startswith(written) and not (self.over or ended):
            return Fill("")
        else:
            return None
        over = self.over or ended is not None
        return fitted(rest, hole, shape, over=over, cut_short=self.cut_short)

    def outcome(self, fill: Fill) -> Outcome:
        """What came of it, for a fill that it gave."""
        usage = self.usage or Usage()
        if usage.fill_tokens is None:
            usage = replace(usage, fill_tokens=self.pieces)
        return Outcome(
            fill=self.hole.in_document(fill.text),
            ended_by=fill.ended_by or "latency",
            model=self._model,
            engine=self._engine,
            first_ms=None if self.first is None else (self.first - self.started) * 1000,
            total_ms=(self.last - self.started) * 1000,
            usage=usage,
            raw=self.raw,
            about_prompt_tokens=round(len(self.prompt) / TYPICAL_CHARACTERS_PER_TOKEN),
            replaces=self.hole.closers[: self.hole.replaced(fill.text)],
        )


async def fill_hole(engine: Engine, hole: Hole, settings: Settings, shape: Shape) -> Outcome:
    """One pass: prompt, engine, trim. The stream is closed as soon as the fill is complete.

    Raises :class:`infill_ls.errors.InfillError`.
    """
    generation = Generation("", hole)
    async with aclosing(generation.stream(engine, settings)) as steps:
        async for _ in steps:
            fill = generation.fill(hole, shape)
            if fill is not None and fill.complete:
                break
    generation.over = True
    fill = generation.fill(hole, shape)
    assert fill is not None
    log.log(TRACE, "raw: %r fill: %r ended by %s", generation.raw, fill.text, fill.ended_by)
    return generation.outcome(fill)


async def request_for(
    engine: Engine,
    hole: Hole,
    settings: Settings,
    rates: Rates | None = None,
    start: int | None = None,
) -> Request:
    """The request that this engine's model gets for a hole.

    Raises :class:`infill_ls.errors.InfillError`.
    """
    model = await engine.describe()
    return prompt.build(
        hole,
        model,
        families.family_of(model, settings.fim),
        mode=None if settings.mode == "auto" else cast(Mode, settings.mode),
        start=start,
        context_tokens=context_tokens(
            settings.context_tokens,
            rates,
            most=None if engine.room is None else engine.room - settings.max_tokens,
        ),
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
    )
