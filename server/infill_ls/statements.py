"""Where the line, the statement or the block that is filled ends."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from infill_ls.brackets import CLOSERS, Scan
from infill_ls.place import OPENS, Draft, Place, Shape, depth_of, indent_of, width_of

# In these a statement ends with its line, unless the line itself says otherwise. Elsewhere one
# without an end mark may go on below: with a brace, a method call, a body up to its end.
_LINE_LANGUAGES: Final = frozenset({"python", "go"})
# Words and marks that go on with the statement above at its own indentation.
CLAUSES: Final = frozenset(
    "else elif elsif elseif except finally rescue ensure catch case default when end fi done esac "
    "then do endif until".split()
) | {*CLOSERS, "{", ".", "|"}
# Comments, attributes and decorators belong to the statement below them.
_INTRODUCES: Final = re.compile(r"\s*(?:#|//|/\*|-- |@[\w.]+(?:\(.*)?$)|.*\*/$")
_FIRST_WORD: Final = re.compile(r"[ \t]*(?:(\w+)(?=\W)|([^\w\s]))")
# Lines beyond the end of the block in which the model may get to the line that stands below.
_LOOK_AHEAD: Final = 6
_DEFINES: Final = re.compile(
    r"\s*(?:@|(?:(?:pub|export|default|async|static|public|private|protected|abstract)\b\s*)*"
    r"(?:def|class|func|fn|function|impl|struct|enum|interface|trait|module)\b)"
)
_FUNCTION: Final = re.compile(r"\s*(?:async\s+)?def\b")
# After these, at the level of the block, nothing of it follows.
_LEAVES: Final = re.compile(r"\s*(?:return|raise|throw|break|continue)\b")
_UNFINISHED: Final = re.compile(r"(?:[,\\=+\-*/%&|^<>.?]|\b(?:and|or|not|in|is|if|else))$")


def to_the_shape(draft: Draft, place: Place) -> Draft:
    """Ends with the line, the statement or the block."""
    if place.shape == "line":
        if (end := draft.text.find("\n")) >= 0:
            return draft.end(end, "line")
        return draft
    lines = draft.text.split("\n")
    whole = len(lines) - (not draft.final)
    number, reason = _end(lines, whole, place)
    if reason is None and (draft.final or number == len(lines)):
        return draft
    kept = "\n".join(lines[:number])
    if reason is None:
        return draft.hold(len(kept))
    begun = place.before + draft.text.lstrip("\n")
    if place.shape == "block" and _may_meet(lines[number:whole], begun, place):
        if draft.ended_by == "suffix":
            return draft
        if not draft.final:
            return draft.hold(len(kept))
    return Draft(kept, reason, True)


def _may_meet(beyond: list[str], begun: str, place: Place) -> bool:
    """Whether the model may get to the line that stands below, after these lines beyond the block.

    ``begun``: what the block begins with. Nothing is defined on the way, and who is in a function
    is not led out of it.
    """
    if place.below is None:
        return False
    below = depth_of(place.below)
    if below == 0 and indent_of(begun):
        return False
    outside = min(below, place.unit_width)
    code = [line for line in beyond if line.strip()]
    return len(code) < _LOOK_AHEAD and not any(
        depth_of(line) < outside or _DEFINES.match(line) for line in code
    )


def _end(lines: list[str], whole: int, place: Place) -> tuple[int, str | None]:
    """The number of the first line that is not part of the fill, and why; without a reason, that
    of the first that can't be judged yet.

    ``whole`` lines can't grow any more; the next one may.
    """
    shape = place.shape
    scan = Scan(place.language, quote=place.quote, lenient=True)
    in_docstring = place.in_docstring  # what the cursor is in is no statement of several lines
    base: int | None = None  # width of the indentation of the fill's statements
    last = ""  # the last line that counts
    introduces = False  # that line belongs to the next one, unless the user has begun it
    head = _open_head(place) if shape == "block" else None
    body = _headless(place)
    floor = _floor(place) if shape == "block" else 0
    finishes = floor and not indent_of(place.below or "")  # the function is to be finished
    gap: int | None = None  # a blank line after which the fill may go on
    doubtful: int | None = None  # from here on it may be what stands below, in other words
    if not lines[0].strip() and OPENS.search(place.before.rstrip()):
        # What is typed heads a block, and the fill is its body.
        base, last = depth_of(place.before), place.before
    for number, fill_line in enumerate(lines):
        grown = number < whole
        inside = scan.opened or (scan.quote and not in_docstring)
        line = fill_line if number else place.before + fill_line
        if not fill_line.strip():
            if grown and number > 0 and last and last is not place.before and not inside:
                over = _LEAVES.match(last) and depth_of(last) == base
                further = finishes and floor < (base or 0)
                within = further if over else floor or (shape == "block" and base)
                if not within:
                    return number, "blank line"
                gap = number if gap is None else gap
            continue
        if base is None:
            base = depth_of(line)
        elif number > 0 and not inside:
            first = _FIRST_WORD.match(line + "\n" if grown else line)
            if first is None and not grown:
                return _first(doubtful, gap, number), None
            indent = depth_of(line)
            if gap is not None and indent < floor:
                return gap, "blank line"
            outer = 0 < floor <= indent < base
            if outer and not grown:
                return _first(doubtful, gap, number), None
            outer = outer and not _DEFINES.match(line)
            word = (first[1] or first[2]) if first else ""
            if outer and (finishes or gap is not None):
                base = indent
            elif indent == head and indent < base and word in CLAUSES:
                # A try is no statement without the except that the model goes on with. (A closer
                # that stands below already was cut before.)
                base, shape, head = indent, "statement", None
            if gap is not None and floor and not finishes and doubtful is None:
                doubtful = gap
            gap = None
            if doubtful is not None and grown and indent == floor and _LEAVES.match(line):
                # The function ends here, and yet goes on below.
                return doubtful, "blank line"
            reason = _ends_before(indent, word, base, last, shape)
            if reason and not (reason == "statement" and introduces):
                return number, reason
        if not grown:
            return _first(doubtful, len(lines)), None
        if body and OPENS.search(line.rstrip()) and base <= depth_of(line) < body:
            level = depth_of(line) + place.unit_width
            if level == body and number + 1 < len(lines):
                # Its body stands below already.
                return number + 1, "suffix"
        scan.follow(fill_line + "\n")
        in_docstring = in_docstring and bool(scan.quote)
        last = line
        introduces = bool(_INTRODUCES.match(line.rstrip())) and (number > 0 or place.at_line_start)
        may_end = shape == "statement" and not introduces and number + 1 < len(lines)
        if may_end and _is_finished(line, scan, base, place.language):
            return number + 1, "statement"
    return _first(doubtful, gap, len(lines)), None


def _first(*numbers: int | None) -> int:
    """The first of these that is not None."""
    return next(number for number in numbers if number is not None)


@lru_cache(maxsize=16)
def _floor(place: Place) -> int:
    """Width of the indentation down to which a block may go on in the one around it.

    Where the cursor's line is empty to its start, the user has not said in which block he is. The
    lines below tell how far the gap may reach, or it is the rest of the function. 0 if nothing
    tells.
    """
    if place.before or place.rest.strip():
        return 0
    below = depth_of(place.below or "")
    if below or place.language != "python":
        return below
    return _function_body(place)


def _function_body(place: Place) -> int:
    """Width of the least indentation in the outermost function around the cursor; 0 if in none."""
    width, body = 10_000, 0
    for line in reversed(place.lines_above):
        indent = depth_of(line)
        if indent < width:
            if _FUNCTION.match(line):
                body = indent + 1
            elif body:
                break
            width = indent
    return body


def _ends_before(indent: int, first: str, base: int, last: str, shape: Shape) -> str | None:
    """Why a line with this indentation and first word is not part of the fill; None if it is."""
    if indent < base:
        return "dedent"
    if indent > base or first in CLAUSES or shape == "block":
        return None
    return None if _UNFINISHED.search(last.rstrip()) else "statement"


@lru_cache(maxsize=16)
def _open_head(place: Place) -> int | None:
    """Width of the indentation of the line whose block the cursor begins, if it begins one.

    None too if the text below goes on with that statement already.
    """
    head, below = indent_of(place.above), place.below or ""
    first = _FIRST_WORD.match(below + "\n")
    goes_on = first is not None and first[1] in CLAUSES and indent_of(below) == head
    opened = OPENS.search(place.above)
    return width_of(head) if opened and place.at_line_start and not goes_on else None


@lru_cache(maxsize=16)
def _headless(place: Place) -> int:
    """Width of the indentation of what stands below, if it is the body of a head that is missing.

    0 if it isn't.
    """
    if not place.at_line_start or place.rest.strip() or place.language != "python":
        return 0
    above, below = depth_of(place.above), depth_of(place.below or "")
    if above == below and not place.before and not OPENS.search(place.above):
        return below
    deepest = above + place.unit_width if OPENS.search(place.above) else above
    return below if below > deepest else 0


def _is_finished(line: str, scan: Scan, base: int, language: str) -> bool:
    """Whether the statement is over at this line's end, whatever comes next."""
    code = line.rstrip()
    if scan.opened or scan.quote or depth_of(line) != base or code.lstrip()[:1] in CLOSERS:
        return False
    if language not in _LINE_LANGUAGES and not code.endswith(";"):
        return False
    return not (OPENS.search(code) or _UNFINISHED.search(code))
