"""Where a fill joins what is typed, and what its lines are indented with."""

from __future__ import annotations

import pytest

from fills import fill


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("a = █\n", " b", "b"),
        ("a =█\n", " b", " b"),
        ("def f():\n    █\n", "return 1", "return 1"),
        ("def f():\n    █\n", " return 1", "return 1"),
        ("def f():\n    █\n", "    return 1", "return 1"),
        ("def f():\n    █\n", "\n    return 1", "return 1"),
        ("def f():\n    █\n", "   \n\n    return 1", "return 1"),
        ("def f():\n    █\n", "if a:\n        b()", "if a:\n        b()"),
        # It is the model that indents where the cursor is not.
        ("def f():\n█\n", "    return 1", "    return 1"),
        ("def f():\n    if a:\n    █\n", "        return 1", "        return 1"),
        # It has left the line empty to go on outside of the block.
        ("def f():\n    █\n", "\ndef g():\n    return 1", ""),
        ("def f():\n    a = 1\n    █\n", "\n\nprint(f())", ""),
        ("def f():\n    █\n", "\n\n\n", ""),
    ],
)
def test_the_join(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


# In tokenizers a blank belongs to the word after it; models write one after a prompt that ends
# in blanks, and many count it in the lines below.
@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        (
            "def f():\n    █\n",
            " if a:\n         b()\n     else:\n         c()",
            "if a:\n        b()\n    else:\n        c()",
        ),
        (
            "def f():\n    █\n",
            " if a:\n        b()\n    else:\n        c()",
            "if a:\n        b()\n    else:\n        c()",
        ),
        ("f {\n  █\n}\n", " if a:\n     b()\n   c()", "if a:\n    b()\n  c()"),
        # The user indents by three.
        ("def f():\n   █\n", " a()\n   b()", "a()\n   b()"),
        # Lines of a comment that stand one further than its first.
        (
            "class A:\n    █\n",
            " /**\n     * A.\n     */\n    b()",
            "/**\n     * A.\n     */\n    b()",
        ),
    ],
)
def test_the_blank_too_many(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw, language="", shape="block") == expected
