"""Brackets, strings and comments: what is open where in a piece of code.

Strings may have code inside of them (``f"{a}"``, ``"#{a}"``, ``"\\(a)"``, a template's ``${a}``),
and that may have strings again.
"""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

OPENERS: Final = {"(": ")", "[": "]", "{": "}"}
CLOSING_BRACKETS: Final = frozenset(OPENERS.values())
TRIPLE_QUOTE: Final = re.compile(r'"""|\'\'\'')
QUOTES: Final = frozenset("\"'`")
# What an editor closes by itself.
PAIRS: Final = {**OPENERS, '"': '"', "'": "'", "`": "`"}

# Languages in which a single ' stands alone: lifetimes, primes, quoting.
_LONE_APOSTROPHE: Final = frozenset("rust haskell ocaml lisp clojure scheme elisp verilog".split())
_JAVASCRIPT: Final = "javascript typescript javascriptreact typescriptreact vue svelte".split()
BACKTICK_STRINGS: Final = frozenset({*_JAVASCRIPT, "go", "ruby", "shellscript"})
_TRIPLE_QUOTES: Final = frozenset(
    "python java kotlin scala swift csharp groovy dart julia elixir".split()
)
# In these a string may follow a word at once.
_QUOTE_AFTER_WORD: Final = frozenset({"lua", "shellscript"})
# In these a # begins a comment after a blank, a bracket or a semicolon only.
_SPACED_COMMENTS: Final = frozenset({"shellscript", "yaml"})
_NOT_AFTER_WORD: Final = r"(?<!\w)"
_HASH_COMMENTS: Final = frozenset(
    "python ruby perl r yaml toml makefile julia elixir dockerfile nim powershell "
    "shellscript".split()
)
_SLASH_COMMENTS: Final = frozenset(
    "c cpp java javascript javascriptreact typescript typescriptreact go rust csharp kotlin swift "
    "php scala dart groovy objective-c zig scss less jsonc".split()
)
_DASH_COMMENTS: Final = frozenset("lua sql haskell elm".split())
_COMMENTS: Final = frozenset(("#", "//", "--", "/*", "--[["))


class _Inside(NamedTuple):
    """How code is put into a string: what begins it, and in which strings."""

    opener: str
    strings: tuple[str, ...]


# Language reference of each; for Python and C# the string is marked as one with code in it.
_INTERPOLATIONS: Final[dict[str, tuple[_Inside, ...]]] = {
    **dict.fromkeys(_JAVASCRIPT, (_Inside("${", ("`",)),)),
    **dict.fromkeys(
        ("ruby", "elixir", "crystal", "coffeescript"), (_Inside("#{", ('"', '"""', "`")),)
    ),
    **dict.fromkeys(
        ("kotlin", "groovy", "scala", "terraform", "hcl"), (_Inside("${", ('"', '"""')),)
    ),
    "dart": (_Inside("${", ('"', "'", '"""', "'''")),),
    "swift": (_Inside("\\(", ('"', '"""')),),
    "php": (_Inside("{$", ('"',)), _Inside("${", ('"',))),
    "perl": (_Inside("${", ('"',)), _Inside("@{", ('"',))),
    "shellscript": (_Inside("${", ('"',)), _Inside("$(", ('"',))),
    "julia": (_Inside("$(", ('"', '"""')),),
    "python": (_Inside("{", ('f"', "f'", 'f"""', "f'''")),),
    "csharp": (_Inside("{", ('f"', 'f"""')),),
}
# What stands before a string that has code in it, and before others.
_MARKED: Final = {
    "python": r"(?<!\w)[rR]?[fFtT][rR]?|(?<!\w)[bBrRuU]{1,2}",
    "csharp": r"@?\${1,9}+@?|@",
}
_CODED: Final = frozenset("fFtT$")


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
    """What closes this, of :attr:`Scan.opened`; empty for a comment that ends with its line."""
    if opened in OPENERS:
        return OPENERS[opened]
    if opened.startswith("<"):
        return ")" if opened.endswith("(") else "}"
    if is_string(opened):
        return opened[::-1].rstrip("f")
    return "*/" if opened == "/*" else ""


@lru_cache(maxsize=128)
def _content(opened: str, language: str) -> re.Pattern[str]:
    """A string or comment up to its end (group 1), to code in it (group 2), or to the text's end.

    No possessive repeat around a look ahead: Debian 12's Python 3.11.2 gets that wrong. Without,
    nothing is tried twice either, since the whole can't fail.
    """
    if opened in ("#", "//", "--"):
        return re.compile(r"[^\n]*+(\n)?(\b\B)?")
    if opened == "--[[":
        return re.compile(r"[^\]]*(?:\](?!\])[^\]]*)*(\]\])?(\b\B)?")
    if opened == "/*":
        return re.compile(r"[^*]*(?:\*(?!/)[^*]*)*(\*/)?(\b\B)?")
    closer = closer_of(opened)
    codes = [one.opener for one in _INTERPOLATIONS.get(language, ()) if opened in one.strings]
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
    """Everything that a scan of this language's code stops at, in groups by what it is."""
    whole, comments = [], []
    # After a word an apostrophe is no quote.
    apostrophe = "'" if language in _QUOTE_AFTER_WORD else f"{_NOT_AFTER_WORD}'"
    strings = ["'''", '"""'] if language in _TRIPLE_QUOTES else []
    strings.append('"')
    if language in _LONE_APOSTROPHE:
        # A character in quotes may be a bracket; a lifetime's name has no second quote.
        whole.append(r"'(?:\\.|[^'\\\n])'")
    else:
        strings.append(apostrophe)
    if language == "rust":
        strings.insert(0, '#"')
    if language in BACKTICK_STRINGS:
        strings.append("`")
    if language in _MARKED:
        quotes = "|".join(one.removeprefix(_NOT_AFTER_WORD) for one in strings)
        strings.insert(0, f"(?:{_MARKED[language]})(?:{quotes})")
    if language in _JAVASCRIPT or language == "ruby":
        # A regular expression stands where a value does. The limits keep a long line of slashes
        # from being searched to its end at each of them.
        whole.append(
            r"(?:(?<=[(,=:\[!&|?{};])|(?<=[(,=:\[!&|?{};] )|(?<=return )|(?<==~ ))"
            r"/(?![/*\s])(?:[^\\/\n\[]|\\.|\[(?:[^\]\\\n]|\\.){0,99}+\]){1,200}+/"
        )
    if language in _HASH_COMMENTS:
        # Of a shell's ${#a} and $# none begins a comment.
        comments.append(r"(?<![^\s;()])#" if language in _SPACED_COMMENTS else "#")
    if language in _SLASH_COMMENTS:
        comments.append(r"/[/*]")
    if language in _DASH_COMMENTS:
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
    comment. ``places``: where each stands in the text followed last, -1 if not in there.
    ``closed``: what was open at first and was closed since in the text followed last, innermost
    first. ``stray``: where the first closer stands that matches none of them; the scan stops there,
    or skips it if ``lenient``. ``spilled``: where a string that was open at first ended with its
    line instead.
    """

    __slots__ = (
        *("_language", "_marks", "closed", "lenient", "opened", "outer"),
        *("places", "spilled", "stray"),
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
        self.places = [-1] * len(self.opened)
        self.outer = len(self.opened)
        self.closed: list[Closed] = []
        self.lenient = lenient
        self.stray: int | None = None
        self.spilled: int | None = None

    def copy(self) -> Scan:
        """Another one that goes on from here."""
        other = copy(self)
        other.opened, other.places, other.closed = self.opened[:], self.places[:], self.closed[:]
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

    def follow(self, text: str) -> Scan:
        """Go on with this text."""
        position, search = 0, self._marks.search
        self.closed = []
        self.places = [-1] * len(self.opened)
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
        self.places.append(place)

    def _close(self, start: int, end: int, *, by: str) -> None:
        last = self.opened.pop()
        self.places.pop()
        if len(self.opened) < self.outer:
            self.outer = len(self.opened)
            if last not in _COMMENTS and by != "\n":
                self.closed.append(Closed(start, end))
            elif last not in _COMMENTS and self.spilled is None:
                self.spilled = start


def _string(mark: str) -> str:
    """How a string is noted, by what stands at its beginning."""
    quotes = mark.lstrip("bBrRuUfFtT@$")
    prefix = mark[: len(mark) - len(quotes)]
    return quotes if _CODED.isdisjoint(prefix) else "f" + quotes


class Open(NamedTuple):
    """What is open at the end of a text. ``code``: as :attr:`Scan.opened`. ``texts``: for each of
    them the brackets and quotes that are open in it where it is a string or a comment, on its last
    line. ``indents``: the blanks at the start of the line in which each was opened; None if that is
    out of reach. ``here``: how many of them were opened on the last line.
    """

    code: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    indents: tuple[str | None, ...]
    here: int


# Characters before a place that are searched for what is open there.
SCAN_REACH: Final = 4_000


@lru_cache(maxsize=64)
def open_at(prefix: str, language: str) -> Open:
    """What is open at the end of a text, of which only the last part is looked at."""
    start = prefix.rfind("\n", 0, len(prefix) - SCAN_REACH) + 1 if len(prefix) > SCAN_REACH else 0
    # In a line that is too long by itself the start moves in steps, not with every character.
    start = max(start, (len(prefix) // SCAN_REACH - 2) * SCAN_REACH)
    near = prefix[start:]
    scan = Scan(language, quote=_quote_at(prefix, start, language), lenient=True).follow(near)
    indents = tuple(_indent_at(near, place) if place >= 0 else None for place in scan.places)
    line_start = near.rfind("\n") + 1
    here = sum(place >= line_start for place in scan.places)
    ends = [*scan.places, len(near)][1:] if scan.opened else []
    texts = tuple(
        _open_in_text(near[max(place + 1, near.rfind("\n", 0, end) + 1) : end], closer_of(opened))
        if is_text(opened)
        else ()
        for opened, place, end in zip(scan.opened, scan.places, ends, strict=True)
    )
    return Open(tuple(scan.opened), texts, indents, here)


def _indent_at(text: str, place: int) -> str:
    found = _BLANKS.match(text, text.rfind("\n", 0, place) + 1, place)
    assert found is not None
    return found[0]


def _quote_at(prefix: str, start: int, language: str) -> str:
    """The string or comment of several lines that a place is in, as far as counting tells."""
    if language == "python":
        marks = TRIPLE_QUOTE.findall(prefix, 0, start)
        return marks[-1] if len(marks) % 2 else ""
    if language in BACKTICK_STRINGS - {"ruby", "shellscript"}:
        return "`" if prefix.count("`", 0, start) % 2 else ""
    if start and language in _SLASH_COMMENTS and prefix[start : start + 200].lstrip()[:1] == "*":
        return "/*"
    return ""


def _open_in_text(text: str, quote: str) -> tuple[str, ...]:
    """What a string's own text leaves open. Its own quote, of which it may have three, is none."""
    opened: list[str] = []
    for found in _PAIRED.finditer(text):
        mark = found[0]
        if opened and PAIRS[opened[-1]] == mark:
            opened.pop()
        elif mark in PAIRS and mark not in quote:
            opened.append(mark)
    return tuple(opened)


_PAIRED: Final = re.compile(r"""[()\[\]{}"`]|(?<!\w)'|'(?!\w)""")
_CLOSER: Final = re.compile(r"""[ \t]*("{3}|'{3}|[)\]}"'`])""")
_BLANKS: Final = re.compile(r"[ \t]*")
_BEHIND: Final = re.compile(r"[;,\s]*\Z")


class Closer(NamedTuple):
    """A closer in the rest of a line: where it ends, which of what is open it closes, from the
    innermost, or which of what is open in the text of that (None if it closes that itself).
    """

    end: int
    layer: int
    level: int | None

    @property
    def in_text(self) -> bool:
        """Whether it closes what is open in a string's or a comment's own text."""
        return self.level is not None


@lru_cache(maxsize=64)
def closers_in(rest: str, opened: Open) -> tuple[Closer, ...]:
    """The closers that the rest of a line consists of.

    Empty if there is more in it than closers of what is open, innermost first, with ``;`` and
    ``,`` behind them. A string need not be closed there: editors close no quote behind a word.
    """
    layers = list(zip(reversed(opened.code), map(list, reversed(opened.texts)), strict=True))
    closers: list[Closer] = []
    layer = position = 0
    while (found := _CLOSER.match(rest, position)) is not None:
        if layer == len(layers):
            return ()
        closer, (mark, text) = found[1], layers[layer]
        if (
            closer[0] not in QUOTES
            and not text
            and ends_with_line(mark)
            and layer + 1 < len(layers)
        ):
            layer += 1
            mark, text = layers[layer]
        # Three quotes may be one, and a pair that is none of ours.
        closer = closer if closer_of(mark) == closer else closer[:1]
        while text and PAIRS[text[-1]] != closer:
            # An apostrophe, or a bracket that nobody wants to be closed.
            text.pop()
        position = found.start(1) + len(closer)
        level = len(opened.texts[~layer]) - len(text) if text else None
        closers.append(Closer(position, layer, level))
        if text:
            text.pop()
        elif closer_of(mark) == closer:
            layer += 1
        else:
            return ()
    return tuple(closers) if _BEHIND.match(rest, position) else ()


def passed(fill: str, rest: str, opened: Open, language: str) -> list[Closed]:
    """Where a fill closes what the rest of the line closes too, in the order of the rest."""
    closed = Scan(language, opened=opened.code, lenient=True).follow(fill).closed
    found: list[Closed] = []
    for layer, closers in groupby(closers_in(rest, opened), key=lambda closer: closer.layer):
        levels = [closer.level for closer in closers]
        if layer > len(closed):
            break
        position = closed[layer - 1].end if layer else 0
        end = closed[layer].start if layer < len(closed) else len(fill)
        if in_text := [level for level in levels if level is not None]:
            own = _closed_in_text(fill, position, end, opened.texts[~layer])
            found += [own[level] for level in in_text if level < len(own)]
            if in_text[-1] >= len(own):
                # Then what is around it isn't to be closed either.
                break
        if layer >= len(closed) or levels[-1] is not None:
            break
        found.append(closed[layer])
    return found


def _closed_in_text(text: str, start: int, end: int, opened: tuple[str, ...]) -> list[Closed]:
    """Where a part of a text closes what is open in a string's own text."""
    stack, least = list(opened), len(opened)
    closed: list[Closed] = []
    for found in _PAIRED.finditer(text, start, end):
        if stack and PAIRS[stack[-1]] == found[0]:
            stack.pop()
            if len(stack) < least:
                least = len(stack)
                closed.append(Closed(found.start(), found.end()))
        elif found[0] in PAIRS:
            stack.append(found[0])
    return closed
