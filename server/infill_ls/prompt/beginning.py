"""Take the end of the prefix out of the prompt, so that the model writes it itself.

Tokenizers join a word to the blank before it (" sorted" is one token), and many also to a mark
(".value"). A model has hardly ever seen a prompt that ends with such a blank or inside of a word:
after "return " it writes a number, because only before a digit is a blank a token of its own. So
the prompt ends before the blank or the word, and the answer is to begin with it.

An engine that takes a grammar is told what the answer begins with. For any other engine, what the
model writes is compared with it, piece by piece.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from infill_ls.text.occurrences import occurrences

# Characters that longer operators are made of, and those that may stand before a value alone.
_OPERATORS: Final = frozenset("+-*/%=<>!&|^~?:.@")
_SIGNS: Final = frozenset("+-*&!~")
# Characters: more than the longest word that is left to the model, with what stands before it.
_REACH: Final = 40
_MARKS: Final = re.compile(r"\A\W+")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the model's answer is to begin with.

    ``text``: a blank, marks, or a word, which may have a blank or marks before it.
    ``before``: the character that the prompt ends with; empty if the prompt is empty.
    """

    text: str
    before: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether it is only a blank or a tab."""
        return self.text.isspace()

    @property
    def word(self) -> str:
        """The word alone, without the blank or marks before it; empty if there is no word."""
        return _MARKS.sub("", self.text, count=1)

    def rest(self, written: str, *, over: bool) -> str | None:
        """Return what the model has written after the beginning, or None if it began otherwise.

        ``written``: what it has written up to now. ``over``: whether it has finished. The result is
        empty as long as nobody can tell. A word must be there; a blank may be missing where the
        text means the same without it.
        """
        if written.startswith(self.text):
            return written[len(self.text) :]
        if self.is_blank:
            if written[:1] in (" ", "\t"):
                return written[1:]
            return None if written and _is_one(self.before + written[0]) else written
        return "" if self.text.startswith(written) and not over else None


def split(prefix: str, goes_with: str) -> tuple[str, Beginning | None]:
    """Split off the word, marks or blank at the end of the prefix; None if there is none.

    ``goes_with``: the character that the tokenizer joins to the word after it, as a regular
    expression (:class:`infill_ls.prompt.family.Family`). A word that ends with a digit stays in the
    prefix: for tokenizers, the digit or letter after it is a token of its own.
    """
    found = _ending(goes_with).search(prefix[-_REACH:])
    if not found or not found[0].isascii():
        return prefix, None
    kept = prefix[: len(prefix) - len(found[0])]
    return kept, Beginning(found[0], kept[-1:])


@lru_cache(maxsize=16)
def _ending(goes_with: str) -> re.Pattern[str]:
    word, marks = r"(?<!\w)\w{0,31}[^\W\d]", r" ?[^\w\s]{1,8}"
    return re.compile(rf"(?:(?:{goes_with})?{word}|{marks}|{goes_with})\Z")


def stands_in(text: str, word: str) -> bool:
    """Whether a text has this word, and not only inside a longer one."""
    return any(
        not re.search(r"\w", text[at - 1 : at] + text[at + len(word) : at + len(word) + 1])
        for at in occurrences(word, text)
    )


def _is_one(pair: str) -> bool:
    """Whether two characters form one word or one operator when no blank is between them."""
    before, behind = pair[:-1], pair[-1]
    if not before:
        return False
    if before in _OPERATORS and behind in _OPERATORS:
        return behind == before or behind not in _SIGNS or pair == "/*"
    return _is_word(before) and _is_word(behind)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
