"""Tasks: a hole, what stood in it, and how a fill is judged.

HumanEval-Infilling is read from a folder that the user gives; each fill is run against the tests
of its problem. Tasks are sampled by the hash of their id, so the first N are the same everywhere.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from infill_ls.errors import SettingsError
from infill_ls.text import hole
from infill_ls.text.hole import Hole

Split = Literal["all", "tune", "check"]

KINDS: Final = ("single-line", "multi-line", "random-span")
# Tokens that the model may write: more than 95 of 100 true texts of a kind need. What it costs to
# generate grows with it, and what comes after a whole line is hardly ever part of the fill.
MAX_TOKENS: Final = {"single-line": 64, "multi-line": 128, "random-span": 96}
# One problem of three is kept for checking what was tuned on the others.
CHECK_SHARE: Final = 3
_FIELDS: Final = ("task_id", "entry_point", "prompt", "suffix", "canonical_solution", "test")


@dataclass(frozen=True, slots=True)
class Task:
    """``truth``: what stood between ``prefix`` and ``suffix``.

    ``check``: Python code that is run after the filled text; empty if fills are only compared.
    ``ending``: what is put behind a fill that doesn't end with it. ``closers``: what an editor has
    closed right of the cursor; the truth has them too.
    """

    id: str
    kind: str
    language: str
    prefix: str
    suffix: str
    truth: str
    check: str = ""
    ending: str = ""
    closers: str = ""

    @property
    def right(self) -> str:
        """What stands right of the cursor."""
        return self.closers + self.suffix

    @property
    def hole(self) -> Hole:
        return hole.between(self.prefix, self.right, self.language)

    @property
    def whole(self) -> str:
        """The text as it was."""
        return self.prefix + self.truth.removesuffix(self.ending) + self.ending + self.suffix

    def filled(self, fill: str) -> str:
        """The text with this fill in it, which takes the place of the closers that it has."""
        right = self.right[self.hole.replaced(fill) :]
        return self.prefix + fill.removesuffix(self.ending) + self.ending + right

    def program(self, fill: str) -> str:
        """The text with this fill and its tests behind it."""
        return f"{self.filled(fill)}\n{self.check}"


def humaneval(folder: Path, kind: str, *, verbatim: bool = False) -> list[Task]:
    """The tasks of a kind, from ``KIND.jsonl.gz`` or ``KIND.jsonl`` in the folder.

    Where whole lines were cut out, the cursor stands on an empty line in their place, as in an
    editor: the last new line belongs to the text below. ``verbatim``: it is part of the truth, as
    the files have it, and the text below begins right of the cursor.

    Raises :class:`SettingsError` if there is no such file, or it has other fields.
    """
    path = folder / f"{kind}.jsonl.gz"
    if path.exists():
        lines = gzip.decompress(path.read_bytes()).splitlines()
    elif (path := folder / f"{kind}.jsonl").exists():
        lines = path.read_bytes().splitlines()
    else:
        raise SettingsError(
            f"There is no {kind}.jsonl.gz in {folder}.",
            "Give the folder that has the files of HumanEval-Infilling.",
        )
    return [_task(json.loads(line), kind, path, verbatim) for line in lines if line.strip()]


def _task(row: dict[str, str], kind: str, path: Path, verbatim: bool) -> Task:
    if missing := [field for field in _FIELDS if field not in row]:
        raise SettingsError(f"A task in {path} has no field {missing[0]}.")
    truth, suffix = row["canonical_solution"], row["suffix"]
    whole_lines = row["prompt"].endswith("\n") and truth.endswith("\n")
    if whole_lines and not verbatim:
        truth, suffix = truth.removesuffix("\n"), "\n" + suffix
    return Task(
        id=row["task_id"],
        kind=kind,
        language="python",
        prefix=row["prompt"],
        suffix=suffix,
        truth=truth,
        ending="\n" if whole_lines and verbatim else "",
        check=f"{row['test']}\ncheck({row['entry_point']})\n",
    )


def sample(tasks: Sequence[Task], count: int | None, split: Split = "all") -> list[Task]:
    """So many tasks of a split, in the order of the hashes of their ids."""
    chosen = [task for task in tasks if split in ("all", split_of(task.id))]
    return sorted(chosen, key=lambda task: _hash(task.id))[:count]


def split_of(task_id: str) -> Split:
    """``tune`` or ``check``, by the problem that the task was made of (a file, for real files)."""
    problem = re.search(r"HumanEval/\d+", task_id)
    of = problem[0] if problem else task_id.partition(":")[0]
    return "check" if int(_hash(of), 16) % CHECK_SHARE == 0 else "tune"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
