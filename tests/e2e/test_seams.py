"""Where editors really leave the cursor: the whole document after accepting what is shown.

The model says what the middle column has, and the last is the document with it accepted; ``█`` is
the cursor. Inputs were written after public reports about many tools.
"""

from __future__ import annotations

from typing import Final

import pytest

from e2e.conftest import Start
from fake_ollama import FakeOllama
from lsp_client import LspClient

# Language, document, what the model writes, the document after accepting.
Input = tuple[str, str, str, str]

LINES_BETWEEN_CLOSERS: Final[list[Input]] = [
    (
        "javascript",
        "function add(a, b) {█}",
        "\n  return a + b;\n}",
        "function add(a, b) {\n  return a + b;\n}",
    ),
    # The model left the closer out.
    (
        "javascript",
        "function add(a, b) {█}\n",
        "\n  return a + b;",
        "function add(a, b) {\n  return a + b;\n}\n",
    ),
    (
        "typescript",
        "class A {\n  get(): number {█}\n}\n",
        "\n    return 1;\n  }\n\n  set() {}\n}",
        "class A {\n  get(): number {\n    return 1;\n  }\n}\n",
    ),
    (
        "javascript",
        "draw({█});\n",
        "\n  x: 1,\n  y: 2,\n});\nmore();",
        "draw({\n  x: 1,\n  y: 2,\n});\n",
    ),
    ("javascript", "draw({█})\n", "\n  x: 1,", "draw({\n  x: 1,\n})\n"),
    (
        "javascript",
        "xs.map((x) => {█})\n",
        "\n  return x * 2;\n})\n",
        "xs.map((x) => {\n  return x * 2;\n})\n",
    ),
    (
        "rust",
        "fn f(a: Option<u8>) -> u8 {\n    match a {█}\n}\n",
        "\n        Some(b) => b,\n        None => 0,\n    }\n}\n",
        "fn f(a: Option<u8>) -> u8 {\n"
        "    match a {\n        Some(b) => b,\n        None => 0,\n    }\n}\n",
    ),
    ("css", ".a {█}\n", "\n  color: red;\n}\n\n.b {\n}", ".a {\n  color: red;\n}\n"),
    ("scss", ".a {\n  .b {█}\n}\n", "\n    margin: 0;\n", ".a {\n  .b {\n    margin: 0;\n  }\n}\n"),
    ("json", "{█}\n", '\n  "a": 1\n}\n', '{\n  "a": 1\n}\n'),
    (
        "json",
        '{\n  "a": [█],\n  "b": 2\n}\n',
        "\n    1,\n    2\n  ],\n",
        '{\n  "a": [\n    1,\n    2\n  ],\n  "b": 2\n}\n',
    ),
    ("python", "names = [█]\n", '\n    "a",\n    "b",\n]\n', 'names = [\n    "a",\n    "b",\n]\n'),
    ("python", "f(█)\n", "\n    a,\n    b,\n", "f(\n    a,\n    b,\n)\n"),
    ("go", "func f() int {█}\n", "\n\treturn 1\n}\n", "func f() int {\n\treturn 1\n}\n"),
    ("go", "a := map[string]int{█}\n", '\n\t"a": 1,\n}\n', 'a := map[string]int{\n\t"a": 1,\n}\n'),
    (
        "java",
        "class A {\n    int f() {█}\n}\n",
        "\n        return 1;",
        "class A {\n    int f() {\n        return 1;\n    }\n}\n",
    ),
    (
        "c",
        "int f(void) {█}\n",
        "\n    return 0;\n}\n\nint g(void) {",
        "int f(void) {\n    return 0;\n}\n",
    ),
    (
        "csharp",
        "class A {\n    int B {█}\n}\n",
        " get; set; }\n",
        "class A {\n    int B { get; set; }\n}\n",
    ),
    (
        "php",
        "<?php\nfunction f($a) {█}\n",
        "\n    return $a;\n}\n",
        "<?php\nfunction f($a) {\n    return $a;\n}\n",
    ),
    ("kotlin", "fun f() {█}\n", "\n    g()\n", "fun f() {\n    g()\n}\n"),
    ("lua", "t = {█}\n", "\n  a = 1,\n}\n", "t = {\n  a = 1,\n}\n"),
    ("swift", "func f() {█}\n", "\n    g()\n}\n", "func f() {\n    g()\n}\n"),
    # The closer stands on the cursor's line alone.
    ("javascript", "function f() {\n  █}\n", "return 1;\n", "function f() {\n  return 1;\n}\n"),
    # CRLF is kept.
    ("javascript", "f({█});\r\n", "\n  a: 1,\n});\n", "f({\r\n  a: 1,\r\n});\r\n"),
]
THROUGH_CLOSERS: Final[list[Input]] = [
    ("python", "def fib(█)\n", "n):\n    return n\n", "def fib(n):\n    return n\n"),
    ("python", "def fib(█)\n", "n", "def fib(n)\n"),
    (
        "javascript",
        "describe('fi█')\n",
        "b', () => {\n  run();\n});\n",
        "describe('fib', () => {\n  run();\n});\n",
    ),
    (
        "go",
        "\tif c.Param(█)\n",
        '"id") == "" {\n\t\treturn\n\t}\n',
        '\tif c.Param("id") == "" {\n\t\treturn\n\t}\n',
    ),
    ("python", "x = f(█)\n", "a) + g(b)\n", "x = f(a) + g(b)\n"),
    ("python", "x = [█]\n", "1, 2][0]\n", "x = [1, 2][0]\n"),
    ("python", 'print("█")\n', 'a", b)\n', 'print("a", b)\n'),
    ("python", 'd["█"]\n', 'a"] = 1\n', 'd["a"] = 1\n'),
    ("typescript", "const a = useState(█);\n", "0);\n", "const a = useState(0);\n"),
    ("typescript", "const a = f(█);\n", "b).then((c) => c);\n", "const a = f(b).then((c) => c);\n"),
    ("javascript", "if (█)\n", "a) {\n  b();\n}\n", "if (a) {\n  b();\n}\n"),
    ("rust", "    println!(█);\n", '"{}", a);\n', '    println!("{}", a);\n'),
    ("rust", "let a = f(█)\n", "b)?;\n", "let a = f(b)?;\n"),
    ("c", "if (█)\n", "a) {\n    b();\n}\n", "if (a) {\n    b();\n}\n"),
    (
        "c",
        "for (█)\n",
        "int i = 0; i < n; i++) {\n    f(i);\n}\n",
        "for (int i = 0; i < n; i++) {\n    f(i);\n}\n",
    ),
    ("java", "void f(█)\n", "int a) {\n    g();\n}\n", "void f(int a) {\n    g();\n}\n"),
    ("ruby", "xs.each(█)\n", "&:f).map { |x| x }\n", "xs.each(&:f).map { |x| x }\n"),
    ("shellscript", "a=$(█)\n", "ls | wc -l)\n", "a=$(ls | wc -l)\n"),
    ("php", "<?php\n$a = f(█);\n", "$b)->c();\n", "<?php\n$a = f($b)->c();\n"),
    ("css", "a { color: var(█); }\n", "--b", "a { color: var(--b); }\n"),
    # What stands there is enough.
    ("python", "f(g(█))\n", "a, b))\n", "f(g(a, b))\n"),
    ("python", "f(█)\n", "a)\ng()\n", "f(a)\n"),
    ("javascript", "f([█]);\n", "1, 2]);\n", "f([1, 2]);\n"),
    # Words behind the closer are the user's.
    ("python", "f(█) + 1\n", "a) + 2\n", "f(a) + 1\n"),
]
SEAMS: Final[list[Input]] = [
    (
        "javascript",
        "import { █ } from 'react';\n",
        "useState } from 'react';\n",
        "import { useState } from 'react';\n",
    ),
    ("typescript", "import { █ }\n", "a } from './a';\n", "import { a } from './a';\n"),
    ("javascript", "const { █ } = props;\n", "a, b } = props;\n", "const { a, b } = props;\n"),
    ("rust", "use a::{ █ };\n", "b, c };\n", "use a::{ b, c };\n"),
    ("python", "a = ( █ )\n", "b )\n", "a = ( b )\n"),
    # The model left out the first line end.
    ("javascript", "function f() {█\n", "  return 1;\n}\n", "function f() {\n  return 1;\n}\n"),
    ("javascript", "function f() {█}\n", "  return 1;\n}\n", "function f() {\n  return 1;\n}\n"),
    ("python", "def f():█\n", "    return 1\n", "def f():\n    return 1\n"),
    ("go", "func f() {█\n}\n", "\treturn\n", "func f() {\n\treturn\n}\n"),
    ("c", "    a();█\n", "    b();\n", "    a();\n    b();\n"),
    ("python", "x = {█\n}\n", "    'a': 1,\n}\n", "x = {\n    'a': 1,\n}\n"),
    # What was typed, said again.
    ("python", "print(█)\n", "print(x)\n", "print(x)\n"),
    ("python", "x = di█\n", "distance\n", "x = distance\n"),
    ("python", "x = max(█)\n", "max(a, b), c)\n", "x = max(max(a, b), c)\n"),
    ("javascript", "console.log(█)\n", "console.log(a);\n", "console.log(a);\n"),
    ("go", "\tfmt.Println(█)\n", "fmt.Println(a)\n", "\tfmt.Println(a)\n"),
    ("php", "<?php\necho strlen(█);\n", "strlen($a);\n", "<?php\necho strlen($a);\n"),
    # The closer of an inner block is not there yet.
    (
        "javascript",
        "function f(obj) {\n  if (obj.a) {\n    return true;\n  █\n}\n",
        "}\n  return false;\n}\n",
        "function f(obj) {\n  if (obj.a) {\n    return true;\n  }\n  return false;\n}\n",
    ),
    (
        "c",
        "int f(int a) {\n    if (a) {\n        return 1;\n    █\n}\n",
        "}\n    return 0;\n}\n",
        "int f(int a) {\n    if (a) {\n        return 1;\n    }\n    return 0;\n}\n",
    ),
    # Nobody wants two words to become one.
    ("yaml", "a:\n  d: █c: 2\n", "3\n  c: 2\n", "a:\n  d: c: 2\n"),
]
FIRST_WORD: Final[list[Input]] = [
    ("yaml", "a:\n  █c: 2\n", "d: 3\n  c: 2\n", "a:\n  d: 3\n  c: 2\n"),
    ("yaml", "a:\n  █c: 2\n", "d: 3", "a:\n  d: 3\n  c: 2\n"),
    (
        "python",
        "def f():\n    █return a\n",
        "a = 1\n    return a\n",
        "def f():\n    a = 1\n    return a\n",
    ),
    (
        "javascript",
        "f(() => {\n  █g();\n});\n",
        "h();\n  g();\n});\n",
        "f(() => {\n  h();\n  g();\n});\n",
    ),
    ("json", '{\n  █"b": 2\n}\n', '"a": 1,\n  "b": 2\n}\n', '{\n  "a": 1,\n  "b": 2\n}\n'),
    (
        "css",
        "a {\n  █color: red;\n}\n",
        "margin: 0;\n  color: red;\n",
        "a {\n  margin: 0;\n  color: red;\n}\n",
    ),
    ("go", "func f() {\n\t█g()\n}\n", "h()\n\tg()\n}\n", "func f() {\n\th()\n\tg()\n}\n"),
    # The end of a line that was broken here.
    ("python", "    █ = 1\n", "a", "    a = 1\n"),
]
STRINGS: Final[list[Input]] = [
    ("ruby", 'puts "Hi #{█}"\n', 'name}!"\n', 'puts "Hi #{name}!"\n'),
    ("csharp", 'var a = $"Hi {█}";\n', 'name}!";\n', 'var a = $"Hi {name}!";\n'),
    ("javascript", "const a = `Hi ${█}`;\n", "name}!`;\n", "const a = `Hi ${name}!`;\n"),
    ("typescript", "f(`[${█}]`);\n", "a.b()}]`);\n", "f(`[${a.b()}]`);\n"),
    ("python", 'a = f"Hi {█}"\n', 'name!r}!"\n', 'a = f"Hi {name!r}!"\n'),
    ("python", "a = f'{b[\"█\"]}'\n", "c\"]} d'\n", "a = f'{b[\"c\"]} d'\n"),
    ("swift", 'let a = "Hi \\(█)"\n', 'name)!"\n', 'let a = "Hi \\(name)!"\n'),
    ("kotlin", 'val a = "Hi ${█}"\n', 'b.name}!"\n', 'val a = "Hi ${b.name}!"\n'),
    ("shellscript", 'echo "${█}"\n', 'HOME}/x"\n', 'echo "${HOME}/x"\n'),
    ("php", '<?php\necho "Hi {$█}";\n', "a['b']}!\";\n", "<?php\necho \"Hi {$a['b']}!\";\n"),
    ("python", "q = \"select '█'\"\n", "a' from b\"\n", "q = \"select 'a' from b\"\n"),
    ("java", "q = \"where a = '█'\";\n", "b' and c\";\n", "q = \"where a = 'b' and c\";\n"),
    ("go", '\tName string `json:"█"`\n', 'name"`\n', '\tName string `json:"name"`\n'),
    (
        "go",
        '\tName string `json:"█"`\n',
        'name,omitempty" xml:"n"`\n',
        '\tName string `json:"name,omitempty" xml:"n"`\n',
    ),
    (
        "python",
        'x = input("█")\n',
        'Please enter a name: ")\n',
        'x = input("Please enter a name: ")\n',
    ),
    ("javascript", "alert('█');\n", "Sure, here is it');\n", "alert('Sure, here is it');\n"),
    ("python", 'a = "it\'s (█)"\n', 'so) here"\n', 'a = "it\'s (so) here"\n'),
    ("c", 'printf("%d█", a);\n', '\\n", a);\n', 'printf("%d\\n", a);\n'),
    (
        "python",
        'def f():\n    """█\n\n\ndef g():\n    """Other."""\n',
        'Do it."""\n    return 1\n',
        'def f():\n    """Do it."""\n\n\ndef g():\n    """Other."""\n',
    ),
    ("python", 'def f():\n    """█"""\n', "Do it.", 'def f():\n    """Do it."""\n'),
    ("javascript", "// see (█)\nf();\n", "above)\nf();\n", "// see (above)\nf();\n"),
    ("rust", '    panic!("no {█}");\n', 'name}");\n', '    panic!("no {name}");\n'),
]
CONTROL_TEXT: Final[list[Input]] = [
    ("python", "a = █\n", f"b{token}c\n", "a = b\n")
    for token in ("</fim_middle>", "<eos>", "</s>", "<EOT>", "<end_of_turn>", "<think>")
]
RUNS: Final[list[Input]] = [
    (
        "java",
        "class A {\n    int a() {\n        return 1;\n    }\n\n    int b() {█}\n",
        "\n        return 2;\n    }\n\n    int c() {\n        return 3;\n    }\n}\n",
        "class A {\n    int a() {\n        return 1;\n    }\n\n"
        "    int b() {\n        return 2;\n    }\n",
    ),
    (
        "javascript",
        "const a = 0;\n█\n",
        "".join(f"const {name} = {number};\n" for number, name in enumerate("bcdefghij", 1)),
        "const a = 0;\nconst b = 1;\n",
    ),
]
ALL: Final = {
    "lines between closers": LINES_BETWEEN_CLOSERS,
    "through closers": THROUGH_CLOSERS,
    "seams": SEAMS,
    "first word": FIRST_WORD,
    "strings": STRINGS,
    "control text": CONTROL_TEXT,
    "runs": RUNS,
}


def test_there_are_enough_of_them() -> None:
    inputs = [one for kind in ALL.values() for one in kind]
    assert len(inputs) >= 90
    assert len({language for language, *_ in inputs}) >= 12


async def accepted(client: LspClient, uri: str, language: str, document: str) -> str:
    """The document after accepting what is shown at the mark in it, as an editor puts it in."""
    before, _, after = document.partition("█")
    client.open(before + after, uri, language)
    lines = before.replace("\r\n", "\n").split("\n")
    answer = await client.ask(len(lines) - 1, len(lines[-1]), uri)
    if not answer["items"]:
        return before + after
    item = answer["items"][0]
    start, end = item["range"]["start"], item["range"]["end"]
    assert start == {"line": len(lines) - 1, "character": len(lines[-1])}
    assert end["line"] == start["line"], "VS Code shows nothing that takes the place of lines"
    replaced = end["character"] - start["character"]
    # VS Code shows an item only if its text has what it takes the place of, in order.
    inserted: str = item["insertText"]
    text = iter(inserted)
    assert all(character in text for character in after[:replaced])
    return before + inserted + after[replaced:]


@pytest.mark.parametrize("kind", ALL)
async def test_the_document_after_accepting(kind: str, start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    wrong = []
    for number, (language, document, written, expected) in enumerate(ALL[kind]):
        ollama.fill = written
        found = await accepted(client, f"file:///{kind}/{number}", language, document)
        if found != expected:
            wrong.append((document, written, found, expected))
    assert not wrong, "\n".join(map(repr, wrong))
