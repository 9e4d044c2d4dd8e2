"""Patterns as in a .gitignore, read by pathspec and matched in time linear in the path.

pathspec makes a regular expression of each. One with many wildcards takes exponential time on a
path that just fails to match (``*a*a*a*b``: minutes for forty letters), and a repository brings
patterns and paths.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

# What pathspec 1 writes for wildcards: those within a name, and those for directories.
_STAR: Final = "[^/]*"
_FIRST_DIRECTORIES: Final = "^(?:.+/)?"
_DIRECTORIES: Final = "(?:/.+)?"


class Patterns:
    """A list of patterns. Files are compared in lower case, on every system."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._given = tuple(patterns)

    @cached_property
    def _compiled(self) -> tuple[dict[str, GitIgnoreSpecPattern], tuple[str, ...]]:
        """Those that are some, and those that are none."""
        good: dict[str, GitIgnoreSpecPattern] = {}
        wrong: list[str] = []
        for pattern in self._given:
            # Of two that are the same, the later one counts.
            good.pop(pattern, None)
            try:
                good[pattern] = _compiled(pattern)
            except (ValueError, re.error):
                wrong.append(pattern)
        return good, tuple(wrong)

    @property
    def wrong(self) -> tuple[str, ...]:
        """Patterns that are none, or of which no path can be; they are ignored."""
        return self._compiled[1]

    @cached_property
    def _spec(self) -> GitIgnoreSpec:
        # Not at the head: the server's start doesn't need it.
        from pathspec import GitIgnoreSpec

        # Another backend would make its own expressions of the patterns.
        return GitIgnoreSpec(self._compiled[0].values(), backend="simple")

    def deciding(self, path: str) -> str:
        """Return the pattern by which a path is one of the list; empty if it isn't.

        ``path``: relative to where the patterns are.
        """
        result = self._spec.check_file(_spelled_alike(path))
        if not result.include or result.index is None:
            return ""
        return list(self._compiled[0])[result.index]


def _spelled_alike(text: str) -> str:
    """Return a text in lower case, and in the one of its spellings that is composed.

    macOS has names with their accents apart.
    """
    low = text.lower()
    return low if low.isascii() else normalize("NFC", low)


def _compiled(pattern: str) -> GitIgnoreSpecPattern:
    """Return the expression for a pattern. Raises ValueError or re.error if it is none.

    Git takes "[", "/" and "./a", too, and finds nothing by them.
    """
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    written, include = GitIgnoreSpecPattern.pattern_to_regex(_spelled_alike(pattern))
    if pattern.startswith("#"):
        return GitIgnoreSpecPattern(None, include)
    names = pattern.removeprefix("!").strip().strip("/").split("/")
    if written is None or not {"", ".", ".."}.isdisjoint(names):
        raise ValueError(pattern)
    return GitIgnoreSpecPattern(re.compile(linear(written)), include)


def linear(written: str) -> str:
    """Return an expression of pathspec's that matches the same paths without backtracking.

    What stands between two wildcards is taken where it is found first, and that is final: whatever
    could follow a later one can follow the first. Behind the last wildcard of its kind pathspec's
    own expression stays; it says which end of the path counts.
    """
    blocks = [_without_backtracking(block) for block in written.split(_DIRECTORIES)]
    final = [_final(block, number) for number, block in enumerate(blocks[:-1])]
    return "".join([*final, _DIRECTORIES if final else "", blocks[-1]])


def _final(block: str, number: int) -> str:
    """Return a block of whole directories, taken where it is found first."""
    if number:
        return f"(?>(?:/.+?)??{block}(?=/))"
    if block.startswith(_FIRST_DIRECTORIES):
        return f"^(?>(?:.+?/)??{block[len(_FIRST_DIRECTORIES) :]}(?=/))"
    return block


def _without_backtracking(block: str) -> str:
    """Return a block in which each part of a name behind a star is taken where it is first."""
    first, *parts = block.split(_STAR)
    made = [first]
    for number, part in enumerate(parts, 1):
        # The last star of a name has to reach its end.
        is_last = number == len(parts) or "/" in part.replace("[^/]", "")
        made.append(f"{_STAR}{part}" if is_last else f"(?>[^/]*?{part})")
    return "".join(made)
