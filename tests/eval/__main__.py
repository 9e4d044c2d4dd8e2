"""`make eval DATA=FOLDER`: how good the fills of the real pipeline are, on a real engine.

Everything that a model writes is kept in a store and never generated twice; a run that was broken
off goes on where it was. Scores and ablations of trim are computed from the store.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import aclosing, closing
from dataclasses import asdict
from pathlib import Path
from typing import Final

from eval import closed, real_files
from eval.cuts import cuts
from eval.generate import Job, Stored, answered, generate, jobs
from eval.logprobs import Tap
from eval.report import by_cut, by_language, ceiling, compared, cost, failures, rows
from eval.sandbox import Sandbox
from eval.store import Generation, Generations, Lines
from eval.tasks import KINDS, MAX_TOKENS, Task, humaneval, sample
from eval.variants import VARIANTS
from infill_ls import settings as all_settings
from infill_ls.engines import connect
from infill_ls.engines.embedded import weights
from infill_ls.engines.engine import Engine
from infill_ls.errors import InfillError, SettingsError
from infill_ls.prompt.build import SEED, Request
from infill_ls.settings import Settings

# sysexits.h, EX_TEMPFAIL: run the same command again.
UNFINISHED: Final = 75
_MAX_TOKENS: Final = {**MAX_TOKENS, **closed.MAX_TOKENS, **real_files.MAX_TOKENS}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return asyncio.run(run(options))
    except InfillError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("What was generated so far is kept.", file=sys.stderr)
        return UNFINISHED


async def run(options: argparse.Namespace) -> int:
    """Generate what is missing, score everything, print the tables; the exit status."""
    settings = _settings(options)
    tasks = _tasks(options)
    groups: dict[tuple[str, str], list[tuple[Job, Generation]]] = {}
    with closing(Generations(options.store)) as store:
        engine: Engine = (
            Stored(store, settings.model) if options.stored else await connect(settings)
        )
        async with aclosing(engine):
            model = await engine.describe()
            limits = {} if options.max_tokens else _MAX_TOKENS
            wanted = await jobs(engine, tasks, options.prompt or ["ours"], settings, limits)
            tap = Tap(engine) if options.logprobs else None
            left = await generate(engine, wanted, store, seconds=options.seconds, tap=tap)
        if left:
            print(f"{left} of {len(wanted)} are left; run again to go on.", file=sys.stderr)
            return UNFINISHED
        for job in wanted:
            result = answered(job.request, lambda request: store.get(model, request, SEED))
            assert not isinstance(result, Request)
            groups.setdefault((job.task.kind, job.variant), []).append((job, result[0]))
    report(options, model.name, groups)
    return 0


def report(
    options: argparse.Namespace,
    model: str,
    groups: dict[tuple[str, str], list[tuple[Job, Generation]]],
) -> None:
    """Score the groups (kind, variant) and print what came of it."""
    figures, comparison = [], []
    print(f"# {model}, temperature {options.temperature:g}, split {options.split}")
    workers = os.cpu_count() or 1
    with (
        closing(Lines(options.store / "outcomes.jsonl")) as outcomes,
        Sandbox(outcomes=outcomes) as sandbox,
    ):
        for (kind, variant), generated in groups.items():
            found = list(rows(generated, cuts(), sandbox))
            top = ceiling(generated, sandbox, workers)
            spent = cost(generated)
            ours = next(row for row in found if row.cut == "trim")
            comparison.append((ours, top, spent))
            figures.append(
                {
                    "kind": kind,
                    "prompt": variant,
                    "tasks": len(generated),
                    "languages": {
                        language: part.figures() for language, part in ours.parts(generated).items()
                    },
                    "cuts": {row.cut: row.figures() for row in found},
                    "ceiling": top and asdict(top),
                    "cost": asdict(spent),
                }
            )
            print(f"\n## {kind}, prompt: {variant}, {len(generated)} tasks\n")
            print(by_cut(found, top))
            if len({job.task.language for job, _ in generated}) > 1:
                print(f"\n{by_language(ours, generated)}")
            print(
                f"\n{spent.prompt:.0f} prompt tokens; written {spent.written:.1f}, "
                f"needed {spent.needed:.1f} in {spent.needed_ms:.0f} ms (means)"
            )
            for text in failures(generated, ours, options.failures):
                print(f"\n{text}")
    if len({row.variant for row, _, _ in comparison}) > 1:
        print(f"\n## Prompts compared\n\n{compared(comparison)}")
    if options.json:
        whole = {"model": model, "temperature": options.temperature, "split": options.split}
        options.json.write_text(json.dumps({**whole, "results": figures}, indent=1), "utf-8")


def _tasks(options: argparse.Namespace) -> list[Task]:
    tasks = []
    if options.data:
        for kind in options.kind or KINDS:
            if kind in closed.KINDS:
                found = closed.behind_openers(options.data, kind)
            else:
                found = humaneval(options.data, kind, verbatim=options.verbatim)
            tasks += sample(found, options.count, options.split)
    tasks += real_files.holes(options.files, options.count, options.split)
    if not tasks:
        raise SettingsError("There are no tasks.", "Give --data or --files.")
    return tasks


def _settings(options: argparse.Namespace) -> Settings:
    # Which one "auto" is depends on the machine; figures should not.
    smallest = weights.DEFAULT.name if options.engine == "embedded" else "auto"
    given = {
        "engine": options.engine,
        "url": options.url,
        "model": options.model or smallest,
        "temperature": options.temperature,
        "contextTokens": options.context_tokens,
        "maxTokens": options.max_tokens,
    }
    settings, problems = all_settings.load(
        command_line={key: value for key, value in given.items() if value is not None},
        environment=os.environ,
    )
    if problems:
        raise SettingsError(" ".join(problems))
    return settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eval", description=__doc__)
    what = parser.add_argument_group("tasks")
    what.add_argument("--data", type=Path, help="folder with HumanEval-Infilling's files")
    what.add_argument(
        "--files",
        type=Path,
        action="append",
        default=[],
        help="a source tree to cut holes in; may be repeated (python -m eval.samples fetches some)",
    )
    what.add_argument(
        "--kind",
        action="append",
        choices=(*KINDS, *closed.KINDS),
        help=f"may be repeated; {', '.join(KINDS)} if none. opened: behind a bracket or quote of a "
        "whole line; closed: the same, closed right of the cursor as editors do",
    )
    what.add_argument("--count", type=int, help="so many tasks of each kind and language")
    what.add_argument("--split", choices=("all", "tune", "check"), default="all")
    what.add_argument(
        "--verbatim",
        action="store_true",
        help="whole-line holes as the files have them: the text below stands right of the cursor",
    )
    how = parser.add_argument_group("how they are asked")
    how.add_argument(
        "--prompt",
        action="append",
        choices=list(VARIANTS),
        help='may be repeated, then the variants are compared; "ours" if none',
    )
    how.add_argument("--engine", choices=("embedded", "ollama", "openai"), default="embedded")
    how.add_argument("--url")
    how.add_argument("--model", help="the embedded engine's smallest if not given")
    how.add_argument("--temperature", type=float, default=0.0)
    how.add_argument("--context-tokens", type=int, default=1024)
    how.add_argument("--max-tokens", type=int, help="by kind if not given")
    how.add_argument("--logprobs", action="store_true", help="keep how likely each token was, too")
    how.add_argument("--stored", action="store_true", help="ask no engine, only read the store")
    how.add_argument("--seconds", type=float, help="begin no generation after this time")
    out = parser.add_argument_group("output")
    out.add_argument("--store", type=Path, default=Path(".eval"), help="default: .eval")
    out.add_argument("--json", type=Path, help="write all figures to this file")
    out.add_argument(
        "--failures", type=int, default=0, metavar="N", help="show N wrong fills of each kind"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
