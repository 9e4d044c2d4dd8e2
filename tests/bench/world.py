"""What is typed, and what a model of settable rightness would write there.

The model knows how a line goes on only if the names in it stand in its prompt, or are such that
every model knows them; and then by chance, which grows with the length of its prompt. Where it
doesn't know a line, it writes another one, which is as wrong as a model's are: plausible, with a
length and an end. It may think again once another name of the line was typed, not before.
"""

from __future__ import annotations

import builtins
import keyword
import math
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from statistics import NormalDist
from typing import Final
from zlib import crc32

from eval.lexed import Lexed
from infill_ls.bench.edits import Edit, blocks

SOURCES: Final = Path(__file__).parent / "sources"

CHARACTERS_PER_TOKEN: Final = 3.6  # Qwen2.5-Coder's, in Python

# `python -m bench.shares` has what these come to beside real weights, which they are fitted to.
# The share of lines that are right grows with the prompt as n / (n + this), in tokens, and is the
# one that was set where the prompt has so many. Most of what a longer prompt is worth is that it
# has more names.
HALF_WORTH: Final = 10
FULL_WORTH: Final = 1024
# Of the lines that it doesn't know, so many are wrong from the next name on; others from one that
# is drawn.
WRONG_AT_ONCE: Final = 0.3
# Of wrong fills, so many end after each of their lines: the 1.5B's have 5 (the median).
ENDS: Final = 0.2

# How much of whether a line is known belongs to the line, and not to how much of it was typed: the
# correlation of the draws at two of its words. Assumed: nobody has measured it.
PERSISTENCE: Final = 0.5

# How likely the model holds what it writes to be: minus the mean of the tokens' natural logarithms
# in a first line, as the median over lines and the spread of its logarithm, in lines that are right
# and in wrong ones, of the usual length. So that a line's doubt (`completion.confidence`) is what
# it is with real weights, by its quartiles (`bench.shares`).
SURE: Final = (0.05, 1.0)
UNSURE: Final = (0.55, 0.6)
USUAL_LENGTH: Final = 6  # tokens
# In wrong lines the token that errs is so many times less likely, and those behind it are more.
AT_ERROR: Final = 2.0
BEHIND_ERROR: Final = 0.6

NAME: Final = re.compile(r"[^\W\d]\w*")
_OPENERS: Final = {"(": ")", "[": "]", "{": "}"}
_NORMAL: Final = NormalDist()

# What a model of Python knows without having read the file: the language, its builtins and their
# methods, the standard library's modules and what is in those that are in every other file; and
# words of up to three letters.
_IN_EVERY_OTHER_FILE: Final = (
    *("asyncio", "collections", "dataclasses", "functools", "itertools", "json", "math", "os"),
    *("os.path", "pathlib", "random", "re", "subprocess", "sys", "time", "typing"),
)
_EVERYWHERE: Final = frozenset(
    [
        *keyword.kwlist,
        *dir(builtins),
        *(name for kind in (str, bytes, list, dict, set, tuple, Path) for name in dir(kind)),
        *sys.stdlib_module_names,
        *(name for module in _IN_EVERY_OTHER_FILE for name in dir(import_module(module))),
        *("self", "args", "kwargs", "annotations"),
    ]
)
_SHORT: Final = 3


def edits(source: str, count: int, seed: str) -> list[Edit]:
    """Blocks of a file in an order that jumps about, each with the file as it stands then."""
    lines = source.splitlines(keepends=True)
    chosen = blocks(lines, count, seed)
    missing = set(chosen)
    found = []
    for number, (start, end) in enumerate(chosen):
        missing.discard((start, end))

        def kept(low: int, high: int, gone: frozenset[tuple[int, int]]) -> str:
            return "".join(
                line
                for index, line in enumerate(lines[low:high], low)
                if not any(first <= index < last for first, last in gone)
            )

        gone = frozenset(missing)
        target = "".join(lines[start:end]).removesuffix("\n")
        found.append(Edit(number, kept(0, start, gone), target, "\n" + kept(end, len(lines), gone)))
    return found


@lru_cache(maxsize=256)
def closings(edit: Edit) -> dict[int, int]:
    """Where the target closes what it opens, both as offsets in the file."""
    start, end = len(edit.before), len(edit.before) + len(edit.target)
    lexed = Lexed(edit.before + edit.target + edit.after, "python")
    found = {
        # A comment's quotes; those of strings are known better.
        quote.start(): lexed.text.find(quote[0], quote.end(), lexed.line_end(quote.start()))
        for quote in re.compile("[\"']").finditer(lexed.text, start, end)
    }
    found |= {pair.start: pair.closed for pair in lexed.pairs if pair.closed is not None}
    return {opener: closer for opener, closer in found.items() if start <= opener < closer < end}


def worth(tokens: float) -> float:
    """Return how many times as many lines are right with a prompt of so many tokens as with
    ``FULL_WORTH``.
    """
    return tokens / (tokens + HALF_WORTH) * (FULL_WORTH + HALF_WORTH) / FULL_WORTH


@dataclass
class World:
    """The file while it is typed, and the model's idea of what comes next.

    ``right``: the share of lines whose names all stand in the prompt that the model knows, with a
    prompt of ``FULL_WORTH`` tokens. ``any_names``: it knows names that don't stand there, too, and
    the length of the prompt is worth nothing.
    """

    right: float
    seed: str
    edit: Edit = field(default=Edit(-1, "", "", ""))
    typed: str = ""
    any_names: bool = False
    lost: int = 0  # prompts for a place that nobody is at

    @property
    def text(self) -> str:
        return self.edit.before + self.typed + self.edit.after

    @property
    def has_slip(self) -> bool:
        """Whether a slip of the fingers is to be taken back."""
        return not self.edit.target.startswith(self.typed)

    @property
    def left(self) -> str:
        """What is still to be typed, empty while there is a slip."""
        if self.has_slip:
            return ""
        return self.edit.target[len(self.typed) :]

    def continuation(self, prompt: str) -> Iterator[Piece]:
        """What the model writes for a prompt, piece by piece, as long as somebody listens.

        It goes on beyond the target where it knows what stands there. Once it is wrong it stays so.
        """
        place = self._place(prompt)
        if place is None:
            self.lost += 1
            other = self._other("", self._draws("lost", 0))
            yield from self._told(other, 0, UNSURE, self._draws("sure", "lost"), error=0)
            return
        share = self.right
        names: set[str] | None = None
        if not self.any_names:
            share = min(1.0, share * worth(len(prompt) / CHARACTERS_PER_TOKEN)) if share < 1 else 1
            names = set(NAME.findall(prompt))
        whole = self.edit.target + self.edit.after
        start = whole.rfind("\n", 0, place) + 1
        while place < len(whole):
            end = whole.find("\n", place)
            end = len(whole) if end < 0 else end + 1
            line = whole[start:end].removesuffix("\n")
            error = self._error(start, line, place - start, share, names)
            sure = self._draws("sure", start, error is None)
            if error is not None:
                at, draws = error
                wrong = line[place - start : at] + self._other(line[:at], draws, line[at:])
                yield from self._told(
                    wrong, place, UNSURE, sure, before=whole[start:place], error=start + at
                )
                return
            yield from self._told(whole[place:end], place, SURE, sure, before=whole[start:place])
            if names is not None:
                # It has them before it now.
                names.update(NAME.findall(line))
            start = place = end

    def _told(
        self,
        text: str,
        place: int,
        surprise: tuple[float, float],
        draws: random.Random,
        *,
        before: str = "",
        error: int | None = None,
    ) -> Iterator[Piece]:
        """A text in pieces, each with how likely it was; ``error``: where it errs in the target.

        ``before``: what its first line has before it.
        """
        median, spread = surprise
        of_line = median * draws.lognormvariate(0.0, spread)
        # Long lines are not that much less likely than short ones.
        of_line *= math.sqrt(
            USUAL_LENGTH / len(pieces(f"{before}{text}".partition("\n")[0] + "\n"))
        )
        for piece in pieces(text):
            factor = 1.0
            if error is not None and place + len(piece) > error:
                factor = AT_ERROR if place <= error else BEHIND_ERROR
            even = (crc32(f"{self.seed} {self.edit.number} {place}".encode()) + 1) / 2**32
            # Half of the tokens go without saying.
            of_token = -2.0 * math.log(even * 2) if even <= 0.5 else 0.01
            yield Piece(piece, -of_line * factor * of_token)
            place += len(piece)

    def _place(self, prompt: str) -> int | None:
        """The place in the target that a prompt's prefix ends at; the one nearest to the cursor."""
        found = re.fullmatch(
            r"<\|fim_prefix\|>(.*)<\|fim_suffix\|>(.*)<\|fim_middle\|>(.*)", prompt, re.DOTALL
        )
        assert found, prompt
        tail = (found[1] + found[3])[-120:]
        whole = self.edit.before + self.edit.target
        places = []
        at = whole.find(tail, max(0, len(self.edit.before) - len(tail)))
        while at >= 0:
            places.append(at + len(tail) - len(self.edit.before))
            at = whole.find(tail, at + 1)
        known = [place for place in places if place >= 0]
        return min(known, key=lambda place: abs(place - len(self.typed)), default=None)

    def _error(
        self, start: int, line: str, place: int, share: float, names: set[str] | None
    ) -> tuple[int, random.Random] | None:
        """Where the model errs in a line, at the place or behind it, and what to draw with then.

        ``start``: where the line begins in the target. None if the model knows the line.
        """
        if (share >= 1.0 and names is None) or not line[place:].strip():
            return None
        spans = [match.span() for match in NAME.finditer(line)]
        typed = sum(end <= place for _, end in spans)
        ahead = [max(begin, place) for begin, end in spans[typed:]]
        missing = next(
            (
                max(begin, place)
                for begin, end in spans[typed:]
                if names is not None and not _is_known(line[begin:end], names)
            ),
            None,
        )
        draws = self._draws("word", start, typed)
        if self._knows(start, typed, share):
            return None if missing is None else (missing, draws)
        if not ahead:
            return place + len(line[place:]) - len(line[place:].lstrip()), draws
        at = ahead[0] if draws.random() < WRONG_AT_ONCE else draws.choice(ahead)
        return (at if missing is None else min(at, missing)), draws

    def _knows(self, start: int, typed: int, share: float) -> bool:
        """Whether the model knows a line of which so many names were typed, by chance alone.

        What it knew before another name was typed, it still knows.
        """
        if not 0.0 < share < 1.0:
            return share >= 1.0
        bar = _NORMAL.inv_cdf(share)
        of_line = self._draws("line", start).gauss(0.0, 1.0)
        for words in range(typed + 1):
            of_word = self._draws("knows", start, words).gauss(0.0, 1.0)
            if PERSISTENCE**0.5 * of_line + (1 - PERSISTENCE) ** 0.5 * of_word < bar:
                return True
        return False

    def _draws(self, *what: object) -> random.Random:
        return random.Random(" ".join(map(str, (self.seed, self.edit.number, *what))))

    def _other(self, line: str, draws: random.Random, truth: str = "") -> str:
        """Return what a model writes that doesn't know how a line goes on: another line's end, and
        other lines below. It doesn't begin as the truth does.
        """
        others = _others()
        while True:
            at = draws.randrange(len(others))
            other = others[at].strip()
            begins = [match.start() for match in NAME.finditer(other)]
            begin = draws.choice(begins)
            end = other[begin:].rstrip(":") if (opened := _balance(line)) else other[begin:]
            if line[-1:].isalnum() or line[-1:] == "_":
                end = f"_{end}"
            if not _balance(other[begin:]) and end[:2] != truth[:2]:
                break
        found = [end + opened]
        here = line[: len(line) - len(line.lstrip())]
        there = len(others[at]) - len(others[at].lstrip())
        while draws.random() > ENDS and at + 1 < len(others):
            at += 1
            depth = len(others[at]) - len(others[at].lstrip()) - there
            found.append(here + " " * max(0, depth) + others[at].strip())
        return "\n".join(found)


def _is_known(name: str, names: set[str]) -> bool:
    return name in names or len(name) <= _SHORT or name in _EVERYWHERE


@lru_cache(maxsize=1)
def _others() -> list[str]:
    """Lines of code that have a name in them, of all that can be typed."""
    lines = [
        line
        for source in sorted(SOURCES.glob("*.txt"))
        for line in source.read_text("utf-8").splitlines()
    ]
    return [line for line in lines if NAME.search(line) and line.strip()[0] not in "\"'#"]


def _balance(text: str) -> str:
    """Return the closers of what is opened and not closed in a text; not empty either if it closes
    what it hasn't opened.
    """
    due = ""
    for character in text:
        if character in _OPENERS:
            due = _OPENERS[character] + due
        elif character in ")]}":
            if not due.startswith(character):
                return character
            due = due[1:]
    return due


class Piece(str):
    """A token that the model has written; ``logprob``: the logarithm of how likely it was."""

    logprob: float

    def __new__(cls, text: str, logprob: float) -> Piece:
        piece = super().__new__(cls, text)
        piece.logprob = logprob
        return piece


def pieces(text: str) -> list[str]:
    """Tokens, more or less: Qwen2.5-Coder's have 3.6 characters on average in Python."""
    return re.findall(r"\s*\n[ \t]*| ?[A-Za-z_]{1,6}| ?\d{1,3}| ?[^\w\s]{1,2}|\s|.", text)
