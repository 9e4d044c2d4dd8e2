"""`make bench-starts`: what a start costs, and how long servers take that are started at once.

First one server at a time, an empty pygls server and infill-ls in turns: the CPU time (user and
system) of the process from its start to its answer to `initialize`, by which other work on the
machine shows less than by the clock; least and lower quartile. Then many servers at once, by the
clock, as when an editor opens all its windows again: until `initialize` is answered, and until the
first request for a fill is, on a simulated Ollama.

Each is measured as it is for users at every start but the first ("kept": Python's compiled modules
and what infill-ls keeps are there), and as after an installation that has compiled nothing ("new").
Nothing of the user's is read or written. Linux only: the CPU time comes from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.roundtrip import COMMANDS
from fake_ollama import FakeOllama
from lsp_client import LspClient

EMPTY, OURS = COMMANDS
# What the starts at once are compared with, and what they are.
KINDS: Final = ("kept", "new")
_TICKS: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True)
class Start:
    """``initialize`` and ``fill``: s from the start of the process to the answers. ``cpu``: ms of
    CPU time up to the first one."""

    initialize: float
    fill: float
    cpu: float


def surroundings(folder: Path, ollama: FakeOllama, *, writes: bool) -> dict[str, str]:
    """The environment of a process whose compiled modules and files are in a folder.

    ``writes``: it may leave some there.
    """
    return {
        "OLLAMA_HOST": ollama.url,
        "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "" if writes else "1",
        "PYTHONPYCACHEPREFIX": str(folder / "modules"),
        **{f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CACHE", "CONFIG", "STATE")},
    }


def cpu_of(process: int) -> float:
    """The CPU time in ms that a process has taken so far; in steps of 10 ms, as Linux has it."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    # utime and stime, fields 14 and 15 of proc(5); the split begins at the third.
    return sum(map(int, fields[11:13])) * 1000 / _TICKS


async def start(name: str, environment: Mapping[str, str], *, fills: bool) -> Start:
    """One server, from its start to the answers. ``fills``: it is asked for one too."""
    started = time.perf_counter()
    client = await LspClient.start(
        command=COMMANDS[name], environment=environment, stderr=asyncio.subprocess.DEVNULL
    )
    await client.initialize(options={"debounceMs": 0})
    initialized = time.perf_counter() - started
    cpu = cpu_of(client.process.pid)
    filled = initialized
    if fills:
        client.open("x = []\n" * 10)
        answer = await client.ask(3, 5)
        # An empty server has none.
        assert name == EMPTY or answer["items"]
        filled = time.perf_counter() - started
    await client.stop()
    return Start(initialized, filled, cpu)


async def by_turns(ollama: FakeOllama, rounds: int) -> dict[str, list[float]]:
    """The CPU time of starts, one after the other."""
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as kept:
        for name in COMMANDS:
            await start(name, surroundings(Path(kept), ollama, writes=True), fills=True)
        for number in range(rounds):
            for name in COMMANDS:
                one = await start(
                    name, surroundings(Path(kept), ollama, writes=True), fills=False
                )
                times.setdefault(f"{name}, kept", []).append(one.cpu)
                if number < max(2, rounds // 5):
                    with tempfile.TemporaryDirectory() as new:
                        there = surroundings(Path(new), ollama, writes=True)
                        times.setdefault(f"{name}, new", []).append(
                            (await start(name, there, fills=False)).cpu
                        )
    return times


async def at_once(ollama: FakeOllama, count: int, name: str, kind: str) -> list[Start]:
    """So many servers, started at once."""
    with tempfile.TemporaryDirectory() as folder:
        environment = surroundings(Path(folder), ollama, writes=True)
        if kind == "kept":
            await start(name, environment, fills=True)
        return await asyncio.gather(
            *(start(name, environment, fills=True) for _ in range(count))
        )


def spread(times: list[float]) -> str:
    """First, median and last, in s."""
    return f"{min(times):6.2f} {statistics.median(times):6.2f} {max(times):6.2f}"


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="starts of one server at a time")
    parser.add_argument("--servers", type=int, default=20, help="started at once; 0 for none")
    options = parser.parse_args()
    async with FakeOllama() as ollama:
        ollama.fill = "value for value in values"
        if options.rounds:
            print(f"CPU time to initialize, {options.rounds} starts in turns: least, quartile (ms)")
            for what, times in (await by_turns(ollama, options.rounds)).items():
                quartile = statistics.quantiles(times, n=4, method="inclusive")[0]
                print(f"  {what:26} {min(times):6.0f} {quartile:6.0f}", flush=True)
        if options.servers:
            print(f"\n{options.servers} servers at once on {os.cpu_count()} CPUs: first, median, last (s)")
            for kind in KINDS:
                for name in COMMANDS:
                    starts = await at_once(ollama, options.servers, name, kind)
                    print(
                        f"  {name + ', ' + kind:26} initialize {spread([s.initialize for s in starts])}"
                        f"   first fill {spread([s.fill for s in starts])}",
                        flush=True,
                    )


if __name__ == "__main__":
    if sys.platform != "linux":
        sys.exit("The CPU time of processes is read from Linux's /proc.")
    asyncio.run(main())
