"""Brackets and quotes of the fill against those around it."""

from __future__ import annotations

import re
from typing import Final

from infill_ls.brackets import OPENERS, TRIPLE_QUOTE, Scan
from infill_ls.place import Draft, Place, indent_of

_BEFORE_QUOTE: Final = {
    quote: re.compile(rf"(?:[^\\]|\\.)*?{quote}", re.DOTALL) for quote in "\"'`"
}


def inside_of_quotes(draft: Draft, place: Place) -> Draft:
    """Ends before the quote that the string around the cursor is closed with already."""
    quote = place.quote
    if not quote:
        return draft
    if len(quote) == 1:
        stands_there = place.rest.startswith(quote)
        closing = _BEFORE_QUOTE[quote].match(draft.text) if stands_there else None
        return draft if closing is None else draft.end(closing.end() - 1, "quote")
    if place.before.endswith(quote):
        # Many models write the last of the three quotes again.
        begun = draft.text[:2]
        if begun in quote and not draft.final:
            return draft.hold(0)
        if begun[:1] == quote[0] and begun != quote[:2]:
            draft = draft.become(draft.text[1:])
    if (marks := TRIPLE_QUOTE.search(place.hole.suffix)) is None or marks[0] != quote:
        return draft
    found = draft.text.find(quote)
    if found < 0:
        held = next((size for size in (2, 1) if draft.text.endswith(quote[:size])), 0)
        return draft if draft.final else draft.hold(len(draft.text) - held)
    return draft.end(len(draft.text[:found].rstrip()), "quote")


def inside_of_brackets(draft: Draft, place: Place) -> Draft:
    """Ends before a bracket that closes what was not opened in the fill.

    But where the text after the cursor leaves it open, a fill may close what stands before it.
    """
    text, quote = draft.text, place.quote
    stray = Scan(place.language, quote=quote).follow(text).stray
    if stray is None:
        return draft
    if place.in_text and not _open_in_line(place):
        # Prose has smileys, and counts with a) and b).
        return draft
    outer = place.outer
    closed = 0
    while stray is not None:
        closer = text[stray]
        opener_found = closed < len(outer) and OPENERS[outer[~closed]] == closer
        if not opener_found or _stands_after(text, stray, place):
            return draft.end(stray, "bracket")
        closed += 1
        stray = Scan(place.language, quote=quote, opened=outer[-closed:]).follow(text).stray
    return draft


def _open_in_line(place: Place) -> bool:
    """Whether a bracket is open on the cursor's line, be it a comment's."""
    return bool(Scan("", lenient=True).follow(place.before).opened)


def _stands_after(text: str, stray: int, place: Place) -> bool:
    """Whether the text after the cursor begins with the same closer.

    One on a line of its own is the same only at the same indentation: ``}`` of an inner block
    and ``}`` of the function around it are two.
    """
    if place.hole.suffix.lstrip()[:1] != text[stray]:
        return False
    line = text[text.rfind("\n", 0, stray) + 1 : stray]
    if place.rest.strip() or line.strip() or "\n" not in text[:stray]:
        return True
    return indent_of(place.below or "") == line


def with_closers(draft: Draft, place: Place) -> Draft:
    """Cuts off what the fill leaves open where the rest of the line closes what was open before.

    ``f(█)`` is no place for ``a, g(b``: the bracket there belongs to f.
    """
    if not draft.final or not place.rest.strip() or "\n" in draft.text:
        return draft
    scan = Scan(place.language, quote=place.quote, lenient=True).follow(draft.text)
    if not scan.opened or scan.quote:
        return draft
    after = Scan(place.language, opened=place.outer).follow(place.rest)
    if after.stray is not None or len(after.opened) >= len(place.outer):
        # It closes what the fill opens, or nothing.
        return draft
    head = draft.text[: scan.places[0]]
    return draft.end(max(head.rfind(","), 0), draft.ended_by or "bracket")
