"""Fills that were computed before, found again at the same hole and while they are typed."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from infill_ls.hole import REACH, TYPED, Hole

# Fills kept. llama.vim keeps 250; one takes about 1 KB here.
CAPACITY: Final = 250

_Key = tuple[str, str, str]


class Recall:
    """Least recently used go first."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._fills: OrderedDict[_Key, str] = OrderedDict()

    def remember(self, uri: str, hole: Hole, fill: str) -> None:
        """Keep the fill of a hole; an empty one says that there is nothing to show there."""
        key = (uri, hole.prefix[-REACH:], hole.suffix[:REACH])
        self._fills[key] = fill
        self._fills.move_to_end(key)
        while len(self._fills) > self._capacity:
            self._fills.popitem(last=False)

    def find(self, uri: str, hole: Hole, *, typed: int = 0) -> str | None:
        """The fill of this hole, or what is left of one whose beginning has been typed since.

        ``typed``: the least that must have been typed, in characters. None if nothing is known;
        never a fill that is typed to its end.
        """
        prefix, suffix = hole.prefix, hole.suffix[:REACH]
        for since in range(typed, min(TYPED, len(prefix)) + 1):
            end = len(prefix) - since
            key = (uri, prefix[max(0, end - REACH) : end], suffix)
            fill = self._fills.get(key)
            if fill is None or not fill.startswith(prefix[end:]):
                continue
            if since and len(fill) == since:
                continue
            self._fills.move_to_end(key)
            return fill[since:]
        return None
