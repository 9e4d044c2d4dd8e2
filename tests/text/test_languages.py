"""What is known of languages."""

from __future__ import annotations

import pytest

from infill_ls.text.languages import LINE_COMMENTS, OPENS, is_comment, language_of


@pytest.mark.parametrize(
    ("line", "language", "expected"),
    [
        ("  # a", "python", True),
        ("a # b", "python", False),
        ("// a", "c", True),
        (" * a", "c", True),
        ("/* a", "css", True),
        ("# a", "c", False),
        ("-- a", "lua", True),
        ("; a", "clojure", True),
        ("% a", "latex", True),
        ("// a", "unheard of", True),
    ],
)
def test_lines_that_are_comments(line: str, language: str, expected: bool) -> None:
    assert is_comment(line, language) is expected


def test_a_line_that_heads_a_block() -> None:
    heads = ("if a:", "f {", "g(", "a =>", "-> int ->", "x do", "else")
    assert all(OPENS.search(line) for line in heads)
    assert not any(OPENS.search(line) for line in ("a", "undo", "b;", "}"))


def test_each_way_to_begin_a_comment_can_be_told() -> None:
    for language, mark in LINE_COMMENTS.items():
        assert is_comment(f"  {mark} a", language)


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("a.py", "python"),
        ("a.js.HPP", "cpp"),
        ("a.tsx", "typescriptreact"),
        ("a.unknown", ""),
        ("Makefile", ""),
        (".py", ""),
    ],
)
def test_the_language_of_a_file_is_known_by_its_ending(name: str, language: str) -> None:
    assert language_of(name) == language
