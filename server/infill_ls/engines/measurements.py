"""What was measured of an engine: the last few figures, of which the middle one counts. Pure."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

# Measurements of which the middle one counts, so that one that something has spoilt changes
# little. After two the machine is taken for another one (on battery, for one).
MEASUREMENTS: Final = 3
# How far apart two bounds of a rate may be that are about the same.
NARROW: Final = 1.25


class Middle:
    """The last few measurements of a rate or a time. ``known``: one that is relied on already."""

    def __init__(self, known: float | None = None) -> None:
        self._last: deque[float] = deque(maxlen=MEASUREMENTS)
        if known is not None:
            # Two others are needed to contradict it.
            self._last.extend((known, known))

    @property
    def value(self) -> float | None:
        """The measurement in the middle, the lower one of two; None if there is none."""
        return _middle(self._last) if self._last else None

    @property
    def twice(self) -> float | None:
        """The value if two measurements at the least have come to that much."""
        return self.value if len(self._last) > 1 else None

    def add(self, value: float) -> None:
        self._last.append(value)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which a rate lies, in tokens/s.

    ``lowest`` is 0 and ``highest`` infinite where nothing is known. ``likely`` counts where both
    are about the same. ``tokens``: how many were read for it. ``since``: when that began, in s;
    the same for calls that were closed while the same prompt was read. ``said``: the engine has
    measured and counted it itself. ``kept``: it is of an earlier session.
    """

    lowest: float
    highest: float
    likely: float
    tokens: float = 0.0
    since: float = math.nan
    said: bool = False
    kept: bool = False

    @property
    def is_narrow(self) -> bool:
        return self.highest <= self.lowest * NARROW

    @property
    def is_of_a_wait(self) -> bool:
        """Whether it says only that the engine had not read the prompt yet: it may have waited."""
        return self.lowest == 0.0

    def nearest(self, rate: float) -> float:
        """Return the rate within the bounds that is nearest to this one."""
        return self.likely if self.is_narrow else max(self.lowest, min(rate, self.highest))

    def tells_of(self, rate: float, *, is_known: bool) -> bool:
        """Whether it says more than that a rate may be so: it is measured, or is another one.

        ``is_known``: that rate was measured. A lower bound that comes near to it confirms it.
        """
        near = NARROW if is_known else 1.0
        return self.is_narrow or self.lowest * near > rate or self.highest < rate


class Intervals:
    """The last few bounds of a rate. ``known``: a rate that is relied on already, in tokens/s."""

    def __init__(self, known: float | None) -> None:
        self._last: deque[Bounds] = deque(maxlen=MEASUREMENTS)
        if known is not None:
            kept = Bounds(known, known, known, kept=True)
            self._last.extend((kept, kept))
        self._rate = known

    @property
    def rate(self) -> float | None:
        """The rate that most of them agree with; None if there are none."""
        return self._rate

    @property
    def new(self) -> list[Bounds]:
        """Those of this session."""
        return [one for one in self._last if not one.kept]

    @property
    def twice(self) -> float | None:
        """The rate if two of them at the least say how high it is."""
        return self.rate if sum(not one.is_of_a_wait for one in self._last) > 1 else None

    @property
    def is_full(self) -> bool:
        """Whether there are so many that one that was spoilt doesn't decide."""
        return len(self._last) == MEASUREMENTS

    def add(self, bounds: Bounds, default: float, *, times: int = 1) -> None:
        """Take bounds, in the place of a wait for the same reading.

        They count so many ``times``. ``default``: a rate to begin with, if nothing is known.
        """
        # What was read shows that the engine, when it said nothing, was not reading.
        kept = [
            one
            for one in self._last
            if not one.is_of_a_wait or (one.since != bounds.since and one.highest >= bounds.lowest)
        ]
        self._last = deque((*kept, *[bounds] * times), maxlen=MEASUREMENTS)
        narrow = [one.likely for one in self._last if one.is_narrow]
        about = _middle(narrow) if narrow else self._rate or default
        self._rate = _middle([one.nearest(about) for one in self._last])


def _middle(values: list[float] | deque[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2]
