"""Memory: fills that were computed before are found again at their hole, and while they are typed.

A hole may have several fills, best first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from infill_ls.completion.alignment import End, carried
from infill_ls.text.hole import IDENTITY_REACH, TYPED, Hole, earlier_of, typed_since
from infill_ls.text.shape import Shape
from infill_ls.trim import fitted

# Fills kept. llama.vim keeps 250; one takes about 1 KB here, and 0.1 KB for each of its tokens.
HOLES_KEPT: Final = 250

_Key = tuple[str, str, str]
# A fill, the closers that stand behind it, and its tokens.
_Fill = tuple[str, str, tuple[End, ...]]


class Recall:
    """Keeps the fills that were used last. ``capacity``: how many holes it keeps them of."""

    def __init__(self, capacity: int = HOLES_KEPT) -> None:
        self._capacity = capacity
        self._fills: OrderedDict[_Key, tuple[_Fill, ...]] = OrderedDict()
        self._emptied: dict[_Key, str] = {}  # by which filter, of fills that are empty

    def remember(
        self,
        uri: str,
        hole: Hole,
        fill: str,
        emptied_by: str = "",
        tokens: tuple[End, ...] = (),
    ) -> None:
        """Keep the fill of a hole; an empty one says that there is nothing to show there.

        ``emptied_by``: the filter that has left nothing of it, if one has. ``tokens``: how likely
        each of its tokens was, where the engine tells.
        """
        key = _key(uri, hole)
        self._keep(key, ((fill, hole.behind(fill), tokens),))
        if emptied_by:
            self._emptied[key] = emptied_by

    def emptied_by(self, uri: str, hole: Hole) -> str:
        """Return the filter that has left nothing for this hole; empty if that isn't known."""
        return self._emptied.get(_key(uri, hole), "")

    def remember_since(
        self,
        uri: str,
        earlier: Hole,
        hole: Hole,
        fill: str,
        emptied_by: str = "",
        tokens: tuple[End, ...] = (),
    ) -> None:
        """Keep the fill of a hole, and with what was typed since an earlier one also that one's."""
        self.remember(uri, hole, fill, emptied_by, tokens)
        if fill and (typed := typed_since(earlier, hole)):
            since = tuple((end + len(typed), logprob) for end, logprob in tokens)
            self.remember(uri, earlier, typed + fill, tokens=since)

    def add(self, uri: str, hole: Hole, fill: str, tokens: tuple[End, ...] = ()) -> None:
        """Keep another fill of a hole, after those that it has; an empty one makes way for it."""
        key = _key(uri, hole)
        known = tuple(one for one in self._fills.get(key, ()) if one[0])
        self._keep(key, (*known, (fill, hole.behind(fill), tokens)))

    def _keep(self, key: _Key, fills: tuple[_Fill, ...]) -> None:
        self._fills[key] = fills
        self._fills.move_to_end(key)
        self._emptied.pop(key, None)
        while len(self._fills) > self._capacity:
            self._emptied.pop(self._fills.popitem(last=False)[0], None)

    def find(self, uri: str, hole: Hole, *, typed: int = 0) -> str | None:
        """Return the first fill that :meth:`find_all` gives; None if nothing is known."""
        return next(iter(self.find_all(uri, hole, typed=typed)), None)

    def find_all(self, uri: str, hole: Hole, *, typed: int = 0) -> tuple[str, ...]:
        """Return the fills of this hole, or the rests of fills whose beginning was typed since.

        ``typed``: the least that must have been typed, in characters. Empty if nothing is known.
        A fill that was typed to its end is never returned.
        """
        found = self._rests(uri, hole, typed)
        return tuple(_whole(hole, rest, behind) for rest, behind, _ in found)

    def tokens_of(self, uri: str, hole: Hole, fill: str) -> tuple[End, ...]:
        """Return the tokens of a fill that :meth:`known` gives for this hole.

        For each where it ends in the fill, in characters, and the logarithm of how likely it was.
        Empty where the engine didn't tell.
        """
        for number, before in enumerate((hole, *earlier_of(hole))):
            for rest, _, tokens in self._rests(uri, before, min(number, 1)):
                if found := carried(tokens, rest, fill):
                    return found
        return ()

    def _rests(self, uri: str, hole: Hole, typed: int) -> tuple[_Fill, ...]:
        """Return what is left of the fills that :meth:`find_all` gives."""
        prefix = hole.prefix_within(IDENTITY_REACH + TYPED)
        suffix = hole.suffix_within(IDENTITY_REACH)
        for since in range(typed, min(TYPED, len(hole.prefix)) + 1):
            end = len(prefix) - since
            key = (uri, prefix[max(0, end - IDENTITY_REACH) : end], suffix)
            rests = tuple(
                (fill[since:], behind, _behind(tokens, since))
                for fill, behind, tokens in self._fills.get(key, ())
                if fill.startswith(prefix[end:]) and (len(fill) > since or not since)
            )
            if not rests:
                continue
            self._fills.move_to_end(key)
            if since > TYPED // 2:
                # Or the rest of a long fill would be out of reach before it is typed.
                self._keep(_key(uri, hole), rests)
            return rests
        return ()

    def forget(self, uri: str) -> None:
        """Drop the fills of a document."""
        for key in [key for key in self._fills if key[0] == uri]:
            del self._fills[key]
            self._emptied.pop(key, None)

    def clear(self) -> None:
        """Drop all fills."""
        self._fills.clear()
        self._emptied.clear()

    def known(self, uri: str, hole: Hole, shape: Shape) -> tuple[Hole, Sequence[str]]:
        """Return what can be shown at a hole, best first, and the hole that it is to be put into.

        One empty fill if there is nothing to show, none if nothing is known. The editor may have
        closed a bracket right of the hole. Or what was typed is the beginning of a fill that was
        to be a line above the rest of this one: then its line end has still to come.
        """
        found = self.find_all(uri, hole)
        if found:
            return hole, tuple(map(hole.shortened, found))
        for before in earlier_of(hole):
            found = self.find_all(uri, before, typed=1)
            if found:
                fits = dict.fromkeys(fitted(fill, hole, shape).text for fill in found)
                return hole, [fill for fill in fits if fill]
        if not hole.opens_line and not hole.at_line_start and hole.rest_of_line.strip():
            below = f"\n{hole.indentation}{hole.suffix}"
            above = replace(hole, suffix=below, opens_line=True)
            found = self.find_all(uri, above, typed=1)
            if any(fill.strip() for fill in found):
                return above, found
        return hole, ()


def _whole(hole: Hole, rest: str, behind: str) -> str:
    """Return the rest of a fill, such that the closers ``behind`` stand behind it.

    Where a part of it was accepted that opened a bracket, the rest closes that; it seems to go
    through a closer of the line, which belongs to a bracket further left.
    """
    return rest if not rest or hole.behind(rest) == behind else rest + behind.rstrip()


def _behind(tokens: tuple[End, ...], since: int) -> tuple[End, ...]:
    """Return the tokens of a fill that go on behind what was typed of it, counted from there."""
    return tuple((end - since, logprob) for end, logprob in tokens if end > since)


def _key(uri: str, hole: Hole) -> _Key:
    return uri, *hole.surroundings
