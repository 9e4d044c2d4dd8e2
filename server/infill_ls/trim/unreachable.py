"""What nothing leads to: lines of a block behind the statement that leaves it.

Behind ``return`` and its like a block is over. Models go on nevertheless where the editor has kept
the indentation, with a second ``break``, a print, a comment that tells what was done.
"""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from typing import Final

from infill_ls.text.brackets import CLOSING_BRACKETS, SCAN_REACH, Scan
from infill_ls.text.indents import depth_of
from infill_ls.text.languages import LINE_COMMENTS, is_comment
from infill_ls.trim.lines import CLAUSES, WORD, is_unfinished
from infill_ls.trim.site import Draft, Site

# The words that leave a block, by language; elsewhere they may be anything.
_COMMON: Final = ("return", "break", "continue")
_THROWING: Final = (*_COMMON, "throw")
_LEAVING: Final = {
    "python": (*_COMMON, "raise"),
    "ruby": ("return", "break", "next", "raise"),
    "go": (*_COMMON, "goto"),
    "c": (*_COMMON, "goto"),
    "cpp": (*_THROWING, "goto"),
    "lua": ("return", "break"),
    **dict.fromkeys("rust zig shellscript julia nim gdscript".split(), _COMMON),
    **dict.fromkeys(
        "javascript javascriptreact typescript typescriptreact vue svelte java csharp kotlin "
        "swift dart scala groovy php powershell objective-c".split(),
        _THROWING,
    ),
}
# Behind these a condition may stand on the line of the statement.
_MODIFIED: Final = {"ruby": re.compile(r"\b(?:if|unless|while|until)\b")}
# What belongs to a block though nothing leads to it: a label, a directive, what is defined for
# the lines above as well.
_LABEL: Final = re.compile(r"\s*[\w.'$]+\s*:(?![:=])")
_DEFINITION: Final = re.compile(
    r"\s*(?:(?:export|default|pub|async|static|unsafe|private|public|protected|internal|inline|"
    r"local|abstract|final|override|open|declare)\b[\s(\w)]*?)?"
    r"\b(?:function|fn|func|fun|def|class|struct|enum|impl|trait|mod|type|interface|use|const|"
    r"macro_rules|namespace|module)\b"
)
# Makes a function a generator, wherever it stands.
_GENERATOR: Final = re.compile(r"\s*yield\s*(?:#.*)?$")
# Words that close a block stand further out than what is in it.
_CLOSING: Final = frozenset("end fi done esac endif".split())
# A comment behind code; in a string it would be none.
_COMMENT_AT_END: Final = re.compile(r"\s+(?://|#|--)\s[^\"'`]*$")
# What begins a line that goes on with the one above.
_CONTINUING: Final = frozenset(".+-*/%?:&|,=<>!~^@[({\\$;\"'`")
# An attribute may leave out the statement below it.
_ATTRIBUTE: Final = re.compile(r"\s*#!?\[")


@lru_cache(maxsize=64)
def _leaving(language: str) -> re.Pattern[str]:
    return re.compile(rf"[ \t]*(?:{'|'.join(_LEAVING[language])})\b(?!\s*[=.:])")


def without_unreachable(draft: Draft, site: Site) -> Draft:
    """End before a line of a block that was left above it.

    Of ``return a⏎print(a)`` the first line is kept. Not in a bracket that the fill opens: it would
    be left open.
    """
    words = _LEAVING.get(site.language)
    if words is None or not draft.text:
        return draft
    left = _left_above(site)
    if left is None:
        if "\n" not in draft.text:
            return draft
        text = site.before + draft.text if site.typed else draft.text
        for word in words:
            if word in text:
                break
        else:
            return draft
    if site.prose or site.quote:
        return draft
    near = site.hole.prefix[-SCAN_REACH:]
    if near.rfind("/*") > near.rfind("*/") and site.language not in LINE_COMMENTS:
        return draft
    return _up_to_what_is_unreachable(draft, site)


def _up_to_what_is_unreachable(draft: Draft, site: Site) -> Draft:
    text = draft.text
    # Whether a line end was held back can't be seen: the last line with code may always grow.
    start = len(text) if draft.final else text.rfind("\n", 0, len(text.rstrip())) + 1
    start = text.rfind("\n", 0, start) + 1
    reading = site.having_read(_Reached, text[:start])
    if reading.end is None:
        reading = reading.copy()
        for line in text[start:].split("\n"):
            reading.line(line, grown=draft.final)
    if reading.end is not None:
        return draft.end(reading.end, "unreachable")
    if reading.held is not None:
        return draft.hold(reading.held)
    if reading.comments is None:
        return draft
    end = max(0, reading.comments - 1)
    return draft.end(end, "unreachable") if draft.final else draft.hold(end)


class _Reached:
    """The lines of a fill, and whether something leads to them.

    ``end``: where the fill is to end, None if it isn't. ``held``: from where on it can't be judged
    yet, None if it can.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.scan = Scan(site.language, lenient=True)
        self.position = 0
        self.end: int | None = None
        self.held: int | None = None
        # Width of the indentation of the block that was left; None if none was.
        self.left = _left_above(site)
        # Where comments begin that stand behind what leaves the block.
        self.comments: int | None = None
        # The same width for a statement of several lines that leaves a block.
        self.leaving: int | None = None
        self.previous = site.above

    def copy(self) -> _Reached:
        """Return another one that goes on from here."""
        other = copy(self)
        other.scan = self.scan.copy()
        return other

    def read(self, lines: str) -> None:
        """Read whole lines."""
        for line in lines.split("\n")[:-1]:
            self.line(line, grown=True)

    def line(self, text: str, *, grown: bool) -> None:
        """Read the next line, unless the fill has ended; ``grown`` if it can't grow any more."""
        if self.end is not None or self.held is not None:
            return
        line = text if self.position else self.site.before + text
        if line.strip() and not self.scan.opened:
            depth = depth_of(line)
            if self.left is not None and depth <= self.left:
                self._behind(line, depth, self.left, grown)
            optional = _ATTRIBUTE.match(self.previous)
            leaves = _leaves(line, self.site.language) and not optional
            self.leaving = depth if leaves else None
        self.scan.follow(text + "\n")
        if self.leaving is not None and not self.scan.opened:
            if self.leaving and not is_unfinished(_COMMENT_AT_END.sub("", line)):
                self.left = self.leaving
            self.leaving = None
        self.previous = text
        self.position += len(text) + 1

    def _behind(self, line: str, depth: int, left: int, grown: bool) -> None:
        """Judge a line behind the statement that leaves the block."""
        start = self.position if self.comments is None else self.comments
        if depth == left and not grown:
            self.held = max(0, start - 1)
            return
        kind = _kind(line, self.site.language) if depth == left else "allowed"
        if kind == "allowed" and depth < left and self.comments == 0:
            # Whoever stands here has not asked for a last word on the block.
            self.end = 0
        elif kind == "allowed":
            self.left = self.comments = None
        elif kind == "comment":
            self.comments = start
        elif kind == "statement":
            self.end = max(0, start - 1)


def _leaves(line: str, language: str) -> bool:
    """Whether this line begins a statement that leaves the block, whatever is the case."""
    if not _leaving(language).match(line):
        return False
    modified = _MODIFIED.get(language)
    return modified is None or not modified.search(line)


def _kind(line: str, language: str) -> str:
    """Return what a line is behind one that leaves its block.

    ``allowed``, ``comment``, ``statement``, or ``goes on`` for what goes on with a statement.
    """
    if is_comment(line, language):
        return "comment"
    code = line.lstrip()
    first, word = code[0], WORD.match(code)
    if first in CLOSING_BRACKETS or first == "#":
        return "allowed"
    if first in _CONTINUING:
        return "goes on"
    if word is not None and word[0] in CLAUSES:
        return "statement" if word[0] in _CLOSING else "allowed"
    if _DEFINITION.match(line) or _LABEL.match(line) or _GENERATOR.match(line):
        return "allowed"
    return "statement"


@lru_cache(maxsize=16)
def _left_above(site: Site) -> int | None:
    """Return the indentation of the block that the lines above the cursor leave, in columns.

    None if they leave none.
    """
    if not site.at_line_start or site.rest.strip() or site.in_docstring:
        return None
    lines = site.code_above
    last = len(lines) - 1
    while last >= 0 and is_comment(lines[last], site.language):
        last -= 1
    if last < 0 or is_unfinished(_COMMENT_AT_END.sub("", lines[last])):
        return None
    depth = depth_of(lines[last])
    if not depth:
        # In no block.
        return None
    # The statement's head, if it has several lines.
    head = last
    while head >= 0 and (
        depth_of(lines[head]) > depth or lines[head].lstrip()[0] in CLOSING_BRACKETS
    ):
        head -= 1
    if head < 0 or depth_of(lines[head]) != depth or not _leaves(lines[head], site.language):
        return None
    return None if head and _ATTRIBUTE.match(lines[head - 1]) else depth
