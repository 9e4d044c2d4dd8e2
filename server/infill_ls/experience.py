"""What this user made of fills of each kind of place, in numbers: the threshold follows it.

A fill that he accepted, or typed himself, was right; one that he typed something else instead of
was wrong. Where more are wrong than the model's own doubts let expect, fills must be surer to be
shown; where fewer are, less sure. There is no code here, and no text but names of languages and
kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# The most by which a threshold is moved, from 0 to 1 as it is itself. The settings "low" and "high"
# are further from "normal": what the user says counts for more than what he did.
MOST_SHIFT: Final = 0.05
# So many fills as expected are added to those that were seen. Of 30 fills the share that are right
# is 9 points off by chance alone (a standard deviation, of a share of one half).
_DOUBT: Final = 30
# Fills remembered for a kind of place. From there on what is older counts for half: users change,
# and so do their projects.
_MEMORY: Final = 300
# Of places; a client that makes languages up must not fill a disk.
KINDS_KEPT: Final = 200
_LONGEST_NAME: Final = 40

# A kind of place and a language.
Place = tuple[str, str]


@dataclass(slots=True)
class Fates:
    """What became of fills: how many were right, how many wrong, and how many should be right.

    ``expected``: the sum of how likely each was right, as the model's tokens tell.
    """

    right: float = 0.0
    wrong: float = 0.0
    expected: float = 0.0

    def add(self, other: Fates) -> None:
        """Add what became of others; the oldest count for less then."""
        self.right += other.right
        self.wrong += other.wrong
        self.expected += other.expected
        while self.right + self.wrong > _MEMORY:
            self.right, self.wrong, self.expected = (
                count / 2 for count in (self.right, self.wrong, self.expected)
            )

    @property
    def shift(self) -> float:
        """What is added to the threshold."""
        missing = (self.expected - self.right) / (self.right + self.wrong + _DOUBT)
        return max(-MOST_SHIFT, min(MOST_SHIFT, missing))


class Experience:
    """What became of fills, by kind of place and language."""

    def __init__(self, fates: Mapping[Place, Fates] | None = None) -> None:
        self._fates: dict[Place, Fates] = {}
        self._add((fates or {}).items())

    def note(self, kind: str, language: str, chance: float, *, right: bool) -> None:
        """Note what became of a fill; ``chance``: how likely it was right, from 0 to 1."""
        self._add([((kind, language), Fates(float(right), float(not right), chance))])

    def shift(self, kind: str, language: str) -> float:
        """Return what is added to the threshold of such places, within :data:`MOST_SHIFT`."""
        fates = self._fates.get((kind, language))
        return fates.shift if fates is not None else 0.0

    def add(self, other: Experience) -> None:
        """Add what another one has noted."""
        self._add(other._fates.items())

    def __bool__(self) -> bool:
        return bool(self._fates)

    def _add(self, fates: Iterable[tuple[Place, Fates]]) -> None:
        for place, one in fates:
            if place in self._fates or len(self._fates) < KINDS_KEPT:
                self._fates.setdefault(place, Fates()).add(one)

    def rows(self) -> list[dict[str, Any]]:
        """Return everything as JSON has it."""
        return [
            {
                "kind": kind,
                "language": language,
                "right": round(fates.right, 3),
                "wrong": round(fates.wrong, 3),
                "expected": round(fates.expected, 3),
            }
            for (kind, language), fates in self._fates.items()
        ]

    @classmethod
    def from_rows(cls, value: Any) -> Experience:
        """Return what :meth:`rows` gave; raises :class:`ValueError` if it can't be that."""
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise ValueError("no list")
        return cls(dict(_read(value)))


def _read(value: Sequence[Any]) -> Iterator[tuple[Place, Fates]]:
    for row in value:
        if not isinstance(row, dict):
            raise ValueError("no table")
        place = _name(row.get("kind")), _name(row.get("language"))
        yield place, Fates(*(_count(row.get(name)) for name in ("right", "wrong", "expected")))


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME:
        raise ValueError("no name")
    return value


def _count(value: Any) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    # Not what isn't a number (NaN) either.
    if not good or not 0 <= value <= _MEMORY:
        raise ValueError("no number of fills")
    return float(value)
