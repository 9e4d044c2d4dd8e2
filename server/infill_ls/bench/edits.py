"""What is typed: blocks of a file, taken out of it and typed in again. Pure."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Final

# Blocks of this many lines are taken out of a file and typed in again.
BLOCK_LINES: Final = (5, 12)


@dataclass(frozen=True, slots=True)
class Edit:
    """``target`` is typed between ``before`` and ``after``."""

    number: int
    before: str
    target: str
    after: str


def edits(
    source: str,
    count: int,
    seed: str,
    *,
    block_lines: tuple[int, int] = BLOCK_LINES,
    skipped: int = 10,
) -> list[Edit]:
    """Return blocks of a file in an order that jumps about, each with the file as it stands then.

    Blocks begin with an indented line. ``count``: how many there are at the most. ``block_lines``:
    the fewest and the most lines of one. ``skipped``: lines at the start of the file of which none
    begins a block.
    """
    chance = random.Random(f"edits {seed}")
    lines = source.splitlines(keepends=True)
    starts = [
        number
        for number, line in enumerate(lines)
        if line.strip() and number > skipped and re.match(r"\s+\S", line)
    ]
    blocks: list[tuple[int, int]] = []
    while len(blocks) < count and starts:
        start = chance.choice(starts)
        end = start + chance.randint(*block_lines)
        if end < len(lines) and all(end < low or high < start for low, high in blocks):
            blocks.append((start, end))
        starts.remove(start)
    missing = set(blocks)
    found = []
    for number, (start, end) in enumerate(blocks):
        missing.discard((start, end))

        def kept(low: int, high: int, gone: frozenset[tuple[int, int]]) -> str:
            return "".join(
                line
                for index, line in enumerate(lines[low:high], low)
                if not any(first <= index < last for first, last in gone)
            )

        gone = frozenset(missing)
        target = "".join(lines[start:end]).removesuffix("\n")
        found.append(Edit(number, kept(0, start, gone), target, "\n" + kept(end, len(lines), gone)))
    return found
