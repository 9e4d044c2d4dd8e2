"""Where a fill joins what is typed, and what its lines are indented with."""

from __future__ import annotations

import pytest

from fills import fill, so_far


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


TABS = "func f() {\n\tif a {\n\t\tb()\n\t}\n\t█\n}\n"
BLANKS = "f {\n  if a {\n    b()\n  }\n  █\n}\n"


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        # As the file has them, whatever the model writes.
        (TABS, "if c {\n        d()\n    }\n", "if c {\n\t\td()\n\t}"),
        (TABS, "if c {\n    d()\n  }\n", "if c {\n\t\td()\n\t}"),
        (TABS, "    if c {\n        d()\n    }\n", "if c {\n\t\td()\n\t}"),
        (BLANKS, "if c {\n\t\td()\n\t}\n", "if c {\n    d()\n  }"),
        # Tabs of a file with tabs are left alone, and what is aligned below them.
        (TABS, "if c {\n\t\td()\n\t}\n", "if c {\n\t\td()\n\t}"),
        (TABS, "if c {\n\t\td()\n\t\t /* e */\n\t}\n", "if c {\n\t\td()\n\t\t /* e */\n\t}"),
        # So is what stands in strings, and between words.
        (TABS, "s := `a\n    b`\n", "s := `a\n    b`"),
        (BLANKS, 'a("\tb");\tc()', 'a("\tb");\tc()'),
        # Nothing tells what this file indents with.
        ("█\n", "if c {\n\td()\n}\n", "if c {\n\td()\n}"),
    ],
)
def test_tabs_and_blanks_are_the_file_s(text: str, raw: str, expected: str) -> None:
    language = "go" if "func" in text else ""
    assert fill(text, raw, language, shape="block") == expected


def test_go_is_indented_with_tabs_where_nothing_tells() -> None:
    raw = "    if c {\n        d()\n    }\n"
    assert fill("package a\n\nfunc f() {\n█\n}\n", raw, "go") == "\tif c {\n\t\td()\n\t}"


def test_one_blank_too_many_is_none_in_any_line() -> None:
    assert so_far("    █\n", " a = 1\n ").text == "a = 1"
    assert fill("def f():\n    █\n", " a = 1\n     b = 2\n", shape="block") == "a = 1\n    b = 2"


def test_a_comment_at_the_start_of_a_line_is_a_line_of_its_own() -> None:
    assert fill("█b(c)\n", "# don't") == "# don't\n"
