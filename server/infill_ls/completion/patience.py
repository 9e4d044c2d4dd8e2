"""How long an editor waits for an answer: learnt from when it gives up, and unlearnt again."""

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


# Requests for which the limit is taken for granted. An editor that is answered before its limit
# can't show that it has another one by now, so the next request after these is given all its time.
TAKEN_FOR_GRANTED: Final = 20


@dataclass(slots=True)
class EditorPatience:
    """How long an editor waits for an answer before it gives up.

    ``limit``: in s; infinite until the editor was seen to give up twice after the same time, while
    nothing was typed. It is forgotten when a request was seen to wait for longer.
    """

    limit: float = math.inf
    _last: float = math.inf
    _shortened: int = 0  # requests that had less time than they wanted since the limit was seen

    def gave_up(self, after: float) -> None:
        """Learn from a request that was cancelled ``after`` s, with the document as it was."""
        if after < SHORTEST_PATIENCE:
            return
        if after > self.limit + SAME_TIME:
            self._unlearn()
        elif abs(after - self._last) <= SAME_TIME:
            self.limit, self._shortened = min(after, self._last), 0
        self._last = after

    def waited(self, seconds: float) -> None:
        """Learn from a request that was answered after so many s: the editor still waited."""
        if seconds > self.limit + SAME_TIME:
            self._unlearn()

    def latency(self, wanted: float) -> float:
        """Return for how many s the user is to wait for whole lines, ``wanted`` at the most."""
        limited = max(0.0, self.limit - MARGIN)
        if wanted <= limited:
            return wanted
        self._shortened += 1
        if self._shortened > TAKEN_FOR_GRANTED:
            self._shortened = 0
            return wanted
        return limited

    def _unlearn(self) -> None:
        self.limit = self._last = math.inf
