"""Whether a fill is asked for at all, how much of one, and how long to wait first."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from infill_ls.hole import Hole
from infill_ls.settings import Settings
from infill_ls.trim import Shape

# Prompt tokens per call where the user sets nothing: as many as the engine reads in the time
# that somebody who comes to a new place in a file will wait. While he stays there they are in the
# engine's cache. Below the least a fill knows too little; more than the most helps no more.
COLD_READ: Final = 2.5  # s
CONTEXT_STEPS: Final = (192, 256, 384, 512, 768, 1024, 1536, 2048)
# Before anything is measured: what two CPU cores can read.
CONTEXT_TOKENS: Final = 256
# Characters a token, on average, for measuring what an engine reads (Qwen2.5-Coder on Python).
CHARACTERS_PER_TOKEN: Final = 3.6
# The least that a measurement must be of, in tokens: what is shorter says more of the overhead.
READ_SAMPLE: Final = 48
WRITE_SAMPLE: Final = 6
# Measurements of which the middle one counts: one that something else on the machine has spoilt
# changes little, and after two the machine is taken for another one (on battery, for one).
_MEASUREMENTS: Final = 3
# ms. Editors that wait on their own before they ask (Neovim 200, Helix 250, Emacs by an idle
# timer) need no second wait; VS Code asks 50 ms after every key.
DEBOUNCE_MS: Final = {"neovim": 0, "helix": 0, "emacs": 0}
DEBOUNCE_MS_ELSEWHERE: Final = 75
# Texts after which editors with menus ask without waiting for two letters of a word: where a name
# or an expression begins.
TRIGGERS: Final = (".", "(", "[", "{", ",", "=", ":", " ", "\t", "\n")
# Helix looks for whole texts left of the cursor, and asks all servers after those of any: a blank
# alone would open everybody's menu in the middle of comments, and at each step of indentation.
HELIX_TRIGGERS: Final = (
    *(".", "(", "[", "{"),
    *(f"{mark} " for mark in "=,:+-*/%<>&|?"),
    "return ",
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


def trigger_characters(client: str) -> tuple[str, ...]:
    """Texts after which a menu is to be asked for at once."""
    return HELIX_TRIGGERS if client.lower() == "helix" else TRIGGERS


def _measurements() -> deque[float]:
    return deque(maxlen=_MEASUREMENTS)


def _middle(values: deque[float]) -> float:
    # The median but for two values. Importing statistics costs 2.5 ms of the server's start.
    return sorted(values)[len(values) // 2]


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


@dataclass(slots=True)
class Rates:
    """What an engine was seen to do, in tokens/s; None until it was.

    ``budget``: prompt tokens that were settled on. It moves only when the rates are far from what
    it was made for, since a prompt with another start is read anew.
    """

    read: float | None = None
    write: float | None = None
    budget: int | None = None
    _read: deque[float] = field(default_factory=_measurements, repr=False, compare=False)
    _write: deque[float] = field(default_factory=_measurements, repr=False, compare=False)

    def learn(self, *, read: float | None = None, write: float | None = None) -> None:
        """Take a measurement in."""
        if read is not None:
            self._read.append(read)
            self.read = _middle(self._read)
        if write is not None:
            self._write.append(write)
            self.write = _middle(self._write)


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
    """The most prompt tokens per call, whatever the rates never over ``most``."""
    wanted = _budget(setting, rates)
    return wanted if most is None else max(1, min(wanted, most))


def _budget(setting: int | Literal["auto"], rates: Rates | None) -> int:
    """Prompt tokens that the engine can read in time. Settles ``rates.budget``."""
    if setting != "auto":
        return setting
    if rates is None or rates.read is None:
        return CONTEXT_TOKENS
    ideal = rates.read * COLD_READ
    if rates.budget is None or not rates.budget / 2 <= ideal <= rates.budget * 3:
        rates.budget = max((s for s in CONTEXT_STEPS if s <= ideal), default=CONTEXT_STEPS[0])
    return rates.budget
