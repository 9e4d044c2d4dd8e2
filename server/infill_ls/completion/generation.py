"""Ask an engine for one hole, and keep what it has written so far.

A generation belongs to the document, not to the request: as long as what is typed agrees with
what is written, it serves every hole on the way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final, cast

from infill_ls.completion import policy
from infill_ls.completion.alignment import Aligned, End, carried
from infill_ls.completion.answer import Outcome
from infill_ls.completion.judgement import judge
from infill_ls.engines.calls import Call
from infill_ls.engines.engine import CUT_SHORT, SAYS_NOTHING, Engine
from infill_ls.engines.rates import (
    TYPICAL_CHARACTERS_PER_TOKEN,
    Rates,
    Usage,
    context_tokens,
)
from infill_ls.errors import InfillError, Stalled, TooLong
from infill_ls.logs import TRACE
from infill_ls.prompt import build as prompt
from infill_ls.prompt import families
from infill_ls.prompt.build import Mode, Request
from infill_ls.prompt.families import Model
from infill_ls.prompt.tokens import STEPS, TokenLengths, budget
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole, typed_since
from infill_ls.text.shape import Shape
from infill_ls.trim import FITTING, Fill, continuation, emptied_by, fitted, trim

log = logging.getLogger(__name__)

# s. No fill is worth more of the engine's time; a generation without an end must not hold it.
GENERATION_LIMIT: Final = 120.0
# How often a prompt is made half as long because the engine has no room for it. After so many it
# has a 64th, and length is not what is wrong.
REFUSALS: Final = 6
# Characters. A fill has 4,000 at the most; a model that writes so many is in a loop.
MOST_WRITTEN: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Declined:
    """An answer that begins with something else than what stands before the cursor.

    ``prompt``: what was asked. ``written``: the answer so far; ``over``: it is the whole answer.
    """

    prompt: str
    written: str
    over: bool


@dataclass(eq=False, slots=True)
class Generation:
    """What the engine is asked for one hole, and what it has written so far.

    ``uri``: the document's. ``seed``: of a further candidate, which is drawn with this seed and at
    the temperature of candidates; None for the automatic answer. ``asked``: the engine has been
    asked. ``over``: nothing more will be written; ``cut_short``: and not since the model had come
    to an end. ``declined``: an answer that began otherwise, in this generation or the one before
    it. Times are in s of the loop's clock.
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
    first_at: float | None = None  # the first piece with text
    heard_at: float | None = None  # the first piece of the call, with text or without
    last_at: float = 0.0  # the last piece of the call; before one came, when it was made
    pieces: int = 0
    usage: Usage | None = None
    calls: list[Call] = field(default_factory=list)  # that are over, for the engine's rates
    first_line: int | None = None  # of the prompt's prefix; before the call, the one to keep
    declined: Declined | None = None
    tokens: Aligned = field(default_factory=Aligned)  # of what is written, where engines tell
    _control: tuple[str, ...] = field(default=())
    _model: Model = Model("")
    _engine: str = ""

    async def stream(
        self, engine: Engine, settings: Settings, rates: Rates | None = None
    ) -> AsyncGenerator[None]:
        """Ask the engine, and take what it writes; yields after each piece.

        A prompt that the engine has no room for is asked for again with half of its text. Closing
        this generator closes the call. Raises :class:`infill_ls.errors.InfillError`.
        """
        self.asked, self.started = True, asyncio.get_running_loop().time()
        self.last_at = self.started
        rates = Rates() if rates is None else rates
        self._model, self._engine = await engine.describe(), engine.name
        asked: Request | None = await self._request(engine, settings, rates)
        refused, room = 0, engine.room
        try:
            async with asyncio.timeout(GENERATION_LIMIT):
                while asked is not None:
                    try:
                        if not self._is_declined(asked):
                            async with aclosing(self._call(engine, asked, rates.lengths)) as steps:
                                async for _ in steps:
                                    yield
                    except TooLong:
                        refused += 1
                        if refused > REFUSALS or self.written:
                            raise
                        if engine.room == room:
                            # The refusal hasn't told how much there is room for.
                            rates.lengths.refuse(self.uri, asked.longest_text)
                        room = engine.room
                        asked = await self._request(engine, settings, rates)
                    else:
                        asked = asked.otherwise if self._is_declined(asked) else None
        except TimeoutError:
            if self.heard_at is None:
                raise Stalled(*SAYS_NOTHING) from None
            raise Stalled(
                f"The engine wrote for {GENERATION_LIMIT:.0f} s without an end.",
                'Lower "maxTokens".',
            ) from None

    async def _request(self, engine: Engine, settings: Settings, rates: Rates) -> Request:
        """Return the request for the hole; for a candidate, the one for its draw."""
        start = self.first_line
        request = await request_for(engine, self.hole, settings, rates, start, uri=self.uri)
        if self.seed is None:
            return request
        self.declined = None
        temperature = max(request.temperature, policy.CANDIDATE_TEMPERATURE)
        return request.drawn(self.seed, temperature)

    def _is_declined(self, request: Request) -> bool:
        """Whether the answer is known to begin otherwise: the same seed draws the same."""
        known = self.declined
        if known is None or request.begin is None or known.prompt != request.prompt:
            return False
        return request.begin.rest(known.written, over=known.over) is None

    async def _call(
        self, engine: Engine, request: Request, lengths: TokenLengths
    ) -> AsyncGenerator[None]:
        """Make one call, as long as its answer begins as it is to; yields after each piece."""
        self.prompt, self._control = request.prompt + (request.suffix or ""), request.control
        self.first_line = request.first_line
        log.log(TRACE, "prompt: %r suffix: %r", request.prompt, request.suffix)
        loop = asyncio.get_running_loop()
        with self._noted(loop, lengths):
            async with aclosing(engine.generate(request)) as chunks:
                async for chunk in chunks:
                    self.last_at = loop.time()
                    self.heard_at = self.heard_at or self.last_at
                    begins = len(self.written)
                    self.tokens.take(begins, begins + len(chunk.text), chunk.tokens)
                    if chunk.text:
                        self.written += chunk.text
                        self.pieces += 1
                        self.first_at = self.first_at or self.last_at
                    self.usage = chunk.usage or self.usage
                    over, raw = chunk.stop_reason is not None, self.written
                    if not over and len(self.written) > MOST_WRITTEN:
                        over = self.cut_short = True
                    if request.begin is not None:
                        begun = request.begin.rest(self.written, over=over)
                        if begun is None:
                            self.declined = Declined(request.prompt, self.written, over)
                            return
                        raw = begun
                    self.raw = raw
                    if over:
                        self.over = True
                        self.cut_short = self.cut_short or chunk.stop_reason in CUT_SHORT
                    yield
                    if over:
                        return

    @contextmanager
    def _noted(self, loop: asyncio.AbstractEventLoop, lengths: TokenLengths) -> Iterator[None]:
        """Note what a call took, also of one that is closed; not of one that fails."""
        self.first_at = self.heard_at = self.usage = None
        self.pieces, self.written, self.tokens = 0, "", Aligned()
        self.last_at = asked = loop.time()
        failed = False
        try:
            yield
        except Exception as error:
            failed = True
            if isinstance(error, InfillError):
                error.forget(self.prompt)
            raise
        finally:
            if not failed:
                said = self.usage or Usage()
                # Ollama before 0.3.14 counts what was read, and doesn't say what was cached.
                counts_all = said.cached_tokens is not None
                tokens = said.prompt_tokens or 0
                lengths.take(self.uri, self.prompt, tokens, is_whole=counts_all)
                self.calls.append(
                    Call(
                        prompt=self.prompt,
                        written=self.written,
                        asked=asked,
                        first=self.heard_at,
                        last=self.last_at,
                        ended=loop.time(),
                        pieces=self.pieces,
                        prompt_tokens=said.prompt_tokens,
                        cached_tokens=said.cached_tokens,
                        fill_tokens=said.fill_tokens,
                        read_seconds=said.read_seconds,
                        write_seconds=said.write_seconds,
                        load_seconds=said.load_seconds,
                    )
                )

    def fill(self, hole: Hole, shape: Shape) -> Fill | None:
        """Return the fill so far at a hole on the way; None if what was typed since disagrees."""
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

    def tokens_of(self, fill: str, hole: Hole) -> tuple[End, ...]:
        """Return the tokens of a fill that it gave at a hole on the way, where the engine tells.

        For each where it ends in the fill, in characters, and the logarithm of how likely it was.
        """
        typed = typed_since(self.hole, hole) or ""
        # What stands before the cursor already may have come first.
        began = len(self.written) - len(self.raw)
        return carried(self.tokens.since(began), self.raw, fill, typed)

    def emptied_by(self, hole: Hole, shape: Shape) -> str:
        """Return the filter that has left nothing for a hole on the way; empty if none has."""
        typed = typed_since(self.hole, hole)
        if not typed:
            return emptied_by(self.raw, hole, shape, self._control, cut_short=self.cut_short)
        written, _ = continuation(self.raw, self.hole, self._control)
        rest, cut_short = written[len(typed) :], self.cut_short
        return emptied_by(rest, hole, shape, cut_short=cut_short, filters=FITTING)

    def outcome(self, fill: Fill, emptied_by: str = "") -> Outcome:
        """Return what came of it, for a fill that it gave; ``emptied_by`` if there is none."""
        usage = self.usage or Usage()
        if usage.fill_tokens is None:
            usage = replace(usage, fill_tokens=self.pieces)
        return Outcome(
            fill=self.hole.in_document(fill.text),
            ended_by=fill.ended_by or "latency",
            model=self._model.name,
            engine=self._engine,
            first_ms=None if self.first_at is None else (self.first_at - self.started) * 1000,
            total_ms=(self.last_at - self.started) * 1000,
            usage=usage,
            raw=self.raw,
            about_prompt_tokens=round(len(self.prompt) / TYPICAL_CHARACTERS_PER_TOKEN),
            replaces=self.hole.closers[: self.hole.replaced(fill.text)],
            prompt=self.prompt,
            digest=self._model.digest,
            emptied_by=emptied_by,
        )


async def fill_hole(engine: Engine, hole: Hole, settings: Settings, shape: Shape) -> Outcome:
    """Fill a hole: make the prompt, ask the engine, trim its answer.

    The call is closed as soon as the fill is complete.
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
    outcome = generation.outcome(fill, "" if fill.text else generation.emptied_by(hole, shape))
    tokens = generation.tokens_of(fill.text, hole)
    return replace(outcome, chance=judge(hole, fill.text, tokens, shape, outcome.model).chance)


@cache
def say_once(warning: str) -> None:
    """Log a warning, unless the same was logged before."""
    log.warning("%s", warning)


async def request_for(
    engine: Engine,
    hole: Hole,
    settings: Settings,
    rates: Rates | None = None,
    start: int | None = None,
    *,
    uri: str = "",
) -> Request:
    """Return the request that this engine's model gets for a hole.

    It has no more tokens than the engine has room for, and leaves room for the fill. Where that
    isn't sure, they are counted, or reckoned from the document's own, and the prompt is made
    shorter. ``rates``: the engine's, for budget and lengths of tokens; None if nothing is known.
    ``start``: the number of the line that the prompt before this one began with, to be kept.
    ``uri``: the document's. Raises :class:`infill_ls.errors.InfillError`; :class:`TooLong` if
    nothing is short enough.
    """
    model = await engine.describe()
    rates = Rates() if rates is None else rates
    lengths = rates.lengths
    tokens = budget(
        context_tokens(settings.context_tokens, rates),
        settings.max_tokens,
        is_limit=settings.context_tokens != "auto",
        room=engine.room,
    )
    if tokens.fill < settings.max_tokens:
        say_once(
            f'A fill gets {tokens.fill} tokens, not "maxTokens": the engine has room '
            f"for {engine.room}."
        )
    for _ in STEPS:
        request = prompt.build(
            hole,
            model,
            families.family_of(model, settings.fim),
            mode=None if settings.mode == "auto" else cast(Mode, settings.mode),
            start=start,
            context_tokens=tokens.prompt,
            most_tokens=tokens.most,
            characters_per_token=lengths.characters(uri),
            most_characters=lengths.most_characters(uri),
            max_tokens=tokens.fill,
            temperature=settings.temperature,
        )
        if tokens.most is None or lengths.at_most(uri, request.longest_text) <= tokens.most:
            return request
        counted = await engine.count(request.longest_text)
        if counted is not None:
            lengths.note(uri, request.longest_text, counted)
        has = lengths.about(uri, request.longest_text) if counted is None else counted
        if has <= tokens.most:
            return request
        lengths.shrink(uri, request.longest_text, has)
    raise TooLong(
        f"There is room for {tokens.most} tokens, and a prompt has {has}.",
        'Lower "maxTokens".',
    )
