"""Where the fill says again what it has said before, or what stands above."""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from typing import Final

from infill_ls.trim.lines import MAX_CHARACTERS, TELLING
from infill_ls.trim.site import Draft, Site

# The same for each of several lines in a row.
_TELLING_LINES: Final = 6
# Lines that a model in a loop repeats.
_PERIODS: Final = range(2, 5)
# A line is searched for a loop when it is whole, and whenever it has grown by so many characters.
_LOOP_STEP: Final = 160
# Three or more characters eight times, ten or more four times. tabby-agent takes five and three,
# which are numbers in a list as well.
_LOOP: Final = re.compile(r"(?=\S)(?:(.{3,9}?)\1{7}|(.{10,60}?)\2{3})")
# A piece, of any characters, that stands so often in a row where a limit or the engine ended the
# text is a loop: Ollama ends an answer itself at the 32nd equal token.
_ENDLESS: Final = 16
# The longest such piece, in characters without blanks.
_LONGEST_PIECE: Final = 40


def without_repetition(draft: Draft, site: Site) -> Draft:
    """End before lines that the fill has said already, or that stand above the cursor.

    After ``a(1)⏎b(2)⏎`` comes ``a(1)⏎b(2)⏎`` again: the second two are left out. In one line,
    ``x or x or x or …`` ends behind the first few.
    """
    start = draft.text.rfind("\n") + 1
    said = site.having_read(_Said, draft.text[:start])
    if said.end is not None:
        return draft.end(said.end, "repetition")
    looped = _looped(draft, start)
    if looped is not None:
        return draft.end(looped, "repetition")
    if not (site.at_line_start or start):
        return draft
    last = draft.text[start:]
    if not draft.final:
        return draft.hold(said.held(last))
    said = said.copy()
    said.add(last)
    return draft if said.end is None else draft.end(said.end, "repetition")


def _looped(draft: Draft, start: int) -> int | None:
    """Return where the loop begins that the last line is in, or that a limit has cut short.

    ``start``: where that line begins.
    """
    line = draft.text[start:]
    if draft.final and not draft.cut_short:
        looped = _loop(line)
        return None if looped is None else start + looped
    for length in range(_LOOP_STEP, len(line) + 1, _LOOP_STEP):
        if (looped := _loop(line[:length])) is not None:
            return start + looped
    if not draft.final or len(draft.text) > MAX_CHARACTERS:
        # A text that is too long has ended for that before.
        return None
    if (looped := _endless(draft.text)) is not None:
        # The line in which the model lost its way is worth nothing.
        return max(0, draft.text.rfind("\n", 0, looped))
    return None if (looped := _loop(line)) is None else start + looped


class _Said:
    """The lines that stand above the cursor and in a fill, and where these come again.

    ``end``: where the fill is to end for that, None if it isn't.
    """

    def __init__(self, site: Site) -> None:
        self.before = site.before
        # Lines without the blanks at their ends; of the blank ones none.
        self.lines = site.code_above[-max(_PERIODS) :]
        # How many of them stand above the fill, and where the others begin, line end included.
        self.above = len(self.lines)
        self.starts = [0] * self.above
        self.number = self.position = 0
        self.end: int | None = None

    def copy(self) -> _Said:
        """Return another one that goes on from here."""
        other = copy(self)
        other.lines, other.starts = self.lines[:], self.starts[:]
        return other

    def read(self, lines: str) -> None:
        """Read whole lines."""
        for line in lines.split("\n")[:-1]:
            if self.end is None and (looped := _loop(line)) is not None:
                self.end = self.position + looped
            self.add(line)

    def add(self, line: str) -> None:
        """Read a line that can't grow any more, unless the fill has ended."""
        if self.end is not None:
            return
        full = self._full(line)
        telling = len(full.strip()) >= TELLING
        if self.number > 1 and telling and self.lines and full == self.lines[-1]:
            self.end = self.position - 1
            return
        if full:
            self.lines.append(full)
            self.starts.append(max(0, self.position - 1))
            self.end = self._again()
        self.number += 1
        self.position += len(line) + 1

    def held(self, line: str) -> int:
        """Return from where on a fill is to be held back whose last line still grows."""
        full, start = self._full(line), max(0, self.position - 1)
        held = self.position + len(line)
        if self.number > 1 and self.lines and self.lines[-1].startswith(full):
            held = start
        lines, starts = [*self.lines, full], [*self.starts, start]
        for period in _PERIODS:
            if period >= len(lines) or not lines[-1 - period].startswith(full):
                continue
            for first in range(max(len(lines) - period, self.above, period), len(lines)):
                if lines[first:-1] == lines[first - period : -1 - period]:
                    held = min(held, starts[first])
        return held

    def _full(self, line: str) -> str:
        return (line if self.number else self.before + line).rstrip()

    def _again(self) -> int | None:
        """Return where the lines begin that end here and say what those above them say."""
        lines = self.lines
        for period in _PERIODS:
            start = len(lines) - period
            if start < max(self.above, period) or lines[-1] != lines[start - 1]:
                continue
            if lines[start:] == lines[start - period : start] and _tell(lines[start:]):
                return self.starts[start]
        return None


def _tell(lines: list[str]) -> bool:
    """Whether these lines have enough to be known again."""
    return sum(len(line.strip()) for line in lines) >= len(lines) * _TELLING_LINES


@lru_cache(maxsize=256)
def _loop(line: str) -> int | None:
    """Return where in a line it begins to say the same again and again; None if it doesn't."""
    if len(line) < 15 or (found := _LOOP.search(line)) is None:
        return None
    piece = found[1] or found[2]
    if not re.search(r"\w", piece):
        # A ruler, or a table.
        return None
    return found.start() + len(piece)


def _endless(text: str) -> int | None:
    """Return where a piece begins that stands again and again up to the text's end.

    Blanks are left aside. None if the text ends otherwise.
    """
    places = [at for at, char in enumerate(text) if not char.isspace()]
    code = "".join(text.split())
    for length in range(1, min(_LONGEST_PIECE, len(code) // _ENDLESS) + 1):
        piece, start = code[-length:], len(code)
        while code.endswith(piece, 0, start):
            start -= length
        if len(code) - start >= _ENDLESS * length:
            return places[start]
    return None
