"""What the model has written so far becomes the fill so far, and whether it is complete.

:class:`Trim` takes the text as it streams. Every decision depends on the text alone and never
changes when more arrives, so the outcome is the same wherever the stream is split. The steps, in
order:

1. ``readable``: end at control tokens and at characters that have no place in code.
2. ``unwrapped``: take the code out of a Markdown fence, refuse prose.
3. ``joined``: drop blanks that stand before the cursor already, and what they did to the lines
   below.
4. ``bracketed``: end at a bracket or quote that closes what was not opened in the fill, when the
   text after the cursor closes it, or nothing before the cursor opened it.
5. ``fitted``: one line, one statement or one block; end where the text after the cursor begins
   to repeat, and where the fill repeats itself.
6. ``tidy``: no blanks at the ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from infill_ls.families import UNMISTAKABLE
from infill_ls.hole import Hole

Shape = Literal["line", "statement", "block"]

# Longer fills are never shown: nobody reads them, and one model in a loop fills the screen.
MAX_CHARACTERS: Final = 4_000
# A control token that the stream breaks off inside of is dropped from this length on; shorter
# starts of one (<, <|) are operators in many languages.
_PARTIAL_TOKEN: Final = 5
_KNOWN_TOKENS: Final = (
    *("<|fim_middle|>", "<|endoftext|>", "<|EOT|>", "<file_sep>"),
    *(f"<fim{mark}{name}>" for mark in "_-" for name in ("prefix", "suffix", "middle", "pad")),
)
# Any other one that may still become a control token (UNMISTAKABLE).
_TOKEN_BEGUN: Final = re.compile(r"<(?:\|[a-z_]{0,24}\|?|｜[^｜\n]{0,24}｜?)\Z")
# How much text before the cursor is searched for open brackets, in characters.
_BRACKET_REACH: Final = 4_000

# C0 and C1 controls, bidirectional controls (CVE-2021-42574), zero-width characters, Unicode's
# own line ends and tags: invisible in ghost text, so that a user would accept what he can't see.
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_FENCE: Final = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_FENCE_BEGUN: Final = re.compile(r"^[ \t]*(?:`{1,2}|~{1,2})\Z", re.MULTILINE)
# How small instruct models begin when they explain instead of filling.
_OPENINGS: Final = (
    *("Here's", "Here is", "Here are", "Sure", "Certainly", "Of course", "In this", "Note that"),
    *(f"To {verb}" for verb in "complete fill fix solve implement".split()),
    *(f"This {word}" for word in "code function program solution method line will is".split()),
    *(f"The {word}" for word in "code function above following given missing completed".split()),
    *("The provided", "Please", "I have", "I will", "I am", "I can", "You can", "Explanation"),
)
# The look-ahead makes sure that the last word is over, so that more text can't change the verdict.
_PROSE: Final = re.compile(rf"(?:{'|'.join(_OPENINGS)})(?=\W)|\*\*[A-Z]")
_PROSE_LANGUAGES: Final = frozenset(
    "markdown mdx rmd quarto restructuredtext rst asciidoc plaintext text tex latex html "
    "gitcommit git-commit mail".split()
)
_TRIPLE_QUOTE: Final = re.compile(r'"""|\'\'\'')
_COMMENT: Final = re.compile(r"^\s*(?:#|//|/?\*|--|;|%|<!--)")

_OPENERS: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSERS: Final = frozenset(_OPENERS.values())
# Languages in which a single ' stands alone: lifetimes, primes, quoting.
_LONE_APOSTROPHE: Final = frozenset("rust haskell ocaml lisp clojure scheme elisp verilog".split())
_BACKTICK_STRINGS: Final = frozenset(
    "javascript typescript javascriptreact typescriptreact go vue svelte shellscript".split()
)
# In these a statement ends with its line, unless the line itself says otherwise. Elsewhere one
# without an end mark may go on below: with a brace, a method call, a body up to its end.
_LINE_LANGUAGES: Final = frozenset({"python", "go"})
# Words and marks that go on with the statement above at its own indentation.
_CLAUSES: Final = frozenset(
    "else elif elsif elseif except finally rescue ensure catch case default when end fi done esac "
    "then do endif until".split()
) | {*_CLOSERS, "{", ".", "|"}
# Comments, attributes and decorators belong to the statement below them.
_INTRODUCES: Final = re.compile(r"\s*(?:#|//|/\*|-- |@[\w.]+(?:\(.*)?$)|.*\*/$")
_FIRST_WORD: Final = re.compile(r"[ \t]*(?:(\w+)(?=\W)|([^\w\s]))")
_UNFINISHED: Final = re.compile(r"(?:[,\\=+\-*/%&|^<>.?]|\b(?:and|or|not|in|is|if|else))$")
_BLANK_LINES: Final = re.compile(r"\A(?:[ \t]*\n)+")
# An odd number of blanks before code. Comments of the form /** have lines such as " * text".
_ODD_INDENT: Final = re.compile(r"^((?:  )*) (?=[^\s*])", re.MULTILINE)
_OPENS: Final = re.compile(r"(?:[:{(\[]|=>|->|\b(?:do|then|begin|else|try))$")


@dataclass(frozen=True, slots=True)
class Fill:
    """``text``: the fill so far. ``ended_by``: the step that completed it, None while it grows."""

    text: str
    ended_by: str | None = None

    @property
    def complete(self) -> bool:
        return self.ended_by is not None


class Trim:
    """Takes a stream of text for one hole and says at each piece what the fill is so far."""

    def __init__(self, hole: Hole, *, shape: Shape, control: tuple[str, ...] = ()) -> None:
        self._hole = hole
        self._shape = shape
        self._control = control
        self._raw = ""
        self.fill = Fill("")

    def feed(self, text: str) -> Fill:
        """Take the next piece of the stream. After a complete fill, more changes nothing."""
        if not self.fill.complete:
            self._raw += text
            self.fill = trim(self._raw, self._hole, self._shape, self._control, over=False)
        return self.fill

    def finish(self, *, cut_short: bool = False) -> Fill:
        """The stream is over; ``cut_short`` if a limit ended it and not the model."""
        if not self.fill.complete:
            self.fill = trim(
                self._raw, self._hole, self._shape, self._control, over=True, cut_short=cut_short
            )
        return self.fill


def trim(
    raw: str,
    hole: Hole,
    shape: Shape,
    control: tuple[str, ...] = (),
    *,
    over: bool = True,
    cut_short: bool = False,
) -> Fill:
    """The fill in ``raw``, the whole of what the model wrote so far.

    ``over``: nothing will follow. Until then the fill is complete only where more text could
    not change it; its text meanwhile is what may be shown.
    """
    raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    text, ended = _readable(raw, control, over)
    if ended == "unsafe character":
        # Leaving the character out would change what its line means; only a fill that was
        # complete before it may have part of that line.
        earlier = trim(text, hole, shape, control, over=False)
        if earlier.complete:
            return earlier
        text = text.rpartition("\n")[0]
    text, ended = _unwrapped(text, ended, hole, over)
    text, ended = _joined(text, ended, hole)
    text, ended = _bracketed(text, ended, hole)
    text, ended = _fitted(text, ended, hole, shape, over=over, cut_short=cut_short)
    if len(text) > MAX_CHARACTERS:
        text, ended = text[:MAX_CHARACTERS].rpartition("\n")[0], "length"
    if ended is None and over:
        ended = "limit" if cut_short else "model"
    return Fill(_tidy(text, hole) if ended else text, ended)


def continuation(
    raw: str, hole: Hole, control: tuple[str, ...] = (), *, over: bool = True
) -> tuple[str, str | None]:
    """What the model goes on with at the cursor, before it is cut to fit, and what ended it.

    None for the latter as long as more may come.
    """
    raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    text, ended = _readable(raw, control, over)
    if ended == "unsafe character":
        text = text.rpartition("\n")[0]
    text, ended = _unwrapped(text, ended, hole, over)
    return _joined(text, ended, hole)


@lru_cache(maxsize=16)
def _token_pattern(control: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(control, key=len, reverse=True)
    return re.compile("|".join([*map(re.escape, longest_first), UNMISTAKABLE.pattern]))


def _readable(text: str, control: tuple[str, ...], over: bool) -> tuple[str, str | None]:
    ended = None
    if token := _token_pattern(control).search(text):
        text, ended = text[: token.start()], "control token"
    if unsafe := _UNSAFE.search(text):
        text, ended = text[: unsafe.start()], "unsafe character"
    if ended is None:
        held = _partial_token(text, control)
        if held < _PARTIAL_TOKEN and over:
            held = 0
        elif not over and (begun := _TOKEN_BEGUN.search(text)):
            held = max(held, len(text) - begun.start())
        text = text[: len(text) - held]
    return text, ended


def _partial_token(text: str, control: tuple[str, ...]) -> int:
    """Length of the start of a control token at the end of the text, 0 if there is none."""
    tokens = (*control, *_KNOWN_TOKENS)
    return max(
        (
            length
            for token in tokens
            for length in range(1, min(len(token), len(text) + 1))
            if text.endswith(token[:length])
        ),
        default=0,
    )


def _unwrapped(text: str, ended: str | None, hole: Hole, over: bool) -> tuple[str, str | None]:
    if hole.language in _PROSE_LANGUAGES or _in_text(hole.prefix):
        return text, ended
    if ended is None and not over:
        if begun := _FENCE_BEGUN.search(text):
            text = text[: begun.start()]
        if any(opening.startswith(text.lstrip()) for opening in (*_OPENINGS, "**")):
            # The next character decides whether this is prose.
            return "", None
    fence = _FENCE.search(text)
    prose = _PROSE.match(text.lstrip())
    if fence and (prose or not text[: fence.start()].strip()):
        inside = text[fence.start() :].partition("\n")[2]
        if closing := _FENCE.search(inside):
            inside, ended = inside[: closing.start()], "fence"
        # A model that answers in a fence says again what it was to go on with.
        typed = hole.line_before.strip()
        if typed and ended is None and not over and typed.startswith(inside.lstrip()):
            return "", None
        return (inside.lstrip().removeprefix(typed) if typed else inside), ended
    if prose:
        # No code so far; a fence with it may still come.
        return "", ended
    if fence:
        return text[: fence.start()], "fence"
    for gap in re.finditer(r"\n\n+", text):
        if _PROSE.match(text, gap.end()) and not _in_text(hole.prefix + text[: gap.start()]):
            return text[: gap.start() + 1], "prose"
    return text, ended


def _in_text(before: str) -> bool:
    """Whether the place after this text is in a comment or a docstring, where prose is wanted."""
    last_line = before[before.rfind("\n") + 1 :]
    return bool(_COMMENT.match(last_line)) or len(_TRIPLE_QUOTE.findall(before)) % 2 == 1


def _joined(text: str, ended: str | None, hole: Hole) -> tuple[str, str | None]:
    before = hole.line_before
    if not hole.at_line_start:
        return (text.lstrip(" ") if before.endswith((" ", "\t")) else text), ended
    # The cursor's line is empty: nothing is gained by leaving it so.
    below = _BLANK_LINES.sub("", text)
    indent = _indent(below)
    above = next((line for line in reversed(hole.lines_above) if line.strip()), "")
    if _OPENS.search(above.rstrip()) and len(before) <= len(_indent(above)):
        # The cursor is not indented as the block needs it; the model is right to do so.
        return below, ended
    if indent.startswith(before):
        return below[len(before) :], ended
    if below == text:
        return _unshifted(below, before), ended
    # It left the cursor's line empty and went on outside of the block.
    return "", ended or ("dedent" if below.strip() else None)


def _unshifted(text: str, before: str) -> str:
    """The text without the blanks at its start, and without what comes of them below.

    In tokenizers a blank belongs to the word after it. So after a prompt that ends in blanks a
    model writes one more, and often indents its other lines by one too many.
    """
    code = text.lstrip(" \t")
    if len(text) - len(code) == 1 and len(before) % 2 == 0:
        return _ODD_INDENT.sub(r"\1", code)
    return code


def _bracketed(text: str, ended: str | None, hole: Hole) -> tuple[str, str | None]:
    quotes = _quotes(hole.language)
    quote = _Scan(quotes).follow(hole.line_before).quote
    if quote and hole.rest_of_line.startswith(quote):
        closing = re.match(rf"(?:[^\\]|\\.)*?{re.escape(quote)}", text, re.DOTALL)
        return (text[: closing.end() - 1], "quote") if closing else (text, ended)
    stray = _Scan(quotes, quote=quote).follow(text).stray
    if stray is None:
        return text, ended
    if _in_text(hole.prefix) and not _Scan(quotes, lenient=True).follow(hole.line_before).opened:
        # Prose has smileys, and counts with a) and b).
        return text, ended
    outer = _Scan(quotes, lenient=True).follow(hole.prefix[-_BRACKET_REACH:]).opened
    closed = 0
    while stray is not None:
        closer = text[stray]
        opener_found = closed < len(outer) and _OPENERS[outer[~closed]] == closer
        if not opener_found or _stands_below(text, stray, hole):
            return text[:stray], "bracket"
        closed += 1
        stray = _Scan(quotes, quote=quote, opened=outer[-closed:]).follow(text).stray
    return text, ended


def _stands_below(text: str, stray: int, hole: Hole) -> bool:
    """Whether the text after the cursor begins with the same closer.

    One on a line of its own is the same only at the same indentation: ``}`` of an inner block
    and ``}`` of the function around it are two.
    """
    if hole.suffix.lstrip()[:1] != text[stray]:
        return False
    line = text[text.rfind("\n", 0, stray) + 1 : stray]
    if hole.rest_of_line.strip() or line.strip() or "\n" not in text[:stray]:
        return True
    return _indent(_line_below(hole) or "") == line


def _quotes(language: str) -> str:
    quotes = '"' if language in _LONE_APOSTROPHE else "\"'"
    return quotes + "`" if language in _BACKTICK_STRINGS else quotes


class _Scan:
    """Follows brackets and one-line strings through a text.

    ``opened``: openers that wait for their closer. ``stray``: where the first closer stands that
    matches none of them; the scan stops there, or skips it if ``lenient``. ``quote``: the quote
    of the string that the text ends in. A string that is left open ends with its line.
    """

    def __init__(
        self,
        quotes: str,
        *,
        quote: str = "",
        opened: list[str] | None = None,
        lenient: bool = False,
    ) -> None:
        self.quotes = quotes
        self.quote = quote
        self.opened = list(opened or ())
        self.lenient = lenient
        self.stray: int | None = None

    def follow(self, text: str) -> _Scan:
        escaped = False
        for position, char in enumerate(text):
            if escaped:
                escaped = False
            elif char == "\n":
                self.quote = ""
            elif self.quote:
                escaped = char == "\\"
                if char == self.quote:
                    self.quote = ""
            elif char in self.quotes:
                self.quote = char
            elif char in _OPENERS:
                self.opened.append(char)
            elif char in _CLOSERS:
                if self.opened and _OPENERS[self.opened[-1]] == char:
                    self.opened.pop()
                elif not self.lenient:
                    self.stray = position
                    break
        return self


def _fitted(
    text: str, ended: str | None, hole: Hole, shape: Shape, *, over: bool, cut_short: bool
) -> tuple[str, str | None]:
    lines = text.split("\n")
    # The last line may still grow, unless an earlier step has cut the text there.
    whole = len(lines) if ended or over else len(lines) - 1
    if shape == "line":
        line, end = _one_line(lines[0], hole, whole=whole > 0)
        if end is None and len(lines) > 1:
            end = "line"
        return line, end or ended
    end_line = _end_line(lines, whole, hole, shape)
    rest = _rest_repeated(lines[: end_line[0] if end_line else whole], hole)
    if rest is not None:
        return rest, "suffix"
    if end_line is not None:
        number, reason = end_line
        return "\n".join(lines[:number]), reason
    if cut_short and ended is None and len(lines) > 1:
        return "\n".join(lines[:-1]), "limit"
    return text, ended


def _one_line(line: str, hole: Hole, *, whole: bool) -> tuple[str, str | None]:
    """The line up to where it repeats the rest of the cursor's line, or the line below."""
    rest = hole.rest_of_line.strip()
    repeated = len(line)
    if len(rest) >= 3 and re.search(r"\w", rest) and rest in line:
        repeated = line.index(rest)
    elif whole and hole.at_line_start and (hole.line_before + line).rstrip() == _line_below(hole):
        return "", "suffix"
    elif rest and whole:
        stripped = line.rstrip()
        for length in range(min(len(rest), len(stripped)), 0, -1):
            shared = rest[:length]
            all_of_it = shared == rest and rest.strip(")]}\"'`")
            unlike_code = not re.search(r"[\w)\]}\"']", shared)
            if stripped.endswith(shared) and (length >= 3 or all_of_it or unlike_code):
                repeated = len(stripped) - length
                break
        if repeated == len(line) and stripped.endswith(rest) and _closed_twice(stripped, hole):
            repeated = len(stripped) - len(rest)
    if repeated == len(line):
        return line, None
    line = line[:repeated]
    return (line.rstrip() if hole.rest_of_line[:1].isspace() else line), "suffix"


def _rest_repeated(lines: list[str], hole: Hole) -> str | None:
    """The text up to where a line ends as the cursor's line does; None if none of these does."""
    rest = hole.rest_of_line.strip()
    if not rest:
        return None
    scan = _Scan(_quotes(hole.language), lenient=True)
    for number, line in enumerate(lines):
        scan.follow(line + "\n")
        code = line.rstrip()
        if scan.opened or not code.endswith(rest):
            continue
        if rest[0] in ",;:>" or _closed_twice("\n".join([*lines[:number], code]), hole):
            return "\n".join([*lines[:number], code.removesuffix(rest)])
    return None


def _closed_twice(text: str, hole: Hole) -> bool:
    """Whether this text, in which all brackets match, leaves nothing to close for those after it.

    ``f(█)`` needs no closer in the fill, ``f█)`` an opener.
    """
    quotes = _quotes(hole.language)
    outer = _Scan(quotes, lenient=True).follow(hole.prefix[-_BRACKET_REACH:]).opened
    matched = _Scan(quotes, opened=outer).follow(text)
    return matched.stray is None and matched.follow(hole.rest_of_line).stray is not None


def _end_line(lines: list[str], whole: int, hole: Hole, shape: Shape) -> tuple[int, str] | None:
    """The number of the first line that is not part of the fill, and why; None if none is yet.

    ``whole`` lines can't grow any more; the next one may.
    """
    quotes = _quotes(hole.language)
    scan = _Scan(quotes)
    below = _line_below(hole)
    base: int | None = None  # width of the indentation of the fill's statements
    last = ""  # the last line that counts
    introduces = False  # that line belongs to the next one, unless the user has begun it
    head = _open_head(hole) if shape == "block" else None
    if not lines[0].strip() and _OPENS.search(hole.line_before.rstrip()):
        # What is typed heads a block, and the fill is its body.
        base, last = _width(hole.indentation), hole.line_before
    for number, line in enumerate([hole.line_before + lines[0], *lines[1:]]):
        grown = number < whole
        if not lines[number].strip():
            if grown and number > 0 and last and last is not hole.line_before and not scan.opened:
                return number, "blank line"
            continue
        if base is None:
            base = _width(_indent(line))
        elif not scan.opened and number > 0:
            first = _FIRST_WORD.match(line + "\n" if grown else line)
            if first is None and not grown:
                return None
            indent, word = _width(_indent(line)), (first[1] or first[2]) if first else ""
            if indent == head and word in _CLAUSES:
                # A try is no statement without the except that the model goes on with. (A closer
                # that stands below already was cut before.)
                base, shape, head = indent, "statement", None
            reason = _ends_before(indent, word, base, last, shape)
            if reason and not (reason == "statement" and introduces):
                return number, reason
        if not grown:
            return None
        if line.rstrip() == below and (number > 0 or hole.at_line_start):
            return number, "suffix"
        if number > 1 and line == lines[number - 1] and len(line.strip()) > 3:
            return number, "repetition"
        scan = _Scan(quotes, opened=scan.opened, lenient=True).follow(lines[number])
        last = line
        introduces = bool(_INTRODUCES.match(line.rstrip())) and (number > 0 or hole.at_line_start)
        if (
            shape == "statement"
            and not introduces
            and _is_finished(line, scan, base, hole.language)
        ):
            return (number + 1, "statement") if number + 1 < len(lines) else None
    return None


def _ends_before(indent: int, first: str, base: int, last: str, shape: Shape) -> str | None:
    """Why a line with this indentation and first word is not part of the fill; None if it is."""
    if indent < base:
        return "dedent"
    if indent > base or first in _CLAUSES or shape == "block":
        return None
    return None if _UNFINISHED.search(last.rstrip()) else "statement"


def _open_head(hole: Hole) -> int | None:
    """Width of the indentation of the line whose block the cursor begins, if it begins one.

    None too if the text below goes on with that statement already.
    """
    above = next((line for line in reversed(hole.lines_above) if line.strip()), "")
    head = _indent(above)
    below = _line_below(hole) or ""
    first = _FIRST_WORD.match(below + "\n")
    goes_on = first is not None and first[1] in _CLAUSES and _indent(below) == head
    opened = _OPENS.search(above.rstrip()) and _width(head) < _width(hole.indentation)
    return _width(head) if opened and hole.at_line_start and not goes_on else None


def _is_finished(line: str, scan: _Scan, base: int, language: str) -> bool:
    """Whether the statement is over at this line's end, whatever comes next."""
    code = line.rstrip()
    if scan.opened or _width(_indent(line)) != base or code.lstrip()[:1] in _CLOSERS:
        return False
    if language not in _LINE_LANGUAGES and not code.endswith(";"):
        return False
    return not (_OPENS.search(code) or _UNFINISHED.search(code))


def _line_below(hole: Hole) -> str | None:
    return next((line.rstrip() for line in hole.lines_below if line.strip()), None)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _width(blanks: str) -> int:
    return len(blanks.expandtabs(8))


def _tidy(text: str, hole: Hole) -> str:
    """No blanks at line ends, none at the fill's end unless the rest of the line goes on."""
    lines = text.split("\n")
    tidy = "\n".join([*(line.rstrip() for line in lines[:-1]), lines[-1]])
    return tidy if hole.rest_of_line.strip() and tidy.strip() else tidy.rstrip()
