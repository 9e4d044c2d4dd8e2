"""One line, one statement, one block."""

from __future__ import annotations

import pytest

from fills import complete_after, fill, whole
from holes import at
from infill_ls.text.shape import Shape
from infill_ls.trim import Fill, trim


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("line", "if a:"),
        ("statement", "if a:\n        b()\n    else:\n        c()"),
        ("block", "if a:\n        b()\n    else:\n        c()\n    d()\n\n    e()"),
    ],
)
def test_shapes(shape: Shape, expected: str) -> None:
    raw = "if a:\n        b()\n    else:\n        c()\n    d()\n\n    e()\nf()\n"
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


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        (
            'func main() {\n\thttp.HandleFunc("/", index)\n\t█\n}\n',
            'http.HandleFunc("/notes", notes)\n\thttp.HandleFunc("/notes", add)\n}\n',
            "go",
            'http.HandleFunc("/notes", notes)',
        ),
        ("const a = 1;\n█", "const b = 2;\nconst c = 3;\n", "javascript", "const b = 2;"),
        (
            "class A {\n    void a() {\n    }\n\n    █",
            "void b() {\n        c();\n\n        d();\n    }\n\n    void e() {\n    }\n}\n",
            "java",
            "void b() {\n        c();\n\n        d();\n    }",
        ),
        (
            "import a\n\n\n█",
            "def f():\n    b()\n\n    return c\n\n\ndef g():\n    d()\n",
            "python",
            "def f():\n    b()\n\n    return c",
        ),
        ("a();\n█", "if (b) {\n    c();\n} else {\n    d();\n}\ne();\n", "c", None),
        ("let a = 1\n█", "let b = 2\nlet c = 3\n", "swift", "let b = 2"),
        ("a = 1\n█", "b = 2\nc = 3\n", "ruby", "b = 2"),
        ("#include <a>\n█", "#include <b>\n#include <c>\n", "c", "#include <b>"),
        ("a = 1\n█", "# Why.\nb = 2\nc = 3\n", "python", "# Why.\nb = 2"),
    ],
)
def test_a_pause_shows_no_statement_more_than_the_next(
    text: str, raw: str, language: str, expected: str | None
) -> None:
    wanted = raw.rpartition("\ne();")[0] if expected is None else expected
    assert fill(text, raw, language) == wanted


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
        ("f(█)[0]\n", "a, b)\nc()", "a, b)"),
        ("a = █\n", "1\nb = 2\n", "1\n"),
        ("def f():\n    █\n", "return 1\n\n\ndef g():", "return 1\n\n"),
        ("def f():\n    █\n", "return 1\nprint(f())\n", "return 1\nprint("),
        ("a = █ if b else c\n", "d if b else c\n", "d if b else c"),
    ],
)
def test_the_stream_is_read_no_further_than_needed(text: str, raw: str, read: str) -> None:
    assert complete_after(text, raw) == read


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        # What stands below is the body of a line that is missing.
        ("x = 1\n█\n    y = 2\n", "if x:\n    z = 3\n    w = 4\n", "if x:"),
        # The model gets there itself.
        ("x = 1\n█\n    y = 2\n", "if x:\n    z = 3\n    y = 2\n", "if x:\n    z = 3"),
        # What stands above is as far in, and the fill begins with a clause that needs a body.
        ("if x:\n    y = 1\n█\n    y = 2\n", "else:\n    y = 3\nz = 4\n", "else:"),
        (
            "def g():\n    a()\n\n\nfor a in b:\n█\n        c(a)\n",
            "    if a:\n        d(a)\n",
            "    if a:",
        ),
        ("for a in b:\n█\n    c(a)\n", "    if a:\n        d(a)\n", "    if a:\n        d(a)"),
    ],
)
def test_the_head_of_what_stands_below(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw, cut_short=True) == expected


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        (
            "def g():\n    a()\n\n\nwhile a:\n█\n        b.remove(c)\n",
            "    if a:\n        d()\n    else:",
        ),
        ("def f(a):\n    if a:\n█\n    return b\n", "        return c\n    b = g(a)\n"),
    ],
)
def test_a_model_that_stops_by_itself_means_it(text: str, raw: str) -> None:
    assert fill(text, raw) == raw.rstrip("\n")
    assert fill(text, raw, cut_short=True) == raw.partition("\n")[0]


def test_a_clause_is_kept_where_the_cursor_is_not_indented_yet() -> None:
    raw = "    b()\nelse:\n    c()\nd()"
    assert fill("if a:\n█\n", raw) == "    b()\nelse:\n    c()"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('"""Do it.\n\n    And more.\n    """\n    return 1\n\n', None),
        ('a = """b\n\nc\n"""\n    return 1\n\n', None),
    ],
)
def test_strings_of_several_lines_are_one_statement(raw: str, expected: str | None) -> None:
    assert fill("def f():\n    █\n", raw) == raw.rstrip()


def test_where_no_block_is_chosen_a_blank_line_may_be_within_a_fill() -> None:
    raw = "    if a:\n        return 1\n\n    b = 2\n\ndef g():\n    pass\n"
    expected = "    if a:\n        return 1\n\n    b = 2"
    assert fill("def f(a):\n█\n    return b\n", raw) == expected
    # Where more of the block stands below, whoever has indented the line is asked for a statement.
    indented = raw.removeprefix("    ")
    assert fill("def f(a):\n    █\n    return b\n", indented) == "if a:\n        return 1"
    assert fill("def f(a):\n█\n", raw) == expected


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        # The line below tells where the fill ends, even if that is outside of the block.
        (
            "def f(a):\n    for b in a:\n█\n    return c\n",
            "        c += b\n    c = g(c)\n    return c\n",
            "        c += b\n    c = g(c)",
        ),
        # The model never gets there.
        (
            "def f(a):\n    for b in a:\n█\n    return c\n",
            "        c += b\n    c = g(c)\n    return d\n",
            "        c += b",
        ),
        # It defines something else on the way, or leaves the function.
        (
            "class A:\n    def f(self):\n█\n    def h(self):\n",
            "        a()\n\n    def g(self):\n        b()\n\n    def h(self):\n",
            "        a()",
        ),
        ("def f():\n    █\n\n\ng()\n", "a()\n\n\nb()\ng()\n", "a()"),
        # It takes too long.
        (
            "def f(a):\n    for b in a:\n█\n    return c\n",
            "        c += b\n" + "".join(f"    c{n} = {n}\n" for n in range(9)) + "    return c\n",
            "        c += b",
        ),
    ],
)
def test_a_block_goes_on_to_the_line_below_if_the_model_gets_there(
    text: str, raw: str, expected: str
) -> None:
    assert fill(text, raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a = 1\n\n    return a\n\n    b = 2\n", "a = 1\n\n    return a"),
        ("if a:\n        return 1\n\n    b()\n\nc()\n", "if a:\n        return 1\n\n    b()"),
        ("a()\n\nb()\n", "a()"),
    ],
)
def test_a_body_may_have_blank_lines_until_nothing_follows(raw: str, expected: str) -> None:
    assert fill("def f():\n    █\n\n\ndef g():\n    pass\n", raw) == expected


def test_the_end_of_a_function_that_goes_on_below_is_no_fill() -> None:
    raw = "    low = min(a)\n\n    for b in a:\n        c(b)\n    return low\n\n"
    below = "    d = a[low:]\n    return d == a\n"
    assert fill(f"def f(a):\n█\n{below}", raw) == "    low = min(a)"
    # It is, where nothing goes on.
    assert fill("def f(a):\n█\n\n\nf(1)\n", raw) == raw.rstrip()


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        (
            "def f(a):\n    try:\n        a()\n█\n",
            "    except E:\n        b()\n    return 1\n\nf(1)\n",
            "    except E:\n        b()\n    return 1",
        ),
        (
            "def f(a):\n    def g(b):\n        if b:\n█\n\n\ndef h():\n    pass\n",
            "            return 1\n        return 2\n\n    return g(a)\n\n\ndef i():\n",
            "            return 1\n        return 2\n\n    return g(a)",
        ),
        (
            "class A:\n    def f(self):\n        if b:\n█\n",
            "            c()\n        return 2\n\n    x = 1\n",
            "            c()\n        return 2",
        ),
        ("if a:\n    if b:\n█\n", "        c()\n    d()\n", "        c()"),
    ],
)
def test_the_rest_of_a_function_that_nothing_follows_in(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        # Blank lines in a block that the cursor's line opens.
        (
            "a {\n  &[b] {█\n\n  c {}\n}\n",
            "\n    d: e;\n\n    &:f {\n      g: h;\n    }\n  }\n\n  c {}",
            "scss",
            "\n    d: e;\n\n    &:f {\n      g: h;\n    }\n  }",
        ),
        (
            "main() {█\n\nmain\n",
            "\n  # One.\n  one\n\n  # Two.\n  two\n}\n\nmain",
            "shellscript",
            "\n  # One.\n  one\n\n  # Two.\n  two\n}",
        ),
        (
            "func f() {\n\tfor a := range b {█\n}\n",
            "\n\t\tc()\n\n\t\td()\n\t}\n}\n",
            "go",
            "\n\t\tc()\n\n\t\td()\n\t}",
        ),
        # Lines in a bracket that it opens.
        (
            "def f():\n    if (█\n        g()\n",
            "a\n            and b):\n        g()\n",
            "python",
            "a\n            and b):",
        ),
        (
            "def f():\n    a = set(█\n    return a\n",
            "b for b in c\n            if b)\n    return a\n",
            "python",
            "b for b in c\n            if b)",
        ),
        # The preprocessor's lines have no indentation.
        (
            "int f() {█\n\nint g() {\n",
            "\n#ifdef A\n    b();\n#else\n    c();\n#endif\n    return d;\n}\n\nint g() {",
            "c",
            "\n#ifdef A\n    b();\n#else\n    c();\n#endif\n    return d;\n}",
        ),
        # A model that never closes it is not followed into the next statement.
        ("def f():\n    g(█\n    i()\n", "a\n    h()\n    j()\n", "python", "a"),
        ("if (a) {█\n", "\n  b();\nc();\nd();\n", "typescript", "\n  b();"),
    ],
)
def test_what_the_cursors_line_opens_goes_on(
    text: str, raw: str, language: str, expected: str
) -> None:
    assert fill(text, raw, language) == expected


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        # A comment behind the head of a block.
        ("def f():\n    █\n    c()\n", "if a:  # why\n        b()\n    c()", "python", None),
        ("def f():\n    █\n    c()\n", "for a in b:  # all\n        d(a)\n    c()", "python", None),
        (
            "class A:\n    █\n    c = 1\n",
            "def f(self):  # (\n        pass\n    c = 1",
            "python",
            None,
        ),
        (
            "def f():\n    █\n    c()\n",
            "a = b + \\\n        d  # e:\n    c()",
            "python",
            None,
        ),
        ("func f() {\n\t█\n\tc()\n}\n", "if a { // why\n\t\tb()\n\t}\n\tc()", "go", None),
        # Behind a statement.
        ("void f() {\n  █\n  d();\n}\n", "a(); // b\n  c();\n  d();", "c", "a(); // b"),
        ("def f():\n    █\n    d()\n", "a('#:')  # b\n    c()\n    d()", "python", "a('#:')  # b"),
        # Further in than its block.
        (
            "class A {\n    int b(int c)\n            throws D {█\n\n    int e() {\n",
            "\n        f();\n        return c;\n    }\n\n    int e() {",
            "java",
            "\n        f();\n        return c;\n    }",
        ),
        (
            "class A(b: B) :\n    C(b) {█\n\nclass D {\n",
            "\n  fun e() = 1\n\n  fun f() = 2\n}\n\nclass D {",
            "kotlin",
            "\n  fun e() = 1\n\n  fun f() = 2\n}",
        ),
        # A blank line behind a head.
        ("█\n", "if a:\n\n    b()\n\nc()", "python", "if a:\n\n    b()"),
        ("a()\n█\n", "class A:\n\n    b = 1\n\nc()", "python", "class A:\n\n    b = 1"),
        ("█\n", "a {\n\n  b: c;\n}\n\nd {", "css", "a {\n\n  b: c;\n}"),
        # A head that begins further above.
        (
            "fun f() {\n  if (a &&\n      b) {\n    c()\n  } else {█\n}\n",
            "\n    d()\n  }\n}\n",
            "kotlin",
            "\n    d()\n  }",
        ),
        (
            "int A::b(\n    int c) const {█\n\nint d() {\n",
            "\n  if (c) {\n    e();\n  }\n  return c;\n}\n\nint d() {",
            "cpp",
            "\n  if (c) {\n    e();\n  }\n  return c;\n}",
        ),
        (
            "def f(\n        a,\n        b):█\n\ng()\n",
            "\n    a()\n    b()\n\ng()",
            "python",
            "\n    a()\n    b()",
        ),
    ],
)
def test_heads_with_comments_and_heads_of_several_lines(
    text: str, raw: str, language: str, expected: str | None
) -> None:
    assert fill(text, raw, language) == (raw.rpartition("\n")[0] if expected is None else expected)


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        (
            "def f(text):\n    if text[█]\n        end += 1\n    return end\n",
            'i] == " ":\n        end += 2\n        f(end)\n',
            "python",
            'i] == " ":',
        ),
        ("if (a█)\n{\n    b();\n}\n", " > 0)\n{\n    b();\n}", "c", " > 0"),
        ("for (█)\n  b();\n", "const c of d) {\n  e();\n}", "javascript", "const c of d) {"),
        # What stands below is no body of this one.
        ("if (█)\nb();\n", "c) {\n  e();\n}", "javascript", "c) {\n  e();\n}"),
    ],
)
def test_no_more_than_the_head_of_what_stands_below(
    text: str, raw: str, language: str, expected: str
) -> None:
    assert fill(text, raw, language) == expected


@pytest.mark.parametrize(
    ("language", "text", "raw", "expected"),
    [
        ("lua", "f(function()█)\n", "\n  a()\nend)\ng()\n", "\n  a()\nend"),
        ("lua", "local function f()█\n", "\n  a()\nend\n\ng()\n", "\n  a()\nend"),
        ("ruby", "def f(a)█\n", "\n  b\nend\n\nc\n", "\n  b\nend"),
        ("julia", "function f(a)█\n", "\n  b\nend\n\nc\n", "\n  b\nend"),
    ],
)
def test_a_block_that_a_word_ends_is_ended(
    language: str, text: str, raw: str, expected: str
) -> None:
    assert fill(text, raw, language) == expected


def test_a_rule_that_begins_with_a_point_is_another_one() -> None:
    assert (
        fill("a {\n  █\n}\n", "b {\n    c: d;\n  }\n  .e {\n  }", "scss", shape="statement")
        == "b {\n    c: d;\n  }"
    )


def test_a_line_further_out_is_held_back_until_it_is_whole() -> None:
    text = "def f(a):\n    for b in a:\n█\n    return c\n"
    found = trim("        c += b\n    c = g", at(text), "block", over=False)
    assert found.text == "        c += b"
