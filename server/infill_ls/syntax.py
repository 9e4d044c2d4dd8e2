"""Whether a fill adds a syntax error, and how much of it does not.

Python is judged by its own compiler as far as the text around the hole compiles, everything else
by tree-sitter. Only the top-level statement around the cursor is parsed, and only when the fill is
complete. If there is an error in it whatever stands in the hole, no fill is judged.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from infill_ls.brackets import OPENERS, Scan
from infill_ls.place import Draft, Place, indent_of, width_of
from infill_ls.statements import CLAUSES

if TYPE_CHECKING:
    from tree_sitter import Parser

# Module and function of a language's grammar, by the language's id in editors.
_GRAMMARS: Final = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "java": ("tree_sitter_java", "language"),
}
# The most text that is parsed on either side of the cursor, in characters: 2 to 6 ms a try.
_BEFORE: Final = 6_000
_AFTER: Final = 3_000
# The most tries for one fill.
_TRIES: Final = 24
_FIRST_WORD: Final = re.compile(r"\s*(\w+|\S)")
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")


def without_new_errors(draft: Draft, place: Place) -> Draft:
    """Cuts a complete fill back to the longest part that adds no syntax error.

    At line ends, in the first line at the end of a statement; where words stand right of the
    cursor, at any word.
    """
    if not draft.final or not draft.text.strip() or place.language not in _GRAMMARS:
        return draft
    kept = _kept(place, draft.text)
    return draft if kept == len(draft.text) else draft.end(kept, "syntax")


@lru_cache(maxsize=32)
def _kept(place: Place, text: str) -> int:
    """How much of a fill to keep, in characters."""
    before, after = _around(place)
    whole = _completed(text, place)
    if place.language == "python" and _compiles(before + whole + after):
        return len(text)
    parses = _judge(place, before, after)
    if parses is None:
        # The text around is broken already: it can't tell what the fill adds to it.
        return len(text)
    for tried, length in enumerate(_lengths(text, place)):
        if parses(before + _completed(text[:length], place) + after):
            return length
        if tried == _TRIES:
            break
    return 0


def _judge(place: Place, before: str, after: str) -> Callable[[str], bool] | None:
    """The first parser that finds no error around the hole, were something else in it."""
    judges = [_is_parsed_by(place.language)]
    if place.language == "python":
        judges.insert(0, _compiles)
    for parses in judges:
        if any(parses(before + stand_in + after) for stand_in in _stand_ins(place)):
            return parses
    return None


def _lengths(text: str, place: Place) -> Iterator[int]:
    """Where a fill may be cut, the longest part first."""
    yield len(text)
    first_line = text.find("\n")
    for found in reversed(list(re.finditer(r"\n", text))):
        yield len(text[: found.start()].rstrip())
    line = text if first_line < 0 else text[:first_line]
    if re.search(r"\w", place.rest):
        ends = [found.end() for found in _TOKEN.finditer(line)]
    else:
        ends = [found.end() for found in re.finditer(";", line)]
    yield from (end for end in reversed(ends) if end < len(line))


def _completed(text: str, place: Place) -> str:
    """A fill with what must follow it: a fill of one line may head a block."""
    if place.shape != "line" or place.rest.strip():
        return text
    code = text.rstrip()
    if code.endswith(":") and place.language == "python":
        return f"{code}\n{indent_of(place.before + code)}    pass"
    if code.endswith(tuple(OPENERS)):
        opened = Scan(place.language, quote=place.quote, lenient=True).follow(code).opened
        return code + "".join(OPENERS[one] for one in reversed(opened))
    return text


def _stand_ins(place: Place) -> list[str]:
    """Texts that would do in many a hole: with one of them in it, the file may be without error."""
    found = ["", "x"]
    if place.at_line_start:
        unit = place.unit or "    "
        indents = [
            indent_of(place.above),
            indent_of(place.above) + unit,
            indent_of(place.below or ""),
        ]
        found += [
            indent[len(place.before) :] + "x"
            for indent in dict.fromkeys(indents)
            if indent.startswith(place.before)
        ]
    return found


@lru_cache(maxsize=16)
def _around(place: Place) -> tuple[str, str]:
    """The text of the top-level statement around the cursor, on either side of it.

    If that is too long, of what fits what is least indented; a Python one gets a head.
    """
    near = place.hole.prefix[-_BEFORE:]
    if len(place.hole.prefix) > _BEFORE:
        near = near.partition("\n")[2]
    lines = near.split("\n")
    start = least = 0
    lowest: int | None = None
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number] if number < len(lines) - 1 else lines[number] + place.rest
        if not line.strip():
            continue
        width = width_of(indent_of(line))
        if lowest is None or width <= lowest:
            lowest, least = width, number
        above_is_blank = number == 0 or not lines[number - 1].strip()
        if width == 0 and above_is_blank and not _goes_on(line) and number < len(lines) - 1:
            start = number
            break
    else:
        start = least if len(place.hole.prefix) > _BEFORE else 0
    head = "\n".join(lines[start:])
    if lowest and place.language == "python":
        head = "class _:\n" + head
    below = place.hole.suffix[:_AFTER].split("\n")
    if len(place.hole.suffix) > _AFTER:
        below = below[:-1] or below
    end = 1
    while end < len(below):
        line = below[end]
        if line.strip() and width_of(indent_of(line)) < max(1, lowest or 0) and not _goes_on(line):
            break
        end += 1
    return head, "\n".join(below[:end]) + "\n"


def _goes_on(line: str) -> bool:
    first = _FIRST_WORD.match(line)
    return first is not None and first[1] in CLAUSES


def _compiles(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "fill", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
        except (RecursionError, MemoryError):
            # Too deep for the compiler; that says nothing of the fill.
            return True
    return True


@lru_cache(maxsize=16)
def _parser(language: str) -> Parser:
    from tree_sitter import Language, Parser

    module, function = _GRAMMARS[language]
    return Parser(Language(getattr(import_module(module), function)()))


def _is_parsed_by(language: str) -> Callable[[str], bool]:
    """Whether tree-sitter finds no error in a text of this language."""
    parser = _parser(language)
    return lambda text: not parser.parse(text.encode("utf-8", "replace")).root_node.has_error
