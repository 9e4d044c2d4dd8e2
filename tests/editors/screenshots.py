"""`make screenshots`: pictures of the real editors with a fill of the real embedded model."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from editors import cache, chosen, folder
from editors.editor import Editor
from editors.processes import assert_gone, environment

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
# Bytes; who reads the README on the way should not wait for pictures.
HEAVIEST: Final = 150_000
BEFORE: Final = """\
import json


def load(path, default=None):
    try:
        """
AFTER: Final = """


if __name__ == "__main__":
    print(load("settings.json"))
"""
TYPED: Final = "with "
GOING_ON: Final = "open"


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for kind in chosen(sys.argv[1:]):
        file = take(kind)
        size = file.stat().st_size
        print(f"{file.name}: {size / 1000:.0f} KB", flush=True)
        if size > HEAVIEST:
            sys.exit(f"{file} is too heavy")


def take(kind: type[Editor]) -> Path:
    """Type until the model's fill is shown, and take the picture."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        home.mkdir()
        file = Path(name) / "settings.py"
        file.write_text(BEFORE + AFTER)
        made = environment(
            INFILL_LS_ENGINE="embedded",
            # The editor has a home of its own; the weights are in the user's.
            XDG_CACHE_HOME=str(cache()),
        )
        editor = kind.start(folder(), home, made)
        try:
            before = BEFORE.splitlines()
            editor.open(file, len(before) - 1, len(before[-1]))
            editor.type(TYPED)
            editor.until(lambda: editor.shown() != "", "the first line of the fill", limit=90.0)
            # On a slow machine that is all at first; the next key brings the rest.
            editor.type(GOING_ON)
            editor.until(lambda: "json.load" in editor.shown(), "the fill", limit=30.0)
            return editor.picture(PICTURES)
        finally:
            editor.quit()
            assert_gone(made)


if __name__ == "__main__":
    main()
