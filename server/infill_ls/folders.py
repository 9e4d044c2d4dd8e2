"""The user's own folders, for settings, state and cache."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal


def own(kind: Literal["config", "state", "cache"]) -> Path | None:
    """Return a folder of the user's for infill-ls, which need not be there yet.

    None if nobody knows where the user's home is (no ``HOME``, and a user that the system doesn't
    know, as in some containers). Some versions of platformdirs take a folder named ``~`` then, in
    the one that this process runs in; what a project has there isn't the user's.
    """
    # Not at the head: the server's start doesn't need it.
    import platformdirs

    find = {
        "config": platformdirs.user_config_dir,
        "state": platformdirs.user_state_dir,
        "cache": platformdirs.user_cache_dir,
    }[kind]
    try:
        folder = Path(find("infill-ls", appauthor=False))
    except RuntimeError:  # as newer versions say it
        return None
    return folder if folder.is_absolute() else None


def working_folder() -> str | None:
    """Return the folder that this process runs in, None if somebody has removed it."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None


def expanded(path: str) -> str:
    """Return a path in which the user may have written ``~`` for his home."""
    return os.path.expanduser(path)
