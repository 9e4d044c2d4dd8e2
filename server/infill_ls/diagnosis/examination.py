"""Look at everything, one thing after another, and say of each what was found.

Whatever goes wrong inside is a result of its own: this never raises.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from infill_ls import __version__, visits_file
from infill_ls.diagnosis import engine as looking
from infill_ls.diagnosis import engine_wording, sources, surroundings, wording
from infill_ls.diagnosis.check import Check, Name
from infill_ls.diagnosis.facts import Choice, Given, Installed
from infill_ls.engines.engine import Engine
from infill_ls.engines.ollama_versions import leak
from infill_ls.errors import InfillError
from infill_ls.logs import failure
from infill_ls.settings import Settings
from infill_ls.threads import in_thread

log = logging.getLogger(__name__)

Look = Callable[[], Awaitable[list[Check]]]


class Examination:
    """One examination of this machine.

    ``command_line``: settings by their keys. ``file``: one that the user asks about; None for the
    current folder. ``doing`` is told what is done next, where that may take a while, and nothing
    when it is done.
    """

    def __init__(
        self,
        command_line: Mapping[str, Any],
        *,
        file: Path | None = None,
        doing: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._command_line = command_line
        self._file = file
        self._doing = doing
        self._given = Given(Settings())
        # Nothing is asked of anybody before it is known whom the user wants to be asked.
        self._may_ask = False
        self._installed = Installed("")
        self._choice = Choice()
        self._engine: Engine | None = None

    async def run(self) -> AsyncGenerator[Check]:
        """Yield the results as they come. Raises nothing but :class:`asyncio.CancelledError`."""
        steps: tuple[tuple[Name, str, Look], ...] = (
            ("program", "", self._program),
            ("settings", "", self._settings),
            ("environment", "", self._environment),
            ("engine", "Looking for the engine", self._find_engine),
            ("model", "", self._model),
            ("memory", "Loading the model", self._memory),
            ("fill", "Asking for a fill", self._fill),
            ("embedded", "", self._embedded),
            ("editor", "", self._editors),
            ("excluded", "", self._excluded),
            ("folders", "", self._folders),
            ("log", "", self._log),
        )
        try:
            for name, doing, look in steps:
                self._doing(doing)
                try:
                    checks = await _guarded(name, look)
                finally:
                    self._doing("")
                for check in checks:
                    yield check
        finally:
            if self._engine is not None:
                await _closed(self._engine)

    async def _program(self) -> list[Check]:
        return wording.program(await in_thread(surroundings.program, "program"))

    async def _settings(self) -> list[Check]:
        self._given = sources.given(self._command_line)
        self._may_ask = not self._given.settings.wrong
        return wording.settings(self._given, surroundings.settings_file())

    async def _environment(self) -> list[Check]:
        return wording.environment(self._given, os.environ, surroundings.proxies(self._given))

    async def _find_engine(self) -> list[Check]:
        self._installed = await in_thread(
            lambda: looking.installed(self._given.settings), "installed"
        )
        if not self._may_ask:
            return []
        self._choice, self._engine = await looking.choose(self._given.settings)
        # Of an Ollama that isn't asked nobody needs to know.
        said = leak(self._choice.ollama or "") if self._choice.name == "ollama" else ("", "")
        proxies = surroundings.proxies(self._given)
        return engine_wording.engine(self._given, self._choice, self._installed, said, proxies)

    async def _model(self) -> list[Check]:
        if self._engine is None:
            return []
        chosen = await looking.model(self._engine, self._given.settings)
        if chosen.error is not None:
            # Nothing more is asked of it.
            await self._engine.aclose()
            self._engine = None
        return engine_wording.model(self._given, chosen)

    async def _memory(self) -> list[Check]:
        if self._engine is None:
            return []
        loaded = await looking.load(self._engine)
        if loaded.error is not None:
            await self._engine.aclose()
            self._engine = None
        return engine_wording.memory(self._given, self._choice, loaded)

    async def _fill(self) -> list[Check]:
        if self._engine is None:
            return []
        number = random.randrange(100_000, 1_000_000)
        timed = await looking.fill(self._engine, self._given.settings, number)
        return engine_wording.fill(self._given, timed)

    async def _embedded(self) -> list[Check]:
        if not self._may_ask:
            return []
        return engine_wording.embedded(self._choice, self._installed)

    async def _editors(self) -> list[Check]:
        return wording.editors(visits_file.last(), __version__, visits_file.clock())

    async def _excluded(self) -> list[Check]:
        files = surroundings.files(self._given, self._file)
        return wording.excluded(self._given, files)

    async def _folders(self) -> list[Check]:
        problem = surroundings.record(self._given)
        kept = wording.folders(self._given, surroundings.folders())
        return [*kept, *wording.record(self._given, problem)]

    async def _log(self) -> list[Check]:
        return wording.log(self._given, visits_file.last())


async def _guarded(name: Name, look: Look) -> list[Check]:
    """Return what a look finds, or that it failed."""
    try:
        return await look()
    except InfillError as problem:
        return [Check(name, "warn", problem.message, problem.fix)]
    except Exception as error:
        failure(log, "a check failed", error)
        message = f"This can't be told: something went wrong inside ({type(error).__name__})."
        fix = sources.shell().with_variable("INFILL_LS_LOG", "trace", "infill-ls doctor")
        return [Check(name, "warn", message, fix)]


async def _closed(engine: Engine) -> None:
    """Close an engine; that it can't be takes no other result away."""
    try:
        await engine.aclose()
    except Exception as error:
        failure(log, "the engine can't be closed", error)
