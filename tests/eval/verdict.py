"""What is right where a model writes exactly what stood in a hole.

The document after accepting is compared with the one that the hole was cut into; blanks at line
ends and at the end of the file don't count.

``right``
    The two are the same. Or what is shown is a start of what was cut out that ends with a line,
    nothing stands right of it on that line, and it has at least the shape that was asked for:

    - a line: the first line (closers may stand right of it);
    - a statement: the first line with code and all that belongs to it, which are the lines that
      are indented further, what brackets and strings that were opened in the cursor's line or
      below go over, and clauses and closers at its own indentation (``else``, ``}``); in a
      docstring, the paragraph;
    - a block: all lines down to the first that is indented less; without indentation, to the
      first blank line.

    Where a statement or block goes on over lines that were *not* cut out, the cut is all that was
    asked for, and a fill that says those lines again is harm.
``short``
    Anything else that begins what was cut out, if nothing is damaged by it: it is shown too
    little, and the user writes on.
``nothing``
    Nothing is shown.
``harm``
    Everything else: the document has what was never in it, twice what was there once, or in one
    line what stood in two.

One kind of hole has two right answers (``gaps.TWO_ANSWERS``). In front of the first word of a line
nobody can tell whether a line above it is wanted: nothing is right there too, but damage is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from eval.lexed import COMMENT, DOCSTRING, Lexed

Verdict = Literal["right", "short", "nothing", "harm"]

_GOES_ON: Final = re.compile(
    r"\s*(?:[)\]}{.|]|</|(?:else|elif|elsif|elseif|except|finally|rescue|ensure|catch|end|fi|done"
    r"|esac|then|do|endif|until|while)\b)"
)
_BLANKS_AT_ENDS: Final = re.compile(r"[ \t]+$", re.MULTILINE)
_CLOSERS_ONLY: Final = re.compile(r"[)\]}\"'`;,\s]*\Z")
# A decorator, an annotation or an attribute, on a line of its own.
_INTRODUCES: Final = re.compile(r"(?:@[\w.:]+(?:\(.*\))?|#!?\[.*\])[ \t]*$", re.MULTILINE)


def same(document: str, other: str) -> bool:
    """Whether two texts are the same but for blanks at line ends and at the end."""
    return document == other or _tidied(document) == _tidied(other)


def _tidied(text: str) -> str:
    return _BLANKS_AT_ENDS.sub("", text).rstrip()


def verdict(
    lexed: Lexed, cut: tuple[int, int], closers: str, shape: str, shown: str, replaced: int
) -> Verdict:
    """How a fill is judged.

    ``cut``: the offsets in the text between which the hole was cut. ``closers``: what the editor
    has put right of the cursor. ``shown``: what is shown from the cursor on, and ``replaced`` how
    many characters right of the cursor it takes the place of.
    """
    text, (start, end) = lexed.text, cut
    truth, below = text[start:end], text[end:]
    if not shown.strip() and not replaced:
        return "right" if same(shown + closers, truth) else "nothing"
    beside = (closers + below)[replaced:]
    if same(text[:start] + shown + beside, text):
        return "right"
    size = _size_in(truth, shown.rstrip())
    if replaced > len(closers) or size is None:
        return "harm"
    goes_on = truth[size:]
    rest = beside.partition("\n")[0].strip()
    at_line_end = not goes_on.partition("\n")[0].strip()
    enough = at_line_end and size >= len(truth[: needed(lexed, cut, shape)].rstrip())
    if not rest:
        return "right" if enough else "short"
    if shape == "line" and enough and _CLOSERS_ONLY.match(rest):
        return "right"
    if goes_on.lstrip(" \t").startswith(rest):
        return "short"
    passed = _passed(lexed, start, start + size)
    if passed != replaced or "\n" in shown.rstrip() or not _CLOSERS_ONLY.match(rest):
        return "harm"
    return "short"


def _size_in(truth: str, begun: str) -> int | None:
    """How much of a text begins like another, blanks at line ends aside; None if it doesn't."""
    size = 0
    *whole, last = begun.split("\n")
    for line in whole:
        other, newline, _ = truth[size:].partition("\n")
        if not newline or other.rstrip() != line.rstrip():
            return None
        size += len(other) + 1
    return size + len(last) if truth.startswith(last, size) else None


def _passed(lexed: Lexed, start: int, end: int) -> int:
    """How many characters of closers of what is open in the cursor's line stand in between."""
    pairs = lexed.open_at(start, lexed.line_start(start))
    return sum(len(pair.closer) for pair in pairs if pair.closed is not None and pair.closed < end)


def needed(lexed: Lexed, cut: tuple[int, int], shape: str) -> int:
    """How much of the cut text the shape asks for, in characters."""
    start, end = cut
    ends = [position for position in _line_ends(lexed, cut) if lexed.text[start:position].strip()]
    if shape == "line":
        return (ends[0] if ends else end) - start
    base = _base(lexed, cut)
    for position in ends:
        if _introduces(lexed, start, position) or _is_open(lexed, start, position):
            continue
        line, blank = _next_line(lexed, position)
        width = _width(line)
        if shape == "statement" and blank and _in_docstring(lexed, start):
            return position - start
        # A rule may begin with a point.
        goes_on = (
            None if lexed.language in ("css", "scss") and line[:1] == "." else _GOES_ON.match(line)
        )
        over = width < base or (width == base and not goes_on)
        if shape == "statement" and over:
            return position - start
        if shape == "block" and (width < base or (base == 0 and blank)):
            return position - start
    return end - start


def _in_docstring(lexed: Lexed, offset: int) -> bool:
    return offset > 0 and lexed.kinds[offset - 1] == DOCSTRING


def _line_ends(lexed: Lexed, cut: tuple[int, int]) -> Iterator[int]:
    position = lexed.text.find("\n", cut[0], cut[1])
    while position >= 0:
        yield position
        position = lexed.text.find("\n", position + 1, cut[1])


def _introduces(lexed: Lexed, start: int, position: int) -> bool:
    """Whether only comments, decorators and attributes stand before this line end."""
    first = lexed.line_start(start)
    for line in re.finditer(r"[^\s][^\n]*", lexed.text[first:position]):
        offset = first + line.start()
        is_rule = lexed.language in ("css", "scss") or not _INTRODUCES.match(lexed.text, offset)
        if lexed.kinds[offset] != COMMENT and is_rule:
            return False
    return True


def _is_open(lexed: Lexed, start: int, position: int) -> bool:
    """Whether what was opened in the cursor's line or below is open there, but for a docstring."""
    pairs = lexed.open_at(position, lexed.line_start(start))
    return any(
        pair.kind != "text" and not (pair.docstring and pair.start < start) for pair in pairs
    )


def _base(lexed: Lexed, cut: tuple[int, int]) -> int:
    """Width of the indentation of the first line with code."""
    lines = lexed.text[lexed.line_start(cut[0]) : cut[1]].split("\n")
    return next((_width(line) for line in lines if line.strip()), 0)


def _next_line(lexed: Lexed, position: int) -> tuple[str, bool]:
    """The next line with code, and whether a blank one stands before it."""
    rest = lexed.text[position + 1 :]
    line = re.match(r"(?:[ \t]*\n)*", rest)
    skipped = line.end() if line else 0
    return rest[skipped:].partition("\n")[0], skipped > 0


def _width(line: str) -> int:
    return len(line.expandtabs(8)) - len(line.lstrip().expandtabs(8))
