"""A document as an editor has it: its lines, and how to take edits back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Line and column, from 0, in code points.
Place = tuple[int, int]


@dataclass(eq=False)
class Buffer:
    """``lines`` are without their ends. ``undo``: what takes each edit back, the newest last."""

    path: Path
    lines: list[str]
    version: int = 1
    undo: list[tuple[Place, Place, str]] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path) -> Buffer:
        return cls(path, path.read_text("utf-8").split("\n"))

    @property
    def uri(self) -> str:
        return self.path.as_uri()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def between(self, start: Place, end: Place) -> str:
        (first, left), (last, right) = start, end
        if first == last:
            return self.lines[first][left:right]
        middle = self.lines[first + 1 : last]
        return "\n".join([self.lines[first][left:], *middle, self.lines[last][:right]])

    def replace(self, start: Place, end: Place, text: str) -> tuple[dict[str, Any], Place]:
        """Put a text in; the content change that tells a server of it, and where the text ends."""
        (first, left), (last, right) = start, end
        change = {"range": {"start": self.position(start), "end": self.position(end)}, "text": text}
        inserted = text.split("\n")
        over = (
            first + len(inserted) - 1,
            len(inserted[-1]) + (left if len(inserted) == 1 else 0),
        )
        self.undo.append((start, over, self.between(start, end)))
        del self.undo[:-20]
        whole = self.lines[first][:left] + text + self.lines[last][right:]
        self.lines[first : last + 1] = whole.split("\n")
        self.version += 1
        return change, over

    def position(self, place: Place) -> dict[str, int]:
        """LSP's position, in UTF-16 code units."""
        line, column = place
        before = self.lines[line][:column]
        units = column if before.isascii() else len(before.encode("utf-16-le")) // 2
        return {"line": line, "character": units}
