"""The errors that are told to the user, in one tree: whose fault it is, and what to do.

InfillError
├── SettingsError        the user's settings or arguments
├── WeightsError         the embedded engine's weights: missing, damaged, not to be fetched
├── RecitationError      the index of the recitation filter: missing, damaged, of other folders
└── EngineError          the engine, or the way to it
    ├── NotRunning         nothing answers at its address
    ├── Stalled            it answers too slowly
    ├── Busy               its queue is full
    ├── Unauthorized       it wants another key
    ├── ModelNotFound      it has no such model
    ├── CannotInsert       its model can't fill in the middle
    └── BadAnswer          its answer is an error, cut short, or makes no sense
        ├── CannotLoad       it can't load its model
        └── TooLong          it has no room for the prompt
"""

from __future__ import annotations

import re
from typing import Final

from infill_ls.shown import plain, without

# The end of a sentence, which may be inside quotes or brackets.
_END: Final = re.compile(r"[.!?…][\"'”’)\]]*$")
# Of a command in a folder that isn't there any more: what is wrong, and what to do.
FOLDER_GONE: Final = ("The folder that you are in was removed.", "Go to another: cd")


def sentence(text: str) -> str:
    """Return the text, ended with a full stop if nothing else ends it, so that more may follow."""
    text = text.strip()
    return text if not text or _END.search(text) else f"{text}."


class InfillError(Exception):
    """The base of all errors. Its text is the message and the fix.

    ``message``: what was wrong, in sentences. It may end with the words of another program; a full
    stop is added where it has none. Wherever its words come from, it is fit to be shown.
    ``fix``: what to do about it; may be empty. It may end with a command, so nothing is added.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        self.message = sentence(plain(message))
        self.fix = plain(fix)
        super().__init__(self.message, self.fix)

    def forget(self, text: str) -> None:
        """Quote a text no more, as some engines do in errors with what they were sent."""
        self.message = without(self.message, text)
        self.args = (self.message, self.fix)

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class SettingsError(InfillError):
    """A setting or an argument is not what it should be."""


class WeightsError(InfillError):
    """The embedded engine's weights are missing, damaged, or can't be fetched."""


class RecitationError(InfillError):
    """The index of the recitation filter is missing, damaged, or of other folders."""


class EngineError(InfillError):
    """The engine, or the way to it."""


class NotRunning(EngineError):
    """Nothing answers at the engine's address.

    ``answered``: something does, and has not what is asked for.
    """

    answered: bool = False


class Stalled(EngineError):
    """The engine took the request and then said nothing for too long."""


class Busy(EngineError):
    """The engine can't take a request now: its queue is full, or it still loads its model.

    ``retry_after``: after how many s it wants to be asked again; None if it hasn't said.
    """

    retry_after: float | None = None


class Unauthorized(EngineError):
    """The engine refuses the key, or wants one."""


class ModelNotFound(EngineError):
    """The engine has no model of this name."""


class CannotInsert(EngineError):
    """The model can't fill in the middle."""


class BadAnswer(EngineError):
    """The engine's answer is an error of its own, is cut short, or makes no sense."""


class CannotLoad(BadAnswer):
    """The engine can't load its model: there is no memory for it, or it breaks down then."""


class TooLong(BadAnswer):
    """The prompt, or prompt and fill together, are more than the engine has room for."""
