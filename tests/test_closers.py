"""Brackets and quotes of the fill against those around it."""

from __future__ import annotations

import pytest

from fills import fill


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("[█]\n", "x for x in xs]", "x for x in xs"),
        ("f(█)\n", "a, b)", "a, b"),
        ("f(█)\n", "g(a), b)\nc()", "g(a), b"),
        ("f(█)\n", "[\n    1,\n    2,\n])", "[\n    1,\n    2,\n]"),
        ("f(\n    a,\n    █\n)\n", "b,\n    c,\n)\n\ng()", "b,\n    c,"),
        # No closer below: the fill closes what was opened, and no more.
        ("f(█\n", "a)\n", "a)"),
        ("f(g(█\n", "a))\n", "a))"),
        ("f(█\n", "a))\n", "a)"),
        ("f(g(█)\n", "a))\n", "a"),
        ("a = █\n", "b)\n", "b"),
        ("f(█)\n", "a]", "a"),
        # Brackets in strings are text.
        ("f(█)\n", '")")', '")"'),
        ("f(█)\n", "'(', ')')", "'(', ')'"),
        ("f(█)\n", r'"\")", a)', r'"\")", a'),
        # Quotes.
        ('a = "█"\n', 'b"', "b"),
        ("a = '█'\n", "b', 'c'", "b"),
        ('a = "█"\n', r'b\"c"', r"b\"c"),
        ('a = "█\n', 'b"', 'b"'),
        ('f("█", a)\n', "it's (so", "it's (so"),
        ('d["█"]\n', 'key"]', "key"),
    ],
)
def test_brackets_and_quotes(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        ("fn f<'a>(s: █) {}\n", "&'a str) -> u8", "rust", "&'a str"),
        ("f(█)\n", "'a', b)", "rust", "'a', b"),
        ("const a = `█`;\n", "${b}`;\n", "typescript", "${b}"),
        ("f(█)\n", "`)`, a)", "typescript", "`)`, a"),
        ("f(█)\n", "`)`, a)", "go", "`)`, a"),
        ("f(█)\n", "a `b` c)", "haskell", "a `b` c"),
        ("#[derive(█)]\nstruct A;\n", "Debug)]\nstruct A;\n", "rust", "Debug"),
        ("int f() {\n    █\n}\n", "return 1;\n}\n\nint g() {}", "c", "return 1;"),
        # The same brace twice is two braces.
        ("f() {\n  █\n}\n", "if (a) {\n    b();\n  }\n}\n", "typescript", None),
        ("f() {\n  if (a) {\n    █\n}\n", "b();\n  }\n}\n", "typescript", "b();\n  }"),
        ("a({\n  █\n});\n", "b: 1,\n});\nc();", "typescript", "b: 1,"),
        ("a({\n  █\n});\n", "b: 1,\n  c: 2});\nd();", "typescript", "b: 1,\n  c: 2"),
    ],
)
def test_brackets_in_other_languages(
    text: str, raw: str, language: str, expected: str | None
) -> None:
    assert fill(text, raw, language) == (
        raw.removesuffix("\n}\n") if expected is None else expected
    )
