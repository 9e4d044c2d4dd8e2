"""Whether a fill adds a syntax error, and how much of it does not.

Python is judged by Python's own parser as far as that can read the text around the hole,
everything else by tree-sitter, which is lenient (:mod:`infill_ls.trim.parsers`). Only the top-level
statement around the cursor is parsed, and only when the fill is complete. If there is an error in
it whatever stands in the hole, nothing is cut.

What a fill may cost is counted, not timed: characters around the hole, parts of the fill that are
tried, and the work of the parsers. Where that ends before anything is found, the verdict is as if
there were no more to try; a text that is too hard for a parser says nothing of the fill.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from infill_ls.text.brackets import CLOSING_BRACKETS, OPENERS, QUOTES, Scan, closer_of
from infill_ls.text.indents import depth_of, indent_of, width_of
from infill_ls.trim.lines import CLAUSES, PREPROCESSED, opens
from infill_ls.trim.parsers import (
    Parser,
    PythonParser,
    SyntaxFault,
    TooHardError,
    TreeSitter,
    depth_of_brackets,
)
from infill_ls.trim.site import Draft, Site

if TYPE_CHECKING:
    from tree_sitter import Parser as TreeSitterParser

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
# Of these one will do for most lines of Python; elsewhere, a line may be missing.
_LINES: Final = ("", "pass", "if x:", "elif x:", "else:", "except x:")
_DIRECTIVE: Final = re.compile(r"^[ \t]*#", re.MULTILINE)
_FIRST_TOKEN: Final = re.compile(r"\s*(\w+|\S)")
# What IPython makes Python of: %magic, !command, ?help, help?, x = !command.
_IPYTHON: Final = re.compile(
    r"^([ \t]*)(?:(?:[%!?]|[\w., \t]+=[ \t]*[%!])(?:[^\n\\]|\\[\s\S])*|[\w.]+\?{1,2}[ \t]*$)",
    re.MULTILINE,
)
_WORD_OR_MARK: Final = re.compile(r"\w+|[^\w\s]")


def without_new_errors(draft: Draft, site: Site) -> Draft:
    """Cut a complete fill back to the longest part that adds no syntax error.

    Of ``a = 1⏎b = (`` the first line is kept. Cut at line ends, in the first line at the end of a
    statement; where words stand right of the cursor, at any word.
    """
    if not draft.final or not draft.text.strip() or site.language not in _GRAMMARS:
        return draft
    kept = verdict(site, draft.text).kept
    return draft if kept == len(draft.text) else draft.end(kept, "syntax")


class Verdict(NamedTuple):
    """How much of a fill to keep, in characters, and the work of each parser that was asked."""

    kept: int
    work: tuple[int, ...] = ()


@lru_cache(maxsize=32)
def verdict(site: Site, text: str) -> Verdict:
    """Judge a complete fill."""
    if len(site.before) >= _BEFORE or max(map(len, (site.rest, site.hole.closers))) >= _AFTER:
        # Of a line that is cut itself no parser can say anything.
        return Verdict(len(text))
    if site.language in PREPROCESSED and _DIRECTIVE.search(site.before + text):
        # What it begins or ends may be anywhere.
        return Verdict(len(text))
    before, after = _around(site)
    work: list[int] = []
    depth = depth_of_brackets(before + text) + depth_of_brackets(after)
    for parser in _parsers(site.language, depth):
        try:
            kept = _kept(parser, before, text, after, site)
        except TooHardError:
            kept = len(text)
        work.append(parser.work)
        if kept is not None:
            return Verdict(kept, tuple(work))
    # The text around is broken whatever stands in the hole: it can't tell what the fill adds.
    return Verdict(len(text), tuple(work))


def _parsers(language: str, depth: int) -> Iterator[Parser]:
    """Yield the parsers of a language for one fill, the strictest first."""
    if language == "python":
        yield PythonParser(depth)
    yield TreeSitter(_tree_sitter(language), depth)


def _kept(parser: Parser, before: str, text: str, after: str, site: Site) -> int | None:
    """Return how much of a fill one parser would keep; None if it can't read the text around."""
    cursor = before.count("\n")
    # The line of the fill from which on nothing makes good what was found.
    settled: int | None = None
    for length in islice(_lengths(text, site), _TRIES):
        if settled is not None and text.count("\n", 0, length) > settled:
            continue
        if parser.work > parser.most:
            break
        error = _error(parser, before + _completed(text[:length], after, site), site)
        if error is None:
            return length
        if error.line < cursor:
            return None
        settled = error.line - cursor if settled is None else min(settled, error.line - cursor)
    for stand_in in _without_fill(before, after, site):
        if parser.work > 2 * parser.most:
            break
        if _error(parser, stand_in, site) is None:
            return 0
    return None


def _error(parser: Parser, text: str, site: Site) -> SyntaxFault | None:
    """Return the first error in a text, by one parser; None if there is none.

    In a cell of a notebook, commands of IPython's are none.
    """
    error = parser.error(text)
    if error is None or not site.hole.in_cell or site.language != "python":
        return error
    code = _IPYTHON.sub(r"\1pass", text)
    return error if code == text else parser.error(code)


def _without_fill(before: str, after: str, site: Site) -> Iterator[str]:
    """Return the text with nothing in the hole, or what would do in many.

    Where words or a lone quote stand right of the cursor, also with another line in place of the
    cursor's.
    """
    for stand_in in _stand_ins(site):
        yield before + stand_in + site.hole.closers + after
    if site.rest_has_words or (site.rest[:1] in QUOTES and not site.quote):
        head = before[: len(before) - len(site.before)] + indent_of(site.before + site.rest)
        for line in _LINES:
            yield head + line + after[len(site.rest) :]


def _lengths(text: str, site: Site) -> Iterator[int]:
    """Return where a fill may be cut, the longest part first."""
    yield len(text)
    first_line = text.find("\n")
    for found in reversed(list(re.finditer(r"\n", text))):
        yield len(text[: found.start()].rstrip())
    line = text if first_line < 0 else text[:first_line]
    if site.rest_has_words:
        ends = [found.end() for found in _WORD_OR_MARK.finditer(line)]
    else:
        python = site.language == "python"
        ends = [found.start() if python else found.end() for found in re.finditer(";", line)]
    yield from (end for end in reversed(ends) if end < len(line))


def _completed(fill: str, after: str, site: Site) -> str:
    """Return a fill and the text after it, with what the user has still to write below.

    A fill of one line may head a block.
    """
    after = site.hole.closers[site.hole.replaced(fill) :] + after
    if site.shape != "line":
        return fill + after
    line = (fill + site.rest).rstrip()
    indent = indent_of(site.before + line)
    if line.endswith(":") and site.language == "python":
        below = depth_of(site.below or "")
        body = "" if below > width_of(indent) else f"\n{indent}    pass"
        return fill + site.rest + body + after[len(site.rest) :]
    if line.endswith(tuple(OPENERS)) and not site.rest.strip():
        opened = Scan(site.language, quote=site.inside, lenient=True).follow(line).brackets
        return fill.rstrip() + "".join(map(closer_of, reversed(opened))) + after
    return fill + after


def _stand_ins(site: Site) -> Iterator[str]:
    """Texts of which one would do in most holes: with it, the file is without error."""
    yield from ("", "x")
    if not site.at_line_start:
        return
    unit = site.unit or "    "
    above, below = indent_of(site.above), indent_of(site.below or "")
    for indent in dict.fromkeys((above, above + unit, below, below.removesuffix(unit))):
        if indent.startswith(site.before):
            line = indent[len(site.before) :]
            yield line + "x"
            if site.language == "python":
                yield line + "if x:"
                yield f"{line}if x:\n{indent}{unit}x"


@lru_cache(maxsize=16)
def _around(site: Site) -> tuple[str, str]:
    """Return the text of the top-level statement around the cursor, on either side of it.

    If that is too long, of what fits what is least indented; a Python one gets a head.
    """
    near = site.hole.prefix[-_BEFORE:]
    if len(site.hole.prefix) > _BEFORE:
        near = near.partition("\n")[2]
    lines = near.split("\n")
    start = least = 0
    lowest: int | None = None
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number] if number < len(lines) - 1 else lines[number] + site.rest
        if not line.strip():
            continue
        width = depth_of(line)
        if lowest is None or width <= lowest:
            lowest, least = width, number
        above_is_blank = number == 0 or not lines[number - 1].strip()
        if width == 0 and above_is_blank and not _goes_on(line) and number < len(lines) - 1:
            start = number
            break
    else:
        start = least if len(site.hole.prefix) > _BEFORE else 0
    head = "\n".join(lines[start:])
    if lowest and site.language == "python":
        head = "class _:\n" + head
    after = site.hole.suffix[len(site.hole.line_end) :]
    below = after[:_AFTER].split("\n")
    if len(after) > _AFTER:
        below = below[:-1] or below
    end, closed = 1, False
    while end < len(below):
        line = below[end]
        if line.strip() and depth_of(line) < max(1, lowest or 0):
            # What is further out than all above was opened where nothing is parsed.
            if closed or not _goes_on(line) or depth_of(line) < (lowest or 0):
                break
            # Of two closers in a row the second is that of what is around the statement.
            closed = line.strip()[0] in CLOSING_BRACKETS and not opens(line, site.language)
        end += 1
    return head, "\n".join(below[:end]) + "\n"


def _goes_on(line: str) -> bool:
    first = _FIRST_TOKEN.match(line)
    return first is not None and first[1] in CLAUSES


@lru_cache(maxsize=16)
def _tree_sitter(language: str) -> TreeSitterParser:
    from tree_sitter import Language
    from tree_sitter import Parser as TreeSitterParser

    module, function = _GRAMMARS[language]
    return TreeSitterParser(Language(getattr(import_module(module), function)()))
