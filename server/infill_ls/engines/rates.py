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
4. Nothing says that an engine reads slowly while its model may be loading, nor when it writes too
   fast for that, by itself or beside what is known (there three calls in a row do): then another
   call, a load or a sleep was in the way. What the engine itself has measured counts all the same.

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

from infill_ls.engines.calls import Call
from infill_ls.engines.measurements import NARROW, Bounds, Intervals, Middle
from infill_ls.engines.prompts_seen import PromptsSeen, Unread
from infill_ls.prompt.tokens import TokenLengths

# Prompt tokens per call where the user sets nothing: as many as the engine reads in the time
# that somebody who comes to a new place in a file will wait. While he stays there they are in the
# engine's cache. Below the least a fill knows too little; more than the most helps no more. With
# 5 s a typist saves 11 to 16 % more keys than with 2.5 on two cores and on a laptop, and the engine
# is less busy for each (`python -m bench.replay`, 80 % right): of first lines 40 % are right with
# 256 tokens and 51 % with 1,024 (docs/figures.md).
COLD_READ: Final = 5.0  # s
CONTEXT_STEPS: Final = (192, 256, 384, 512, 768, 1024, 1536, 2048)
# Before anything is measured: what two CPU cores read in half of that time, and how fast they do,
# in tokens/s.
CONTEXT_TOKENS: Final = 256
TWO_CORES_READ: Final = 100.0
# Tokens that the budget is raised to after one measurement, at the least and for each one that was
# read. Of one alone nobody knows whether it is of the engine's memory. A prompt that is so much
# longer begins with another line (SHORTER, in prompt/build.py), so that it is read anew.
FIRST_RAISE: Final = 512
RAISE: Final = 3.0
# s. A prompt that is read for longer makes its fill come too late.
TOO_LATE: Final = 1.5 * COLD_READ
# tokens/s. The shortest right fill of a line has some six tokens. A model that is slower than this
# can't write it within the second that `latencyMs` allows by default.
SLOWEST_WRITE: Final = 8.0
# tokens/s. What reads more slowly than this is too late with the shortest prompt that is sent.
SLOWEST_USEFUL_READ: Final = CONTEXT_STEPS[0] / COLD_READ
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
# How far apart the bounds of a first measurement may be: then the middle is at most twice wrong.
FIRST_BOUNDS: Final = 4.0
# A call that writes as fast as ever, more or less, and seems to read so many times more slowly, had
# something in its way. So many of them in a row are taken for that. (A GPU that gets less power
# reads at a third of its rate, and may write as before.)
AS_EVER: Final = 0.8
DOUBTED: Final = 4.0
DOUBTS: Final = 2
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


class Rates:
    """The rates of one engine with one model, and the lengths of its tokens.

    ``read`` and ``write``: tokens/s that were measured in an earlier session; None if they weren't.
    """

    def __init__(self, read: float | None = None, write: float | None = None) -> None:
        self._read = Intervals(read)
        self._write = Middle(write)
        self._overhead = Middle()
        self._doubts = 0  # in a row
        self._wrote = 0.0  # tokens/s, when it read at the rate that is known
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

        What comes first is a part of the overhead, which is none until it is measured. Reading is
        reckoned no slower than it can be for an engine that writes so fast.
        """
        if self.write is None:
            return None
        read = max(self.read or 0.0, self.write * READ_FOR_WRITTEN)
        return (
            (self.overhead or 0.0)
            + unread_tokens / read
            + max(0.0, written_tokens - 1) / self.write
        )

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
        if bounds is None or self._is_doubtful(call, bounds):
            return False
        is_known = self.read is not None
        first = not is_known and bounds.highest <= bounds.lowest * FIRST_BOUNDS
        if not (first or bounds.tells_of(self._about, is_known=is_known)):
            return False
        waited = call.silent_for + unread.read_for
        late, times = False, 1
        if call.first is None:
            times = 2 if waited > 2 * TOO_LATE else 1
        elif bounds.is_narrow and (call.read_seconds or 0.0) > TOO_LATE:
            late = is_known and _step(bounds.likely) < self.budget
            times = 2 if late else 1
        self._read.add(bounds, bounds.likely if first else self._about, times=times)
        if bounds.lowest <= self._about <= bounds.highest:
            self._wrote = call.pace or self.write or 0.0
        return late

    def _is_doubtful(self, call: Call, bounds: Bounds) -> bool:
        """Whether something was in the way of a call that seems to have read slowly."""
        if call.pace is None or call.read_seconds is not None or bounds.highest == math.inf:
            return False
        # Another session's rates may be of another machine.
        as_ever = len(self._read.new) > 1 and call.pace >= self._wrote * AS_EVER
        if not (as_ever and bounds.highest * DOUBTED < (self.read or 0.0)):
            self._doubts = 0
            return False
        self._doubts += 1
        return self._doubts <= DOUBTS

    def _bounds(self, call: Call, unread: Unread, *, may_load: bool) -> Bounds | None:
        """Return what a call says of the rate of reading; None if that is nothing."""
        fewest, most, is_counted = self._tokens(call, unread)
        shortest, likely, longest = call.reading(self.write, self.overhead)
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
        return self.read or max((self.write or 0.0) * READ_FOR_WRITTEN, TWO_CORES_READ)

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
