"""What the last requests were answered with, and why; for whoever asks why nothing is shown.

It holds none of the user's code, and nothing that would keep that in memory.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from infill_ls.completion.answer import Answer, Reason

# Requests kept. VS Code asks at each key; those that a newer one took the place of count as one.
KEPT: Final = 50
# Nobody was shown these: the editor has asked again, or wants no answer.
_PASSED_OVER: Final[tuple[Reason, ...]] = ("superseded", "cancelled")


class History:
    """Keeps the newest answers. Times are in s of one clock, and in ms where the name says so."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def note(
        self, answer: Answer, now: float, *, waited: float, language: str, manual: bool
    ) -> dict[str, Any]:
        """Keep why a request was answered so, and return it, as :meth:`explain` has it.

        ``waited``: for how many s the editor has waited for the answer. ``language``: the
        document's language id. ``manual``: the user has asked by hand. Answers for the same reason,
        one after the other and without an outcome, are kept as one, with how many they are.
        """
        entry = answer.explain()
        entry["timings_ms"]["waited"] = round(waited * 1000, 1)
        entry.update(language=language, manual=manual, times=1, at=now)
        last = self._entries[-1] if self._entries else None
        if (
            last is not None
            and answer.outcome is None
            and all(last[key] == entry[key] for key in ("reason", "message", "language", "manual"))
        ):
            entry["times"] = last["times"] + 1
            self._entries.pop()
        self._entries.append(entry)
        return entry

    @property
    def last(self) -> dict[str, Any]:
        """The newest answer that somebody could see; that nothing was asked for, if there is none.

        ``at``: when it was given.
        """
        told = (one for one in reversed(self._entries) if one["reason"] not in _PASSED_OVER)
        return next(told, None) or {**Answer("unasked").explain(), "at": None}

    def explain(self, now: float) -> dict[str, Any]:
        """Return the newest answer that somebody could see; ``before``: all others, newest first.

        ``seconds_ago``: when an answer was given; of several in one, the newest of them.
        """
        last = self.last
        before = [_aged(one, now) for one in reversed(self._entries) if one is not last]
        return {**_aged(last, now), "before": before}


def log_line(entry: dict[str, Any]) -> str:
    """Return an entry as one line of the log, without words of anybody else's."""
    times, words = entry["timings_ms"], [entry["reason"]]
    if entry["filters"]:
        words.append(f"by {entry['filters'][0]}")
    words.append(f"after {times['waited']:.0f} ms")
    if entry["model"] is not None:
        words.append(f"model {entry['model']} of {entry['engine']}")
        words.append(
            f"first {_ms(times['first'])}, done {_ms(times['total'])}, "
            f"read {entry['prompt_tokens']} (cached {entry['cached_tokens']}), "
            f"wrote {entry['fill_tokens']}"
        )
    asked = "by hand" if entry["manual"] else "while typing"
    return f"{entry['language'] or 'no language'}, {asked}: {'; '.join(words)}"


def _aged(entry: dict[str, Any], now: float) -> dict[str, Any]:
    at = entry["at"]
    ago = None if at is None else round(now - at, 1)
    return {**{key: value for key, value in entry.items() if key != "at"}, "seconds_ago": ago}


def _ms(time: float | None) -> str:
    return "never" if time is None else f"{time:.0f} ms"
