"""An engine with a cost model: one slot, a memory of old prompts, two rates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from bench.world import Piece, pieces
from infill_ls.engines.engine import Chunk, Token
from infill_ls.engines.rates import Usage
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model
from ready_engine import ReadyEngine

# Tokens of old prompts that are kept: what llama-server's 8,192 MB by default hold of a model with
# 1.5B parameters is ten times that, the embedded engine's 256 MB with 0.5B just that.
MEMORY: Final = 20_000

# What an engine tells of its work. "timings": llama-server with every piece, what was read and for
# how long. In the last piece alone, as Ollama: "all" counts the whole prompt (since 0.3.14), "read"
# what was read of it (before). "nothing": nothing.
Says = Literal["timings", "all", "read", "nothing"]


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
    Profile("laptop", 400, 45),
    Profile("GPU", 5000, 120),
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


class SimulatedEngine(ReadyEngine):
    """``continuation``: what the model writes for a prompt, piece by piece. ``memory``: tokens of
    old prompts that it keeps, beside the last one. ``reuse``: parts of the prompt in the slot that
    have at least so many tokens serve at another place, too (llama-server's ``--cache-reuse``); 0
    if none does.
    """

    name = "ollama"

    def __init__(
        self,
        profile: Profile,
        continuation: Callable[[str], Iterator[str]],
        *,
        says: Says = "all",
        memory: int = MEMORY,
        reuse: int = 0,
    ) -> None:
        self.account = Account()
        self.profile = profile
        self.continuation = continuation
        self._says = says
        self._memory = memory
        self._reuse = reuse
        self._slot = asyncio.Lock()
        self._kept: list[list[str]] = [[]]  # the last one is in the slot
        self._jobs: set[asyncio.Task[None]] = set()

    async def describe(self) -> Model:
        return Model("qwen2.5-coder:1.5b", can_insert=True)

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
            cached = self._recall(prompt)
            self.account.ask(len(prompt), cached)
            done = cached
            while done < len(prompt):
                step = min(self.profile.batch, len(prompt) - done)
                await self._spend(step / self.profile.read)
                done += step
                self.account.read += step
                self._kept[-1] = prompt[:done]
                if gone.is_set():
                    return
            reading = (len(prompt) - cached) / self.profile.read
            count = 0
            for count, piece in enumerate(self.continuation(request.prompt), 1):
                await self._spend(1 / self.profile.write)
                self._kept[-1].append(piece)
                self.account.written += 1
                if gone.is_set():
                    return
                reason = "length" if count == request.max_tokens else None
                usage = self._usage(len(prompt), cached, reading, count, last=reason is not None)
                answers.put_nowait(Chunk(piece, usage, reason, _tokens(piece)))
                if reason:
                    return
            usage = self._usage(len(prompt), cached, reading, count, last=True)
            answers.put_nowait(Chunk("", usage, "stop"))

    def _recall(self, prompt: list[str]) -> int:
        """Put the prompt that begins most like this one into the slot; how much of it serves."""
        known = max(self._kept, key=lambda kept: _common(kept, prompt))
        # The last token is always read again: its outcome is what comes next.
        cached = _common(known, prompt)
        cached = min(cached + self._shifted(known, prompt, cached), len(prompt) - 1)
        if cached * 2 > len(known):
            self._kept.remove(known)
        self._kept.append(prompt[:cached])
        while len(self._kept) > 1 and sum(map(len, self._kept)) > self._memory:
            del self._kept[0]
        return cached

    def _shifted(self, known: list[str], prompt: list[str], since: int) -> int:
        """How many tokens serve at another place, as llama-server finds them.

        What comes next in the prompt is looked for further and further on in the known one.
        """
        found, at, there = 0, since, since
        while self._reuse and at < len(known) and there < len(prompt):
            same = _common(known[at:], prompt[there:]) if known[at] == prompt[there] else 0
            if same >= self._reuse:
                found += same
                at += same
                there += same
            else:
                at += 1
        return found

    def _usage(
        self, prompt: int, cached: int, reading: float, count: int, *, last: bool
    ) -> Usage | None:
        writing = count / self.profile.write
        if self._says == "timings":
            return Usage(prompt, cached, count, reading, writing)
        if not last or self._says == "nothing":
            return None
        said = prompt if self._says == "all" else prompt - cached
        return Usage(said, None, count, reading, writing)

    async def _spend(self, seconds: float) -> None:
        self.account.busy += seconds
        await asyncio.sleep(seconds)


def _tokens(piece: str) -> tuple[Token, ...]:
    """How likely a piece was, where the model says it."""
    return (Token(piece, piece.logprob),) if isinstance(piece, Piece) else ()


def _common(one: list[str], other: list[str]) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
