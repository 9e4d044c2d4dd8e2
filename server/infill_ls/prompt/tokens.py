"""How many tokens a prompt has, and how many it may have, as far as that is known without asking.

Models cut text into tokens of very different lengths: code has 3.3 to 4.4 characters a token, a
table of numbers has 1, rare letters and emoji have less. What an engine counts is kept for each
document, so that the next prompt of the same document is reckoned rightly.

The reckoned length of a token moves in steps, and seldom: a prompt that begins at another line is
read anew by the engine.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from infill_ls.text.common import common_start

# Characters that a token stands for, on the safe side: 11 files of Python's standard library
# give 3.3 to 4.4 with Qwen2.5-Coder's tokenizer, other languages and dense code somewhat less.
SAFE_CHARACTERS_PER_TOKEN: Final = 3
# Characters that a token without digits has at the least, in these files. A window that is filled
# on the safe side has room for some digits then.
PLAIN: Final = 3.3
# The lengths, in characters, that tokens are reckoned with; each about 0.8 of the one before it.
# Of Qwen2.5-Coder's tokens digits have 1.0, rare Chinese characters 0.62, cuneiform 0.38.
STEPS: Final = (3.0, 2.4, 1.9, 1.5, 1.2, 1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25)
# How much shorter than reckoned with tokens may be before a shorter length is reckoned with, and
# how much longer before a longer one is: two steps.
SHORTER_BY: Final = 1.2
LONGER_BY: Final = 1.6
# Tokens. Shorter prompts say more of the template than of the document.
SAMPLE: Final = 128
# Documents that are remembered, the ones used last: more than anybody has open at a time.
DOCUMENTS: Final = 50
# Tokens that a server adds by itself: a beginning of text, and a blank before the first word.
ADDED: Final = 2
# Tokens that may be cut in another way where a text was changed: a few on either side.
CUT_ANEW: Final = 16


@dataclass(frozen=True, slots=True)
class Budget:
    """The tokens of one call.

    ``prompt``: what the prompt is to have, about. ``most``: what it may have, with certainty; None
    if nobody knows a limit. ``fill``: what the engine may write.
    """

    prompt: int
    most: int | None
    fill: int


def budget(wanted: int, max_tokens: int, *, is_limit: bool, room: int | None) -> Budget:
    """Share an engine's room between prompt and fill.

    ``wanted``: tokens that the prompt is to have; ``is_limit``: and never more, since the user has
    said so. ``max_tokens``: what the user lets a fill have. ``room``: tokens that the engine has
    for both; None if nobody knows. Where both are too much, each gets half of the room at least.
    """
    if room is None:
        return Budget(wanted, wanted if is_limit else None, max_tokens)
    fill = max(1, min(max_tokens, max(room - wanted, room // 2)))
    most = max(0, room - fill)
    if is_limit:
        most = min(most, wanted)
    return Budget(min(wanted, most), most, fill)


def about_tokens(text: str) -> float:
    """Return about how many tokens a text has at the most, by the kinds of its characters.

    A digit is a token of its own in most tokenizers. Beyond ASCII two bytes of UTF-8 are one in
    Qwen2.5-Coder's for rare Chinese characters and emoji, and in older ones for common ones too;
    its own cuneiform has 1.5. The rest has as many as the code with the shortest tokens.
    """
    plain = len(text.encode("ascii", "ignore"))
    digits = sum(map(text.count, "0123456789"))
    return digits + (_bytes(text) - plain) / 2 + (plain - digits) / PLAIN


@dataclass(slots=True)
class _Document:
    """What is known of one document.

    ``characters``: the length of a token that is reckoned with. ``factor``: tokens that the engine
    counted for each one of :func:`about_tokens`; ``text`` and ``tokens``: the last prompt that it
    counted. ``most``: characters that a prompt may have, since the engine refused longer ones.
    """

    characters: float = STEPS[0]
    factor: float = 1.0
    text: str = ""
    tokens: int | None = None
    most: int | None = None


class TokenLengths:
    """How long tokens are in the documents that an engine was asked about."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, _Document] = OrderedDict()

    def characters(self, uri: str) -> float:
        """Return the characters that a token of the document is reckoned to have."""
        return self._of(uri).characters

    def most_characters(self, uri: str) -> int | None:
        """Return the characters that a prompt may have; None if the engine has refused none."""
        return self._of(uri).most

    def at_most(self, uri: str, text: str) -> int:
        """Return the most tokens that a prompt of the document can have.

        No tokenizer makes more than one token of a byte, and what was counted already is known.
        """
        known = self._of(uri)
        whole = _bytes(text) + ADDED
        if known.tokens is None:
            return whole
        start = common_start(text, known.text)
        rest, before = text[start:], known.text[start:]
        changed = rest[: len(rest) - common_start(rest[::-1], before[::-1])]
        return min(whole, known.tokens + _bytes(changed) + CUT_ANEW)

    def about(self, uri: str, text: str) -> int:
        """Return about how many tokens a prompt of the document has at the most."""
        return round(about_tokens(text) * self._of(uri).factor) + ADDED

    def note(self, uri: str, text: str, tokens: int) -> None:
        """Note what the engine has counted of a prompt of the document."""
        if text and tokens > 0:
            known = self._of(uri)
            known.text, known.tokens = text, tokens
            known.factor = tokens / about_tokens(text)

    def take(self, uri: str, text: str, tokens: int, *, is_whole: bool = True) -> None:
        """Learn from a prompt of the document that the engine has counted and read.

        ``is_whole``: the count is of the whole prompt for certain, and not of what was read anew.
        """
        known = self._of(uri)
        # Tokens seem longer where what the engine had of the last prompt isn't counted.
        may_be_longer = is_whole or not common_start(text, known.text)
        self.note(uri, text, tokens)
        if tokens < SAMPLE:
            return
        seen = len(text) / tokens
        longer = may_be_longer and seen > known.characters * LONGER_BY
        if longer or seen * SHORTER_BY < known.characters:
            known.characters = _length_step(seen)

    def shrink(self, uri: str, text: str, tokens: int) -> None:
        """Reckon with shorter tokens: this prompt, with so many tokens, is too long."""
        known = self._of(uri)
        shorter = [step for step in STEPS if step < known.characters]
        seen = _length_step(len(text) / max(1, tokens))
        known.characters = min(seen, *shorter[:1], known.characters)

    def refuse(self, uri: str, text: str) -> None:
        """Never ask for more than half of this prompt again: the engine has no room for it."""
        self._of(uri).most = len(text) // 2

    def _of(self, uri: str) -> _Document:
        known = self._documents.setdefault(uri, _Document())
        self._documents.move_to_end(uri)
        if len(self._documents) > DOCUMENTS:
            self._documents.popitem(last=False)
        return known


def _length_step(characters: float) -> float:
    """Return the longest length that is reckoned with and no longer than this one."""
    return next((step for step in STEPS if step <= characters), STEPS[-1])


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
