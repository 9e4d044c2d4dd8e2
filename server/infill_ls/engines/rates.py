"""Learn how fast an engine reads and writes from each call, and how long a prompt may be for it.

A call says of the rate of reading that it lies between two bounds (:class:`Bounds`).

1. *Tokens.* What the engine says that it has read counts. Otherwise they are those that are new to
   all prompts that it may have, to those that are new to the one that it surely has
   (:mod:`infill_ls.engines.prompts_seen`).
2. *Time.* What the engine says that it took to read counts. Otherwise it is the time to the first
   piece of the answer, without the engine's own part in it: the ``overhead``, which calls tell for
   which next to nothing is read. Before one was made it may be anything up to a quarter of a
   second.
3. A call that was closed while its prompt was read says how much was *not* read in that time. The
   next call with the same start goes on there, and counts with it.
4. Nothing says that an engine reads slowly while its model may be loading, nor when it writes so
   fast that it was not reading all the time: then another call, a load or a sleep was in the way.
   What the engine itself has measured counts all the same.

Bounds count if they are narrow, or if the rate that is known lies outside of them. Of the last
three the middle one counts; what has only waited for an engine counts no more once it has read.
Two of a kind are needed to cut the budget, but for a call that came too late by the engine's own
clock, and for a prompt that was waited for as long as for two such calls.

The budget is the step that is read in time. While little is known it rises by steps, since a fast
engine that has everything in its memory shows nothing but how fast it writes: a larger prompt is
read anew, and that is a measurement. No engine needs longer to read a token than half of what it
needs to write one, so that this read is short. A first measurement may be of the engine's memory;
it raises the budget to three times of what was read, unless rates are known from another session.
The second one settles it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from infill_ls.engines.measurements import NARROW, Bounds, Intervals, Middle
from infill_ls.engines.prompts_seen import PromptsSeen, Unread
from infill_ls.prompt.tokens import TokenLengths

# Prompt tokens per call where the user sets nothing: as many as the engine reads in the time
# that somebody who comes to a new place in a file will wait. While he stays there they are in the
# engine's cache. Below the least a fill knows too little; more than the most helps no more.
COLD_READ: Final = 2.5  # s
CONTEXT_STEPS: Final = (192, 256, 384, 512, 768, 1024, 1536, 2048)
# Before anything is measured: what two CPU cores can read.
CONTEXT_TOKENS: Final = 256
# Tokens that the budget is raised to after one measurement, at the least and for each one that was
# read. Of one alone nobody knows whether it is of the engine's memory. A prompt that is so much
# longer begins with another line (SHORTER, in prompt/build.py), so that it is read anew.
FIRST_RAISE: Final = 512
RAISE: Final = 3.0
# s. A prompt that is read for longer makes its fill come too late.
TOO_LATE: Final = 2 * COLD_READ
# tokens/s. The shortest right fill of a line has some six tokens. A model that is slower than this
# can't write it within the second that `latencyMs` allows by default.
SLOWEST_WRITE: Final = 8.0
# tokens/s. What reads more slowly than this is too late with the shortest prompt that is sent.
SLOWEST_USEFUL_READ: Final = CONTEXT_STEPS[0] / TOO_LATE
# So many tokens are read at the least in the time in which one is written, since many are read at
# once. Measured on two cores with 0.5B and 1.5B parameters: 3 on a busy machine, 4 to 7 on an idle
# one (`make bench-knobs`, line "as set"); a GPU has 20 and more.
READ_FOR_WRITTEN: Final = 2.0
# And so many at the most; a GPU has 20 to 60. What seems to be read faster was in the engine's
# memory, from a session before this one.
MOST_READ_FOR_WRITTEN: Final = 100.0
# Characters a token, on average, for measuring what an engine reads (Qwen2.5-Coder on Python).
TYPICAL_CHARACTERS_PER_TOKEN: Final = 3.6
# The least and the most of them that an engine's own count of a prompt can come to; files in Python
# have 3.3 to 4.4. What is beyond that was cut off by the engine.
PLAUSIBLE: Final = (2.0, 6.0)
# The least that a measurement must be of, in tokens: what is shorter says more of the overhead; and
# the most that one of the overhead may be of.
READ_SAMPLE: Final = 48
OVERHEAD_SAMPLE: Final = 16
WRITE_SAMPLE: Final = 6
# s. Pieces that come faster were kept together on the way: 200 tokens/s would be 0.03 s for six.
WRITE_SAMPLE_TIME: Final = 0.03
# s. An engine's overhead before it was measured, at the most, and how much it wavers when it was.
UNKNOWN_OVERHEAD: Final = 0.25
OVERHEAD_WAVERS: Final = 0.5
# How far apart the bounds of a first measurement may be: then the middle is at most twice wrong.
FIRST_BOUNDS: Final = 4.0
# s. An engine that was silent for so long may have to load its model before it reads: Ollama keeps
# one for five minutes if nobody says for how long.
SILENCE: Final = 300.0
# s. A call that Ollama says took longer than this before its prompt was read had a model loaded
# for it; where nothing is loaded this is some ms.
LOADED_ANEW: Final = 1.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a generation has cost so far, in tokens and s; None where the engine doesn't say.

    ``cached_tokens``: how many of the prompt's tokens the engine had in its cache. Where it doesn't
    say, ``prompt_tokens`` may count all of them, or only those that were read.
    ``read_seconds``: the time in which it read what was not in the cache, without waiting and
    loading. ``write_seconds``: the time in which it wrote. ``load_seconds``: the time in which it
    loaded the model before.
    """

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    fill_tokens: int | None = None
    read_seconds: float | None = None
    write_seconds: float | None = None
    load_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What one call took.

    ``prompt``: all that was to be read, in the engine's order. ``written``: the answer, which came
    in so many ``pieces``. Times are in s of one clock: when the call was ``asked``, when the
    ``first`` and the ``last`` piece of the answer came, and when the call ``ended``; ``first`` is
    None if the call was closed while its prompt was read. The rest is what the engine said, as in
    :class:`Usage`.
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
        tokens, seconds = self.pieces, self.last - self.first
        if self.fill_tokens is not None and self.write_seconds is not None:
            tokens, seconds = self.fill_tokens, self.write_seconds
        # The first one comes out of the reading.
        enough = tokens >= WRITE_SAMPLE and seconds >= WRITE_SAMPLE_TIME
        return (tokens - 1) / seconds if enough else None

    @property
    def silent_for(self) -> float:
        """The s to the first piece, or to the end, without those of a load."""
        until = self.ended if self.first is None else self.first
        return until - self.asked - (self.load_seconds or 0.0)


class Rates:
    """The rates of one engine with one model, and the lengths of its tokens.

    ``read`` and ``write``: tokens/s that were measured in an earlier session; None if they weren't.
    """

    def __init__(self, read: float | None = None, write: float | None = None) -> None:
        self._read = Intervals(read)
        self._write = Middle(write)
        self._overhead = Middle()
        self._budget: int | None = None
        self._budget_is_sure = False
        self._prompts = PromptsSeen()
        self._characters = TYPICAL_CHARACTERS_PER_TOKEN
        self.lengths = TokenLengths()
        self._heard: float | None = None  # when the model was last known to be loaded
        self._settle()

    @property
    def read(self) -> float | None:
        """How fast the engine reads, in tokens/s; None until that was measured."""
        return self._read.rate

    @property
    def write(self) -> float | None:
        """How fast the engine writes, in tokens/s; None until that was measured."""
        return self._write.value

    @property
    def overhead(self) -> float | None:
        """The s from a call to its first piece if nothing is to be read; None until measured."""
        return self._overhead.value

    def costs(self, unread_tokens: float, written_tokens: float) -> float | None:
        """Return the s that a call takes that reads and writes so much; None if nobody knows.

        What comes first is a part of the overhead. Where reading was not measured it is reckoned
        as slow as it can be for an engine that writes so fast.
        """
        if self.overhead is None or self.write is None:
            return None
        read = self.read or self.write * READ_FOR_WRITTEN
        return self.overhead + unread_tokens / read + max(0.0, written_tokens - 1) / self.write

    @property
    def is_slow(self) -> bool:
        """Whether it is too slow for completion, as far as it was measured."""
        return (self.write or SLOWEST_WRITE) < SLOWEST_WRITE or (
            self.read or SLOWEST_USEFUL_READ
        ) < SLOWEST_USEFUL_READ

    @property
    def kept(self) -> tuple[float | None, float | None]:
        """Both rates as far as the next session may rely on them: measured twice at the least."""
        return self._read.twice, self._write.twice

    @property
    def budget(self) -> int:
        """How many tokens a prompt is to have at the most.

        It changes only when the rate is far from the one that it was made for: another budget means
        another start of the prompt, and such a prompt is read anew.
        """
        return CONTEXT_TOKENS if self._budget is None else self._budget

    def follow(self, earlier: Rates) -> None:
        """Begin with the prompts of earlier rates, which may be of the same engine or another."""
        self._prompts = earlier._prompts
        self._prompts.lose()

    def ready(self, now: float, *, anew: bool = False) -> None:
        """Note that the engine's model is loaded. ``now``: in s of the calls' clock.

        ``anew``: perhaps it wasn't before, so that the engine has no prompt left.
        """
        self._heard = now
        if anew:
            self._prompts.lose()

    def take(self, call: Call) -> None:
        """Learn from a call that is over, however it ended."""
        may_load = self._heard is None or call.asked - self._heard > SILENCE
        if may_load or (call.load_seconds or 0.0) > LOADED_ANEW:
            self._prompts.lose()
        unread = self._prompts.unread(call.prompt, call.asked)
        if call.pace is not None:
            self._write.add(call.pace)
        self._learn_overhead(call, unread, may_load=may_load)
        late = self._learn_reading(call, unread, may_load=may_load)
        self._settle(late=late)
        written = None if call.first is None else call.written
        self._prompts.take(call.prompt, written, unread, call.ended - call.asked)
        if call.first is not None:
            self._heard = call.last

    def _learn_overhead(self, call: Call, unread: Unread, *, may_load: bool) -> None:
        waits = unread.in_the_way or unread.since < call.asked or may_load
        if call.first is None or waits:
            return
        if call.read_seconds is not None:
            overhead = call.silent_for - call.read_seconds
        else:
            fewest, most = unread.fewest / self._characters, unread.most / self._characters
            if most > OVERHEAD_SAMPLE:
                return
            # However slowly it reads, that is not all.
            reading = (fewest + most) / 2 / self._about
            overhead = max(call.silent_for - reading, call.silent_for / 2)
        if overhead > 0:
            self._overhead.add(overhead)

    def _learn_reading(self, call: Call, unread: Unread, *, may_load: bool) -> bool:
        """Return whether the call came too late, by the engine's own clock."""
        bounds = self._bounds(call, unread, may_load=may_load)
        if bounds is None:
            return False
        is_known = self.read is not None
        first = not is_known and bounds.highest <= bounds.lowest * FIRST_BOUNDS
        if not (first or bounds.tells_of(self._about, is_known=is_known)):
            return False
        waited = call.silent_for + unread.read_for
        late, times = False, 1
        if bounds.is_of_a_wait:
            times = 2 if waited > 2 * TOO_LATE else 1
        elif bounds.is_narrow and (call.read_seconds or 0.0) > TOO_LATE:
            late = is_known and _step(bounds.likely) < self.budget
            times = 2 if late else 1
        self._read.add(bounds, bounds.likely if first else self._about, times=times)
        return late

    def _bounds(self, call: Call, unread: Unread, *, may_load: bool) -> Bounds | None:
        """Return what a call says of the rate of reading; None if that is nothing."""
        fewest, most, is_counted = self._tokens(call, unread)
        shortest, likely, longest = self._reading(call)
        if most < READ_SAMPLE or likely <= 0:
            return None
        said = call.read_seconds is not None
        before, waited = call.asked - unread.since, unread.read_for
        if is_counted:
            before = waited = 0.0
        lowest, pace = fewest / (longest + before), call.pace or self.write
        if not said and pace is not None and lowest > pace * MOST_READ_FOR_WRITTEN:
            return None
        in_the_way = 0.0 if said else unread.in_the_way / self._characters
        shortest += waited
        highest = (most + in_the_way) / shortest if shortest > 0 else math.inf
        # It was not reading all the time.
        in_between = call.pace is not None and highest < call.pace * READ_FOR_WRITTEN
        if not said and (may_load or in_between):
            highest = math.inf
        middle = math.sqrt(fewest / (likely + before) * (most + in_the_way) / (likely + waited))
        return Bounds(lowest, highest, middle, most, unread.since, said=said and is_counted)

    def _reading(self, call: Call) -> tuple[float, float, float]:
        """Return for how many s the prompt was read: at the least, probably, and at the most."""
        if call.read_seconds is not None:
            return call.read_seconds, call.read_seconds, call.read_seconds
        seen, writing = call.silent_for, 0.0
        if call.first is None:
            return max(seen / 2, seen - UNKNOWN_OVERHEAD), seen, math.inf
        # The first token was written by then; the others took as long.
        if call.pieces > 1:
            writing = (call.last - call.first) / (call.pieces - 1)
        elif self.write is not None:
            writing = 1 / self.write
        least, likely, most = writing, writing, writing + UNKNOWN_OVERHEAD
        if self.overhead is not None:
            likely = max(writing, self.overhead)
            least = max(writing, self.overhead * (1 - OVERHEAD_WAVERS))
            most = likely + self.overhead * OVERHEAD_WAVERS
        return seen - most, max(seen / 2, seen - likely), max(seen / 2, seen - least)

    def _tokens(self, call: Call, unread: Unread) -> tuple[float, float, bool]:
        """Return the fewest and the most tokens that were read for a call.

        And whether the engine has counted them.
        """
        said, cached = call.prompt_tokens, call.cached_tokens
        if said and (cached is not None or unread.fewest * NARROW >= len(call.prompt)):
            # Here it is known that the engine has counted the whole prompt.
            length = len(call.prompt) / said
            if PLAUSIBLE[0] <= length <= PLAUSIBLE[1]:
                self._characters = length
        if said is not None and cached is not None:
            return said - cached, said - cached, True
        few, many = unread.fewest / self._characters, unread.most / self._characters
        if said is not None:
            many = min(many, said)
        return min(few, many), many, False

    @property
    def _about(self) -> float:
        """The rate of reading that is reckoned with, in tokens/s, as long as none is known."""
        return self.read or max((self.write or 0.0) * READ_FOR_WRITTEN, CONTEXT_TOKENS / COLD_READ)

    def _settle(self, *, late: bool = False) -> None:
        """Change the budget if it is far from what the rate allows.

        ``late``: the prompt was read for too long, so that it changes in any case.
        """
        new, kept = self._read.new, self._read.twice
        if len(new) > 1 or any(one.said for one in new):
            best = _step(self.read or 0.0)
        else:
            # No more than one measurement, and what is kept of an earlier session.
            fast, most = (self.write or 0.0) * READ_FOR_WRITTEN, float(FIRST_RAISE)
            for one in new if kept is None else ():
                fast = max(fast, one.likely if one.is_narrow else one.lowest)
                most = max(most, one.tokens * RAISE)
            best = max(_step(fast, most), 0 if kept is None else _step(kept))
            if not new and kept is None and best <= self.budget:
                return
        ideal = (self.read or 0.0) * COLD_READ
        fits = self.budget / 2 <= ideal <= self.budget * 3
        if late or not fits or not self._budget_is_sure:
            self._budget, self._budget_is_sure = best, self._read.is_full


def context_tokens(setting: int | Literal["auto"], rates: Rates | None = None) -> int:
    """Return the prompt tokens per call: what the user sets, or what the engine reads in time."""
    if setting != "auto":
        return setting
    return CONTEXT_TOKENS if rates is None else rates.budget


def _step(read: float, most: float = math.inf) -> int:
    """Return the budget, in tokens, for a rate in tokens/s; ``most`` tokens at the most."""
    ideal = min(read * COLD_READ, most)
    return max((step for step in CONTEXT_STEPS if step <= ideal), default=CONTEXT_STEPS[0])
