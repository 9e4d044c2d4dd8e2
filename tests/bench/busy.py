"""`make bench-busy`: a fill on the embedded engine beside 0, 1, 2 and 4 busy processes.

The busy processes are started here. Each variant has an engine of its own that stands by, and they
are asked in turns for the same fills, so that whatever else the machine does is shared; medians.
"before" has threads that spin while they wait, as OpenMP has them where nobody says otherwise; "as
set" is what infill-ls sets; the others are what else might help.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx

from bench.knobs import prompts, read_anew
from bench.knobs import threads as thread_count
from infill_ls.engines.embedded import openmp, weights
from infill_ls.engines.embedded import server as embedded_server

BUSY: Final = (0, 1, 2, 4)
FILL_TOKENS: Final = 16
PROMPT_CHARACTERS: Final = 700
KEY: Final = "key"


@dataclass(frozen=True)
class Variant:
    """``environment``: set in the engine's process beside what is set there anyway; None takes a
    name out. ``threads``: another number of them. ``nice``: less (or more) important than others.
    """

    environment: Mapping[str, str | None] = field(default_factory=dict)
    threads: int | None = None
    nice: int = 0

    def whole_environment(self) -> dict[str, str]:
        found = openmp.environment(os.environ, openmp.libraries())
        for name, value in self.environment.items():
            found.pop(name, None)
            if value is not None:
                found[name] = value
        return found


@dataclass(frozen=True)
class Fill:
    """``seconds`` in all; tokens/s that were read and written, by the engine's own count."""

    seconds: float
    read: float
    write: float


def _packaged() -> str | None:
    folder = openmp.packaged()
    return None if folder is None else str(folder)


VARIANTS: Final[dict[str, Variant]] = {
    "before": Variant({"OMP_WAIT_POLICY": None, "GOMP_SPINCOUNT": None}),
    "as set": Variant(),
    "no spinning": Variant({"GOMP_SPINCOUNT": None}),
    "spin 100": Variant({"GOMP_SPINCOUNT": "100"}),
    "spin 1,000": Variant({"GOMP_SPINCOUNT": "1000"}),
    "spin 10,000": Variant({"GOMP_SPINCOUNT": "10000"}),
    "1 thread": Variant(threads=1),
    "4 threads": Variant(threads=4),
    "nice -5": Variant(nice=-5),
    "LLVM's OpenMP": Variant({"LD_LIBRARY_PATH": _packaged()}),
}
USUAL: Final = ("before", "as set")


def serve(name: str) -> None:
    """One variant's engine, in this process; lives until stdin ends."""
    variant = VARIANTS[name]
    if variant.nice:
        os.nice(variant.nice)  # less than 0 needs root
    if variant.threads:
        usual = embedded_server.parameters

        def parameters(weights: str, key: str, name: str) -> object:
            params = usual(weights, key, name)
            thread_count(variant.threads or 1)(params)
            return params

        embedded_server.parameters = parameters
    embedded_server.main()


@contextmanager
def engine(name: str) -> Iterator[httpx.Client]:
    """A variant's engine in a process of its own, and the way to it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.busy", "--serve", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=VARIANTS[name].whole_environment(),
        text=True,
    )
    with process:
        assert process.stdin
        assert process.stdout
        path = weights.ready(weights.DEFAULT)
        call = {"weights": str(path), "key": KEY, "name": weights.DEFAULT.name}
        print(json.dumps(call), file=process.stdin, flush=True)
        answer = json.loads(process.stdout.readline())
        if "url" not in answer:
            sys.exit(f"{name}: {answer}")
        headers = {"Authorization": f"Bearer {KEY}"}
        with httpx.Client(
            base_url=answer["url"], headers=headers, timeout=600, trust_env=False
        ) as client:
            yield client
        process.stdin.close()


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that each want a core, while the block runs."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def fill(client: httpx.Client, prompt: str) -> Fill:
    """Ask for a fill whose prompt is read from its beginning."""
    started = time.perf_counter()
    timings = read_anew(client, prompt, FILL_TOKENS)
    seconds = time.perf_counter() - started
    return Fill(seconds, timings["prompt_per_second"], timings["predicted_per_second"])


def summary(fills: Sequence[Fill]) -> str:
    seconds = [one.seconds for one in fills]
    read = statistics.median(one.read for one in fills)
    write = statistics.median(one.write for one in fills)
    return (
        f"{statistics.median(seconds):6.2f} s a fill (at most {max(seconds):6.2f}), "
        f"reads {read:6.1f} tokens/s, writes {write:5.1f} tokens/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--busy", type=int, action="append", help="other numbers of processes")
    parser.add_argument("--only", action="append", help="these variants, or all")
    parser.add_argument("--serve", choices=list(VARIANTS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    names = list(VARIANTS) if options.only == ["all"] else options.only or USUAL
    holes = prompts(PROMPT_CHARACTERS)
    print(f"{os.cpu_count()} processors, {embedded_server.threads()} threads")
    with ExitStack() as stack:
        clients = {name: stack.enter_context(engine(name)) for name in names}
        for client in clients.values():
            fill(client, holes[0])
        for count in options.busy or BUSY:
            fills: dict[str, list[Fill]] = {name: [] for name in names}
            with busy(count):
                for number in range(options.rounds):
                    for name, client in clients.items():
                        fills[name].append(fill(client, holes[number % len(holes)]))
            for name, measured in fills.items():
                print(f"{count} busy  {name:14} {summary(measured)}", flush=True)


if __name__ == "__main__":
    main()
