"""How soon after a key the engine is asked, and for how much. Pure.

An answer is worth the more the earlier it comes, and a call that the next key makes useless costs
what the engine spends on it. So the pause before a call grows with what a call costs on this
engine, and with each call in a row that was of no use: somebody who writes what the model can't
know is asked for at the next line, or when he stops. Where writing is fast, more than a statement
is asked for, as long as it is of use; where it was of none, less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from infill_ls.text.common import common_start
from infill_ls.text.hole import Hole, typed_since

if TYPE_CHECKING:
    from infill_ls.engines.rates import Rates

Extent = Literal["less", "usual", "more"]

# s. The pause after a key where nothing is known of the engine.
USUAL_PAUSE: Final = 0.120
# The pause as a share of what a call costs, and the longest pause that comes of that, in s.
SHARE: Final = 0.2
LONGEST_FOR_COST: Final = 0.200
# What a call is of, in tokens: what was typed since the one before, and a line (the means of
# `make bench`, rounded).
UNREAD: Final = 24
WRITTEN: Final = 16
# By how much each call in a row that was of no use makes the pause longer; from how much on the
# fastest engines, and to how much at the most, in s. That halves the calls, and as many keys are
# saved (`python -m bench.replay --levers`).
GROWTH: Final = 2.0
LEAST: Final = 0.020
LONGEST: Final = 0.6
# So many calls in a row that were of no use say that less is to be asked for.
LESS_AFTER: Final = 4
# tokens/s. What writes as fast as this has a block of some lines within a second.
FAST: Final = 60.0
# Characters. A fill that was typed so far was of use, though what is typed then is something else.
OF_USE: Final = 4


@dataclass(frozen=True, slots=True)
class Pace:
    """``pause``: from the key to the call, in s. ``extent``: how much of a fill is asked for."""

    pause: float = USUAL_PAUSE
    extent: Extent = "usual"


USUAL: Final = Pace()


class Pacing:
    """Follows what becomes of the fills that are shown, and says how soon to ask again.

    ``misses``: how many calls in a row were of no use at this place.
    """

    def __init__(self) -> None:
        self.misses = 0
        self._uri = ""
        self._line: int | None = None  # of the cursor, from 0
        self._hole: Hole | None = None  # of the fill that was shown last
        self._fill = ""

    def at(self, uri: str, hole: Hole, rates: Rates) -> Pace:
        """Return how soon to ask for a hole, and for how much. ``rates``: the engine's."""
        self.look(uri, hole)
        cost = rates.costs(UNREAD, WRITTEN)
        pause = USUAL_PAUSE if cost is None else min(cost * SHARE, LONGEST_FOR_COST)
        if self.misses and not hole.at_line_start:
            pause = max(pause, min(LONGEST, max(pause, LEAST) * GROWTH ** min(self.misses, 10)))
        extent: Extent = "usual"
        if self.misses >= LESS_AFTER:
            extent = "less"
        elif not self.misses and rates.write is not None and rates.write >= FAST:
            extent = "more"
        return Pace(pause, extent)

    def look(self, uri: str, hole: Hole) -> None:
        """Look at what was typed up to where the cursor is now."""
        line = hole.first_line + hole.prefix.count("\n")
        before, self._line = self._line, line
        if uri != self._uri or before is None or abs(line - before) > 1:
            # Another place: what is known of the one before doesn't count here.
            self._uri, self._hole, self.misses = uri, None, 0
        if self._hole is None:
            return
        typed = typed_since(self._hole, hole)
        if typed is None:
            self._hole = None
            return
        agreed = common_start(typed, self._fill)
        if agreed >= min(OF_USE, len(self._fill)):
            self.misses = 0
        elif agreed < len(typed):
            self.missed()
        if agreed < len(typed):
            self._hole = None

    def show(self, uri: str, hole: Hole, fill: str) -> None:
        """Note that a fill is shown, of which it isn't known yet what it is worth."""
        if self._hole is not None and uri == self._uri:
            typed = typed_since(self._hole, hole)
            if typed is not None and self._fill.startswith(typed):
                # The rest of what was shown before.
                self._fill = typed + fill
                return
        self._uri, self._hole, self._fill = uri, hole, fill

    def missed(self) -> None:
        """Note that a call was of no use: it was closed, or nothing was left to be shown."""
        self.misses += 1

    def accepted(self) -> None:
        """Note that a fill was accepted."""
        self.misses, self._hole = 0, None
