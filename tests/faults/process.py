"""What a server process holds: tasks, open files and sockets, children."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections import Counter
from pathlib import Path

PROC = Path("/proc")
# Without it nobody can say what is left, and the rows are skipped.
HAS_PROC = (PROC / "self" / "fd").exists()
# s. For a busy machine; mostly it takes 5 ms.
ACCOUNT_LIMIT = 30.0


def descriptors(pid: int) -> Counter[str]:
    """Open files and sockets of a process, by their kind; files by their names."""
    held: Counter[str] = Counter()
    folder = PROC / str(pid) / "fd"
    for entry in list(folder.iterdir()) if folder.exists() else ():
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        held[re.sub(r":\[\d+\]$", "", target)] += 1
    return held


def children(pid: int) -> list[int]:
    """The child processes of a process."""
    found: list[int] = []
    for task in (PROC / str(pid) / "task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return sorted(found)


def is_alive(pid: int) -> bool:
    """Whether a process runs, and is no zombie."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Account:
    """Takes account of what one server process holds; it runs :mod:`faults.serve`."""

    def __init__(self, pid: int, tasks: Path) -> None:
        self._pid = pid
        self._file = tasks

    async def holds(self) -> Counter[str]:
        """Everything that it holds now."""
        held = Counter({f"task {name}": n for name, n in Counter(await self._tasks()).items()})
        held.update(descriptors(self._pid))
        if descendants := len(children(self._pid)):
            held["child process"] = descendants
        return held

    async def at_rest(self) -> Counter[str]:
        """What it holds when that has been the same for a while."""
        same, last = 0, await self.holds()
        while same < 3:
            await asyncio.sleep(0.1)
            now = await self.holds()
            same, last = (same + 1 if now == last else 0), now
        return last

    async def _tasks(self) -> list[str]:
        before = self._number()
        os.kill(self._pid, signal.SIGUSR1)
        async with asyncio.timeout(ACCOUNT_LIMIT):
            while self._number() == before:
                await asyncio.sleep(0.005)
        names: list[str] = json.loads(self._file.read_text())["tasks"]
        return names

    def _number(self) -> int:
        number: int = json.loads(self._file.read_text())["number"] if self._file.exists() else 0
        return number
