"""Whether a fill is asked for at all, how much of one, and how long to wait first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from infill_ls.hole import Hole
from infill_ls.settings import Settings
from infill_ls.trim import Shape

# Prompt tokens per call where the user sets nothing. Two CPU cores read 45 to 140 tokens/s, so
# the embedded engine gets what it can read within some seconds; a fill needs far less than what
# a graphics card could read.
CONTEXT_TOKENS: Final = {"embedded": 512}
CONTEXT_TOKENS_ELSEWHERE: Final = 1024
# ms. Editors that wait on their own before they ask (Neovim 200, Helix 250, Emacs by an idle
# timer) need no second wait; VS Code asks 50 ms after every key.
DEBOUNCE_MS: Final = {"neovim": 0, "helix": 0, "emacs": 0}
DEBOUNCE_MS_ELSEWHERE: Final = 75
# s. The longest that a request waits for its fill; the work goes on into memory afterwards.
AUTOMATIC_WAIT: Final = 10.0
MANUAL_WAIT: Final = 30.0

Refusal = Literal["disabled", "mid word"]


@dataclass(frozen=True, slots=True)
class Plan:
    """``wait``: debounce in seconds. ``patience``: seconds until the request is answered."""

    shape: Shape
    wait: float
    patience: float


def plan(
    hole: Hole, settings: Settings, *, client: str = "", manual: bool = False
) -> Plan | Refusal:
    """What to do with a request; ``client`` is the editor's name for itself.

    A manual request (the user pressed a key for it) passes every gate and waits for nothing.
    """
    if not manual:
        if not settings.enabled:
            return "disabled"
        if hole.mid_word:
            return "mid word"
    return Plan(
        shape=shape(hole, settings.multiline, manual=manual),
        wait=0.0 if manual else debounce(settings.debounce_ms, client),
        patience=MANUAL_WAIT if manual else AUTOMATIC_WAIT,
    )


def shape(hole: Hole, multiline: str, *, manual: bool = False) -> Shape:
    """How much to fill: the line, the statement with its block, or the rest of the block.

    Words right of the cursor demand one line (an automatic one; closers and blanks don't). An
    empty line takes the rest of the block if nothing more stands in it, otherwise one statement.
    """
    rest = hole.rest_of_line.strip()
    if multiline == "never" or (not manual and rest.strip(")]}>\"'`,;: \t")):
        return "line"
    if multiline == "always":
        return "block"
    if rest:
        return "line" if rest[0] in "\"'`" else "statement"
    if not hole.at_line_start:
        return "statement"
    below = next((line for line in hole.lines_below if line.strip()), "")
    more_in_block = below.startswith(hole.indentation) and (
        hole.indentation != "" and not below.lstrip().startswith((")", "]", "}"))
    )
    return "statement" if more_in_block else "block"


def debounce(setting: int | Literal["auto"], client: str) -> float:
    """Seconds to wait before the engine is asked, in case another key comes."""
    if setting != "auto":
        return setting / 1000
    name = client.lower()
    known = (ms for editor, ms in DEBOUNCE_MS.items() if editor in name)
    return next(known, DEBOUNCE_MS_ELSEWHERE) / 1000


def context_tokens(setting: int | Literal["auto"], engine: str) -> int:
    """The most prompt tokens per call."""
    if setting != "auto":
        return setting
    return CONTEXT_TOKENS.get(engine, CONTEXT_TOKENS_ELSEWHERE)
