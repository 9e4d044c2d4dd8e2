"""Brackets and strings around the cursor: which of them a fill may close, which it must open."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, takewhile
from typing import Final

from infill_ls.text.brackets import (
    CLOSING_BRACKETS,
    QUOTES,
    SCAN_REACH,
    Scan,
    closer_of,
    ends_with_line,
    is_text,
)
from infill_ls.text.closing import closers_in
from infill_ls.text.hole import SUFFIX_LIMIT
from infill_ls.text.indents import depth_of, width_of
from infill_ls.trim.site import Site

# Closers below, or right of the cursor, that are looked at.
_STRAYS: Final = 4
# Brackets and strings within each other that are set against the rest of the line.
_DEEPEST_OPEN: Final = 32


@lru_cache(maxsize=16)
def closable(site: Site) -> int:
    """Return how much of what is open at the cursor a fill may close, innermost first."""
    closers = closers_in(site.hole.closers, site.hole.open)
    closed = closers[-1].layer + (not closers[-1].in_text) if closers else 0
    rest = site.rest.strip()
    if rest:
        return _closable_before(rest, site.outer)
    return closed + _unclosed(site, closed)


def _closable_before(rest: str, outer: tuple[str, ...]) -> int:
    """Return how much of what is open the rest of the line leaves to the fill to close.

    That is what stands further in than what the rest begins to close.
    """
    closed = "".join(
        takewhile(lambda mark: mark in CLOSING_BRACKETS or mark in QUOTES, rest[:_STRAYS])
    )
    closers = [closer_of(one) for one in reversed(outer[-_DEEPEST_OPEN:])]
    for size in range(len(closed), 0, -1):
        for inner in range(len(closers)):
            if "".join(closers[inner:]).startswith(closed[:size]):
                return inner
    return len(outer)


def _unclosed(site: Site, skipped: int) -> int:
    """Return how much of what is open is left open below, the innermost ones left aside.

    The first closers below tell, by their kind and where they stand.
    """
    opened, indents = site.hole.open.code, site.hole.open.indents
    opened = opened[: len(opened) - skipped]
    if (counted := _counted(site, skipped)) is not None:
        return counted
    below = strays_below(site)
    if not below or site.language == "shellscript":
        return len(opened)
    # A string that ends with its line is not closed below, nor is what is open in it.
    strings = [number for number, one in enumerate(opened) if ends_with_line(one)]
    least = len(opened) - strings[0] if strings else 0
    mark, depth = below[0]
    matching = [number for number, one in enumerate(opened) if closer_of(one) == mark]
    if depth is not None:
        widths = [depth if indent is None else width_of(indent) for indent in indents]
        level = [number for number in matching if widths[number] == depth]
        if not level:
            # It closes something that is out of reach.
            return max(least, sum(width > depth for width in widths[: len(opened)]))
        # In a namespace, blocks that are not indented are closed one after the other.
        same = len(list(takewhile(lambda stray: stray == below[0], below)))
        matching = level[:-1] if 1 < len(level) == same + 1 else level
    return max(least, len(opened) - 1 - matching[-1]) if matching else len(opened)


def _counted(site: Site, skipped: int) -> int | None:
    """Return how much of what is open is left open, by all closers below of the cursor's statement.

    It has those down to the first line that is indented no further than its own first, and closes
    nothing. None if they don't tell.
    """
    opened, indents = site.hole.open.code, site.hole.open.indents
    opened, indents = opened[: len(opened) - skipped], indents[: len(opened) - skipped]
    here = max(0, site.hole.open.here - skipped)
    if site.language == "shellscript" or any(map(is_text, opened)):
        return None
    widths = [width_of(site.hole.indentation if one is None else one) for one in indents]
    # The brackets that the statement opens: those of the cursor's line, and what they stand in.
    first = len(opened) - here
    while first and opened[first - 1] != "{":
        first -= 1
    if first == len(opened):
        return None
    base = min(widths[first:])
    while first and widths[first - 1] >= base:
        first -= 1
    statement = opened[first:]
    below = _of_the_statement(site.hole.suffix.partition("\n")[2], base, site.language)
    if below is None:
        return None
    marks = [below[stray] for stray in _strays(below, site.language)]
    missing = len(statement) - len(marks)
    if missing < 0 or marks != [closer_of(one) for one in reversed(statement)][missing:]:
        return None
    return missing


@lru_cache(maxsize=16)
def missing_openers(site: Site) -> int:
    """Return how many closers right of the cursor and below, in its statement, nothing opens."""
    opened, indents = site.hole.open.code, site.hole.open.indents
    base = depth_of(site.before)
    widths = [base if one is None else width_of(one) for one in indents]
    own = 0
    while own < len(opened) and widths[len(opened) - 1 - own] >= base:
        own += 1
    below = _of_the_statement(site.hole.suffix.partition("\n")[2], base, site.language)
    if below is None:
        return 0
    strays = _strays(f"{site.rest}\n{below}", site.language)
    return max(0, sum(1 for _ in strays) - own)


def _of_the_statement(below: str, base: int, language: str) -> str | None:
    """Return the lines below that are of a statement with this width of indentation.

    None if it goes on beyond what is known of the text.
    """
    position = 0
    for line in below.split("\n"):
        code = line.strip()
        depth = depth_of(line)
        if code and code[0] != "#" and (depth < base or (depth == base and code[0] not in ")]}")):
            return below[:position]
        position += len(line) + 1
    return below if len(below) < SUFFIX_LIMIT - 1_000 else None


@lru_cache(maxsize=16)
def strays_below(site: Site) -> list[tuple[str, int | None]]:
    """Return the next closers below that match nothing there, and how far each is indented.

    None in place of the latter for one that isn't the first on its line.
    """
    below = site.hole.suffix[:SCAN_REACH]
    found: list[tuple[str, int | None]] = []
    for stray in islice(_strays(below, site.language), _STRAYS):
        line = below[below.rfind("\n", 0, stray) + 1 : stray]
        first = not line.strip() and "\n" in below[:stray]
        found.append((below[stray], depth_of(line) if first else None))
    return found


def _strays(text: str, language: str) -> Iterator[int]:
    """Yield where the closers stand that match nothing in a text, one after the other."""
    position = 0
    while (stray := Scan(language).follow(text[position:]).stray) is not None:
        yield position + stray
        position += stray + 1
