"""How Ollama has the model loaded, as far as that is known, and the options that keep it so.

Ollama loads a model anew when one of some options differs from what it was loaded with. What is
known here decides these options. The calls are made in :mod:`infill_ls.engines.ollama`; time is an
argument, in seconds of one clock.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

from infill_ls.engines.http import integer
from infill_ls.settings import Settings

# Tokens. The smallest context that any Ollama gives by itself (up to 0.5; later ones 4,096).
# A larger one is asked for only where the settings demand it, since Ollama loads the model anew
# when num_ctx differs from what it was loaded with.
SMALLEST_CONTEXT: Final = 2048
# s. So long it is taken for granted that a model which was seen to be loaded still is: another
# program may need the memory, or somebody says "ollama stop". Asking costs 2 ms on loopback.
TRUST: Final = 2.0
# Tokens that a model reads at once (num_batch) where reading is slow, since a call that is closed
# while it reads frees the engine only after that many. On two cores the next call waited 10 to 17 s
# with Ollama's own 512, and 1.1 s with 128, and reading was as fast; on a GPU a batch is no time.
SLOW_BATCH: Final = 128
# tokens/s. An engine that takes a second for a batch of Ollama's own size is slow.
SLOW_READ: Final = 512.0


class Loading:
    """What is known of one model in Ollama's memory."""

    def __init__(self, settings: Settings) -> None:
        self.digest = ""  # of the model, as it was seen last
        self._settings = settings
        self._trusted_until = -math.inf  # s of the clock; till then the model is loaded
        self._context: int | None = None  # tokens that the model was loaded with room for
        self._trained: int | None = None  # tokens that the model can have room for
        self._on_cpu: bool | None = None  # where it was loaded; None if nobody says
        self._read: float | None = None  # tokens/s that it was seen to read
        self._shared = False  # another program has it loaded in its own way
        self._asked_for: dict[str, Any] | None = None  # the options that it was loaded with last

    @property
    def options(self) -> dict[str, Any]:
        """The options for which Ollama loads a model anew when they change.

        What the model was loaded with is asked for again, where that is enough: not to name it
        means Ollama's default, and another program may have loaded it with more.
        """
        options = {}
        needed = self._needed
        if self._context is not None and self._context >= max(needed, SMALLEST_CONTEXT):
            options["num_ctx"] = self._context
        elif self._context is not None or needed > SMALLEST_CONTEXT:
            options["num_ctx"] = self._capped(-(-max(needed, SMALLEST_CONTEXT) // 1024) * 1024)
        if self._is_slow and not self._shared:
            options["num_batch"] = SLOW_BATCH
        return options

    @property
    def room(self) -> int:
        """Tokens that prompt and fill have together in a call with these options."""
        if self._context is not None and self.is_as_asked:
            return self._context
        return self._capped(self.options.get("num_ctx", SMALLEST_CONTEXT))

    @property
    def kept(self) -> float:
        """s for which Ollama is to keep the model after a call."""
        return _seconds(self._settings.keep_alive)

    @property
    def is_as_asked(self) -> bool:
        """Whether the model was last loaded with the options that the calls to come have."""
        return self._asked_for is not None and self._asked_for == self.options

    def is_trusted(self, now: float) -> bool:
        """Whether the model is loaded, as far as that needs no question."""
        return now < self._trusted_until

    def expect(self, read: float | None) -> None:
        """Note how fast the model was seen to read, in tokens/s; None if that isn't known."""
        self._read = read

    def learn(self, trained: int | None) -> None:
        """Note how many tokens the model was trained with; None if nobody says."""
        self._trained = trained

    def asked(self, options: dict[str, Any]) -> None:
        """Note that the model was loaded with these options."""
        self._asked_for = options

    def see(self, entry: dict[str, Any] | None, now: float) -> None:
        """Learn from what ``GET /api/ps`` has of the model; None if it doesn't have it."""
        self.doubt()
        self._context = integer(entry.get("context_length")) or None if entry else None
        if entry is None:
            return
        digest = entry.get("digest")
        self.digest = digest if isinstance(digest, str) else ""
        memory = integer(entry.get("size_vram"))
        self._on_cpu = None if memory is None else memory == 0
        if self._asked_for is not None and self._context is not None:
            # What wasn't named is what there is.
            self._asked_for = {"num_ctx": self._context} | self._asked_for
        if self.is_as_asked:
            self.trust(now, _seconds_until(entry.get("expires_at")))

    def trust(self, now: float, seconds: float) -> None:
        """Note that the model is loaded now, and will be for so many s unless something happens."""
        self._trusted_until = now + min(seconds, TRUST)

    def doubt(self) -> None:
        """Note that nobody knows any more whether the model is loaded."""
        self._trusted_until = -math.inf

    def was_loaded_anew(self) -> None:
        """Note that a call had the model loaded, so that somebody else had it in another way."""
        self.doubt()
        self._shared = True

    @property
    def _needed(self) -> int:
        """Tokens that the settings demand for prompt and fill; 0 if any will do."""
        budget = self._settings.context_tokens
        return 0 if budget == "auto" else self._capped(budget + self._settings.max_tokens)

    def _capped(self, tokens: int) -> int:
        return tokens if self._trained is None else min(tokens, self._trained)

    @property
    def _is_slow(self) -> bool:
        """Whether the model reads slowly.

        Where the model is tells all windows the same, in each session, so that none of them loads
        it anew for the others.
        """
        if self._on_cpu is not None:
            return self._on_cpu
        return self._read is not None and self._read < SLOW_READ


def _seconds(keep_alive: str | int) -> float:
    """Return the s of a duration as Go writes it ("1h30m"), or of a number; under 0 is for ever."""
    text = str(keep_alive)
    if text.startswith("-"):
        return math.inf
    if text.isdigit():
        return float(text)
    units = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)", text)
    return sum(float(number) * units[unit] for number, unit in parts)


def _seconds_until(moment: Any) -> float:
    """Return the s until a moment in RFC 3339; endless if it is none, or far away."""
    try:
        left = datetime.fromisoformat(moment) - datetime.now(UTC)
    except (TypeError, ValueError, OverflowError):
        return math.inf
    return left.total_seconds()
