"""What is typed, and what a model of settable rightness would write there."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from eval.lexed import Lexed
from infill_ls.bench.edits import Edit, blocks

SOURCES: Final = Path(__file__).parent / "sources"


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


@dataclass
class World:
    """The file while it is typed, and the model's idea of what comes next."""

    right: float
    seed: str
    edit: Edit = field(default=Edit(-1, "", "", ""))
    typed: str = ""
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

    def continuation(self, prompt: str) -> Iterator[str]:
        """What the model writes for a prompt, piece by piece, as long as somebody listens.

        It is right up to the end of a line with the probability ``right`` (drawn once for each
        line); otherwise it is right up to somewhere in the line. Then it is wrong.
        """
        place = self._place(prompt)
        if place is None:
            self.lost += 1
            yield from pieces(self._wrong("lost", 0))
            return
        whole = self.edit.target + self.edit.after
        start = whole.rfind("\n", 0, place) + 1
        while place < len(whole):
            end = whole.find("\n", place)
            end = len(whole) if end < 0 else end + 1
            error = self._error(start, end - 1, place)
            if error is not None:
                yield from pieces(whole[place:error] + self._wrong("line", start))
                return
            yield from pieces(whole[place:end])
            start = place = end

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

    def _error(self, start: int, end: int, place: int) -> int | None:
        """Where in the line from start to end the model errs, at the place or behind it."""
        chance = random.Random(f"{self.seed} {self.edit.number} {start}")
        at = start
        while at < end and chance.random() > self.right:
            at = chance.randint(at, end)
            if at >= place:
                return at
            at += 1
        return None

    def _wrong(self, why: str, where: int) -> str:
        number = random.Random(f"{self.seed} {why} {self.edit.number} {where}").randint(10, 99)
        return f"wrong_{number}(other)\n\n" + f"def wrong_{number}(other):\n    return other\n" * 9


def pieces(text: str) -> list[str]:
    """Tokens, more or less: Qwen2.5-Coder's have 3.6 characters on average in Python."""
    return re.findall(r"\s*\n[ \t]*| ?[A-Za-z_]{1,6}| ?\d{1,3}| ?[^\w\s]{1,2}|\s|.", text)
