"""How long an editor waits for an answer, as it was seen to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

# s. VS Code cancels what isn't answered after 750 ms, unless a setting says otherwise. Two cancels
# that come as late as each other tell such an editor from a user who has moved away; whole lines
# then come so much before. A cancel after less is that of the next key, whose change may come
# after it; keys have a rhythm, so that these are often as late as each other.
SHORTEST_PATIENCE: Final = 0.5
SAME_TIME: Final = 0.05
MARGIN: Final = 0.1


@dataclass(slots=True)
class EditorPatience:
    """How long an editor waits for an answer before it gives up, in s; infinite until it was seen
    to give up twice after the same time, while nothing was typed.
    """

    limit: float = math.inf
    _last: float = math.inf

    def gave_up(self, after: float) -> None:
        """A request was cancelled this long after it came, with the document as it was."""
        if after < SHORTEST_PATIENCE:
            return
        if abs(after - self._last) <= SAME_TIME:
            self.limit = min(after, self._last)
        self._last = after

    def latency(self, wanted: float) -> float:
        """How long the user is to wait for whole lines, if he should for ``wanted``."""
        return min(wanted, max(0.0, self.limit - MARGIN))
