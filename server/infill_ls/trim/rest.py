"""Where the fill says again what stands right of the cursor, on its line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from typing import Final

from infill_ls.text.brackets import OPENERS, QUOTES, Scan
from infill_ls.text.occurrences import occurrences
from infill_ls.trim.site import Draft, Site

# Ends a draft where the model has gone on with the rest of the cursor's line.
JOINED: Final = "rest of line"
# The end of the word that the cursor is in, and what follows it.
_WORD_END: Final = re.compile(r"\w+\s*[^\w\s]")
_WORD_AT_END: Final = re.compile(r"\w+\Z")
# Words and single other signs.
_PART: Final = re.compile(r"\w+|[^\w\s]")
_EITHER_QUOTE: Final = ('"', "'")


def before_the_rest(draft: Draft, site: Site) -> Draft:
    """End where the fill begins to repeat the rest of the cursor's line.

    In ``for █ in xs:``, of ``x in xs:`` the ``x`` is kept.
    """
    rest = site.rest.strip()
    if not rest:
        return draft
    end = draft.text.find("\n")
    line = draft.text if end < 0 else draft.text[:end]
    whole = end >= 0 or draft.final
    one_line = site.shape == "line"
    if one_line:
        position = _repeated(line, rest, site, whole=whole)
        if position is not None:
            kept = line[:position]
            return draft.end(len(kept.rstrip() if site.rest[:1].isspace() else kept), JOINED)
        return draft if whole else draft.hold(len(line) - _shared(line, rest))
    return _line_with_the_same_end(draft, site)


def before_the_line_itself(draft: Draft, site: Site) -> Draft:
    """End before the line that the cursor stands at the start of, if the fill begins it."""
    line, newline, _ = draft.text.partition("\n")
    rest = site.hole.right.partition("\n")[0].rstrip()
    code = line.rstrip()
    if not (newline or draft.final) or code == rest or not code.endswith(rest):
        return draft
    return draft.end(len(code) - len(rest), JOINED)


def apart_from_the_rest(draft: Draft, site: Site) -> Draft:
    """End before a word that would become one with the word right of the cursor.

    In ``a █b``, of ``or c`` the ``or`` is kept, with its blank.
    """
    if draft.ended_by == JOINED:
        # The model has put them together itself.
        return draft
    if not draft.final or site.hole.mid_word or not _WORD_AT_END.match(site.rest[:1]):
        return draft
    text = draft.text
    word = _WORD_AT_END.search(text)
    if word is None:
        return draft
    kept = text[: word.start()]
    end = len(kept) if kept.rpartition("\n")[2].strip() else len(kept.rstrip())
    return draft.end(end, draft.ended_by or "suffix")


def _repeated(line: str, rest: str, site: Site, *, whole: bool) -> int | None:
    """Return where the rest of the cursor's line begins in this one."""
    telling = len(rest) >= 3 and re.search(r"\w", rest)
    if telling and (found := found_loosely(rest, line)) is not None:
        return found
    if site.hole.mid_word and (word := _WORD_END.match(rest)) is not None:
        found = found_loosely(word[0], line)
        if found is not None:
            return found
    if not whole:
        return None
    stripped = line.rstrip()
    for length in range(min(len(rest), len(stripped)), 0, -1):
        shared = rest[:length]
        if not stripped.endswith(shared) or _is_another(shared, stripped, site):
            continue
        all_of_it = shared == rest and rest.strip(")]}\"'`")
        unlike_code = not re.search(r"[\w)\]}\"']", shared)
        if length >= 3 or all_of_it or unlike_code:
            return len(stripped) - length
    if stripped.endswith(rest) and _closed_twice(stripped, site):
        return len(stripped) - len(rest)
    for repeated in (rest, rest[0]):
        if stripped.endswith(repeated) and _quoted_twice(stripped, repeated, site):
            return len(stripped) - len(repeated)
    return None


def _is_another(shared: str, line: str, site: Site) -> bool:
    """Whether an opener at the end of both closes further on: ``f(█() => a)`` has two."""
    if shared[-1] not in OPENERS:
        return False
    scan = Scan(site.language).follow(site.before + line + site.rest)
    return scan.stray is None and not scan.opened


def found_loosely(text: str, line: str) -> int | None:
    """Return where a line has a text, whatever the blanks in it and the kind of its quotes."""
    parts = _PART.findall(text)
    firsts = _EITHER_QUOTE if parts[0] in _EITHER_QUOTE else parts[:1]
    starts = sorted(start for first in firsts for start in occurrences(first, line))
    return next((start for start in starts if _has_at(line, start, parts)), None)


def _has_at(line: str, at: int, parts: Sequence[str]) -> bool:
    for number, part in enumerate(parts):
        while number and line[at : at + 1].isspace():
            at += 1
        found = _EITHER_QUOTE if part in _EITHER_QUOTE else part
        if not line.startswith(found, at):
            return False
        at += len(part)
    return True


def _shared(line: str, rest: str) -> int:
    """Return how much of the line's end may become the rest, in characters."""
    goal = squeezed(rest)
    tail = line[-2 * len(rest) - 8 :]
    for start in range(len(tail)):
        if goal.startswith(squeezed(tail[start:])):
            return len(tail) - start
    return 0


def _line_with_the_same_end(draft: Draft, site: Site) -> Draft:
    """End in a line that ends as the cursor's does, once all brackets in it are closed."""
    start = draft.text.rfind("\n") + 1
    reading = site.having_read(_Ends, draft.text[:start])
    last = draft.text[start:]
    if reading.end is None:
        if not draft.final:
            code = last.rstrip()
            return draft.hold(start + len(code) - _shared(code, reading.rest))
        reading = reading.copy()
        reading.read(last + "\n")
    return draft if reading.end is None else draft.end(reading.end, "suffix")


class _Ends:
    """The lines of a fill, and whether one of them ends as the cursor's does.

    ``end``: where the fill is to end for that, None if it isn't.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.rest = site.rest.strip()
        self.scan = Scan(site.language, quote=site.inside, lenient=True)
        self.text = ""
        self.end: int | None = None

    def copy(self) -> _Ends:
        """Return another one that goes on from here."""
        other = copy(self)
        other.scan = self.scan.copy()
        return other

    def read(self, lines: str) -> None:
        """Read whole lines."""
        rest = self.rest
        for line in [f"{line}\n" for line in lines.split("\n")[:-1]]:
            self.scan.follow(line)
            code = line.rstrip()
            if self.end is None and not self.scan.in_brackets and code.endswith(rest):
                ended = self.text + code
                twice = rest[0] in ",;:>" or _closed_twice(ended, self.site)
                if twice or _quoted_twice(ended, rest, self.site):
                    self.end = len(ended) - len(rest)
            self.text += line


def _closed_twice(text: str, site: Site) -> bool:
    """Whether this text, in which all brackets match, leaves nothing to close for those after it.

    ``f(█)`` needs no closer in the fill, ``f█)`` an opener.
    """
    matched = Scan(site.language, opened=site.outer).follow(text)
    if matched.stray is not None:
        return False
    after = matched.follow(site.rest)
    return after.stray is not None or (bool(after.string) and text.endswith(site.rest.rstrip()))


def _quoted_twice(text: str, repeated: str, site: Site) -> bool:
    """Whether the string that this text closes at its end is the one that its rest closes.

    ``'a█'`` needs no quote in the fill, ``█'`` one.
    """
    if repeated[0] not in QUOTES or site.quote:
        return False
    opened = Scan(site.language, lenient=True).follow(text[: len(text) - len(repeated)])
    return opened.string == repeated[0] and not opened.follow(site.rest).string


def squeezed(text: str) -> str:
    """Return a text without what one may write this way or that: blanks, and the kind of quotes."""
    return "".join(text.split()).replace("'", '"')
