"""Make the request for an engine from a hole and a budget.

There are three ways to ask (the ``mode`` setting forces one):

- ``raw``: one prompt with the tokens of the model's family, so that spaces and order are ours.
- ``suffix``: prefix and suffix apart, for the server's own template.
- ``plain``: the prefix alone, which the model goes on with.

What stands in a line with a secret is left out (``secrets``).

The same hole gives the same bytes. While the user types, the start of the prompt stays as it is, so
that the engine still has it in its cache: the prefix begins at a line whose number is a multiple of
some number, and moves on once in that many lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from infill_ls.errors import CannotInsert
from infill_ls.prompt import beginning, families, secrets
from infill_ls.prompt.beginning import Beginning
from infill_ls.prompt.control import break_up
from infill_ls.prompt.families import SUGGESTED_MODEL, Model
from infill_ls.prompt.family import BLANK, Family
from infill_ls.prompt.tokens import SAFE_CHARACTERS_PER_TOKEN
from infill_ls.text.hole import LONE_SURROGATE, Hole

Mode = Literal["raw", "suffix", "plain"]

# The window's start moves by a quarter of the budget, reckoned at this length of a line (median
# of non-blank lines in Python's standard library: 41), so that it never gives up much text.
CHARACTERS_PER_LINE: Final = 40
# Share of the budget for the suffix. Three lines of suffix keep most of its worth (measured on
# 60 whole-line holes: 38 pass with three lines, 41 with all), so the prefix gets the most.
SUFFIX_SHARE: Final = 0.25
# How far a prompt that goes on with the one before it may be from the budget: what is in the
# engine's cache costs nothing, and reading everything anew costs the most.
LONGER: Final = 1.5
SHORTER: Final = 0.4
# Characters that are kept free for the tokens of a template that only the server knows.
_SERVERS_TEMPLATE: Final = 64

# The same text for the same prompt, so that what memory holds is what asking would bring.
SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of an engine.

    ``suffix``: text for the server's own template, with ``raw`` false; else None. ``stop``: texts
    at which the engine is to end. ``control``: texts that end the fill wherever they appear in it.
    ``max_tokens``: the most that the engine may write. ``seed``: another one draws another text,
    where the temperature is not 0. ``first_line``: number, from 0, of the line that the prefix
    begins with. ``begin``: what the answer is to begin with; it stands before the cursor already.
    An engine tells its server so if it can, and gives back what the server writes as it is.
    ``otherwise``: what is asked if the answer begins with something else.
    """

    prompt: str
    suffix: str | None
    raw: bool
    stop: tuple[str, ...]
    control: tuple[str, ...]
    max_tokens: int
    temperature: float
    seed: int = SEED
    first_line: int = 0
    begin: Beginning | None = None
    otherwise: Request | None = None

    @property
    def longest_text(self) -> str:
        """All that the engine is to read, of the longer one where there are two to ask with."""
        whole = self.otherwise or self
        return whole.prompt + (whole.suffix or "")

    def drawn(self, seed: int, temperature: float) -> Request:
        """Return the same request for another draw."""
        otherwise = self.otherwise and self.otherwise.drawn(seed, temperature)
        return replace(self, seed=seed, temperature=temperature, otherwise=otherwise)


def choose_mode(model: Model, family: Family | None, forced: Mode | None) -> Mode:
    """Return how a model is asked. ``forced``: what the user's ``mode`` says.

    Raises :class:`CannotInsert` if the user forced a mode that the model hasn't, or if it has none:
    what was made to chat would only talk about the code.
    """
    if forced == "raw" and family is None:
        raise CannotInsert(
            f'How "{model.name}" fills is not known.',
            'Set "fim", or "mode" to "plain".',
        )
    if forced == "suffix" and not model.can_insert:
        raise CannotInsert(
            f'"{model.name}" does not support insert.',
            'Set "mode" to "auto".',
        )
    if forced is not None:
        return forced
    if family is not None:
        return "raw"
    why_not = families.why_not(model)
    if why_not:
        raise CannotInsert(
            f'"{model.name}" can\'t fill in the middle: {why_not}.',
            f'Take {SUGGESTED_MODEL}, or set "mode" to "plain".',
        )
    return "suffix" if model.can_insert else "plain"


def build(
    hole: Hole,
    model: Model,
    family: Family | None,
    *,
    mode: Mode | None = None,
    start: int | None = None,
    context_tokens: int,
    most_tokens: int | None = None,
    characters_per_token: float = SAFE_CHARACTERS_PER_TOKEN,
    most_characters: int | None = None,
    max_tokens: int,
    temperature: float,
) -> Request:
    """Return the request for a hole; its prompt has about ``context_tokens`` tokens at the most.

    ``start``: the line with which the prompt before this one began; it is kept while it serves,
    also where the prompt gets longer by it. ``most_tokens``: not longer than this, nor than
    ``most_characters``; None for no limit. ``characters_per_token``: how long tokens are
    reckoned to be. Raises :class:`CannotInsert` as :func:`choose_mode` does.
    """
    chosen = choose_mode(model, family, mode)
    prefix, suffix = window(
        hole,
        int(context_tokens * characters_per_token),
        with_suffix=chosen != "plain",
        start=start,
        limit=_limit(chosen, family, most_tokens, characters_per_token, most_characters),
    )
    first_line = hole.whole_first_line + hole.whole_prefix.count("\n") - prefix.count("\n")
    control = family.control if family else families.all_control_tokens()
    prefix, suffix = secrets.hidden(hole, prefix, suffix)
    prefix, suffix = (
        break_up(LONE_SURROGATE.sub("\ufffd", text), control) for text in (prefix, suffix)
    )

    text, apart = _placed(chosen, family, prefix, suffix)
    whole = Request(
        prompt=text,
        suffix=apart,
        raw=chosen != "suffix",
        stop=family.stop if family else (),
        control=control,
        max_tokens=max_tokens,
        temperature=temperature,
        first_line=first_line,
    )
    kept, begin = _left_to_the_model(chosen, model, family, prefix, suffix)
    if begin is None:
        return whole
    text, _ = _placed(chosen, family, kept, suffix)
    return replace(whole, prompt=text, begin=begin, otherwise=None if model.can_begin else whole)


def _placed(mode: Mode, family: Family | None, prefix: str, suffix: str) -> tuple[str, str | None]:
    """Return the prompt, and the suffix where the engine is given that apart."""
    if mode == "raw":
        assert family is not None
        return render(family.template, prefix, suffix), None
    # An empty prompt only loads the model and an empty suffix means "chat" to Ollama.
    return prefix or "\n", (suffix or "\n" if mode == "suffix" else None)


def _left_to_the_model(
    mode: Mode, model: Model, family: Family | None, prefix: str, suffix: str
) -> tuple[str, Beginning | None]:
    """Return the prefix without its end that is left to the model, and that; None if none is."""
    kept, begin = beginning.split(prefix, family.goes_with if family else BLANK)
    if begin is not None and not begin.is_blank:
        # In other orders a word may end anywhere in the prefix: so were they trained.
        is_last = mode == "plain" or (mode == "raw" and family and family.prefix_is_last)
        # A word that is shown elsewhere is a whole one most of the time.
        is_whole = not begin.word or beginning.stands_in(f"{kept}\n{suffix}", begin.word)
        if not is_last or (is_whole and not model.can_begin):
            return prefix, None
    return kept, begin


def _limit(
    mode: Mode,
    family: Family | None,
    most_tokens: int | None,
    characters_per_token: float,
    most_characters: int | None,
) -> int | None:
    """Return the characters that prefix and suffix may have together, beside the template.

    None for no limit; the arguments are those of :func:`build`.
    """
    around = _SERVERS_TEMPLATE if mode == "suffix" else 0
    if mode == "raw" and family is not None:
        around = len(render(family.template, "", ""))
    limits = [] if most_characters is None else [most_characters - around]
    if most_tokens is not None:
        # What a template has are control tokens, whatever the text is made of.
        beside = around / SAFE_CHARACTERS_PER_TOKEN
        limits.append(int((most_tokens - beside) * characters_per_token))
    return max(0, min(limits)) if limits else None


def render(template: str, prefix: str, suffix: str) -> str:
    """Return the template with both texts in their places, whatever braces the texts have."""
    texts = {"{prefix}": prefix, "{suffix}": suffix}
    return "".join(texts.get(part, part) for part in re.split(r"(\{prefix\}|\{suffix\})", template))


def window(
    hole: Hole,
    characters: int,
    *,
    with_suffix: bool = True,
    start: int | None = None,
    limit: int | None = None,
) -> tuple[str, str]:
    """Return the parts of prefix and suffix, nearest to the cursor, that there is room for.

    In a cell of a notebook these are the parts of the whole of it.

    ``characters``: what both together are to have. The prefix begins with the line ``start``, if
    from there it is not much more than that, nor too little of it. ``limit``: characters that both
    together never exceed; None for no limit.
    """
    room = characters if limit is None else min(characters, limit)
    before, first_line = hole.whole_prefix, hole.whole_first_line
    suffix = _head(hole.whole_suffix, int(room * SUFFIX_SHARE)) if with_suffix and room else ""
    if start is not None and start >= first_line:
        kept = before.split("\n", start - first_line)[-1]
        reached = before.count("\n") >= start - first_line
        whole = len(kept) == len(before)
        most = room * LONGER if limit is None else min(room * LONGER, limit - len(suffix))
        if reached and len(kept) <= most and (whole or len(kept) >= room * SHORTER):
            return kept, suffix
    grid = 1 << max(0, (room // 4 // CHARACTERS_PER_LINE).bit_length() - 1)
    return _tail(before, room - len(suffix), grid, first_line), suffix


def _head(text: str, room: int) -> str:
    """Return whole lines from the start of the text; part of the first one if that is longer."""
    if len(text) <= room:
        return text
    end = text.rfind("\n", 0, room + 1)
    return text[: end + 1] if end >= 0 else text[:room]


def _tail(text: str, room: int, grid: int, first_line: int) -> str:
    """Return the end of the text from a line whose number is a multiple of ``grid``.

    ``first_line`` is the number of the text's first line.

    Where no line of the grid is in reach, the first whole line counts, and where the last line
    alone is too long, a column that is a multiple of a quarter of the room.
    """
    if len(text) <= room:
        return text
    start = text.find("\n", len(text) - room - 1) + 1
    if start == 0:
        line_start = text.rfind("\n") + 1
        step = max(1, room // 4)
        return text[line_start + -(-(len(text) - room - line_start) // step) * step :]
    number = first_line + text.count("\n", 0, start)
    while grid > 1:
        on_grid = start
        for _ in range(-number % grid):
            on_grid = text.find("\n", on_grid) + 1
            if on_grid == 0:
                break
        # Lines far longer than those reckoned with: a finer grid, rather than losing the text.
        if on_grid and on_grid - start <= room // 3:
            return text[on_grid:]
        grid //= 2
    return text[start:]
