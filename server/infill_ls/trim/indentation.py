"""Blanks: where the fill joins what is typed, what its lines are indented with, and at its ends."""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from typing import Final

from infill_ls.text.brackets import QUOTES, Scan
from infill_ls.text.indents import depth_of, indent_of, width_of
from infill_ls.trim.lines import opens
from infill_ls.trim.rest import JOINED
from infill_ls.trim.site import Draft, Site

_BLANK_LINES: Final = re.compile(r"\A(?:[ \t]*\n)+")
# An odd number of blanks before code. Comments of the form /** have lines such as " * text".
_ODD_INDENT: Final = re.compile(r"^((?:  )*) (?=[^\s*])", re.MULTILINE)
_BLANKS_AT_END: Final = re.compile(r"[ \t]+$", re.MULTILINE)
_COMMENT_MARK: Final = re.compile(r"#|//|/\*")
# What a line of its own may end with.
_ENDS_LINE: Final = re.compile(r"(?:[\w)\]}\"'`;]|(?<!:):|(?<![-=])>)\Z")
# What a line that ends with a word goes on with, and none begins with.
_GOES_ON_AFTER_WORD: Final = re.compile(r"[:;=.,?(\[!>%+|^~]|-\S|& |/[^/*]|<\w+> ")
_GOES_ON_ANYHOW: Final = re.compile(r"[:;=,?]|\.\w|/[^/*]")
# Widths that a level of indentation may have, the usual ones first.
_UNITS: Final = (4, 2, 8, 3)


def as_the_file_indents(draft: Draft, site: Site) -> Draft:
    """Indent with tabs or with blanks as the file does; leave the text in strings alone.

    In a file with tabs, four blanks before ``return`` become one tab.
    """
    text = draft.text
    tabs = site.unit == "\t"
    if (" " if tabs else "\t") not in text or site.unit is None or site.prose or site.is_mixed:
        return draft
    start = text.rfind("\n") + 1
    reading = site.having_read(_Indented, text[:start]).copy()
    last = text[start:]
    if not draft.final and not last.strip(" \t"):
        # More blanks may come, and how wide one level is depends on them.
        last = ""
    reading.read(last + "\n")
    return draft.become(reading.text[:-1])


class _Indented:
    """The lines of a fill as the file would indent them, in ``text``."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.scan = Scan(site.language, quote=site.inside, lenient=True)
        # The nearest line above with code; how many blanks the model takes for a level, if known.
        self.above, self.unit = site.above, 0
        self.text = ""

    def copy(self) -> _Indented:
        """Return another one that goes on from here."""
        other = copy(self)
        other.scan = self.scan.copy()
        return other

    def read(self, lines: str) -> None:
        """Read whole lines."""
        for line in lines.split("\n")[:-1]:
            first = not self.text
            indented = self._indented(line, first) + "\n"
            self.scan.follow(line + "\n")
            if line.strip():
                self.above = self.site.before + line if first else indented[:-1]
            self.text += indented

    def _indented(self, line: str, first: bool) -> str:
        site, indent = self.site, indent_of(line)
        in_code = indent and line.strip() and not self.scan.string
        if not in_code or (first and not site.at_line_start):
            return line
        if site.unit != "\t":
            return indent.replace("\t", site.unit or "") + line[len(indent) :]
        if "\t" in indent or (first and len(indent) == 1):
            return line
        self.unit = self.unit or _unit(len(indent), self.above, site)
        return _tabbed(len(indent), self.unit) + line[len(indent) :]


def _unit(width: int, above: str, site: Site) -> int:
    """Return how many blanks the model takes for a level, by a line of this width below another."""
    level = indent_of(above).count("\t") + opens(above, site.language)
    levels = (level, level - 1, indent_of(site.before).count("\t"))
    fitting = (unit for level in levels for unit in _UNITS if unit * level == width)
    return next(fitting, 4 if width % 4 == 0 else 2)


@lru_cache(maxsize=64)
def _tabbed(width: int, unit: int) -> str:
    return "\t" * (width // unit) + " " * (width % unit)


def joined(draft: Draft, site: Site) -> Draft:
    """Drop blanks that stand before the cursor already, and what comes of them below.

    Where four blanks are typed, of four blanks and ``return`` the word is kept.
    """
    text, before = draft.text, site.before
    if not site.at_line_start:
        blank = before.endswith((" ", "\t"))
        return _behind_a_blank(draft, site) if blank else _on_a_line_of_its_own(draft, site)
    # The cursor's line is empty: nothing is gained by leaving it so.
    below = _BLANK_LINES.sub("", text)
    if not draft.final and not below.strip(" \t"):
        return draft.hold(0)
    indent, above = indent_of(below), site.above
    if opens(above, site.language) and len(before) <= len(indent_of(above)):
        # The cursor is not indented as the block needs it; the model is right to do so.
        return draft.become(below)
    if indent.startswith(before):
        goes_on = before and _fits(before + indent, site) and not _fits(indent, site)
        return draft.become(below if goes_on else below[len(before) :])
    if below == text:
        return _unshifted(draft, before)
    # It left the cursor's line empty and went on outside of the block.
    return draft.end(0, "dedent")


def _behind_a_blank(draft: Draft, site: Site) -> Draft:
    """Drop further blanks behind one, before code.

    In a string, and before a comment, they mean something.
    """
    code = draft.text.lstrip(" ")
    if site.quote or _COMMENT_MARK.match(code):
        return draft
    if code == "/" and not draft.final:
        return draft.hold(0)
    return draft.become(code)


def _on_a_line_of_its_own(draft: Draft, site: Site) -> Draft:
    """Put in the line end that a model leaves out where the next line's indentation follows."""
    text, before = draft.text, site.before
    if not text.startswith(("  ", "\t")) or site.quote or site.in_text:
        return draft
    code = text.lstrip(" \t")
    if not code:
        return draft if draft.final else draft.hold(0)
    heads = opens(before, site.language)
    if code[0] == "\n" or not (heads or before.endswith((";", ","))):
        return draft
    depth = depth_of(before)
    if not heads:
        widths = {depth}
    elif site.unit is None:
        widths = {depth + unit for unit in _UNITS}
    else:
        widths = {depth + site.unit_width}
    return draft.become("\n" + text) if width_of(indent_of(text)) in widths else draft


def _fits(indent: str, site: Site) -> bool:
    """Whether a line of this file may be indented like this."""
    return width_of(indent) % site.unit_width == 0


def _unshifted(draft: Draft, before: str) -> Draft:
    """Return the text without the blanks at its start, and without what comes of them below.

    In tokenizers a blank belongs to the word after it. So after a prompt that ends in blanks a
    model writes one more, and often indents its other lines by one too many.
    """
    text = draft.text
    code = text.lstrip(" \t")
    if len(text) - len(code) == 1 and len(before) % 2 == 0 and "\t" not in before:
        last = code.rfind("\n") + 1
        if not draft.final and last and not code[last:].strip(" "):
            code = code[:last]
        code = _ODD_INDENT.sub(r"\1", code)
    return draft.become(code)


def tidy(draft: Draft, site: Site) -> Draft:
    """Drop blanks at line ends, and at the fill's end unless the rest of the line goes on.

    In ``a = █``, ``b `` becomes ``b``; in ``a = █c`` it stays.
    """
    text = draft.text
    if " \n" in text or "\t\n" in text:
        head, newline, last = text.rpartition("\n")
        text = _BLANKS_AT_END.sub("", head) + newline + last
    if draft.final:
        if site.hole.opens_line:
            # Whether it ends its line tells whether it is one of its own.
            code = text.rstrip()
            return draft.become(code + "\n" if "\n" in text[len(code) :] else text)
        closers = site.hole.closers
        padded = closers and text[:1].isspace() and not closers[0].isspace()
        code = text.rstrip()
        ends_well = "\n" in code or "\n" not in text[len(code) :]
        in_string = closers and site.quote and ends_well
        # Its own blank stands there already, or is to.
        goes_on = (site.rest.strip() and not site.rest[0].isspace()) or in_string or padded
        return draft.become(text if goes_on and text.strip() else text.rstrip())
    return draft.become(text).hold(len(text.rstrip()))


def above_the_line(draft: Draft, site: Site) -> Draft:
    """End with a line end where the rest of the cursor's line is to stand below the fill.

    In ``█b()``, ``a()`` becomes ``a()⏎``. A fill that can't be a line of its own is the beginning
    of the one that stands there: ``a = ``.
    """
    hole, text = site.hole, draft.text
    if not draft.final or not hole.opens_line or not text.strip():
        return draft
    joins = draft.ended_by == JOINED or (draft.ended_by is None and _joins(text, hole.right))
    if "\n" not in text and joins:
        return draft
    return draft.become(text.rstrip() + hole.line_end)


def _joins(text: str, rest: str) -> bool:
    """Whether one line asks to be gone on with, and the other goes on with it."""
    if rest[0].isspace() or text[-1] in ";}":
        return False
    if text[-1].isspace() or not _ENDS_LINE.search(text) or _is_open(text):
        return True
    return bool((_GOES_ON_AFTER_WORD if re.search(r"\w\Z", text) else _GOES_ON_ANYHOW).match(rest))


def _is_open(text: str) -> bool:
    """Whether one line leaves a bracket or a quote open."""
    if _COMMENT_MARK.match(text):
        return False
    return any(text.count(quote) % 2 for quote in QUOTES) or bool(Scan("").follow(text).opened)
