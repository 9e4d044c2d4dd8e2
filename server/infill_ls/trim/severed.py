"""What was cut off in the middle: a tag, a call, an expression that was none of the string's."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from infill_ls.text.brackets import SCAN_REACH, Scan
from infill_ls.text.indents import depth_of
from infill_ls.trim.site import Draft, Site

# Where a string may stand right behind another's quote.
_NO_BLANK_BETWEEN_STRINGS: Final = frozenset("c cpp objective-c shellscript makefile vb".split())
_MARKUP: Final = frozenset(
    "html xhtml xml svg javascript javascriptreact typescriptreact vue svelte astro php erb "
    "handlebars twig django-html htmldjango blade heex razor aspnetcorerazor".split()
)
# The beginning of a tag, where no operand may stand left of it.
_TAG: Final = re.compile(r"(?:^|[>({\[&|?:,=}]|\breturn)\s*(<[A-Za-z][\w.:-]*(?:\s[^<>]*)?)\Z")
# The name of what is called or indexed.
_CALLED: Final = re.compile(r"[\w.:$?!@]*\Z")


@lru_cache(maxsize=16)
def _call(quote: str) -> re.Pattern[str]:
    """Return a pattern for a call, or an index, with a string.

    It goes up to where it is known that it is one.
    """
    return re.compile(rf"[A-Za-z_][\w.:]*[(\[]{quote}(\w?)")


def outside_of_strings(draft: Draft, site: Site) -> Draft:
    """Refuse an expression with a string of its own, written between quotes that stand there.

    ``"█"`` is no place for ``os.getenv("KEY")``: up to the first quote it would be cut in two.
    """
    quote = site.quote
    rest = site.rest or site.hole.closers
    if len(quote) != 1 or not rest.startswith(quote) or not site.before.endswith(quote):
        return draft
    found = _call(quote).match(draft.text)
    if found is None or site.language in _NO_BLANK_BETWEEN_STRINGS:
        return draft
    if found[1]:
        return draft.end(0, "quote")
    return draft.hold(0) if not draft.final and found.end() == len(draft.text) else draft


def without_severed_end(draft: Draft, site: Site) -> Draft:
    """Cut a fill that broke off back to what stands by itself.

    Of ``a()⏎b.c(``, with nothing below that goes on with it, ``a()`` is kept. Of a fill that is to
    be a line, the rest may be meant to stand below; at the start of a line that stands there, it
    may be that one.
    """
    if not draft.final or site.shape == "line" or not draft.text or site.in_text:
        return draft
    if site.hole.opens_line and "\n" not in draft.text:
        return draft
    position = _tag_begun(draft.text, site)
    if position is None:
        position = _call_begun(draft.text, site)
    if position is None:
        return draft
    return Draft(draft.text[:position].rstrip(), draft.ended_by, True, draft.cut_short)


def _tag_begun(text: str, site: Site) -> int | None:
    """Return where the tag begins that the text ends in.

    None if it ends in none, or it goes on below.
    """
    if site.language not in _MARKUP or "<" not in text or site.quote:
        return None
    start = text.rfind("\n") + 1
    last = text[start:]
    head = "" if start else site.before
    found = _TAG.search(head + last)
    if found is None or found.start(1) < len(head) or site.rest.strip():
        return None
    below = site.below or ""
    if below.lstrip().startswith((">", "/>")) or depth_of(below) > depth_of(head + last):
        return None
    return start + found.start(1) - len(head)


def _call_begun(text: str, site: Site) -> int | None:
    """Return where the call is to be cut off that the text ends in; None if it ends in none.

    Nor where what stands below closes it.
    """
    code = text.rstrip()
    if code[-1:] not in ("(", "[") or site.rest.strip():
        return None
    scan = Scan(site.language, opened=site.outer, lenient=True).follow(code)
    if scan.quote or not scan.opened or scan.positions[-1] != len(code) - 1:
        return None
    name = _CALLED.search(code[:-1])
    if name is None or not name[0]:
        return None
    below = Scan(site.language, opened=tuple(scan.opened[:-1])).follow(
        site.hole.suffix[:SCAN_REACH]
    )
    head = code.rpartition("\n")[2] if "\n" in code else site.before + code
    if below.stray is not None or depth_of(site.below or "") > depth_of(head):
        return None
    if "\n" in code:
        return code.rfind("\n")
    return 0 if site.at_line_start and name.start() == 0 else len(code) - 1
