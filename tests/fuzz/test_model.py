"""The reference model, by hand: it must be right by itself."""

from __future__ import annotations

from typing import Any

import pytest

from fuzz import model


def span(*places: int) -> dict[str, Any]:
    first, start, last, end = places
    return {
        "start": {"line": first, "character": start},
        "end": {"line": last, "character": end},
    }


@pytest.mark.parametrize(
    ("text", "where", "new", "encoding", "after"),
    [
        ("ab\ncd", span(0, 1, 1, 1), "-", "utf-16", "a-d"),
        ("ab\ncd", span(1, 1, 0, 1), "-", "utf-16", "a-d"),
        ("ab\r\ncd", span(0, 9, 1, 0), "", "utf-16", "abcd"),
        ("ab\rcd", span(7, 0, 9, 0), "!", "utf-8", "ab\rcd!"),
        ("😀b", span(0, 2, 0, 3), "", "utf-16", "😀"),
        ("😀b", span(0, 1, 0, 1), "x", "utf-16", "x😀b"),
        ("😀b", span(0, 4, 0, 5), "", "utf-8", "😀"),
        ("😀b", span(0, 1, 0, 2), "", "utf-32", "😀"),
        ("é\u2028b", span(0, 5, 0, 6), "", "utf-8", "é\u2028"),
        ("\ud800b", span(0, 3, 0, 4), "", "utf-8", "\ud800"),
    ],
)
def test_a_change(text: str, where: dict[str, Any], new: str, encoding: str, after: str) -> None:
    assert model.changed(text, {"range": where, "text": new}, encoding) == after


def test_a_change_of_everything() -> None:
    assert model.changed("a", {"text": "b"}, "utf-8") == "b"


def test_lines() -> None:
    assert model.line_starts("a\r\nb\rc\n") == [0, 3, 5, 7]
    assert [model.line_of("a\r\nb\rc\n", number) for number in range(4)] == ["a", "b", "c", ""]
    assert [model.length_of("é😀", encoding) for encoding in ("utf-8", "utf-16", "utf-32")] == [
        *(6, 3, 2)
    ]
