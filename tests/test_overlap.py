"""Nothing is said twice."""

from __future__ import annotations

import pytest

from fills import fill


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        # On the cursor's line.
        ("a = █ if b else c\n", "d if b else c\n", "d"),
        ("for █ in xs:\n", "x in xs:\n    print(x)", "x"),
        ("for █ in xs:\n", "i, x in xs", "i, x"),
        ("except █:\n    pass\n", "ValueError:\n    pass\n", "ValueError"),
        ("{'a': █,\n 'b': 2}\n", "1,\n 'b': 2}", "1"),
        ("{'a': █,\n 'b': 2}\n", "f(\n    1,\n ),\n 'b': 2}", "f(\n    1,\n )"),
        ("with open(█) as f:\n", "path) as f:\n    f.read()", "path"),
        ("a = [█] + b\n", "x for x in xs] + b", "x for x in xs"),
        ("f(█, b)\n", "a, b)\n", "a"),
        ("f(█b)\n", "a, b)\n", "a, "),
        # The fill has opened what stands right of the cursor.
        ("print█)\n", "(a)\n", "(a"),
        ("def f█):\n    pass\n", "(a):\n    pass\n", "(a"),
        ("f█()\n", "oo()\n", "oo"),
        # On the line below.
        ("def f():\n    █\n    return a\n", "a = 1\n    return a\n", "a = 1"),
        ("def f():\n    █\n    return a\n", "return a\n", ""),
        ("def f():\n    a = 1\n    █\n\n    return a\n", "return a\n", ""),
        ("for a in b:\n    █\nprint(c)\n", "c += a\nprint(c)\n", "c += a"),
        ("f(\n    █\n    b,\n)\n", "a,\n    b,\n)", "a,"),
    ],
)
def test_nothing_is_repeated(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        ("let a = █;\nb();\n", "f();\nb();\n", "typescript", "f()"),
        ("let a: Vec<█>;\n", "String>;\n", "rust", "String"),
        ("let a: Vec<█> = b;\n", "String> = b;\n", "rust", "String"),
        ("if (█) {\n}\n", "a && b(c)) {\n  d();", "typescript", "a && b(c)"),
        ("f(() => {\n  █\n});\n", "g();\n});\n", "typescript", "g();"),
        ("int a = █;\n", "1;\nint b = 2;\n", "c", "1"),
        ("<div █>\n", 'class="a">\n  text', "html", 'class="a"'),
        ("def f\n  █\nend\n", "1\nend\n\ndef g", "ruby", "1"),
        ("match a {\n    █\n    _ => 2,\n}\n", "1 => 1,\n    _ => 2,\n}\n", "rust", "1 => 1,"),
    ],
)
def test_nothing_is_repeated_in_other_languages(
    text: str, raw: str, language: str, expected: str
) -> None:
    assert fill(text, raw, language) == expected


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("print(█)\n", "f(a)", "f(a)"),
        ("f(█, b)\n", "a", "a"),
        # A repeated word is not yet a repeated rest.
        ("a = █ in b\n", "in_c\n", "in_c"),
        # Lines below that come again later mean something else.
        ("def f():\n    █\n    return a\n", "if b:\n        return a\n    a += 1", None),
    ],
)
def test_what_looks_like_the_text_after_and_is_not(
    text: str, raw: str, expected: str | None
) -> None:
    assert fill(text, raw, shape="block") == (expected or raw)
