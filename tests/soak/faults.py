"""What goes wrong with the engine, and when."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

# It never answers what it is asked meanwhile, nor hangs up.
LOSES: Final = "loses calls"
# What the engine's own process does when it is told to.
TOLD: Final = (
    "refuses connections",
    "answers nothing",  # and hangs up at the end
    LOSES,
    "hangs before headers",
    "hangs mid-stream",
    "slow pieces",
    "cuts the connection",
    "ends without an end",
    "status 500",
    "status 503",
    "status 429",
    "garbage",
    "a line of 2 MB",
    "an error line",
    "loads its model anew",
)
# What is done to its process.
DONE: Final = ("is killed", "is stopped")


@dataclass(frozen=True)
class Fault:
    """``at`` and ``seconds``: when it begins, in s from the start, and how long it lasts."""

    at: float
    seconds: float
    kind: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def schedule(seed: int, seconds: float, *, gap: float, longest: float) -> Iterator[Fault]:
    """Yield faults in order, up to some time before the end.

    ``gap``: s between two of them on average. ``longest``: s that one lasts at the most.
    Each kind comes once before any comes again.
    """
    chance = random.Random(f"faults {seed}")
    at, left = chance.uniform(0.5, 1.0) * gap, list[str]()
    while at + longest + 5 < seconds:
        if not left:
            left = [*TOLD, *DONE]
            chance.shuffle(left)
        lasts = chance.uniform(0.2, 1.0) * longest
        yield Fault(round(at, 1), round(lasts, 1), left.pop())
        at += lasts + chance.uniform(0.5, 1.5) * gap
