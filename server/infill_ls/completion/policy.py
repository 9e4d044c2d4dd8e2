"""Decide whether a fill is asked for, how much of one, and how long to wait first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from infill_ls.completion.pace import USUAL, Extent, Pace
from infill_ls.editors import AUTOMATIC_WAIT
from infill_ls.prompt.secrets import stands_in
from infill_ls.settings import Settings
from infill_ls.text.brackets import SCAN_REACH
from infill_ls.text.hole import Hole
from infill_ls.text.indents import depth_of, width_of
from infill_ls.text.languages import OPENS, PROSE_LANGUAGES, is_comment
from infill_ls.text.shape import Shape

# s. The longest that a request by hand waits for its fill.
MANUAL_WAIT: Final = 30.0

# Candidates that a manual request gets, and the draws for them at the most: many places have but
# one sensible fill. These and the temperature are tabby-agent's (solution.maxItems, maxTries and
# temperature in its config/default.ts), which draws one after the other from small models too.
CANDIDATES: Final = 3
DRAWS: Final = 6
CANDIDATE_TEMPERATURE: Final = 0.8
# s from the request. What is there by then is shown.
CANDIDATES_WAIT: Final = 5.0

Refusal = Literal["disabled", "excluded", "secret", "mid word"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with a request.

    ``shape``: how much to fill. ``wait``: the debounce, in s. ``latency``: for how many s the user
    should wait for whole lines. ``patience``: after how many s the request is answered, whatever
    the engine does. ``candidates``: how many different fills are wanted. ``draws``: how often the
    engine may be asked for them.
    """

    shape: Shape
    wait: float
    latency: float
    patience: float
    candidates: int = 1
    draws: int = 1


def plan(
    hole: Hole,
    settings: Settings,
    excluded: str = "",
    *,
    pace: Pace = USUAL,
    waited: float = 0.0,
    manual: bool = False,
) -> Plan | Refusal:
    """Return what to do with a request, or why it is refused.

    ``settings``: those of the document. ``excluded``: the pattern that excludes it, empty if none
    does. ``waited``: how long the editor has waited after the key, in s. A manual request (the user
    pressed a key for it) is refused only in an excluded document and where a secret stands in the
    cursor's line; it waits for nothing and gets several candidates.
    """
    if excluded:
        return "excluded"
    if not manual and not settings.enabled:
        return "disabled"
    if stands_in(hole):
        return "secret"
    if not manual and hole.mid_word:
        return "mid word"
    return Plan(
        shape=shape(hole, settings.multiline, pace.extent, manual=manual),
        wait=0.0 if manual else _wait(settings.debounce_ms, pace.pause, waited),
        latency=MANUAL_WAIT if manual else settings.latency_ms / 1000,
        patience=MANUAL_WAIT if manual else AUTOMATIC_WAIT,
        candidates=CANDIDATES if manual else 1,
        draws=DRAWS if manual else 1,
    )


def _wait(setting: int | Literal["auto"], pause: float, waited: float) -> float:
    """Return the debounce in s: what the user has set, in ms, or what is left of the pause."""
    return max(0.0, pause - waited) if setting == "auto" else setting / 1000


def shape(hole: Hole, multiline: str, extent: Extent = "usual", *, manual: bool = False) -> Shape:
    """Return how much to fill: the line, the statement with its block, or the rest of the block.

    With words right of the cursor an automatic request gets one line; closers and blanks are no
    words. On an empty line the fill is the rest of the block if nothing more stands in it,
    otherwise one statement. Behind a statement of the block an automatic request gets the next
    statement alone: second lines were right in 1 of 6 cases there, and in 12 of 16 at the start of
    a block (`python -m eval.lines`, both weights of the embedded engine, seven languages).
    ``extent``: ``less`` makes it the line, unless the user has fixed ``multiline`` or asks by hand;
    ``more`` the rest of the block there too, and where something stands left of the cursor.
    """
    rest = hole.rest_of_line.strip()
    less = extent == "less" and multiline == "auto" and not manual
    if less or multiline == "never" or (not manual and rest.strip(")]}>\"'`,;: \t")):
        return "line"
    if multiline == "always":
        return "block"
    if rest:
        return "line" if rest[0] in "\"'`" else "statement"
    if not hole.at_line_start:
        return "block" if extent == "more" and not hole.closers else "statement"
    below = next((line for line in hole.lines_below if line.strip()), "")
    more_in_block = below.startswith(hole.indentation) and (
        hole.indentation != "" and not below.lstrip().startswith((")", "]", "}"))
    )
    if more_in_block:
        return "statement"
    if manual or depth_of(below) > width_of(hole.indentation):
        return "block"
    more = extent == "more" or not _follows_a_statement(hole)
    return "block" if more else "statement"


def _follows_a_statement(hole: Hole) -> bool:
    """Whether the line above the cursor's empty one ends a statement of the same block.

    Not where a docstring or a list of values stands there, nor where the cursor's line is not
    indented though the one above is: then the user has not said which block he means.
    """
    above = _code_above(hole)
    if hole.language in PROSE_LANGUAGES or not above or above.endswith(('"""', "'''", ",")):
        return False
    depth, cursor = depth_of(above), width_of(hole.indentation)
    if depth > cursor:
        return hole.indentation != ""
    return depth == cursor and OPENS.search(above) is None


def _code_above(hole: Hole) -> str:
    """Return the nearest line above with code, without blanks at its end; empty if none has."""
    near = hole.prefix.removesuffix(hole.line_before)[-SCAN_REACH:].split("\n")
    code = (
        line.rstrip()
        for line in reversed(near)
        if line.strip() and not is_comment(line, hole.language)
    )
    return next(code, "")
