"""A menu's request that waits while the user types on; the rest of it is seen over stdio."""

from __future__ import annotations

import pytest

from infill_ls.lsp.menu import word_before


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", ""),
        ("x = ", ""),
        ("x = so_1", "so_1"),
        ("x.häu", "häu"),
        ("漢字", "漢字"),
        ("a" * 500_000 + " ", ""),
    ],
)
def test_the_word_before_the_cursor(text: str, word: str) -> None:
    assert word_before(text) == word
