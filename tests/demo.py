"""`make demo`: the real server over stdio, on the embedded engine, fills three real holes."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from dataclasses import dataclass
from typing import Any

from lsp_client import LspClient

CURSOR = "█"
MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m"


@dataclass(frozen=True)
class Hole:
    name: str
    text: str


HOLES = (
    Hole(
        "a list comprehension",
        '''\
        def even_squares(numbers):
            """The squares of the even numbers.

            >>> even_squares([1, 2, 3, 4])
            [4, 16]
            """
            return [█]
        ''',
    ),
    Hole(
        "a try/except",
        '''\
        import json


        def read_settings(path):
            """The settings in a JSON file; an empty dict if there is no such file."""
            try:
                █


        def write_settings(path, settings):
            """Write the settings to a JSON file."""
            with open(path, "w") as file:
                json.dump(settings, file)
        ''',
    ),
    Hole(
        "a function body",
        '''\
        def is_palindrome(text):
            """Whether the text reads the same backwards, ignoring case and blanks."""
            █


        def count_vowels(text):
            """How many vowels the text has."""
            return sum(letter in "aeiou" for letter in text.lower())
        ''',
    ),
)


# s. On a quiet machine a fill takes one or two, the first one four; beside other work it may take
# many times that, and is worth waiting for.
PATIENCE = 900.0


async def ask(client: LspClient, line: int, character: int, uri: str) -> tuple[str | None, Any]:
    """The fill, or None, and why it came out so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            fill = await client.fill(line, character, uri, manual=True)
            why = await client.request(
                "workspace/executeCommand", {"command": "infill-ls.explain", "arguments": []}
            )
            # What takes longer than an editor would wait goes on, and is there when asked again.
            if fill is not None or why["reason"] != "slow":
                return fill, why


async def main() -> int:
    client = await LspClient.start("--engine", "embedded", "--model", MODEL, stderr=None)
    await client.initialize(client="demo")
    empty = 0
    for number, hole in enumerate(HOLES):
        text = textwrap.dedent(hole.text)
        before, after = text.split(CURSOR)
        uri = f"file:///demo/{number}.py"
        client.open(before + after, uri)
        line, character = before.count("\n"), len(before.rpartition("\n")[2])
        fill, why = await ask(client, line, character, uri)
        print(f"\n── {hole.name} " + "─" * (60 - len(hole.name)))
        if fill is None:
            empty += 1
            print(f"   no fill: {why['message']}")
            continue
        shown = before + (f"\033[32m{fill}\033[0m" if sys.stdout.isatty() else f"«{fill}»") + after
        print(textwrap.indent(shown.rstrip(), "    "))
        if why["reason"] == "recalled":
            print("   finished while nobody waited, and shown when it was asked for again")
            continue
        print(
            f"   first character after {why['timings_ms']['first']:.0f} ms, "
            f"last after {why['timings_ms']['total']:.0f} ms; "
            f"{why['cached_tokens']} of {why['prompt_tokens']} prompt tokens from the cache"
        )
    await client.stop()
    print(f"\n{len(HOLES) - empty} of {len(HOLES)} holes filled by {MODEL}")
    return 1 if empty else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
