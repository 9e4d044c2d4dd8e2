"""The prompts that an engine was given, and how much of the next one it has yet to read. Pure.

Engines keep old prompts, in slots and in memory: llama-server keeps 8,192 MB of them, so that
hardly anything is read when the user comes back to a file. Which ones an engine still has it
doesn't say. So what it has to read lies between two bounds: the characters that are new to all
prompts that it may still have, and those that are new to the one that it surely has.

A call that is closed while its prompt is read leaves the part that was read in the cache (as in
llama-server, Ollama and vLLM), and the next call with the same start goes on from there. So the
time of that reading has two bounds as well: the time since the first of these calls, and the time
that they waited.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from infill_ls.text.common import common_start

# Prompts that an engine may still have. 8,192 MB hold some 400 of 700 tokens with 1.5B parameters.
REMEMBERED: Final = 400


@dataclass(frozen=True, slots=True)
class Unread:
    """What an engine has to read for a call.

    ``fewest`` and ``most``: characters, as said above. ``since``: when that began, in s of the
    calls' clock; before the call if another one with the same start was closed meanwhile.
    ``read_for``: s that such calls have waited for it. ``in_the_way``: characters of another prompt
    that the engine may still be reading for nobody.
    """

    fewest: int
    most: int
    since: float
    read_for: float = 0.0
    in_the_way: int = 0


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A prompt with its answer.

    ``begun``: when the engine began to read it, in s, if nobody saw the end of that; else None.
    ``read_for``: s that calls have waited for it.
    """

    text: str
    begun: float | None = None
    read_for: float = 0.0


class PromptsSeen:
    """The prompts that an engine may still have, from old to new."""

    def __init__(self) -> None:
        self._all: deque[_Prompt] = deque(maxlen=REMEMBERED)
        # The newest one, unless nobody knows any more what the engine has.
        self._last: _Prompt | None = None

    def lose(self) -> None:
        """Note that the engine may have lost all of them, though it may also have them still."""
        self._last = None

    def unread(self, prompt: str, asked: float) -> Unread:
        """Return what is to be read for a call. ``asked``: when it was made, in s."""
        known, start = 0, prompt[:1]
        for old in self._all:
            # Few begin with more than what is known already, and only those are looked at closely.
            if old.begun is None and start and old.text.startswith(start):
                known = common_start(prompt, old.text)
                start = prompt[: known + 1] if known < len(prompt) else ""
        closed = [
            old
            for old in self._all
            if old.begun is not None and start and old.text.startswith(start)
        ]
        last, surely, in_the_way = self._last, 0, 0
        if last is not None and last.begun is None:
            surely = common_start(prompt, last.text)
        elif last is not None and not _goes_on(prompt, last.text):
            in_the_way = len(last.text)
        return Unread(
            fewest=len(prompt) - known,
            most=len(prompt) - surely,
            since=min((old.begun for old in closed if old.begun is not None), default=asked),
            read_for=max(
                (old.read_for for old in closed if _goes_on(prompt, old.text)), default=0.0
            ),
            in_the_way=in_the_way,
        )

    def take(self, prompt: str, written: str | None, unread: Unread, seconds: float) -> None:
        """Add the prompt of a call that is over, for which so much was unread.

        ``written``: its answer; None if the call was closed while the prompt was read, after so
        many ``seconds``.
        """
        if written is not None:
            new = _Prompt(prompt + written)
        else:
            new = _Prompt(prompt, unread.since, unread.read_for + seconds)
        # While somebody types each prompt begins as the one before it.
        kept = [
            old
            for old in self._all
            if not new.text.startswith(old.text) or (old.begun is None and new.begun is not None)
        ]
        self._all = deque((*kept, new), maxlen=REMEMBERED)
        self._last = new


def _goes_on(prompt: str, old: str) -> bool:
    """Whether a prompt is an old one that was typed on, more or less."""
    return common_start(prompt, old) * 2 >= len(old)
