"""Brackets and quotes of the fill against those around it."""

from __future__ import annotations

import pytest

from fills import fill
from holes import at
from infill_ls.trim import Fill, trim


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
        # A closer right of the cursor that belongs to a bracket further out.
        ("f(g, {█)\n", '"a": b})\n', '"a": b}'),
        ("f(g, [h(a█]\n", "b)])\n", "b)"),
        ("[f(g(a█)]\n", "b)])\n", "b)"),
        ("x[f(g('a█)]\n", "b'))])\n", "b')"),
        ('f("█)\n', 'a")\n', 'a"'),
        ("f(█\n", "a))\n", "a)"),
        ("f(g(█)\n", "a))\n", "a))"),
        ("a = █\n", "b)\n", "b"),
        ("f(█)\n", "a]", "a"),
        # Brackets in strings are text.
        ("f(█)\n", '")")', '")"'),
        ("f(█)\n", "'(', ')')", "'(', ')'"),
        ("f(█)\n", r'"\")", a)', r'"\")", a'),
        # Quotes.
        ('a = "█"\n', 'b"', "b"),
        ("a = '█'\n", "b', 'c'", "b', 'c'"),
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


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        # The editor has closed the quote before one was opened.
        ("x = █'\n", "'abc'\n", "'abc"),
        ("f(█')\n", "'abc')\n", "'abc"),
        ('x = f(█")\n', '"a", "b")\n', '"a", "b'),
        ("x = █'\n", "abc\n", "abc"),
        # A string of its own.
        ("x = █ 'b'\n", "'a' +\n", "'a' +"),
    ],
)
def test_a_quote_is_not_closed_twice(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw, "") == expected


def test_a_quote_that_the_fill_has_no_use_for() -> None:
    assert fill("x = █'\ny = 1\n", 'f"abc"\n') == ""


def test_the_last_of_three_quotes_is_not_written_again() -> None:
    text = 'def f():\n    """█\n    """\n    return 1\n'
    assert fill(text, '"Do it."""\n', shape="block") == "Do it."
    assert fill(text, '"""\n', shape="block") == ""


def test_a_docstring_ends_where_it_is_closed_below() -> None:
    text = 'def f():\n    """█\n    """\n    return 1\n'
    assert fill(text, 'Do it."""\n    return 2\n', shape="block") == "Do it."


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        # The bracket right of the cursor belongs to f.
        ("f(█)\n", "a, g(b", "a"),
        ("f(█)\n", "g(b", ""),
        # It closes what the fill opens.
        ("print█)\n", "(a", "(a"),
        ("f(█))\n", "g(a", "g(a"),
    ],
)
def test_no_bracket_is_left_open_that_the_rest_does_not_close(
    text: str, raw: str, expected: str
) -> None:
    assert fill(text, raw, "") == expected


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        # Brackets in comments and in strings of several lines are text.
        ("f(\n  █\n)\n", "a,  # b)\n  c\n)\n", "python", "a,  # b)\n  c"),
        ("f(█);\n", "a, /* b) */ c);\n", "c", "a, /* b) */ c"),
        ("f(█)\n", '"""a)\nb)""", c)', "python", '"""a)\nb)""", c'),
        ("f(█)\n", "'(', b)", "rust", "'(', b"),
        ("f(█)\n", "a // b)", "python", "a // b"),
        ("There are two:\n█\n", "a) this,\nb) that :-)\n", "markdown", "a) this,\nb) that :-)"),
    ],
)
def test_brackets_in_comments_are_text(text: str, raw: str, language: str, expected: str) -> None:
    assert fill(text, raw, language) == expected


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        # The lines of the statement below close one bracket less than are open.
        ("a = f((1, 0),\n      (3, █\n      b)\n\nc = d(1)\n", "7),", "python", "7),"),
        ('a = (\n    ((b, "r"),\n     (c, █\n     (d, "x")),\n)\n', '"s"),', "python", '"s"),'),
        ("if ( a(█\n\tb( 'c' ) && d ) {\n\te();\n}\n", ") ||", "php", ") ||"),
        ("import {a█\nimport {b} from 'b';\n", "} from 'a';", "typescript", "} from 'a';"),
        (
            "{\n  const a = f({█\n  const b = 1;\n}\n",
            "\n    c,\n  });",
            "typescript",
            "\n    c,\n  });",
        ),
        # The rest of the line closes what nothing opens.
        ("{\n  const █, b} = c;\n}\n", "{a", "typescript", "{a"),
        ('a = f(█, "b", 1),\n      (2, 3))\n', "(4, 5", "python", "(4, 5"),
    ],
)
def test_closers_are_counted_to_the_end_of_the_statement(
    text: str, raw: str, language: str, expected: str
) -> None:
    assert fill(text, raw, language) == expected


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        ("x = f({█ })\n", "a}.b", "javascript", "a }.b"),
        ("x = f(█ ) ;\n", "a) + b;", "javascript", "a ) + b;"),
        ("x = f(█ ) ;\n", "a)[b];", "javascript", "a )[b] ;"),
        ("x = f(█  )\n", "a ) + b", "python", "a  ) + b"),
        ("x = [f(█ ) ]\n", "a)] + b", "python", "a ) ] + b"),
        ("a := T{█ }\n", "\n\tb,\n}\n", "go", " \n\tb,\n}"),
        ("a := T{█ }\n", "\n    b,\n}\n", "go", " \n\tb,\n}"),
        ("{\n\t{\n\t█\t}\n}\n", "\tb()\n\t}\n", "go", "\tb()\n\t}"),
    ],
)
def test_an_editor_shows_what_has_all_that_it_takes_the_place_of(
    text: str, raw: str, language: str, expected: str
) -> None:
    found, hole = fill(text, raw, language), at(text, language)
    assert found == expected
    replaced = hole.replaced(found)
    characters = iter(found)
    assert replaced
    assert all(one in characters for one in hole.closers[:replaced])


@pytest.mark.parametrize(
    ("text", "raw", "language"),
    [
        ("function f() {\n  a();\n  █}\n", "}\n", "javascript"),
        ("func f() {\n\ta()\n█\t}\n", "}\n", "go"),
        ("f(a█)\n", ")\n", "python"),
        ('a = "b█"\n', '"\n', "python"),
        ("f(a█);\n", ");\n", "javascript"),
    ],
)
def test_closers_that_stand_there_are_no_fill(text: str, raw: str, language: str) -> None:
    assert fill(text, raw, language) == ""


def test_an_opener_further_on_may_stand_for_what_was_closed() -> None:
    text, raw = "if (a) {\n  b();\n█\n  c();\n}\n", "} else {\n  d();\n"
    assert fill(text, raw, "javascript", shape="block") == raw.rstrip()
    # Until its line is whole, nobody knows.
    hole = at(text, "javascript")
    assert trim("} els", hole, "block", over=False).text == ""
    assert trim("} else {\n  d", hole, "block", over=False).text == "} else {\n  d"


@pytest.mark.parametrize(
    ("below", "expected"),
    [
        # Three quotes below open another text, or close this one.
        ('    b = """c"""\n', 'x\n    """'),
        ('    b(\n        """c""")\n', 'x\n    """'),
        ('    """\n', "x"),
        ('    text """\n', "x"),
    ],
)
def test_three_quotes_below(below: str, expected: str) -> None:
    assert fill(f'def f():\n    """a █\n{below}', 'x\n    """') == expected


def test_a_closer_that_stands_below_is_held_back_until_its_line_is_whole() -> None:
    hole = at("f(\n  a█\n)\n")
    assert trim(") + [", hole, "block", over=False) == Fill("")
    assert trim(") + [\n  b", hole, "block", over=False).text == ""


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        # Brackets that are opened as far in as the cursor's are of its statement.
        ("{\n  f({\n  g(█\n  )})\n}\n", "a)", "javascript", "a"),
        # What stands below closes something else.
        ("f(█\n  ])\n", "a)", "javascript", "a"),
        # The statement goes on beyond what is known of the text.
        ("f(█\n" + "  a\n" * 8_000, "b)", "javascript", "b)"),
        ("f(█ + b)\n" + "  a\n" * 8_000, "g(", "lua", ""),
        # The closer of lines of its own stands on one.
        ("f(█)\n", "\n    a,\n    b\n", "lua", "\n    a,\n    b\n)"),
        ("f(\n    █)\n", "a,\n    b\n", "lua", "a,\n    b\n)"),
        ("f(█)\n", "g(\n  a),\n  b\n", "lua", "g(\n  a),\n  b"),
    ],
)
def test_what_is_open_and_what_is_closed_below(
    text: str, raw: str, language: str, expected: str
) -> None:
    assert fill(text, raw, language, shape="block") == expected
