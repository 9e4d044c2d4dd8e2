"""Brackets, strings and comments: what is open where in a piece of code."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

OPENERS: Final = {"(": ")", "[": "]", "{": "}"}
CLOSERS: Final = frozenset(OPENERS.values())
TRIPLE_QUOTE: Final = re.compile(r'"""|\'\'\'')
QUOTES: Final = frozenset("\"'`")

# Languages in which a single ' stands alone: lifetimes, primes, quoting.
_LONE_APOSTROPHE: Final = frozenset("rust haskell ocaml lisp clojure scheme elisp verilog".split())
_BACKTICK_STRINGS: Final = frozenset(
    "javascript typescript javascriptreact typescriptreact go vue svelte shellscript".split()
)
_HASH_COMMENTS: Final = frozenset(
    "python ruby perl r yaml toml makefile julia elixir dockerfile nim powershell "
    "shellscript".split()
)
_SLASH_COMMENTS: Final = frozenset(
    "c cpp java javascript javascriptreact typescript typescriptreact go rust csharp kotlin swift "
    "php scala dart groovy objective-c zig scss less jsonc".split()
)
_DASH_COMMENTS: Final = frozenset("lua sql haskell elm".split())
# What ends a string or comment, by what it began with.
_ENDS: Final = {
    '"': r'(?:[^"\\\n]|\\.)*+(["\n])?',
    "'": r"(?:[^'\\\n]|\\.)*+(['\n])?",
    "`": r"(?:[^`\\]|\\.)*+(`)?",
    # No possessive repeat around a look ahead: Debian 12's Python 3.11.2 gets that wrong. Without,
    # nothing is tried twice either, since the whole can't fail.
    '"""': r'[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(""")?',
    "'''": r"[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(''')?",
    "#": r"[^\n]*+(\n)?",
    "//": r"[^\n]*+(\n)?",
    "--": r"[^\n]*+(\n)?",
    "/*": r"[^*]*(?:\*(?!/)[^*]*)*(\*/)?",
}


@lru_cache(maxsize=16)
def _end_of(mark: str) -> re.Pattern[str]:
    return re.compile(_ENDS[mark], re.DOTALL)


@lru_cache(maxsize=64)
def _marks(language: str) -> re.Pattern[str]:
    """Everything that a scan of this language's code stops at."""
    marks = [r"[()\[\]{}\"]"]
    if language == "python":
        marks.insert(0, TRIPLE_QUOTE.pattern)
    # A character in quotes may be a bracket; a lifetime's name has no second quote.
    marks.append(r"'(?:\\.|[^'\\\n])'" if language in _LONE_APOSTROPHE else "'")
    if language in _BACKTICK_STRINGS:
        marks.append("`")
    if language in _HASH_COMMENTS:
        # Of a shell's ${#a} and $# none begins a comment.
        marks.append(r"(?<![^\s()\[\]{};,])#" if language == "shellscript" else "#")
    if language in _SLASH_COMMENTS:
        marks.append(r"/[/*]")
    if language in _DASH_COMMENTS:
        marks.append("--")
    return re.compile("|".join(marks))


class Scan:
    """Follows brackets, strings and comments through a text.

    ``opened``: openers that wait for their closer, and ``places`` where they stand in the text
    followed last. ``stray``: where the first closer stands that matches none of them; the scan
    stops there, or skips it if ``lenient``. ``quote``: what began the string or comment that the
    text ends in. A string that is left open ends with its line.
    """

    __slots__ = ("_marks", "lenient", "opened", "places", "quote", "stray")

    def __init__(
        self,
        language: str,
        *,
        quote: str = "",
        opened: tuple[str, ...] = (),
        lenient: bool = False,
    ) -> None:
        self._marks = _marks(language)
        self.quote = quote
        self.opened = list(opened)
        self.places = [-1] * len(opened)
        self.lenient = lenient
        self.stray: int | None = None

    @property
    def string(self) -> str:
        """``quote`` if it is a string's."""
        return self.quote if self.quote[:1] in QUOTES else ""

    def follow(self, text: str) -> Scan:
        """Go on with this text."""
        position, search = 0, self._marks.search
        while True:
            if self.quote:
                ended = _end_of(self.quote).match(text, position)
                assert ended is not None
                if ended[1] is None:
                    return self
                self.quote = ""
                position = ended.end()
            found = search(text, position)
            if found is None:
                return self
            mark, position = found[0], found.end()
            if mark in OPENERS:
                self.opened.append(mark)
                self.places.append(found.start())
            elif mark in CLOSERS:
                if self.opened and OPENERS[self.opened[-1]] == mark:
                    self.opened.pop()
                    self.places.pop()
                elif not self.lenient:
                    self.stray = found.start()
                    return self
            elif mark in _ENDS:
                self.quote = mark
