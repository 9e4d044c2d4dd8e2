"""Fuzz by hand: ``make fuzz OPERATIONS=1000000``; prints what was done and what was found.

Exit status 0 if nothing was found. ``--replay FILE`` runs one of the cases that are kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

from fuzz import parts
from fuzz.found import Counts, Found
from fuzz.parts import PARTS

# Of the cases that break the same rule so many are kept.
KEPT: Final = 2
# s between two lines on how far it is.
INTERVAL: Final = 30.0
SHOWN: Final = ("operations", "requests", "replies", "generations", "items")


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--operations", type=int, default=20_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--replay", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as nowhere:
        _forget_this_machine(nowhere)
        if options.replay:
            parts.replay(options.replay)
            return 0
        return _fuzz(options.only or list(PARTS), options.operations, options.seed)


def _forget_this_machine(folder: str) -> None:
    """Whoever fuzzes may have settings, a proxy or an Ollama of his own."""
    for name in list(os.environ):
        if name.startswith(("INFILL_LS_", "OLLAMA_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_STATE_HOME"] = folder


def _fuzz(names: list[str], operations: int, seed: str) -> int:
    whole = sum(PARTS[name].share for name in names)
    found: Counter[tuple[str, str]] = Counter()
    print(f"seed {seed}; {operations} operations")
    print(f"{'part':10}" + "".join(f"{name:>13}" for name in ("cases", *SHOWN, "seconds", "found")))
    everything: Counter[str] = Counter()
    for name in names:
        counts = _part(name, round(operations * PARTS[name].share / whole), seed, found)
        everything.update(counts)
        _show(name, counts)
    _show("all", Counts(everything))
    for (part, kind), times in found.items():
        print(f"found {times} times in {part}: {kind}")
    return 1 if found else 0


def _part(name: str, operations: int, seed: str, found: Counter[tuple[str, str]]) -> Counts:
    """Run cases of a part until there were so many operations."""
    counts, begun = Counts(), time.monotonic()
    said = begun
    while counts["operations"] < operations:
        case = parts.made(name, f"{seed} {counts['cases']}")
        counts["cases"] += 1
        try:
            parts.run(name, case, counts)
        except Found as one:
            counts["found"] += 1
            found[name, one.kind] += 1
            if found[name, one.kind] <= KEPT:
                print(one, flush=True)
                print(f"made smaller and kept: {parts.kept(name, case, one)}", flush=True)
        if time.monotonic() - said > INTERVAL:
            said = time.monotonic()
            sys.stderr.write(f"{name}: {counts['operations']} of {operations} operations\n")
    counts["seconds"] = round(time.monotonic() - begun)
    return counts


def _show(name: str, counts: Counts) -> None:
    numbers = (counts[column] for column in ("cases", *SHOWN, "seconds", "found"))
    print(f"{name:10}" + "".join(f"{number:>13,}" for number in numbers), flush=True)


if __name__ == "__main__":
    sys.exit(main())
