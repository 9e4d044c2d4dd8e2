"""Fills that were computed before, found again at the same hole and while they are typed.

A hole may have several, best first.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from infill_ls.text.hole import IDENTITY_REACH, TYPED, Hole

# Fills kept. llama.vim keeps 250; one takes about 1 KB here.
CAPACITY: Final = 250

_Key = tuple[str, str, str]
# A fill, and the closers that stand behind it.
_Fill = tuple[str, str]


class Recall:
    """Least recently used go first."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._fills: OrderedDict[_Key, tuple[_Fill, ...]] = OrderedDict()

    def remember(self, uri: str, hole: Hole, fill: str) -> None:
        """Keep the fill of a hole; an empty one says that there is nothing to show there."""
        self._keep(_key(uri, hole), ((fill, hole.behind(fill)),))

    def add(self, uri: str, hole: Hole, fill: str) -> None:
        """Keep another fill of a hole, after those that it has."""
        key = _key(uri, hole)
        self._keep(key, (*self._fills.get(key, ()), (fill, hole.behind(fill))))

    def _keep(self, key: _Key, fills: tuple[_Fill, ...]) -> None:
        self._fills[key] = fills
        self._fills.move_to_end(key)
        while len(self._fills) > self._capacity:
            self._fills.popitem(last=False)

    def find(self, uri: str, hole: Hole, *, typed: int = 0) -> str | None:
        """The first that :meth:`find_all` gives; None if nothing is known."""
        return next(iter(self.find_all(uri, hole, typed=typed)), None)

    def find_all(self, uri: str, hole: Hole, *, typed: int = 0) -> tuple[str, ...]:
        """The fills of this hole, or what is left of those whose beginning has been typed since.

        ``typed``: the least that must have been typed, in characters. Empty if nothing is known;
        never a fill that is typed to its end.
        """
        prefix, suffix = hole.prefix, hole.suffix[:IDENTITY_REACH]
        for since in range(typed, min(TYPED, len(prefix)) + 1):
            end = len(prefix) - since
            key = (uri, prefix[max(0, end - IDENTITY_REACH) : end], suffix)
            rests = tuple(
                (fill[since:], behind)
                for fill, behind in self._fills.get(key, ())
                if fill.startswith(prefix[end:]) and (len(fill) > since or not since)
            )
            if not rests:
                continue
            self._fills.move_to_end(key)
            if since > TYPED // 2:
                # Or the rest of a long fill would be out of reach before it is typed.
                self._keep(_key(uri, hole), rests)
            return tuple(_whole(hole, rest, behind) for rest, behind in rests)
        return ()


def _whole(hole: Hole, rest: str, behind: str) -> str:
    """What is left of a fill, such that the closers ``behind`` stand behind it.

    Where a part of it was accepted that opened a bracket, the rest closes that; it seems to go
    through a closer of the line, which belongs to a bracket further left.
    """
    return rest if not rest or hole.behind(rest) == behind else rest + behind.rstrip()


def _key(uri: str, hole: Hole) -> _Key:
    return uri, *hole.surroundings
