"""What a filter of trim is told, and what it answers.

A :class:`Draft` is the text so far, a :class:`Site` what is known of the hole that it is for. A
filter takes both and returns a draft. Three rules make the outcome of all of them the same
wherever the stream is split:

- A filter decides by the draft and the site alone.
- It takes nothing back of the text that it has let through. What more text may change, it holds
  back until the draft is final.
- Where it has ended a draft, no later text changes that.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final, Protocol, Self, TypeVar, cast

from infill_ls.prompt.control import broken_up
from infill_ls.text.brackets import SCAN_REACH, Scan, closer_of, is_string, is_text
from infill_ls.text.hole import Hole
from infill_ls.text.indents import depth_of, width_of
from infill_ls.text.languages import PROSE_LANGUAGES
from infill_ls.text.opened import triple_quote
from infill_ls.text.shape import Shape
from infill_ls.trim import unseen

_BEGINS_COMMENT: Final = re.compile(r"^\s*(?:#|//|/?\*|--|;|%|<!--)")
_INDENTED: Final = re.compile(r"^(\t+| +)\S", re.MULTILINE)
# Lines above that open something and are tried for what the cursor's line closes.
_OPENERS: Final = 32
# Holes whose sites are kept.
SITES_KEPT: Final = 16
# Indented with tabs, whoever writes them.
_TAB_LANGUAGES: Final = frozenset({"go", "makefile"})


class Draft:
    """``text``: the text so far. ``ended_by``: what completed it, None while it grows.

    ``final``: no text will follow. ``cut_short``: since a limit was reached, not because the model
    stopped. ``unsafe_tail``: what would follow can't be shown, so that the last line means nothing.
    A filter makes a new one, it changes none.
    """

    __slots__ = ("cut_short", "ended_by", "final", "text", "unsafe_tail")

    def __init__(
        self,
        text: str,
        ended_by: str | None = None,
        final: bool = False,
        cut_short: bool = False,
        unsafe_tail: bool = False,
    ) -> None:
        self.text = text
        self.ended_by = ended_by
        self.final = final
        self.cut_short = cut_short
        self.unsafe_tail = unsafe_tail

    def end(self, position: int, reason: str) -> Draft:
        """Return the draft, complete, with the text up to a position."""
        return Draft(self.text[:position], reason, True)

    def hold(self, position: int) -> Draft:
        """Return the draft without what can't be judged yet, from a position on."""
        if position >= len(self.text):
            return self
        return Draft(self.text[:position], None, False, self.cut_short, self.unsafe_tail)

    def become(self, text: str) -> Draft:
        """Return the same with another text."""
        if text is self.text:
            return self
        return Draft(text, self.ended_by, self.final, self.cut_short, self.unsafe_tail)


class Filter:
    """One step of trim, by the name that an ablation leaves it out by."""

    __slots__ = ("apply", "name")

    def __init__(self, name: str, apply: Callable[[Draft, Site], Draft]) -> None:
        self.name: Final = name
        self.apply: Final = apply


class Reader(Protocol):
    """What a filter learns of a fill's lines, one after the other."""

    def read(self, lines: str) -> object:
        """Go on with whole lines, line ends included."""

    def copy(self) -> Self:
        """Return another one that goes on from here."""


AnyReader = TypeVar("AnyReader", bound=Reader)


class Site:
    """What is known of a hole, worked out when it is first asked for, and once."""

    def __init__(self, hole: Hole, shape: Shape, control: tuple[str, ...] = ()) -> None:
        self.hole: Final = hole
        self.shape: Final = shape
        self.control: Final = control
        self.language: Final = hole.language
        self.before: Final = hole.line_before
        self.rest: Final = hole.rest_of_line
        self.at_line_start: Final = not self.before.strip()
        self._readers: Final[dict[Callable[[Site], Reader], tuple[str, Reader]]] = {}

    def having_read(self, reader: Callable[[Site], AnyReader], lines: str) -> AnyReader:
        """Return a reader of this kind that has read the whole lines of a fill, from its first.

        It is kept, so that with the next piece of the stream only new lines are read: who wants it
        to go on takes a copy.
        """
        known, kept = self._readers.get(reader, ("", None))
        if kept is None or not lines.startswith(known):
            known, kept = "", reader(self)
        if len(lines) > len(known):
            kept = kept.copy()
            kept.read(lines[len(known) :])
        self._readers[reader] = lines, kept
        return cast("AnyReader", kept)

    def forget_readers(self) -> None:
        """Let go of what has read a fill.

        Readers have this site, and it has them: together they would stay in memory, with a hole of
        up to 80 KB, until Python looks for such rings, which it does after hundreds of holes.
        """
        self._readers.clear()

    @cached_property
    def broken_up(self) -> Mapping[str, str]:
        """How the control tokens in the user's own text are spelled for the model."""
        return broken_up(self.control, self.hole.whole_prefix, self.hole.whole_suffix)

    @cached_property
    def unseen_in_file(self) -> frozenset[str]:
        """The characters that nobody sees, or that turn the text around, which the file has.

        Of the file that is what a prompt is made of, on either side of the cursor.
        """
        return unseen.in_use(self.hole.whole_prefix, self.hole.right + self.hole.below)

    @cached_property
    def depth(self) -> int:
        """Width of the indentation of the statement that the cursor's line is of, in columns.

        That is the line's own, or, if it closes brackets of lines above, that of the line in which
        the first of them is opened.
        """
        text, above = self.before, self.hole.prefix[-SCAN_REACH:].split("\n")[:-1]
        looked = 0
        while above and looked < _OPENERS and Scan(self.language).follow(text).stray is not None:
            looked += 1
            # A line that leaves nothing open changes nothing in what stands below it.
            opens = False
            while above and not opens:
                line = above.pop()
                text = f"{line}\n{text}"
                alone = Scan(self.language).follow(line + "\n")
                opens = alone.stray is None and bool(alone.opened)
        return depth_of(text)

    @cached_property
    def typed(self) -> str:
        """What stands on the cursor's line left of it, without blanks around it."""
        return self.before.strip()

    @cached_property
    def rest_has_words(self) -> bool:
        """Whether more than closers and blanks stands right of the cursor."""
        return re.search(r"\w", self.rest) is not None

    @cached_property
    def code_above(self) -> list[str]:
        """The nearest lines above the cursor's that aren't blank, first to last."""
        near = self.hole.prefix[-SCAN_REACH:].split("\n")
        whole = near[1:-1] if len(self.hole.prefix) > SCAN_REACH else near[:-1]
        return [line.rstrip() for line in whole if line.strip()]

    @cached_property
    def above(self) -> str:
        """The nearest line above that isn't blank, or nothing."""
        return self.code_above[-1] if self.code_above else ""

    @cached_property
    def code_below(self) -> list[str]:
        """The nearest lines below the cursor's that aren't blank, in cells below too."""
        near = self.hole.suffix_within(SCAN_REACH).split("\n")[1:]
        return [line.rstrip() for line in near if line.strip()]

    @cached_property
    def below(self) -> str | None:
        """The nearest line below that isn't blank."""
        return self.code_below[0] if self.code_below else None

    @cached_property
    def in_docstring(self) -> bool:
        """Whether the cursor is in a text between triple quotes."""
        return bool(triple_quote(self.hole.prefix, len(self.hole.prefix)))

    @cached_property
    def in_text(self) -> bool:
        """Whether the cursor is in a comment or a docstring, where prose is wanted."""
        return bool(_BEGINS_COMMENT.match(self.before)) or self.in_docstring

    @cached_property
    def prose(self) -> bool:
        """Whether prose is wanted here."""
        return self.in_text or self.language in PROSE_LANGUAGES

    @cached_property
    def outer(self) -> tuple[str, ...]:
        """What is open at the cursor, outermost first (:attr:`Scan.opened`)."""
        return self.hole.open.code

    @cached_property
    def quote(self) -> str:
        """The quote of the string that the cursor is in, empty if it is in none."""
        return closer_of(self.inside) if is_string(self.inside) else ""

    @cached_property
    def inside(self) -> str:
        """The string or comment that the cursor is in, as ``outer`` has it; empty if in none."""
        last = self.outer[-1] if self.outer else ""
        return last if is_text(last) else ""

    @cached_property
    def _indents(self) -> list[str]:
        """How the lines around are indented, those that are."""
        return [
            found[1]
            for text in (
                self.hole.prefix_within(SCAN_REACH),
                self.hole.suffix_within(SCAN_REACH),
            )
            for found in _INDENTED.finditer(text)
        ]

    @cached_property
    def is_mixed(self) -> bool:
        """Whether some lines are indented with tabs and some with blanks, so that both fit."""
        tabs = sum(indent[0] == "\t" for indent in self._indents)
        blanks = sum(indent[0] == " " and len(indent) > 1 for indent in self._indents)
        return min(tabs, blanks) > 1

    @cached_property
    def unit(self) -> str | None:
        """What one level of indentation is made of in this file; None if nothing tells."""
        indents = self._indents
        if self.before.startswith("\t") or (not indents and self.language in _TAB_LANGUAGES):
            return "\t"
        if self.before.startswith("  "):
            indents = [indent for indent in indents if indent[0] == " "]
        tabs = sum(indent[0] == "\t" for indent in indents)
        if tabs * 2 > len(indents):
            return "\t"
        widths = sorted(len(indent) for indent in indents if len(indent) > 1 and indent[0] == " ")
        return " " * min(widths[len(widths) // 10], 8) if widths else None

    @cached_property
    def unit_width(self) -> int:
        """Width of one level of indentation in columns; four if nothing tells."""
        return width_of(self.unit or "    ")


_sites: Final[OrderedDict[tuple[Hole, Shape, tuple[str, ...]], Site]] = OrderedDict()


def known(hole: Hole, shape: Shape, control: tuple[str, ...]) -> Site:
    """Return what is known of a hole; the same object as long as it is asked for again."""
    key = hole, shape, control
    site = _sites.get(key)
    if site is None:
        site = _sites[key] = Site(hole, shape, control)
    _sites.move_to_end(key)
    while len(_sites) > SITES_KEPT:
        _sites.popitem(last=False)[1].forget_readers()
    return site


def forget_sites() -> None:
    """Let go of all that is known, so that a measurement begins with nothing."""
    while _sites:
        _sites.popitem()[1].forget_readers()
