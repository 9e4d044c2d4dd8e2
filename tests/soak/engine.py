"""The engine's process: a simulated Ollama that knows the project by heart, and its faults.

It takes orders on stdin, a line of JSON each (``{"fault": …, "seconds": …}``; an empty fault ends
the one before), and says on stdout how it stands, every second and whenever two generations are in
flight.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections import deque
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, Literal

from fake_ollama import Call, FakeOllama
from soak.faults import LOSES

# s. A middling model on a small card: 3 pieces of 4 characters in 40 ms, after the prompt.
PIECE: Final = 0.013
READING: Final = (0.05, 0.3)
SLOW: Final = 1.0
# Characters before the cursor by which a place in the project is found, and those written there.
KNOWN: Final = 80
WRITTEN: Final = 600
# Lines that the model gets right to their end.
RIGHT: Final = 0.7

_connection: ContextVar[asyncio.StreamReader] = ContextVar("connection")


class Pace(asyncio.Event):
    """A gate that takes its time. While it is clear nothing passes, as with any other."""

    def __init__(self, shortest: float, longest: float) -> None:
        super().__init__()
        self.seconds = (shortest, longest)
        self.set()

    async def wait(self) -> Literal[True]:
        await asyncio.sleep(random.uniform(*self.seconds))
        return await super().wait()


class Engine(FakeOllama):
    """``most``: generations that were in flight at the same time, at the most. ``open``: its
    connections. ``taken``: calls of all kinds so far. ``asked``: generations so far.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.most = self.open = self.taken = self.asked = 0
        self.gate = Pace(*READING)
        self.piece_gate = self._pace = Pace(PIECE, PIECE)
        # Each prompt is compared with all that were read.
        self._prompts: deque[str] = deque(maxlen=1)  # type: ignore[assignment]
        self._in_flight: set[asyncio.StreamReader] = set()
        self._broken = ""
        self._silent: list[asyncio.Task[Any]] = []  # what answers calls, and doesn't

    # How many are in flight

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _connection.set(reader)
        self.open += 1
        try:
            await super()._serve(reader, writer)
        finally:
            self.open -= 1

    async def _answer(self, method: str, call: Call, writer: asyncio.StreamWriter) -> None:
        # An hour's calls would fill the memory.
        self.calls.clear()
        self.taken += 1
        if self._broken == "answers nothing":
            task = asyncio.current_task()
            assert task is not None
            self._silent.append(task)
        if call.path != "/api/generate":
            await super()._answer(method, call, writer)
            return
        if not call.body.get("prompt"):
            await self._answer_load(method, call, writer)
            return
        reader = _connection.get()
        self._in_flight.add(reader)
        self.asked += 1
        # The end of the one before may have come, and only wait to be looked at.
        for _ in range(10):
            await asyncio.sleep(0)
        listening = [one for one in self._in_flight if not one.at_eof() and one.exception() is None]
        self.most = max(self.most, len(listening))
        if len(listening) > 1:
            self.say()
        try:
            await super()._answer(method, call, writer)
        finally:
            self._in_flight.discard(reader)

    async def _answer_load(self, method: str, call: Call, writer: asyncio.StreamWriter) -> None:
        """Answer a call that loads the model, which is never lost.

        Who hears nothing of a load waits for as long as Ollama's own limit, which is five minutes,
        since nothing tells the two apart.
        """
        if self._broken == LOSES:
            self.fault = ""
        await super()._answer(method, call, writer)
        if self._broken == LOSES:
            self.fault = "silent"

    def say(self) -> None:
        state = {"asked": self.asked, "most": self.most, "open": self.open}
        print(json.dumps(state), flush=True)

    # What goes wrong

    async def break_down(self, kind: str, seconds: float) -> None:
        """Have something go wrong from now on, or nothing."""
        refused = self._broken == "refuses connections"
        self._broken = kind
        self.refusal, self.fault, self.load_time = None, "", 0.3
        self.gate.set()
        self.piece_gate.set()
        while self._silent:
            self._silent.pop().cancel()
        self._pace.seconds = (SLOW, SLOW) if kind == "slow pieces" else (PIECE, PIECE)
        if refused:
            await self.start(self.port)
        if kind == "refuses connections":
            assert self._server is not None
            self._server.close()
        elif kind == "hangs before headers":
            self.gate.clear()
        elif kind == "hangs mid-stream":
            self.piece_gate.clear()
        elif kind == "loads its model anew":
            self.load_time = seconds
            self.evict()
        elif kind.startswith("status "):
            self.refusal = int(kind.removeprefix("status ")), "something is wrong"
        elif kind:
            self.fault = {
                "answers nothing": "silent",
                LOSES: "silent",
                "cuts the connection": "cut",
                "ends without an end": "hang up",
                "garbage": "nonsense",
                "a line of 2 MB": "long line",
                "an error line": "error line",
            }.get(kind, "")


class ByHeart:
    """What a model writes that has seen the project, and errs now and then."""

    def __init__(self, folder: Path) -> None:
        paths = [path for path in sorted(folder.rglob("*.py")) if path.name != "everything.py"]
        self._whole = "\n".join(path.read_text("utf-8") for path in paths)

    def __call__(self, body: Mapping[str, Any]) -> str:
        before = body["prompt"].partition("<|fim_suffix|>")[0].removeprefix("<|fim_prefix|>")
        begun = body["prompt"].rpartition("<|fim_middle|>")[2]
        tail = (before + begun)[-KNOWN:]
        at = self._whole.find(tail)
        if at < 0:
            return "value for value in values]\n    return other(value)\n"
        at += len(tail)
        text = self._whole[at : at + WRITTEN]
        chance = random.Random(f"{body.get('options', {}).get('seed')} {tail}")
        for end in [place for place, one in enumerate(text) if one == "\n"]:
            if chance.random() > RIGHT:
                return text[: chance.randint(end // 2, end)] + "wrong(other)\n"
        return text


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--project", type=Path, required=True)
    options = parser.parse_args()
    engine = Engine(fill=ByHeart(options.project))
    await engine.start(options.port)
    print(json.dumps({"port": engine.port}), flush=True)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )

    async def say() -> None:
        while True:
            engine.say()
            await asyncio.sleep(1)

    saying = asyncio.create_task(say())
    while line := await orders.readline():
        order = json.loads(line)
        await engine.break_down(order["fault"], order["seconds"])
    saying.cancel()
    await engine.stop()
    engine.say()


if __name__ == "__main__":
    asyncio.run(main())
