"""Token windows: what two texts have in common, word for word, by hashes alone.

A *window* is some number of tokens in a row; a token is a word, a number or one other sign, and
white space says nothing. So a text that was indented or wrapped in another way has the same
windows. Comments are text like any other.

To notice every window, not each has to be looked for. Of an indexed file each ``step``-th token
begins an *anchor*, which is shorter than a window by ``step - 1`` tokens. A window that begins at
token ``s`` holds the whole anchor that begins at ``a``, the first multiple of ``step`` from ``s``
on: ``a - s`` is ``step - 1`` at the most, and so the anchor ends with the window at the latest.
Whoever looks for the anchor that begins at each token of another text finds it. A record has the
anchor's hash (64 bits), the file's number, and a check (16 bits) of each of the ``step`` windows
that hold the anchor; so it is known which of them the other text has too.

No window is ever missed. A text without one is taken to have one if two hashes and two checks are
the same by chance: for the 15 million anchors of a gigabyte of code, and a text of 100 tokens, once
in 10^13 texts. Where the text has a whole anchor of a file and not the window, only the check has
to be the same by chance: once in 65,535 such windows.
"""

from __future__ import annotations

import re
import struct
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Final

# A record has 12 bytes and 2 for each of its windows: 2.75 bytes for each token of a file, where
# the step is this.
LONGEST_STEP: Final = 16
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
# Characters for each token that are looked at first for the tokens before the cursor.
_CHARACTERS: Final = 16
_NO_WINDOW: Final = 0

# What is known of an anchor: the number of a file that has it, and the checks of its windows.
Known = tuple[int, Sequence[int]]


def tokens(text: str) -> list[str]:
    """Return the tokens of a text: words, numbers and single other signs."""
    return _TOKEN.findall(text)


class Windows:
    """Windows of so many tokens: their anchors, records and hashes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.step = max(1, min(LONGEST_STEP, size // 3))
        self.anchor = size - self.step + 1
        # With the highest byte first, records are in the order of their hashes.
        self._record = struct.Struct(f">QI{self.step}H")

    @property
    def record_size(self) -> int:
        """Bytes of one record. The first eight are the anchor's hash, the next four the file."""
        return self._record.size

    def records(self, text: str, file: int) -> tuple[list[bytes], int]:
        """Return the records of a file's text, and how many windows it has."""
        row, records = _Row(tokens(text)), []
        count = max(0, len(row) - self.size + 1)
        checks = [_check(row.text(start, self.size)) for start in range(count)]
        for at in range(0, len(row) - self.anchor + 1 if count else 0, self.step):
            own = [
                checks[start] if 0 <= start < count else _NO_WINDOW
                for start in range(at, at - self.step, -1)
            ]
            records.append(self._record.pack(_hash(row.text(at, self.anchor)), file, *own))
        return records, count

    def known(self, record: bytes) -> Known:
        """Return what a record says."""
        _, file, *checks = self._record.unpack(record)
        return file, checks

    def renumbered(self, record: bytes, file: int) -> bytes:
        """Return a record with another number of its file."""
        return record[:8] + struct.pack(">I", file) + record[12:]

    def found(
        self, before: str, fill: str, find: Callable[[int], Iterable[Known]], after: str = ""
    ) -> Iterator[int]:
        """Yield the number of a file for each window that it has in common with a fill.

        These are the windows of the text before the cursor, the fill and the text ``after`` it
        that hold at least a part of a token of the fill. ``find`` gives what is known of the
        anchors with a hash.
        """
        head = self.end_of(before)
        matches = list(_TOKEN.finditer(head + fill + self.start_of(after)))
        first = bisect_right(matches, len(head), key=re.Match.end)
        last = bisect_left(matches, len(head) + len(fill), key=re.Match.start)
        if first >= last:
            return
        around = self.size - 1
        row = _Row([match[0] for match in matches[max(0, first - around) : last + around]])
        count = len(row) - self.size + 1
        for at in range(len(row) - self.anchor + 1 if count > 0 else 0):
            for file, checks in find(_hash(row.text(at, self.anchor))):
                for start, check in zip(range(at, -1, -1), checks, strict=False):
                    if start < count and check == _check(row.text(start, self.size)):
                        yield file

    def end_of(self, before: str) -> str:
        """Return the end of a text that has as many tokens as a window, or all of the text."""
        length = _CHARACTERS * self.size
        while length < len(before):
            end = before[-length:]
            # The first one may be the end of a token.
            if len(tokens(end)) > self.size:
                return end
            length *= 2
        return before

    def start_of(self, after: str) -> str:
        """Return the start of a text that has as many tokens as a window, or all of the text."""
        length = _CHARACTERS * self.size
        # The last one may be the start of a token.
        while length < len(after) and len(tokens(after[:length])) <= self.size:
            length *= 2
        return after[:length]


class _Row:
    """Tokens in a row, as one text with a blank between two of them, which no token has."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._text = " ".join(tokens)
        self._ends = list(accumulate((len(token) + 1 for token in tokens), initial=0))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def text(self, start: int, count: int) -> bytes:
        """Return so many tokens from one on."""
        text = self._text[self._ends[start] : self._ends[start + count] - 1]
        return text.encode("utf-8", "surrogatepass")


def _hash(text: bytes) -> int:
    return int.from_bytes(blake2b(text, digest_size=8).digest())


def _check(text: bytes) -> int:
    """Return 16 bits that are not :data:`_NO_WINDOW`."""
    return zlib.crc32(text) % 0xFFFF + 1
