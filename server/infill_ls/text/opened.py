"""What is open at a place in a text, by what stands before it: brackets, strings, comments."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from infill_ls.text.brackets import (
    PAIRS,
    SCAN_REACH,
    TRIPLE_QUOTE,
    Closed,
    Scan,
    closer_of,
    is_text,
)
from infill_ls.text.languages import BACKTICK_STRINGS, SLASH_COMMENTS

_PAIRED: Final = re.compile(r"""[()\[\]{}"`]|(?<!\w)'|'(?!\w)""")
_BLANKS: Final = re.compile(r"[ \t]*")


class Open(NamedTuple):
    """What is open at the end of a text.

    ``code``: what waits for its closer, as :attr:`Scan.opened`, outermost first. ``texts``: for
    each of them the brackets and quotes that are open in its own text, on the last line of that,
    if it is a string or a comment. ``indents``: the blanks at the start of the line in which each
    was opened; None if that line is out of reach. ``here``: how many of them the last line opens.
    """

    code: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    indents: tuple[str | None, ...]
    here: int


@lru_cache(maxsize=64)
def open_at(prefix: str, language: str) -> Open:
    """Return what is open at the end of a text, of which only the last part is looked at.

    That part begins with a line, and has at least :data:`SCAN_REACH` characters where the text
    does. What was found in the lines above the last one is kept for the next call.
    """
    start = prefix.rfind("\n", 0, len(prefix) - SCAN_REACH) + 1 if len(prefix) > SCAN_REACH else 0
    # In a line that is too long by itself the start moves in steps, not with every character.
    start = max(start, (len(prefix) // SCAN_REACH - 2) * SCAN_REACH)
    near = prefix[start:]
    line_start = near.rfind("\n") + 1
    above = _scanned(near[:line_start], _quote_at(prefix, start, language), language)
    scan = Scan(language, opened=tuple(above.opened), lenient=True).follow(near[line_start:])
    kept = scan.outer
    positions = above.positions[:kept] + [line_start + place for place in scan.positions[kept:]]
    indents = tuple(_indent_at(near, place) if place >= 0 else None for place in positions)
    ends = [*positions, len(near)][1:] if positions else []
    texts = tuple(
        _open_in_text(near, place + 1, end, closer_of(opened)) if is_text(opened) else ()
        for opened, place, end in zip(scan.opened, positions, ends, strict=True)
    )
    return Open(tuple(scan.opened), texts, indents, len(positions) - kept)


@lru_cache(maxsize=16)
def _scanned(lines: str, quote: str, language: str) -> Scan:
    """Follow the lines above the cursor's: they are the same while that line is typed."""
    return Scan(language, quote=quote, lenient=True).follow(lines)


def _open_in_text(text: str, start: int, end: int, quote: str) -> tuple[str, ...]:
    """Return what a string's own text leaves open on its last line."""
    return pairs_in(text, max(start, text.rfind("\n", 0, end) + 1), end, own=quote)[0]


def _indent_at(text: str, place: int) -> str:
    """Return the blanks at the start of the line in which a place is, as far as the place."""
    found = _BLANKS.match(text, text.rfind("\n", 0, place) + 1, place)
    assert found is not None
    return found[0]


def _quote_at(prefix: str, start: int, language: str) -> str:
    """Return what begins the string or comment of several lines that a place is in.

    Empty if it is in none. What stands before the place is counted, not read.
    """
    if language == "python":
        return triple_quote(prefix, start)
    if language in BACKTICK_STRINGS - {"ruby", "shellscript"}:
        return "`" if prefix.count("`", 0, start) % 2 else ""
    if start and language in SLASH_COMMENTS and prefix[start : start + 200].lstrip()[:1] == "*":
        return "/*"
    return ""


def triple_quote(text: str, end: int) -> str:
    """Return the triple quote that a position in a text is behind; empty if they come in pairs."""
    line_start = text.rfind("\n", 0, end) + 1
    here = TRIPLE_QUOTE.findall(text, line_start, end)
    count, last = _triple_quotes(text[:line_start])
    return (here[-1] if here else last) if (count + len(here)) % 2 else ""


@lru_cache(maxsize=4)
def _triple_quotes(lines: str) -> tuple[int, str]:
    """Count the triple quotes in whole lines, and return the last of them."""
    marks = TRIPLE_QUOTE.findall(lines)
    return len(marks), marks[-1] if marks else ""


def pairs_in(
    text: str, start: int, end: int, *, opened: tuple[str, ...] = (), own: str = ""
) -> tuple[tuple[str, ...], list[Closed]]:
    """Match brackets and quotes in a part of plain text, as which a string's own text is read.

    ``opened``: what is open before it, outermost first. ``own``: the quote of the string, which is
    no mark of its text. Return what is open at the end, and where what was open at first is closed,
    innermost first.
    """
    stack, least = list(opened), len(opened)
    closed: list[Closed] = []
    for found in _PAIRED.finditer(text, start, end):
        mark = found[0]
        if stack and PAIRS[stack[-1]] == mark:
            stack.pop()
            if len(stack) < least:
                least = len(stack)
                closed.append(Closed(found.start(), found.end()))
        elif mark in PAIRS and mark not in own:
            stack.append(mark)
    return tuple(stack), closed
