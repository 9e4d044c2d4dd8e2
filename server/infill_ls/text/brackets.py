"""Brackets, strings and comments: what is open where in a piece of code.

Strings may have code inside of them (``f"{a}"``, ``"#{a}"``, ``"\\(a)"``, a template's ``${a}``),
and that may have strings again.
"""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from typing import Final, NamedTuple

from infill_ls.text.languages import (
    BACKTICK_STRINGS,
    DASH_COMMENTS,
    HASH_COMMENTS,
    INTERPOLATIONS,
    JAVASCRIPT,
    LONE_APOSTROPHE,
    MARKED_STRINGS,
    QUOTE_AFTER_WORD,
    SLASH_COMMENTS,
    SPACED_COMMENTS,
    TRIPLE_QUOTES,
)

OPENERS: Final = {"(": ")", "[": "]", "{": "}"}
CLOSING_BRACKETS: Final = frozenset(OPENERS.values())
TRIPLE_QUOTE: Final = re.compile(r'"""|\'\'\'')
QUOTES: Final = frozenset("\"'`")
# What an editor closes by itself.
PAIRS: Final = {**OPENERS, '"': '"', "'": "'", "`": "`"}

_COMMENTS: Final = frozenset(("#", "//", "--", "/*", "--[["))
_CODED: Final = frozenset("fFtT$")
_NOT_AFTER_WORD: Final = r"(?<!\w)"
# Characters before a place that are searched for what is open there.
SCAN_REACH: Final = 4_000


def is_string(opened: str) -> bool:
    """Whether this, of :attr:`Scan.opened`, is a string."""
    return opened[-1:] in QUOTES


def ends_with_line(opened: str) -> bool:
    """Whether this is a string that ends with its line."""
    return is_string(opened) and opened != "`" and len(closer_of(opened)) == 1


def is_text(opened: str) -> bool:
    """Whether this is a string or a comment."""
    return is_string(opened) or opened in _COMMENTS


def closer_of(opened: str) -> str:
    """Return what closes this, of :attr:`Scan.opened`.

    Empty for a comment that ends with its line.
    """
    if opened in OPENERS:
        return OPENERS[opened]
    if opened.startswith("<"):
        return ")" if opened.endswith("(") else "}"
    if is_string(opened):
        return opened[::-1].rstrip("f")
    return "*/" if opened == "/*" else ""


@lru_cache(maxsize=128)
def _content(opened: str, language: str) -> re.Pattern[str]:
    """Return a pattern for a string's or a comment's own text.

    It goes up to the end (group 1), to code in it (group 2), or to the text's end. No possessive
    repeat around a look ahead: Debian 12's Python 3.11.2 gets that wrong. Without, nothing is tried
    twice either, since the whole can't fail.
    """
    if opened in ("#", "//", "--"):
        return re.compile(r"[^\n]*+(\n)?(\b\B)?")
    if opened == "--[[":
        return re.compile(r"[^\]]*(?:\](?!\])[^\]]*)*(\]\])?(\b\B)?")
    if opened == "/*":
        return re.compile(r"[^*]*(?:\*(?!/)[^*]*)*(\*/)?(\b\B)?")
    closer = closer_of(opened)
    codes = [one.opener for one in INTERPOLATIONS.get(language, ()) if opened in one.strings]
    # What stops the search and is neither an end nor code.
    plain = [r"\\(?!\()." if "\\(" in codes else r"\\."]
    if len(closer) > 1:
        plain.append(f"{closer[0]}(?!{re.escape(closer[1:])})")
    if "{" in codes:
        plain.append(r"\{\{")
    for first in sorted(
        {code[0] for code in codes} - {"\\", "{"} | ({"{"} if "{$" in codes else set())
    ):
        others = "|".join(re.escape(code[1:]) for code in codes if code[0] == first)
        plain.append(f"{re.escape(first)}(?!{others})")
    line = ends_with_line(opened)
    stops = re.escape("".join(sorted({closer[0], "\\", *(code[0] for code in codes)})))
    run = f"[^{stops}{chr(92) + 'n' if line else ''}]*"
    end = f"({closer}{'|' + chr(92) + 'n' if line else ''})"
    code = "|".join(r"\{(?!\{)" if one == "{" else re.escape(one) for one in codes)
    text = f"{run}(?:(?:{'|'.join(plain)}){run})*(?:{end}|({code or '(?!)'}))?"
    return re.compile(text, re.DOTALL)


@lru_cache(maxsize=64)
def _marks(language: str) -> re.Pattern[str]:
    """Return a pattern for everything that a scan of this language's code stops at.

    Its groups say what was found: ``whole``, ``string``, ``bracket`` or ``comment``.
    """
    whole, comments = [], []
    # After a word an apostrophe is no quote.
    apostrophe = "'" if language in QUOTE_AFTER_WORD else f"{_NOT_AFTER_WORD}'"
    strings = ["'''", '"""'] if language in TRIPLE_QUOTES else []
    strings.append('"')
    if language in LONE_APOSTROPHE:
        # A character in quotes may be a bracket; a lifetime's name has no second quote.
        whole.append(r"'(?:\\.|[^'\\\n])'")
    else:
        strings.append(apostrophe)
    if language == "rust":
        strings.insert(0, '#"')
    if language in BACKTICK_STRINGS:
        strings.append("`")
    if language in MARKED_STRINGS:
        quotes = "|".join(one.removeprefix(_NOT_AFTER_WORD) for one in strings)
        strings.insert(0, f"(?:{MARKED_STRINGS[language]})(?:{quotes})")
    if language in JAVASCRIPT or language == "ruby":
        # A regular expression stands where a value does. The limits keep a long line of slashes
        # from being searched to its end at each of them.
        whole.append(
            r"(?:(?<=[(,=:\[!&|?{};])|(?<=[(,=:\[!&|?{};] )|(?<=return )|(?<==~ ))"
            r"/(?![/*\s])(?:[^\\/\n\[]|\\.|\[(?:[^\]\\\n]|\\.){0,99}+\]){1,200}+/"
        )
    if language in HASH_COMMENTS:
        # Of a shell's ${#a} and $# none begins a comment.
        comments.append(r"(?<![^\s;()])#" if language in SPACED_COMMENTS else "#")
    if language in SLASH_COMMENTS:
        comments.append(r"/[/*]")
    if language in DASH_COMMENTS:
        comments.append(r"--(?:\[\[)?" if language == "lua" else "--")
    groups = {"whole": whole, "string": strings, "bracket": [r"[()\[\]{}]"], "comment": comments}
    return re.compile(
        "|".join(f"(?P<{name}>{'|'.join(marks)})" for name, marks in groups.items() if marks)
    )


class Closed(NamedTuple):
    """Where something that was open at first was closed: from and up to a position in the text."""

    start: int
    end: int


class Scan:
    """Follows brackets, strings and comments through a text.

    ``opened``: what waits for its closer, outermost first: brackets, quotes (with an ``f`` before
    them where ``{`` begins code in them), ``<`` and what begins code in a string, what begins a
    comment. ``positions``: where each stands in the text followed last, -1 if not in there.
    ``closed``: what was open at first and was closed since in the text followed last, innermost
    first. ``stray``: where the first closer stands that matches none of them; the scan stops there,
    or skips it if ``lenient``. ``spilled``: where a string that was open at first ended with its
    line instead.
    """

    __slots__ = (
        *("_language", "_marks", "closed", "lenient", "opened", "outer"),
        *("positions", "spilled", "stray"),
    )

    def __init__(
        self,
        language: str,
        *,
        quote: str = "",
        opened: tuple[str, ...] = (),
        lenient: bool = False,
    ) -> None:
        self._language = language
        self._marks = _marks(language)
        self.opened = [*opened, quote] if quote else list(opened)
        self.positions = [-1] * len(self.opened)
        self.outer = len(self.opened)
        self.closed: list[Closed] = []
        self.lenient = lenient
        self.stray: int | None = None
        self.spilled: int | None = None

    def copy(self) -> Scan:
        """Return another one that goes on from here."""
        other = copy(self)
        other.opened, other.positions, other.closed = (
            self.opened[:],
            self.positions[:],
            self.closed[:],
        )
        return other

    @property
    def quote(self) -> str:
        """What began the string or comment that the text ends in; a string's without its mark."""
        top = self.opened[-1] if self.opened else ""
        return top if top in _COMMENTS else closer_of(top) if is_string(top) else ""

    @property
    def string(self) -> str:
        """``quote`` if it is a string's."""
        return self.quote if self.quote[:1] in QUOTES else ""

    @property
    def brackets(self) -> list[str]:
        """The brackets among ``opened``, those of code in strings too."""
        return [one for one in self.opened if not is_text(one)]

    @property
    def in_brackets(self) -> bool:
        """Whether there are any ``brackets``."""
        # Mostly the outermost one is: a model in a loop opens thousands.
        return any(not is_text(one) for one in self.opened)

    def follow(self, text: str) -> Scan:
        """Go on with this text, and return the scan itself."""
        position, search = 0, self._marks.search
        self.closed = []
        self.positions = [-1] * len(self.opened)
        while True:
            top = self.opened[-1] if self.opened else ""
            if is_text(top):
                found = _content(top, self._language).match(text, position)
                assert found is not None
                if found[1] is not None:
                    self._close(found.start(1), found.end(1), by=found[1])
                elif found[2] is not None:
                    self._open("<" + found[2], found.start(2))
                else:
                    return self
                position = found.end()
                continue
            found = search(text, position)
            if found is None:
                return self
            mark, position = found[0], found.end()
            kind = found.lastgroup
            if kind == "string":
                self._open(_string(mark), found.start())
            elif kind == "comment" or mark in OPENERS:
                self._open(mark, found.start())
            elif kind == "bracket":
                if top and closer_of(top) == mark:
                    self._close(found.start(), position, by=mark)
                elif not self.lenient:
                    self.stray = found.start()
                    return self

    def _open(self, mark: str, place: int) -> None:
        self.opened.append(mark)
        self.positions.append(place)

    def _close(self, start: int, end: int, *, by: str) -> None:
        last = self.opened.pop()
        self.positions.pop()
        if len(self.opened) < self.outer:
            self.outer = len(self.opened)
            if last not in _COMMENTS and by != "\n":
                self.closed.append(Closed(start, end))
            elif last not in _COMMENTS and self.spilled is None:
                self.spilled = start


def _string(mark: str) -> str:
    """Return how a string is noted, by what stands at its beginning."""
    quotes = mark.lstrip("bBrRuUfFtT@$")
    prefix = mark[: len(mark) - len(quotes)]
    return quotes if _CODED.isdisjoint(prefix) else "f" + quotes
