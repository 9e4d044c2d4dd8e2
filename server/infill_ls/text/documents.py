"""Open documents as lists of lines, changed in time proportional to the change.

Only ``\\n``, ``\\r\\n`` and ``\\r`` end a line (LSP 3.17, "Text Documents"): form feeds, U+2028 and
the like, at which ``str.splitlines`` splits too, are ordinary characters here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from infill_ls.text.hole import AUTO_CLOSED, LINE_END_MARKS, LONE_SURROGATE, Around, Hole, at

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_CODECS: Final = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2)}

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


class Position(NamedTuple):
    """``line`` from 0; ``character`` from 0, in code units of the encoding negotiated."""

    line: int
    character: int


class Change(NamedTuple):
    """One content change: ``text`` replaces ``start`` to ``end``, or all if they are None."""

    start: Position | None
    end: Position | None
    text: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document as it stood at one moment. ``lines`` keep their line ends.

    ``around``: what the notebook had around it, if it is a cell of one.
    """

    uri: str
    version: int
    language: str
    lines: tuple[str, ...]
    around: Around | None = None

    def hole(self, line: int, column: int, lines: Sequence[str] | None = None) -> Hole:
        """Return the hole at a position, both from 0, the column in code points.

        ``lines``: what the document is taken to have, None for what it has.
        """
        return at(lines or self.lines, line, column, self.language, self.around)

    def locate(self, position: Position, encoding: Encoding) -> tuple[int, int]:
        """Return line and column, both from 0, the column in code points.

        A position outside of the document is moved into it.
        """
        return locate(self.lines, position, encoding)


class Document:
    """An open document. The editor's changes are applied in the order in which they came.

    ``is_cell``: of a notebook, also where nothing is known of that.
    """

    def __init__(
        self, uri: str, language: str, version: int, text: str, *, is_cell: bool = False
    ) -> None:
        self.uri = uri
        self.language = language
        self.is_cell = is_cell
        self.version = version
        self._lines = split_lines(text)
        self._snapshot: Snapshot | None = None
        self._stripped: str | None = None

    def apply(self, changes: Sequence[Change], version: int, encoding: Encoding) -> None:
        """Apply the changes of one notification, each to the outcome of the one before."""
        for change in changes:
            self._apply(change, encoding)
        self.version = version
        self._snapshot = self._stripped = None

    def snapshot(self) -> Snapshot:
        """Return the document as it stands now; the same object until it changes."""
        if self._snapshot is None:
            self._snapshot = Snapshot(self.uri, self.version, self.language, tuple(self._lines))
        return self._snapshot

    @property
    def text(self) -> str:
        """All of it, with the line ends that it has."""
        return "".join(self._lines)

    @property
    def stripped(self) -> str:
        """All of it but the empty lines at its ends, with ``\\n`` for every line end."""
        if self._stripped is None:
            self._stripped = LINE_END_MARKS.sub("\n", self.text).strip("\n").rstrip()
        return self._stripped

    @property
    def first_line(self) -> str:
        """The first line, with its line end."""
        return self._lines[0]

    def _apply(self, change: Change, encoding: Encoding) -> None:
        lines = self._lines
        if change.start is None or change.end is None:
            self._lines = split_lines(change.text)
            return
        (first, start), (last, end) = sorted(
            (locate(lines, change.start, encoding), locate(lines, change.end, encoding))
        )
        # A \r at the seam with a \n makes one line end of two or two of one, so the neighbours
        # on both sides are split anew as well.
        low, high = max(0, first - 1), min(len(lines), last + 2)
        changed = split_lines(
            "".join(lines[low:first])
            + lines[first][:start]
            + change.text
            + lines[last][end:]
            + "".join(lines[last + 1 : high])
        )
        if high < len(lines) and changed[-1] == "":
            changed.pop()
        lines[low:high] = changed


def split_lines(text: str) -> list[str]:
    """Split a text into lines with their line ends; the last one has none, and may be empty."""
    lines = _LINE.findall(text)
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    return lines


def locate(lines: Sequence[str], position: Position, encoding: Encoding) -> tuple[int, int]:
    """Return line and column in code points for a position that may lie outside of the text.

    A line past the end means the end of the text, a character past the end of the line its end
    (LSP 3.17, "Position"); one inside a character means that character's start.
    """
    if position.line >= len(lines):
        return len(lines) - 1, len(lines[-1])
    line = lines[position.line]
    length = len(line.rstrip("\r\n"))
    if encoding == "utf-32" or line.isascii():
        return position.line, min(position.character, length)
    codec, width = _CODECS[encoding]
    # A lone surrogate can't be encoded; U+FFFD takes as many code units in every encoding.
    encoded = LONE_SURROGATE.sub("\ufffd", line[:length]).encode(codec)
    if position.character * width >= len(encoded):
        return position.line, length
    return position.line, len(encoded[: position.character * width].decode(codec, "ignore"))


def cursors(
    lines: Sequence[str], changes: Sequence[Change], encoding: Encoding
) -> Iterator[tuple[int, int]]:
    """Yield where the cursor may be after a change, as line and column.

    That is at the end of what was put in. Or before its last character, if that is a closer which
    the editor put in by itself, or before its last line, if that is for a closer which it has put
    on a line of its own.
    """
    for change in changes:
        if change.start is None:
            continue
        line, column = locate(lines, change.start, encoding)
        inserted = split_lines(change.text)
        line, column = (
            min(line + len(inserted) - 1, len(lines) - 1),
            len(inserted[-1]) + (column if len(inserted) == 1 else 0),
        )
        column = min(column, len(lines[line].rstrip("\r\n")))
        yield line, column
        if len(change.text) > 1 and change.text[-1] in AUTO_CLOSED and column:
            yield line, column - 1
        if len(inserted) > 2 and not inserted[-1].strip():
            yield line - 1, len(lines[line - 1].rstrip("\r\n"))


def character(line: str, column: int, encoding: Encoding) -> int:
    """Return the column of a line, in code points, as a number of code units of the encoding."""
    if encoding == "utf-32" or line.isascii():
        return column
    codec, width = _CODECS[encoding]
    return len(LONE_SURROGATE.sub("\ufffd", line[:column]).encode(codec)) // width
