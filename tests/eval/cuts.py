"""What is made of a model's raw output: ablations of trim, and the best that any cut could be."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final

from eval.generate import Job
from eval.store import Generation
from eval.tasks import Task
from infill_ls import trim
from infill_ls.completion import policy
from infill_ls.text.shape import Shape

Cut = Callable[[Job, Generation], str]

# Candidates for the best cut, at most.
MAX_CANDIDATES: Final = 120
# Characters of the rest of the cursor's line by which its beginning in the output is known.
_REST_BEGUN: Final = 2


def shape(task: Task) -> Shape:
    """The shape that an automatic request gets."""
    return policy.shape(task.hole, "auto")


def _raw(job: Job, generation: Generation) -> str:
    return generation.raw


def _first_line(job: Job, generation: Generation) -> str:
    return generation.raw.partition("\n")[0]


def _trimmed(**options: Any) -> Cut:
    def cut(job: Job, generation: Generation) -> str:
        hole = job.task.hole
        fill = trim.trim(
            generation.raw,
            hole,
            shape(job.task),
            job.request.control,
            over=True,
            cut_short=generation.cut_short,
            **options,
        )
        return fill.text

    return cut


def cuts() -> dict[str, Cut]:
    """Every cut by its name: raw, first line, ours, and ours without each filter."""
    found: dict[str, Cut] = {"raw": _raw, "first line": _first_line, "trim": _trimmed()}
    for left_out in trim.FILTERS:
        kept = tuple(one for one in trim.FILTERS if one is not left_out)
        found[f"trim without {left_out.name}"] = _trimmed(filters=kept)
    return found


def needed(job: Job, generation: Generation) -> int:
    """The piece, counted from 1, with which the fill is complete and the call is closed."""
    hole, control, wanted = job.task.hole, job.request.control, shape(job.task)
    for number, end in enumerate(generation.ends, 1):
        if trim.trim(generation.raw[:end], hole, wanted, control, over=False).complete:
            return number
    return len(generation.pieces)


def candidates(job: Job, generation: Generation, *, one_line: bool = False) -> Iterator[str]:
    """Starts of the raw output, shortest first: cut behind each piece, line and word, and before
    what begins as the rest of the cursor's line does.

    Where the prompt keeps a blank back that stands before the cursor, the output is also taken
    as trim joins it to the cursor. ``one_line``: only those without a new line.
    """
    raw = generation.raw
    joined, _ = trim.continuation(raw, job.task.hole, job.request.control)
    marks = {*generation.ends, *(found.start() for found in re.finditer(r"\n", raw))}
    if rest := job.task.hole.rest_of_line.strip():
        # The rest of the line may begin inside of a token.
        begun = re.escape(rest[:_REST_BEGUN])
        marks |= {found.start() for found in re.finditer(f"(?={begun})", raw)}
    words = {found.end() for found in re.finditer(r"\w+|[^\w\s]", raw)} - marks
    room = MAX_CANDIDATES - len(marks)
    ends = sorted({0, *marks, *sorted(words)[: max(0, room)]})
    texts = [raw[:end] for end in ends]
    if not raw.startswith(joined):
        texts += [joined[:end] for end in ends if end <= len(joined)] + [joined]
    for text in dict.fromkeys(texts):
        if one_line and "\n" in text:
            continue
        yield text


def compiles(text: str) -> bool:
    """Whether this is Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return False
    return True


def best(job: Job, generation: Generation, run: Callable[[str], str], **options: Any) -> str | None:
    """The shortest start of the raw output that passes the task's tests; None if none does."""
    for text in candidates(job, generation, **options):
        program = job.task.program(text)
        if compiles(program) and run(program) == "pass":
            return text
    return None
