"""A fill that broke off is cut back to what stands by itself; one that goes on below is not."""

from __future__ import annotations

import pytest

from fills import fill, so_far
from infill_ls.text.shape import Shape
from infill_ls.trim import Fill


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        # A tag.
        ("<form>\n  █\n</form>\n", "<input", "html", ""),
        ("<form>\n  █\n</form>\n", '<input type="text" name=', "html", ""),
        ("<form>\n  <a/>\n  █\n</form>\n", "<b/>\n  <input", "vue", "<b/>"),
        ("<p>█\n", "a<br>\n<b", "php", "a<br>"),
        ("f(\n  <p>\n    █\n  </p>\n);\n", "{a}\n    <img src={b}", "typescriptreact", "{a}"),
        ("return █\n", "(<div", "javascriptreact", ""),
        # A call.
        ("x = █\n", "foreset(", "ruby", "foreset"),
        ("a {\n    █\n}\n", "foreset(", "kotlin", ""),
        ("a {\n    █\n}\n", "b();\n    c.d(", "csharp", "b();"),
        ("$a = █\n", "$b->c(", "php", "$b->c"),
        ("local a = █\n", "b[", "lua", "b"),
        ("a=█\n", "b(", "julia", "b"),
    ],
)
def test_a_fill_that_broke_off(text: str, raw: str, language: str, expected: str) -> None:
    assert fill(text, raw, language, cut_short=True) == expected


@pytest.mark.parametrize(
    ("text", "raw", "language"),
    [
        # The rest of it stands below.
        ('<form>\n  █\n    type="text"\n  />\n</form>\n', "<input", "html"),
        ("f(\n  <a\n    b={c}\n  █\n)\n", "/>", "typescriptreact"),
        ("a {\n    █\n        c,\n    );\n}\n", "b(", "csharp"),
        ("a = █\n  1\n)\n", "b(", "ruby"),
        ("a {\n    █\n    c)\n}\n", "b(", "kotlin"),
        # It is whole.
        ("<p>█</p>\n", "a < b", "html"),
        ("for (i = 0; █\n", "i <n", "javascript"),
        ("a = █\n", "b < c", "typescriptreact"),
        ("# █\n", "see f(", "ruby"),
        ("a = █\n", "(", "lua"),
    ],
)
def test_a_fill_that_goes_on_below(text: str, raw: str, language: str) -> None:
    assert fill(text, raw, language) == raw


@pytest.mark.parametrize("shape", ["line", "statement"])
def test_of_a_line_the_rest_may_be_meant_to_stand_below(shape: Shape) -> None:
    expected = "f(" if shape == "line" else "f"
    assert fill("a = █\n", "f(\n", "ruby", shape=shape) == expected


@pytest.mark.parametrize(
    ("text", "raw", "language"),
    [
        ('SECRET_KEY = "█"\n', 'os.getenv("SECRET_KEY")', "python"),
        ("SECRET_KEY = '█'\n", "os.environ['SECRET_KEY']", "python"),
        ('const a = "█";\n', 'process.env["PORT"];', "javascript"),
        ('a := "█"\n', 'os.Getenv("PORT")', "go"),
        ('let a = "█";\n', 'std::env::var("PORT").unwrap();', "rust"),
        ('String a = "█";\n', 'System.getenv("PORT");', "java"),
        ('a = "█"\n', 'ENV["PORT"]', "ruby"),
    ],
)
def test_an_expression_is_no_text_of_a_string(text: str, raw: str, language: str) -> None:
    assert fill(text, raw, language) == ""
    quote = raw.index(text[text.index("█") - 1])
    assert so_far(text, raw[: quote + 1], language) == Fill("")


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        ('if a.startswith("█"):\n', 'int(")', "python", "int("),
        ('a = "█"\n', 'f()"', "python", "f()"),
        ('a = "█" + b + ")";\n', 'f("', "java", "f("),
        ('a = "█"\n', 'f(%s, "', "ruby", "f(%s, "),
        ('printf("█");\n', 'x("PRIu64")");', "c", 'x("PRIu64")");'),
        ('a = "see █"\n', 'f("', "python", "f("),
    ],
)
def test_the_text_of_a_string_may_look_like_a_call(
    text: str, raw: str, language: str, expected: str
) -> None:
    assert fill(text, raw, language) == expected


def test_a_call_in_a_comment_is_none() -> None:
    assert fill("x = █\n", "a; // f(", "c", shape="block") == "a; // f("


def test_a_call_on_a_line_of_its_own_is_cut_off_with_it() -> None:
    assert fill("a {\n    █\n}\n", "b();\n    c.d(", "csharp", shape="block") == "b();"
