"""A document as one text, changed as the specification says (LSP 3.17), slowly and simply.

It shares no code with the server.
"""

from __future__ import annotations

from typing import Any


def units(char: str, encoding: str) -> int:
    """Code units of a character; half a character counts as U+FFFD does."""
    if encoding == "utf-32":
        return 1
    code = ord(char)
    if encoding == "utf-16":
        return 1 if code < 0x10000 else 2
    return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4


def line_starts(text: str) -> list[int]:
    """Where the lines begin; a line ends with ``\\n``, ``\\r\\n`` or ``\\r``."""
    starts, index = [0], 0
    while index < len(text):
        if text[index] == "\n" or (text[index] == "\r" and text[index + 1 : index + 2] != "\n"):
            starts.append(index + 1)
        index += 1
    return starts


def line_of(text: str, number: int) -> str:
    """A line without its end."""
    starts = line_starts(text)
    end = starts[number + 1] if number + 1 < len(starts) else len(text)
    return text[starts[number] : end].rstrip("\r\n")


def index_of(text: str, position: dict[str, int], encoding: str) -> int:
    """Where a position is; one that lies outside of the text or a line means the end of it."""
    starts = line_starts(text)
    if position["line"] >= len(starts):
        return len(text)
    index, left = starts[position["line"]], position["character"]
    while index < len(text) and text[index] not in "\r\n":
        left -= units(text[index], encoding)
        if left < 0:
            break
        index += 1
    return index


def length_of(line: str, encoding: str) -> int:
    """How many code units a line has."""
    return sum(units(char, encoding) for char in line)


def changed(text: str, change: dict[str, Any], encoding: str) -> str:
    """The text after one content change."""
    if "range" not in change:
        return str(change["text"])
    about = change["range"]
    start, end = sorted(index_of(text, about[end], encoding) for end in ("start", "end"))
    return f"{text[:start]}{change['text']}{text[end:]}"
