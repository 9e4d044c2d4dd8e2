"""Measure models: somebody types, each goes the whole way from the document to the suggestion."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from infill_ls.bench.figures import Measured
from infill_ls.bench.keyboard import Keyboard
from infill_ls.bench.sources import Source, places
from infill_ls.completion.completer import Completer
from infill_ls.engines import connect
from infill_ls.engines.engine import Engine
from infill_ls.engines.footprint import footprint_of
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import InfillError, Stalled
from infill_ls.project.rules import Rules
from infill_ls.settings import EngineName, Settings

# s. Nobody waits longer for the first suggestion of a day.
LOAD_LIMIT: Final = 180.0
# The share of the time in which nothing is noted: the engine's rates are learnt, the first prompt
# is read.
WARM_UP: Final = 0.1
# For how long Ollama keeps a model after it was measured: the next one needs the memory.
RELEASED_AFTER: Final = "1m"
# s. How often it is told how far it is.
TICK: Final = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that is measured: its engine, and its name there."""

    engine: EngineName
    model: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is with one model, which is the ``number``-th ``of`` so many.

    ``seconds``: of typing that are over; None while it is loaded.
    """

    number: int
    of: int
    candidate: Candidate
    seconds: float | None = None


async def measure_all(
    candidates: Sequence[Candidate],
    sources: Sequence[Source],
    settings: Settings,
    *,
    seconds: float,
    seed: str,
    into: list[Measured],
    tell: Callable[[Progress], None],
    connect: Callable[[Settings], Awaitable[Engine]] = connect,
) -> None:
    """Measure one model after the other, each for so many s, and put what is found ``into`` a list.

    That is there also if this is cancelled. ``settings``: the user's, with which each model is
    used. Nothing is raised for what goes wrong with a model.
    """
    for number, candidate in enumerate(candidates, 1):
        changed: dict[str, Any] = {
            "engine": candidate.engine,
            "model": candidate.model,
            "keep_alive": RELEASED_AFTER,
            "enabled": True,
        }
        run = _Run(
            settings=replace(settings, **changed),
            sources=[replace(one, settings=replace(one.settings, **changed)) for one in sources],
            measured=Measured(candidate.engine, candidate.model),
            seconds=seconds,
            tell=partial(_tell, tell, Progress(number, len(candidates), candidate)),
        )
        into.append(run.measured)
        await run.measure(connect, seed)


def _tell(tell: Callable[[Progress], None], progress: Progress, seconds: float | None) -> None:
    tell(replace(progress, seconds=seconds))


@dataclass(slots=True)
class _Run:
    """One model is measured. ``tell`` is told how many s of typing are over; None at first."""

    settings: Settings
    sources: Sequence[Source]
    measured: Measured
    seconds: float
    tell: Callable[[float | None], None]

    async def measure(self, connect: Callable[[Settings], Awaitable[Engine]], seed: str) -> None:
        self.tell(None)
        completer = Completer(connect, self.settings, RatesFile())
        try:
            await self._get_ready(completer)
            await self._type(completer, seed)
        except InfillError as error:
            self.measured.problem = str(error)
        finally:
            rates = completer.connection.rates
            self.measured.read, self.measured.write = rates.read, rates.write
            await completer.aclose()

    async def _get_ready(self, completer: Completer) -> None:
        """Have the model loaded. Raises :class:`InfillError`."""
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(LOAD_LIMIT):
                problem = await completer.connection.warm()
        except TimeoutError:
            raise Stalled(f"It was not loaded within {LOAD_LIMIT / 60:.0f} minutes.") from None
        if problem is not None:
            raise problem
        self.measured.load_seconds = asyncio.get_running_loop().time() - began

    async def _type(self, completer: Completer, seed: str) -> None:
        """Type until the time is over."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        counts_from, until = began + WARM_UP * self.seconds, began + self.seconds
        keyboard = Keyboard(completer, self.measured, counts_from=counts_from, until=until)
        ticking = asyncio.create_task(self._tick(began), name="show how far it is")
        try:
            await self._note_memory(completer)
            for document, source, edit in places(self.sources, seed):
                if loop.time() >= until:
                    break
                uri = f"file:///bench/{document}"
                await keyboard.type(uri, source.language, Rules(source.settings), edit)
            self.tell(self.seconds)
            # It grows with the prompts that it keeps.
            await self._note_memory(completer)
        finally:
            ticking.cancel()
            self.measured.seconds = max(0.0, loop.time() - counts_from)

    async def _tick(self, began: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self.tell(min(loop.time() - began, self.seconds))
            await asyncio.sleep(TICK)

    async def _note_memory(self, completer: Completer) -> None:
        engine = completer.connection.engine
        footprint = await footprint_of(engine) if engine is not None else None
        if footprint is not None:
            self.measured.memory, self.measured.gpu_memory = footprint.total, footprint.gpu
