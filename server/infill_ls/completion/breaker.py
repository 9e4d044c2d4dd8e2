"""The circuit breaker: an engine that has failed is left alone for a while that grows. Pure.

It is *closed* while all is well. A failure opens it: until the while is over nobody asks the
engine. Then it is tried once, and either that fails, and the next while is twice as long, or it
passes. But only a request that was answered shows that all is well again; until then a failure goes
on where the last one was.
"""

from __future__ import annotations

import math
from typing import Final

from infill_ls.errors import Busy, CannotInsert, InfillError, Stalled, TooLong

# s. The first while and the longest one; each is twice as long as the one before.
SHORTEST_WHILE: Final = 0.5
LONGEST_WHILE: Final = 30.0
# s. Who comes when no more is left of a while waits for its end: an editor that asks at keys alone
# would not ask again for somebody who has made a pause. Then the engine has the rest of what an
# automatic request waits (7.5 s). It is everybody until the fifth failure in a row.
WORTH_WAITING: Final = 6.0
# s. No engine is stuck before; that is longer than an automatic request waits. One of which nobody
# knows how fast it is gets more time: it may be behind a queue, or load its model without a word.
LONGEST_SILENCE: Final = 8.0
FIRST_SILENCE: Final = 30.0
LONGEST_TRIAL: Final = 120.0
# s. A silence that was shorter when a call was closed says nothing: the next key came.
WORTH_COUNTING: Final = LONGEST_SILENCE / 2
# How much slower than was measured an engine may read: it may have other work besides.
READS_SLOWER: Final = 3.0
# tokens/s. However fast it was, the model may have lost its place on the GPU meanwhile, and be read
# on a few cores: 0.5B to 3B parameters at this rate or above; 7B, on two cores, at the slower one.
CORES_READ: Final = 15.0
SLOWEST_READ: Final = 5.0
# tokens/s. What has read faster was on a GPU, and for that a minute is as good as for ever.
GPU_READ: Final = 500.0
LONGEST_SILENCE_OF_GPU: Final = 60.0


class Breaker:
    """Times are in s of one clock.

    ``error``: with which the engine failed last, unless it has passed a trial since. ``of_call``:
    since then a call has failed, so that only a call can show that it works. ``trial_limit``: for
    how many s it may say nothing when it is tried. It may load its model in that call without a
    word, and begin anew when it is closed, so that is twice as long after each silent trial.
    """

    def __init__(self) -> None:
        self.error: InfillError | None = None
        self.of_call = False
        self.trial_limit = LONGEST_SILENCE
        self._while = 0.0
        self._until = -math.inf

    def fails(self, error: InfillError, now: float, *, of_call: bool) -> None:
        """Note a failure; the same one may be noted by all who waited for the engine."""
        # A prompt that is too long says nothing of the engine.
        if isinstance(error, TooLong) or (error is self.error and self.left(now)):
            return
        # A model that can't fill is not asked at all.
        of_call = of_call and not isinstance(error, CannotInsert)
        self.of_call = of_call or (self.error is not None and self.of_call)
        if self.of_call and self.error is not None and isinstance(error, Stalled):
            self.trial_limit = min(2 * self.trial_limit, LONGEST_TRIAL)
        self.error = error
        self._while = min(max(2 * self._while, SHORTEST_WHILE), LONGEST_WHILE)
        wanted = error.retry_after if isinstance(error, Busy) else None
        self._until = now + min(max(self._while, wanted or 0.0), LONGEST_WHILE)

    def passes(self) -> None:
        """Note that a trial went well."""
        self.error, self._until = None, -math.inf

    def works(self) -> None:
        """Note that a request was answered: all is well."""
        self.passes()
        self._while, self.trial_limit = 0.0, LONGEST_SILENCE

    def forgive(self) -> None:
        """Let the engine be tried at once."""
        self._until = -math.inf

    def left(self, now: float) -> float:
        """Return for how many s the engine is to be left alone; 0 if it may be asked."""
        return max(0.0, self._until - now)

    def refusal(self, now: float) -> InfillError | None:
        """Return why a request is refused; None if the engine may be asked, or very soon."""
        return self.error if self.left(now) > WORTH_WAITING else None


class Silence:
    """For how long an engine has been silent in calls that were closed before it spoke.

    Whoever types closes a call with each key, so that no single one may be silent for too long.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._written = False  # it had begun to write

    def before(self, *, written: bool) -> float:
        """Return the s in the calls before one that has begun to be written, or hasn't."""
        return self._seconds if written == self._written else 0.0

    def closed(self, seconds: float, *, written: bool) -> None:
        """Note that a call was closed after so many s of silence."""
        if seconds >= WORTH_COUNTING:
            self._seconds, self._written = seconds + self.before(written=written), written

    def heard(self) -> None:
        """Note that the engine has begun to write."""
        if not self._written:
            self._seconds = 0.0

    def over(self) -> None:
        """Note that the engine has answered a call, or that it is known to be stuck."""
        self._seconds = 0.0


def longest_silence(tokens: float, read: float | None, *, written: bool) -> float:
    """Return for how many s an engine may say nothing in a call.

    ``tokens``: of the prompt. ``read``: tokens/s that the engine was seen to read; None if nobody
    knows. ``written``: it has begun to write.
    """
    if written:
        return LONGEST_SILENCE
    if read is None:
        return max(FIRST_SILENCE, tokens / SLOWEST_READ)
    longest = max(LONGEST_SILENCE, tokens / min(read / READS_SLOWER, CORES_READ))
    return min(longest, LONGEST_SILENCE_OF_GPU) if read > GPU_READ else longest
