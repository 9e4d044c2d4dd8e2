"""Somebody who works on three files in turn, and what is learnt of the engine's rates meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bench.world import SOURCES
from holes import at
from infill_ls.completion.answer import Answer
from infill_ls.completion.completer import Completer
from infill_ls.text.hole import Hole

# s between two keys of a word, and after a word. VS Code asks so long after a key.
KEY = 0.13
WORD = 0.4
ASK_AFTER = 0.040


@dataclass
class Desk:
    """``pause``: s after each fill, in which what comes after it is written too."""

    completer: Completer
    pause: float = 60.0
    lines: list[list[str]] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = [
            path.read_text("utf-8").splitlines(keepends=True)
            for path in sorted(SOURCES.glob("*.txt"))
        ]
        self.typed = ["" for _ in self.lines]

    async def type(self, file: int, text: str, line: int = 120) -> None:
        """Type at a place, and wait. Each key cancels what was asked for, as in VS Code."""
        above = "".join(self.lines[file][:line]) + self.typed[file]
        below = "".join(self.lines[file][line:])
        uri, asking = f"file:///{file}.py", set[asyncio.Task[None]]()
        for end in range(1, len(text) + 1):
            hole = at(f"{above}{text[:end]}█\n{below}")
            self.completer.document_changed(uri, [hole])
            for task in asking:
                task.cancel()
            task = asyncio.create_task(self._ask(uri, hole))
            asking.add(task)
            task.add_done_callback(asking.discard)
            await asyncio.sleep(KEY if text[end - 1].isalnum() else WORD)
        self.typed[file] += text
        await asyncio.sleep(self.pause)

    async def _ask(self, uri: str, hole: Hole) -> None:
        await asyncio.sleep(ASK_AFTER)
        await self.completer.complete(uri, hole)

    async def visit(self, file: int, line: int = 120) -> Answer:
        """Wait for a fill at a place; one line more stands above it at each visit."""
        here = "".join(self.lines[file][:line]) + self.typed[file] + "    result = █\n"
        below = "".join(self.lines[file][line:])
        answer = await self.completer.complete(f"file:///{file}.py", at(here + below))
        self.typed[file] += f"    value_{len(self.typed[file])} = compute()\n"
        await asyncio.sleep(self.pause)
        return answer
