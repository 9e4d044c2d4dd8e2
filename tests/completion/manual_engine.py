"""An engine whose every step the test decides, and a request of the completer on it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from holes import at
from infill_ls.completion.answer import Answer
from infill_ls.completion.completer import Completer
from infill_ls.engines.engine import Chunk, Token
from infill_ls.errors import EngineError
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings

URI = "file:///a.py"
SETTINGS = Settings(headers={}, debounce_ms=0)


@dataclass
class ManualEngine:
    """Writes when it is told to."""

    name: str = "ollama"
    text: str = "x for x in xs]\n"
    asked: list[Request] = field(default_factory=list)
    running: int = 0
    most_at_once: int = 0
    closed: int = 0
    closed_early: int = 0  # calls that were closed while they were to write
    error: EngineError | None = None
    errors: list[EngineError | None] = field(default_factory=list)  # of the calls
    texts: list[str] = field(default_factory=list)  # of the calls, instead of `text`
    hold: list[bool] = field(default_factory=list)  # whether a call never writes
    pause_after_first: bool = False
    delay: float = 0.0  # s before each line, instead of waiting for `go`
    room: int | None = None
    stays_loaded: bool = True
    loaded: bool = True
    loads: int = 0
    load_error: EngineError | None = None
    logprob: Callable[[str], float] | None = None  # of a token; None for an engine that won't say

    def __post_init__(self) -> None:
        self.load_gate = asyncio.Event()
        self.load_gate.set()
        self.paused = asyncio.Event()
        self.unpause = asyncio.Event()
        self.go = asyncio.Event()
        self.started = asyncio.Event()

    async def describe(self) -> Model:
        return Model("qwen2.5-coder:1.5b")

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        self.asked.append(request)
        text = self.texts.pop(0) if self.texts else self.text
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        self.started.set()
        try:
            if self.delay:
                for piece in text.splitlines(keepends=True):
                    await asyncio.sleep(self.delay)
                    yield self._chunk(piece)
                yield Chunk("", stop_reason="stop")
                return
            await self.go.wait()
            if self.hold and self.hold.pop(0):
                await asyncio.Event().wait()
            error = self.errors.pop(0) if self.errors else self.error
            if error:
                raise error
            if self.pause_after_first:
                yield self._chunk(text[:2])
                self.paused.set()
                await self.unpause.wait()
            yield self._chunk(text[2:] if self.pause_after_first else text)
            yield Chunk("", stop_reason="stop")
        except asyncio.CancelledError:
            self.closed_early += 1
            raise
        finally:
            self.running -= 1

    def _chunk(self, text: str) -> Chunk:
        """A piece with its tokens: words with the blanks before them, marks, and line ends."""
        if self.logprob is None:
            return Chunk(text)
        tokens = re.findall(r"\n|[^\S\n]*(?:\w+|[^\w\s])|[^\S\n]+", text)
        return Chunk(text, tokens=tuple(Token(one, self.logprob(one)) for one in tokens))

    async def until_asked(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.asked) < count:
                await asyncio.sleep(0)

    async def count(self, text: str) -> int | None:
        return None

    def expect(self, read: float | None) -> None:
        """It makes no difference here."""

    async def is_loaded(self) -> bool:
        return self.loaded

    async def is_loading(self) -> bool:
        return not self.loaded

    async def load(self) -> None:
        self.loads += 1
        await self.load_gate.wait()
        if self.load_error:
            raise self.load_error
        self.loaded = True

    async def aclose(self) -> None:
        self.closed += 1


def ask(
    completer: Completer, text: str, uri: str = URI, *, manual: bool = False
) -> asyncio.Task[Answer]:
    return asyncio.create_task(completer.complete(uri, at(text), manual=manual))
