"""`python -m eval.lines --files FOLDER`: how many lines of a fill are right, by their number.

Holes in real files on an empty line within a block, up to the block's end: there a fill may be of
any number of statements. A line counts only if all those before it in the fill are right, since
nobody takes the second of two lines without the first; the model is stopped where it goes wrong.
What it writes where the block is over is wrong as well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Final

from tqdm import tqdm

from eval import real_files
from eval.cuts import shape
from eval.report import table
from eval.score import share
from eval.tasks import Task
from infill_ls.completion.generation import Generation
from infill_ls.engines import connect
from infill_ls.engines.embedded import weights
from infill_ls.engines.engine import Engine
from infill_ls.settings import Settings
from infill_ls.text.indents import depth_of
from infill_ls.trim.lines import CLAUSES, FIRST_WORD

KIND: Final = "rest of a block"
# Holes in each language.
_COUNT: Final = 12
# Tokens: short prompts, since reading them is what takes the time.
_CONTEXT: Final = 384
_FILL: Final = 128


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a fill after lines that were right: its number and its statement's, from 1."""

    number: int
    statement: int
    right: bool


def judged(fill: str, task: Task, *, over: bool) -> list[Line]:
    """The lines of a fill up to the first wrong one; the last is left out unless it is over.

    Blank lines count for nothing, and the kind and number of blanks within a line neither.
    """
    head = task.prefix[task.prefix.rfind("\n") + 1 :]
    lines = _code(head + fill, over=over)
    truth = _code(head + task.truth, over=True)
    found: list[Line] = []
    statement, base = 0, depth_of(lines[0]) if lines else 0
    for number, line in enumerate(lines):
        statement += number == 0 or begins_statement(line, base)
        right = number < len(truth) and same(line, truth[number])
        found.append(Line(number + 1, statement, right))
        if not right:
            break
    return found


def _code(text: str, *, over: bool) -> list[str]:
    lines = text.split("\n")
    return [line for line in (lines if over else lines[:-1]) if line.strip()]


def same(line: str, other: str) -> bool:
    """Whether two lines differ in the kind and number of blanks within them at the most."""
    return line.split() == other.split() and depth_of(line) == depth_of(other)


def tasks(folders: Sequence[Path], count: int = _COUNT) -> list[Task]:
    """The holes; languages take turns, so that the first of them are a fair sample."""
    groups: dict[str, dict[str, Task]] = {}
    for seed in range(1, 8):
        for task in real_files.holes(folders, count, seed=seed, kinds=[KIND]):
            group = groups.setdefault(task.language, {})
            if len(group) < count and shape(task) == "block":
                group.setdefault(task.id, task)
    turns = zip_longest(*(group.values() for group in groups.values()))
    return [task for task in chain.from_iterable(turns) if task is not None]


async def fill(engine: Engine, task: Task, settings: Settings) -> str:
    """What is shown of what the model writes, up to where it goes wrong."""
    generation, ended = Generation("", task.hole), ""
    async with aclosing(generation.stream(engine, settings)) as steps:
        async for _ in steps:
            found = generation.fill(task.hole, shape(task))
            assert found is not None
            ended = found.text
            lines = judged(ended, task, over=found.complete)
            if found.complete or (lines and not lines[-1].right):
                return ended
    generation.over = True
    found = generation.fill(task.hole, shape(task))
    return found.text if found is not None else ended


async def run(options: argparse.Namespace) -> int:
    settings = Settings(
        headers={},
        engine="embedded",
        model=options.model,
        temperature=0.0,
        context_tokens=_CONTEXT,
        max_tokens=_FILL,
    )
    found: list[tuple[Task, str]] = []
    begun = time.monotonic()
    async with aclosing(await connect(settings)) as engine:
        for task in tqdm(tasks(options.files, options.count), unit="hole"):
            if options.seconds and time.monotonic() - begun > options.seconds:
                break
            found.append((task, await fill(engine, task, settings)))
    if options.json:
        rows = [{"id": task.id, "language": task.language, "fill": text} for task, text in found]
        options.json.write_text(json.dumps(rows, indent=1), "utf-8")
    print(f"# {options.model}, {len(found)} holes\n")
    print(tables([judged(text, task, over=True) for task, text in found]))
    return 0


def tables(fills: Iterable[Sequence[Line]]) -> str:
    """How many of the lines are right that follow right ones, and how many fills get so far."""
    kept = list(fills)
    parts = []
    for name, places in (
        ("line", [[(line.number, line.right) for line in lines] for lines in kept]),
        ("statement", [_statements(lines) for lines in kept]),
    ):
        numbers = range(1, 1 + max((number for fill in places for number, _ in fill), default=0))
        rows = [
            [
                str(number),
                str(share([right for fill in places for at, right in fill if at == number])),
            ]
            for number in numbers
        ]
        counts = Counter(number for fill in places for number, _ in fill)
        for row, number in zip(rows, numbers, strict=True):
            row.append(str(counts[number]))
        parts.append(table([name, "right after right ones", "n"], rows))
    return "\n\n".join(parts)


def _statements(lines: Sequence[Line]) -> list[tuple[int, bool]]:
    """Each statement's number, and whether all its lines are right."""
    right: dict[int, bool] = {}
    for line in lines:
        right[line.statement] = right.get(line.statement, True) and line.right
    return list(right.items())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.lines", description=__doc__)
    parser.add_argument(
        "--files",
        type=Path,
        action="append",
        required=True,
        help="a source tree to cut holes in; may be repeated (python -m eval.samples fetches some)",
    )
    parser.add_argument("--count", type=int, default=_COUNT, help="so many holes in each language")
    parser.add_argument("--model", default=weights.DEFAULT.name)
    parser.add_argument("--seconds", type=float, help="begin no hole after this time")
    parser.add_argument("--json", type=Path, help="write the fills to this file")
    return asyncio.run(run(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())


def begins_statement(line: str, base: int) -> bool:
    """Whether a line with code begins another statement of a block, ``base`` columns in.

    As far as its blanks and its first word tell; what brackets are open is not looked at.
    """
    first = FIRST_WORD.match(line + "\n")
    word = (first[1] or first[2]) if first else ""
    return depth_of(line) == base and word not in CLAUSES
