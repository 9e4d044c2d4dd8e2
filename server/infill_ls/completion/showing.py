"""Makes answers of fills: who has asked by hand is shown all of them, else what is sure enough.

What is shown stays while it is typed.
"""

from __future__ import annotations

from collections.abc import Sequence

from infill_ls.completion import policy
from infill_ls.completion.alignment import End
from infill_ls.completion.answer import Answer, Outcome, Reason
from infill_ls.completion.connection import Connection
from infill_ls.completion.in_force import InForce
from infill_ls.completion.judgement import Judgement, Shift, judge, not_shifted
from infill_ls.completion.offers import Offers
from infill_ls.completion.pace import Pacing
from infill_ls.completion.recall import Recall
from infill_ls.errors import InfillError
from infill_ls.text.hole import Hole

# A document and a hole in it.
Place = tuple[str, Hole]


class Showing:
    """Judges fills and makes offers of what is shown of them.

    ``pacing`` is told of that. ``recall`` has their tokens, ``connection`` knows the model,
    ``in_force`` what counts for a document. ``shift``: by how much thresholds are moved.
    """

    def __init__(
        self,
        offers: Offers,
        recall: Recall,
        pacing: Pacing,
        connection: Connection,
        in_force: InForce,
    ) -> None:
        self._offers = offers
        self._recall = recall
        self._pacing = pacing
        self._connection = connection
        self._in_force = in_force
        self.shift: Shift = not_shifted

    def judged(
        self, place: Place, fill: str, tokens: Sequence[End] | None = None, *, typed: int = 1
    ) -> Judgement:
        """Return what is thought of a fill; ``tokens``: its own, None for those in memory.

        What was shown of it, by hand or not, stays while it is typed, be the place surer or not.
        ``typed``: how many characters must have been typed for that, at the least.
        """
        uri, hole = place
        if tokens is None:
            tokens = self._recall.tokens_of(uri, hole, fill)
        settings, (_, model) = self._in_force.rules(uri).settings, self._connection.source
        shape = policy.shape(hole, settings.multiline, "more")
        seen = self._offers.begun(uri, hole, fill, typed=typed) if tokens else ""
        return judge(hole, fill, tokens, shape, model, settings.eagerness, self.shift, seen)

    def shown_part(self, place: Place, fill: str) -> str:
        """Return what was shown of a fill in memory, or would be if nobody asked by hand."""
        return fill and self.judged(place, fill, typed=0).shown

    def answer(
        self,
        reason: Reason,
        place: Place,
        fills: Sequence[str],
        manual: bool,
        *,
        tokens: Sequence[End] | None = None,
        outcome: Outcome | None = None,
        error: InfillError | None = None,
    ) -> Answer:
        """Return the answer with what is shown of fills, best first.

        ``reason``: if something is, or if there is nothing that could be. ``manual``: the user has
        asked by hand. ``tokens``: of the first fill, None for those in memory. ``outcome``,
        ``error``: what came of the call.
        """
        judged = None
        if fills and not manual:
            judged = self.judged(place, fills[0], tokens)
            fills = [judged.shown] if judged.shown else []
        made = self._offers.make(*place, fills, judged)
        if made:
            self._pacing.show(*place, made[0].fill)
        elif outcome is not None:
            self._pacing.missed()
        emptied_by = self._recall.emptied_by(*place) if reason == "nothing" else ""
        answer = Answer.of(reason, made, error, outcome, emptied_by, judged)
        return answer.held_back(self._offers.recited)
