"""Where the fill says again what it has said before, or what stands above."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from infill_ls.trim.lines import TELLING
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
    """Ends before lines that the fill has said already, or that stand above the cursor."""
    lines = draft.text.split("\n")
    whole = len(lines) if draft.final else len(lines) - 1
    stopped = len(lines) if draft.final and not draft.cut_short else len(lines) - 1
    position = 0
    for line in lines[:stopped]:
        if (looped := _loop(line)) is not None:
            return draft.end(position + looped, "repetition")
        position += len(line) + 1
    if stopped < len(lines):
        grown = len(lines[-1]) // _LOOP_STEP * _LOOP_STEP
        for length in range(_LOOP_STEP, grown + 1, _LOOP_STEP):
            if (looped := _loop(lines[-1][:length])) is not None:
                return draft.end(position + looped, "repetition")
    if draft.final and draft.cut_short:
        if (looped := _endless(draft.text)) is not None:
            # The line in which the model lost its way is worth nothing.
            return draft.end(max(0, draft.text.rfind("\n", 0, looped)), "repetition")
        if (looped := _loop(lines[-1])) is not None:
            return draft.end(position + looped, "repetition")
    if not (site.at_line_start or len(lines) > 1):
        return draft
    return _without_repeated_lines(draft, lines, whole, site)


def _without_repeated_lines(draft: Draft, lines: list[str], whole: int, site: Site) -> Draft:
    said = site.code_above[-max(_PERIODS) :]
    first = len(said)  # where the fill begins
    starts = [0] * first
    position, held = 0, len(draft.text)
    for number, line in enumerate(lines):
        full = (line if number else site.before + line).rstrip()
        grown = number < whole
        if grown and number > 1 and full == said[-1] and len(full.strip()) >= TELLING:
            return draft.end(position - 1, "repetition")
        if not grown and number > 1 and said[-1].startswith(full):
            held = max(0, position - 1)
        if full or not grown:
            said.append(full)
            starts.append(max(0, position - 1))
        position += len(line) + 1
    whole = len(said) - (not draft.final)
    for end in range(first + 2, whole + 1):
        for period in _PERIODS:
            start = end - period
            if start < max(first, period) or said[end - 1] != said[start - 1]:
                continue
            if said[start:end] == said[start - period : start] and _tell(said[start:end]):
                return draft.end(starts[start], "repetition")
    if not draft.final:
        for period in _PERIODS:
            for start in range(max(len(said) - period, first, period), len(said)):
                if said[-1 - period].startswith(said[-1]) and (
                    said[start:-1] == said[start - period : -1 - period]
                ):
                    held = min(held, starts[start])
    return draft.hold(held)


def _tell(lines: list[str]) -> bool:
    """Whether these lines have enough to be known again."""
    return sum(len(line.strip()) for line in lines) >= len(lines) * _TELLING_LINES


@lru_cache(maxsize=256)
def _loop(line: str) -> int | None:
    """Where in a line it begins to say the same again and again; None if it doesn't."""
    if len(line) < 15 or (found := _LOOP.search(line)) is None:
        return None
    piece = found[1] or found[2]
    if not re.search(r"\w", piece):
        # A ruler, or a table.
        return None
    return found.start() + len(piece)


def _endless(text: str) -> int | None:
    """Where a piece begins that stands again and again up to the text's end, blanks left aside.

    None if it ends otherwise.
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
