"""`make bench-starts`: what a start costs, and how long servers take that are started at once.

First one server at a time, in turns: the CPU time (user and system) of the process from its start
to its answer to `initialize`, and to the first fill. Other work on the machine shows less in that
than by the clock. Then many servers at once, by the clock, as when somebody's windows are all
opened again. The engine is a simulated Ollama that answers at once; the empty pygls server is the
one of `make bench`.

"kept": Python's compiled modules are there, and the methods that attrs has written for the
protocol's types (`infill_ls.lsp.compiled`); so it is at each start but the first. "methods new":
without the latter. "new": nothing is there, as after an installation that compiles nothing, or
where PYTHONDONTWRITEBYTECODE is set. Nothing of the user's is read or written.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.roundtrip import COMMANDS
from fake_ollama import FakeOllama
from lsp_client import LspClient

EMPTY, OURS = COMMANDS
KEPT, NEW = "kept", "new"
# Of a second, in which Linux counts CPU time.
TICKS: Final = 100


@dataclass(frozen=True)
class Start:
    """``initialize`` and ``fill``: s from the start of the process to the answers, None where no
    fill was asked for; ``cpu_initialize`` and ``cpu_fill``: ms of CPU time up to there."""

    initialize: float
    cpu_initialize: float
    fill: float | None = None
    cpu_fill: float | None = None


def surroundings(folder: Path, ollama: FakeOllama, *, writes: bool = True) -> dict[str, str]:
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
    return sum(map(int, fields[11:13])) * 1000 / TICKS


async def start(name: str, environment: Mapping[str, str]) -> Start:
    """One server, from its start to the answers."""
    started = time.perf_counter()
    client = await LspClient.start(
        command=COMMANDS[name], environment=environment, stderr=asyncio.subprocess.DEVNULL
    )
    await client.initialize(options={"debounceMs": 0})
    one = Start(time.perf_counter() - started, cpu_of(client.process.pid))
    if name == OURS:
        client.open("x = []\n" * 10)
        # By hand: an automatic request is given up after a while.
        answer = await client.ask(3, 5, manual=True)
        assert answer["items"]
        fill = time.perf_counter() - started
        one = replace(one, fill=fill, cpu_fill=cpu_of(client.process.pid))
    await client.stop()
    return one


async def by_turns(ollama: FakeOllama, rounds: int) -> dict[str, list[Start]]:
    """Starts, one after the other."""
    starts: dict[str, list[Start]] = {}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as without:
        kept = surroundings(Path(folder), ollama)
        await start(EMPTY, kept)
        for there in (folder, without):
            await start(OURS, surroundings(Path(there), ollama))
        for file in Path(without).rglob("*.attrs"):
            file.unlink()
        nothing = surroundings(Path(without), ollama, writes=False)
        for number in range(rounds):
            turns = [(EMPTY, KEPT, kept), (OURS, KEPT, kept), (OURS, "methods new", nothing)]
            for name, kind, environment in turns:
                starts.setdefault(f"{name}, {kind}", []).append(await start(name, environment))
            # Each takes a second and more.
            for name in COMMANDS if number < rounds // 4 else ():
                with tempfile.TemporaryDirectory() as empty:
                    one = await start(name, surroundings(Path(empty), ollama))
                    starts.setdefault(f"{name}, {NEW}", []).append(one)
    return starts


async def at_once(ollama: FakeOllama, count: int, name: str, kind: str) -> list[Start]:
    """So many servers, started at once."""
    with tempfile.TemporaryDirectory() as folder:
        environment = surroundings(Path(folder), ollama)
        if kind == KEPT:
            await start(name, environment)
        return await asyncio.gather(*(start(name, environment) for _ in range(count)))


def least(times: Iterable[float | None]) -> str:
    """Least and lower quartile, in ms."""
    known = [one for one in times if one is not None]
    if len(known) < 2:
        return ""
    return f"{min(known):6.0f} {statistics.quantiles(known, n=4, method='inclusive')[0]:6.0f}"


def spread(times: Iterable[float | None]) -> str:
    """First, median and last, in s."""
    known = [one for one in times if one is not None]
    return f"{min(known):6.2f} {statistics.median(known):6.2f} {max(known):6.2f}" if known else ""


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="starts of one server at a time")
    parser.add_argument("--servers", type=int, default=20, help="started at once; 0 for none")
    options = parser.parse_args()
    async with FakeOllama() as ollama:
        ollama.fill = "value for value in values"
        print(f"{os.cpu_count()} CPUs, Python {platform.python_version()}")
        if options.rounds > 1:
            print(f"\nCPU time of one in {options.rounds}: least and lower quartile (ms)")
            print(f"  {'':34} {'initialize':>13}   {'first fill':>13}")
            for what, starts in (await by_turns(ollama, options.rounds)).items():
                initialize = least(one.cpu_initialize for one in starts)
                fill = least(one.cpu_fill for one in starts)
                print(f"  {what:34} {initialize:>13}   {fill:>13}", flush=True)
        if options.servers:
            print(f"\n{options.servers} at once: first, median and last (s)")
            print(f"  {'':34} {'initialize':>20}   {'first fill':>20}")
            for name, kind in itertools.product(COMMANDS, (KEPT, NEW)):
                starts = await at_once(ollama, options.servers, name, kind)
                initialize = spread(one.initialize for one in starts)
                fill = spread(one.fill for one in starts)
                print(f"  {f'{name}, {kind}':34} {initialize:>20}   {fill:>20}", flush=True)


if __name__ == "__main__":
    if sys.platform != "linux":
        sys.exit("The CPU time of processes is read from Linux's /proc.")
    asyncio.run(main())
