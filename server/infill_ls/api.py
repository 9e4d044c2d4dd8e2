"""Fill holes for callers that are not asynchronous, and keep the engines open between calls."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from typing import Any, ClassVar, Final

from infill_ls.audit import Audit
from infill_ls.completion import policy
from infill_ls.completion.answer import Outcome
from infill_ls.completion.generation import fill_hole, say_once
from infill_ls.completion.record import Origin, entry
from infill_ls.engines import connect
from infill_ls.engines.engine import Engine, get_ready
from infill_ls.engines.ollama_versions import advice
from infill_ls.errors import NotRunning, SettingsError
from infill_ls.project.recitation import Filter
from infill_ls.prompt.secrets import stands_in
from infill_ls.settings import Settings, from_user, in_short, unknown_variables
from infill_ls.text.hole import Hole, between

log = logging.getLogger(__name__)

# s. So long the last streams may take to be closed when the program ends; they take under 1 ms.
_LAST_CLOSING: Final = 1.0


class SharedEngines:
    """The engines that one process has open, one for each settings, on a thread of their own.

    Any thread may call it. It closes itself when the program ends.
    """

    _shared: ClassVar[SharedEngines | None] = None
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._connecting = asyncio.Lock()
        self._engines: list[tuple[Settings, Engine]] = []
        self._filling: set[asyncio.Task[str]] = set()
        self._thread = threading.Thread(
            target=self._loop.run_forever, daemon=True, name="infill-ls"
        )
        self._thread.start()
        atexit.register(self.close)

    @classmethod
    def shared(cls) -> SharedEngines:
        """Return the one of this process; make it at the first call, or after a close."""
        with cls._lock:
            if cls._shared is None:
                cls._shared = SharedEngines()
            return cls._shared

    def complete(self, prefix: str, suffix: str, model: str) -> str:
        """Return the fill for a hole; see :func:`infill_ls.complete`."""
        settings, problems = from_user({} if model == "auto" else {"model": model})
        strange = unknown_variables(os.environ)
        if wrong := [problem for problem in problems if problem not in strange]:
            raise SettingsError(in_short(wrong))
        for problem in problems:
            say_once(problem)
        filling = self._noted(self._fill(prefix, suffix, settings))
        future = asyncio.run_coroutine_threadsafe(filling, self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise
        except CancelledError:
            raise NotRunning("The engines were closed meanwhile.", "Ask again.") from None

    def close(self) -> None:
        """Close the engines and end the thread. A later call of :meth:`shared` makes new ones."""
        atexit.unregister(self.close)
        with SharedEngines._lock:
            if SharedEngines._shared is self:
                SharedEngines._shared = None
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _noted(self, fill: Coroutine[Any, Any, str]) -> str:
        """Fill a hole in a task of its own, so that closing can end it."""
        task = asyncio.create_task(fill)
        self._filling.add(task)
        task.add_done_callback(self._filling.discard)
        return await task

    async def _fill(self, prefix: str, suffix: str, settings: Settings) -> str:
        hole = between(prefix, suffix)
        judge = Filter(settings.recitation) if settings.recitation else None
        if judge is not None and (problem := judge.problem()):
            raise problem
        if stands_in(hole):
            return ""
        async with self._connecting:
            known = (engine for of, engine in self._engines if of == settings)
            engine = next(known, None)
            if engine is None:
                engine = await connect(settings, say_once)
                self._engines.append((settings, engine))
                if text := await advice(engine):
                    say_once(text)
        await get_ready(engine)
        wanted = policy.shape(hole, settings.multiline, manual=True)
        outcome = await fill_hole(engine, hole, settings, wanted)
        if judge is not None and judge.file_for("", hole.prefix, outcome.fill, hole.right):
            return ""
        if outcome.fill and settings.audit:
            await asyncio.to_thread(_record, outcome, hole, settings.audit)
        return hole.before_closers(outcome.fill)

    async def _close(self) -> None:
        """Close the engines; whoever still waits for a fill is told so."""
        filling = list(self._filling)
        for task in filling:
            task.cancel()
        await asyncio.gather(*filling, return_exceptions=True)
        for _, engine in self._engines:
            await engine.aclose()
        # Streams that nobody reads any more are closed by tasks of their own.
        await self._loop.shutdown_asyncgens()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=_LAST_CLOSING)


def _record(outcome: Outcome, hole: Hole, file: str) -> None:
    """Put a fill on record, before it is given out."""
    audit = Audit(file, lambda text: log.warning("%s", text))
    audit.write(entry("shown", outcome.fill, origin=Origin.of(outcome), language=hole.language))
    audit.close()
