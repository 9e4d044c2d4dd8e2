"""What an editor leaves behind: processes are known by a mark that they inherit."""

from __future__ import annotations

import os
import shlex
import sys
import time
import uuid
from pathlib import Path
from typing import Final

NAME: Final = "INFILL_TEST_RUN"
INFILL_LS: Final = Path(sys.executable).with_name("infill-ls")
# s. A server whose editor died is gone after 5 s; this is more.
LIMIT: Final = 20.0


def environment(**settings: str) -> dict[str, str]:
    """What an editor must be started with: infill-ls on its path, these settings, and a mark."""
    path = f"{INFILL_LS.parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, **settings, **new_mark()}


def in_front(path: str, folder: Path, name: str, *command: str | Path) -> str:
    """A search path on which the program ``name``, made in a new folder, runs this command."""
    folder.mkdir()
    program = folder / name
    program.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, command))} "$@"\n')
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{path}"


def new_mark() -> dict[str, str]:
    """A part of an environment that nobody else has."""
    return {NAME: uuid.uuid4().hex}


def marked(environment: dict[str, str]) -> list[str]:
    """Command lines of the processes that run in this environment, and of their children."""
    entry = f"{NAME}={environment[NAME]}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if entry in (process / "environ").read_bytes().split(b"\0"):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found.append(f"{process.name} {command}")
        except OSError:  # gone meanwhile, or somebody else's
            continue
    return found


def assert_gone(environment: dict[str, str]) -> None:
    """Wait until no process of this environment is left; fails if one stays."""
    end = time.monotonic() + LIMIT
    while left := marked(environment):
        assert time.monotonic() < end, f"left running: {left}"
        time.sleep(0.05)
