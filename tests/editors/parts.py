"""Accepting a fill part by part, in an editor with ghost text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from editors.conftest import CURSOR, Document
from editors.editor import Editor
from editors.engine import Engine

WORDS: Final = (
    *("for", " größe", " in", " sorted", "(", "alle", "):"),
    *("\n    print", "(", "größe", ")"),
)
LINES: Final = ("for name in names:", "\n    print(name)", "\n    print()")


def accepted_in_parts(
    editor: Editor,
    engine: Engine,
    document: Document,
    typed: str,
    parts: Sequence[str],
    accept: Callable[[], None],
) -> None:
    """Type the beginning and accept the parts; the rest is shown each time."""
    document("parts.py", f"{CURSOR}\n")
    whole = "".join(parts)
    engine.writes(whole)
    editor.type(typed)
    editor.until_shown(whole.removeprefix(typed))
    seen = ""
    for part in parts:
        accept()
        seen += part
        editor.until_text(f"{seen}\n")
        editor.until_shown(whole.removeprefix(seen))
