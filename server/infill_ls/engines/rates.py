"""Measure how fast an engine reads and writes, and decide how long a prompt may be for it.

Engines keep old prompts, in slots and in memory: llama-server keeps 8,192 MB of them, so that
hardly anything is read when the user comes back to a file. If the engine says how many tokens it
has read, that counts. If it doesn't, the number lies between two bounds: the tokens that are new
to all prompts that the engine may still have, and those that are new to the one that it surely
has. The time has two bounds as well: a call that was closed while its prompt was read may have
begun to read the next prompt, or be in its way. A call is a measurement if its two bounds are
about the same, or if the rate that is known lies outside of them.

Of the last three measurements the middle one counts, so that one that something has spoilt changes
little. The budget is raised after two measurements at the least, but for a first step, and is cut
at once after a call that came too late. What was measured only once is not kept for the next
session.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from infill_ls.prompt.tokens import TokenLengths, common_start

# Prompt tokens per call where the user sets nothing: as many as the engine reads in the time
# that somebody who comes to a new place in a file will wait. While he stays there they are in the
# engine's cache. Below the least a fill knows too little; more than the most helps no more.
COLD_READ: Final = 2.5  # s
CONTEXT_STEPS: Final = (192, 256, 384, 512, 768, 1024, 1536, 2048)
# Before anything is measured: what two CPU cores can read.
CONTEXT_TOKENS: Final = 256
# The most after one measurement, of which nobody knows whether it is of the engine's memory. The
# prompt is read anew with it, and that is the second measurement.
FIRST_RAISE: Final = 512
# s. A prompt that is read for longer makes its fill come too late.
TOO_LATE: Final = 2 * COLD_READ
# tokens/s. The shortest right fill of a line has some six tokens. A model that is slower than this
# can't write it within the second that `latencyMs` allows by default.
SLOWEST_WRITE: Final = 8.0
# tokens/s. What reads more slowly than this is too late with the shortest prompt that is sent.
SLOWEST_USEFUL_READ: Final = CONTEXT_STEPS[0] / TOO_LATE
# Characters a token, on average, for measuring what an engine reads (Qwen2.5-Coder on Python).
TYPICAL_CHARACTERS_PER_TOKEN: Final = 3.6
# The least and the most of them that an engine's own count of a prompt can come to; files in Python
# have 3.3 to 4.4. What is beyond that was cut off by the engine.
PLAUSIBLE: Final = (2.0, 6.0)
# The least that a measurement must be of, in tokens: what is shorter says more of the overhead.
READ_SAMPLE: Final = 48
WRITE_SAMPLE: Final = 6
# How far apart two bounds of a rate may be that are about the same.
NARROW: Final = 1.25
# s. An engine that was silent for so long may have to load its model before it reads: Ollama keeps
# one for five minutes if nobody says for how long.
SILENCE: Final = 300.0
# Prompts that an engine may still have. 8,192 MB hold some 400 of 700 tokens with 1.5B parameters.
REMEMBERED: Final = 400
# Measurements of which the middle one counts: after two the machine is taken for another one (on
# battery, for one).
_MEASUREMENTS: Final = 3


@dataclass(frozen=True, slots=True)
class Usage:
    """What a generation has cost so far, in tokens and s; None where the engine doesn't say.

    ``cached_tokens``: how many of the prompt's tokens the engine had in its cache. Where it doesn't
    say, ``prompt_tokens`` may count all of them, or only those that were read.
    ``read_seconds``: the time in which it read what was not in the cache, without waiting and
    loading. ``write_seconds``: the time in which it wrote.
    """

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    fill_tokens: int | None = None
    read_seconds: float | None = None
    write_seconds: float | None = None


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


class Rates:
    """The rates of one engine with one model, and the lengths of its tokens.

    ``read`` and ``write``: tokens/s that were measured in an earlier session; None if they weren't.
    """

    def __init__(self, read: float | None = None, write: float | None = None) -> None:
        self._read = _Measurements(read)
        self._write = _Measurements(write)
        self._budget: int | None = None
        self._budget_is_sure = False
        self._prompts = _Prompts()
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
        return self._write.rate

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
        self._learn_writing(call)
        self._learn_reading(call)
        self._prompts.take(call)
        if call.first is not None:
            self._heard = call.last

    def _learn_writing(self, call: Call) -> None:
        if call.first is None:
            return
        tokens, seconds = call.pieces, call.last - call.first
        if call.fill_tokens is not None and call.write_seconds is not None:
            tokens, seconds = call.fill_tokens, call.write_seconds
        # The first one comes out of the reading.
        if tokens >= WRITE_SAMPLE and seconds > 0:
            self._write.add((tokens - 1) / seconds)

    def _learn_reading(self, call: Call) -> None:
        may_load = self._heard is None or call.asked - self._heard > SILENCE
        if may_load:
            self._prompts.lose()
        seconds = self._reading(call)
        fewest, most, since = self._tokens(call)
        if most < READ_SAMPLE or seconds <= 0:
            return
        said = call.read_seconds is not None
        slowest = 0.0 if call.first is None else fewest / (seconds + call.asked - since)
        in_the_way = 0.0 if said else self._prompts.in_the_way(call) / self._characters
        fastest = math.inf if may_load and not said else (most + in_the_way) / seconds
        known = self.read or CONTEXT_TOKENS / COLD_READ
        # Both bounds are about the same, or what is known is beyond one of them. Where nothing is
        # known the lower one will do, if it is only the time that is not sure.
        if fastest <= slowest * NARROW:
            rate = math.sqrt(slowest * fastest)
        elif fastest < known:
            rate = fastest
        elif slowest > known or (self.read is None and slowest and most <= fewest * NARROW):
            rate = slowest
        else:
            return
        late = seconds > TOO_LATE and self.read is not None and _step(rate) < self.budget
        if late:
            self._read.replace(rate)
        else:
            self._read.add(rate)
        self._settle(late=late)

    def _reading(self, call: Call) -> float:
        """Return for how many s the prompt was read, or for how many at the most."""
        if call.read_seconds is not None:
            return call.read_seconds
        if call.first is None:
            return call.ended - call.asked
        # The first token was written by then; the others took as long.
        seen, writing = call.first - call.asked, 0.0
        if call.pieces > 1:
            writing = (call.last - call.first) / (call.pieces - 1)
        elif self.write is not None:
            writing = 1 / self.write
        return max(seen / 2, seen - writing)

    def _tokens(self, call: Call) -> tuple[float, float, float]:
        """Return the fewest and the most tokens that were read for a call, and since when."""
        said, cached = call.prompt_tokens, call.cached_tokens
        fewest, most, since = self._prompts.unread(call)
        if said and (cached is not None or fewest * NARROW >= len(call.prompt)):
            # Here it is known that the engine has counted the whole prompt.
            length = len(call.prompt) / said
            if PLAUSIBLE[0] <= length <= PLAUSIBLE[1]:
                self._characters = length
        if said is not None and cached is not None:
            return said - cached, said - cached, call.asked
        few, many = fewest / self._characters, most / self._characters
        if said is not None:
            many = min(many, said)
        return min(few, many), many, since

    def _settle(self, *, late: bool = False) -> None:
        """Change the budget if it is far from what the rate allows.

        ``late``: the prompt was read for too long, so that it changes in any case.
        """
        if self.read is None:
            return
        ideal, best = self.read * COLD_READ, _step(self.read)
        if self._read.twice is None:
            best = min(best, FIRST_RAISE)
        fits = self.budget / 2 <= ideal <= self.budget * 3
        if late or not fits or not self._budget_is_sure:
            self._budget, self._budget_is_sure = best, self._read.is_full


def context_tokens(setting: int | Literal["auto"], rates: Rates | None = None) -> int:
    """Return the prompt tokens per call: what the user sets, or what the engine reads in time."""
    if setting != "auto":
        return setting
    return CONTEXT_TOKENS if rates is None else rates.budget


def _step(read: float) -> int:
    """Return the budget, in tokens, for a rate in tokens/s."""
    ideal = read * COLD_READ
    return max((step for step in CONTEXT_STEPS if step <= ideal), default=CONTEXT_STEPS[0])


class _Measurements:
    """The last few measurements of a rate, in tokens/s.

    ``known``: a rate that is relied on already.
    """

    def __init__(self, known: float | None) -> None:
        self._last: deque[float] = deque(maxlen=_MEASUREMENTS)
        if known is not None:
            self.replace(known)

    @property
    def rate(self) -> float | None:
        """The measurement in the middle, the lower one of two; None if there is none."""
        return sorted(self._last)[(len(self._last) - 1) // 2] if self._last else None

    @property
    def twice(self) -> float | None:
        """The rate if two measurements at the least have come to that much."""
        return self.rate if len(self._last) > 1 else None

    @property
    def is_full(self) -> bool:
        """Whether there are so many that one that was spoilt doesn't decide."""
        return len(self._last) == _MEASUREMENTS

    def add(self, rate: float) -> None:
        self._last.append(rate)

    def replace(self, rate: float) -> None:
        """Forget what was measured before; two others are needed to contradict this one."""
        self._last.clear()
        self._last.extend((rate, rate))


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A prompt with its answer.

    ``begun``: when the engine began to read it, in s, if nobody saw the end of that; else None.
    """

    text: str
    begun: float | None


class _Prompts:
    """The prompts that an engine may still have, from old to new."""

    def __init__(self) -> None:
        self._all: deque[_Prompt] = deque(maxlen=REMEMBERED)
        # The newest one, unless nobody knows any more what the engine has.
        self._last: _Prompt | None = None

    def lose(self) -> None:
        """Note that the engine may have lost all of them, though it may also have them still."""
        self._last = None

    def unread(self, call: Call) -> tuple[int, int, float]:
        """Return the fewest and the most characters that are read for a call, and since when.

        That is since before the call if another one with the same start was closed meanwhile.
        """
        known, start = 0, call.prompt[:1]
        for prompt in self._all:
            # Few begin with more than what is known already, and only those are looked at closely.
            if prompt.begun is None and start and prompt.text.startswith(start):
                known = common_start(call.prompt, prompt.text)
                start = call.prompt[: known + 1] if known < len(call.prompt) else ""
        since = min(
            (
                prompt.begun
                for prompt in self._all
                if prompt.begun is not None and start and prompt.text.startswith(start)
            ),
            default=call.asked,
        )
        surely = 0
        if self._last is not None and self._last.begun is None:
            surely = common_start(call.prompt, self._last.text)
        return len(call.prompt) - known, len(call.prompt) - surely, since

    def in_the_way(self, call: Call) -> int:
        """Return the characters of another prompt that the engine may still have been reading."""
        last = self._last
        if last is None or last.begun is None:
            return 0
        goes_on = common_start(call.prompt, last.text) * 2 >= len(last.text)
        return 0 if goes_on else len(last.text)

    def take(self, call: Call) -> None:
        """Add the prompt of a call that is over."""
        if call.first is not None:
            new = _Prompt(call.prompt + call.written, None)
        else:
            new = _Prompt(call.prompt, self.unread(call)[2])
        # While somebody types each prompt begins as the one before it.
        kept = [
            old
            for old in self._all
            if not new.text.startswith(old.text) or (old.begun is None and new.begun is not None)
        ]
        self._all = deque((*kept, new), maxlen=REMEMBERED)
        self._last = new
