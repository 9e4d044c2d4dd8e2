"""`make eval-ends FILES=FOLDER`: what a prompt should end with, before a word and inside of one.

Holes in real files behind a blank, behind a mark, behind a word and inside of one, each up to the
end of its line. The same hole is asked for in several ways: with the prefix as it stands, with its
end left to the model (a plain completion that is compared as it comes, as Ollama is asked, or one
with a grammar), and in the documented order. The first line is kept. What was generated is in the
store, so a run goes on where it was broken off.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, closing
from dataclasses import replace
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import Final

from tqdm import tqdm

from eval import real_files
from eval.__main__ import UNFINISHED
from eval.cuts import shape
from eval.generate import Job, answered, generate
from eval.report import table
from eval.score import score, share
from eval.store import Generation, Generations
from eval.tasks import Task
from eval.variants import VARIANTS
from infill_ls.engines import connect
from infill_ls.engines.embedded import weights
from infill_ls.engines.engine import Chunk, Engine
from infill_ls.prompt.build import SEED, Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings
from infill_ls.trim import trim
from ready_engine import ReadyEngine

# Holes of each kind in each language.
COUNTS: Final = {"after a blank": 15, "in a word": 15, "behind a word": 8, "behind a mark": 8}
# Samples of files: a file gives one hole of a kind in each, and small trees have few files.
_SEEDS: Final = range(1, 6)
# Tokens. Short prompts, since all that is asked about is how they end.
_CONTEXT: Final = 128
_FILL: Final = 24
_NUMBER_OR_NOTHING: Final = re.compile(r"\s*[-+]?\d*[.;,)]?\s*")

# The variant of eval.variants, and whether the engine takes a grammar.
WAYS: Final[dict[str, tuple[str, bool]]] = {
    "as it stands": ("ours without healing", False),
    "ours": ("ours", False),
    "every word left to the model": ("ours, every end left", False),
    "every word left to the model, with a grammar": ("ours, every end left", True),
    "documented order": ("documented without healing", False),
    "documented order, left to the model": ("documented, every end left", False),
}


class Told(ReadyEngine):
    """An engine that describes itself as one that takes a grammar, or as one that doesn't."""

    def __init__(self, engine: Engine, *, can_begin: bool) -> None:
        self._engine = engine
        self._can_begin = can_begin
        self.name = engine.name

    async def describe(self) -> Model:
        return replace(await self._engine.describe(), can_begin=self._can_begin)

    def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        return self._engine.generate(request if self._can_begin else replace(request, begin=None))


# What was written behind the cursor, and in which call.
Answer = tuple[Generation, int]


def tasks(folders: Sequence[Path], kinds: Sequence[str] = tuple(COUNTS)) -> list[Task]:
    """The holes; kinds and languages take turns, so that the first of them are a fair sample."""
    groups: dict[tuple[str, str], dict[str, Task]] = {}
    for kind in kinds:
        for seed in _SEEDS:
            for task in real_files.holes(folders, COUNTS[kind], seed=seed, kinds=[kind]):
                group = groups.setdefault((kind, task.language), {})
                if len(group) < COUNTS[kind]:
                    group.setdefault(task.id, task)
    turns = zip_longest(*(group.values() for group in groups.values()))
    return [task for task in chain.from_iterable(turns) if task is not None]


async def asked(engine: Engine, task: Task, way: str, settings: Settings) -> Request:
    """The request for a hole in one of the ways; the model stops at the end of the line."""
    request = await VARIANTS[WAYS[way][0]](engine, task.hole, settings)
    return _one_line(request)


def _one_line(request: Request) -> Request:
    otherwise = request.otherwise and _one_line(request.otherwise)
    return replace(request, stop=(*request.stop[:3], "\n"), otherwise=otherwise)


async def run(options: argparse.Namespace) -> int:
    """Generate what is missing and print the tables; the exit status."""
    settings = Settings(
        headers={},
        engine="embedded",
        model=options.model,
        temperature=0.0,
        context_tokens=_CONTEXT,
        max_tokens=_FILL,
    )
    holes = tasks(options.files, options.kind or tuple(COUNTS))[: options.count]
    found: dict[tuple[str, str], list[tuple[Task, Answer]]] = {}
    begun = time.monotonic()
    with closing(Generations(options.store)) as store:
        async with aclosing(await connect(settings)) as engine:
            for task in tqdm(holes, unit="hole"):
                for way in options.way or WAYS:
                    can_begin = WAYS[way][1]
                    told = Told(engine, can_begin=can_begin)
                    job = Job(task, way, await asked(told, task, way, settings))
                    left = options.seconds and options.seconds - (time.monotonic() - begun)
                    if await generate(told, [job], store, seconds=left, progress=False):
                        print("Run again to go on.", file=sys.stderr)
                        return UNFINISHED
                    known = partial(store.get, await told.describe(), seed=SEED)
                    result = answered(job.request, known)
                    assert not isinstance(result, Request)
                    found.setdefault((task.kind, way), []).append((task, result))
    print(tables(found))
    for kind, way in found:
        for task, result in found[kind, way][: options.show]:
            print(f"{kind}, {way}: {task.prefix[-30:]!r} {result[0].raw!r} ({task.truth!r})")
    return 0


def tables(found: Mapping[tuple[str, str], Sequence[tuple[Task, Answer]]]) -> str:
    """A table for each kind of hole, with a line for each way to ask."""
    head = ["prompt", "n", "exact", "similarity", "number or nothing", "second calls"]
    parts = []
    for kind in dict.fromkeys(kind for kind, _ in found):
        body = [_line(way, found[kind, way]) for way in WAYS if (kind, way) in found]
        parts.append(f"## {kind}\n\n{table(head, body)}")
    return "\n\n".join(parts)


def _line(way: str, answers: Sequence[tuple[Task, Answer]]) -> list[str]:
    scores = [score(task, fill(task, result)) for task, (result, _) in answers]
    return [
        way,
        str(len(scores)),
        str(share([one.exact for one in scores])),
        f"{statistics.fmean(one.similarity for one in scores):.2f}",
        str(sum(bool(_NUMBER_OR_NOTHING.fullmatch(one.fill)) for one in scores)),
        str(sum(call > 1 for _, (_, call) in answers)),
    ]


def fill(task: Task, generation: Generation) -> str:
    """What is shown of what the model wrote behind the cursor."""
    return trim(generation.raw, task.hole, shape(task)).text


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.ends", description=__doc__)
    parser.add_argument(
        "--files",
        type=Path,
        action="append",
        required=True,
        help="a source tree to cut holes in; may be repeated (python -m eval.samples fetches some)",
    )
    parser.add_argument("--kind", action="append", choices=list(COUNTS), help="may be repeated")
    parser.add_argument("--way", action="append", choices=list(WAYS), help="may be repeated")
    parser.add_argument("--count", type=int, help="so many holes in all")
    parser.add_argument("--model", default=weights.DEFAULT.name)
    parser.add_argument("--seconds", type=float, help="begin no generation after this time")
    parser.add_argument("--store", type=Path, default=Path(".eval"), help="default: .eval")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="show N fills of each")
    return asyncio.run(run(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
