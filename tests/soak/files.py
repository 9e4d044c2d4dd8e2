"""The project that is worked on: sources of the running Python, a big one and one with secrets."""

from __future__ import annotations

import random
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Bytes. Smaller ones are mostly empty, larger ones are tables of characters.
SMALLEST: Final = 4_000
LARGEST: Final = 200_000
BIG_LINES: Final = 100_000


@dataclass(frozen=True)
class Project:
    """``big`` has :data:`BIG_LINES` lines; ``secret`` is a file that is never completed."""

    folder: Path
    files: tuple[Path, ...]
    big: Path
    secret: Path

    @property
    def megabytes(self) -> float:
        """Size of all the files."""
        return sum(path.stat().st_size for path in (*self.files, self.big)) / 1e6


def make(folder: Path, seed: int, count: int) -> Project:
    """Copy so many files of Python's standard library into a folder, which must be empty."""
    chance = random.Random(f"files {seed}")
    source = Path(sysconfig.get_path("stdlib"))
    found = [
        path
        for path in sorted(source.rglob("*.py"))
        if not {"site-packages", "dist-packages", "test", "tests"} & set(path.parts)
        and SMALLEST <= path.stat().st_size <= LARGEST
    ]
    texts = {path: text for path in found if (text := _text(path))}
    chosen = sorted(chance.sample(sorted(texts), min(count, len(texts))))
    copied = []
    for path in chosen:
        copy = folder / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(texts[path], "utf-8")
        copied.append(copy)
    lines = [line for path in sorted(texts) for line in texts[path].splitlines(keepends=True)]
    while len(lines) < BIG_LINES:
        lines += lines
    big = folder / "everything.py"
    big.write_text("".join(lines[:BIG_LINES]), "utf-8")
    secret = folder / ".env"
    secret.write_text("TOKEN=no-such-token\n", "utf-8")
    return Project(folder, tuple(copied), big, secret)


def _text(path: Path) -> str:
    """The text of a file; empty if it is of another encoding, or has line ends of its own."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        return ""
    return "" if set("\r\f\v\x1c\x1d\x1e\x85\u2028\u2029") & set(text) else text
