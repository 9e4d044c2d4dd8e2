"""How a person types: the times between keys."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Final

# Times before a key, as a median in s and the spread of its logarithm: at the start of a line,
# where people stop for no such reason, at the edge of a word, and within one.
_AT_LINE: Final = (1.0, 0.7)
_STOP: Final = (1.2, 0.6)
_AT_WORD: Final = (0.2, 0.5)
_IN_WORD: Final = (0.13, 0.35)


@dataclass
class Typist:
    """A person at the keyboard: bursts, pauses, slips of the fingers. Times in s.

    Gaps between keys within a word have a median of 0.13 s (50 words a minute in code); people
    stop at ends of words, longer at the start of a line, and longest at a new place. ``stops``: the
    share of keys before which they stop for no such reason.
    """

    seed: str
    stops: float = 0.04
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"typist {self.seed}")

    def gap(self, typed: str, coming: str) -> float:
        """Return the time before the next key."""
        if _begins_line(typed):
            return self._about(*_AT_LINE)
        if self.chance.random() < self.stops:
            return self._about(*_STOP)
        return self._about(*_between(typed, coming))

    def mean_gap(self, typed: str, coming: str) -> float:
        """Return the mean of the times before such a key."""
        if _begins_line(typed):
            return _mean(*_AT_LINE)
        return self.stops * _mean(*_STOP) + (1 - self.stops) * _mean(*_between(typed, coming))

    def arrival(self) -> float:
        """Return the time before the first key at a new place."""
        return self._about(2.5, 0.4)

    def slips(self) -> bool:
        """Whether the next key is a wrong one."""
        return self.chance.random() < 0.02

    def reaction(self) -> float:
        """Return the time from when a suggestion is seen to the key that accepts it."""
        return self._about(0.45, 0.25)

    def likes(self, suggestion: str) -> bool:
        """Whether a suggestion that is right is accepted rather than typed through."""
        return len(suggestion.strip()) >= 3 and self.chance.random() < 0.8

    def _about(self, median: float, spread: float) -> float:
        return median * self.chance.lognormvariate(0, spread)


def _begins_line(typed: str) -> bool:
    return not typed or typed[-1] == "\n"


def _between(typed: str, coming: str) -> tuple[float, float]:
    return _IN_WORD if coming[0].isalnum() and typed[-1].isalnum() else _AT_WORD


def _mean(median: float, spread: float) -> float:
    """Of a log-normal distribution."""
    return median * math.exp(spread**2 / 2)
