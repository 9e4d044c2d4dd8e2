"""Where the fill says again what stands in the file already, or what it has said before."""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from itertools import takewhile
from typing import Final

from infill_ls.text.brackets import OPENERS, QUOTES, Scan
from infill_ls.text.indents import depth_of
from infill_ls.text.languages import PROSE_LANGUAGES, is_comment
from infill_ls.trim.lines import TELLING, WORD, code_of
from infill_ls.trim.site import Draft, Site

# Ends a draft where the model has gone on with the rest of the cursor's line.
JOINED: Final = "rest of line"
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
# The end of the word that the cursor is in, and what follows it.
_WORD_END: Final = re.compile(r"\w+\s*[^\w\s]")
_WORD_AT_END: Final = re.compile(r"\w+\Z")


def _squeezed(text: str) -> str:
    """A text without what one may write this way or that: blanks, and the kind of quotes."""
    return "".join(text.split()).replace("'", '"')


@lru_cache(maxsize=512)
def plain(line: str) -> str:
    """The same of a line, without a comma at its end."""
    code = _squeezed(line)
    return code.rstrip(",;") or code


def _bare(line: str, language: str) -> str:
    """The same without a comment at its end, unless it is all comment."""
    return plain(code_of(line, language))


def same_line(line: str, other: str, language: str) -> bool:
    """Whether two lines, blanks at their start included, say the same."""
    if line.rstrip() == other:
        return True
    if depth_of(line) != depth_of(other):
        return False
    return _bare(line, language) == _bare(other, language)


def before_the_rest(draft: Draft, site: Site) -> Draft:
    """Ends where the fill begins to repeat the rest of the cursor's line."""
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


def _before_the_line_itself(draft: Draft, site: Site) -> Draft:
    """Ends before the line that the cursor stands at the start of, if the fill begins it."""
    line, newline, _ = draft.text.partition("\n")
    rest = site.hole.right.partition("\n")[0].rstrip()
    code = line.rstrip()
    if not (newline or draft.final) or code == rest or not code.endswith(rest):
        return draft
    return draft.end(len(code) - len(rest), JOINED)


def apart_from_the_rest(draft: Draft, site: Site) -> Draft:
    """Ends before a word that would become one with the word right of the cursor."""
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
    """Where the rest of the cursor's line begins in this one."""
    telling = len(rest) >= 3 and re.search(r"\w", rest)
    if telling and (found := _loosely(rest).search(line)) is not None:
        return found.start()
    if site.hole.mid_word and (word := _WORD_END.match(rest)) is not None:
        found = _loosely(word[0]).search(line)
        if found is not None:
            return found.start()
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


@lru_cache(maxsize=16)
def _loosely(rest: str) -> re.Pattern[str]:
    """Finds this text, whatever the blanks in it and the kind of its quotes."""
    parts = re.findall(r"\w+|[^\w\s]", rest)
    quoted = ["[\"']" if part in "\"'" else re.escape(part) for part in parts]
    return re.compile(r"\s*".join(quoted))


def _shared(line: str, rest: str) -> int:
    """How much of the line's end may become the rest, in characters."""
    goal = _squeezed(rest)
    tail = line[-2 * len(rest) - 8 :]
    for start in range(len(tail)):
        if goal.startswith(_squeezed(tail[start:])):
            return len(tail) - start
    return 0


def _line_with_the_same_end(draft: Draft, site: Site) -> Draft:
    """Ends in a line that ends as the cursor's does, once all brackets in it are closed."""
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
            if self.end is None and not self.scan.brackets and code.endswith(rest):
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


def before_the_lines_below(draft: Draft, site: Site) -> Draft:
    """Ends before a line that stands below the cursor already."""
    if site.hole.opens_line:
        draft = _before_the_line_itself(draft, site)
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
    """The first of the lines below that has enough to be known again at any indentation."""
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
    """Leaves out a last line that only says, further in, what the line below says."""
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
    """Refuses a comment that only says again what a line above says, or a part of it."""
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
    """The words of a line in small letters, with a blank on either side of each."""
    return f" {' '.join(WORD.findall(line.lower()))} "


def _may_become(line: str, other: str, language: str) -> bool:
    """Whether a line that still grows may come to say the same as another."""
    code = line.lstrip()
    if code and code[0] not in "\"'" and code[0] != other.lstrip()[0]:
        return False
    begun = plain(line)
    return plain(other).startswith(begun) or begun.startswith(_bare(other, language))
