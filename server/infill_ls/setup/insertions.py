"""Text that is put into a file of the user's, and taken out again. Pure.

Text is only added, so that what was there stays, character by character.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Final, NamedTuple

# Around what is added to a file that has other things in it, behind the file's sign of a comment.
BEGIN: Final = ">>> infill-ls: taken out by `infill-ls editor {name} --remove` >>>"
END: Final = "<<< infill-ls <<<"


class Insertion(NamedTuple):
    """A text, and where it stands: a number of characters before it."""

    at: int
    text: str


class ByHand(Exception):
    """The file is of a kind, or in a state, in which the user must add it. The text says why."""


class Occupied(ByHand):
    """Another file stands where one of ours goes as a whole."""


def inserted(text: str, insertions: Sequence[Insertion]) -> tuple[str, list[Insertion]]:
    """Return a text with insertions, and these with their places in the new text.

    ``insertions``: with their places in the old text, in their order.
    """
    pieces: list[str] = []
    placed: list[Insertion] = []
    before, size = 0, 0
    for at, added in insertions:
        pieces += [text[before:at], added]
        size += at - before
        placed.append(Insertion(size, added))
        size += len(added)
        before = at
    return "".join([*pieces, text[before:]]), placed


def taken_out(text: str, placed: Sequence[Insertion]) -> tuple[str, list[str]]:
    """Return a text without insertions, and those that aren't there any more.

    Where the user has changed other things, each is taken out if the text has it as often as it was
    put in; else nobody knows which one is meant.
    """
    if all(text.startswith(added, at) for at, added in placed):
        for at, added in reversed(placed):
            text = text[:at] + text[at + len(added) :]
        return text, []
    missing = []
    texts = [added for _, added in placed]
    for added in dict.fromkeys(texts):
        if text.count(added) == texts.count(added):
            text = text.replace(added, "")
        else:
            missing.append(added)
    return text, missing


def block(text: str, added: str, comment: str, name: str) -> Insertion:
    """Return the insertion that puts a block at the end of a text, between lines that mark it.

    ``comment``: what begins a comment there. ``name``: the editor's.
    """
    gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
    begin = BEGIN.format(name=name)
    return Insertion(len(text), f"{gap}{comment} {begin}\n{added}{comment} {END}\n")


def marked_blocks(text: str, name: str) -> list[Insertion]:
    """Return the blocks of :func:`block` that a text has, wherever they came from."""
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    found = []
    begin = BEGIN.format(name=name)
    for first in (number for number, line in enumerate(lines) if begin in line):
        for last in count(first + 1):
            if last == len(lines) or begin in lines[last]:
                break
            if END in lines[last]:
                found.append(Insertion(starts[first], text[starts[first] : starts[last + 1]]))
                break
    return found
