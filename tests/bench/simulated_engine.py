"""An engine with a cost model: one slot, a cache of the last prompt, two rates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from bench.world import pieces
from infill_ls.engines import Chunk, Usage
from infill_ls.families import Model
from infill_ls.prompt import Request


@dataclass(frozen=True)
class Profile:
    """``read`` and ``write`` in tokens/s. ``batch``: tokens between two looks at the client."""

    name: str
    read: float
    write: float
    batch: int = 512


# Two CPU cores with 0.5B read 45 to 140 tokens/s and write 15 to 20 (measured); the
# others as laptops with a small and cards with a middling model do.
PROFILES: Final = (
    Profile("two cores", 90, 17),
    Profile("two cores, batch 128", 90, 17, batch=128),
    Profile("laptop", 400, 45),
    Profile("GPU", 3000, 120),
)


@dataclass
class Account:
    """What a run has cost, in calls, tokens and seconds."""

    calls: int = 0
    read: int = 0
    cached: int = 0
    written: int = 0
    busy: float = 0.0
    # The same without the first prompt at each new place.
    cached_here: int = 0
    asked_here: int = 0
    _new_here: bool = True

    def arrive(self) -> None:
        """The typist has come to a new place."""
        self._new_here = True

    def ask(self, prompt: int, cached: int) -> None:
        self.cached += cached
        if not self._new_here:
            self.cached_here += cached
            self.asked_here += prompt
        self._new_here = False


class SimulatedEngine:
    """``continuation``: what the model writes for a prompt, piece by piece."""

    name = "ollama"

    def __init__(self, profile: Profile, continuation: Callable[[str], Iterator[str]]) -> None:
        self.account = Account()
        self._profile = profile
        self._continuation = continuation
        self._slot = asyncio.Lock()
        self._cache: list[str] = []
        self._jobs: set[asyncio.Task[None]] = set()

    async def describe(self) -> Model:
        return Model("qwen2.5-coder:1.5b", can_insert=True)

    room = None
    stays_loaded = True

    def expect(self, read: float | None) -> None:
        """It makes no difference here."""

    async def is_loaded(self) -> bool:
        return True

    async def load(self) -> None:
        """Nothing is loaded here."""

    async def aclose(self) -> None:
        for job in self._jobs:
            job.cancel()

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        answers: asyncio.Queue[Chunk] = asyncio.Queue()
        gone = asyncio.Event()
        self.account.calls += 1
        job = asyncio.create_task(self._work(request, answers, gone))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        try:
            while True:
                chunk = await answers.get()
                yield chunk
                if chunk.stop_reason:
                    break
        finally:
            gone.set()

    async def _work(
        self, request: Request, answers: asyncio.Queue[Chunk], gone: asyncio.Event
    ) -> None:
        async with self._slot:
            if gone.is_set():
                return
            prompt = pieces(request.prompt)
            same = takewhile(
                lambda pair: pair[0] == pair[1], zip(prompt, self._cache, strict=False)
            )
            # The last token is always read again: its outcome is what comes next.
            cached = min(sum(1 for _ in same), len(prompt) - 1)
            self.account.ask(len(prompt), cached)
            done = cached
            while done < len(prompt):
                step = min(self._profile.batch, len(prompt) - done)
                await self._spend(step / self._profile.read)
                done += step
                self.account.read += step
                self._cache = prompt[:done]
                if gone.is_set():
                    return
            count = 0
            for count, piece in enumerate(self._continuation(request.prompt), 1):
                await self._spend(1 / self._profile.write)
                self._cache.append(piece)
                self.account.written += 1
                if gone.is_set():
                    return
                usage = Usage(len(prompt), cached, count)
                reason = "length" if count == request.max_tokens else None
                answers.put_nowait(Chunk(piece, usage, reason))
                if reason:
                    return
            answers.put_nowait(Chunk("", Usage(len(prompt), cached, count), "stop"))

    async def _spend(self, seconds: float) -> None:
        self.account.busy += seconds
        await asyncio.sleep(seconds)
