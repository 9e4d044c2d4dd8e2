"""What the lines around the cursor tell of the block that is filled."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from infill_ls.text.indents import depth_of, indent_of, width_of
from infill_ls.trim.lines import CLAUSES, FIRST_WORD, LINE_LANGUAGES, code_of, opens
from infill_ls.trim.site import Site

_FUNCTION: Final = re.compile(r"\s*(?:async\s+)?def\b")


@lru_cache(maxsize=16)
def floor(site: Site) -> int:
    """Return the width of indentation down to which a block may go on in the one around it.

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
    """Return the least indentation in the outermost function around the cursor, in columns.

    0 if it is in none.
    """
    width, body = 10_000, 0
    for line in reversed(site.code_above):
        indent = depth_of(line)
        if indent < width:
            if _FUNCTION.match(line):
                body = indent + 1
            elif body:
                break
            width = indent
    return body


@lru_cache(maxsize=16)
def open_head(site: Site) -> int | None:
    """Return the indentation of the line whose block the cursor begins, in columns.

    None if it begins no block, or if the text below goes on with that statement already.
    """
    head, below = indent_of(site.above), site.below or ""
    first = FIRST_WORD.match(below + "\n")
    goes_on = first is not None and first[1] in CLAUSES and indent_of(below) == head
    opened = opens(site.above, site.language)
    return width_of(head) if opened and site.at_line_start and not goes_on else None


@lru_cache(maxsize=16)
def headless(site: Site) -> int:
    """Return the indentation of what stands below, if it is a body without a head, in columns.

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


def begun_above(site: Site, depth: int, base: int) -> int:
    """Return the indentation of the head of a block whose first line is indented like this.

    A head that goes on over two lines may be further in on the second than its block.
    """
    above = code_of(site.above, site.language)
    outer = depth_of(above)
    goes_on = site.language not in LINE_LANGUAGES and above[-1:] not in ("", "{", "}", ";")
    return outer if goes_on and outer < depth <= base else base
