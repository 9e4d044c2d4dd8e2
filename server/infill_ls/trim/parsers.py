"""The parsers that tell whether a text has a syntax error, and what it costs them to tell.

No clock is read. Each parser counts its work, so that a limit is the same on every machine.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any, Final, NamedTuple, Protocol

# Python's work is counted in tokens, twice where it reads a text again to explain an error: 2 µs
# each. A method and the class around it have 2,000, and all 9,361 fills that were cut out of real
# files or broken on purpose asked for less than this, but where the text around was broken.
PYTHON_WORK: Final = 12_000
# Tree-sitter's is counted in steps, of which each is 100 operations or a piece of text that is
# read. In code a step takes 6 µs, in texts made to be hard up to 300. 24 tries in 9,000 characters
# of code take 600 to 2,200; 1 in 1,000 of those fills took more than 1,000.
TREE_SITTER_WORK: Final = 1_000
# Characters of code take one step to 60, lists of numbers one to 20, and texts with which it can
# do nothing one to 3, or less. One text may take so many steps, and one more every so many bytes.
_STEPS: Final = 64
_BYTES_A_STEP: Final = 32
# Bytes that are read at once. To look for the end of a comment that has none, tree-sitter reads to
# the end of the text, at each place where one begins.
_PIECE: Final = 512
# Brackets in each other. Code has 30 at most; the cost of an error in them grows with their square.
_DEEPEST: Final = 64
_BRACKET: Final = re.compile(r"[()\[\]{}]")
_PYTHON_TOKEN: Final = re.compile(r"\w+|[^\w\s]|\n")
# Errors that Python finds at the last token which it has read, whatever stands behind it.
_AT_THE_LAST_TOKEN: Final = re.compile(
    r"(?:invalid syntax|unexpected indent|unindent does not match any outer indentation level"
    r"|unmatched '.')\Z"
)
# A line behind all others.
_NOWHERE: Final = 1 << 30


class TooHardError(Exception):
    """A parser would need too much work for a text; that says nothing of the text."""


class SyntaxFault(NamedTuple):
    """What is wrong with a text.

    ``line``: a text that is the same up to the end of this line, from 0, has an error too. Beyond
    all lines if nothing is known of that.
    """

    line: int = _NOWHERE


class Parser(Protocol):
    """A parser for one fill.

    ``work``: what it has done so far. ``most``: what it may do to try parts of the fill, and again
    to try what may stand in for it.
    """

    work: int
    most: int

    def error(self, text: str) -> SyntaxFault | None:
        """Return what is wrong with a text; None if nothing is.

        Raises TooHardError if that can't be told with so much work as code takes.
        """


def depth_of_brackets(text: str) -> int:
    """Return how many brackets are in each other in a text, wherever they stand."""
    depth = deepest = 0
    for mark in _BRACKET.findall(text):
        depth = depth + 1 if mark in "([{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


class PythonParser:
    """Python's own parser."""

    most = PYTHON_WORK

    def __init__(self, depth: int) -> None:
        self.work = 0
        self._is_deep = depth > _DEEPEST

    def error(self, text: str) -> SyntaxFault | None:
        """Return what is wrong with a text; None if nothing is."""
        if self._is_deep:
            raise TooHardError
        line = _NOWHERE
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                ast.parse(text)
            except SyntaxError as error:
                if error.lineno and _AT_THE_LAST_TOKEN.match(error.msg):
                    line = error.lineno - 1
            except ValueError:
                pass
            except (RecursionError, MemoryError):
                raise TooHardError from None
            else:
                self.work += len(_PYTHON_TOKEN.findall(text))
                return None
        read = text if line == _NOWHERE else "\n".join(text.split("\n", line + 1)[: line + 1])
        self.work += 2 * len(_PYTHON_TOKEN.findall(read))
        return SyntaxFault(line)


class TreeSitter:
    """A tree-sitter parser, stopped where it finds a token that the language doesn't have."""

    most = TREE_SITTER_WORK

    def __init__(self, parser: Any, depth: int) -> None:
        self.work = 0
        self._parser = parser
        self._depth = depth

    def error(self, text: str) -> SyntaxFault | None:
        """Return what is wrong with a text; None if nothing is."""
        if self._depth > _DEEPEST:
            raise TooHardError
        source = text.encode("utf-8", "replace")
        pieces = steps = furthest = 0
        lags = fails = False

        def read(offset: int, _: object) -> bytearray:
            nonlocal pieces, lags
            pieces += 1
            lags = lags or pieces > most_of(len(source))
            return _in_buffer(b"" if lags else source[offset : offset + _PIECE])

        def stops(offset: int, has_error: bool) -> bool:
            nonlocal steps, furthest, lags, fails
            steps += 1
            furthest = max(furthest, offset)
            lags = lags or steps > most_of(furthest)
            fails = fails or has_error
            return lags or fails

        try:
            tree = self._parser.parse(read, progress_callback=stops)
            fails = fails or tree.root_node.has_error
        except ValueError:
            # It was stopped.
            self._parser.reset()
        self.work += pieces + steps + self._depth**2 // _DEEPEST
        if lags:
            raise TooHardError
        return SyntaxFault() if fails else None


# tree-sitter never lets go of what it is given to read (version 0.26.1): new pieces of text would
# stay in memory for ever. So it is given the same objects again and again, one for each length; it
# is done with a piece when it asks for the next. All parsing is in one thread.
_BUFFERS: Final[dict[int, bytearray]] = {}


def _in_buffer(piece: bytes) -> bytearray:
    """Return an object with these bytes that is used again for the next piece of this length."""
    buffer = _BUFFERS.setdefault(len(piece), bytearray(len(piece)))
    buffer[:] = piece
    return buffer


def most_of(size: int) -> int:
    """Return how many steps so many bytes of code may take."""
    return _STEPS + size // _BYTES_A_STEP
