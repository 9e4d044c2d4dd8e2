"""Run the fault matrix and write its rows into docs/reliability.md: ``python -m faults.table``.

With ``--rows FOLDER`` the rows are those of a run before (``FAULTS_RECORD=FOLDER``).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from faults.rows import FOLDER, Row

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "reliability.md"
BEGIN: Final = "<!-- faults: begin -->"
END: Final = "<!-- faults: end -->"
HEAD: Final = (
    "| what happens | the user sees | answered within | quiet after | works again after | left |",
    "|---|---|---|---|---|---|",
)
# Characters of a message. The rest is what to do about it.
LONGEST: Final = 160
INTRODUCTION: Final = """\
Each row is a test (`tests/faults`), most of them with the real server process. Its times are those
of one run (`make reliability`), beside other rows on two cores: how long the slowest automatic
request waited, how long after the last answer nothing was in flight any more (tasks, sockets,
files, child processes, as before the fault), and how long after the end of the fault the first fill
came for somebody who types on, four keys a second. A times sign behind a time: in virtual time."""


def read(folder: Path) -> list[Row]:
    """The rows of a folder, chapter by chapter."""
    return [
        Row(**json.loads(line))
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown, a table a chapter."""
    parts = [INTRODUCTION]
    for chapter, group in groupby(rows, lambda row: row.chapter):
        lines = [f"### {chapter}", "", *HEAD, *(line(row) for row in group)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def line(row: Row) -> str:
    """A row as Markdown."""
    times = (seconds(row.answered), seconds(row.quiet), seconds(row.recovered))
    virtual = " ×" if row.virtual else ""
    cells = (
        cell(row.what),
        sees(row),
        *(f"{time}{virtual if time != '–' else ''}" for time in times),
        cell(", ".join(row.left)) or "nothing",
    )
    return f"| {' | '.join(cells)} |"


def sees(row: Row) -> str:
    """What the user sees: the messages, and in brackets the reason of an empty answer."""
    texts = [f"“{cell(short(text))}”" for text in row.sees] or ["no message"]
    return "; ".join(texts) + (f" ({row.reason})" if row.reason else "")


def short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rpartition(' ')[0]} …"


def cell(text: str) -> str:
    """A text that stays in its cell."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def seconds(time: float | None) -> str:
    if time is None:
        return "–"
    return f"{time:.1f} s" if time >= 0.1 else f"{1000 * time:.0f} ms"


def replaced(page: str, section: str) -> str:
    """The page with another section between the marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{section}\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=Path, help="folder with the rows of a run before")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder, status = options.rows or Path(temporary), 0
        if options.rows is None:
            status = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "tests/faults"],
                cwd=ROOT,
                env={**os.environ, FOLDER: temporary},
                check=False,
            ).returncode
        rows = read(folder)
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), table(rows)), "utf-8")
    print(f"{len(rows)} rows")
    return status


if __name__ == "__main__":
    sys.exit(main())
