"""What a request is answered with, and the closed list of reasons why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from infill_ls import errors
from infill_ls.completion.offers import Offer
from infill_ls.errors import InfillError

if TYPE_CHECKING:
    from infill_ls.completion.judgement import Judgement
    from infill_ls.engines.rates import Usage


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass through prompt, engine and trim gave. Times in ms from its start.

    ``ended_by``: what completed the fill, a step of trim or the model. ``raw``: everything the
    model wrote. ``usage`` counts pieces of the stream as tokens where the engine doesn't say, as
    Ollama doesn't of a call that is closed before its end; ``about_prompt_tokens`` is what the
    characters of its prompt tell. ``replaces``: the text right of the cursor that the fill takes
    the place of. ``prompt``: what the model read, with the suffix. ``digest``: of the model, empty
    if the engine doesn't say. ``emptied_by``: the filter of trim that has left nothing of what the
    model wrote; empty if none has. ``chance``: how likely the fill's first line is right, from 0 to
    1; None if nothing tells.
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
    emptied_by: str = ""
    chance: float | None = None

    @property
    def figures(self) -> str:
        """Which model it was, how long it took and how much it read and wrote, in words."""
        usage = self.usage
        read = f"about {self.about_prompt_tokens} tokens read"
        if usage.prompt_tokens is not None:
            read = f"{usage.prompt_tokens} tokens read"
        if usage.cached_tokens is not None:
            read += f" ({usage.cached_tokens} from its cache)"
        began = "" if self.first_ms is None else f", begun after {self.first_ms:.0f} ms"
        written = f"{usage.fill_tokens or 0} written"
        return f"{self.model} ({self.engine}): {self.total_ms:.0f} ms{began}; {read}, {written}."


Reason = Literal[
    "fill",
    "recalled",
    "nothing",
    "trimmed",
    "unsure",
    "recited",
    "disabled",
    "excluded",
    "secret",
    "mid word",
    "superseded",
    "cancelled",
    "outdated",
    "unshowable",
    "closed",
    "unasked",
    "slow",
    "unread",
    "not running",
    "stalled",
    "busy",
    "unauthorized",
    "no model",
    "cannot insert",
    "too long",
    "cannot load",
    "bad answer",
    "settings",
    "no weights",
    "no index",
    "problem",
]
# With these the model has had its say: it was asked, now or earlier, and the answer is what is left
# of what it wrote. With all others it was not asked, or has not answered.
OF_THE_MODEL: Final[frozenset[Reason]] = frozenset(
    ("fill", "recalled", "nothing", "trimmed", "unsure", "recited", "unshowable")
)
# What people read. Of those with an error of their own, that one's text is shown instead.
MESSAGES: Final[dict[Reason, str]] = {
    "fill": "The model wrote it.",
    "recalled": "It was known from an earlier request.",
    "nothing": "The model wrote nothing that is worth showing here.",
    "trimmed": "Nothing is left of what the model wrote.",
    "unsure": "The model wasn't sure enough of its fill.",
    "recited": 'It repeats a file of the folders that the setting "recitation" names.',
    "disabled": 'Completion is off here (the setting "enabled", also of the language or project).',
    "excluded": 'This file is never completed (the setting "exclude").',
    "secret": "There is a key or a token in the cursor's line, which is sent to nobody.",
    "mid word": "The cursor is inside a word.",
    "superseded": "A newer request came.",
    "cancelled": "The editor cancelled the request.",
    "outdated": "Something else was typed before the answer came.",
    "unshowable": "This editor can't show a fill that takes the place of what follows the cursor.",
    "closed": "The document is not open.",
    "unasked": "Nothing has been asked for yet.",
    "slow": "The engine takes too long; its answer will be there at the next request.",
    "unread": "The editor does not read what it is sent.",
    "not running": "The engine does not answer.",
    "stalled": "The engine says nothing any more.",
    "busy": "The engine has too much to do.",
    "unauthorized": "The engine refuses the key.",
    "no model": "The engine does not have the model.",
    "cannot insert": "The model can't fill in the middle.",
    "too long": "The prompt is longer than the engine has room for.",
    "cannot load": "The engine can't load its model.",
    "bad answer": "The engine's answer makes no sense.",
    "settings": "A setting is wrong.",
    "no weights": "The embedded engine has no weights.",
    "no index": 'The index that the setting "recitation" needs is not there.',
    "problem": "Something went wrong in infill-ls itself; its log has more.",
}
# The reasons of errors; the first that fits counts.
_OF_ERRORS: Final[tuple[tuple[type[InfillError], Reason], ...]] = (
    (errors.NotRunning, "not running"),
    (errors.Stalled, "stalled"),
    (errors.Busy, "busy"),
    (errors.Unauthorized, "unauthorized"),
    (errors.ModelNotFound, "no model"),
    (errors.CannotInsert, "cannot insert"),
    (errors.TooLong, "too long"),
    (errors.CannotLoad, "cannot load"),
    (errors.BadAnswer, "bad answer"),
    (errors.SettingsError, "settings"),
    (errors.WeightsError, "no weights"),
    (errors.RecitationError, "no index"),
)
# Why a filter of trim (its FILTERS) leaves nothing of what the model wrote.
FILTERED: Final = {
    "control": "it was a token that only models need",
    "whole": "it was a part of a token that only models need",
    "unsafe": "it had characters that nobody sees or that turn text around",
    "fence": "it was no code but an explanation",
    "prose": "it was no code but an explanation",
    "typed": "it only repeats what stands before the cursor",
    "tabs": "it was only indentation",
    "join": "it was only blanks",
    "below": "it only repeats the lines below",
    "expression": "it would have ended the string that the cursor is in",
    "quotes": "it would have ended the string that the cursor is in",
    "brackets": "it only closes brackets that are closed already",
    "rest": "it only repeats the rest of the line",
    "shape": "it had nothing for the cursor's line or block",
    "unreachable": "it would never run",
    "repetition": "it only repeats the lines above",
    "limit": "it was cut short within its first line",
    "length": "it was too long",
    "echo": "it only repeats what is around the cursor",
    "comment": "it only repeats a comment",
    "openers": "it had brackets that nothing closes",
    "severed": "it ended within a word or a string",
    "tidy": "it was only blanks",
    "above": "it belongs to a block further out",
    "syntax": "it would have been a syntax error",
    "apart": "it only repeats the rest of the line",
    "closers": "it only closes brackets that are closed already",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request. ``offers``: what to show, best first; empty if nothing is.

    ``pattern``: what has excluded the file, if something has. ``recited``: the file that would
    have been repeated, if that is why nothing is shown. ``emptied_by``: the filter of trim that has
    left nothing, if one has. ``judged``: what is thought of the first fill, where it was judged.
    """

    reason: Reason
    offers: tuple[Offer, ...] = ()
    error: InfillError | None = None
    outcome: Outcome | None = None
    pattern: str = ""
    recited: str = ""
    emptied_by: str = ""
    judged: Judgement | None = None

    @classmethod
    def of(
        cls,
        reason: Reason,
        offers: tuple[Offer, ...] = (),
        error: InfillError | None = None,
        outcome: Outcome | None = None,
        emptied_by: str = "",
        judged: Judgement | None = None,
    ) -> Answer:
        """Return an answer; a problem has the reason of its error, and nothing that of its filter.

        ``emptied_by``: the filter, where no outcome says it. ``judged``: what is thought of the
        first fill; if nothing of it is to be shown, that is the reason.
        """
        if error is not None:
            reason = next((one for kind, one in _OF_ERRORS if isinstance(error, kind)), reason)
        if reason == "nothing":
            emptied_by = outcome.emptied_by if outcome else emptied_by
            reason = "trimmed" if emptied_by else reason
        if judged is not None and not judged.shown:
            reason = "unsure"
        return cls(reason, offers, error, outcome, emptied_by=emptied_by, judged=judged)

    @property
    def shown(self) -> str:
        """The first fill that is shown, with ``\\n`` for every line end; empty if none is."""
        return self.offers[0].fill if self.offers else ""

    @property
    def fill(self) -> str | None:
        """The text of the first offer, with the document's own line ends; None if there is none."""
        return self.offers[0].text if self.offers else None

    def held_back(self, file: str) -> Answer:
        """Return what the answer is if all fills for it recite; ``file``: one of what, or empty."""
        return replace(self, reason="recited", recited=file) if file and not self.offers else self

    @property
    def why(self) -> str:
        """Why this is the answer, in words, without figures."""
        if self.error:
            return str(self.error)
        message = MESSAGES[self.reason]
        if self.emptied_by:
            because = f'{FILTERED[self.emptied_by]} (filter "{self.emptied_by}")'
            message = f"{message.removesuffix('.')}: {because}."
        if self.reason == "unsure" and self.judged and self.judged.figures:
            message = f"{message.removesuffix('.')} ({self.judged.figures})."
        if self.recited:
            message += f" The file is {self.recited}."
        if self.pattern:
            message = f'This file is never completed: "exclude" has the pattern "{self.pattern}".'
        return message

    def explain(self) -> dict[str, Any]:
        """Return why this is the answer, for people and as JSON; it has none of the user's code."""
        outcome = self.outcome
        filters = [self.emptied_by] if self.emptied_by else [outcome.ended_by] if outcome else []
        return {
            "reason": self.reason,
            "message": f"{self.why} {outcome.figures}" if outcome and not self.error else self.why,
            "model": outcome.model if outcome else None,
            "engine": outcome.engine if outcome else None,
            "timings_ms": {
                "first": outcome.first_ms if outcome else None,
                "total": outcome.total_ms if outcome else None,
            },
            "filters": filters,
            "prompt_tokens": outcome.usage.prompt_tokens if outcome else None,
            "cached_tokens": outcome.usage.cached_tokens if outcome else None,
            "fill_tokens": outcome.usage.fill_tokens if outcome else None,
            "confidence": self.judged.to_json() if self.judged else None,
        }
