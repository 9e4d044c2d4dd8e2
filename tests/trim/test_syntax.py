"""A fill adds no syntax error."""

from __future__ import annotations

from typing import Final

import pytest

from fills import fill, whole
from holes import at, in_cell
from infill_ls.trim import FILTERS, Fill, trim
from infill_ls.trim.parsers import PYTHON_WORK, TREE_SITTER_WORK, most_of
from infill_ls.trim.site import known
from infill_ls.trim.syntax import verdict


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        # Line by line, the longest part that adds none.
        ("def f():\n    █\n", "a = 1\n    b = (\n", "a = 1"),
        ("def f():\n    █\n", "a = 1\n    return 2 3\n    b = 2\n", "a = 1"),
        ("def f():\n    █\n", "a b c\n", ""),
        ("def f():\n    █\n", "a = 1\n    if a:\n", "a = 1"),
        ("a = █\n", "b +\n", ""),
        # No errors of syntax: cells of a notebook may await.
        ("a = 1\n█\n", "await a\n", "await a"),
        # A statement's end.
        ("def f():\n    █\n", "a = 1; b = (\n", "a = 1"),
        # Where words stand right of the cursor, at any word.
        ("a = f(█ + c)\n", "b, d\n", "b, d"),
        ("a = f(█ + c)\n", "b d e\n", "b"),
        ("a = [█ for b in c]\n", "b.d()) and\n", "b.d()"),
        # A line that heads a block whose body is still to be written.
        ("for █ in b:\n", "a\n", "a"),
        # Right as it is.
        ("def f():\n    █\n", "return [\n        1,\n    ]\n", "return [\n        1,\n    ]"),
    ],
)
def test_python(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        # An error that was there before: nobody can tell what the fill adds to it.
        ("def f(:\n    b = 1\n\n    █\n", "a = (\n"),
        ("f(a, █\n", "b\n"),
        ("try:\n    █\n", "a()\n"),
        # Python 2.
        ("def f():\n    print 'a'\n    █\n", "print 'b'\n"),
    ],
)
def test_what_is_broken_anyway_is_not_judged(text: str, raw: str) -> None:
    assert fill(text, raw) == raw.rstrip()


def test_an_error_in_another_place_does_not_count() -> None:
    text = "def broken(:\n    pass\n\n\ndef f():\n    █\n\n\ndef g() pass\n"
    assert fill(text, "a = 1\n    b = (\n") == "a = 1"
    assert fill(text, "return 1\n") == "return 1"


def test_a_fill_that_mends_the_line_is_kept_as_far_as_it_does() -> None:
    assert fill("f(a, █\n", "b)\n") == "b)"
    text = "def f(a):\n    b = g(a █ c)\n"
    assert fill(text, "and d or\n") == "and d or"
    assert fill(text, "d\n") == ""


def test_one_line_may_head_a_block() -> None:
    assert fill("def f():\n    █\n", "if a:\n", shape="line") == "if a:"
    assert fill("f();\n█\n", "if (a) {\n", "c", shape="line") == "if (a) {"


@pytest.mark.parametrize(
    ("language", "text", "raw", "expected"),
    [
        ("javascript", "function f() {\n  █\n}\n", "a();\n  b(c;\n", "a();"),
        ("javascriptreact", "const a = () => {\n  █\n};\n", "return <b>{c}</b>;", None),
        ("typescript", "function f(): void {\n  █\n}\n", "let a: = 1;\n", ""),
        ("typescript", "function f() {\n  █\n}\n", "const a: Map<string, B[]> = new Map();", None),
        ("typescriptreact", "const a = () => {\n  █\n};\n", "return <b<{c}</b>;", ""),
        ("go", "package a\n\nfunc f() {\n\t█\n}\n", "a := 1\n\tb := [\n", "a := 1"),
        ("rust", "fn f() {\n    █\n}\n", "let a = 1;\n    let b = vec![1;\n", "let a = 1;"),
        ("c", "int f(void) {\n    █\n}\n", "int a = 1; int b = (;\n", "int a = 1;"),
        ("cpp", "int f() {\n    █\n}\n", "std::vector<int> a{1, 2};", None),
        (
            "java",
            "class A {\n  void f() {\n    █\n  }\n}\n",
            "int a = 1;\n    int = b;\n",
            "int a = 1;",
        ),
    ],
)
def test_other_languages(language: str, text: str, raw: str, expected: str | None) -> None:
    assert fill(text, raw, language, shape="block") == (raw if expected is None else expected)


@pytest.mark.parametrize(
    ("language", "text", "raw"),
    [
        # The closer of what is around the statement is no part of it.
        (
            "cpp",
            "namespace a {\n\nint f() {\n  if (b) {█\n  return c;\n}\n\n} // namespace a\n",
            "\n    return d;\n  }",
        ),
        (
            "typescript",
            "f(() => {\n\nfunction g() {\n  if (b) {█\n  h();\n}\n\n});\n",
            "\n    return;\n  }",
        ),
        (
            "java",
            "class A {\n" + "    int a() { return 1; }\n\n" * 300 + "    int b() {█\n}\n",
            "\n        return 2;\n    }",
        ),
        # What a directive begins or ends is elsewhere.
        ("c", "#if (!defined(█) || (A <= 600))\n#  define b c\n#endif\n", "A"),
        ("cpp", "int f();\n\n█\nint g();\n", "#if A"),
        ("c", "int f(void) {\n█\n    return 1;\n}\n", "#ifdef A"),
    ],
)
def test_what_is_around_the_statement_is_not_judged(language: str, text: str, raw: str) -> None:
    assert fill(text, raw, language) == raw


def test_languages_without_a_parser_are_not_judged() -> None:
    assert fill("f()\n  █\nend\n", "a = (b", "lua") == "a = (b"


def test_it_is_said_that_syntax_was_why() -> None:
    assert whole("def f():\n    █\n", "a = 1\n    b = (\n") == Fill("a = 1", "syntax")


def test_a_fill_that_still_grows_is_not_judged() -> None:
    hole = at("def f():\n    █\n")
    assert trim("b = (a", hole, "statement", over=False).text == "b = (a"


def test_a_filter_may_be_left_out() -> None:
    hole = at("def f():\n    █\n")
    kept = tuple(one for one in FILTERS if one.name != "syntax")
    assert trim("b = (a", hole, "statement", filters=kept).text == "b = (a"
    assert trim("b = (a", hole, "statement").text == ""


def test_only_what_is_near_is_parsed() -> None:
    method = "    def f(self):\n        return 1\n\n"
    text = "class A:\n" + method * 2_000 + "    def g(self):\n        █\n\n" + method * 2_000
    assert fill(text, "a = 1\n        b = (\n") == "a = 1"
    assert fill(text, "return 2\n") == "return 2"


def test_a_line_longer_than_what_is_parsed_is_not_judged() -> None:
    long = "a = 1; " * 1_000
    assert fill(f"{long}b = [█]; {long}\n", "c for c in d]\n") == "c for c in d"
    assert fill(f"b = [█]; {long}\n", "c for c in d]\n") == "c for c in d"
    assert fill(f"b = [█]{';' * 4_000}\n", "c = = d") == "c = = d"


# Where a fill goes, and texts that are hard for a parser: what it doesn't know, operators and
# openers without end, comments that nobody closes, one error in each line, one behind many lines.
HOLES: Final = {
    "python": "def f():\n    █\n",
    "javascript": "function f() {\n  █\n}\n",
    "javascriptreact": "const a = () => {\n  █\n};\n",
    "typescript": "function f() {\n  █\n}\n",
    "typescriptreact": "const a = () => {\n  █\n};\n",
    "go": "package a\n\nfunc f() {\n\t█\n}\n",
    "rust": "fn f() {\n    █\n}\n",
    "c": "int f(void) {\n    █\n}\n",
    "cpp": "int f() {\n    █\n}\n",
    "java": "class A {\n  void f() {\n    █\n  }\n}\n",
}
HARD: Final = (
    *("@a\n", "->", "-> \n", "<s>", "!a", "$!", '"', "< a=>", "a/; * *", "x(<a>", "$(|!", "x(/* "),
    *("{a:[\n", "( ", "x\n", "1,", "a if b else ", "not ", "a.", "lambda: ", "'", "`", "/*\n"),
)
# The most work of each parser: what it may do for parts of the fill and for stand-ins, each of
# which it may go beyond with the last try. All that is parsed has at most this many characters.
PARSED: Final = 6_000 + 4_000 + 3_000
MOST_OF_PYTHON: Final = 2 * (PYTHON_WORK + 2 * PARSED)
MOST_OF_TREE_SITTER: Final = 2 * (TREE_SITTER_WORK + 2 * most_of(PARSED) + 64)


@pytest.mark.parametrize("language", HOLES)
@pytest.mark.parametrize("piece", HARD)
def test_no_fill_takes_more_work_than_there_is_for_it(language: str, piece: str) -> None:
    hole = at(HOLES[language], language)
    raw = piece * (4_000 // len(piece))
    found = verdict(known(hole, "block", ()), raw)
    most = [MOST_OF_PYTHON] if language == "python" else []
    for work, limit in zip(found.work, [*most, MOST_OF_TREE_SITTER], strict=False):
        assert work <= limit
    assert 0 <= found.kept <= len(raw)


def test_what_stands_around_is_bounded_too() -> None:
    around = "".join(f"    a{number} = b c\n" for number in range(3_000))
    hole = at(f"def f():\n{around}    █\n{around}")
    found = verdict(known(hole, "block", ()), "a b c\n    " * 200)
    # The line above tells that nothing in the hole would do.
    assert found.work[0] < PYTHON_WORK
    assert found.work[1] <= MOST_OF_TREE_SITTER


def test_where_the_tries_end_before_anything_is_found_the_fill_is_none() -> None:
    raw = "a = (\n    " + "b = 1\n    " * 300
    assert fill("def f():\n    █\n", raw, shape="block") == ""


def test_long_tables_are_kept() -> None:
    raw = "int a[] = {" + ", ".join(map(str, range(800))) + "};"
    assert fill("█\n\nint f(void) { return 0; }\n", raw, "c", shape="block") == raw
    deep = "[" * 70 + "]" * 70
    assert fill("a = █\n", deep) == deep


@pytest.mark.parametrize(
    "command", ["%time f(1)", "!pip install pandas", "files = !ls", "a.head?", "?a", "%%time"]
)
def test_commands_of_a_notebook_are_no_errors(command: str) -> None:
    in_a_cell, in_a_file = in_cell("a = 1\n█\n"), at("a = 1\n█\n")
    raw = f"{command}\nb = 2"
    assert trim(raw, in_a_cell, "block").text == raw
    assert trim(raw, in_a_file, "block").text == ""


def test_beside_a_command_errors_are_found() -> None:
    hole = in_cell("%matplotlib inline\n!ls \\\n -l\ndef f():\n    █\n")
    assert trim("a = 1\n    b = (", hole, "block").text == "a = 1"
    assert trim("!ls\n    return 2 3", hole, "block").text == "!ls"
