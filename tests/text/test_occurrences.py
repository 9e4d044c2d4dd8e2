"""Where a text stands in another one."""

from __future__ import annotations

import pytest

from infill_ls.text.occurrences import occurrences


@pytest.mark.parametrize(
    ("part", "text", "where"),
    [("ab", "abab", [0, 2]), ("aa", "aaaa", [0, 1, 2]), ("x", "abc", []), ("(", "f(", [1])],
)
def test_each_is_found(part: str, text: str, where: list[int]) -> None:
    assert list(occurrences(part, text)) == where
