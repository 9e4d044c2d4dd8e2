"""One engine kept open for callers that are not asynchronous: the Python API."""

from __future__ import annotations

import asyncio
import atexit
import threading
from dataclasses import replace
from typing import ClassVar

from infill_ls import hole, policy
from infill_ls.completer import fill_hole
from infill_ls.engines import Engine, connect
from infill_ls.errors import SettingsError
from infill_ls.settings import Settings, from_user


class Session:
    """An event loop on a thread of its own, with an engine for each model that was asked for."""

    _shared: ClassVar[Session | None] = None
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._engines: dict[Settings, Engine] = {}
        threading.Thread(target=self._loop.run_forever, daemon=True, name="infill-ls").start()
        atexit.register(self.close)

    @classmethod
    def shared(cls) -> Session:
        """The session of this process."""
        with cls._lock:
            if cls._shared is None:
                cls._shared = Session()
            return cls._shared

    def complete(self, prefix: str, suffix: str, model: str) -> str:
        """See :func:`infill_ls.complete`."""
        settings, problems = from_user({} if model == "auto" else {"model": model})
        if problems:
            raise SettingsError(" ".join(problems), "Mend the settings.")
        future = asyncio.run_coroutine_threadsafe(self._fill(prefix, suffix, settings), self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def close(self) -> None:
        """Let the engines go and end the loop."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _fill(self, prefix: str, suffix: str, settings: Settings) -> str:
        place = hole.between(prefix, suffix)
        key = replace(settings, headers=frozenset(settings.headers.items()))  # type: ignore[arg-type]
        engine = self._engines.get(key)
        if engine is None:
            engine = self._engines[key] = await connect(settings)
        wanted = policy.shape(place, settings.multiline, manual=True)
        return (await fill_hole(engine, place, settings, wanted)).fill

    async def _close(self) -> None:
        for engine in self._engines.values():
            await engine.aclose()
