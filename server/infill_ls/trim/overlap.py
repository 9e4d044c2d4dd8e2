"""Where the fill says again what stands in the file already, or what it has said before."""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from itertools import takewhile
from typing import Final

from infill_ls.text.indents import depth_of
from infill_ls.text.languages import PROSE_LANGUAGES, is_comment
from infill_ls.trim.lines import TELLING, WORD, code_of
from infill_ls.trim.rest import before_the_line_itself, squeezed
from infill_ls.trim.site import Draft, Site

# What leaves a block is often said once inside of it and once below.
_SAID_TWICE: Final = re.compile(r"\s*(?:return|raise|throw|break|continue|yield|goto)\b")
_CLOSES: Final = re.compile(r"\s*(?:[)\]}]|</)")
_CLOSING_WORD: Final = re.compile(r"\s*(?:end\w*|done|esac|fi)\b")
# A head that isn't written twice in a row.
_ONCE: Final = re.compile(
    r"\s*(?:(?:pub|export|default|async|static|public|private|protected|abstract)\b\s*)*"
    r"(?:def|class|func|fn|fun|function|impl|struct|enum|interface|trait|module|if|for|while|switch"
    r"|match|with|else|elif|do|loop|until|unless|case|when)\b"
)
# An attribute, a decorator or an annotation on a line of its own.
_OVER_A_DEFINITION: Final = re.compile(r"\s*(?:@[\w.:]+(?:\(.*\))?|#!?\[.*\])\Z")
# The share of a line above that a comment must say again to be an echo of it.
_SAID: Final = 0.6
# Comments of several lines, and of a form that texts about code have.
_BELONGS_TO_MORE: Final = ("*", "///", "//!", "/**")
_ONE_WORD: Final = re.compile(r"\W*\w+\W*")


@lru_cache(maxsize=512)
def plain(line: str) -> str:
    """Return what a line says: without blanks, kinds of quotes, and a comma at its end."""
    code = squeezed(line)
    return code.rstrip(",;") or code


def _bare(line: str, language: str) -> str:
    """Return what a line says without the comment at its end, unless it is all comment."""
    return plain(code_of(line, language))


def same_line(line: str, other: str, language: str) -> bool:
    """Whether two lines, blanks at their start included, say the same."""
    if line.rstrip() == other:
        return True
    if depth_of(line) != depth_of(other):
        return False
    return _bare(line, language) == _bare(other, language)


def before_the_lines_below(draft: Draft, site: Site) -> Draft:
    """End before a line that stands below the cursor already.

    Above ``return a``, of ``a = 1⏎return a`` the first line is kept.
    """
    if site.hole.opens_line:
        draft = before_the_line_itself(draft, site)
    below = site.below
    if below is None or (not site.at_line_start and "\n" not in draft.text and not draft.final):
        return draft
    start = draft.text.rfind("\n") + 1
    reading = site.having_read(_Below, draft.text[:start])
    last = draft.text[start:]
    if draft.final:
        reading = reading.copy()
        if last.strip():
            reading.read(f"{last}{site.rest}\n")
        end = 0 if reading.doubtful is not None else reading.end
        return draft if end is None else draft.end(end, "suffix")
    if reading.end is not None:
        return draft.end(reading.end, "suffix")
    if reading.doubtful is not None:
        return draft.hold(0)
    full = last if start else site.before + last
    lines = (below, _telling_below(site))
    may_become = any(one and _may_become(full, one, site.language) for one in lines)
    return draft.hold(max(0, start - 1)) if may_become else draft


class _Below:
    """The lines of a fill, and whether one of them stands below the cursor already.

    ``end``: where the fill is to end for that, None if it isn't. ``doubtful``: its first line,
    if the next one tells whether it is the one below, or begins something else as that does.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.position = 0
        self.end: int | None = None
        self.doubtful: str | None = None

    def copy(self) -> _Below:
        """Return another one that goes on from here."""
        return copy(self)

    def read(self, lines: str) -> None:
        """Read whole lines."""
        for line in lines.split("\n")[:-1]:
            if self.end is None and line.strip():
                self._judge(line)
            self.position += len(line) + 1

    def _judge(self, line: str) -> None:
        site, below = self.site, self.site.below or ""
        if self.doubtful is not None:
            if not _begins_alike(line, site):
                self.end = 0
                return
            self.doubtful = None
        first = not self.position
        full = site.before + line if first else line
        if first and not _first_is_judged(site):
            return
        if not _says(full, below, _telling_below(site), site.language):
            return
        if first and same_line(full, below, site.language) and _may_begin_alike(full, site):
            self.doubtful = full
        else:
            self.end = max(0, self.position - 1)


def _first_is_judged(site: Site) -> bool:
    """Whether the cursor's line is not to become like the one below.

    Who has written both ends of it knows that it is.
    """
    if site.rest_has_words:
        return False
    return site.at_line_start or len(_bare(site.below or "", site.language)) >= TELLING


def _may_begin_alike(line: str, site: Site) -> bool:
    """Whether the fill's first line, which says what the line below says, may begin something else.

    ``<tr>`` stands above one row and above the next, ``#[test]`` above each test: their second
    lines tell them apart.
    """
    if not site.at_line_start or len(site.code_below) < 2 or _ONCE.match(line):
        return False
    return depth_of(site.code_below[1]) > depth_of(line) or bool(_OVER_A_DEFINITION.match(line))


def _begins_alike(second: str, site: Site) -> bool:
    """Whether the line behind such a first one tells that it does begin something else."""
    other = site.code_below[1]
    if depth_of(second) != depth_of(other):
        return False
    return _bare(second, site.language) != _bare(other, site.language)


@lru_cache(maxsize=256)
def _says(line: str, below: str, telling: str, language: str) -> bool:
    """Whether a line says what the next one does, or at any indentation what tells the place."""
    if same_line(line, below, language):
        return True
    if telling == "" or _SAID_TWICE.match(line):
        return False
    return _bare(line, language) == _bare(telling, language)


@lru_cache(maxsize=16)
def _telling_below(site: Site) -> str:
    """Return the first of the lines below that has enough to be known again at any indentation."""
    # What is in another block than the cursor is no sign of what follows here.
    near = takewhile(lambda line: not _CLOSES.match(line), site.code_below[:3])
    deepest = max(depth_of(site.before + site.rest), depth_of(site.below or ""))
    telling = (
        line
        for line in near
        if len(re.findall(r"\w", code := code_of(line, site.language))) >= TELLING
        and not _ONE_WORD.fullmatch(code)
        and depth_of(line) <= deepest
    )
    line = next(telling, "")
    return "" if _SAID_TWICE.match(line) or site.in_text else line


def without_echo(draft: Draft, site: Site) -> Draft:
    """Leave out a last line that only says, further in, what the line below says.

    Above ``done(a);``, of ``b();⏎    done(a);`` the first line is kept.
    """
    head, _, last = draft.text.rstrip().rpartition("\n")
    if not draft.final or not head or site.rest.strip() or len(plain(last)) < TELLING:
        return draft
    if _bare(last, site.language) != _bare(site.below or "", site.language):
        return draft
    return draft if _closes(head, last, site) else draft.end(len(head), "suffix")


def _closes(head: str, last: str, site: Site) -> bool:
    """Whether a last line closes what one above it opened: between them all is further in."""
    if not _CLOSES.match(last) and not _CLOSING_WORD.match(last):
        return False
    depth, inside = depth_of(last), False
    for line in reversed((site.before + head).split("\n")):
        if line.strip() and depth_of(line) <= depth:
            return inside and depth_of(line) == depth
        inside = inside or bool(line.strip())
    return False


def without_said_comment(draft: Draft, site: Site) -> Draft:
    """Refuse a comment that only says again what a line above says, or a part of it.

    Below ``# Add the values to the list`` the comment ``# add the values`` is no fill.
    """
    if not draft.final or not draft.text.strip() or site.rest.strip() or site.in_docstring:
        return draft
    if site.language in PROSE_LANGUAGES or WORD.search(site.before):
        return draft
    above = _words(site.above)
    for line in (site.before + draft.text).split("\n"):
        said = _words(line)
        if not line.strip():
            continue
        if not is_comment(line, site.language) or line.lstrip().startswith(_BELONGS_TO_MORE):
            return draft
        if said not in above or said.count(" ") < 3 or len(said) < _SAID * len(above):
            return draft
    return draft.end(0, "repetition")


@lru_cache(maxsize=64)
def _words(line: str) -> str:
    """Return the words of a line in small letters, with a blank on either side of each."""
    return f" {' '.join(WORD.findall(line.lower()))} "


def _may_become(line: str, other: str, language: str) -> bool:
    """Whether a line that still grows may come to say the same as another."""
    code = line.lstrip()
    if code and code[0] not in "\"'" and code[0] != other.lstrip()[0]:
        return False
    begun = plain(line)
    return plain(other).startswith(begun) or begun.startswith(_bare(other, language))
