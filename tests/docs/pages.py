"""The pages for users, taken apart: links, headings, blocks of code, code in the text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT: Final = Path(__file__).parents[2]
# In the folder of VS Code's extension lie packages of others, deeper than this.
PAGES: Final = sorted(
    page for glob in ("*.md", "docs/**/*.md", "editor-configs/*/*.md") for page in ROOT.glob(glob)
)
NAMES: Final = [str(page.relative_to(ROOT)) for page in PAGES]


@dataclass(frozen=True)
class Block:
    """A fenced block of code; ``language`` is empty where none is named."""

    language: str
    text: str


@cache
def _tokens(page: Path) -> tuple[Token, ...]:
    parser = MarkdownIt("commonmark").enable("table")
    return tuple(_all(parser.parse(page.read_text("utf-8"))))


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def links(page: Path) -> list[str]:
    """Return where the links and pictures of a page lead."""
    found = [token.attrGet("href") or token.attrGet("src") for token in _tokens(page)]
    return [str(one) for one in found if one is not None]


def plain_text(page: Path) -> str:
    """Return the text outside of code and links' targets."""
    return "\n".join(token.content for token in _tokens(page) if token.type == "text")


def anchors(page: Path) -> set[str]:
    """Return the names by which headings can be linked to, made as GitHub makes them.

    (github.com/gjtorikian/html-pipeline, lib/html_pipeline/node_filter/table_of_contents_filter.rb)
    """
    found: dict[str, int] = {}
    names = set()
    for opened, inline in pairwise(_tokens(page)):
        if opened.type == "heading_open":
            text = "".join(one.content for one in _all(inline.children or []))
            name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            times = found[name] = found.get(name, -1) + 1
            names.add(f"{name}-{times}" if times else name)
    return names


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of code."""
    fences = (token for token in _tokens(page) if token.type == "fence")
    return [Block(token.info.strip(), token.content) for token in fences]


def code_in_text(page: Path) -> list[str]:
    """Return what stands in the text as code."""
    return [token.content for token in _tokens(page) if token.type == "code_inline"]


def commands(page: Path) -> list[str]:
    """Return the lines of the blocks that are for a shell, without those that only comment."""
    lines = (
        line for block in blocks(page) if block.language == "sh" for line in block.text.split("\n")
    )
    return [line for line in lines if shlex.split(line, comments=True)]


def calls(line: str) -> list[list[str]]:
    """Return the words of each program that a line of a shell calls.

    Without variables that are set for it, and where its output goes.
    """
    words = shlex.shlex(line, posix=True, punctuation_chars="|<>;&")
    words.whitespace_split = True
    found: list[list[str]] = [[]]
    into = False
    for word in words:
        if word in ("|", "&&", ";"):
            found.append([])
        elif word.strip("<>") == "":
            into = True
        elif into or (not found[-1] and re.match(r"[A-Z_]+=", word)):
            into = False
        else:
            found[-1].append(word)
    return found
