"""What nothing leads to: lines of a block behind the statement that leaves it.

Behind ``return`` and its like a block is over. Models go on nevertheless where the editor has kept
the indentation, with a second ``break``, a print, a comment that tells what was done.
"""

from __future__ import annotations

import re
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
    """Ends before a line of a block that was left above it.

    Not in a bracket that the fill opens: it would be left open.
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
    return _up_to_what_is_unreachable(draft, site, left)


def _up_to_what_is_unreachable(draft: Draft, site: Site, left: int | None) -> Draft:
    """``left``: width of the indentation of the block that was left; None if none was."""
    lines = draft.text.split("\n")
    whole = len(lines)
    if not draft.final:
        # Whether a line end was held back can't be seen: the last line may always grow.
        while whole and not lines[whole - 1].strip():
            whole -= 1
        whole -= 1
    scan = Scan(site.language, lenient=True)
    # Where comments begin that stand behind what leaves the block, and where the line does.
    comments: int | None = None
    position = 0
    # Of a statement of several lines that leaves a block.
    leaving: int | None = None
    for number, text in enumerate(lines):
        line = text if number else site.before + text
        inside = bool(scan.opened or scan.quote)
        if not inside and line.strip():
            depth = depth_of(line)
            if left is not None and depth <= left:
                start = position if comments is None else comments
                if depth == left and number >= whole:
                    return draft.hold(max(0, start - 1))
                kind = _kind(line, site.language) if depth == left else "allowed"
                if kind == "allowed" and depth < left and comments == 0:
                    # Whoever stands here has not asked for a last word on the block.
                    return draft.end(0, "unreachable")
                if kind == "allowed":
                    left, comments = None, None
                elif kind == "comment":
                    comments = start
                elif kind == "statement":
                    return draft.end(max(0, start - 1), "unreachable")
            optional = _ATTRIBUTE.match(lines[number - 1] if number else site.above)
            leaving = depth if _leaves(line, site.language) and not optional else None
        scan.follow(text + "\n")
        if leaving is not None and not scan.opened and not scan.quote:
            if leaving and not is_unfinished(_COMMENT_AT_END.sub("", line)):
                left = leaving
            leaving = None
        position += len(text) + 1
    if comments is not None:
        if draft.final:
            return draft.end(max(0, comments - 1), "unreachable")
        return draft.hold(max(0, comments - 1))
    return draft


def _leaves(line: str, language: str) -> bool:
    """Whether this line begins a statement that leaves the block, whatever is the case."""
    if not _leaving(language).match(line):
        return False
    modified = _MODIFIED.get(language)
    return modified is None or not modified.search(line)


def _kind(line: str, language: str) -> str:
    """What a line is behind one that leaves its block: ``allowed``, a comment, a statement, or
    what goes on with a statement.
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
    """Width of the indentation of the block that the lines above the cursor leave, if they do."""
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
    if head < last and lines[last].lstrip()[0] not in CLOSING_BRACKETS:
        return None
    return None if head and _ATTRIBUTE.match(lines[head - 1]) else depth
