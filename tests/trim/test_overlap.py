"""Nothing is said twice."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fills import fill, so_far
from holes import at, in_cell
from infill_ls.trim import FILTERS, Fill, trim
from infill_ls.trim.rest import found_loosely


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
        ("f█(a)\n", "oo(\n", "oo"),
        # An opener of its own.
        ("█(a, b)), c)\n", "f((\n", "f(("),
        ("f(█[0] for a in b], c)\n", "[\n", "["),
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


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        # Blanks, the kind of quotes, a comma or a comment make no other line of it.
        ("f(█, key='a')\n", 'b, key = "a")\n', "b"),
        ("def f():\n    █\n    g(a, 'b')\n", 'c = 1\n    g(a,"b")\n', "c = 1"),
        ("a = [\n    █\n    bcde,\n]\n", "fghi,\n    bcde\n]", "fghi,"),
        ("def f():\n    █\n    total += 1\n", "a = 1\n    total += 1  # one more\n", "a = 1"),
        # What stands below further out, or below a line that tells little.
        ("if a:\n    █\nelse:\n    call(b)\n", "c = d\n    call(b)\n", "c = d"),
        ("def f():\n    █\n    total += a\n", "if a:\n        total += a\n", ""),
        # Almost, but something else.
        ("a = [\n    █\n    item[1],\n]\n", "item[0],\n", "item[0],"),
    ],
)
def test_nearly_the_same_line_is_the_same(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw, shape="line" if "key" in text else "block") == expected


def test_what_may_become_the_line_below_is_held_back() -> None:
    text = "def f():\n    █\n\n    return a\n"
    assert so_far(text, "b = 1\n    retu").text == "b = 1"


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        # Other code behind what looks like a comment.
        (".a {\n  █\n  color: var(--b);\n}\n", "color: var(--c);", "css", None),
        (".a {\n  █\n  color: #fff;\n}\n", "color: #000;", "css", None),
        ("<a>\n  █\n  <!-- One -->\n</a>\n", "<!-- Two -->", "html", None),
        (
            "void f() {\n  █\n  for (i = 0; i < n; i++) g();\n}\n",
            "for (i = 0; i < m; i++) g();",
            "c",
            None,
        ),
        ("void f() {\n  █\n  a--;\n  b();\n}\n", "a--; c();", "c", None),
        # A comment, in the language's own way.
        ("void f() {\n  █\n  a += 1;\n}\n", "b();\n  a += 1;  // more", "c", "b();"),
        ("f = function ()\n  █\n  a = b\nend\n", "c()\n  a = b -- more", "lua", "c()"),
        # What several have in common.
        (
            "<table>\n  █\n  <tr>\n    <td>1</td>\n  </tr>\n</table>\n",
            "<tr>\n    <td>0</td>\n  </tr>\n  <tr>\n    <td>1</td>",
            "html",
            "<tr>\n    <td>0</td>\n  </tr>",
        ),
        (
            "a:\n  █\n  - b:\n      c: 1\n",
            "- b:\n      c: 0\n  - b:\n      c: 1\n",
            "yaml",
            "- b:\n      c: 0",
        ),
        (
            "void f() {\n  █\n  add(\n      g());\n}\n",
            "add(\n      h());\n  add(\n      g());",
            "cpp",
            "add(\n      h());",
        ),
        (
            "mod a {\n    █\n    #[test]\n    fn b() {}\n}\n",
            "#[test]\n    fn c() {}",
            "rust",
            None,
        ),
        (
            "class A {\n  █\n  @Override\n  int b() { return 1; }\n}\n",
            "@Override\n  int c() { return 0; }",
            "java",
            None,
        ),
        (
            "def f():\n    █\n    try:\n        a()\n    except A:\n        b()\n",
            "try:\n        c()\n    except C:\n        d()\n    try:\n        a()",
            "python",
            "try:\n        c()\n    except C:\n        d()",
        ),
        # The same again, and what nobody writes twice.
        ("<a>\n  █\n  <b>\n    c\n  </b>\n</a>\n", "<b>\n    c\n  </b>", "html", ""),
        ("a:\n  █\n  - b:\n      c: 1\n", "- b:\n      c: 1\n", "yaml", ""),
        ("█\ndef f():\n    a()\n", "def f():\n    b()\n", "python", ""),
        (
            "def f():\n    █\n    if a:\n        b()\n",
            "if a:\n        c()\n    if a:\n        b()",
            "python",
            "",
        ),
        # Words on both sides of the cursor are the user's.
        ("f(a, █, c)\nf(a, b, c)\n", "b", "python", None),
        ("    a: `${█}/${x}`,\n    a: `${y}/${x}`,\n", "y", "typescript", None),
        # The comments below tell nothing.
        (
            "if a:\n    if b:\n        c()\n█\nelse:  # of the outer one\n    d(e)\n",
            "    else:\n        f()",
            "python",
            None,
        ),
        ("namespace a {\n\nstruct b {\n}█\n\n}  // namespace a\n", ";", "cpp", None),
        # In the next block the same may stand.
        (
            '{\n  "a": {\n    █\n  },\n  "b": {\n    "type": "string"\n  }\n}\n',
            '"type": "string",\n    "c": 1',
            "json",
            None,
        ),
        (
            '{\n  █\n  "b": {\n    "c": ["d"],\n    "e": 1\n  }\n}\n',
            '"a": {\n    "c": ["d"],\n    "e": 0\n  },',
            "json",
            None,
        ),
        (
            "a:\n  █\n  b:\n    name: one\n    c: 1\n",
            "d:\n    name: one\n    c: 2",
            "yaml",
            None,
        ),
        (
            "if (a) {\n  █\n} else {\n  call(b);\n}\n",
            "call(b);",
            "typescript",
            None,
        ),
        # The end of what the fill has begun is no echo of the one below.
        (
            "<a>\n  <b>\n    █\n  </b>\n</a>\n",
            "<b>\n      c\n    </b>",
            "html",
            None,
        ),
        ("while a; do\n  █\ndone\n", "for b in c; do\n    d\n  done", "shellscript", None),
    ],
)
def test_what_begins_as_the_text_below_does(
    text: str, raw: str, language: str, expected: str | None
) -> None:
    assert fill(text, raw, language) == (raw if expected is None else expected)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_what_begins_alike_is_held_back_until_it_is_told_apart(size: int) -> None:
    text = "<table>\n  █\n  <tr>\n    <td>1</td>\n  </tr>\n</table>\n"
    raw = "<tr>\n    <td>0</td>\n  </tr>\n  <tr>\n    <td>1</td>\n"
    shown = ""
    for end in range(size, len(raw), size):
        fill = so_far(text, raw[:end], "html")
        assert fill.text.startswith(shown)
        assert fill.text == "" or "<td>0</td>" in raw[:end]
        shown = fill.text
    assert "<td>0</td>" in shown


@pytest.mark.parametrize(
    ("text", "raw", "language"),
    [
        ("def f():\n    yield  # the word\n    █\n", "# yield  # the word", "python"),
        ("def f():\n    # Sort the list by size.\n    █\n", "# Sort the list by size", "python"),
        ("def f():\n    # Sort the list by size.\n    # █\n", "sort the list by size.", "python"),
        ("f {\n  total += value;\n  █\n}\n", "// total += value;", "javascript"),
        ("f {\n  // Open the file.\n  █\n}\n", "// open the file", "go"),
        ("f {\n    /* Free the list. */\n    █\n}\n", "// Free the list.", "c"),
        ("-- Read all lines.\n█\n", "-- Read all lines", "lua"),
        ("# Build the image\n█\n", "# Build the image", "shellscript"),
        ("-- All open orders\n█\n", "-- all open orders", "sql"),
        (";; Open the file\n█\n", ";; Open the file", "clojure"),
        ("f {\n    g(a, b);\n    █\n}\n", "// g(a, b);\n", "rust"),
    ],
)
def test_a_comment_that_says_again_what_stands_above(text: str, raw: str, language: str) -> None:
    assert fill(text, raw, language) == ""


@pytest.mark.parametrize(
    ("text", "raw", "language"),
    [
        # It says something else, or more, or code follows.
        ("# Sort the list by size.\n█\n", "# Sort the list by name", "python"),
        ("# Sort it.\n█\n", "# Sort it, largest first", "ruby"),
        ("f {\n  // Open the file.\n  █\n}\n", "// Open the file.\n  open(a);", "javascript"),
        # Too short to tell, or a small part of the line.
        ("x = 1  # one\n█\n", "# one", "python"),
        ("f {\n  open(file, mode, encoding);\n  █\n}\n", "// file mode", "typescript"),
        # The user has begun it himself.
        ("f {\n  // a.b.c\n  // a.█\n}\n", "b.c", "typescript"),
        # No comment in this language.
        ("#if A\n#endif\n█\n", "#endif", "c"),
        ("f {\n    *p = *q;\n    █\n}\n", "*p = *q + 1;", "c"),
        ("Sort the list.\n█\n", "# Sort the list", "markdown"),
    ],
)
def test_a_comment_that_is_wanted(text: str, raw: str, language: str) -> None:
    assert fill(text, raw, language, shape="block") == raw


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        # Two words that would become one, and one that the model has put together itself.
        ("a:\n  b: █c: 2\n", "3", "yaml", ""),
        (
            "b = [a for a in range(1, len(█t[a] % 2 == 0]\n",
            "lst), 2) if lst[a] % 2 == 0]",
            "python",
            "lst), 2) if ls",
        ),
    ],
)
def test_a_word_right_of_the_cursor(text: str, raw: str, language: str, expected: str) -> None:
    assert fill(text, raw, language) == expected


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        (
            "def f(a):\n    b = []\n    █\n    return b\n",
            "for c in a:\n        if c:\n            b.append(c)\n        return b",
            "python",
            "for c in a:\n        if c:\n            b.append(c)",
        ),
        (
            "<div>\n  █\n</div>\n",
            "<div>\n    a\n  </div>",
            "html",
            "<div>\n    a\n  </div>",
        ),
    ],
)
def test_a_last_line_that_stands_below(text: str, raw: str, language: str, expected: str) -> None:
    assert fill(text, raw, language, shape="block") == expected


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        # The second line is no other one if it is further in.
        ("a:\n  █\n  - b:\n      c: 1\n", "- b:\n  c", "yaml", ""),
        # Nothing above is closed by this word.
        ("    █\n</a>\n", "b\n  </a>", "html", "b"),
    ],
)
def test_what_stands_around_comes_once(text: str, raw: str, language: str, expected: str) -> None:
    assert fill(text, raw, language, shape="block") == expected


def test_the_quote_that_the_rest_of_the_line_closes_comes_once() -> None:
    assert fill("f(█', b)\n", "'a'", shape="line") == "'a"


def test_a_blank_line_in_a_comment_says_nothing() -> None:
    hole = at("# one two three four five\n█\n")
    alone = tuple(one for one in FILTERS if one.name == "comment")
    raw = "# one two three four\n\n# two three four five"
    assert trim(raw, hole, "block", filters=alone) == Fill("", "repetition")


def test_what_closes_nothing_above_is_an_echo() -> None:
    alone = tuple(one for one in FILTERS if one.name == "echo")
    hole = at("    █\n</a>\n", "html")
    assert trim("b\n  </a>", hole, "block", filters=alone) == Fill("b", "suffix")


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("█return x\n", "if y: return x\n", "if y: "),
        ("█x = 1\n", "y = x = 1\n", "y = "),
        ("if a:\n    █foo(b)\n", "c = foo(b)\n    d", "c = "),
    ],
)
def test_the_line_that_the_cursor_stands_before_comes_once(
    text: str, raw: str, expected: str
) -> None:
    assert fill(text, raw) == expected


def _by_expression(text: str, line: str) -> int | None:
    parts = re.findall(r"\w+|[^\w\s]", text)
    quoted = ["[\"']" if part in "\"'" else re.escape(part) for part in parts]
    found = re.search(r"\s*".join(quoted), line)
    return found.start() if found else None


PIECES = st.lists(
    st.sampled_from(["a", "ab", "_", "(", ")", " ", "\t", "\u00a0", '"', "'", "é", "."]), max_size=8
)


@given(PIECES, PIECES, PIECES)
def test_a_text_is_found_whatever_its_blanks_and_quotes(
    before: list[str], text: list[str], after: list[str]
) -> None:
    wanted = "".join(text)
    if not wanted.strip():
        return
    for line in ("".join([*before, *text, *after]), "".join([*before, *after]), " ".join(text)):
        assert found_loosely(wanted, line) == _by_expression(wanted, line)


def test_what_stands_in_the_cell_below() -> None:
    hole = in_cell("a = 1\n█", "import os", "print(a, os.name)\nmore()")
    assert trim("b = 2\nprint(a, os.name)\n", hole, "block").text == "b = 2"
    assert trim("print(a, os.name)\n", hole, "block").text == ""
