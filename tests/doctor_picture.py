"""`make doctor-picture`: what ``infill-ls doctor`` says on a terminal, with the embedded engine."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from editors import cache, svg
from editors.processes import INFILL_LS, in_front
from editors.terminal import Terminal
from infill_ls import __version__
from infill_ls.visits import Visit
from infill_ls.visits_file import clock, note

PICTURE: Final = Path(__file__).parents[1] / "docs" / "pictures" / "doctor.svg"
COLUMNS: Final = 80
ROWS: Final = 60
# s; the model is loaded and asked twice.
LIMIT: Final = 120.0
# The beginning of the last line, however it ends.
_ENDS: Final = ("Fills should come", "keeps fills from", "keep fills from")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        made = _home(home)
        terminal = Terminal(
            ["sh", "-c", "printf '$ infill-ls doctor\\n'; infill-ls doctor; sleep 1"],
            made,
            home / "project",
            columns=COLUMNS,
            rows=ROWS,
        )
        until = time.monotonic() + LIMIT
        while not any(end in line for line in terminal.lines() for end in _ENDS):
            if time.monotonic() > until:
                print("\n".join(terminal.lines()))
                sys.exit("The doctor came to no end.")
            time.sleep(0.1)
        cells, lines = terminal.cells(), terminal.lines()
        terminal.wait(LIMIT)
    last = max(number for number, line in enumerate(lines) if line.strip())
    PICTURE.write_text(svg.picture(cells[: last + 1]))
    print("\n".join(line.rstrip() for line in lines[: last + 1]))


def _home(home: Path) -> dict[str, str]:
    """Make a home as somebody has it who has used Neovim today; its environment."""
    (home / "project").mkdir()
    (home / "project" / ".env").write_text("")
    kept = home / ".cache" / "infill-ls"
    kept.mkdir(parents=True)
    (kept / "models").symlink_to(cache() / "infill-ls" / "models")
    visit = Visit(
        "Neovim",
        "0.12.4",
        at=clock() - 180,
        server=__version__,
        ghost_text=True,
        status=True,
        progress=True,
        settings=True,
        encoding="utf-8",
    )
    note(visit, home / ".local" / "state" / "infill-ls" / "editors.json")
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": in_front(os.environ["PATH"], home / "bin", "infill-ls", INFILL_LS),
        # Where the code is run from another folder than it was installed from.
        **({"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}),
    }


if __name__ == "__main__":
    main()
