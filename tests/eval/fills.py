"""Fills for holes in real files, how likely their tokens were, and which of their lines are right.

`python -m eval.fills requests --files FOLDER REQUESTS` writes what the product asks for the holes,
`tests/eval/elsewhere.py` asks llama-servers for it, on this machine or on another one, and
`python -m eval.fills take --files FOLDER ANSWERS --data DATA` trims and judges what they wrote.
What is in DATA is all that `make calibrate` reads. The same files give the same holes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, chain, islice, zip_longest
from pathlib import Path
from typing import Any, Final

from eval import real_files
from eval.cuts import shape
from eval.generate import Job, jobs
from eval.lines import same
from eval.store import digest
from eval.tasks import Task, split_of
from infill_ls import trim
from infill_ls.completion.alignment import carried
from infill_ls.completion.confidence import Kind, kind_of
from infill_ls.engines.embedded import weights
from infill_ls.engines.embedded.weights import Weights
from infill_ls.engines.engine import Chunk
from infill_ls.engines.openai import MAX_STOPS
from infill_ls.errors import NotRunning
from infill_ls.prompt.build import SEED, Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings
from ready_engine import ReadyEngine

KINDS: Final = (
    *("end of line", "mid line", "argument list", "block body", "rest of a block", "in a word"),
)
# Holes of each kind in each language, by split.
COUNTS: Final = {"tune": 32, "check": 28}
# Each file gives one hole of a kind and seed.
_SEEDS: Final = range(1, 40)
# Tokens that the model may write.
_LINE: Final = 40
_BLOCK: Final = 72
MAX_TOKENS: Final = {
    kind: _BLOCK if kind in ("block body", "rest of a block") else _LINE for kind in KINDS
}
_HASH_LANGUAGES: Final = frozenset(["python"])


@dataclass(frozen=True, slots=True)
class Judged:
    """A fill and what is known of it.

    ``cut``: how the hole was cut, ``kind``: what the product takes it for. ``tokens``: where each
    ends in the fill, and the natural logarithm of how likely it was. ``right``: of each line of the
    fill; None for blank ones.
    """

    hole: str
    split: str
    language: str
    cut: str
    kind: Kind
    model: str
    context_tokens: int
    temperature: float
    fill: str
    tokens: tuple[tuple[int, float], ...]
    right: tuple[bool | None, ...]

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Judged:
        tokens = tuple((end, logprob) for end, logprob in row["tokens"])
        return cls(**{**row, "tokens": tokens, "right": tuple(row["right"])})


class Unasked(ReadyEngine):
    """The embedded engine with these weights, as far as prompts need to know it."""

    name = "embedded"

    def __init__(self, chosen: Weights) -> None:
        self._model = Model(chosen.name, can_begin=True, digest=chosen.sha256)

    async def describe(self) -> Model:
        return self._model

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        raise NotRunning("Nobody is asked here.", "Let eval.elsewhere ask.")
        yield Chunk("")


def tasks(folders: Sequence[Path]) -> list[Task]:
    """The holes; splits, languages and kinds take turns, so the first ones are a fair sample."""
    splits = []
    for split, count in COUNTS.items():
        groups: dict[tuple[str, str], dict[str, Task]] = {}
        for seed in _SEEDS:
            for task in real_files.holes(folders, count, split, seed, KINDS):  # type: ignore[arg-type]
                group = groups.setdefault((task.language, task.kind), {})
                if len(group) < count:
                    group.setdefault(task.id, task)
        splits.append(_in_turn(group.values() for group in groups.values()))
    return _in_turn(splits)


def _in_turn(groups: Iterable[Iterable[Task]]) -> list[Task]:
    return [task for task in chain.from_iterable(zip_longest(*groups)) if task is not None]


async def asked(
    found: Sequence[Task], chosen: Weights, context_tokens: int, temperature: float
) -> dict[str, Job]:
    """The product's requests for these holes, by the keys that answers have."""
    settings = Settings(
        headers={},
        engine="embedded",
        model=chosen.name,
        temperature=temperature,
        context_tokens=context_tokens,
    )
    engine = Unasked(chosen)
    model = await engine.describe()
    wanted = await jobs(engine, found, ["ours"], settings, MAX_TOKENS)
    return {digest(model, job.request, SEED): job for job in wanted}


def request(key: str, job: Job) -> dict[str, Any]:
    """What :mod:`eval.elsewhere` has to know of a request."""
    return {
        "key": key,
        "prompt": job.request.prompt,
        "stop": list(job.request.stop[:MAX_STOPS]),
        "max_tokens": job.request.max_tokens,
        "temperature": job.request.temperature,
        "seed": SEED,
        "begin": job.request.begin.text if job.request.begin else None,
    }


def judged(job: Job, answer: dict[str, Any], **about: Any) -> Judged | None:
    """What the product makes of an answer, and whether it is right; None if nothing is shown."""
    task, begin = job.task, job.request.begin
    typed = begin.text if begin else ""
    raw = answer["text"].removeprefix(typed)
    fill = trim.trim(
        raw,
        task.hole,
        shape(task),
        job.request.control,
        over=True,
        cut_short=answer["stop_reason"] == "length",
    ).text
    if not fill.strip():
        return None
    ends = accumulate((len(text) for text, _ in answer["tokens"]), initial=-len(typed))
    tokens = [
        (end, logprob)
        for end, (_, logprob) in zip(islice(ends, 1, None), answer["tokens"], strict=True)
        if end > 0
    ]
    return Judged(
        hole=task.id,
        split=split_of(task.id),
        language=task.language,
        cut=task.kind,
        kind=kind_of(task.hole),
        fill=fill,
        tokens=carried(tokens, raw, fill),
        right=right(task, fill),
        **about,
    )


def right(task: Task, fill: str) -> tuple[bool | None, ...]:
    """Whether each line of a fill is the one that stood there, up to blanks; None for blank ones.

    A line counts with all that stands left and right of the fill in it. What comes behind the last
    line that was cut out is wrong: it is there once more. A comment at its end may be missing; a
    line that stops earlier is wrong.
    """
    head = task.prefix.rpartition("\n")[2]
    truth = f"{head}{task.truth}{task.suffix.partition(chr(10))[0]}".split("\n")
    wanted = iter([line for line in truth if line.strip()])
    *lines, last = (head + fill).split("\n")
    lines.append(last + task.right[task.hole.replaced(fill) :].partition("\n")[0])
    return tuple(
        _is_right(line, next(wanted, ""), task.language) if line.strip() else None for line in lines
    )


def _is_right(line: str, wanted: str, language: str) -> bool:
    if same(line, wanted):
        return True
    begun = line.rstrip()
    rest = wanted[len(begun) :]
    mark = ("#",) if language in _HASH_LANGUAGES else ("//", "/*")
    return wanted.startswith(begun) and rest[:1].isspace() and rest.lstrip().startswith(mark)


def load(folder: Path) -> list[Judged]:
    """The fills in a folder. Raises :class:`OSError` if it has none."""
    with (folder / "fills.jsonl").open(encoding="utf-8") as lines:
        return [Judged.from_json(json.loads(line)) for line in lines]


async def run(options: argparse.Namespace) -> None:
    found = tasks(options.files)
    if options.count:
        found = found[: options.count]
    chosen = weights.named(options.model)
    wanted = await asked(found, chosen, options.context_tokens, options.temperature)
    if options.command == "requests":
        with options.file.open("a", encoding="utf-8") as output:
            for key, job in wanted.items():
                output.write(json.dumps(request(key, job)) + "\n")
        print(f"{len(wanted)} requests")
        return
    with options.file.open(encoding="utf-8") as lines:
        answers = [json.loads(line) for line in lines]
    about = {
        "model": chosen.name,
        "context_tokens": options.context_tokens,
        "temperature": options.temperature,
    }
    options.data.mkdir(parents=True, exist_ok=True)
    taken = 0
    with (options.data / "fills.jsonl").open("a", encoding="utf-8") as output:
        for answer in answers:
            asked_for = wanted.get(answer["key"])
            fill = judged(asked_for, answer, **about) if asked_for else None
            if fill is not None:
                taken += 1
                output.write(json.dumps(asdict(fill), ensure_ascii=False) + "\n")
    print(f"{taken} fills")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.fills", description=__doc__)
    parser.add_argument("command", choices=("requests", "take"))
    parser.add_argument("file", type=Path, help="where the requests go, or the answers are")
    parser.add_argument("--files", type=Path, action="append", required=True)
    parser.add_argument("--data", type=Path, default=Path(".calibration"))
    parser.add_argument("--model", default=weights.DEFAULT.name)
    parser.add_argument("--context-tokens", type=int, default=256)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--count", type=int, help="so many holes; all if not given")
    asyncio.run(run(parser.parse_args(arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
