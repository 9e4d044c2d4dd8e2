"""Real editors with the configuration of ``editor-configs/``, driven from end to end.

``make test-editors`` installs them into a folder of their own and runs everything here.
``test_scenarios.py`` says what must work in every one of them; each editor's own file has its
driver (an :class:`~editors.editor.Editor`) and how it is installed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from editors.editor import Editor
from editors.emacs import Emacs
from editors.helix import Helix
from editors.neovim import Neovim
from editors.vscode import VSCode

EDITORS: Final[list[type[Editor]]] = [Neovim, Helix, VSCode, Emacs]


# Read once: each test has an environment without infill-ls' own variables.
_GIVEN: Final = os.environ.get("INFILL_EDITORS")


def cache() -> Path:
    """The user's cache, where the weights are too."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def folder() -> Path:
    """Where the editors are installed: ``INFILL_EDITORS``, or a folder in the user's cache."""
    return Path(_GIVEN) if _GIVEN else cache() / "infill-ls-editors"


def chosen(names: Sequence[str]) -> list[type[Editor]]:
    """The editors of these names, all if none is given; leaves if one is unknown."""
    known = {kind.name: kind for kind in EDITORS}
    if unknown := set(names) - set(known):
        sys.exit(f"No such editor: {', '.join(sorted(unknown))}. There are {', '.join(known)}.")
    return [kind for name, kind in known.items() if not names or name in names]
