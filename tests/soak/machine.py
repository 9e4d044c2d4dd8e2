"""The two processes: the server, looked at from outside, and the engine, which is told to fail."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from soak.faults import DONE, Fault

# s that the server has for writing its counts; longer means that it does something else.
COUNTS_LIMIT: Final = 10.0
TICK: Final = os.sysconf("SC_CLK_TCK")
MARK: Final = "SOAK_RUN"


@dataclass(frozen=True)
class Sample:
    """The server at one moment, ``at`` s from the start. Sizes in MB, ``cpu`` in s so far.

    ``uss``: memory that is its own alone. ``asked`` and ``connections`` are the engine's.
    """

    at: float
    rss: float
    uss: float
    descriptors: int
    threads: int
    tasks: int
    cpu: float
    messages: int
    asked: int
    connections: int


@dataclass(frozen=True)
class Process:
    """A process of this machine, by its number."""

    number: int

    @property
    def folder(self) -> Path:
        return Path("/proc") / str(self.number)

    def memory(self) -> tuple[float, float]:
        """RSS and USS in MB."""
        sizes: dict[str, int] = {}
        for line in (self.folder / "smaps_rollup").read_text("ascii").splitlines()[1:]:
            name, size, *_ = line.split()
            sizes[name] = int(size)
        own = sizes["Private_Clean:"] + sizes["Private_Dirty:"]
        return sizes["Rss:"] / 1024, own / 1024

    def descriptors(self) -> int:
        return len(os.listdir(self.folder / "fd"))

    def threads(self) -> int:
        return len(os.listdir(self.folder / "task"))

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        fields = (self.folder / "stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK


class Counts:
    """What ``soak.server`` writes when it gets a signal."""

    def __init__(self, path: Path, process: int) -> None:
        self._path = path
        self._process = process
        path.touch()

    async def ask(self, *, objects: bool = False) -> dict[str, Any]:
        """Return the counts; with the objects by their types if they are wanted."""
        before = self._path.stat().st_size
        os.kill(self._process, signal.SIGUSR2 if objects else signal.SIGUSR1)
        async with asyncio.timeout(COUNTS_LIMIT):
            while True:
                await asyncio.sleep(0.005)
                with self._path.open("rb") as file:
                    file.seek(before)
                    written = file.read()
                if written.endswith(b"\n"):
                    counts: dict[str, Any] = json.loads(written)
                    return counts


class EngineProcess:
    """``most``: generations in flight at the same time, at the most, over all its lives."""

    def __init__(self, project: Path, environment: Mapping[str, str]) -> None:
        self._command = (sys.executable, "-m", "soak.engine", "--project", str(project))
        self._environment = environment
        self._earlier = 0  # generations of earlier lives
        self._state: dict[str, int] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self.most = 0
        self.port = 0

    @property
    def asked(self) -> int:
        """Generations so far."""
        return self._earlier + self._state.get("asked", 0)

    @property
    def connections(self) -> int:
        return self._state.get("open", 0)

    async def start(self) -> None:
        """Start it; the port stays the same over its lives."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            "--port",
            str(self.port),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=dict(self._environment),
        )
        assert self._process.stdout is not None
        self.port = json.loads(await self._process.stdout.readline())["port"]
        self._reader = asyncio.create_task(self._read(self._process.stdout))

    async def stop(self) -> None:
        """Have it end by itself."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._over()

    async def kill(self) -> None:
        """End it as the system does that runs out of memory."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._over()

    async def _over(self) -> None:
        assert self._reader is not None
        await self._reader
        self._earlier, self._state = self.asked, {}

    async def have(self, fault: Fault) -> None:
        """Have something go wrong, and right again after its time."""
        assert self._process is not None
        if fault.kind not in DONE:
            await self._order(fault.kind, fault.seconds)
            await asyncio.sleep(fault.seconds)
            await self._order("", 0)
        elif fault.kind == "is stopped":
            self._process.send_signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(fault.seconds)
            finally:
                self._process.send_signal(signal.SIGCONT)
        else:
            await self.kill()
            await asyncio.sleep(fault.seconds)
            await self.start()

    async def _order(self, kind: str, seconds: float) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        order = {"fault": kind, "seconds": seconds}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        while line := await stdout.readline():
            if line.endswith(b"\n"):
                self._state = json.loads(line)
                self.most = max(self.most, self._state["most"])


def of_this_run(mark: str) -> Iterator[int]:
    """Yield the processes that were started with this mark in their environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)
