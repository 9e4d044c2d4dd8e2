"""Where the line, the statement or the block that is filled ends."""

from __future__ import annotations

import re
from copy import copy
from typing import Final, NamedTuple

from infill_ls.text.brackets import CLOSING_BRACKETS, Scan
from infill_ls.text.indents import depth_of, indent_of
from infill_ls.text.shape import Shape
from infill_ls.trim.block import begun_above, floor, headless, open_head
from infill_ls.trim.closable import closable
from infill_ls.trim.lines import (
    CLAUSES,
    FIRST_WORD,
    LINE_LANGUAGES,
    PREPROCESSED,
    UNFINISHED,
    code_of,
    is_unfinished,
    opens,
)
from infill_ls.trim.site import Draft, Site

# Blocks end with a word, and their heads with anything.
_END_LANGUAGES: Final = frozenset("lua ruby julia crystal elixir".split())
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
# Lines beyond the end of the block in which the model may get to the line that stands below.
_LOOK_AHEAD: Final = 6
_DEFINES: Final = re.compile(
    r"\s*(?:@|(?:(?:pub|export|default|async|static|public|private|protected|abstract)\b\s*)*"
    r"(?:def|class|func|fn|function|impl|struct|enum|interface|trait|module)\b)"
)
# After these, at the level of the block, nothing of it follows.
_LEAVES_BLOCK: Final = re.compile(r"\s*(?:return|raise|throw|break|continue)\b")


class End(NamedTuple):
    """Where a fill ends.

    ``line``: number of the first line that is not part of it, from 0; without a ``reason``, that of
    the first that can't be judged yet.
    """

    line: int
    reason: str | None


def to_the_shape(draft: Draft, site: Site) -> Draft:
    """End with the line, the statement or the block.

    Of ``a = 1⏎b = 2``, a line or a statement is ``a = 1``, a block is both.
    """
    text = draft.text
    if site.shape == "line":
        if (end := text.find("\n")) >= 0:
            return draft.end(end, "line")
        return draft
    number, reason = _end(text, site, final=draft.final)
    if reason is None and (draft.final or number > text.count("\n")):
        return draft
    lines = text.split("\n")
    while reason is not None and number > 1 and not lines[number - 1].strip():
        number -= 1
    kept = "\n".join(lines[:number])
    if reason is None:
        return draft.hold(len(kept))
    whole = len(lines) - (not draft.final)
    begun = site.before + text.lstrip("\n")
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
    return not _leaves_block(last, depth_of(site.below or ""))


def _leaves_block(line: str, depth: int) -> bool:
    """Whether this line leaves a block of this depth, so that nothing of it follows."""
    return bool(_LEAVES_BLOCK.match(line)) and depth_of(line) == depth


def _end(text: str, site: Site, *, final: bool) -> End:
    """Return where a fill ends, as far as this text tells."""
    start = text.rfind("\n") + 1
    code = len(text.rstrip()) if final else len(text)
    if code < start:
        # Whether blank lines end the fill depends on what comes behind them: here, nothing.
        start = text.find("\n", code) + 1 if code else 0
    reading = site.having_read(_Reading, text[:start])
    if reading.end is None:
        reading = reading.copy()
        lines = text[start:].split("\n")
        for left, line in reversed(list(enumerate(reversed(lines)))):
            reading.line(line, grown=final or left > 0, last=not left, ends=final)
    return reading.end or reading.so_far(reading.number)


class _Reading:
    """The lines of a fill, read one by one: what is known of its statements so far."""

    def __init__(self, site: Site) -> None:
        block = site.shape == "block"
        self.site = site
        self.shape: Shape = site.shape
        # What the line leaves open goes on below.
        here = site.outer[len(site.outer) - site.hole.open.here :]
        opened = here or (site.inside,) * bool(site.inside)
        self.scan = Scan(site.language, opened=opened, lenient=True)
        # What the cursor is in is no statement of several lines.
        self.in_docstring = site.in_docstring and not (site.quote and here)
        # Of the next line, from 0.
        self.number = 0
        self.end: End | None = None
        # Width of the indentation of the fill's statements.
        self.base: int | None = None
        # The last line that counts, and whether it belongs to the next one.
        self.last = ""
        self.introduces = False
        self.closable = closable(site)
        self.head = open_head(site) if block else None
        self.body = headless(site)
        self.floor = floor(site) if block else 0
        # Whether the function is to be finished.
        self.finishes = bool(self.floor) and not indent_of(site.below or "")
        # A blank line after which the fill may go on.
        self.gap: int | None = None
        # From here on it may be what stands below, in other words.
        self.doubtful: int | None = None

    def copy(self) -> _Reading:
        """Return another one that goes on from here."""
        other = copy(self)
        other.scan = self.scan.copy()
        return other

    def read(self, lines: str) -> None:
        """Read whole lines behind which others stand."""
        for line in lines.split("\n")[:-1]:
            self.line(line, grown=True, last=False, ends=False)

    def line(self, text: str, *, grown: bool, last: bool, ends: bool) -> None:
        """Read the next line, unless the fill has ended.

        ``grown``: it is whole. ``last``: none stands behind it yet. ``ends``: nothing but blanks
        will.
        """
        if self.end is not None:
            return
        number = self.number
        self.number += 1
        if text.strip():
            self.end = self.code(number, text, grown, last)
        elif grown and number > 0:
            self.end = self.blank(number, ends)
        elif grown and not last and opens(self.site.before, self.site.language):
            # What is typed heads the block that the fill begins below.
            self.base, self.last = self.site.depth, self.site.before

    def so_far(self, number: int) -> End:
        """Return where the lines before this one end, or those of them that can be judged."""
        found = (one for one in (self.doubtful, self.gap, number) if one is not None)
        return End(next(found), None)

    def blank(self, number: int, ends: bool) -> End | None:
        """Read a blank line: one after the first line ends the fill, or leaves a gap in it.

        ``ends``: nothing but blanks will follow.
        """
        if not self.last or self.last is self.site.before or self._is_inside:
            return None
        if not ends and opens(self.last, self.site.language):
            # Of the block that the line before heads.
            return None
        base = self.base or 0
        if _leaves_block(self.last, base):
            goes_on = self.finishes and self.floor < base
        else:
            block = self.shape == "block"
            in_body = not (block or ends or self.in_docstring) and depth_of(self.last) > base
            goes_on = bool(self.floor or in_body or (block and base))
        if not goes_on:
            return End(number, "blank line")
        self.gap = number if self.gap is None else self.gap
        return None

    def code(self, number: int, text: str, grown: bool, last: bool) -> End | None:
        """Read a line with code, and return the end if the fill ends there or before."""
        line = text if number else self.site.before + text
        if number and self.scan.opened and _is_directive(line, self.site.language):
            # It stands at the start of the line whatever it is in.
            return None
        if self.base is None:
            self.base = depth_of(line) if number or self.site.at_line_start else self.site.depth
            if self._is_below_a_head(number, self.base):
                self.base, self.last = self.site.depth, self.site.before
        if number > 0 and self.last is self.site.before:
            self.base = min(self.base, begun_above(self.site, depth_of(line), self.base))
        if number > 0 and self.last and not (self._is_inside and self._may_be_inside(line)):
            end = self._before(number, line, grown, self.base)
            if end is not None:
                return end
        if not grown:
            return self.so_far(number + 1)
        if not last and self._heads_what_stands_below(line, text, self.base):
            return End(number + 1, "suffix")
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
        return End(number + 1, "statement") if over else None

    def _is_below_a_head(self, number: int, depth: int) -> bool:
        """Whether the cursor's line heads the block that the fill begins on the line below, where
        a word ends blocks.
        """
        typed = number and not self.site.at_line_start
        return bool(typed) and self.site.language in _END_LANGUAGES and depth > self.site.depth

    @property
    def _is_inside(self) -> bool:
        """Whether the next line goes on with a bracket or a quote."""
        return bool(self.scan.in_brackets or (self.scan.quote and not self.in_docstring))

    def _may_be_inside(self, line: str) -> bool:
        """Whether this line goes on with what was open at the cursor, if no more than that is."""
        if len(self.scan.opened) > self.scan.outer or self.scan.quote:
            return True
        return depth_of(line) > (self.base or 0) or line.lstrip()[:1] in CLOSING_BRACKETS

    def _before(self, number: int, line: str, grown: bool, base: int) -> End | None:
        """Return the end, if the fill ends before this line."""
        first = FIRST_WORD.match(line + "\n" if grown else line)
        if first is None and not grown:
            return self.so_far(number)
        word = (first[1] or first[2]) if first else ""
        if word == "." and self.site.language in _SELECTOR_LANGUAGES:
            word = ""
        indent = depth_of(line)
        if self.gap is not None and indent < self.floor:
            return End(self.gap, "blank line")
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
        if self.doubtful is not None and grown and _leaves_block(line, self.floor):
            # The function ends here, and yet goes on below.
            return End(self.doubtful, "blank line")
        if indent < base and word in CLOSING_BRACKETS and self.closable > 0:
            # The text below leaves the block open.
            self.closable -= 1
            self.base, self.shape = indent, "statement"
            return None
        reason = _ends_before(indent, word, base, self.last, self.shape)
        if reason is None or (reason == "statement" and self.introduces):
            return None
        return End(number, reason)

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


def _is_directive(line: str, language: str) -> bool:
    """Whether the preprocessor takes this line, so that its indentation says nothing."""
    return language in PREPROCESSED and line.lstrip().startswith("#")


def _ends_before(indent: int, first: str, base: int, last: str, shape: Shape) -> str | None:
    """Return why a line is not part of the fill, by its indentation and its first word.

    None if it is.
    """
    if indent < base:
        return "dedent"
    if indent > base or first in CLAUSES or shape == "block":
        return None
    goes_on = UNFINISHED.search(last.rstrip()) and not _INCLUDES.match(last)
    return None if goes_on else "statement"


def _is_finished(line: str, scan: Scan, base: int, language: str) -> bool:
    """Whether the statement is over at this line's end, whatever comes next."""
    code = code_of(line, language)
    if scan.opened or scan.quote or depth_of(line) != base or code.lstrip()[:1] in CLOSING_BRACKETS:
        return False
    if language not in LINE_LANGUAGES and not code.endswith(";"):
        return False
    return not is_unfinished(code)
