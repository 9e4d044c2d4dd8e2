"""Asks the engine for what is not in the store yet."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from tqdm import tqdm

from eval.logprobs import Tap
from eval.store import Generation, Generations
from eval.tasks import Task
from eval.variants import VARIANTS
from infill_ls.engines.engine import Chunk, Engine
from infill_ls.engines.rates import Usage
from infill_ls.errors import NotRunning
from infill_ls.prompt.build import SEED, Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings
from ready_engine import ReadyEngine


@dataclass(frozen=True, slots=True)
class Job:
    """A task and one way to ask for it."""

    task: Task
    variant: str
    request: Request


class Stored(ReadyEngine):
    """An engine that only knows what a store has."""

    name = "stored"

    def __init__(self, store: Generations, model: str) -> None:
        found = [one for one in store.models() if model in ("auto", one.name)]
        if not found:
            raise NotRunning(f'The store has nothing of the model "{model}".')
        self._model = found[-1]

    async def describe(self) -> Model:
        return self._model

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        raise NotRunning("The store has not all of these.", "Run again without --stored.")
        yield Chunk("")


async def jobs(
    engine: Engine,
    tasks: Sequence[Task],
    variants: Sequence[str],
    settings: Settings,
    max_tokens: dict[str, int],
) -> list[Job]:
    """The requests; ``max_tokens`` by kind, for others as the settings say."""
    return [
        Job(
            task,
            variant,
            await VARIANTS[variant](
                engine,
                task.hole,
                replace(settings, max_tokens=max_tokens.get(task.kind, settings.max_tokens)),
            ),
        )
        for variant in variants
        for task in tasks
    ]


def answered(
    request: Request, known: Callable[[Request], Generation | None]
) -> tuple[Generation, int] | Request:
    """What a model wrote behind the cursor and in which call, counted from 1.

    Or the request that has to be made first. ``known``: what was generated for a request.
    """
    call = 1
    while True:
        found = known(request)
        if found is None:
            return request
        rest = request.begin.rest(found.raw, over=True) if request.begin else found.raw
        if rest is not None or request.otherwise is None:
            return found.behind(len(found.raw) - len(rest or "")), call
        request, call = request.otherwise, call + 1


async def generate(
    engine: Engine,
    wanted: Sequence[Job],
    store: Generations,
    *,
    seconds: float | None = None,
    progress: bool = True,
    tap: Tap | None = None,
) -> int:
    """Generate what the store lacks, in order; the number of those that are lacking still.

    ``seconds``: begin nothing more after this time. ``tap``: what has no logprobs is lacking
    too. Raises :class:`infill_ls.errors.InfillError`.
    """
    model = await engine.describe()

    def known(request: Request) -> Generation | None:
        return store.get(model, request, SEED, with_logprobs=tap is not None)

    missing = [job for job in wanted if isinstance(answered(job.request, known), Request)]
    begun = time.monotonic()
    bar = tqdm(
        total=len(wanted),
        initial=len(wanted) - len(missing),
        unit="task",
        disable=not progress,
    )
    with bar:
        for number, job in enumerate(missing):
            if seconds is not None and time.monotonic() - begun > seconds:
                return len(missing) - number
            # The same request may belong to two variants.
            while isinstance(request := answered(job.request, known), Request):
                store.add(
                    *(model, request, SEED, await ask(engine, request, tap)),
                    task=job.task.id,
                    kind=job.task.kind,
                    variant=job.variant,
                )
            bar.update()
    return 0


async def ask(engine: Engine, request: Request, tap: Tap | None = None) -> Generation:
    """One call, to the end of what the model writes."""
    if tap is not None:
        await tap.listen()
    pieces: list[str] = []
    times: list[int] = []
    usage, reason = Usage(), "stop"
    started = time.monotonic()
    async with aclosing(engine.generate(request)) as chunks:
        async for chunk in chunks:
            if chunk.text:
                pieces.append(chunk.text)
                times.append(round((time.monotonic() - started) * 1000))
            usage = chunk.usage or usage
            if chunk.stop_reason is not None:
                reason = chunk.stop_reason
    return Generation(
        pieces=tuple(pieces),
        times=tuple(times),
        stop_reason=reason,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        fill_tokens=usage.fill_tokens,
        logprobs=tap.heard if tap is not None else None,
    )
