"""Which token of a model's answer ends where: in it, and in the fill that was made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infill_ls.engines.engine import Token

# Where a token ends, in characters from the start of a text, and the natural logarithm of how
# likely it was.
End = tuple[int, float]


class Aligned:
    """Where each token of an answer ends in it, as far as it has come.

    A server holds text back that may be the start of a stop text, or half of a character, and sends
    it with a later piece; some tokens stand for no text. So the tokens of a piece are told off from
    its end, and those of a piece without text wait for the next.
    """

    def __init__(self) -> None:
        self.ends: list[End] = []
        self._waiting: list[Token] = []

    def take(self, start: int, end: int, tokens: Sequence[Token]) -> None:
        """Take a piece: its text is what stands between two places of the answer."""
        self._waiting += tokens
        if start == end:
            return
        at, ends = end, []
        for token in reversed(self._waiting):
            ends.append((at, token.logprob))
            at = max(start, at - len(token.text))
        self.ends += reversed(ends)
        self._waiting = []

    def since(self, start: int) -> tuple[End, ...]:
        """Return where the tokens that end behind a place end, counted from there."""
        return tuple((end - start, logprob) for end, logprob in self.ends if end > start)


def carried(ends: Sequence[End], source: str, text: str, typed: str = "") -> tuple[End, ...]:
    """Return the tokens that a text consists of, with where they end in it.

    ``ends``: of the tokens of ``source``, of which the text was made: cut at both ends, indented
    anew, with something put in front or behind. ``typed``: what stands before the text and is a
    part of the source too. A token of which the text has a part counts as one of it; from where
    the text says something else there are none.
    """
    if not ends or not text:
        return ()
    places = _places(source, typed + text)
    last, found, begins = len(places) - 1, [], 0
    for end, logprob in ends:
        if begins >= last:
            break
        place = places[min(end, last)] - len(typed)
        if place > 0:
            found.append((place, logprob))
        begins = end
    return tuple(found)


def _places(source: str, text: str) -> Sequence[int]:
    """Return for each place in a source, from its start on, how much of a text stands before it.

    It ends where the texts do not agree any more, or the text has come to its end.
    """
    if source.startswith(text):
        return range(len(text) + 1)
    places = _walked(source, 0, text)
    first = text.strip().partition("\n")[0]
    if places[-1] < len(text) - len(text.lstrip()) + len(first):
        # Something stands before it that was left out.
        at = source.find(first)
        if at > 0:
            return _walked(source, at, text)
    return places


def _walked(source: str, at: int, text: str) -> list[int]:
    """Go along a source, from a place on, and a text, past blanks that one of them has alone."""
    places, reached = [0] * (at + 1), 0
    while at < len(source) and reached < len(text):
        if source[at] == text[reached]:
            at, reached = at + 1, reached + 1
            places.append(reached)
        elif source[at].isspace():
            at += 1
            places.append(places[-1])
        elif text[reached].isspace():
            reached += 1
        else:
            break
    return places
