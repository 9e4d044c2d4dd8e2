"""How a person types: the times between keys."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


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
        if not typed or typed[-1] == "\n":
            return self._about(1.0, 0.7)
        if self.chance.random() < self.stops:
            return self._about(1.2, 0.6)
        if not coming[0].isalnum() or not typed[-1].isalnum():
            return self._about(0.2, 0.5)
        return self._about(0.13, 0.35)

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
