"""The hole in a document that a fill is wanted for: what stands before it and after it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from infill_ls.text.brackets import Closed, Scan, is_text
from infill_ls.text.closing import closers_in, passed
from infill_ls.text.opened import Open, open_at

# More than any prompt takes, so that the work per request doesn't grow with the file: at three
# characters a token, 64 Ki characters are over 20,000 tokens.
PREFIX_LIMIT: Final = 64 * 1024
SUFFIX_LIMIT: Final = 16 * 1024
# Characters on either side of the cursor that tell one place from another.
IDENTITY_REACH: Final = 512
# Characters that may have been typed since a fill was asked for.
TYPED: Final = 256
# What editors close by themselves.
AUTO_CLOSED: Final = ")]}>\"'`"
# Half of a character: it can be in a document (JSON has it) and in no encoding.
LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")

LINE_END_MARKS: Final = re.compile(r"\r\n|\n|\r")
# No language has a line that begins like this, but for Markdown's underlines.
_BEGINS_NO_LINE: Final = re.compile(r"\s*(?:=(?!==)|,|!=)")


@dataclass(frozen=True, slots=True)
class Around:
    """What a notebook has around one of its cells.

    ``language``: of the cell. ``above``, ``below``: the other cells in that language, as a prompt
    has them before the cell and behind it, empty lines between them; no more than any prompt takes.
    ``lines``: how many lines those above have, with what was left out of them.
    """

    language: str
    above: str = ""
    below: str = ""
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Hole:
    """Text before and after the cursor, with ``\\n`` for every line end.

    ``language``: language id as the editor names it (``python``, ``typescriptreact``), or empty.
    ``newline``: the document's own line end. ``first_line``: number of the line, from 0, in
    which ``prefix`` begins. ``opens_line``: the cursor stands at the very start of a line with
    text, or before its first word, so that the fill is to be lines of its own above it: it ends
    with ``line_end``, the line end and the blanks that have to come with it, and ``suffix`` begins
    with that.

    ``closers``: the rest of the cursor's line where that is nothing but closers of what is open at
    the cursor, and ``;`` or ``,`` behind them: an editor may have put them there. They are left out
    of ``suffix``, since the fill may go through them: it is what is to stand at the cursor, up to
    the last closer that it has passed.

    ``above``, ``below``: in a cell of a notebook, the other cells that a prompt has before
    ``prefix`` and behind ``suffix`` (:class:`Around`). The document is the cell alone: what is open
    in one is never closed in another. ``lines_before``: how many lines the cells above have in
    all. ``in_cell``: it is in a cell, so that lines may be commands of the notebook's (``%time``,
    ``!ls``).
    """

    prefix: str
    suffix: str
    language: str = ""
    newline: str = "\n"
    first_line: int = 0
    opens_line: bool = False
    closers: str = ""
    above: str = ""
    below: str = ""
    lines_before: int = 0
    in_cell: bool = False

    @property
    def whole_prefix(self) -> str:
        """All that a prompt may have before the cursor."""
        return self.above + self.prefix if self.above else self.prefix

    @property
    def whole_suffix(self) -> str:
        """All that a prompt may have behind the cursor."""
        return self.suffix + self.below if self.below else self.suffix

    @property
    def whole_first_line(self) -> int:
        """The number, from 0, of the line that ``whole_prefix`` begins with.

        Lines count through all cells, as if they were one file.
        """
        return self.lines_before + self.first_line - self.above.count("\n")

    @property
    def open(self) -> Open:
        """What is open at the cursor."""
        return open_at(self.prefix, self.language)

    @property
    def line_end(self) -> str:
        """What a fill ends with that is lines of its own; empty where none is to be."""
        return f"\n{self.indentation}" if self.opens_line else ""

    @property
    def right(self) -> str:
        """The document right of the cursor, closers included."""
        return self.closers + self.suffix[len(self.line_end) :]

    def passed(self, fill: str) -> list[Closed]:
        """Return where a fill has the closers of which it takes the place."""
        if not self.closers or not fill:
            return []
        return passed(fill, self.closers, self.open, self.language)

    def replaced(self, fill: str) -> int:
        """Return how many characters right of the cursor a fill takes the place of.

        These are closers that it has itself, and ``;`` or ``,`` where it ends with that too.
        """
        count = len(self.passed(fill))
        if not count:
            return 0
        ends = [closer.end for closer in closers_in(self.closers, self.open)]
        behind = self.closers[ends[-1] :].strip() if count == len(ends) else ""
        whole = behind and fill.endswith(behind)
        return len(self.closers.rstrip()) if whole else ends[count - 1]

    def behind(self, fill: str) -> str:
        """Return the closers of the line that stand behind a fill."""
        return self.closers[self.replaced(fill) :]

    def before_closers(self, fill: str) -> str:
        """Return a fill as far as it goes without taking the place of anything."""
        passed = self.passed(fill)
        return fill[: passed[0].start] if passed else fill

    def shortened(self, fill: str) -> str:
        """Return a fill without the closers that its last line would only end with.

        They stand there.
        """
        passed = self.passed(fill)
        if not passed:
            return fill
        kept, end = fill[: passed[0].start], fill[passed[0].start :]
        blanks = len(self.closers) - len(self.closers.lstrip())
        if not kept.rpartition("\n")[2].strip() or not self.closers.startswith(end, blanks):
            return fill
        own = self.closers[:blanks]
        return kept[: len(kept) - blanks] if kept.endswith(own) else fill

    def after(self, fill: str) -> Hole:
        """Return the hole behind a fill that was accepted."""
        return replace(self, prefix=self.prefix + fill, closers=self.behind(fill))

    @property
    def surroundings(self) -> tuple[str, str]:
        """The text on either side that tells this place from another."""
        return self.prefix_within(IDENTITY_REACH), self.suffix_within(IDENTITY_REACH)

    def prefix_within(self, reach: int) -> str:
        """Return so many of the characters before the cursor, those of cells above included."""
        if len(self.prefix) >= reach or not self.above:
            return self.prefix[-reach:]
        return self.above[len(self.prefix) - reach :] + self.prefix

    def suffix_within(self, reach: int) -> str:
        """Return so many of the characters behind the cursor, those of cells below included."""
        if len(self.suffix) >= reach or not self.below:
            return self.suffix[:reach]
        return self.suffix + self.below[: reach - len(self.suffix)]

    def in_document(self, fill: str) -> str:
        """Return a fill with the document's own line ends."""
        return fill.replace("\n", self.newline)

    @property
    def line_before(self) -> str:
        """The cursor's line, left of the cursor."""
        return self.prefix[self.prefix.rfind("\n") + 1 :]

    @property
    def rest_of_line(self) -> str:
        """The cursor's line, right of the cursor."""
        return self.suffix.partition("\n")[0]

    @property
    def indentation(self) -> str:
        """The blanks at the start of the cursor's line, as far as the cursor."""
        before = self.line_before
        return before[: len(before) - len(before.lstrip())]

    @property
    def at_line_start(self) -> bool:
        """Whether only blanks stand left of the cursor."""
        return not self.line_before.strip()

    @property
    def mid_word(self) -> bool:
        """Whether the cursor is inside a word: parts of one on both sides."""
        return _is_word(self.prefix[-1:]) and _is_word(self.suffix[:1])

    @property
    def lines_above(self) -> list[str]:
        """The lines above the cursor's, first to last."""
        return self.prefix.split("\n")[:-1]

    @property
    def lines_below(self) -> list[str]:
        """The lines below the cursor's."""
        return self.suffix.split("\n")[1:]


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def at(
    lines: Sequence[str],
    line: int,
    column: int,
    language: str = "",
    around: Around | None = None,
) -> Hole:
    """Return the hole at a position in a document.

    ``line`` and ``column`` are from 0, the column in code points. ``lines`` keep their line ends.
    ``around``: of a cell of a notebook; None for other documents.
    Work is bounded by :data:`PREFIX_LIMIT` and :data:`SUFFIX_LIMIT`, not by the file.
    """
    # In a line that is too long by itself the start moves in steps, not with every character.
    skipped = -(-max(0, column - PREFIX_LIMIT) // (PREFIX_LIMIT // 4)) * (PREFIX_LIMIT // 4)
    before, size = [lines[line][skipped:column]], column
    first = line
    while first > 0 and size + len(lines[first - 1]) <= PREFIX_LIMIT:
        first -= 1
        before.append(lines[first])
        size += len(lines[first])
    after, size = [lines[line][column:]], len(lines[line]) - column
    below = line + 1
    while below < len(lines) and size <= SUFFIX_LIMIT:
        after.append(lines[below])
        size += len(lines[below])
        below += 1
    hole = _hole(
        _with_line_feeds("".join(reversed(before))),
        _with_line_feeds("".join(after)[:SUFFIX_LIMIT]),
        around.language if around else language,
        _newline(lines[0]),
        first,
    )
    if around is None:
        return hole
    # Between what was left out of a cell and what is around it nothing may be missing.
    begins, ends = not (first or skipped), below == len(lines) and size <= SUFFIX_LIMIT
    return replace(
        hole,
        above=around.above if begins else "",
        below=around.below if ends else "",
        lines_before=around.lines,
        in_cell=True,
    )


def between(prefix: str, suffix: str, language: str = "") -> Hole:
    """Return the hole between two texts, which may be cut anywhere in a line."""
    newline = LINE_END_MARKS.search(prefix + suffix)
    return _hole(
        _with_line_feeds(prefix),
        _with_line_feeds(suffix),
        language,
        newline[0] if newline else "\n",
        indented=False,
    )


def _hole(
    prefix: str,
    suffix: str,
    language: str,
    newline: str,
    first_line: int = 0,
    *,
    indented: bool = True,
) -> Hole:
    """Return the hole between two texts, with what an editor may have put there set apart.

    ``indented``: what begins behind blanks may be a line of its own too.
    """
    hole = Hole(prefix, suffix, language, newline, first_line)
    rest = hole.rest_of_line
    if not rest.strip():
        return hole
    if closers_in(rest, hole.open):
        return replace(hole, suffix=suffix[len(rest) :], closers=rest)
    at_start = not hole.line_before or (indented and hole.at_line_start and not rest[0].isspace())
    if at_start and _is_a_line(rest, hole):
        return replace(hole, suffix=f"\n{hole.indentation}{suffix}", opens_line=True)
    return hole


def _is_a_line(text: str, hole: Hole) -> bool:
    """Whether this is a line of its own, not the end of one that is broken at the cursor.

    The end of one goes on with an operator, or closes a bracket or a string that nobody has opened.
    A line of its own begins with such a closer, if it has one.
    """
    if _BEGINS_NO_LINE.match(text):
        return False
    opened = tuple(one for one in hole.open.code if not is_text(one))
    scan = Scan(hole.language, opened=opened).follow(text[:IDENTITY_REACH].lstrip(")]}>"))
    return text[0].isspace() or (scan.stray is None and scan.string not in ("'", '"'))


def typed_since(earlier: Hole, later: Hole) -> str | None:
    """Return what was typed at a hole since; None if anything else has changed near it.

    Brackets and quotes that the editor closed by itself may stand right of the cursor now.
    """
    if _cells_near(earlier) != _cells_near(later):
        return None
    if earlier.first_line == later.first_line:
        if not later.prefix.startswith(earlier.prefix):
            return None
        typed = later.prefix[len(earlier.prefix) :]
    else:
        # Both begin in the middle of the file. Their last characters tell the place.
        tail = earlier.prefix[-IDENTITY_REACH:]
        found = later.prefix.rfind(tail, -IDENTITY_REACH - TYPED)
        if found < 0:
            return None
        typed = later.prefix[found + len(tail) :]
    if len(typed) > TYPED:
        return None
    before, after = earlier.suffix[:IDENTITY_REACH], later.suffix
    closed = len(after) - len(after.lstrip(AUTO_CLOSED)) if typed else 0
    if any(after[skip : skip + IDENTITY_REACH] == before for skip in range(min(closed, 3) + 1)):
        return typed
    joined = line_joined(later) if typed and earlier.closers else None
    return typed if joined is not None and joined.suffix[:IDENTITY_REACH] == before else None


def _cells_near(hole: Hole) -> tuple[str, str]:
    """Return the text of other cells that is near to this one."""
    return hole.above[-IDENTITY_REACH:], hole.below[:IDENTITY_REACH]


def earlier_of(hole: Hole) -> Iterator[Hole]:
    """Yield what a hole may have been before the editor put in closers, on its line or below."""
    for closed in range(1, 3):
        if hole.suffix[closed - 1 : closed] not in tuple(AUTO_CLOSED):
            break
        yield replace(hole, suffix=hole.suffix[closed:])
    if joined := line_joined(hole):
        yield joined


def line_joined(hole: Hole) -> Hole | None:
    """Return the hole as it was before the editor put what it had closed on the line below.

    Editors do so when Enter is typed between two brackets. None if there are no such closers.
    """
    below, newline, rest = hole.suffix[1:].partition("\n")
    if hole.closers or hole.rest_of_line.strip() or not closers_in(below, hole.open):
        return None
    return replace(hole, suffix=newline + rest, closers=below.lstrip())


def _with_line_feeds(text: str) -> str:
    """Return a text with ``\\n`` for each line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _newline(line: str) -> str:
    ending = line[len(line.rstrip("\r\n")) :]
    return ending or "\n"
