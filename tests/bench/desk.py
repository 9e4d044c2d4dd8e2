"""Somebody who works on three files in turn, and what is learnt of the engine's rates meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bench.world import SOURCES
from holes import at
from infill_ls.completion.answer import Answer
from infill_ls.completion.completer import Completer


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

    async def visit(self, file: int, line: int = 120) -> Answer:
        """Wait for a fill at a place; one line more stands above it at each visit."""
        here = "".join(self.lines[file][:line]) + self.typed[file] + "    result = █\n"
        below = "".join(self.lines[file][line:])
        answer = await self.completer.complete(f"file:///{file}.py", at(here + below))
        self.typed[file] += f"    value_{len(self.typed[file])} = compute()\n"
        await asyncio.sleep(self.pause)
        return answer
