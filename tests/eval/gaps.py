"""Where holes are cut into a file so that what a perfect model writes in them is known.

Each kind takes a file to the places in it, in an order that chance gives. A place is the two
offsets between which the text is cut out; the cursor stands at the first.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Final

from eval.lexed import CODE, COMMENT, DOCSTRING, TEXT, Lexed, Pair
from eval.verdict import needed

Cut = tuple[int, int]
Finder = Callable[[Lexed, random.Random], Iterator[Cut]]

# The most lines that a hole may have.
LINES: Final = 10
# Where nobody can tell whether a line above the cursor's is wanted: nothing is right there too.
TWO_ANSWERS: Final = frozenset({"line above"})
# The most tokens (words, marks) in a hole in mid line.
_SPAN_TOKENS: Final = 6
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_WORDS: Final = re.compile(r"\w+")
# Nobody's cursor stands between these: in an operator, an escape or the start of an interpolation.
_TIGHT: Final = re.compile(r"[-+*/%=<>!&|^~?:.]{2}|[\\$#@].")
_ENDS_A_BLOCK: Final = re.compile(r"[)\]}]|</|(?:end|fi|done|esac)\b")


def natural(lexed: Lexed, cut: Cut) -> bool:
    """Whether a cursor may well stand at the start of a cut, and was at its end before."""
    return not any(at and _TIGHT.match(lexed.text, at - 1) for at in cut)


def _lines(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    """The lines, in any order, without the blanks at their ends."""
    found = [(line.start(), line.end()) for line in re.finditer(r"[^\n]*\S", lexed.text)]
    chance.shuffle(found)
    return iter(found)


def _code_lines(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    """Those that begin with code and have some words."""
    for start, end in _lines(lexed, chance):
        first = _code_start(lexed, start)
        if lexed.kinds[first] not in (COMMENT, DOCSTRING) and _inside(lexed, first) is None:
            yield start, end


def _code_start(lexed: Lexed, start: int) -> int:
    """Where the text of a line begins."""
    found = re.compile(r"[ \t]*").match(lexed.text, start)
    return found.end() if found else start


def _inside(lexed: Lexed, offset: int) -> Pair | None:
    """The string over several lines that this offset is in."""
    pairs = lexed.open_at(offset, max(0, offset - 20_000))
    return next((pair for pair in pairs if pair.kind == "quote"), None)


def _tokens(lexed: Lexed, start: int, end: int) -> list[re.Match[str]]:
    return list(_TOKEN.finditer(lexed.text, start, end))


def _is_code(lexed: Lexed, offset: int) -> bool:
    return lexed.kinds[offset] in (CODE, TEXT)


def _end_of_line(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    for start, end in _code_lines(lexed, chance):
        words = [one for one in _tokens(lexed, start, end)[1:] if _is_code(lexed, one.start())]
        if words:
            word = chance.choice(words)
            # A word may be half typed.
            half = len(word[0]) > 3 and chance.random() < 0.2
            yield word.start() + (chance.randint(1, 3) if half else 0), end


def _mid_line(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    for start, end in _code_lines(lexed, chance):
        words = _tokens(lexed, start, end)
        if len(words) < 5:
            continue
        first = chance.randrange(1, len(words) - 3)
        last = min(first + chance.randrange(_SPAN_TOKENS), len(words) - 3)
        begin, stop = words[first].start(), words[last].end()
        right = _WORDS.search(lexed.text, stop, end)
        if right and all(map(_is_code, (lexed, lexed), (begin, stop))):
            yield begin, stop


def _argument_list(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    calls = [
        (pair.end, pair.closed)
        for pair in lexed.pairs
        if pair.kind == "bracket" and pair.closer == ")" and pair.closed is not None
    ]
    chance.shuffle(calls)
    for start, closed in calls:
        inside = lexed.text[start:closed]
        if inside.strip() and "\n" not in inside and re.search(r"\w\Z", lexed.text[: start - 1]):
            yield start, closed


def _block_body(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    """All that is indented below a line, with the cursor on the first of its lines."""
    text = lexed.text
    for start, end in _code_lines(lexed, chance):
        if text[end - 1] not in ":{[(" and not text[:end].endswith((" do", " then", "=>")):
            continue
        width = _width(text[start:end])
        first = stop = None
        position = end + 1
        while position < len(text):
            line_end = lexed.line_end(position)
            line = text[position:line_end]
            if line.strip():
                if _width(line) <= width:
                    break
                first = position if first is None else first
                stop = position + len(line.rstrip())
            position = line_end + 1
        if first is not None and stop is not None and text.count("\n", first, stop) < LINES:
            yield _code_start(lexed, first), stop


def _over_lines(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    """From behind a bracket, or further on in its line, to the end of the line that closes it."""
    found = [pair for pair in lexed.pairs if pair.kind == "bracket" and pair.closed is not None]
    chance.shuffle(found)
    for pair in found:
        assert pair.closed is not None
        if not 1 <= lexed.text.count("\n", pair.end, pair.closed) <= LINES:
            continue
        line_end = lexed.line_end(pair.end)
        begin = pair.end
        words = _tokens(lexed, pair.end, line_end)
        if words and chance.random() < 0.5:
            begin = chance.choice(words).start()
        if not _is_code(lexed, min(begin, len(lexed.text) - 1)):
            continue
        closes = [one.closed for one in lexed.open_at(begin, lexed.line_start(begin))]
        if None in closes or not closes:
            continue
        stop = lexed.line_end(max(one for one in closes if one is not None))
        stop = begin + len(lexed.text[begin:stop].rstrip())
        if lexed.text.count("\n", begin, stop) <= LINES:
            yield begin, stop


def _first_word(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    """The first words of an indented line, with the cursor in front of the others."""
    for start, end in _code_lines(lexed, chance):
        first = _code_start(lexed, start)
        words = _tokens(lexed, first, end)
        if first == start or len(words) < 3:
            continue
        stop = words[chance.randrange(1, min(4, len(words)))].start()
        if _WORDS.search(lexed.text, stop, end):
            yield first, stop


def _line_above(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    """A line, with the cursor in front of the first word of the next."""
    for start, end in _code_lines(lexed, chance):
        first, below = _code_start(lexed, start), lexed.line_end(end) + 1
        next_first = _code_start(lexed, below)
        if _ENDS_A_BLOCK.match(lexed.text, first):
            continue
        same_indent = lexed.text[start:first] == lexed.text[below:next_first]
        if same_indent and _WORDS.search(lexed.text, next_first, lexed.line_end(next_first)):
            yield first, next_first


def _statement(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    """A statement, with the cursor on an empty line in its place."""
    for start, _ in _code_lines(lexed, chance):
        first = _code_start(lexed, start)
        if _ENDS_A_BLOCK.match(lexed.text, first):
            continue
        stop = _statement_end(lexed, first)
        if stop is not None:
            yield first, stop


def _statement_end(lexed: Lexed, first: int) -> int | None:
    """Where the statement ends that begins here; None if it has too many lines."""
    most = first
    for _ in range(LINES + 1):
        most = lexed.line_end(most) + 1
        if most > len(lexed.text):
            break
    most = min(most, len(lexed.text))
    size = needed(lexed, (first, most), "statement")
    stop = first + len(lexed.text[first : first + size].rstrip())
    return stop if lexed.text.count("\n", first, stop) < LINES else None


def _at_line_start(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    """The same with the cursor at the start of the line, although the statement is indented."""
    for first, stop in _statement(lexed, chance):
        start = lexed.line_start(first)
        if start < first:
            yield start, stop


def _end_of_file(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    end = len(lexed.text.rstrip())
    lines = [one for one in _code_lines(lexed, chance) if end - one[0] < 2_000]
    for start, _ in lines:
        first = _code_start(lexed, start)
        few = lexed.text.count("\n", first, end) < LINES
        if few and not lexed.open_at(first, 0) and not _ENDS_A_BLOCK.match(lexed.text, first):
            yield first, end


def _in_string(quote: str, *, on: bool) -> Finder:
    """From inside of a string to its end; ``on``: to the end of the line."""

    def find(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
        found = [
            (pair.end, pair.closed)
            for pair in lexed.pairs
            if pair.kind == "quote" and pair.closer == quote and pair.closed is not None
        ]
        chance.shuffle(found)
        for start, closed in found:
            inside = lexed.text[start:closed]
            if "\n" in inside or len(inside.strip()) < 3:
                continue
            places = [start, *(start + one.start() for one in _TOKEN.finditer(inside))]
            end = lexed.line_end(closed)
            stop = closed + len(lexed.text[closed:end].rstrip()) if on else closed
            yield chance.choice(places), stop

    return find


def _interpolation(*, on: bool) -> Finder:
    def find(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
        found = [
            (pair.end, pair.closed)
            for pair in lexed.pairs
            if pair.kind == "interpolation" and pair.closed is not None
        ]
        chance.shuffle(found)
        for start, closed in found:
            inside = lexed.text[start:closed]
            if "\n" in inside or not _WORDS.search(inside):
                continue
            end = lexed.line_end(closed)
            yield start, closed + len(lexed.text[closed:end].rstrip()) if on else closed

    return find


def _comment(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    yield from _prose(lexed, chance, COMMENT)


def _docstring(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    yield from _prose(lexed, chance, DOCSTRING)


def _prose(lexed: Lexed, chance: random.Random, kind: int) -> Iterator[Cut]:
    """From a word of a comment to the line's end, or to the mark that ends it."""
    for start, end in _lines(lexed, chance):
        words = [
            word.start()
            for word in _WORDS.finditer(lexed.text, start, end)
            if lexed.kinds[word.start()] == kind
        ]
        if len(words) < 2:
            continue
        begin = chance.choice(words)
        stop = begin
        while stop < end and lexed.kinds[stop] == kind:
            stop += 1
        inside = lexed.text[begin:stop]
        marks = re.search(r"\s*(?:\*+/|-->|\"\"\"|''')\Z", inside)
        yield begin, begin + len(inside[: marks.start()] if marks else inside.rstrip())


def _whole_docstring(lexed: Lexed, chance: random.Random) -> Iterator[Cut]:
    """From behind the quotes to the end of the text; the closing quotes stand there, or don't."""
    found = [
        (pair.end, pair.closed)
        for pair in lexed.pairs
        if pair.docstring and pair.closed is not None and len(pair.closer) == 3
    ]
    chance.shuffle(found)
    for start, closed in found:
        if lexed.text.count("\n", start, closed) < LINES and lexed.text[start:closed].strip():
            yield start, lexed.line_end(closed) if chance.random() < 0.5 else closed


def _width(line: str) -> int:
    return len(line.expandtabs(8)) - len(line.lstrip().expandtabs(8))


FINDERS: Final[dict[str, Finder]] = {
    "end of line": _end_of_line,
    "mid line": _mid_line,
    "argument list": _argument_list,
    "block body": _block_body,
    "over lines": _over_lines,
    "first word": _first_word,
    "line above": _line_above,
    "empty line": _statement,
    "empty line, column 0": _at_line_start,
    "end of file": _end_of_file,
    "'string'": _in_string("'", on=False),
    "'string' and on": _in_string("'", on=True),
    '"string"': _in_string('"', on=False),
    '"string" and on': _in_string('"', on=True),
    "`string`": _in_string("`", on=False),
    "`string` and on": _in_string("`", on=True),
    "interpolation": _interpolation(on=False),
    "interpolation and on": _interpolation(on=True),
    "comment": _comment,
    "docstring": _docstring,
    "whole docstring": _whole_docstring,
}
