"""The engine in use: the only room that connects, loads, forgets and closes engines.

These are the rules:

1. Getting ready (connecting, and loading the model if it isn't loaded) is one piece of work that
   all who need the engine wait for. Nobody who stops waiting ends it: Ollama breaks off a load
   when the client that caused it leaves, and a typist's next key would always leave.
   Ahead of the first request a model is loaded only if the engine is to keep it.
2. Whether the model is loaded is known before a call is made, so that no call has to cause a load;
   it is looked at, and loaded, when somebody begins to type.
3. After a failure, of a call or on the way to one, the engine is left alone for a while that grows
   (:mod:`infill_ls.completion.breaker`): a request is refused with the error, and nothing is sent.
   Then it is tried, once, whether a request waits for that or not, if somebody has typed or was
   refused meanwhile. That is getting ready again (rule 1); where a call has failed it is a call,
   too, of one token and with none of the user's code. A request by hand, other settings and
   another engine are tried at once.
4. Each configuration has a number. What began under an older one is dropped, and whoever waits
   for it gets the engine of the new one. Only a change of the engine's own settings makes another
   configuration.
5. Whatever goes wrong on the way is told as an :class:`InfillError`, and to the status.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from infill_ls.completion.answer import MESSAGES
from infill_ls.completion.breaker import Breaker, Silence
from infill_ls.completion.status import Status
from infill_ls.completion.watch import hear
from infill_ls.engines.calls import Call
from infill_ls.engines.engine import Engine
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import CannotInsert, EngineError, InfillError, ModelNotFound, NotRunning
from infill_ls.logs import failure
from infill_ls.settings import Settings

log = logging.getLogger(__name__)

# s. While somebody types it is looked at so often whether the engine is ready.
LOOK: Final = 2.0


def _of_the_engine(settings: Settings) -> tuple[Any, ...]:
    """Return the settings that an engine is made from; with others it has to be made anew."""
    chosen = (settings.wrong, settings.engine, settings.model)
    if settings.engine == "embedded":
        return chosen
    address = (settings.engine_url, settings.api_key_env, settings.headers, settings.ca_file)
    if settings.engine == "openai":
        return (*chosen, *address, settings.fim)
    # Ollama is told how much room the model needs when it is loaded.
    prompt = settings.context_tokens
    room = None if prompt == "auto" else prompt + settings.max_tokens
    return (*chosen, *address, settings.fim, settings.keep_alive, room)


class Connection:
    """Owns the engine. ``connect`` gives one for settings; it is asked again after :meth:`forget`.

    ``rates_file`` keeps the engine's rates between sessions, ``status`` is told of loads.
    """

    def __init__(
        self,
        connect: Callable[[Settings], Awaitable[Engine]],
        settings: Settings,
        rates_file: RatesFile | None = None,
        status: Status | None = None,
    ) -> None:
        self.rates = Rates()
        self.source = ("", "")  # names of the engine and its model
        self._connect = connect
        self._settings = settings
        self._number = 0  # of the configuration
        self._rates_file = rates_file
        self._rates_of = ""  # the engine and model that the rates are of
        self._status = status or Status()
        self._engine: Engine | None = None
        self._getting_ready: asyncio.Task[Engine] | None = None
        self._ahead = False  # whether that is for no request
        self._looks_again = -math.inf  # s of the loop's clock
        self._breaker = Breaker()
        self.silence = Silence()
        self._trial: asyncio.TimerHandle | None = None  # until the engine is tried again
        self._closed = False

    @property
    def engine(self) -> Engine | None:
        """The engine in use; None until one was found, and after it was let go."""
        return self._engine

    async def ready(self, *, ahead: bool = False) -> Engine:
        """Return the engine, ready to answer. Waits for its model to be loaded, if need be.

        ``ahead``: nobody has asked for anything yet. Raises :class:`InfillError` with what is in
        the way.
        """
        while True:
            refusal = self.refusal()
            if refusal is not None:
                # Without the frames of those who were refused before.
                raise refusal.with_traceback(None)
            if left := self._breaker.left(_now()):
                await asyncio.sleep(left)
                continue
            number = self._number
            work = self._begin(ahead)
            enough = ahead or not self._ahead
            try:
                engine = await asyncio.shield(work)
                if enough and number == self._number:
                    return engine
            except asyncio.CancelledError:
                waiter = asyncio.current_task()
                left = waiter is not None and waiter.cancelling() > 0
                if left or self._closed or number == self._number:
                    raise

    def prepare(self) -> None:
        """Get the engine ready by the time that somebody who types makes a pause."""
        now = _now()
        if self._breaker.left(now):
            self._try_later()
        elif now >= self._looks_again:
            self._looks_again = now + LOOK
            self._begin(ahead=True)

    async def warm(self) -> InfillError | None:
        """Find the engine and get it ready; return what is in the way, if something is."""
        self.forgive()
        with self._status.loading():
            try:
                await self.ready(ahead=True)
            except InfillError as error:
                return error
            self._status.works()
        return None

    def refusal(self) -> InfillError | None:
        """Return the error for which the engine is left alone; None if it may be asked."""
        refusal = self._breaker.refusal(_now())
        if refusal is not None:
            self._try_later()
        return refusal

    async def failed(self, error: InfillError) -> None:
        """Take note that a call has failed; the engine is looked for again if it is gone."""
        await self._fail(error, of_call=True)

    def works(self) -> None:
        """Take note that the engine has answered a request."""
        self._breaker.works()
        self.silence.heard()
        self._status.works()

    def learn(self, engine: Engine, calls: Iterable[Call]) -> None:
        """Learn the engine's rates from calls that are over, unless another one is in use now."""
        if engine is self._engine:
            for call in calls:
                self.rates.take(call)

    def is_for_other(self, settings: Settings) -> bool:
        """Whether these settings ask for another engine than the one in use."""
        return _of_the_engine(settings) != _of_the_engine(self._settings)

    async def reconfigure(self, settings: Settings) -> None:
        """Use the engine of these settings from now on; the same one is kept as it is."""
        another, self._settings = self.is_for_other(settings), settings
        self.forgive()
        if another:
            self.rest()
            self._breaker.works()
            self.silence.over()
            await self.forget()

    def forgive(self) -> None:
        """Let an engine that has failed be tried again at once."""
        self._breaker.forgive()

    async def forget(self) -> None:
        """Close the engine, and look for one again when it is needed next."""
        self._number += 1
        work, self._getting_ready = self._getting_ready, None
        engine, self._engine = self._engine, None
        self.save_rates()
        # Before the first wait: whoever comes meanwhile has another engine, with other rates.
        self._rates_of = ""
        self._turn_to(Rates())
        if work is not None and not work.done() and work is not asyncio.current_task():
            work.cancel()
            await asyncio.wait([work])
        if engine is not None:
            with contextlib.suppress(InfillError):
                await engine.aclose()

    def save_rates(self) -> None:
        """Keep the engine's rates for the sessions to come; a thread may do it."""
        if self._rates_file is not None and self._rates_of:
            self._rates_file.save(self._rates_of, self.rates)

    async def aclose(self) -> None:
        """Let the engine go for good."""
        self._closed = True
        self.rest()
        await self.forget()

    def _begin(self, ahead: bool) -> asyncio.Task[Engine]:
        """Get ready, unless that is under way."""
        if self._getting_ready is None or self._getting_ready.done():
            self._ahead = ahead
            work = self._get_ready(ahead, self._number)
            self._getting_ready = asyncio.create_task(work, name="get ready")
            # All who waited for it may have left by the time that it fails.
            self._getting_ready.add_done_callback(_look_at)
        return self._getting_ready

    async def _get_ready(self, ahead: bool, number: int) -> Engine:
        """Connect and load, and try the engine if it has failed.

        Raises nothing but :class:`InfillError`.
        """
        self.rest()
        try:
            return await self._ready(ahead, number)
        except InfillError as error:
            problem = error
        except OSError as error:
            problem = _unready(error)
        except Exception as error:
            failure(log, "getting the engine ready failed", error)
            problem = EngineError(MESSAGES["problem"])
        if number == self._number:
            await self._fail(problem, of_call=False)
        raise problem

    async def _ready(self, ahead: bool, number: int) -> Engine:
        engine = self._engine or await self._connected(number)
        if not self._rates_of:
            await self._recollect(engine, number)
        if await engine.is_loaded():
            self.rates.ready(_now())
        elif engine.stays_loaded or not ahead:
            await self._load(engine)
            if (await engine.describe()).name != self.source[1]:
                # There was no room for the one that it would have been.
                await self._recollect(engine, number)
            self.rates.ready(_now(), anew=True)
        else:
            # It can't be tried.
            return engine
        problem = self._breaker.error
        if problem is not None:
            if self._breaker.of_call:
                await hear(engine, self._breaker.trial_limit)
            self._breaker.passes()
            if not isinstance(problem, CannotInsert):
                self._status.works()
        return engine

    async def _connected(self, number: int) -> Engine:
        """Connect; an engine that comes after its configuration has ended is closed."""
        engine = await self._connect(self._settings)
        if number != self._number:
            await engine.aclose()
            raise asyncio.CancelledError
        self._engine = engine
        return engine

    async def _load(self, engine: Engine) -> None:
        """Have the model loaded."""
        engine.expect(self.rates.read)
        with self._status.loading():
            await engine.load()
            self._status.works()

    async def _fail(self, error: InfillError, *, of_call: bool) -> None:
        """Leave the engine alone for a while, and look for it again then if it is gone."""
        self._breaker.fails(error, _now(), of_call=of_call)
        self.silence.over()
        self._status.fails(str(error))
        if isinstance(error, NotRunning | ModelNotFound):
            await self.forget()

    def _try_later(self) -> None:
        """Try the engine when the while is over."""
        if self._trial is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._trial = loop.call_later(self._breaker.left(loop.time()), self._try)

    def _try(self) -> None:
        self._trial = None
        if self._breaker.left(_now()):
            self._try_later()
        else:
            self._begin(ahead=True)

    def rest(self) -> None:
        """Try an engine that has failed only when somebody needs it again."""
        if self._trial is not None:
            self._trial.cancel()
            self._trial = None

    async def _recollect(self, engine: Engine, number: int) -> None:
        """Begin with the rates that this engine and model had in an earlier session."""
        model = await engine.describe()
        if number != self._number:
            return
        self.source = (engine.name, model.name)
        self._rates_of = RatesFile.key(engine.name, self._settings.engine_url, model.name)
        if self._rates_file is not None:
            self._turn_to(self._rates_file.load(self._rates_of))

    def _turn_to(self, rates: Rates) -> None:
        rates.follow(self.rates)
        self.rates = rates


def _unready(error: OSError) -> EngineError:
    """Return what to tell of a failure of the system while the engine gets ready."""
    reason = error.strerror or type(error).__name__
    if error.filename:
        reason += f" ({error.filename})"
        fix = "Make that file readable and writable for you, or remove it."
    else:
        fix = "See whether the system has run out of something: files, processes, memory."
    return EngineError(f"The engine can't be got ready: {reason}.", fix)


def _look_at(work: asyncio.Task[Engine]) -> None:
    """Look at an exception that nobody waits for; otherwise it is printed, with its traceback."""
    if not work.cancelled():
        work.exception()


def _now() -> float:
    """s of the loop's clock."""
    return asyncio.get_running_loop().time()
