"""Whether a fill is asked for at all, how much of one, and how long to wait first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from infill_ls.engines.rates import CONTEXT_TOKENS, Rates
from infill_ls.settings import Settings
from infill_ls.text.brackets import SCAN_REACH
from infill_ls.text.hole import Hole
from infill_ls.text.indents import depth_of, width_of
from infill_ls.text.languages import OPENS, PROSE_LANGUAGES, is_comment
from infill_ls.text.shape import Shape

# ms. Editors that wait on their own before they ask (Neovim 200, Helix 250, Emacs by an idle
# timer) need no second wait; VS Code asks 50 ms after every key.
DEBOUNCE_MS: Final = {"neovim": 0, "helix": 0, "emacs": 0}
DEBOUNCE_MS_ELSEWHERE: Final = 75
# Texts after which editors with menus ask without waiting for two letters of a word: where a name
# or an expression begins.
TRIGGERS: Final = (".", "(", "[", "{", ",", "=", ":", " ", "\t", "\n")
# Words of the languages before an expression, a name or a type: where they stand in a line (after a
# blank or an opening bracket), and those that begin a statement but are common in prose too.
_BEFORE_EXPRESSIONS: Final = (
    *("and", "assert", "async", "await", "case", "catch", "const", "def", "defer", "delete"),
    *("dyn", "echo", "elif", "else", "elseif", "elsif", "enum", "except", "extends", "final", "fn"),
    *("func", "if", "impl", "implements", "import", "in", "instanceof", "lambda", "mut", "new"),
    *("not", "or", "raise", "range", "return", "static", "struct", "throw", "throws", "typeof"),
    *("unless", "var", "yield"),
    # SQL, which is in capitals where it is typed by itself.
    *("SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "JOIN", "ON", "BY", "SET", "INTO"),
)
_BEGIN_STATEMENTS: Final = (
    *("class", "del", "do", "export", "for", "from", "function", "interface", "let", "local"),
    *("match", "package", "private", "protected", "pub", "public", "require", "switch", "trait"),
    *("type", "until", "use", "when", "while", "with"),
)
_OPERATORS: Final = "=,:+-*/%<>&|?"
# Helix looks for whole texts left of the cursor, and asks all servers after those of any: a blank
# alone would open everybody's menu in the middle of comments, and at each step of indentation. So
# it is a blank after what an expression, a name or another part of a statement follows.
HELIX_TRIGGERS: Final = (
    *(".", "(", "[", "{", "->", "::", "$", "<", "</", "(|"),
    *(f"{mark} " for mark in f"{_OPERATORS});]}}0123456789"),
    *(f"{before}{word} " for word in _BEFORE_EXPRESSIONS for before in ("\n", "\t", " ", "(", "[")),
    *(f"{before}{word} " for word in _BEGIN_STATEMENTS for before in ("\n", "\t", "  ")),
    # Within a string, where it is the part of an expression.
    *(before + quote for before in ("(", "[", "{", "=") for quote in "\"'"),
    *(f"{mark} {quote}" for mark in _OPERATORS for quote in "\"'"),
    *sorted({"\n" + unit * depth for unit in ("\t", "  ", "    ") for depth in range(7)}),
)
# s. The longest that a request waits for its fill; the work goes on into memory afterwards.
AUTOMATIC_WAIT: Final = 10.0
MANUAL_WAIT: Final = 30.0

# Candidates that a manual request gets, and the draws for them at the most: many places have but
# one sensible fill. These and the temperature are tabby-agent's (solution.maxItems, maxTries and
# temperature in its config/default.ts), which draws one after the other from small models too.
CANDIDATES: Final = 3
DRAWS: Final = 6
CANDIDATE_TEMPERATURE: Final = 0.8
# s from the request. What is there by then is shown.
CANDIDATES_WAIT: Final = 5.0

# s. VS Code cancels what isn't answered after 750 ms, unless a setting says otherwise. Two cancels
# that come as late as each other tell such an editor from a user who has moved away; whole lines
# then come so much before. A cancel after less is that of the next key, whose change may come
# after it; keys have a rhythm, so that these are often as late as each other.
SHORTEST_PATIENCE: Final = 0.5
SAME_TIME: Final = 0.05
MARGIN: Final = 0.1
# tokens/s. The shortest right fill of a line has some six tokens; written more slowly than this it
# is not there within the second that `latencyMs` gives it.
SLOWEST_WRITE: Final = 8.0

Refusal = Literal["disabled", "mid word"]


@dataclass(frozen=True, slots=True)
class Plan:
    """In seconds: ``wait`` is the debounce, ``latency`` what the user should wait for whole lines,
    ``patience`` the time until the request is answered whatever the engine does. ``candidates`` is
    how many different fills are wanted, ``draws`` how often the engine may be asked for them.
    """

    shape: Shape
    wait: float
    latency: float
    patience: float
    candidates: int = 1
    draws: int = 1


def plan(
    hole: Hole, settings: Settings, *, client: str = "", manual: bool = False
) -> Plan | Refusal:
    """What to do with a request; ``client`` is the editor's name for itself.

    A manual request (the user pressed a key for it) passes every gate, waits for nothing and
    gets several candidates.
    """
    if not manual:
        if not settings.enabled:
            return "disabled"
        if hole.mid_word:
            return "mid word"
    return Plan(
        shape=shape(hole, settings.multiline, manual=manual),
        wait=0.0 if manual else debounce(settings.debounce_ms, client),
        latency=MANUAL_WAIT if manual else settings.latency_ms / 1000,
        patience=MANUAL_WAIT if manual else AUTOMATIC_WAIT,
        candidates=CANDIDATES if manual else 1,
        draws=DRAWS if manual else 1,
    )


def shape(hole: Hole, multiline: str, *, manual: bool = False) -> Shape:
    """How much to fill: the line, the statement with its block, or the rest of the block.

    Words right of the cursor demand one line (an automatic one; closers and blanks don't). An
    empty line takes the rest of the block if nothing more stands in it, otherwise one statement.
    Behind a statement of the block an automatic one takes no more than the next: of second lines
    there, 1 of 6 was right after a right one, 12 of 16 where the block begins (`python -m
    eval.lines`, both weights of the embedded engine, seven languages).
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
    if more_in_block:
        return "statement"
    if manual or depth_of(below) > width_of(hole.indentation):
        return "block"
    return "statement" if _follows_a_statement(hole) else "block"


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
    """The nearest line above with code, without blanks at its end; empty if there is none."""
    near = hole.prefix.removesuffix(hole.line_before)[-SCAN_REACH:].split("\n")
    code = (
        line.rstrip()
        for line in reversed(near)
        if line.strip() and not is_comment(line, hole.language)
    )
    return next(code, "")


def debounce(setting: int | Literal["auto"], client: str) -> float:
    """Seconds to wait before the engine is asked, in case another key comes."""
    if setting != "auto":
        return setting / 1000
    name = client.lower()
    known = (ms for editor, ms in DEBOUNCE_MS.items() if editor in name)
    return next(known, DEBOUNCE_MS_ELSEWHERE) / 1000


def trigger_characters(client: str) -> tuple[str, ...]:
    """Texts after which a menu is to be asked for at once."""
    return HELIX_TRIGGERS if client.lower() == "helix" else TRIGGERS


@dataclass(slots=True)
class EditorPatience:
    """How long an editor waits for an answer before it gives up, in s; infinite until it was seen
    to give up twice after the same time, while nothing was typed.
    """

    limit: float = math.inf
    _last: float = math.inf

    def gave_up(self, after: float) -> None:
        """A request was cancelled this long after it came, with the document as it was."""
        if after < SHORTEST_PATIENCE:
            return
        if abs(after - self._last) <= SAME_TIME:
            self.limit = min(after, self._last)
        self._last = after

    def latency(self, wanted: float) -> float:
        """How long the user is to wait for whole lines, if he should for ``wanted``."""
        return min(wanted, max(0.0, self.limit - MARGIN))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that the embedded engine could run.

    ``memory``: bytes that it takes. ``pace``: tokens/s that it writes for each core.
    """

    name: str
    memory: int
    pace: float


def best_embedded(
    candidates: Sequence[Candidate],
    *,
    cores: int,
    memory: int | None,
    rates: Mapping[str, Rates],
) -> str:
    """The model that the embedded engine should run: the largest that is fast enough here.

    A larger one is slower but right more often (1.5B parameters against 0.5B, two idle cores:
    writes 15 against 22.5 tokens/s, and fills 85 against 80 % of whole lines). ``cores``: physical
    ones; ``memory``: bytes available, None if unknown; ``rates``: what was measured, by name.
    """
    from_large = sorted(candidates, key=lambda one: -one.memory)
    for candidate in from_large:
        fits = memory is None or candidate.memory <= memory
        if fits and _expected_write(candidate, candidates, cores, rates) >= SLOWEST_WRITE:
            return candidate.name
    return from_large[-1].name


def _expected_write(
    candidate: Candidate, others: Sequence[Candidate], cores: int, rates: Mapping[str, Rates]
) -> float:
    """Tokens/s: its own if measured, else by another one's, else by the number of cores."""
    for one in (candidate, *others):
        measured = rates[one.name].write if one.name in rates else None
        if measured is not None:
            return measured * candidate.pace / one.pace
    return cores * candidate.pace


def context_tokens(
    setting: int | Literal["auto"], rates: Rates | None = None, *, most: int | None = None
) -> int:
    """The most prompt tokens per call: what the user sets, or what the engine can read in time.

    Never more than ``most``.
    """
    wanted = setting
    if wanted == "auto":
        wanted = CONTEXT_TOKENS if rates is None else rates.budget
    return wanted if most is None else max(1, min(wanted, most))
