"""Brackets and quotes that an editor closes by itself, and what becomes of them.

The rules are VS Code's (1.139.1, by default and for Python); Helix has them but for a string's
prefix, after which it closes no quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_BRACKETS: Final = {"(": ")", "[": "]", "{": "}"}
_QUOTES: Final = ("'", '"')
# What has to stand right of the cursor, if anything does.
_BEFORE: Final = " \t\n;:.,=}])>"
_PREFIX: Final = re.compile(r"(?<!\w)[bBfFrRuU]\Z")


@dataclass(frozen=True, slots=True)
class Closer:
    """``text``: what the editor has put right of the cursor: a closer, with a line end and the
    blanks before it where Enter has put it on a line of its own. ``opener``: where in the document
    what it closes stands.
    """

    opener: int
    text: str

    def below(self, line: str) -> Closer:
        """The same on the line below this one, indented as that is."""
        indentation = line[: len(line) - len(line.lstrip(" \t"))]
        return Closer(self.opener, f"\n{indentation}{self.text}")

    def is_split(self, key: str, cursor: int) -> bool:
        """Whether a key is Enter between the two brackets."""
        brackets = self.text in _BRACKETS.values() and self.opener == cursor - 1
        return key.startswith("\n") and brackets


def closed(key: str, before: str, after: str, inside: str, *, prefixes: bool) -> str:
    """What is put right of the cursor when a key is pressed between two texts, if anything is.

    ``inside``: the innermost closer that has been put there. ``prefixes``: whether a quote is
    closed after what may stand before a string.
    """
    if key in _BRACKETS:
        return _BRACKETS[key] if not after or after[0] in (*_BEFORE, *_QUOTES) else ""
    if key not in _QUOTES or inside in _QUOTES:
        return ""
    begins = re.search(r"\w\Z", before) is None or (prefixes and _PREFIX.search(before) is not None)
    if not begins or before.endswith(_QUOTES) or (after and after[0] not in _BEFORE):
        return ""
    return key
