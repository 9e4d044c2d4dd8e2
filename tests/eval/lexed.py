"""A source file as Pygments reads it: what is code, string and comment, and what opens where.

An opinion of its own, so that it can judge the scanner of the server.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from pygments import lexers
from pygments.token import Comment, Name, String, Token

# Pygments' names of languages that editors name otherwise.
_LEXERS: Final = {
    "shellscript": "bash",
    "typescriptreact": "tsx",
    "javascriptreact": "jsx",
    "objective-c": "objectivec",
}
_TEXTS: Final = (Token.Literal.Scalar, Token.Text)
_CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}
_OPENING_QUOTE: Final = re.compile("\"\"\"|'''|[\"'`]")

# TEXT: what a reader reads outside of comments, such as that of a page, or a scalar without quotes.
CODE, STRING, MARK, COMMENT, DOCSTRING, TEXT = range(6)

Kind = Literal["bracket", "quote", "interpolation", "text"]


@dataclass(slots=True)
class Pair:
    """An opener and its closer; offsets in the text.

    ``closed``: where its closer begins, None if none was found; ``over``: where it is open no
    longer. ``kind`` ``text``: a bracket inside of a string or a comment.
    """

    kind: Kind
    closer: str
    start: int
    end: int
    closed: int | None = None
    over: int | None = None
    docstring: bool = False


class Lexed:
    """``kinds``: of each character, whether it is code, a string's, a mark of an interpolation,
    a comment's, a docstring's or other text. ``pairs``: all openers, in order.
    """

    def __init__(self, text: str, language: str) -> None:
        self.text: Final = text
        self.language: Final = language
        self.kinds: Final = _kinds(text, language)
        self.pairs: Final[list[Pair]] = []
        self._read()
        self._starts: Final = [pair.start for pair in self.pairs]

    def line_start(self, offset: int) -> int:
        """Where the line begins that this offset is in."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Where the line ends that this offset is in."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def open_at(self, offset: int, since: int) -> list[Pair]:
        """What was opened at or after an offset and is open at another, innermost first."""
        first = bisect.bisect_left(self._starts, since)
        last = bisect.bisect_left(self._starts, offset)
        return [
            pair
            for pair in reversed(self.pairs[first:last])
            if pair.end <= offset and (pair.over is None or pair.over >= offset)
        ]

    def _read(self) -> None:
        """Find the pairs."""
        text, kinds = self.text, self.kinds
        stack: list[Pair] = []
        position, before = 0, CODE
        while position < len(text):
            kind, character = kinds[position], text[position]
            size = 1
            if before in (COMMENT, TEXT) and kind != before:
                self._leave_text(stack, position)
            if kind in (STRING, DOCSTRING):
                size = self._string(stack, position)
            elif kind in (COMMENT, TEXT):
                self._bracket(stack, position, "text")
            elif kind == MARK:
                self._bracket(stack, position, "interpolation")
            elif character == "\n":
                self._leave_text(stack, position)
                if stack and stack[-1].kind == "quote":
                    stack.pop().over = position
            else:
                in_string = _context(stack) == "quote"
                self._bracket(stack, position, "interpolation" if in_string else "bracket")
            before = kind
            position += size

    def _string(self, stack: list[Pair], position: int) -> int:
        """Take a character of a string; the number of characters that were."""
        text = self.text
        inside = next((pair for pair in reversed(stack) if pair.kind != "text"), None)
        if inside is not None and inside.kind == "quote":
            if text[position] == "\\":
                return 2
            if text.startswith(inside.closer, position):
                self._leave_text(stack, position)
                stack.pop()
                inside.closed = inside.over = position
                return len(inside.closer)
        elif found := _OPENING_QUOTE.match(text, position):
            docstring = self.kinds[position] == DOCSTRING
            self._push(stack, Pair("quote", found[0], position, found.end(), docstring=docstring))
            return len(found[0])
        self._bracket(stack, position, "text")
        return 1

    def _bracket(self, stack: list[Pair], position: int, kind: Kind) -> None:
        character = self.text[position]
        if closer := _CLOSERS.get(character):
            self._push(stack, Pair(kind, closer, position, position + 1))
        elif character in ")]}":
            for depth, pair in enumerate(reversed(stack), 1):
                if (kind == "text") != (pair.kind == "text") or pair.kind == "quote":
                    return
                if pair.closer == character:
                    for lost in stack[len(stack) - depth :]:
                        lost.over = position
                    pair.closed = position
                    del stack[len(stack) - depth :]
                    return

    def _push(self, stack: list[Pair], pair: Pair) -> None:
        stack.append(pair)
        self.pairs.append(pair)

    @staticmethod
    def _leave_text(stack: list[Pair], position: int) -> None:
        while stack and stack[-1].kind == "text":
            stack.pop().over = position


def _context(stack: list[Pair]) -> Kind | None:
    return stack[-1].kind if stack else None


@lru_cache(maxsize=32)
def _lexer(language: str) -> Any:
    name = _LEXERS.get(language, language)
    return lexers.get_lexer_by_name(name, stripnl=False, ensurenl=False)


def _kinds(text: str, language: str) -> bytearray:
    kinds = bytearray(len(text))
    json, yaml = language in ("json", "jsonc"), language == "yaml"
    for position, token, value in _lexer(language).get_tokens_unprocessed(text):
        kind = CODE
        if token in String.Interpol:
            kind = MARK
        elif token in String.Doc:
            kind = DOCSTRING if language == "python" else COMMENT
        elif token in String or (json and token in Name.Tag):
            kind = STRING
        elif token in Comment and token not in Comment.Preproc and token not in Comment.PreprocFile:
            kind = COMMENT
        elif value.strip() and (token in _TEXTS or (yaml and token not in Token.Punctuation)):
            kind = TEXT
        if kind:
            kinds[position : position + len(value)] = bytes([kind]) * len(value)
    return kinds
