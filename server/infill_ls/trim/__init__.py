"""What the model has written so far becomes the fill so far, and whether it is complete.

A pipeline of small filters, each of which takes the text so far and ends it, changes it, or holds
part of it back (see :mod:`infill_ls.trim.site` for what they agree on). The outcome is the same
wherever the stream is split.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from infill_ls.text.hole import Hole
from infill_ls.text.shape import Shape
from infill_ls.trim import (
    chatter,
    closers,
    indentation,
    overlap,
    repetition,
    rest,
    severed,
    statements,
    syntax,
    unreachable,
)
from infill_ls.trim.lines import MAX_CHARACTERS
from infill_ls.trim.site import Draft, Filter, Site, known

__all__ = [
    "FILTERS",
    "FITTING",
    "MAX_CHARACTERS",
    "Fill",
    "Shape",
    "continuation",
    "emptied_by",
    "fitted",
    "trim",
]

# A line that has grown longer than this is looked at whenever it has so many characters more: what
# it costs to read it again goes with its length. Lines of code have 100, with few exceptions.
_LONG_LINE: Final = 400
_STEP: Final = 32


@dataclass(frozen=True, slots=True)
class Fill:
    """``text``: the fill so far. ``ended_by``: the step that completed it, None while it grows."""

    text: str
    ended_by: str | None = None

    @property
    def complete(self) -> bool:
        return self.ended_by is not None


def _whole_lines(draft: Draft, site: Site) -> Draft:
    """Leave out the line in which a limit cut the model short, if it is not the only one.

    Of ``a = 1⏎b = some_na``, cut short, ``a = 1`` is kept.
    """
    if not draft.cut_short or draft.ended_by is not None or "\n" not in draft.text:
        return draft
    if site.shape == "line":
        return draft
    return draft.end(draft.text.rfind("\n"), "limit")


def _not_too_long(draft: Draft, site: Site) -> Draft:
    """End with the last whole line within :data:`MAX_CHARACTERS`."""
    if len(draft.text) <= MAX_CHARACTERS:
        return draft
    return draft.end(max(0, draft.text.rfind("\n", 0, MAX_CHARACTERS)), "length")


# What the model goes on with at the cursor.
_READING: Final = (
    Filter("control", chatter.without_control_tokens),
    Filter("whole", chatter.with_whole_tokens),
    Filter("unsafe", chatter.without_unsafe_characters),
    Filter("fence", chatter.out_of_fence),
    Filter("prose", chatter.without_prose),
    Filter("typed", chatter.without_what_was_typed),
    Filter("tabs", indentation.as_the_file_indents),
    Filter("join", indentation.joined),
)
# How much of it is the fill.
FITTING: Final = (
    Filter("below", overlap.before_the_lines_below),
    Filter("expression", severed.outside_of_strings),
    Filter("quotes", closers.inside_of_quotes),
    Filter("brackets", closers.inside_of_brackets),
    Filter("rest", rest.before_the_rest),
    Filter("shape", statements.to_the_shape),
    Filter("unreachable", unreachable.without_unreachable),
    Filter("repetition", repetition.without_repetition),
    Filter("limit", _whole_lines),
    Filter("length", _not_too_long),
    Filter("echo", overlap.without_echo),
    Filter("comment", overlap.without_said_comment),
    Filter("openers", closers.with_closers),
    Filter("severed", severed.without_severed_end),
    Filter("tidy", indentation.tidy),
    Filter("above", indentation.above_the_line),
    Filter("syntax", syntax.without_new_errors),
    Filter("apart", rest.apart_from_the_rest),
    Filter("closers", closers.through_closers),
)
FILTERS: Final = _READING + FITTING


def trim(
    raw: str,
    hole: Hole,
    shape: Shape,
    control: tuple[str, ...] = (),
    *,
    over: bool = True,
    cut_short: bool = False,
    filters: tuple[Filter, ...] = FILTERS,
) -> Fill:
    """Return the fill in ``raw``, the whole of what the model wrote so far.

    ``over``: nothing will follow, ``cut_short`` if a limit ended it and not the model. Until then
    the fill is complete only where more text could not change it; its text meanwhile is what may
    be shown. ``filters``: those to apply, in order.
    """
    draft = _filtered(raw, known(hole, shape, control), filters, over, cut_short)
    if draft.ended_by is None and over:
        return Fill(draft.text, "limit" if cut_short else "model")
    return Fill(draft.text, draft.ended_by)


def fitted(
    text: str, hole: Hole, shape: Shape, *, over: bool = True, cut_short: bool = False
) -> Fill:
    """Return how much of a text is the fill at a hole.

    ``text`` has been read already (:func:`continuation`).
    """
    return trim(text, hole, shape, over=over, cut_short=cut_short, filters=FITTING)


def emptied_by(
    raw: str,
    hole: Hole,
    shape: Shape,
    control: tuple[str, ...] = (),
    *,
    cut_short: bool = False,
    filters: tuple[Filter, ...] = FILTERS,
) -> str:
    """Return the name of the filter that leaves nothing of ``raw``; empty if nothing was written.

    For whoever got an empty fill and wants to know why; the filters are applied once more for it.
    """
    draft, site = Draft(_with_newlines(raw), None, True, cut_short), known(hole, shape, control)
    for each in filters:
        had_text, draft = bool(draft.text.strip()), each.apply(draft, site)
        if had_text and not draft.text.strip():
            return each.name
    # Of such a text no more than its whole lines would be kept.
    return "unsafe" if draft.unsafe_tail else ""


def continuation(
    raw: str, hole: Hole, control: tuple[str, ...] = (), *, over: bool = True
) -> tuple[str, str | None]:
    """Return what the model goes on with at the cursor, before it is cut to fit, and what ended it.

    None for the latter as long as more may come.
    """
    draft = _filtered(raw, known(hole, "block", control), _READING, over, cut_short=False)
    return draft.text, draft.ended_by


def _filtered(
    raw: str, site: Site, filters: tuple[Filter, ...], over: bool, cut_short: bool
) -> Draft:
    raw = _with_newlines(raw)
    if not over:
        beyond = len(raw) - (raw.rfind("\n") + 1) - _LONG_LINE
        if beyond > 0:
            # No line end helps to read this once, so it is read in steps.
            return _of_a_long_line(raw[: len(raw) - beyond % _STEP], site, filters)
    return _passed(Draft(raw, None, over, cut_short), site, filters)


def _with_newlines(raw: str) -> str:
    return raw.replace("\r\n", "\n").replace("\r", "\n") if "\r" in raw else raw


@lru_cache(maxsize=16)
def _of_a_long_line(raw: str, site: Site, filters: tuple[Filter, ...]) -> Draft:
    return _passed(Draft(raw), site, filters)


def _passed(draft: Draft, site: Site, filters: tuple[Filter, ...]) -> Draft:
    """Return what the filters make of a draft."""
    raw = draft.text
    for each in filters:
        draft = each.apply(draft, site)
    if draft.unsafe_tail and draft.ended_by is None:
        # No filter has ended the fill before the unsafe character; its whole lines may be kept.
        safe = chatter.without_unsafe_characters(Draft(raw), site).text
        draft = Draft(safe[: max(0, safe.rfind("\n"))], "unsafe character", True)
        for each in filters:
            draft = each.apply(draft, site)
    return draft
