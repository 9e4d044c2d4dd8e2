"""Parts of a fill that are accepted, a word or a line: the rest is there without the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fake_ollama import FakeOllama
from lsp_client import LspClient


class Buffer:
    """A document in the editor, with its cursor."""

    def __init__(self, client: LspClient, text: str, language: str = "python") -> None:
        self._client = client
        self._version = 1
        before, _, after = text.partition("█")
        self.text, self.cursor = before + after, len(before)
        client.open(self.text, language=language)

    def put(self, text: str) -> None:
        """Insert at the cursor, which stands at the mark in the text or behind it."""
        line, character = self.position
        before, mark, after = text.partition("█")
        self._version += 1
        self._client.insert(before + after, line, character, self._version)
        self.text = self.text[: self.cursor] + before + after + self.text[self.cursor :]
        self.cursor += len(before) if mark else len(before + after)

    @property
    def position(self) -> tuple[int, int]:
        lines = self.text[: self.cursor].split("\n")
        return len(lines) - 1, len(lines[-1])

    async def fills(self, *, manual: bool = False) -> list[str]:
        """What is offered at the cursor."""
        answer = await self._client.ask(*self.position, manual=manual)
        return [item["insertText"] for item in answer["items"]]


def _words(first: int, end: int) -> str:
    return "".join(f"word{number} " for number in range(first, end))


@pytest.mark.parametrize(
    ("document", "raw", "parts"),
    [
        pytest.param(
            "numbers = █\n",
            "sorted(set(numbers))\n",
            [("sorted", "(set(numbers))"), ("(set", "(numbers))"), ("(numbers", "))")],
            id="words",
        ),
        pytest.param(
            "def f(a):\n    █\n",
            "if a:\n        return 1\n    return 2\n",
            [
                ("if a:\n", "        return 1\n    return 2"),
                ("        return 1\n    ", "return 2"),
                ("return ", "2"),
            ],
            id="lines",
        ),
        pytest.param(
            "def f(a):\r\n    █\r\n",
            "if a:\n        return 1\n    return 2\n",
            [
                ("if a:\r\n        ", "return 1\r\n    return 2"),
                ("return", " 1\r\n    return 2"),
                (" 1\r\n", "    return 2"),
            ],
            id="CRLF",
        ),
        pytest.param(
            "def g():\n\tpass\n\ndef f(a):\n\t█\n",
            "if a:\n\t\treturn 1\n\treturn 2\n",
            [("if", " a:\n\t\treturn 1\n\treturn 2"), (" a:\n\t\t", "return 1\n\treturn 2")],
            id="tabs",
        ),
        pytest.param(
            "total = █\n",
            "sum(first(a), b)\n",
            [("sum", "(first(a), b)"), ("(█)", "first(a), b"), ("first", "(a), b")],
            id="a bracket that the editor closes",
        ),
        pytest.param(
            "total = █\n",
            "sum(first(a), b)\n",
            # It goes on behind the inner one.
            [("sum(█)", "first(a), b"), ("first(█)", "a), b)")],
            id="two brackets that the editor closes",
        ),
        pytest.param(
            "call(█)\n",
            "a, b)\n",
            [("a", ", b"), (", ", "b")],
            id="inside of brackets",
        ),
        pytest.param(
            "█b = 2\n",
            "c = 1\nd = 1\n",
            [("c", " = 1\nd = 1\n"), (" = ", "1\nd = 1\n")],
            id="above a line with text",
        ),
        pytest.param(
            "text = █\n",
            f"'{_words(0, 60).strip()}'\n",
            [
                (f"'{_words(0, 30)}", f"{_words(30, 60).strip()}'"),
                (_words(30, 59), "word59'"),
                ("word", "59'"),
            ],
            id="a long line",
        ),
    ],
)
async def test_the_rest_is_there_at_once(
    client: LspClient, ollama: FakeOllama, document: str, raw: str, parts: list[tuple[str, str]]
) -> None:
    ollama.fill = raw
    buffer = Buffer(client, document)
    assert await buffer.fills()
    # From here on the model writes nothing any more.
    ollama.gate.clear()
    for part, rest in parts:
        buffer.put(part)
        assert await buffer.fills() == [rest]


async def test_a_bracket_that_is_typed_over(client: LspClient, ollama: FakeOllama) -> None:
    ollama.fill = "sum(first(a), b)\n"
    buffer = Buffer(client, "total = █\n")
    assert await buffer.fills() == ["sum(first(a), b)"]
    ollama.gate.clear()
    for part in ("sum(█)", "first(█)", "a"):
        buffer.put(part)
    buffer.cursor += 1
    assert await buffer.fills() == [", b"]


async def test_each_key_of_several_lines(client: LspClient, ollama: FakeOllama) -> None:
    ollama.fill = "if a:\n        return 1\n    return 2\n"
    buffer = Buffer(client, "def f(a):\n    █\n")
    (fill,) = await buffer.fills()
    ollama.gate.clear()
    while fill:
        buffer.put(fill[0])
        fill = fill[1:]
        if fill:
            assert await buffer.fills() == [fill]
    assert len(ollama.generations) <= 2


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_part_of_any_candidate(client: LspClient, ollama: FakeOllama, number: int) -> None:
    written = ["if a:\n        return 1\n", "if b:\n        return 2\n", "return a\n"]

    def fill(body: Mapping[str, Any]) -> str:
        return written.pop(0) if written else "x"

    ollama.fill = fill
    buffer = Buffer(client, "def f(a, b):\n    █\n")
    candidates = await buffer.fills(manual=True)
    assert candidates == ["if a:\n        return 1", "if b:\n        return 2", "return a"]
    ollama.gate.clear()
    rest = candidates[number]
    # "if", "return": two candidates begin alike.
    for part in (rest[: rest.index(" ")], rest[rest.index(" ") : rest.index(" ") + 2]):
        buffer.put(part)
        rest = rest[len(part) :]
        if part == "if":
            assert await buffer.fills(manual=False) == [candidates[0][2:]]
        elif rest:
            assert await buffer.fills() == [rest]
    assert ollama.most_at_once == 1


async def test_typing_through_closers(client: LspClient, ollama: FakeOllama) -> None:
    ollama.fill = "n: list[int]):\n    return n\n"
    buffer = Buffer(client, "def fib(█)\n")
    assert await buffer.fills() == ["n: list[int]):\n    return n"]
    ollama.gate.clear()
    buffer.put("n: ")
    assert await buffer.fills() == ["list[int]):\n    return n"]
    buffer.put("list[█]")
    assert await buffer.fills() == ["int]):\n    return n"]
    buffer.put("int")
    # Both are typed over.
    buffer.cursor += 2
    assert await buffer.fills() == [":\n    return n"]
    buffer.put(":")
    assert await buffer.fills() == ["\n    return n"]


async def test_enter_between_two_braces(client: LspClient, ollama: FakeOllama) -> None:
    ollama.fill = "\n  return a;\n}\n"
    buffer = Buffer(client, "function f(a) {█}\n", "javascript")
    assert await buffer.fills() == ["\n  return a;\n}"]
    ollama.gate.clear()
    buffer.put("\n  █\n")
    assert await buffer.fills() == ["return a;"]
