"""What is known of each editor, by its name for itself (``clientInfo``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# They send a document with its own line ends, but keep them apart from the text: a CR in what is
# inserted would be shown as one, and stay in the line (Neovim 0.12.4).
_LINE_ENDS_APART: Final = ("neovim",)
# They put ghost text behind what its range takes the place of, and leave that (LSP4IJ 1.0 in
# JetBrains' editors: "skipped" text there is text that stays).
_ONLY_INSERTS: Final = (
    *("lsp4ij", "intellij", "pycharm", "webstorm", "goland", "clion", "rider", "phpstorm"),
    *("rubymine", "rustrover", "datagrip", "android studio"),
)


def keeps_line_ends_apart(client: str) -> bool:
    """Whether the editor wants ``\\n`` for every line end."""
    return _is_one_of(client, _LINE_ENDS_APART)


def shows_range(client: str) -> bool:
    """Whether ghost text may take the place of what stands right of the cursor."""
    return not _is_one_of(client, _ONLY_INSERTS)


def _is_one_of(client: str, editors: Iterable[str]) -> bool:
    return any(name in client.lower() for name in editors)
