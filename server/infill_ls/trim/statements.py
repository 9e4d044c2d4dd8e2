"""Where the line, the statement or the block that is filled ends."""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from typing import Final

from infill_ls.text.brackets import CLOSING_BRACKETS, Scan
from infill_ls.text.indents import depth_of, indent_of, width_of
from infill_ls.text.languages import OPENS
from infill_ls.text.shape import Shape
from infill_ls.trim.closers import closable
from infill_ls.trim.site import Draft, Site

# In these a statement ends with its line, unless the line itself says otherwise. Elsewhere one
# without an end mark may go on below: with a brace, a method call, a body up to its end.
_LINE_LANGUAGES: Final = frozenset({"python", "go"})
# Blocks end with a word, and their heads with anything.
_END_LANGUAGES: Final = frozenset("lua ruby julia crystal elixir".split())
# Words and marks that go on with the statement above at its own indentation.
CLAUSES: Final = frozenset(
    "else elif elsif elseif except finally rescue ensure catch case default when end fi done esac "
    "then do endif until".split()
) | {*CLOSING_BRACKETS, "{", ".", "|"}
# In these a line that begins with a point begins a rule.
_SELECTOR_LANGUAGES: Final = frozenset({"css", "scss", "sass", "less"})
# Comments, attributes and decorators belong to the statement below them; directives don't.
_INTRODUCES: Final = re.compile(
    r"\s*(?:#(?!(?:include|import|define|undef|pragma)\b)|//|/\*|-- |@[\w.]+(?:\(.*)?$)|.*\*/$"
)
# Nor does a closer by itself make a fill.
_INTRODUCES_FIRST: Final = re.compile(rf"{_INTRODUCES.pattern}|\s*[)\]}}]+[;,]?$")
# The mark at its end is none of an operator.
_INCLUDES: Final = re.compile(r"\s*#\s*(?:include|import)\s*<")
_FIRST_WORD: Final = re.compile(r"[ \t]*(?:(\w+)(?=\W)|([^\w\s]))")
# Lines beyond the end of the block in which the model may get to the line that stands below.
_LOOK_AHEAD: Final = 6
_DEFINES: Final = re.compile(
    r"\s*(?:@|(?:(?:pub|export|default|async|static|public|private|protected|abstract)\b\s*)*"
    r"(?:def|class|func|fn|function|impl|struct|enum|interface|trait|module)\b)"
)
_FUNCTION: Final = re.compile(r"\s*(?:async\s+)?def\b")
# After these, at the level of the block, nothing of it follows.
_LEAVES: Final = re.compile(r"\s*(?:return|raise|throw|break|continue)\b")
_PREPROCESSED: Final = frozenset({"c", "cpp", "objective-c", "objective-cpp", "csharp"})
_TO_LINE_END: Final = frozenset({"#", "//", "--"})
_UNFINISHED: Final = re.compile(r"(?:[,\\=+\-*/%&|^<>.?]|\b(?:and|or|not|in|is|if|else))$")

# The number of the first line that is not part of the fill, and why; without a reason, that of the
# first that can't be judged yet.
End = tuple[int, str | None]


def to_the_shape(draft: Draft, site: Site) -> Draft:
    """Ends with the line, the statement or the block."""
    if site.shape == "line":
        if (end := draft.text.find("\n")) >= 0:
            return draft.end(end, "line")
        return draft
    lines = draft.text.split("\n")
    whole = len(lines) - (not draft.final)
    number, reason = _end(lines, whole, site)
    if reason is None and (draft.final or number == len(lines)):
        return draft
    while reason is not None and number > 1 and not lines[number - 1].strip():
        number -= 1
    kept = "\n".join(lines[:number])
    if reason is None:
        return draft.hold(len(kept))
    begun = site.before + draft.text.lstrip("\n")
    if site.shape == "block" and _may_meet(lines[number:whole], begun, site):
        if draft.ended_by == "suffix" or _fits_whole(draft, site):
            return draft
        if not draft.final:
            return draft.hold(len(kept))
    return Draft(kept, reason, True)


def _may_meet(beyond: list[str], begun: str, site: Site) -> bool:
    """Whether the model may get to the line that stands below, after these lines beyond the block.

    ``begun``: what the block begins with. Nothing is defined on the way, and who is in a function
    is not led out of it.
    """
    if site.below is None:
        return False
    below = depth_of(site.below)
    if below == 0 and indent_of(begun):
        return False
    outside = min(below, site.unit_width)
    code = [line for line in beyond if line.strip()]
    return len(code) < _LOOK_AHEAD and not any(
        depth_of(line) < outside or _DEFINES.match(line) for line in code
    )


def _fits_whole(draft: Draft, site: Site) -> bool:
    """Whether the model stopped by itself, and not with what leaves a block that goes on below.

    Few small models ever do; then they mean it.
    """
    if not draft.final or draft.cut_short or draft.ended_by is not None:
        return False
    last = draft.text.rstrip().rpartition("\n")[2]
    return not _leaves(last, depth_of(site.below or ""))


def _leaves(line: str, depth: int) -> bool:
    """Whether this line leaves a block of this depth, so that nothing of it follows."""
    return bool(_LEAVES.match(line)) and depth_of(line) == depth


def _end(lines: list[str], whole: int, site: Site) -> End:
    """Where the fill ends.

    ``whole`` lines can't grow any more; the next one may.
    """
    if lines[-1].strip() or whole < len(lines):
        reading, end = _whole_lines(site, "\n".join(lines[:-1]), len(lines) - 1)
        if end is not None:
            return end
        reading, first = reading.copy(), len(lines) - 1
    else:
        reading, first = _Reading(site, heads=not lines[0].strip()), 0
    for number in range(first, len(lines)):
        end = reading.line(number, lines, whole)
        if end is not None:
            return end
    return reading.so_far(len(lines))


@lru_cache(maxsize=16)
def _whole_lines(site: Site, text: str, count: int) -> tuple[_Reading, End | None]:
    """What is known after so many lines behind which another one stands; or where the fill ends.

    They are the same piece after piece.
    """
    lines = [*text.split("\n"), "-"] if count else ["-"]
    reading = _Reading(site, heads=bool(count) and not lines[0].strip())
    for number in range(count):
        end = reading.line(number, lines, count)
        if end is not None:
            return reading, end
    return reading, None


class _Reading:
    """The lines of a fill, read one by one: what is known of its statements so far.

    ``heads``: the fill's first line is empty, so that what is typed may head a block.
    """

    def __init__(self, site: Site, *, heads: bool) -> None:
        block = site.shape == "block"
        self.site = site
        self.shape: Shape = site.shape
        # What the line leaves open goes on below.
        here = site.outer[len(site.outer) - site.hole.open.here :]
        opened = here or (site.inside,) * bool(site.inside)
        self.scan = Scan(site.language, opened=opened, lenient=True)
        # What the cursor is in is no statement of several lines.
        self.in_docstring = site.in_docstring and not (site.quote and here)
        # Width of the indentation of the fill's statements.
        self.base: int | None = None
        # The last line that counts, and whether it belongs to the next one.
        self.last = ""
        self.introduces = False
        self.closable = closable(site)
        self.head = _open_head(site) if block else None
        self.body = _headless(site)
        self.floor = _floor(site) if block else 0
        # Whether the function is to be finished.
        self.finishes = bool(self.floor) and not indent_of(site.below or "")
        # A blank line after which the fill may go on.
        self.gap: int | None = None
        # From here on it may be what stands below, in other words.
        self.doubtful: int | None = None
        if heads and opens(site.before, site.language):
            self.base, self.last = site.depth, site.before

    def copy(self) -> _Reading:
        """Another one that goes on from here."""
        other = copy(self)
        other.scan = self.scan.copy()
        return other

    def line(self, number: int, lines: list[str], whole: int) -> End | None:
        """The next line; where the fill ends, if it does. ``whole`` of them can't grow any more."""
        text, grown = lines[number], number < whole
        if text.strip():
            return self.code(number, text, grown, number + 1 == len(lines))
        if grown and number > 0:
            ends = whole == len(lines) and not "".join(lines[number:]).strip()
            return self.blank(number, ends)
        return None

    def so_far(self, number: int) -> End:
        """Nothing before this line ends the fill, and the rest can't be judged yet."""
        found = (one for one in (self.doubtful, self.gap, number) if one is not None)
        return next(found), None

    def blank(self, number: int, ends: bool) -> End | None:
        """A blank line after the first ends the fill, or leaves a gap in it.

        ``ends``: nothing but blanks will follow.
        """
        if not self.last or self.last is self.site.before or self._is_inside:
            return None
        if not ends and opens(self.last, self.site.language):
            # Of the block that the line before heads.
            return None
        base = self.base or 0
        if _leaves(self.last, base):
            goes_on = self.finishes and self.floor < base
        else:
            block = self.shape == "block"
            in_body = not (block or ends or self.in_docstring) and depth_of(self.last) > base
            goes_on = bool(self.floor or in_body or (block and base))
        if not goes_on:
            return number, "blank line"
        self.gap = number if self.gap is None else self.gap
        return None

    def code(self, number: int, text: str, grown: bool, last: bool) -> End | None:
        """A line with code; ``grown`` if it is whole, ``last`` if there is none after it yet."""
        line = text if number else self.site.before + text
        if number and self.scan.opened and _is_directive(line, self.site.language):
            # It stands at the start of the line whatever it is in.
            return None
        if self.base is None:
            self.base = depth_of(line) if number or self.site.at_line_start else self.site.depth
            if self._is_below_a_head(number, self.base):
                self.base, self.last = self.site.depth, self.site.before
        if number > 0 and self.last is self.site.before:
            self.base = min(self.base, _begun_above(self.site, depth_of(line), self.base))
        if number > 0 and self.last and not (self._is_inside and self._may_be_inside(line)):
            end = self._before(number, line, grown, self.base)
            if end is not None:
                return end
        if not grown:
            return self.so_far(number + 1)
        if not last and self._heads_what_stands_below(line, text, self.base):
            return number + 1, "suffix"
        self.scan.follow(text + "\n")
        self.in_docstring = self.in_docstring and bool(self.scan.quote)
        first, self.last = not self.last, line
        # Unless the user has begun it.
        fresh = number > 0 or self.site.at_line_start
        introduces = _INTRODUCES if not first else _INTRODUCES_FIRST
        self.introduces = fresh and bool(introduces.match(line.rstrip()))
        if last or self.shape != "statement" or self.introduces:
            return None
        over = _is_finished(line, self.scan, self.base, self.site.language)
        return (number + 1, "statement") if over else None

    def _is_below_a_head(self, number: int, depth: int) -> bool:
        """Whether the cursor's line heads the block that the fill begins on the line below, where
        a word ends blocks.
        """
        typed = number and not self.site.at_line_start
        return bool(typed) and self.site.language in _END_LANGUAGES and depth > self.site.depth

    @property
    def _is_inside(self) -> bool:
        """Whether the next line goes on with a bracket or a quote."""
        return bool(self.scan.brackets or (self.scan.quote and not self.in_docstring))

    def _may_be_inside(self, line: str) -> bool:
        """Whether this line goes on with what was open at the cursor, if no more than that is."""
        if len(self.scan.opened) > self.scan.outer or self.scan.quote:
            return True
        return depth_of(line) > (self.base or 0) or line.lstrip()[:1] in CLOSING_BRACKETS

    def _before(self, number: int, line: str, grown: bool, base: int) -> End | None:
        """The end, if the fill ends before this line."""
        first = _FIRST_WORD.match(line + "\n" if grown else line)
        if first is None and not grown:
            return self.so_far(number)
        word = (first[1] or first[2]) if first else ""
        if word == "." and self.site.language in _SELECTOR_LANGUAGES:
            word = ""
        indent = depth_of(line)
        if self.gap is not None and indent < self.floor:
            return self.gap, "blank line"
        outer = 0 < self.floor <= indent < base
        if outer and not grown:
            return self.so_far(number)
        if outer and not _DEFINES.match(line) and (self.finishes or self.gap is not None):
            base = indent
        elif indent == self.head and indent < base and word in CLAUSES:
            # A try is no statement without the except that the model goes on with. (A closer
            # that stands below already was cut before.)
            base, self.shape, self.head = indent, "statement", None
        self.base = base
        if self.gap is not None and self.floor and not self.finishes and self.doubtful is None:
            self.doubtful = self.gap
        self.gap = None
        if self.doubtful is not None and grown and _leaves(line, self.floor):
            # The function ends here, and yet goes on below.
            return self.doubtful, "blank line"
        if indent < base and word in CLOSING_BRACKETS and self.closable > 0:
            # The text below leaves the block open.
            self.closable -= 1
            self.base, self.shape = indent, "statement"
            return None
        reason = _ends_before(indent, word, base, self.last, self.shape)
        if reason is None or (reason == "statement" and self.introduces):
            return None
        return number, reason

    def _heads_what_stands_below(self, line: str, text: str, base: int) -> bool:
        """Whether this line opens the block whose body stands below the cursor already.

        ``text``: the fill's part of it.
        """
        if self.site.rest.strip() or not opens(line, self.site.language):
            return False
        if not self.last and not self.site.at_line_start:
            # The user writes the head of what stands there, and no list that goes on below.
            after = self.scan.copy().follow(text)
            is_head = not after.outer and not after.quote and line.rstrip()[-1] not in "(["
            below = depth_of(self.site.below or "")
            return is_head and below > base
        if not self.body:
            return False
        depth = depth_of(line)
        return base <= depth and depth + self.site.unit_width == self.body


@lru_cache(maxsize=256)
def code_of(line: str, language: str) -> str:
    """A line without the blanks at its end, and without a comment there unless it is all comment.

    The line begins outside of strings.
    """
    whole = Scan(language, lenient=True).follow(line).quote
    if whole not in _TO_LINE_END:
        return line.rstrip()
    start = line.find(whole)
    while Scan(language, lenient=True).follow(line[: start + len(whole)]).quote != whole:
        start = line.find(whole, start + 1)
    return line[:start].rstrip() or line.rstrip()


def opens(line: str, language: str) -> bool:
    """Whether a line heads a block or goes on below, whatever comment stands at its end."""
    return OPENS.search(code_of(line, language)) is not None


def _begun_above(site: Site, depth: int, base: int) -> int:
    """Width of the indentation of the head of a block whose first line is indented like this.

    A head that goes on over two lines may be further in on the second than its block.
    """
    above = code_of(site.above, site.language)
    outer = depth_of(above)
    goes_on = site.language not in _LINE_LANGUAGES and above[-1:] not in ("", "{", "}", ";")
    return outer if goes_on and outer < depth <= base else base


def _is_directive(line: str, language: str) -> bool:
    """Whether the preprocessor takes this line, so that its indentation says nothing."""
    return language in _PREPROCESSED and line.lstrip().startswith("#")


@lru_cache(maxsize=16)
def _floor(site: Site) -> int:
    """Width of the indentation down to which a block may go on in the one around it.

    Where the cursor's line is empty to its start, the user has not said in which block he is. The
    lines below tell how far the gap may reach, or it is the rest of the function. 0 if nothing
    tells.
    """
    if site.before or site.rest.strip():
        return 0
    below = depth_of(site.below or "")
    if below or site.language != "python":
        return below
    return _function_body(site)


def _function_body(site: Site) -> int:
    """Width of the least indentation in the outermost function around the cursor; 0 if in none."""
    width, body = 10_000, 0
    for line in reversed(site.lines_above):
        indent = depth_of(line)
        if indent < width:
            if _FUNCTION.match(line):
                body = indent + 1
            elif body:
                break
            width = indent
    return body


def is_unfinished(line: str) -> bool:
    """Whether a statement goes on below this line, as far as its end tells."""
    code = line.rstrip()
    return bool(OPENS.search(code) or _UNFINISHED.search(code))


def begins_statement(line: str, base: int) -> bool:
    """Whether a line with code begins another statement of a block, ``base`` columns in.

    As far as its blanks and its first word tell; what brackets are open is not looked at.
    """
    first = _FIRST_WORD.match(line + "\n")
    word = (first[1] or first[2]) if first else ""
    return depth_of(line) == base and word not in CLAUSES


def _ends_before(indent: int, first: str, base: int, last: str, shape: Shape) -> str | None:
    """Why a line with this indentation and first word is not part of the fill; None if it is."""
    if indent < base:
        return "dedent"
    if indent > base or first in CLAUSES or shape == "block":
        return None
    goes_on = _UNFINISHED.search(last.rstrip()) and not _INCLUDES.match(last)
    return None if goes_on else "statement"


@lru_cache(maxsize=16)
def _open_head(site: Site) -> int | None:
    """Width of the indentation of the line whose block the cursor begins, if it begins one.

    None too if the text below goes on with that statement already.
    """
    head, below = indent_of(site.above), site.below or ""
    first = _FIRST_WORD.match(below + "\n")
    goes_on = first is not None and first[1] in CLAUSES and indent_of(below) == head
    opened = opens(site.above, site.language)
    return width_of(head) if opened and site.at_line_start and not goes_on else None


@lru_cache(maxsize=16)
def _headless(site: Site) -> int:
    """Width of the indentation of what stands below, if it is the body of a head that is missing.

    0 if it isn't.
    """
    if not site.at_line_start or site.rest.strip() or site.language != "python":
        return 0
    above, below = depth_of(site.above), depth_of(site.below or "")
    opened = opens(site.above, site.language)
    if above == below and not site.before and not opened:
        return below
    deepest = above + site.unit_width if opened else above
    return below if below > deepest else 0


def _is_finished(line: str, scan: Scan, base: int, language: str) -> bool:
    """Whether the statement is over at this line's end, whatever comes next."""
    code = code_of(line, language)
    if scan.opened or scan.quote or depth_of(line) != base or code.lstrip()[:1] in CLOSING_BRACKETS:
        return False
    if language not in _LINE_LANGUAGES and not code.endswith(";"):
        return False
    return not is_unfinished(code)
