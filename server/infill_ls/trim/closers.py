"""Brackets and quotes of the fill against those around it."""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from typing import Final

from infill_ls.text.brackets import (
    TRIPLE_QUOTE,
    Scan,
    closer_of,
    is_text,
)
from infill_ls.text.closing import closers_in
from infill_ls.text.indents import indent_of
from infill_ls.trim.closable import closable, missing_openers, strays_below
from infill_ls.trim.site import Draft, Site

# Strings that may go on below.
_OF_SEVERAL_LINES: Final = frozenset({'"""', "'''", "`", '"#'})
# What stands on the line above, or before it, where three quotes open a docstring or another text.
_OPENS_TEXT: Final = re.compile(r"(?:[:=(\[{,]|\breturn)\s*[rRbBuUfFtT]{0,2}\Z")


def inside_of_quotes(draft: Draft, site: Site) -> Draft:
    """End before the quote that the string around the cursor is closed with already.

    In ``"█"``, of ``a" + b`` the ``a`` is kept. Or before the line end at which a string would end
    that nobody has closed.
    """
    quote = site.quote
    if not quote:
        return draft
    if len(quote) == 3 and site.before.endswith(quote):
        # Many models write the last of the three quotes again.
        begun = draft.text[:2]
        if begun in quote and not draft.final:
            return draft.hold(0)
        if begun[:1] == quote[0] and begun != quote[:2]:
            draft = draft.become(draft.text[1:])
    start = draft.text.rfind("\n") + 1
    reading = site.having_read(_String, draft.text[:start]).copy()
    reading.read(draft.text[start:])
    if reading.spilled is not None:
        return draft.end(reading.spilled, "quote")
    if not _is_closed_after(site):
        return draft
    if reading.closed is not None:
        return draft.end(_before_quote(draft.text, reading.closed, quote), "quote")
    held = next(
        (size for size in (2, 1) if len(quote) > size and draft.text.endswith(quote[:size])), 0
    )
    return draft if draft.final else draft.hold(len(draft.text) - held)


class _String:
    """What a fill makes of the string that the cursor is in.

    ``closed``: where it is closed, None if it isn't. ``spilled``: where it ends with its line.
    """

    def __init__(self, site: Site) -> None:
        self.scan = Scan(site.language, quote=site.inside, lenient=True)
        self.position = 0
        self.closed: int | None = None
        self.spilled: int | None = None

    def copy(self) -> _String:
        """Return another one that goes on from here."""
        other = copy(self)
        other.scan = self.scan.copy()
        return other

    def read(self, lines: str) -> None:
        """Read lines, of which the last one needs no line end."""
        if self.closed is None and self.spilled is None:
            scan = self.scan.follow(lines)
            if scan.closed:
                self.closed = self.position + scan.closed[0].start
            if scan.spilled is not None:
                self.spilled = self.position + scan.spilled
        self.position += len(lines)


def _before_quote(text: str, position: int, quote: str) -> int:
    """Return where a string's own text ends: a closer on a line of its own has blanks before it."""
    return len(text[:position].rstrip()) if len(quote) == 3 else position


@lru_cache(maxsize=16)
def _is_closed_after(site: Site) -> bool:
    """Whether the text after the cursor closes the string that the cursor is in."""
    quote = site.quote
    if site.hole.closers:
        return False
    if quote not in _OF_SEVERAL_LINES:
        return site.rest.startswith(quote)
    if len(quote) < 3:
        return site.hole.suffix.count(quote) % 2 == 1
    marks = TRIPLE_QUOTE.search(site.hole.suffix)
    return marks is not None and marks[0] == quote and not _opens_text(site, marks.start())


def _opens_text(site: Site, position: int) -> bool:
    """Whether three quotes below the cursor open another text."""
    above = site.hole.suffix[:position]
    line = above.rpartition("\n")[2]
    if line.strip(" \trRbBuUfFtT"):
        return bool(_OPENS_TEXT.search(line))
    before = above.rstrip(" \trRbBuUfFtT\n")
    return bool(before) and bool(_OPENS_TEXT.search(before))


def inside_of_brackets(draft: Draft, site: Site) -> Draft:
    """End before a bracket that closes what was not opened in the fill.

    In ``f(█).b``, of ``a)`` the ``a`` is kept. But a fill may close what the text after the cursor
    leaves open, and go through closers that an editor may have put there.
    """
    text = draft.text
    start = text.rfind("\n") + 1
    reading = site.having_read(_Closing, text[:start])
    if reading.end is None:
        reading = reading.copy()
        reading.line(text[start:], "", whole=draft.final)
    if reading.end is not None:
        return draft.end(reading.end, "bracket")
    return draft if reading.held is None else draft.hold(reading.held)


class _Closing:
    """The lines of a fill, and what they close of what is open at the cursor.

    ``end``: where the fill closes more than it may; None if it doesn't. ``held``: where it seems
    to, if the rest of the line may open something else for that; None if it doesn't.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        # A shell's case has closers of its own; prose has smileys, and counts with a) and b).
        lenient = site.language == "shellscript" or site.prose
        self.scan = Scan(site.language, opened=site.outer, lenient=lenient)
        self.position = 0
        # How much it may still close.
        self.own = closable(site)
        self.end: int | None = None
        self.held: int | None = None

    def copy(self) -> _Closing:
        """Return another one that goes on from here."""
        other = copy(self)
        other.scan = self.scan.copy()
        return other

    def read(self, lines: str) -> None:
        """Read whole lines."""
        for line in lines.split("\n")[:-1]:
            if self.end is None:
                self.line(line, "\n", whole=True)
            self.position += len(line) + 1

    def line(self, line: str, newline: str, *, whole: bool) -> None:
        """Read the next line, with its line end if it has one; ``whole`` if it can't grow."""
        site, before, outer = self.site, tuple(self.scan.opened), self.scan.outer
        closed = self.scan.follow(line + newline).closed
        if len(closed) <= self.own:
            self.own -= len(closed)
            if self.scan.stray is not None:
                self.end = self.position + self.scan.stray
            return
        start = self.position + closed[self.own].start
        if not whole and not site.rest.strip():
            self.held = start
            return
        scan = Scan(site.language, opened=before, lenient=True)
        scan.outer = outer
        scan.follow(line)
        if site.rest.strip() or not _opens_for_below(scan, site):
            self.end = start
            return
        # What it has opened stands for what it has closed.
        self.scan = Scan(site.language, opened=tuple(scan.opened), lenient=self.scan.lenient)
        self.scan.follow(newline)
        self.own = 0


def _opens_for_below(scan: Scan, site: Site) -> bool:
    """Whether a line that closes a bracket too many opens one that the text below closes."""
    if len(scan.opened) == scan.outer or is_text(scan.opened[-1]):
        return False
    below = strays_below(site)
    return bool(below) and closer_of(scan.opened[-1]) == below[0][0]


def with_closers(draft: Draft, site: Site) -> Draft:
    """Cut off what the fill leaves open where the rest of the line closes what was open before.

    In ``f(█)``, of ``a, g(b`` the ``a`` is kept: the bracket there belongs to f.
    """
    rest, text, hole = site.rest.strip(), draft.text, site.hole
    if not draft.final or not (rest or hole.closers) or (rest and "\n" in text):
        return draft
    scan = Scan(site.language, opened=site.outer, lenient=True).follow(text)
    own = [at for at in scan.positions if at >= 0]
    if not own or (rest and scan.quote):
        return draft
    if rest and missing_openers(site) >= len(own):
        return draft
    if rest:
        after = Scan(site.language, opened=site.outer).follow(site.rest)
        if after.stray is not None or len(after.opened) >= len(site.outer):
            # It closes what the fill opens, or nothing.
            return draft
    elif len(hole.passed(text)) == len(closers_in(hole.closers, hole.open)):
        # Nothing is closed behind it.
        return draft
    head = text[: own[0]]
    return draft.end(max(head.rfind(","), head.rfind("\n"), 0), draft.ended_by or "bracket")


def through_closers(draft: Draft, site: Site) -> Draft:
    """Set the fill against the closers right of the cursor.

    In ``f({█ })``, ``a}.b`` becomes ``a }.b``, which takes the place of ``}``. A fill that says
    nothing but what stands there already is none.
    """
    hole = site.hole
    if not draft.final or not hole.closers or not draft.text.strip():
        return draft
    text = _spaced(_closed(draft.text, site), site)
    return draft.become("" if text == hole.closers[: hole.replaced(text)] else text)


def _closed(fill: str, site: Site) -> str:
    """Return a fill up to the closers with which its last line would end.

    The closer of a bracket in which it has lines of its own stands on a line of its own, below
    the opener.
    """
    hole = site.hole
    text = hole.shortened(fill)
    if text != fill:
        return text
    passed, closers = hole.passed(text), closers_in(hole.closers, hole.open)
    if len(passed) == len(closers) or closers[len(passed)].in_text:
        return text
    opened = len(hole.open.code) - 1 - closers[len(passed)].layer
    if not _has_lines_of_its_own(text, site, opened):
        return text
    left = hole.closers[closers[len(passed) - 1].end if passed else 0 :].strip()
    return f"{text.rstrip()}\n{hole.open.indents[opened] or ''}{left}"


def _spaced(text: str, site: Site) -> str:
    """Return a fill with the blanks between the closers that it takes the place of.

    VS Code shows only what has every character that it takes the place of, in order.
    """
    hole = site.hole
    rest, start, position = hole.closers, 0, 0
    spaced = ""
    for own, closer in zip(hole.passed(text), closers_in(rest, hole.open), strict=False):
        head = _with_blanks(text[position : own.start], indent_of(rest[start : closer.end]))
        spaced += head + text[own.start : own.end]
        start, position = closer.end, own.end
    behind = rest[start : hole.replaced(text)]
    mark = behind.lstrip()
    if not mark:
        return spaced + text[position:]
    return spaced + _with_blanks(text[position : -len(mark)], indent_of(behind)) + mark


def _with_blanks(head: str, blanks: str) -> str:
    """Return what stands before a closer, with these blanks in it.

    They are put before the closer, unless that is on a line of its own.
    """
    characters = iter(head)
    if all(blank in characters for blank in blanks):
        return head
    own_line = "\n" in head and not head.rpartition("\n")[2].strip()
    return blanks + head if own_line else head.rstrip(" \t") + blanks


def _has_lines_of_its_own(text: str, site: Site, opened: int) -> bool:
    """Whether the fill breaks the line in this of the brackets that are open at the cursor."""
    outer = site.outer
    if is_text(outer[opened]):
        return False
    if site.at_line_start and opened < len(outer) - site.hole.open.here:
        return True
    line, newline, _ = text.partition("\n")
    if not newline:
        return False
    scan = Scan(site.language, opened=outer, lenient=True).follow(line + "\n")
    if len(scan.opened) - 1 != opened:
        return False
    return outer[opened] == "{" or (site.before + line).rstrip().endswith(outer[opened])
