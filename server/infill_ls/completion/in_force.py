"""Which rules each document has, and what a change of them means for what was computed before."""

from __future__ import annotations

from typing import Final

from infill_ls.completion.answer import Reason
from infill_ls.project.rules import Rules
from infill_ls.settings import Settings

# Settings, beside the engine's, that change what a fill is.
FILL_SETTINGS: Final = ("multiline", "temperature", "mode", "max_tokens", "context_tokens", "fim")


class InForce:
    """The rules of each document; ``settings``: those of all that have none of their own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._rules: dict[str, Rules] = {}  # by document

    def rules(self, uri: str) -> Rules:
        """Return what counts for a document."""
        return self._rules.get(uri) or Rules(self.settings)

    def use(self, uri: str, rules: Rules) -> Reason | None:
        """Take what counts from now on; return why what was computed ends, None if it doesn't."""
        before, self._rules[uri] = self.rules(uri), rules
        return ended_by(before, rules)

    def forget(self, uri: str) -> None:
        """Drop the rules of a document that was closed."""
        self._rules.pop(uri, None)


def changes_fills(before: Settings, after: Settings) -> bool:
    """Whether fills are others under the later settings."""
    return any(getattr(before, key) != getattr(after, key) for key in FILL_SETTINGS)


def ended_by(before: Rules, after: Rules) -> Reason | None:
    """Return why what was computed for a document ends when its rules change; None if it doesn't.

    Of an excluded document nothing is kept, however it came to be there.
    """
    if after.excluded:
        return "excluded"
    if before is after:
        return None
    if before.settings.enabled and not after.settings.enabled:
        return "disabled"
    return "superseded" if changes_fills(before.settings, after.settings) else None
