"""Edits of a document as the server is told of them, and taken back."""

from __future__ import annotations

import random
from pathlib import Path

from infill_ls.text.documents import Change, Document, Position
from soak.buffers import Buffer

TEXT = "def f(x):\n    return '😀é' + x\n\n\nlast"


def told(change: dict[str, dict[str, dict[str, int]]], text: str) -> Change:
    start, end = change["range"]["start"], change["range"]["end"]
    return Change(Position(**start), Position(**end), text)


def test_the_server_has_the_same_text_and_undo_brings_it_back() -> None:
    chance = random.Random(1)
    buffer = Buffer(Path("/a.py"), TEXT.split("\n"))
    document = Document(buffer.uri, "python", 1, TEXT)
    for _ in range(200):
        start, end = sorted(
            (line, chance.randint(0, len(buffer.lines[line])))
            for line in (chance.randrange(len(buffer.lines)) for _ in range(2))
        )
        text = chance.choice(["", "a", "\n", "b\n\nc😀", "é"])
        before = buffer.text
        change, over = buffer.replace(start, end, text)
        assert buffer.between(start, over) == text
        document.apply([told(change, text)], buffer.version, "utf-16")
        assert "".join(document.snapshot().lines) == buffer.text
        if chance.random() < 0.5:
            start, over, old = buffer.undo.pop()
            change, _ = buffer.replace(start, over, old)
            document.apply([told(change, old)], buffer.version, "utf-16")
            assert buffer.text == before
            assert "".join(document.snapshot().lines) == before
