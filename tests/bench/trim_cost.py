"""`make bench`: what trim costs at each piece of the stream, and once when the fill is complete.

A fill of 64 pieces in a file with 64 KB before the cursor, as a model streams it. Each piece is
timed by itself, over many streams; every stream has a hole of its own, as every request has, so
that what is worked out once per hole is in the first piece's time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Final

from infill_ls.completion import policy
from infill_ls.prompt import families
from infill_ls.text.hole import PREFIX_LIMIT, SUFFIX_LIMIT, Hole, between
from infill_ls.trim import trim

SOURCES: Final = Path(__file__).parent / "sources"
PIECES: Final = 64
# The project's goal for the median piece.
GOAL: Final = 50  # µs
FILL: Final = """for name, values in sorted(groups.items()):
        total = sum(value.weight for value in values if value.known)
        if total > self.limit and name not in ("other", "rest"):
            report.append(f"{name}: {total / len(values):.1f}")
"""


def hole(number: int) -> Hole:
    """A hole in a long file; each number's is another."""
    text = "\n\n".join(path.read_text("utf-8") for path in sorted(SOURCES.glob("*.txt")))
    above = f"# {number}\n" + text * (PREFIX_LIMIT // len(text) + 1)
    prefix = above[-PREFIX_LIMIT:].partition("\n")[2].rstrip() + "\n\n\ndef report(groups):\n    "
    return between(prefix, "\n    return report\n\n\n" + text[:SUFFIX_LIMIT], "python")


def stream(place: Hole, control: tuple[str, ...]) -> tuple[list[float], float]:
    """µs for each piece of a stream, and for its end."""
    size = -(-len(FILL) // PIECES)
    shape = policy.shape(place, "auto")
    times = []
    for end in range(size, len(FILL) + size, size):
        started = time.perf_counter()
        trim(FILL[:end], place, shape, control, over=False)
        times.append((time.perf_counter() - started) * 1e6)
    started = time.perf_counter()
    trim(FILL, place, shape, control)
    return times, (time.perf_counter() - started) * 1e6


def measure(streams: int) -> dict[str, float]:
    """Medians over so many streams, in µs; ``worst`` is the median of their slowest pieces."""
    family = families.find("qwen2.5-coder:1.5b")
    assert family is not None
    stream(hole(-1), family.control)  # loads the parser
    runs = [stream(hole(number), family.control) for number in range(streams)]
    return {
        "piece": statistics.median(took for times, _ in runs for took in times[1:]),
        "first": statistics.median(times[0] for times, _ in runs),
        "worst": statistics.median(max(times[1:]) for times, _ in runs),
        "end": statistics.median(end for _, end in runs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=50, help="how many fills (50)")
    found = measure(parser.parse_args().streams)
    print(f"trim, {PIECES} pieces of a fill, 64 KB before the cursor; medians in µs")
    print(f"  a piece          {found['piece']:8.0f}   (goal: {GOAL})")
    print(f"  the slowest      {found['worst']:8.0f}")
    print(f"  the first        {found['first']:8.0f}   with what is known of the hole")
    print(f"  the end          {found['end']:8.0f}   with the syntax check")


if __name__ == "__main__":
    main()
