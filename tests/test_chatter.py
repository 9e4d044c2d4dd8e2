"""What models write that is no code: control tokens, unsafe characters, fences, prose."""

from __future__ import annotations

import pytest

from fills import CONTROL, fill, so_far, whole
from holes import at
from infill_ls.trim import Fill, trim


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
    assert fill("f(█)[0]\n", "a, b)\u200b") == "a, b"


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


# What was typed, said again.


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        ("total = █\n", "total = sum(xs)\n", "python", "sum(xs)"),
        ("    return █\n", "return 1\n", "ruby", "1"),
        ("const a = █;\n", "const a = b;\n", "typescript", "b"),
        ("def f():\n    for x in █\n", "    for x in xs:\n        g(x)", "python", None),
        # A word that was begun.
        ("result = 1\nprint(resu█)\n", "result)\n", "python", "lt"),
        ("a = self.conn█\n", "connection.open()\n", "python", "ection.open()"),
        # Not again, though it looks like it.
        ("x = █\n", "x_total\n", "python", "x_total"),
        ("a = [0, 0, █]\n", "0, 0, 0]", "python", "0, 0, 0"),
        ("print(█)\n", "print_all(a)", "python", "print_all(a)"),
        ("# to do: █\n", "# to do: it", "python", "# to do: it"),
        ("a = 'ban█'\n", "banana'", "python", "banana"),
    ],
)
def test_what_was_typed_is_not_said_again(
    text: str, raw: str, language: str, expected: str | None
) -> None:
    assert fill(text, raw, language) == (expected or "xs:\n        g(x)")


def test_what_may_be_typed_text_said_again_is_held_back() -> None:
    assert so_far("total = █\n", "tot") == Fill("")
    assert so_far("total = █\n", "total") == Fill("")
    assert so_far("total = █\n", "totally") == Fill("totally")


def test_a_fence_in_the_middle_of_a_line() -> None:
    assert fill("a = f(█)\n", "```python\nb, c)\n```") == "b, c"
