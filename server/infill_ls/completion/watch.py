"""Notice an engine that takes a request and then says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Final

from infill_ls.completion.breaker import LONGEST_SILENCE, Silence, longest_silence
from infill_ls.completion.generation import Generation
from infill_ls.engines.engine import SAYS_NOTHING, Engine
from infill_ls.engines.rates import Rates
from infill_ls.errors import Stalled
from infill_ls.prompt.build import Request

# The shortest thing that an engine can be asked: one token after one letter.
_TRIAL: Final = Request("a", None, True, (), (), max_tokens=1, temperature=0.0)
# s. Less than that is nothing to wait for: added to the time it may come to the same time.
_MOMENT: Final = 0.001


async def hear(engine: Engine, limit: float) -> None:
    """Have an engine write a token within ``limit`` s, with none of the user's code.

    Raises :class:`infill_ls.errors.EngineError`; :class:`Stalled` if it takes too long.
    """
    try:
        async with asyncio.timeout(limit), aclosing(engine.generate(_TRIAL)) as chunks:
            async for _ in chunks:
                break
    except TimeoutError:
        raise Stalled(*SAYS_NOTHING) from None


@asynccontextmanager
async def watched(
    engine: Engine, generation: Generation, rates: Rates, silence: Silence
) -> AsyncIterator[None]:
    """Watch a generation for as long as the ``with`` block lasts.

    ``silence``: of the engine, in its calls so far. Raises :class:`Stalled` when the engine has
    said nothing for longer than its rates explain, and doesn't load its model meanwhile.
    """
    try:
        async with asyncio.timeout(None) as limit:
            watch = _Watch(engine, generation, rates, silence, limit)
            watch.look()
            try:
                yield
            finally:
                watch.end()
    except TimeoutError:
        raise Stalled(*SAYS_NOTHING) from None


class _Watch:
    def __init__(
        self,
        engine: Engine,
        generation: Generation,
        rates: Rates,
        silence: Silence,
        limit: asyncio.Timeout,
    ) -> None:
        self._engine = engine
        self._generation = generation
        self._rates = rates
        self._silence = silence
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._patient_since = self._loop.time()  # silence before that is explained
        self._timer: asyncio.TimerHandle | None = None
        self._question: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Look whether the engine has been silent for too long, and when to look again."""
        generation, rates = self._generation, self._rates
        written = generation.heard_at is not None
        tokens = rates.lengths.about(generation.uri, generation.prompt)
        longest = longest_silence(tokens, rates.read, written=written)
        left = longest - self._silence.before(written=written) - self._silent_for()
        if left > _MOMENT:
            # It may begin to write meanwhile, and then may be silent for less.
            self._timer = self._loop.call_later(min(left, LONGEST_SILENCE / 4), self.look)
        else:
            self._question = asyncio.create_task(self._judge(), name="judge a silent engine")

    async def _judge(self) -> None:
        """End the call, unless the model is being loaded, which takes what it takes."""
        heard = self._generation.last_at
        if await self._engine.is_loading():
            self._patient_since = self._loop.time()
        elif self._generation.last_at == heard:
            self._limit.reschedule(self._loop.time())
            return
        self.look()

    def _silent_for(self) -> float:
        """Return the s since the last piece, or the call, or since a load explained it."""
        return self._loop.time() - max(self._generation.last_at, self._patient_since)

    def end(self) -> None:
        """Note that nobody listens any more."""
        written = self._generation.heard_at is not None
        self._silence.closed(self._silent_for(), written=written)
        if self._timer is not None:
            self._timer.cancel()
        if self._question is not None:
            self._question.cancel()
