"""Parsers tell what is wrong, and count what it costs them to tell."""

from __future__ import annotations

import tracemalloc

import pytest

from infill_ls.trim.parsers import (
    PythonParser,
    SyntaxFault,
    TooHardError,
    TreeSitter,
    depth_of_brackets,
    most_of,
)
from infill_ls.trim.syntax import _tree_sitter


def tree_sitter(language: str, depth: int = 0) -> TreeSitter:
    return TreeSitter(_tree_sitter(language), depth)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb c\nd = 2\n", 1),
        ("a = 1\n  b = 1\n", 1),
        ("if a:\n    b\n  c\n", 2),
        ("a\nb)\n", 1),
    ],
)
def test_python_says_which_line_settles_it(text: str, line: int) -> None:
    assert PythonParser(0).error(text) == SyntaxFault(line)


@pytest.mark.parametrize("text", ["a = (\n\n\n", "try:\n    a\nb\n", '"""\n', "a\x00", "1 = a\n"])
def test_python_does_not_say_where_it_can_not_know(text: str) -> None:
    assert PythonParser(0).error(text) == SyntaxFault()


def test_python_counts_what_it_has_read() -> None:
    parser = PythonParser(0)
    assert parser.error("a = 1\n") is None
    assert parser.work == 4
    assert parser.error("a b\n" + "c\n" * 100) is not None
    assert parser.work == 4 + 2 * 2


@pytest.mark.parametrize("text", ["-" * 30_000 + "1", "a." * 30_000 + "b"])
def test_what_python_can_not_go_through_is_too_hard(text: str) -> None:
    with pytest.raises(TooHardError):
        PythonParser(0).error(text)


def test_brackets_in_each_other_are_too_hard() -> None:
    assert depth_of_brackets("a(b[c{d}])(e)") == 3
    assert depth_of_brackets(")))((") == 2
    with pytest.raises(TooHardError):
        PythonParser(65).error("a")
    with pytest.raises(TooHardError):
        tree_sitter("c", 65).error("int a;")
    assert tree_sitter("c", 64).error("int a;") is None


def test_tree_sitter_counts_its_steps() -> None:
    parser = tree_sitter("rust")
    code = "fn f() {\n" + "    let a = g(1, b.c());\n" * 300 + "}\n"
    assert parser.error(code) is None
    once = parser.work
    assert 150 < once < most_of(len(code))
    assert parser.error(code) is None
    assert parser.work == 2 * once
    assert parser.error(code + "fn (") == SyntaxFault()
    # It goes on to work after it was stopped.
    assert parser.error("@a\n" * 1_000) == SyntaxFault()
    assert parser.error(code) is None


@pytest.mark.parametrize(
    ("language", "text"), [("go", "package a\nvar b = c" + "->" * 1_500), ("c", "x(/*" * 600)]
)
def test_tree_sitter_gives_up_a_text_that_takes_more_than_code_does(
    language: str, text: str
) -> None:
    parser = tree_sitter(language)
    with pytest.raises(TooHardError):
        parser.error(text)
    assert parser.work <= 2 * most_of(len(text)) + 2
    assert tree_sitter(language).error("") is None


def test_nothing_that_was_read_is_kept() -> None:
    """tree-sitter keeps the objects that it is given to read."""
    text = "".join(f"line_{number} = [compute({number})]\n" for number in range(600))
    assert tree_sitter("python").error(text) is None
    tracemalloc.start()
    try:
        for number in range(20):
            assert tree_sitter("python").error(f"x = = {number}\n{text}") is not None
            assert tree_sitter("python").error(f"x = {number}\n{text}") is None
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < len(text)
