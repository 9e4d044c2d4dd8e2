"""Asks for what comes after a fill while that is shown, so that it is there once it is accepted."""

from __future__ import annotations

from infill_ls.completion import policy
from infill_ls.completion.generation import Generation
from infill_ls.completion.in_force import InForce
from infill_ls.completion.offers import Offers
from infill_ls.completion.recall import Recall
from infill_ls.completion.slot import Slot
from infill_ls.prompt.secrets import stands_in
from infill_ls.text.hole import Hole


class Ahead:
    """Fills the slot while nobody waits. ``asks``: whether it does at all.

    Without it the engine is busier for each character saved, not less (``make bench-levers``), so
    that no setting turns it off.
    """

    def __init__(
        self, slot: Slot, recall: Recall, offers: Offers, in_force: InForce, *, asks: bool
    ) -> None:
        self._slot = slot
        self._recall = recall
        self._offers = offers
        self._in_force = in_force
        self._asks = asks

    def go_on(self, uri: str, hole: Hole, fill: str) -> None:
        """A fill is shown: go on with what comes after it, or ask for that unless it is known.

        What runs for something else is closed, but for what still agrees with the hole itself.
        """
        self._slot.keep_only(uri, hole, fill)
        if self._slot.running is not None or not fill or not self._asks:
            return
        after = hole.after(fill)
        known = self._recall.find(uri, after) is not None
        if not (known or stands_in(after)) and self._offers.may_show(uri, hole, fill):
            shape = policy.shape(after, self._in_force.rules(uri).settings.multiline)
            self._slot.start(Generation(uri, after), shape, speculative=True)
