"""What a request is answered with, and the closed list of reasons why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from infill_ls.completion.offers import Offer
from infill_ls.errors import InfillError

if TYPE_CHECKING:
    from infill_ls.engines.rates import Usage


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass through prompt, engine and trim gave. Times in ms from its start.

    ``ended_by``: what completed the fill, a step of trim or the model. ``raw``: everything the
    model wrote. ``usage`` counts pieces of the stream as tokens where the engine doesn't say, as
    Ollama doesn't of a call that is closed before its end; ``about_prompt_tokens`` is what the
    characters of its prompt tell. ``replaces``: the text right of the cursor that the fill takes
    the place of. ``prompt``: what the model read, with the suffix. ``digest``: of the model, empty
    if the engine doesn't say.
    """

    fill: str
    ended_by: str
    model: str
    engine: str
    first_ms: float | None
    total_ms: float
    usage: Usage
    raw: str
    about_prompt_tokens: int
    replaces: str
    prompt: str = ""
    digest: str = ""


Reason = Literal[
    "fill",
    "recalled",
    "nothing",
    "recited",
    "disabled",
    "excluded",
    "secret",
    "mid word",
    "superseded",
    "cancelled",
    "closed",
    "unasked",
    "slow",
    "unread",
    "problem",
]
MESSAGES: Final[dict[Reason, str]] = {
    "fill": "The engine wrote it.",
    "recalled": "It was known from an earlier request.",
    "nothing": "The model wrote nothing that is worth showing here.",
    "recited": 'It repeats a file of the folders that the setting "recitation" names.',
    "disabled": 'Completion is off here (the setting "enabled", also of the language or project).',
    "excluded": 'This file is never completed (the setting "exclude").',
    "secret": "There is a key or a token in the cursor's line, which is sent to nobody.",
    "mid word": "The cursor is inside a word.",
    "superseded": "A newer request came.",
    "cancelled": "The editor cancelled the request.",
    "closed": "The document is not open.",
    "unasked": "Nothing has been asked for yet.",
    "slow": "The engine takes too long; its answer will be there at the next request.",
    "unread": "The editor does not read what it is sent.",
    "problem": "Something went wrong in infill-ls itself; its log has more.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request. ``offers``: what to show, best first; empty if nothing is.

    ``pattern``: what has excluded the file, if something has. ``recited``: the file that would
    have been repeated, if that is why nothing is shown.
    """

    reason: Reason
    offers: tuple[Offer, ...] = ()
    error: InfillError | None = None
    outcome: Outcome | None = None
    pattern: str = ""
    recited: str = ""

    @property
    def fill(self) -> str | None:
        """The text of the first offer, with the document's own line ends; None if there is none."""
        return self.offers[0].text if self.offers else None

    def held_back(self, file: str) -> Answer:
        """Return what the answer is if all fills for it recite; ``file``: one of what, or empty."""
        return replace(self, reason="recited", recited=file) if file and not self.offers else self

    def explain(self) -> dict[str, Any]:
        """Return why this is the answer, for people and as JSON; it has none of the user's code."""
        outcome = self.outcome
        return {
            "reason": self.reason,
            "message": self._message(),
            "model": outcome.model if outcome else None,
            "engine": outcome.engine if outcome else None,
            "timings_ms": {
                "first": outcome.first_ms if outcome else None,
                "total": outcome.total_ms if outcome else None,
            },
            "filters": [outcome.ended_by] if outcome else [],
            "prompt_tokens": outcome.usage.prompt_tokens if outcome else None,
            "cached_tokens": outcome.usage.cached_tokens if outcome else None,
            "fill_tokens": outcome.usage.fill_tokens if outcome else None,
        }

    def _message(self) -> str:
        if self.error:
            return str(self.error)
        message = MESSAGES[self.reason]
        if self.recited:
            return f"{message} The file is {self.recited}."
        return f'{message} The pattern is "{self.pattern}".' if self.pattern else message
