"""The fills that were shown last, by number, so that an editor can say which one was accepted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from infill_ls.text.hole import Hole

# Offers kept. An editor shows the newest answer, or the one before while that is on its way; an
# answer has three at most. A hole takes up to 80 KB.
OFFERS_KEPT: Final = 16


@dataclass(frozen=True, slots=True)
class Offer:
    """A fill that was shown, and its hole; ``fill`` has ``\\n`` for every line end."""

    number: int
    uri: str
    hole: Hole
    fill: str

    @property
    def text(self) -> str:
        """The fill with the document's own line ends, as accepting it puts it in."""
        return self.hole.in_document(self.fill)

    @property
    def replaced(self) -> int:
        """How many characters right of the cursor it replaces."""
        return self.hole.replaced(self.fill)

    def without_range(self) -> Offer:
        """Return the offer for an editor that can only insert: the fill up to what it replaces."""
        return replace(self, fill=self.hole.before_closers(self.fill))


class Offers:
    """Keeps the newest offers. ``shown`` counts answers that had any, ``accepted`` those taken."""

    def __init__(self) -> None:
        self.shown = 0
        self.accepted = 0
        self._numbers = count(1)
        self._offers: OrderedDict[int, Offer] = OrderedDict()

    def make(self, uri: str, hole: Hole, fills: Sequence[str]) -> tuple[Offer, ...]:
        """Return the offers of one answer, best first."""
        made = tuple(Offer(next(self._numbers), uri, hole, fill) for fill in fills)
        self.shown += bool(made)
        self._offers.update((offer.number, offer) for offer in made)
        while len(self._offers) > OFFERS_KEPT:
            self._offers.popitem(last=False)
        return made

    def accept(self, number: object) -> Offer | None:
        """Count the offer of this number as accepted and return it; None if it isn't known."""
        if not isinstance(number, int) or isinstance(number, bool):
            return None
        offer = self._offers.pop(number, None)
        self.accepted += offer is not None
        return offer

    def forget(self, uri: str) -> None:
        """Drop the offers of a document that was closed."""
        for number in [one for one, offer in self._offers.items() if offer.uri == uri]:
            del self._offers[number]
