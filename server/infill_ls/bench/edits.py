"""What is typed: blocks of a file, taken out of it and typed in again. Pure."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
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
    """Return blocks of a file, each with the rest of the file as it is.

    The arguments are those of :func:`blocks`.
    """
    lines = source.splitlines(keepends=True)
    found = []
    chosen = blocks(lines, count, seed, block_lines=block_lines, skipped=skipped)
    for number, (start, end) in enumerate(chosen):
        target = "".join(lines[start:end]).removesuffix("\n")
        found.append(
            Edit(number, "".join(lines[:start]), target, "\n" + "".join(lines[end:])),
        )
    return found


def blocks(
    lines: Sequence[str],
    count: int,
    seed: str,
    *,
    block_lines: tuple[int, int] = BLOCK_LINES,
    skipped: int = 10,
) -> list[tuple[int, int]]:
    """Return where blocks of a file begin and end, as numbers of lines, in an order that jumps.

    They begin with an indented line, and at least one line is between two of them. ``count``: how
    many there are at the most. ``block_lines``: the fewest and the most lines of one. ``skipped``:
    lines at the start of the file of which none begins a block.
    """
    chance = random.Random(f"edits {seed}")
    starts = [
        number
        for number, line in enumerate(lines)
        if line.strip() and number > skipped and re.match(r"\s+\S", line)
    ]
    found: list[tuple[int, int]] = []
    while len(found) < count and starts:
        start = chance.choice(starts)
        end = start + chance.randint(*block_lines)
        if end < len(lines) and all(end < low or high < start for low, high in found):
            found.append((start, end))
        starts.remove(start)
    return found
