"""Whole-line holes of HumanEval-Infilling, where editors leave the cursor in them.

It stands behind a bracket or quote that is opened in the line, and the rest of the line is what is
wanted. ``opened``: nothing stands right of it. ``closed``: all that is open in the line is closed
there, as editors do. Both have the same places.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from eval import tasks
from eval.lexed import Lexed
from eval.perfect import closers_at
from eval.tasks import Task, humaneval

KINDS: Final = ("opened", "closed")
MAX_TOKENS: Final = dict.fromkeys(KINDS, tasks.MAX_TOKENS["single-line"])
_ONLY_CLOSERS: Final = re.compile(r"[)\]}\"';,:\s]*")


def behind_openers(folder: Path, kind: str) -> list[Task]:
    """The tasks of a kind, one of each whole line that has such a place.

    Raises :class:`infill_ls.errors.SettingsError` if the files are not there.
    """
    found = (behind_opener(task, kind) for task in humaneval(folder, "single-line"))
    return [task for task in found if task is not None]


def behind_opener(task: Task, kind: str) -> Task | None:
    """The task with the cursor behind an opener of its line, which chance gives; None if the line
    has none that it closes itself with something in between.
    """
    lexed = Lexed(task.whole, task.language)
    start = len(task.prefix)
    end = start + len(task.truth)
    places = {
        pair.end: closers
        for pair in lexed.pairs
        if start <= pair.start < end
        and pair.kind != "text"
        # Editors close a single character at a time.
        and len(pair.closer) == 1
        and (closers := closers_at(lexed, (pair.end, end)))
        and not _ONLY_CLOSERS.fullmatch(lexed.text, pair.end, end)
    }
    if not places:
        return None
    place = random.Random(task.id).choice(list(places))
    return replace(
        task,
        kind=kind,
        prefix=lexed.text[:place],
        truth=lexed.text[place:end],
        closers=places[place] if kind == "closed" else "",
    )
