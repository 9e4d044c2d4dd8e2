"""What nothing leads to is not shown; what belongs to a block all the same is."""

from __future__ import annotations

import pytest

from fills import complete_after, fill, so_far, whole
from infill_ls.trim import Fill

# Texts of the embedded model (0.5 billion parameters, greedy), as far as they matter here.


@pytest.mark.parametrize(
    ("text", "raw", "language"),
    [
        (
            "def first(words):\n    for word in words:\n        if word:\n            return word\n"
            "            █\n",
            "break\n    return None\n\n# Example usage:\nwords = []\n",
            "python",
        ),
        (
            "def add(a, b):\n    return a + b\n    █\n",
            'print("This is a function that adds two numbers.")\n\ndef subtract(a, b):\n',
            "python",
        ),
        (
            "def load(path):\n    if not path.exists():\n        raise FileNotFoundError(path)\n"
            "        █\n    return path.read_text()\n",
            "return None\n    return path.read_text()\n\ndef save(path, content):\n",
            "python",
        ),
        (
            "def mean(xs):\n    if not xs:\n        return 0\n        █\n    return sum(xs)\n",
            '# raise ValueError("Mean cannot be calculated.")\n    return sum(xs)',
            "python",
        ),
        (
            "def words(text):\n    for word in text.split():\n        if len(word) < 3:\n"
            "            continue\n            █\n        yield word\n",
            "# Yield the word.\n            yield word\n\n# Example usage:\n",
            "python",
        ),
        (
            "for (const word of words) {\n  if (word) {\n    return word;\n    █\n  }\n}\n",
            "break;\n  }\n  }\n  return null;\n}\n\nfunction second(words) {\n",
            "javascript",
        ),
        (
            "function add(a, b) {\n  return a + b;\n  █\n}\n",
            "// return a + b; // This line will not be executed\n}\n",
            "javascript",
        ),
        (
            "  switch (age) {\n    case 1:\n      return 'one';\n      █\n    default:\n",
            "break;\n    case 2:\n      return 'two';\n      break;\n",
            "typescript",
        ),
        (
            "{\n    if (x < 0)\n        return;\n        █\n    h(x);\n}\n",
            "h(x);\n}\n```\n",
            "c",
        ),
        (
            "    for _, word in ipairs(words) do\n      return word\n      █\n    end\n",
            "break\n    end\n  end\n  return ''\nend\n",
            "lua",
        ),
        (
            "<?php\nfunction first($words) {\n    return $word;\n    █\n}\n",
            "break;\n}\n\nfunction second($words) {\n",
            "php",
        ),
        (
            "    if (v == x) {\n        throw new Exception();\n        █\n    }\n",
            "// return 1; // This line should not be reached\n    }\n",
            "csharp",
        ),
        (
            "def first(words)\n  words.each do |word|\n    return word\n    █\n  end\nend\n",
            "end\nend\n```\n\nThis code defines a method `first`",
            "ruby",
        ),
        (
            "    if grep -q x; then\n      return 0\n      █\n    fi\n",
            "fi\n  done\n  return 1\n}\n",
            "shellscript",
        ),
    ],
)
def test_what_a_real_model_wrote_where_a_block_is_over(text: str, raw: str, language: str) -> None:
    assert whole(text, raw, language) == Fill("", "unreachable")


@pytest.mark.parametrize(
    ("text", "raw", "language"),
    [
        # A statement of several lines.
        ("def f():\n    return g(\n        a,\n    )\n    █\n", "print(a)", "python"),
        ("f {\n    return {\n        a: b,\n    };\n    █\n}\n", "b = c;", "typescript"),
        # A comment and a blank line between.
        ("def f():\n    return a\n    # Why.\n    █\n", "print(a)", "python"),
        ("f {\n    break;\n\n    █\n}\n", "g();", "java"),
        # Words with something behind them.
        ("fn f() {\n    loop {\n        break 'a;\n        █\n", "continue;", "rust"),
        ("func f() {\n\tfor {\n\t\tgoto end\n\t\t█\n", "x++", "go"),
        ("fun f() {\n    return@g a\n    █\n", "println(a)", "kotlin"),
        ("func f() {\n    throw E.a // Why.\n    █\n", "print(a)", "swift"),
        ("  next\n  █\n", "puts a", "ruby"),
    ],
)
def test_lines_that_nothing_leads_to(text: str, raw: str, language: str) -> None:
    assert fill(text, raw, language) == ""


@pytest.mark.parametrize(
    ("text", "raw", "language"),
    [
        # Clauses, labels and cases at the same indentation.
        ("switch (a) {\n    case 1:\n    break;\n    █\n}\n", "case 2:\n    f();", "c"),
        ("switch (a) {\n    case 1:\n    break;\n    █\n}\n", "default:\n    f();", "javascript"),
        ("f {\n    goto out;\n    █\n}\n", "out:\n    g();", "c"),
        ("f {\n    return a;\n    █\n", "#endif\n    return b;", "c"),
        ("f {\n\treturn a\n\t█\n", "retry:\n\tg()", "go"),
        # What is defined for the lines above as well.
        ("f {\n  return g();\n  █\n}\n", "function g() {\n    return 1;\n  }", "javascript"),
        ("fn f() {\n    return g();\n    █\n}\n", "fn g() {}", "rust"),
        # A generator without a value.
        ("def f():\n    return\n    █\n", "yield", "python"),
        # What goes on with the statement.
        ("f {\n  return a\n  █\n}\n", ".b()", "javascript"),
        ("f {\n  return a\n  █\n}\n", "&& b", "typescript"),
        # It does not leave the block, or not always.
        ("def f\n  return a if b\n  █\nend\n", "c", "ruby"),
        ("def f\n  next unless b\n  █\nend\n", "c", "ruby"),
        ("f {\n    if (a) return b;\n    █\n}\n", "c();", "java"),
        ("f {\n    if (a)\n        return b;\n    █\n}\n", "c();", "c"),
        ("fn f() {\n    #[cfg(a)]\n    return b;\n    █\n}\n", "c()", "rust"),
        # The words mean something else.
        ("f {\n    raise(SIGTERM);\n    █\n}\n", "g();", "c"),
        ("main = do\n  return a\n  █\n", "putStrLn b", "haskell"),
        ("a:\n  continue: b\n  █\n", "c: d", "yaml"),
        ("def f():\n    returned = a\n    █\n", "g(returned)", "python"),
        ("f {\n    break_at(a);\n    █\n}\n", "g();", "cpp"),
        # It is not said in code.
        ("/* What it does:\n   return a,\n   return b\n   █\n", "or nothing */", "c"),
        ('def f():\n    """Do it.\n\n    return a\n    █\n    """\n', "or b.", "python"),
        # At no indentation nothing is a block.
        ("return a\n█\n", "b = 1", "lua"),
    ],
)
def test_lines_that_belong_behind_what_leaves_a_block(text: str, raw: str, language: str) -> None:
    assert fill(text, raw, language, shape="block") == raw


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        ("def f(a):\n    █\n", "return a\n    print(a)\n    b()", "python", "return a"),
        ("def f(a):\n    ret█\n", "urn a\n    # Done.\n", "python", "urn a"),
        ("f {\n  █\n", "return {\n    a,\n  };\n  g();\n", "typescript", "return {\n    a,\n  };"),
        (
            "for a in b {\n    █\n",
            # To end it there would leave a bracket open.
            "if c {\n        continue;\n        d();\n    }\n    e();",
            "rust",
            "if c {\n        continue;\n        d();\n    }\n    e();",
        ),
        (
            "for a in b:\n    █\n",
            "if c:\n        break\n    d()\n",
            "python",
            "if c:\n        break\n    d()",
        ),
    ],
)
def test_a_block_is_over_where_the_fill_leaves_it(
    text: str, raw: str, language: str, expected: str
) -> None:
    assert fill(text, raw, language, shape="block") == expected


def test_the_engine_is_not_kept_busy_with_what_nothing_leads_to() -> None:
    text = "def f(a):\n    return a\n    █\n"
    assert complete_after(text, "print(a)\n    print(b)\n") == "print(a)\n"
    assert so_far(text, "print(a") == Fill("")
    assert so_far("def f(a):\n    for b in a:\n        █\n", "return b\n        pri") == Fill(
        "return b"
    )


def test_a_comment_on_what_was_left_is_no_fill_by_itself() -> None:
    text = "def f():\n    if a:\n        return 1\n        █\n    c()\n"
    assert fill(text, "# why\n    b = 1", shape="block") == ""
