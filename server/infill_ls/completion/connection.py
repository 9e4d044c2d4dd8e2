"""The engine in use: the only room that connects, loads, forgets and closes engines.

These are the rules:

1. Getting ready (connecting, and loading the model if it isn't loaded) is one piece of work that
   all who need the engine wait for. Nobody who stops waiting ends it: Ollama breaks off a load
   when the client that caused it leaves, and a typist's next key would always leave.
   Ahead of the first request a model is loaded only if the engine is to keep it.
2. Whether the model is loaded is known before a call is made, so that no call has to cause a load;
   it is looked at, and loaded, when somebody begins to type.
3. What failed to load is not tried again at every key, but after a while that grows, or at once
   when the user asks by hand.
4. Each configuration has a number. What began under an older one is dropped, and whoever waits
   for it gets the engine of the new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from typing import Final

from infill_ls.completion.status import Status
from infill_ls.engines.engine import Engine
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import InfillError
from infill_ls.settings import Settings

# s. How long after a load that failed it is not tried again; twice as long each time.
SHORTEST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 60.0
# s. While somebody types it is looked at so often whether the engine is ready.
LOOK: Final = 2.0


class Connection:
    """``connect`` gives the engine for settings; it is asked again after :meth:`forget`.

    ``measured`` keeps the engine's rates between sessions, ``status`` is told of loads.
    """

    def __init__(
        self,
        connect: Callable[[Settings], Awaitable[Engine]],
        settings: Settings,
        measured: RatesFile | None = None,
        status: Status | None = None,
    ) -> None:
        self.rates = Rates()
        self._connect = connect
        self._settings = settings
        self._number = 0  # of the configuration
        self._measured = measured
        self._measured_of = ""  # the engine and model that the rates are of
        self._status = status or Status()
        self._engine: Engine | None = None
        self._getting_ready: asyncio.Task[Engine] | None = None
        self._ahead = False  # whether that is for no request
        self._looks_again = -math.inf  # s of the loop's clock
        self._closed = False
        self._retry = 0.0  # s that a load is not tried again after it failed
        self._failed: InfillError | None = None  # with which it failed
        self._failed_until = 0.0  # s of the loop's clock

    async def ready(self, *, ahead: bool = False) -> Engine:
        """The engine, ready to answer. Waits for its model to be loaded, if need be.

        ``ahead``: nobody has asked for anything yet. Raises :class:`InfillError` with what is in
        the way.
        """
        while True:
            number = self._number
            work = self._begin(ahead)
            enough = ahead or not self._ahead
            try:
                engine = await asyncio.shield(work)
                if enough:
                    return engine
            except asyncio.CancelledError:
                waiter = asyncio.current_task()
                left = waiter is not None and waiter.cancelling() > 0
                if left or self._closed or number == self._number:
                    raise

    def prepare(self) -> None:
        """Somebody types: the engine is to be ready by the time that he pauses."""
        now = asyncio.get_running_loop().time()
        if now >= self._looks_again:
            self._looks_again = now + LOOK
            self._begin(ahead=True)

    def _begin(self, ahead: bool) -> asyncio.Task[Engine]:
        """Get ready, unless that is under way."""
        if self._getting_ready is None or self._getting_ready.done():
            self._ahead = ahead
            self._getting_ready = asyncio.create_task(self._get_ready(ahead), name="get ready")
            # All who waited for it may have left by the time that it fails.
            self._getting_ready.add_done_callback(_look_at)
        return self._getting_ready

    async def reconfigure(self, settings: Settings) -> None:
        """From now on the engine of these settings is the one in use."""
        self._settings = settings
        self.forgive()
        await self.forget()

    def forgive(self) -> None:
        """What failed to load may be tried again at once."""
        self._retry, self._failed = 0.0, None

    async def forget(self) -> None:
        """Close the engine, and look for one again when it is needed next."""
        self._number += 1
        work, self._getting_ready = self._getting_ready, None
        if work is not None and not work.done():
            work.cancel()
            await asyncio.wait([work])
        if self._measured is not None and self._measured_of:
            self._measured.save(self._measured_of, self.rates)
        self._measured_of = ""
        self._turn_to(Rates())
        engine, self._engine = self._engine, None
        if engine is not None:
            with contextlib.suppress(InfillError):
                await engine.aclose()

    async def aclose(self) -> None:
        """Let the engine go for good."""
        self._closed = True
        await self.forget()

    async def _get_ready(self, ahead: bool) -> Engine:
        engine = self._engine
        if engine is None:
            engine = self._engine = await self._connect(self._settings)
        if not self._measured_of:
            await self._recollect(engine)
        now = asyncio.get_running_loop().time
        if await engine.is_loaded():
            self.rates.ready(now())
        elif engine.stays_loaded or not ahead:
            await self._load(engine)
            self.rates.ready(now(), anew=True)
        return engine

    async def _load(self, engine: Engine) -> None:
        loop = asyncio.get_running_loop()
        if self._failed is not None and loop.time() < self._failed_until:
            raise self._failed
        engine.expect(self.rates.read)
        try:
            with self._status.loading():
                await engine.load()
                self._status.works()
        except InfillError as error:
            self._retry = min(max(2 * self._retry, SHORTEST_RETRY), LONGEST_RETRY)
            self._failed, self._failed_until = error, loop.time() + self._retry
            self._status.fails(str(error))
            raise
        self.forgive()

    async def _recollect(self, engine: Engine) -> None:
        """Begin with the rates that this engine and model had in an earlier session."""
        model = await engine.describe()
        self._measured_of = RatesFile.key(engine.name, self._settings.engine_url, model.name)
        if self._measured is not None:
            self._turn_to(self._measured.load(self._measured_of))

    def _turn_to(self, rates: Rates) -> None:
        rates.follow(self.rates)
        self.rates = rates


def _look_at(work: asyncio.Task[Engine]) -> None:
    """An exception that nobody has looked at would be printed, with its traceback."""
    if not work.cancelled():
        work.exception()
