"""How fast an engine read and wrote, and what that means for who types. Pure."""

from __future__ import annotations

from typing import Final

from infill_ls.completion.answer import Outcome

# The fewest tokens that a rate can be reckoned from.
_FEWEST: Final = 4


def read_rate(outcome: Outcome) -> float | None:
    """Return the tokens/s that were read for a fill; None if that can't be told.

    Where the engine doesn't say, all before the first character counts as reading: the model must
    have been loaded.
    """
    usage = outcome.usage
    if usage.prompt_tokens is not None and usage.read_seconds:
        tokens, seconds = usage.prompt_tokens - (usage.cached_tokens or 0), usage.read_seconds
    else:
        tokens, seconds = outcome.about_prompt_tokens, (outcome.first_ms or 0) / 1000
    return tokens / seconds if tokens >= _FEWEST and seconds > 0 else None


def write_rate(outcome: Outcome) -> float | None:
    """Return the tokens/s that were written for a fill; None if that can't be told."""
    usage = outcome.usage
    tokens, seconds = usage.fill_tokens or 0, usage.write_seconds
    if seconds is None and outcome.first_ms is not None:
        seconds = (outcome.total_ms - outcome.first_ms) / 1000
    # The first one comes out of the reading.
    return (tokens - 1) / seconds if tokens >= _FEWEST and seconds else None


def rate_shown(rate: float) -> str:
    """Return a rate as people read it."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def seconds_shown(seconds: float) -> str:
    """Return a time as people read it: "0.04 s", "0.4 s", "12 s"."""
    if seconds >= 9.95:
        return f"{seconds:.0f} s"
    return f"{seconds:.1f} s" if seconds >= 0.095 else f"{max(seconds, 0.01):.2f} s"


def ago(seconds: float) -> str:
    """Return how long ago something was: "just now", "3 minutes ago"."""
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'' if number == 1 else 's'} ago"
    return "just now"
