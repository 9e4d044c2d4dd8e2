"""The fills that were shown last, by number, so that an editor can say which one was accepted.

Everything that is shown goes through here: a fill that recites what it must not is held back, and
the record is told of the others.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from infill_ls.completion.record import Event, Origin, Origins, Record, entry
from infill_ls.text.hole import Hole, typed_since

if TYPE_CHECKING:
    from infill_ls.completion.answer import Outcome
    from infill_ls.completion.judgement import Judgement

# Offers kept. An editor shows the newest answer, or the one before while that is on its way; an
# answer has three at most. A hole takes up to 80 KB.
OFFERS_KEPT: Final = 16


@dataclass(frozen=True, slots=True)
class Offer:
    """A fill that was shown, and its hole; ``fill`` has ``\\n`` for every line end.

    ``judged``: what was thought of it, None if it was asked for by hand.
    """

    number: int
    uri: str
    hole: Hole
    fill: str
    judged: Judgement | None = None

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
    """Keeps the newest offers. ``shown`` counts answers that had any, ``accepted`` those taken.

    ``file_for``: returns the file that a fill for a hole of a document recites, empty if it
    recites none; None to look for none. ``recited``: the file of the last answer from which a fill
    was held back, empty if none was. ``record``: is told of each fill shown and accepted; None to
    keep none.
    """

    def __init__(self) -> None:
        self.shown = 0
        self.accepted = 0
        self.recited = ""
        self.file_for: Callable[[str, Hole, str], str] | None = None
        self.record: Record | None = None
        self._origins = Origins()
        self._entries: dict[int, dict[str, Any]] = {}  # of the offers, for the record
        self._numbers = count(1)
        self._offers: OrderedDict[int, Offer] = OrderedDict()

    def make(
        self, uri: str, hole: Hole, fills: Sequence[str], judged: Judgement | None = None
    ) -> tuple[Offer, ...]:
        """Return the offers of one answer, best first, without the fills that recite."""
        self.recited = ""
        if self.file_for is not None:
            files = [self.file_for(uri, hole, fill) for fill in fills]
            self.recited = next(filter(None, files), "")
            fills = [fill for fill, file in zip(fills, files, strict=True) if not file]
        made = tuple(Offer(next(self._numbers), uri, hole, fill, judged) for fill in fills)
        self.shown += bool(made)
        self._offers.update((offer.number, offer) for offer in made)
        while len(self._offers) > OFFERS_KEPT:
            number, _ = self._offers.popitem(last=False)
            self._entries.pop(number, None)
        for offer in made:
            self._tell("shown", offer)
        return made

    def may_show(self, uri: str, hole: Hole, fill: str) -> bool:
        """Whether a fill recites nothing."""
        return self.file_for is None or not self.file_for(uri, hole, fill)

    def begun(self, uri: str, hole: Hole, fill: str, *, typed: int = 1) -> str:
        """Return the part of a fill that was shown before it was typed up to this hole.

        ``typed``: how many characters of it must have been typed since, at the least. Empty if
        nothing of it was shown, or it isn't known any more.
        """
        parts = [""]
        for offer in self._offers.values():
            since = typed_since(offer.hole, hole) if offer.uri == uri else None
            if since is None or len(since) < typed or not offer.fill.startswith(since):
                continue
            rest = offer.fill[len(since) :].rstrip()
            if fill.startswith(rest):
                parts.append(rest)
            elif rest.startswith(fill.rstrip()):
                # It ends sooner by now, before a closer that the editor has put there.
                parts.append(fill)
        return max(parts, key=len)

    def written(self, uri: str, hole: Hole, fill: str, outcome: Outcome, *, ahead: bool) -> None:
        """Note for the record which call has written a fill; ``ahead`` of any request for it."""
        self._origins.note(uri, hole, fill, Origin.of(outcome, ahead=ahead))

    def _tell(self, event: Event, offer: Offer) -> None:
        if self.record is None:
            return
        about = self._entries.get(offer.number)
        if about is None:
            origin, source = self._origins.find(offer.uri, offer.hole, offer.fill)
            about = self._entries[offer.number] = entry(
                event,
                offer.text,
                origin=origin,
                source=source,
                language=offer.hole.language,
                file=offer.uri,
                number=offer.number,
            )
        self.record({**about, "event": event})

    def accept(self, number: object) -> Offer | None:
        """Count the offer of this number as accepted and return it; None if it isn't known."""
        if not isinstance(number, int) or isinstance(number, bool):
            return None
        offer = self._offers.pop(number, None)
        self.accepted += offer is not None
        if offer is not None:
            self._tell("accepted", offer)
            self._entries.pop(offer.number, None)
        return offer

    def forget(self, uri: str) -> None:
        """Drop the offers of a document that was closed."""
        for number in [one for one, offer in self._offers.items() if offer.uri == uri]:
            del self._offers[number]
            self._entries.pop(number, None)
