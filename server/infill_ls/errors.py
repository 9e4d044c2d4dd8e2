"""Everything that can go wrong, in one small tree: whose fault it is and what to do about it.

InfillError
├── SettingsError        the user's settings or arguments
├── WeightsError         the embedded engine's weights: missing, damaged, not to be fetched
└── EngineError          the engine, or the way to it
    ├── NotRunning         nothing answers there
    ├── Stalled            it answers too slowly
    ├── Busy               it has too much to do
    ├── Unauthorized       it wants another key
    ├── ModelNotFound      it has no such model
    ├── CannotInsert       its model can't fill in the middle
    └── BadAnswer          it said something that it should not have
        └── TooLong          that the prompt is longer than it has room for
"""

from __future__ import annotations

import re
from typing import Final

# What a sentence ends with, perhaps inside of quotes or brackets.
_END: Final = re.compile(r"[.!?…][\"'”’)\]]*$")


def sentence(text: str) -> str:
    """The text with a full stop at its end, if it has none; other text may follow it."""
    text = text.strip()
    return text if not text or _END.search(text) else f"{text}."


class InfillError(Exception):
    """``message`` says what was wrong, in sentences; ``fix`` what to do about it (may be empty).

    A message may end with what somebody else said, who needs no full stop. A fix may end with a
    command, which has none.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message, fix)
        self.message = sentence(message)
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class SettingsError(InfillError):
    """A setting or an argument is not what it should be."""


class WeightsError(InfillError):
    """The embedded engine's weights are missing, damaged, or can't be fetched."""


class EngineError(InfillError):
    """The engine, or the way to it."""


class NotRunning(EngineError):
    """Nothing answers at the engine's address."""


class Stalled(EngineError):
    """The engine took the request and then said nothing for too long."""


class Busy(EngineError):
    """The engine's queue is full."""


class Unauthorized(EngineError):
    """The engine refuses the key, or wants one."""


class ModelNotFound(EngineError):
    """The engine has no model of this name."""


class CannotInsert(EngineError):
    """The model can't fill in the middle."""


class BadAnswer(EngineError):
    """The engine's answer is an error of its own, is cut short, or makes no sense."""


class TooLong(BadAnswer):
    """The prompt, or prompt and fill together, are more than the engine has room for."""
