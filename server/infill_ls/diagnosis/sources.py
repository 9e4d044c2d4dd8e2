"""The settings in force, and where each of them comes from."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from infill_ls.diagnosis.facts import Given, Set
from infill_ls.project.effective import effective
from infill_ls.settings import from_user
from infill_ls.shells import Shell


def given(command_line: Mapping[str, Any]) -> Given:
    """Return the user's settings, without the editor's. ``command_line``: values by their keys."""
    settings, problems = from_user(command_line)
    said = tuple(
        Set(one.key, one.value, one.source)
        for one in effective(settings)
        # That variable isn't ours, and is said with others. What is wrong has no value.
        if not one.is_default and one.source.place != "OLLAMA_HOST" and one.value is not None
    )
    return Given(settings, said, tuple(problems), shell())


def shell() -> Shell:
    """Return the shell that the user types commands into, as far as the system tells."""
    return Shell(windows=sys.platform == "win32")
