"""The settings in force, and where each of them comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from infill_ls.diagnosis.facts import Given
from infill_ls.settings import KEYS, from_user, read_user_file, variable


def given(command_line: Mapping[str, Any]) -> Given:
    """Return the user's settings, without the editor's."""
    settings, problems = from_user(command_line)
    file, _ = read_user_file()
    sources = {}
    for key in KEYS:
        if key in command_line:
            sources[key] = "the command line"
        elif os.environ.get(variable(key)):
            sources[key] = "the environment"
        elif key in file:
            sources[key] = "the settings file"
    return Given(settings, sources, tuple(problems))
