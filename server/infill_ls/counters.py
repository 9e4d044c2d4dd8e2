"""What is counted of fills, as values: numbers, and the names of languages, engines and models.

There is no text here that could hold code or a path: of names with a path the last part is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

# ms. Each is the most that a latency of its class has; one class more is for what takes longer.
# Fine where waiting is felt (Nielsen, "Usability Engineering", 1993: 0.1 s and 1 s), up to the 8 s
# within which a request is answered.
LATENCIES: Final = (
    *(10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750),
    *(1000, 1500, 2000, 3000, 5000, 8000),
)
# The name of what takes longer.
_SLOWER: Final = "more"
# The most that a number in a file may be, so that sums stay numbers that every reader of JSON has.
_MOST: Final = 10**12
# Languages' ids are such words; an editor could send anything.
_LANGUAGE_ID: Final = re.compile(r"[\w+#.-]{1,40}", re.ASCII)
_NAME_LENGTH: Final = 100
# What separates the parts of a path, also in an address. llama-server and vLLM, for two, name a
# model by the path of its file or folder. A relative one looks like the names of an owner and a
# model, so that the last part alone is kept of either.
_SEPARATOR: Final = re.compile(r"[/\\]|%2f|%5c", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is counted apart."""

    language: str
    engine: str
    model: str

    @classmethod
    def of(cls, language: str, engine: str, model: str) -> Subject:
        """Return a subject with names that are fit to be kept: short ones, and no paths."""
        return cls(counted_as(language), _name(engine), _name(model))


def counted_as(language: str) -> str:
    """Return the name that a language is counted under, by its id, which is any text."""
    return language if _LANGUAGE_ID.fullmatch(language) is not None else "other"


def _name(text: str) -> str:
    return _SEPARATOR.split(text)[-1][:_NAME_LENGTH] or "unknown"


@dataclass(slots=True)
class Counters:
    """How often what has happened.

    A fill counts as ``shown`` once, also while it is typed and the editor is given its rest. Then
    it is one of these: ``accepted``; ``accepted_partly`` (words or lines of it); ``typed_through``
    (the user has typed what it said); ``rejected``, which is all else. ``typed_against`` are those
    of the rejected after which something else was typed. ``kept``: accepted ones that were still
    there two minutes later, or when the document was closed. ``characters_saved``: what was put in
    by accepting, without indentation, which editors put in too. ``latencies``: from a request to
    the fill that it has shown, how many of each class of :data:`LATENCIES`.
    """

    shown: int = 0
    accepted: int = 0
    accepted_partly: int = 0
    kept: int = 0
    typed_through: int = 0
    typed_against: int = 0
    rejected: int = 0
    characters_saved: int = 0
    latencies: list[int] = field(default_factory=lambda: [0] * (len(LATENCIES) + 1))

    def took(self, ms: float) -> None:
        """Count a latency."""
        at = sum(ms > most for most in LATENCIES)
        self.latencies[at] += 1

    def add(self, other: Counters) -> None:
        """Add what another one has counted."""
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for at, count in enumerate(other.latencies):
            self.latencies[at] += count

    def within(self, share: float) -> int | None:
        """Return in how many ms a share (0 to 1) of the fills were there, at the most.

        None if none was, or if it took longer than the last class has.
        """
        wanted, reached = share * sum(self.latencies), 0
        for most, count in zip(LATENCIES, self.latencies, strict=False):
            reached += count
            if reached and reached >= wanted:
                return most
        return None

    def to_json(self) -> dict[str, Any]:
        """Return everything that is not 0."""
        counted = {name: count for name in COUNTED if (count := getattr(self, name))}
        latencies = {
            str(name): count
            for name, count in zip((*LATENCIES, _SLOWER), self.latencies, strict=True)
            if count
        }
        return {**counted, "latencies_ms": latencies} if latencies else counted

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Counters:
        """Return what :meth:`to_json` gave; raises :class:`ValueError` if it can't be that.

        What a later version counts is left out.
        """
        counters = cls()
        for name in COUNTED:
            setattr(counters, name, _count(value.get(name, 0)))
        latencies = value.get("latencies_ms", {})
        if not isinstance(latencies, dict):
            raise ValueError("latencies that are no table")
        names = (*map(str, LATENCIES), _SLOWER)
        counters.latencies = [_count(latencies.get(name, 0)) for name in names]
        return counters


COUNTED: Final = tuple(one.name for one in fields(Counters) if one.name != "latencies")
# The counters of each subject.
Counts = dict[Subject, Counters]


def added(parts: Iterable[Mapping[Subject, Counters]]) -> Counts:
    """Return what several have counted together."""
    together: Counts = {}
    for part in parts:
        for subject, counters in part.items():
            together.setdefault(subject, Counters()).add(counters)
    return together


def rows(counts: Mapping[Subject, Counters]) -> list[dict[str, Any]]:
    """Return counters with their subjects, as JSON has them."""
    return [
        {
            "language": subject.language,
            "engine": subject.engine,
            "model": subject.model,
            **counters.to_json(),
        }
        for subject, counters in counts.items()
    ]


def from_rows(value: Any) -> Counts:
    """Return what :func:`rows` gave; raises :class:`ValueError` if it can't be that."""
    if not isinstance(value, Sequence) or not all(isinstance(row, dict) for row in value):
        raise ValueError("no list of tables")
    parts = []
    for row in value:
        names = [row.get(name) for name in ("language", "engine", "model")]
        if not all(isinstance(name, str) for name in names):
            raise ValueError("a row without names")
        parts.append({Subject.of(*map(str, names)): Counters.from_json(row)})
    return added(parts)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise ValueError("no number of events")
    return value
