"""The real server, with a window: at SIGUSR1 it writes down which tasks its event loop has.

``FAULTS_TASKS``: the file that they are written to. ``FAULTS_CONSTANTS``: constants, by their full
names, that are other than everybody's, as JSON.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import signal
import sys
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Final

_NUMBERS: Final = count(1)


def _write_down(*_: int | FrameType | None) -> None:
    """Write the names of what the tasks run, and a number by which a newer account is known."""
    path = Path(os.environ["FAULTS_TASKS"])
    names = [getattr(task.get_coro(), "__qualname__", "?") for task in asyncio.all_tasks()]
    path.with_suffix(".new").write_text(
        json.dumps({"number": next(_NUMBERS), "tasks": sorted(names)})
    )
    path.with_suffix(".new").replace(path)


def main() -> int:
    """Run infill-ls with the arguments of this process."""
    for name, value in json.loads(os.environ.get("FAULTS_CONSTANTS", "{}")).items():
        module, _, constant = name.rpartition(".")
        setattr(importlib.import_module(module), constant, value)
    signal.signal(signal.SIGUSR1, _write_down)
    from infill_ls import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
