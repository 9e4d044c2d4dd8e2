"""An engine that does what its script says: writes, fails, hangs, closes slowly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from random import Random
from typing import Any, Final

from fuzz.texts import text
from infill_ls.engines.engine import Chunk
from infill_ls.engines.rates import Usage
from infill_ls.errors import (
    BadAnswer,
    Busy,
    CannotInsert,
    EngineError,
    ModelNotFound,
    NotRunning,
    Stalled,
    TooLong,
    Unauthorized,
)
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model

ERRORS: Final = (
    *(NotRunning, Stalled, Busy, Unauthorized, ModelNotFound, CannotInsert, BadAnswer, TooLong),
)
ENDS: Final = (*["stop"] * 9, "length", "length", "cut", "error", "hang", "nothing")
FILLS: Final = (
    *("x for x in xs]\n", "a, b)\n", "return x\n    y = 1\n", "1\n", "value + 1", "}\n", "f(x)"),
    *("pass\n\n\ndef g():\n    pass\n", "x]\n" * 8, "if a {\n        b\n    }\n", "    " * 9, ""),
)


def call(random: Random) -> dict[str, Any]:
    """The script of one call."""
    lot = random.random()
    if lot < 0.6:
        whole = random.choice(FILLS) + (random.choice(FILLS) if random.random() < 0.5 else "")
    elif lot < 0.9:
        whole = text(random, random.randrange(1, 12), strange=0.05)
    else:
        whole = text(random, random.randrange(1, 40))
    pieces = []
    while whole:
        size = random.choice((1, 2, 5, 20, 400))
        pause = random.choice((0, 0, 0.01, 0.05, 0.3))
        pieces.append([pause, whole[:size]])
        whole = whole[size:]
    return {
        "first": random.choice((0, 0, 0.01, 0.05, 0.2, 0.2, 0.8, 3, 12)),
        "pieces": pieces,
        "end": random.choice(ENDS),
        "error": random.randrange(len(ERRORS)),
        "close": random.choice((0, 0, 0, 0.01, 0.4, 0.9)),
        "begins": random.random() < 0.8,
    }


def script(random: Random) -> dict[str, Any]:
    """The script of an engine."""
    models = ("qwen2.5-coder:1.5b", "qwen2.5-coder:1.5b", "starcoder2", "codellama:7b", "mystery")
    return {
        "model": random.choice(models),
        "inserts": random.random() < 0.5,
        "room": random.choice((None, None, None, 4096, 700, 80)),
        "counts": random.random() < 0.5,
        "stays": random.random() < 0.8,
        "loads": [
            [random.choice((0, 0, 0, 0.1, 4, 20)), random.random() < 0.05]
            for _ in range(random.randrange(1, 4))
        ],
        "connects": [
            [random.choice((0, 0, 0.1, 2)), random.random() < 0.04]
            for _ in range(random.randrange(1, 4))
        ],
        "calls": [call(random) for _ in range(random.randrange(1, 6))],
    }


class Watch:
    """What all engines of a session did."""

    def __init__(self) -> None:
        self.calls = 0
        self.running = 0
        self.most_at_once = 0


class ScriptedEngine:
    """Follows its script; each list of it begins anew when it has come to its end."""

    name = "ollama"

    def __init__(self, script: dict[str, Any], watch: Watch) -> None:
        self._script = script
        self._watch = watch
        self._loads = 0
        self._loaded = False
        self.room: int | None = script["room"]
        self.stays_loaded: bool = script["stays"]

    def _fail(self, number: int) -> EngineError:
        return ERRORS[number % len(ERRORS)]("The engine failed.", "Mend it.")

    async def describe(self) -> Model:
        return Model(self._script["model"], can_insert=self._script["inserts"])

    def expect(self, read: float | None) -> None:
        """It makes no difference here."""

    async def count(self, text: str) -> int | None:
        return len(text) // 3 if self._script["counts"] else None

    async def is_loaded(self) -> bool:
        return self._loaded

    async def is_loading(self) -> bool:
        return False

    async def load(self) -> None:
        loads = self._script["loads"]
        pause, fails = loads[self._loads % len(loads)]
        self._loads += 1
        await asyncio.sleep(pause)
        if fails:
            raise self._fail(self._loads)
        self._loaded = True

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        watch = self._watch
        call = self._script["calls"][watch.calls % len(self._script["calls"])]
        watch.calls += 1
        watch.running += 1
        watch.most_at_once = max(watch.most_at_once, watch.running)
        try:
            await asyncio.sleep(call["first"])
            if call["begins"] and request.begin is not None:
                yield Chunk(request.begin.text)
            for pause, piece in call["pieces"]:
                if pause:
                    await asyncio.sleep(pause)
                yield Chunk(piece)
            if call["end"] == "error":
                raise self._fail(call["error"])
            if call["end"] == "hang":
                await asyncio.Event().wait()
            if call["end"] != "nothing":
                yield Chunk("", Usage(len(request.prompt) // 3, None, 9), call["end"])
        except (asyncio.CancelledError, GeneratorExit):
            if call["close"]:
                await asyncio.sleep(call["close"])
            raise
        finally:
            watch.running -= 1

    async def aclose(self) -> None:
        await asyncio.sleep(0)
