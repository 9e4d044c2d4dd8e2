"""What a change of the settings, or of a project's rules, means for what was computed before."""

from __future__ import annotations

from typing import Final

from infill_ls.completion.answer import Reason
from infill_ls.project.rules import Rules
from infill_ls.settings import Settings

# Settings, beside the engine's, that change what a fill is.
FILL_SETTINGS: Final = ("multiline", "temperature", "mode", "max_tokens", "context_tokens", "fim")


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
