"""The outcome of an evaluation: figures, and tables of them in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from eval.cuts import Cut, best, compiles, needed, shape
from eval.generate import Job
from eval.sandbox import Sandbox
from eval.score import Score, Share, score, share
from eval.store import Generation

Generated = tuple[Job, Generation]


@dataclass(frozen=True, slots=True)
class Row:
    """One way to cut the outputs of one way to ask, over the tasks of one kind."""

    kind: str
    variant: str
    cut: str
    scores: tuple[Score, ...]

    def figures(self) -> dict[str, Any]:
        """Shares with their counts and confidence intervals, and means."""
        shown = [one for one in self.scores if not one.empty]
        shares = {
            "pass@1": share([one.passed for one in self.scores]),
            "exact": share([one.exact for one in self.scores]),
            "first line": share([one.first_line for one in self.scores]),
            "empty": share([one.empty for one in self.scores]),
            "syntax error": share([one.broken for one in shown]),
            "adds syntax error": share([one.breaks for one in shown]),
            "repeats": share([one.repeats for one in shown]),
        }
        return {
            **{name: _figures(value) for name, value in shares.items()},
            "edit similarity": _mean([one.similarity for one in self.scores]),
            "kept characters": _mean([one.kept for one in self.scores]),
            "wrong characters": _mean([one.wrong for one in shown]),
        }

    def parts(self, generated: Sequence[Generated]) -> dict[str, Row]:
        """This row for each language by itself; ``generated`` is what it was made of."""
        scores: dict[str, list[Score]] = {}
        for (job, _), one in zip(generated, self.scores, strict=True):
            scores.setdefault(job.task.language, []).append(one)
        return {
            language: Row(self.kind, self.variant, language, tuple(of_it))
            for language, of_it in sorted(scores.items())
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """Means over the tasks of one kind: tokens, and ms of the engine's time.

    ``needed``: pieces of the stream until the fill is complete and the call would be closed.
    """

    prompt: float
    written: float
    needed: float
    needed_ms: float


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Tasks that some start of the raw output passes; ``one_line`` under the rule of shapes:
    where words stand right of the cursor, only starts without a new line."""

    any_cut: Share
    one_line: Share


def rows(
    generated: Sequence[Generated], cuts: Mapping[str, Cut], sandbox: Sandbox
) -> Iterator[Row]:
    """The scores of one variant's outputs on tasks of one kind, by each cut."""
    kind, variant = generated[0][0].task.kind, generated[0][0].variant
    for name, cut in cuts.items():
        fills = [cut(job, generation) for job, generation in generated]
        programs = [
            job.task.program(fill) if job.task.check else None
            for (job, _), fill in zip(generated, fills, strict=True)
        ]
        runnable = [program for program in programs if program is not None and compiles(program)]
        verdicts = dict(zip(runnable, sandbox.run_all(runnable), strict=True))
        yield Row(
            kind,
            variant,
            name,
            tuple(
                score(
                    job.task,
                    fill,
                    None if program is None else verdicts.get(program) == "pass",
                )
                for (job, _), fill, program in zip(generated, fills, programs, strict=True)
            ),
        )


def ceiling(generated: Sequence[Generated], sandbox: Sandbox, workers: int) -> Ceiling | None:
    """What the best cut of the raw outputs reaches; None for tasks without tests."""
    if not generated[0][0].task.check:
        return None

    def passes(one: Generated) -> tuple[bool, bool]:
        job, generation = one
        if shape(job.task) != "line":
            reached = best(job, generation, sandbox.run) is not None
            return reached, reached
        within = best(job, generation, sandbox.run, one_line=True) is not None
        return within or best(job, generation, sandbox.run) is not None, within

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(passes, generated))
    return Ceiling(
        Share(sum(any_cut for any_cut, _ in found), len(found)),
        Share(sum(one_line for _, one_line in found), len(found)),
    )


def cost(generated: Sequence[Generated]) -> Cost:
    ends = [needed(job, generation) for job, generation in generated]
    return Cost(
        prompt=_mean([one.prompt_tokens or 0 for _, one in generated]),
        written=_mean([one.fill_tokens or len(one.pieces) for _, one in generated]),
        needed=_mean(ends),
        needed_ms=_mean(
            [
                one.times[end - 1] if one.times else 0
                for (_, one), end in zip(generated, ends, strict=True)
            ]
        ),
    )


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are set right."""
    widths = [max(3, *map(len, column)) for column in zip(head, *body, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join([first, *others])} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), line(rule), *map(line, body)])


def by_cut(found: Sequence[Row], top: Ceiling | None) -> str:
    """The table of one kind and one variant: a line for each cut, then the ceilings."""
    if top is None:
        return _without_tests("cut", found)
    head = [
        *("cut", "pass@1", "of ceiling", "exact", "similarity", "empty", "syntax error"),
        *("adds one", "repeats"),
    ]
    body = []
    for row in found:
        figures = row.figures()
        passed, reachable = figures["pass@1"]["share"], top.one_line
        body.append(
            [
                row.cut,
                _cell(figures["pass@1"]),
                f"{100 * passed / reachable.value:.0f} %" if reachable.count else "–",
                _cell(figures["exact"]),
                f"{figures['edit similarity']:.2f}",
                *(
                    _short(figures[name])
                    for name in ("empty", "syntax error", "adds syntax error", "repeats")
                ),
            ]
        )
    for name, value in (("ceiling, one-line rule", top.one_line), ("ceiling", top.any_cut)):
        body.append([name, str(value), *[""] * (len(head) - 2)])
    return table(head, body)


def by_language(row: Row, generated: Sequence[Generated]) -> str:
    """The table of one kind, one variant and one cut: a line for each language."""
    return _without_tests("language", list(row.parts(generated).values()))


def _without_tests(what: str, found: Sequence[Row]) -> str:
    head = [
        *(what, "n", "exact", "first line", "kept", "wrong", "similarity", "empty", "syntax error"),
        "repeats",
    ]
    body = []
    for row in found:
        figures = row.figures()
        body.append(
            [
                row.cut,
                str(len(row.scores)),
                *(_cell(figures[name]) for name in ("exact", "first line")),
                f"{100 * figures['kept characters']:.0f} %",
                f"{figures['wrong characters']:.1f}",
                f"{figures['edit similarity']:.2f}",
                *(_short(figures[name]) for name in ("empty", "syntax error", "repeats")),
            ]
        )
    return table(head, body)


def compared(found: Sequence[tuple[Row, Ceiling | None, Cost]]) -> str:
    """The table of several variants under one cut, all kinds below each other."""
    head = [
        *("prompt", "kind", "n", "pass@1", "ceiling", "exact", "kept", "similarity", "empty"),
        *("prompt tokens", "tokens", "ms"),
    ]
    body = []
    for row, top, spent in found:
        figures = row.figures()
        body.append(
            [
                row.variant,
                row.kind,
                str(len(row.scores)),
                _cell(figures["pass@1"]),
                "–" if top is None else _percent(top.one_line),
                _cell(figures["exact"]),
                f"{100 * figures['kept characters']:.0f} %",
                f"{figures['edit similarity']:.2f}",
                _short(figures["empty"]),
                f"{spent.prompt:.0f}",
                f"{spent.needed:.1f}",
                f"{spent.needed_ms:.0f}",
            ]
        )
    return table(head, body)


def failures(
    generated: Sequence[Generated], row: Row, count: int, *, reach: int = 300
) -> Iterator[str]:
    """Tasks whose fill is wrong, to look at: what stands around it, raw, fill and truth."""
    wrong = (
        (job, generation, one)
        for (job, generation), one in zip(generated, row.scores, strict=True)
        if not (one.exact if one.passed is None else one.passed)
    )
    for (job, generation, one), _ in zip(wrong, range(count), strict=False):
        task = job.task
        yield "\n".join(
            [
                f"── {task.id} ({shape(task)}) " + "─" * 20,
                f"{task.prefix[-reach:]}█{task.right[:reach]}",
                f"   raw:   {generation.raw[:reach]!r}",
                f"   fill:  {one.fill!r}",
                f"   truth: {task.truth!r}",
            ]
        )


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else 0.0


def _figures(value: Share) -> dict[str, Any]:
    if not value.of:
        return {"count": 0, "of": 0, "share": None, "low": None, "high": None}
    low, high = value.interval
    return {"count": value.count, "of": value.of, "share": value.value, "low": low, "high": high}


def _cell(figures: Mapping[str, Any]) -> str:
    return str(Share(figures["count"], figures["of"]))


def _short(figures: Mapping[str, Any]) -> str:
    return _percent(Share(figures["count"], figures["of"]))


def _percent(value: Share) -> str:
    return f"{100 * value.value:.1f} %" if value.of else "–"
