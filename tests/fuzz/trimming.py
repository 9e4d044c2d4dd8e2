"""What models write, in pieces of any size, for :mod:`infill_ls.trim`."""

from __future__ import annotations

import time
from random import Random
from typing import Any, Final

from fuzz import texts
from fuzz.found import Counts, Found
from fuzz.player import HIDDEN, LONGEST
from infill_ls.prompt import families
from infill_ls.text.documents import split_lines
from infill_ls.text.hole import Hole, at
from infill_ls.trim import site, trim

_FAMILY: Final = families.find("qwen2.5-coder:1.5b")
assert _FAMILY is not None
CONTROL: Final = _FAMILY.control
SHAPES: Final = ("line", "statement", "block")
# Characters of the shorter and the longer stream. Work that grows with the square takes 64 times as
# long for the longer one, work that grows as it does 8 times.
SHORT: Final = 1_500
LONG: Final = 12_000
MOST: Final = 24.0
# s. What takes less is not measured: other things take as long.
LEAST: Final = 0.002
TRIES: Final = 5


def make(random: Random) -> dict[str, Any]:
    """A hole, and a stream for it."""
    strange = random.choice((0.0, 0.0, 0.05, 0.3))
    before, after, raw = (
        texts.text(random, random.choice(sizes), strange=strange)
        for sizes in ((0, 3, 20), (0, 3, 20), (1, 5, 20, 60))
    )
    if random.random() < 0.1:
        # It says again what stands there.
        raw = raw[: random.randrange(9)] + random.choice((after, before))
    if random.random() < 0.05:
        raw = (raw or "x") * random.randrange(1, 12_000 // max(len(raw), 1) + 2)
    pieces: list[str] = []
    size = random.choice((1, 3, 10, 100))
    while raw and len(pieces) < 300:
        end = random.randrange(1, 2 * size + 1)
        pieces.append(raw[:end])
        raw = raw[end:]
    return {
        "before": before,
        "after": after,
        "language": random.choice(texts.LANGUAGES),
        "shape": random.choice(SHAPES),
        "pieces": [*pieces, raw] if raw else pieces,
        "cut": random.random() < 0.3,
    }


def hole_of(case: dict[str, Any]) -> Hole:
    above = split_lines(case["before"])
    lines = split_lines(case["before"] + case["after"])
    # A \r before a \n on the other side of the cursor: there it is inside of a line's end.
    line = min(len(above) - 1, len(lines) - 1)
    return at(lines, line, min(len(above[-1]), len(lines[line].rstrip("\r\n"))), case["language"])


def run(case: dict[str, Any], counts: Counts) -> None:
    """Feed the pieces as a generation does. Raises :class:`Found`."""
    hole, shape, cut = hole_of(case), case["shape"], case["cut"]
    raw, complete, shown = "", None, []
    for piece in case["pieces"]:
        counts["operations"] += 1
        raw += piece
        fill = trim(raw, hole, shape, CONTROL, over=False)
        _check(fill.text, hole)
        if complete is None and fill.complete:
            complete = fill
        shown.append(fill.text)
    final = trim(raw, hole, shape, CONTROL, cut_short=cut)
    site.forget_sites()
    if trim(raw, hole, shape, CONTROL, cut_short=cut) != final:
        raise Found("what was read before makes a difference", final)
    _check(final.text, hole)
    counts["fills"] += bool(final.text)
    if complete is not None and complete != final:
        raise Found("complete too early", (complete, final))
    for text in shown:
        # Before the fill is over, only its whole lines are shown.
        lines = text.rpartition("\n")[0]
        if not (lines.startswith(final.text) or final.text.startswith(lines)):
            raise Found("a contradiction", (text, final))


def _check(fill: str, hole: Hole) -> None:
    if len(fill) > LONGEST:
        raise Found("a long fill", len(fill))
    known = hole.prefix + hole.closers + hole.suffix
    hidden = {char for char in HIDDEN.findall(fill) if char not in known}
    if hidden or "\r" in fill:
        raise Found("hidden characters", (hidden, fill))


def make_work(random: Random) -> dict[str, Any]:
    """A hole, and what a long stream repeats."""
    case = make(random)
    unit = texts.text(random, random.choice((1, 1, 2, 3, 8)), strange=0.1) or "x"
    head = texts.text(random, random.choice((0, 0, 1, 3)), strange=0.1)
    del case["pieces"], case["cut"]
    return {**case, "head": head, "unit": unit, "over": random.random() < 0.7}


def run_work(case: dict[str, Any], counts: Counts) -> None:
    """Compare the work for a stream with that for a longer one. Raises :class:`Found`.

    Processor time of this process, and the best of several tries: what else the machine does makes
    a try slower, never faster.
    """
    hole = hole_of(case)
    counts["operations"] += 1
    ratio, short, long = 0.0, float("inf"), float("inf")
    for _ in range(TRIES):
        short = min(short, _seconds(case, hole, SHORT))
        long = min(long, _seconds(case, hole, LONG))
        ratio = long / max(short, LEAST)
        if ratio < MOST:
            return
    raise Found("more work than the stream is long", f"{ratio:.0f}: {short:.4f} s, {long:.4f} s")


def _seconds(case: dict[str, Any], hole: Hole, length: int) -> float:
    unit = case["unit"]
    raw = (case["head"] + unit * (length // len(unit) + 1))[:length]
    site.forget_sites()
    # What is known of the hole is not the stream's.
    trim("", hole, case["shape"], CONTROL)
    begun = time.process_time()
    trim(raw, hole, case["shape"], CONTROL, over=case["over"])
    return time.process_time() - begun
