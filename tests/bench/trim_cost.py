"""`make bench`: what trim costs at each piece of the stream, and once when the fill is complete.

Fills of several lengths in a file with 64 KB before the cursor, as a model streams them. Each piece
is timed by itself, over many streams; every stream has a hole of its own, as every request has, so
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
from infill_ls.text.shape import Shape
from infill_ls.trim import trim

SOURCES: Final = Path(__file__).parent / "sources"
# The project's goal for the median piece.
GOAL: Final = 50  # µs
# Characters of a piece; a token of code has three to five.
PIECE: Final = 4
LENGTHS: Final = (400, 1_200, 3_600)
FILL: Final = """for name, values in sorted(groups.items()):
        total = sum(value.weight for value in values if value.known)
        if total > self.limit and name not in ("other", "rest"):
            report.append(f"{name}: {total / len(values):.1f}")
"""
# Long fills, by what they ask of trim: what is above and below, and a piece of the fill, in which
# N is another number each time.
LONG: Final = {
    "python": (
        "python",
        "\n\n\ndef report(groups):\n    ",
        "\n    return report\n",
        "for nameN, values in sorted(groups.items()):\n        totalN = sum(v.w for v in values)\n"
        '        if totalN > limit:\n            report.append(f"{nameN}: {totalN:.1f}")\n    ',
    ),
    "with returns": (
        "python",
        "\n\n\ndef report(groups):\n    ",
        "\n    return report\n",
        "if nameN not in groups:\n        return find(nameN)\n    valueN = groups[nameN]\n    ",
    ),
    "go, with blanks": (
        "go",
        "\n\nfunc report(a int) {\n" + "\tcall(a, b)\n" * 400 + "\t",
        "\n\treturn report\n}\n" + "\tother(a)\n" * 500,
        "if a > N {\n        call(N, a)\n    }\n    nameN := find(N)\n    ",
    ),
    "before words": (
        "typescript",
        "\n\n  const found = ",
        ", last);\n",
        "call(firstN, (a) => {\n    return find(a, N);\n  }) +\n  ",
    ),
    "a docstring": (
        "python",
        '\n\n\ndef report(groups):\n    """',
        '\n    """\n    return report\n',
        "Takes the groupN, and says what is known of its valueN.\n    ",
    ),
    "one line": (
        "python",
        "\n\n\nvalues = ",
        "\n\n\nother = 1\n",
        "call(nameN, [N, N]) + ",
    ),
}


def around(number: int, above: str, below: str, language: str = "python") -> Hole:
    """A hole in a long file; each number's is another."""
    text = "\n\n".join(path.read_text("utf-8") for path in sorted(SOURCES.glob("*.txt")))
    whole = f"# {number}\n" + text * (PREFIX_LIMIT // len(text) + 1)
    prefix = whole[-PREFIX_LIMIT:].partition("\n")[2].rstrip() + above
    return between(prefix, below + "\n\n" + text[:SUFFIX_LIMIT], language)


def stream(
    fill: str, hole: Hole, shape: Shape, control: tuple[str, ...], size: int = PIECE
) -> tuple[list[float], float]:
    """µs for each piece of a stream, and for its end."""
    times = []
    for end in range(size, len(fill) + size, size):
        started = time.perf_counter()
        trim(fill[:end], hole, shape, control, over=False)
        times.append((time.perf_counter() - started) * 1e6)
    started = time.perf_counter()
    trim(fill, hole, shape, control)
    return times, (time.perf_counter() - started) * 1e6


def measure(streams: int) -> dict[str, float]:
    """Medians over so many streams, in µs; ``worst`` is the median of their slowest pieces."""
    control = known_control()
    above, below = "\n\n\ndef report(groups):\n    ", "\n    return report\n"
    runs = []
    for number in range(-1, streams):  # the first loads the parser
        hole = around(number, above, below)
        runs.append(stream(FILL, hole, policy.shape(hole, "auto"), control))
    return {
        "piece": statistics.median(took for times, _ in runs[1:] for took in times[1:]),
        "first": statistics.median(times[0] for times, _ in runs[1:]),
        "worst": statistics.median(max(times[1:]) for times, _ in runs[1:]),
        "end": statistics.median(end for _, end in runs[1:]),
    }


def measure_long(kind: str, length: int, streams: int) -> tuple[float, float]:
    """Median of the last pieces of long fills, and the median of their slowest one, in µs.

    The last pieces are a quarter of them, since what is asked is what length costs.
    """
    language, above, below, piece = LONG[kind]
    fill = "".join(piece.replace("N", str(number)) for number in range(length))[:length]
    last, worst = [], []
    for number in range(streams):
        hole = around(hash((kind, length)) + number, above, below, language)
        times, _ = stream(fill, hole, "block", known_control())
        last += times[len(times) * 3 // 4 :]
        worst.append(max(times[1:]))
    return statistics.median(last), statistics.median(worst)


def known_control() -> tuple[str, ...]:
    """The control tokens of a usual family."""
    family = families.find("qwen2.5-coder:1.5b")
    assert family is not None
    return family.control


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=50, help="how many fills (50)")
    streams = parser.parse_args().streams
    found = measure(streams)
    print("trim, a fill of some 250 characters, 64 KB before the cursor; medians in µs")
    print(f"  a piece          {found['piece']:8.0f}   (goal: {GOAL})")
    print(f"  the slowest      {found['worst']:8.0f}")
    print(f"  the first        {found['first']:8.0f}   with what is known of the hole")
    print(f"  the end          {found['end']:8.0f}   with the syntax check")
    print("long fills: one of the last pieces (the slowest of all), by the fill's characters")
    print(f"  {'':16}" + "".join(f"{length:>16,}" for length in LENGTHS))
    for kind in LONG:
        times = [measure_long(kind, length, max(1, streams // 10)) for length in LENGTHS]
        cells = (f"{f'{last:.0f} ({worst:.0f})':>16}" for last, worst in times)
        print(f"  {kind:16}" + "".join(cells))


if __name__ == "__main__":
    main()
