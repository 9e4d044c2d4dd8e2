"""What one call took, and what that says of the time in which it was read and written. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

# The least that a measurement of writing must be of, in tokens: what is shorter says little.
WRITE_SAMPLE: Final = 6
# s. Pieces that come faster were kept together on the way: 200 tokens/s would be 0.03 s for six.
WRITE_SAMPLE_TIME: Final = 0.03
# s. An engine's overhead before it was measured, at the most, and how much it wavers when it was.
UNKNOWN_OVERHEAD: Final = 0.25
OVERHEAD_WAVERS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Call:
    """What one call took.

    ``prompt``: all that was to be read, in the engine's order. ``written``: the answer, which came
    in so many ``pieces``. Times are in s of one clock: when the call was ``asked``, when the
    ``first`` and the ``last`` piece of the answer came, and when the call ``ended``; ``first`` is
    None if the call was closed while its prompt was read. The rest is what the engine said, as in
    :class:`infill_ls.engines.rates.Usage`.
    """

    prompt: str
    written: str
    asked: float
    first: float | None
    last: float
    ended: float
    pieces: int
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    fill_tokens: int | None = None
    read_seconds: float | None = None
    write_seconds: float | None = None
    load_seconds: float | None = None

    @property
    def pace(self) -> float | None:
        """How fast the answer was written, in tokens/s; None if it is too short to tell."""
        if self.first is None:
            return None
        tokens, seconds, least = self.pieces, self.last - self.first, WRITE_SAMPLE_TIME
        if self.fill_tokens is not None and self.write_seconds:
            # By the engine's own clock nothing was kept together.
            tokens, seconds, least = self.fill_tokens, self.write_seconds, 0.0
        # The first one comes out of the reading.
        enough = tokens >= WRITE_SAMPLE and seconds >= least
        return (tokens - 1) / seconds if enough else None

    @property
    def silent_for(self) -> float:
        """The s to the first piece, or to the end, without those of a load."""
        until = self.ended if self.first is None else self.first
        return until - self.asked - (self.load_seconds or 0.0)

    def reading(self, write: float | None, overhead: float | None) -> tuple[float, float, float]:
        """Return for how many s the prompt was read: at the least, probably, and at the most.

        ``write``: tokens/s that the engine writes, ``overhead``: its own s before the first piece;
        None if that isn't known.
        """
        if self.read_seconds is not None:
            return self.read_seconds, self.read_seconds, self.read_seconds
        seen, writing = self.silent_for, 0.0
        if self.first is None:
            return max(seen / 2, seen - UNKNOWN_OVERHEAD), seen, math.inf
        # The first token was written by then; the others took as long.
        if self.pieces > 1:
            writing = (self.last - self.first) / (self.pieces - 1)
        elif write is not None:
            writing = 1 / write
        least, likely, most = writing, writing, writing + UNKNOWN_OVERHEAD
        if overhead is not None:
            likely = max(writing, overhead)
            least = max(writing, overhead * (1 - OVERHEAD_WAVERS))
            most = likely + overhead * OVERHEAD_WAVERS
        return seen - most, max(seen / 2, seen - likely), max(seen / 2, seen - least)
