"""What of the model's text is the fill: every step of trim, and the texts of a real model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holes import at
from infill_ls import families, policy
from infill_ls.hole import Hole, between
from infill_ls.trim import MAX_CHARACTERS, Fill, Shape, trim

FAMILY: Final = families.find("qwen2.5-coder:1.5b")
assert FAMILY is not None
CONTROL: Final = FAMILY.control


def fill(
    text: str,
    raw: str,
    language: str = "python",
    *,
    shape: Shape | None = None,
    cut_short: bool = False,
) -> str:
    """The fill of one whole stream; its shape is the policy's unless the test says another."""
    return whole(text, raw, language, shape=shape, cut_short=cut_short).text


def whole(
    text: str,
    raw: str,
    language: str = "python",
    *,
    shape: Shape | None = None,
    cut_short: bool = False,
) -> Fill:
    hole = at(text, language)
    return trim(raw, hole, shape or policy.shape(hole, "auto"), CONTROL, cut_short=cut_short)


def so_far(text: str, raw: str, language: str = "python") -> Fill:
    """The fill of a stream that goes on."""
    hole = at(text, language)
    return trim(raw, hole, policy.shape(hole, "auto"), CONTROL, over=False)


def complete_after(text: str, raw: str, language: str = "python") -> str:
    """The part of the stream that is read until the fill is complete."""
    hole = at(text, language)
    shape = policy.shape(hole, "auto")
    for read in range(1, len(raw) + 1):
        if trim(raw[:read], hole, shape, CONTROL, over=False).complete:
            return raw[:read]
    raise AssertionError("the fill never becomes complete")


# 1. Control tokens and unsafe characters.


@pytest.mark.parametrize(
    "token",
    [
        *CONTROL,
        # Tokens of other families, which fine-tuned and merged models leak.
        "<|EOT|>",
        "<fim_middle>",
        "<fim-suffix>",
        "<file_sep>",
        "<｜fim▁end｜>",
        "<|some_token|>",
    ],
)
def test_a_control_token_ends_the_fill(token: str) -> None:
    assert whole("a = █\n", f"b{token}c") == Fill("b", "control token")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("b<|endo", "b"),
        ("b<|im_end|", "b"),
        ("b<fim_mid", "b"),
        ("b<file_", "b"),
        # Operators, and too short to be told from them.
        ("b <", "b <"),
        ("b <|", "b <|"),
        ("b <|e", "b <|e"),
        ("b <| end", "b <| end"),
    ],
)
def test_a_control_token_that_the_stream_breaks_off_in(raw: str, expected: str) -> None:
    assert fill("a = █\n", raw, language="") == expected


@pytest.mark.parametrize("begun", ["<", "<|", "<|endoftext|", "<|any", "<|any_other|", "<｜fim"])
def test_what_may_become_a_control_token_is_held_back(begun: str) -> None:
    assert so_far("a = █\n", f"b{begun}") == Fill("b")


def test_an_operator_is_given_out_with_the_character_after_it() -> None:
    assert so_far("a = █\n", "b <") == Fill("b")
    assert so_far("a = █\n", "b < c") == Fill("b < c")


def test_a_family_s_own_tokens_end_the_fill() -> None:
    hole = at("a = █\n")
    assert trim("b <EOT> c", hole, "statement", ("<EOT>",)).text == "b"
    assert trim("b <EOT> c", hole, "statement", ()).text == "b <EOT> c"


@pytest.mark.parametrize(
    "character",
    [
        *("\x00", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\x7f", "\x85", "\x9b"),
        *("\u061c", "\u200b", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e"),
        *("\u2060", "\u2066", "\u2069", "\ufeff", "\U000e0001", "\U000e007f"),
        *("\ud800", "\udfff"),
    ],
    ids=ascii,
)
def test_an_unsafe_character_takes_its_line_with_it(character: str) -> None:
    text = "def f():\n    █\n"
    assert whole(text, f"a = 1\n    b{character} = 2") == Fill("a = 1", "unsafe character")
    assert fill(text, f"b{character} = 2") == ""


@pytest.mark.parametrize(
    "character", ["\t", "é", "中", "😀", "\u200d", "\xa0", "\ufe0f"], ids=ascii
)
def test_characters_that_code_and_its_strings_have(character: str) -> None:
    assert fill('a = "█"\n', f'b{character}c"') == f"b{character}c"


def test_a_fill_that_is_complete_before_an_unsafe_character_keeps_its_line() -> None:
    assert fill("f(█)\n", "a, b)\u200b") == "a, b"


# 2. Fences and prose.


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("def f():\n    █\n", "```python\nreturn 1\n```", "return 1"),
        ("def f():\n    █\n", "```\nreturn 1\n```\n", "return 1"),
        ("def f():\n    █\n", "```python\n    return 1\n```", "return 1"),
        ("def f():\n    █\n", "\n```python\nreturn 1\n```", "return 1"),
        ("def f():\n    █\n", "~~~\nreturn 1\n~~~", "return 1"),
        ("def f():\n    █\n", "```python\nreturn 1", "return 1"),
        ("def f():\n    █\n", "```python\nreturn 1\n```\nThis returns 1.", "return 1"),
        ("def f():\n    █\n", "Here is the code:\n```python\nreturn 1\n```", "return 1"),
        ("def f():\n    █\n", "Sure! It is:\n\n```python\nreturn 1\n```", "return 1"),
        ("def f():\n    █\n", "Explanation\n\n```python\nreturn 1\n```", "return 1"),
        ("def f():\n    █\n", "return 1\n```\n\nThis function returns 1.", "return 1"),
        # What is typed and then said again.
        ("total = █\n", "```python\ntotal = sum(xs)\n```", "sum(xs)"),
        ("total = █\n", "```python\nsum(xs)\n```", "sum(xs)"),
        ("def f():\n    return █\n", "```python\n    return 1\n```", "1"),
        # Ticks that are no fence.
        ("# █\n", "`b`", "`b`"),
        ('a = "█"\n', 'b```"', "b```"),
    ],
)
def test_fences(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("const a = `█`;\n", "```ts\n${b}`;\n```", "${b}"),
        ("if (a) {\n} else if (█\n", "```ts\n} else if (b) {\n```", "b) {"),
        ("f {\n  █\n}\n", "\nHere is the code:\n```ts\na();\n```", "a();"),
    ],
)
def test_a_fence_is_told_before_anything_else_is(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw, "typescript", shape="block") == expected


@pytest.mark.parametrize(
    "raw",
    [
        "Here is the code that you want.",
        "Here's how:",
        "Sure, this is it",
        "To complete the function, add a line.",
        "This code adds two numbers.",
        "The missing part is a loop.",
        "\nI can help you with that.",
        "**Answer**: add a line",
        "```",
        "```python",
    ],
)
def test_prose_is_no_fill(raw: str) -> None:
    assert fill("def f():\n    █\n", raw) == ""


def test_prose_below_the_code_is_no_part_of_it() -> None:
    raw = "return a[\n\nThis function returns something.\n"
    assert whole("def f():\n    █\n", raw, "") == Fill("return a[", "prose")


@pytest.mark.parametrize("raw", ["Herein = 1", "Sure", "The = 1", "Inthis()", "** 2", "Iam.run()"])
def test_code_that_begins_like_prose(raw: str) -> None:
    assert fill("█\n", raw, language="") == raw


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("# █\nx = 1\n", "This function adds.", "This function adds."),
        ("# █\nx = 1\n", "Note that it is slow\nx = 1", "Note that it is slow"),
        ('def f():\n    """█\n', "Here is what it does.", "Here is what it does."),
        (
            'def f():\n    """Do it.\n\n    █\n    """\n',
            "Please call it once.",
            "Please call it once.",
        ),
        ('def f():\n    """█"""\n', "The function.\n", "The function."),
        ("# █\n", "a) this, b) that :-)\n", "a) this, b) that :-)"),
        ("# (█)\n", "this)\n", "this"),
    ],
)
def test_prose_is_wanted_in_comments_and_docstrings(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("// █\nf();\n", "typescript"),
        ("/// █\nfn f() {}\n", "rust"),
        ("/**\n * █\n */\n", "java"),
        ("-- █\nlocal a\n", "lua"),
        ("<!-- █\n<p>\n", "vue"),
    ],
)
def test_prose_is_wanted_in_comments_of_other_languages(text: str, language: str) -> None:
    assert fill(text, "This function is fast", language) == "This function is fast"


def test_prose_and_fences_are_wanted_in_prose() -> None:
    raw = "Here is how to install it:\n```sh\npip install it\n```"
    assert fill("# Install\n█", raw, "markdown") == raw
    assert fill("# Install\n█", raw, "plaintext") == raw


# 3. The join.


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


# 4. Brackets and quotes.


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


# 5. The text after the cursor.


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


# 6. One line, one statement, one block.


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("line", "if a:"),
        ("statement", "if a:\n        b()\n    else:\n        c()"),
        ("block", "if a:\n        b()\n    else:\n        c()\n    d()"),
    ],
)
def test_shapes(shape: Shape, expected: str) -> None:
    raw = "if a:\n        b()\n    else:\n        c()\n    d()\n\n    e()\n"
    assert fill("def f():\n    █\n", raw, shape=shape) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a = 1\n    b = 2", "a = 1"),
        ("a = (\n        1\n    )\n    b = 2", "a = (\n        1\n    )"),
        ("a = [\n        1,\n    ] + c\n    b = 2", "a = [\n        1,\n    ] + c"),
        ("a = 1 + \\\n        2\n    b = 2", "a = 1 + \\\n        2"),
        ("a = 1 + \\\n    2\n    b = 2", "a = 1 + \\\n    2"),
        ("for a in b:\n        c()\n    d()", "for a in b:\n        c()"),
        ("try:\n        a()\n    except E:\n        b()\n    c()", None),
        ("if a:\n        b()\n    elif c:\n        d()\n    else:\n        e()\n    f()", None),
        # What stands over a statement belongs to it.
        ("# Why.\n    a = 1\n    b = 2", "# Why.\n    a = 1"),
        ("# Why,\n    # at length.\n    a = 1\n    b = 2", "# Why,\n    # at length.\n    a = 1"),
        ("# Why.\n\n    a = 1", "# Why."),
        ("@property\n    def a(self):\n        return 1\n    b = 2", None),
        ('@b.c("d")\n    def a(self):\n        return 1\n    b = 2', None),
        ("a = b @ c\n    d = 1", "a = b @ c"),
    ],
)
def test_one_statement(raw: str, expected: str | None) -> None:
    text = "class A:\n    █\n    z = 1\n"
    assert fill(text, raw) == (raw.rpartition("\n")[0] if expected is None else expected)


@pytest.mark.parametrize(
    ("raw", "language", "expected"),
    [
        ("if (a) {\n    b();\n  }\n  c();", "typescript", "if (a) {\n    b();\n  }"),
        ("if (a) {\n    b();\n  } else {\n    c();\n  }\n  d();", "typescript", None),
        (
            "try {\n    b();\n  } catch (e) {\n    c();\n  } finally {\n    d();\n  }\n  e();",
            "java",
            None,
        ),
        ("a\n    .b()\n    .c();\n  d();", "typescript", None),
        ("a\n  .b()\n  .c();\n  d();", "typescript", None),
        ("if (a)\n  {\n    b();\n  }\n  c();", "c", None),
        ("int a = b\n      + c;\n  d();", "c", None),
        ("/* Why. */\n  a();\n  b();", "c", None),
        ("/*\n   * Why.\n   */\n  a();\n  b();", "c", None),
        ("#[test]\n  fn a() {\n    b();\n  }\n  c();", "rust", None),
        ("match a {\n    1 => 'b',\n    _ => 'c',\n  }\n  d()", "rust", None),
        ("let a: &'static str = b;\n  c();", "rust", None),
        ("if a != nil {\n    return a\n  }\n  b()", "go", None),
        ("if a\n    b\n  else\n    c\n  end\n  d", "ruby", None),
        ("a.each do |b|\n    c\n  end\n  d", "ruby", None),
        ("@a = 1\n  @b = 2", "ruby", "@a = 1"),
        ("if a then\n    b()\n  elseif c then\n    d()\n  end\n  e()", "lua", None),
        ("local function a()\n    b()\n  end\n  c()", "lua", None),
        ("a\n  |> b()\n  |> c()\n  d()", "elixir", None),
        ("if [ a ]; then\n    b\n  fi\n  c", "shellscript", None),
        ("for a in b; do\n    c\n  done\n  d", "shellscript", None),
    ],
)
def test_one_statement_in_other_languages(raw: str, language: str, expected: str | None) -> None:
    text = "f {\n  █\n  z();\n}\n"
    assert fill(text, raw, language) == (raw.rpartition("\n")[0] if expected is None else expected)


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("def f():\n    █\n", "a = 1\n    return a\n\n    b = 2", "a = 1\n    return a"),
        ("def f():\n    █\n", "return 1\ndef g():\n    pass", "return 1"),
        ("def f():\n    █\n\ndef g():\n    pass\n", "return 1\n\n\ndef h():\n    pass", "return 1"),
        ("class A:\n    def f(self):\n        █\n", "return 1\n\n    def g(self):", "return 1"),
        ("█\n", "def f():\n    return 1\n\n\ndef g():", "def f():\n    return 1"),
        ("def f():█\n", "\n    return 1\n\nf()", "\n    return 1"),
        ("def f():█\n", "\n    a = 1\n    return a\nf()", "\n    a = 1\n    return a"),
        # A blank line inside of brackets ends nothing.
        ("█\n", "a = [\n    1,\n\n    2,\n]\n\nb", "a = [\n    1,\n\n    2,\n]"),
        # The clause that makes the cursor's block a statement is kept, and ends with its body.
        ("try:\n    █\n", "a()\nexcept E:\n    b()\nc()", "a()\nexcept E:\n    b()"),
        ("if a:\n    █\n", "b()\nelse:\n    c()\nd()", "b()\nelse:\n    c()"),
        # It stands there already.
        ("if a:\n    █\nelse:\n    d()\n", "b()\nelse:\n    c()", "b()"),
        ("try:\n    █\nexcept E:\n    pass\n", "a()\nexcept F:\n    b()", "a()"),
        # It belongs to another block than the cursor's.
        ("if a:\n    if b:\n        █\n", "c()\nelse:\n    d()", "c()"),
    ],
)
def test_one_block(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


def test_repetition_ends_the_fill() -> None:
    raw = "a.append(1)\n    b.append(1)\n    b.append(1)\n    b.append(1)\n"
    assert whole("def f():\n    █\n", raw) == Fill("a.append(1)\n    b.append(1)", "repetition")


def test_short_lines_may_come_twice() -> None:
    raw = "(\n  a,\n  a,\n  a,\n)"
    assert fill("█\n", raw) == raw


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("# █\n", "a comment\nb = 1"),
        ("    // █\n", "a comment\n    // that goes on\n    b();"),
    ],
)
def test_a_comment_that_the_user_began_is_one_line(text: str, raw: str) -> None:
    assert fill(text, raw, "c" if "//" in text else "python") == "a comment"


@pytest.mark.parametrize(
    ("text", "raw", "read"),
    [
        ("f(█)\n", "a, b)\nc()", "a, b)"),
        ("a = █\n", "1\nb = 2\n", "1\n"),
        ("def f():\n    █\n", "return 1\n\n\ndef g():", "return 1\n\n"),
        ("def f():\n    █\n", "return 1\nprint(f())\n", "return 1\nprint("),
        ("a = █ if b else c\n", "d if b else c\n", "d if b else c"),
    ],
)
def test_the_stream_is_read_no_further_than_needed(text: str, raw: str, read: str) -> None:
    assert complete_after(text, raw) == read


# 7. Limits, line ends, blanks.


def test_a_fill_that_a_limit_cut_short_loses_the_line_it_was_in() -> None:
    text, raw = "def f():\n    █\n", "a = 1\n    b = some_na"
    assert whole(text, raw, cut_short=True) == Fill("a = 1", "limit")
    assert whole(text, raw) == Fill(raw, "model")


def test_a_single_line_is_kept_though_a_limit_cut_it_short() -> None:
    assert whole("a = █\n", "some_na", cut_short=True) == Fill("some_na", "limit")


def test_a_limit_takes_nothing_from_a_complete_fill() -> None:
    assert fill("f(█)\n", "a,\n  b)\nc", cut_short=True) == "a,\n  b"


def test_a_runaway_fill_ends_with_a_whole_line() -> None:
    raw = "".join(f"a{number} = {number}\n    " for number in range(1000))
    ended = whole("def f():\n    █\n", raw)
    assert ended.ended_by == "length"
    assert MAX_CHARACTERS - 20 < len(ended.text) <= MAX_CHARACTERS
    assert raw.startswith(ended.text + "\n")


def test_a_runaway_line_is_no_fill() -> None:
    raw = " + ".join(f"b{number}" for number in range(MAX_CHARACTERS))
    assert whole("a = █\n", raw) == Fill("", "length")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_of_any_kind(newline: str) -> None:
    text = "def f():\n    █\n    return a\n".replace("\n", newline)
    raw = "if a:\n        b()\n    return a\n".replace("\n", newline)
    assert fill(text, raw) == "if a:\n        b()"


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("a = █\n", "b  \n", "b"),
        ("def f():\n    █\n", "if a:  \n        b()\t\n", "if a:\n        b()"),
        ("a = █c\n", "b + ", "b + "),
        ("a = █\n", "  ", ""),
        ("a = █\n", "", ""),
    ],
)
def test_blanks_at_line_ends(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


def test_more_text_changes_nothing_in_a_complete_fill() -> None:
    assert so_far("f(█)\n", "a)") == Fill("a", "bracket")
    assert so_far("f(█)\n", "a)b") == Fill("a", "bracket")
    assert whole("f(█)\n", "a)b", cut_short=True) == Fill("a", "bracket")


# The real model's texts, and what a programmer wants of them.

RAW_FILLS: Final[list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "fixtures" / "raw_fills.json").read_text("utf-8")
)


@pytest.mark.parametrize("case", RAW_FILLS, ids=[case["place"] for case in RAW_FILLS])
def test_what_a_real_model_wrote(case: dict[str, Any]) -> None:
    hole = between(case["before"], case["after"], case["language"])
    assert policy.shape(hole, "auto") == case["shape"]
    ended = trim(case["raw"], hole, case["shape"], CONTROL, cut_short=case["cut_short"])
    assert ended.text == case["expected"]


# For any text. Random characters hardly ever meet; pieces of code and of what surrounds it do.

PIECES: Final = (
    *("\n", "\n\n", "\r\n", "\r", " ", "  ", "    ", "        ", "\t", "é", "😀", "\\", "="),
    *("x", "a, b", "x = 1", "return x", "if a:", "else:", "except E:", "end", "do", "for x in xs"),
    *("(", ")", "[", "]", "{", "}", "f(a)", "f(", '"', "'", "`", '"""', "'a", ",", ";", ":", "<"),
    *("<|", "<|im_", "end|>", "<|endoftext|>", "<|any|>", "<fim_", "middle>", "|>", "<｜a"),
    *("```", "``", "~~~", "python", "# c", "// c", "/* c", "*/", "@a", "\u200b", "\x00", "\ud800"),
    *("Here is", "Here's", "Sure", "The code", " that", "**A"),
)
TEXTS: Final = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.text(max_size=20)
)
LANGUAGES: Final = st.sampled_from("python typescript rust go ruby c markdown".split())
HOLES: Final = st.builds(between, TEXTS, TEXTS, LANGUAGES)
SHAPES: Final = st.sampled_from(("line", "statement", "block"))
# The same examples at every run; the time of one says nothing on a busy machine.
EXAMPLES: Final = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)


@EXAMPLES
@given(HOLES, SHAPES, TEXTS)
def test_a_fill_that_is_complete_early_is_that_of_the_whole_text(
    hole: Hole, shape: Shape, raw: str
) -> None:
    expected = trim(raw, hole, shape, CONTROL)
    for length in range(len(raw) + 1):
        early = trim(raw[:length], hole, shape, CONTROL, over=False)
        assert not early.complete or early == expected


@EXAMPLES
@given(HOLES, SHAPES, TEXTS, st.booleans(), st.booleans())
def test_what_must_not_be_shown_never_is(
    hole: Hole, shape: Shape, raw: str, over: bool, cut_short: bool
) -> None:
    text = trim(raw, hole, shape, CONTROL, over=over, cut_short=cut_short).text
    assert not any(token in text for token in CONTROL)
    assert not set(text) & {"\x00", "\u200b", "\r", "\ud800"}
    assert len(text) <= MAX_CHARACTERS
    assert shape != "line" or "\n" not in text


NAMES: Final = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
CALLS: Final = st.builds("{}({}, [{}]) + {{'a': {}}}".format, NAMES, NAMES, NAMES, NAMES)
STATEMENTS: Final = st.one_of(
    st.builds("{} = {}".format, NAMES, CALLS),
    st.builds("return {}".format, CALLS),
    st.builds("for {} in {}:\n        {}".format, NAMES, NAMES, CALLS),
    st.builds("if {}:\n        {}\n    else:\n        {}".format, CALLS, CALLS, CALLS),
    st.builds("{} = f(\n        {},\n        *{},\n    )".format, NAMES, CALLS, CALLS),
    st.builds("with open({}) as {}:\n        # {}\n        {}".format, NAMES, NAMES, NAMES, CALLS),
)


@EXAMPLES
@given(STATEMENTS)
def test_a_fill_with_nothing_wrong_passes_as_it_is(statement: str) -> None:
    assert fill("def f():\n    █", statement, shape="block") == statement
    assert fill("def f():\n    █", statement, shape="statement") == statement
