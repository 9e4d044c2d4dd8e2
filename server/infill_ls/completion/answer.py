"""What a request is answered with, and the closed list of reasons why."""

from __future__ import annotations

from dataclasses import dataclass
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
    the place of.
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


Reason = Literal[
    "fill",
    "recalled",
    "nothing",
    "disabled",
    "excluded",
    "secret",
    "mid word",
    "superseded",
    "cancelled",
    "closed",
    "unasked",
    "slow",
    "problem",
]
MESSAGES: Final[dict[Reason, str]] = {
    "fill": "The engine wrote it.",
    "recalled": "It was known from an earlier request.",
    "nothing": "The model wrote nothing that is worth showing here.",
    "disabled": 'Completion is off here (the setting "enabled", also of the language or project).',
    "excluded": 'This file is never completed (the setting "exclude").',
    "secret": "There is a key or a token in the cursor's line, which is sent to nobody.",
    "mid word": "The cursor is inside a word.",
    "superseded": "A newer request came.",
    "cancelled": "The editor cancelled the request.",
    "closed": "The document is not open.",
    "unasked": "Nothing has been asked for yet.",
    "slow": "The engine takes too long; its answer will be there at the next request.",
    "problem": "Something went wrong in infill-ls itself; its log has more.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request. ``offers``: what to show, best first; empty if nothing is.

    ``pattern``: what has excluded the file, if something has.
    """

    reason: Reason
    offers: tuple[Offer, ...] = ()
    error: InfillError | None = None
    outcome: Outcome | None = None
    pattern: str = ""

    @property
    def fill(self) -> str | None:
        """The text of the first offer, with the document's own line ends; None if there is none."""
        return self.offers[0].text if self.offers else None

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
        return f'{message} The pattern is "{self.pattern}".' if self.pattern else message
