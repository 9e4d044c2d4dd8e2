"""The end of the prefix that is left to the model: what its answer is to begin with.

In tokenizers a word goes with the blank before it (" sorted" is one token), and in many with a
mark (".value"). A prompt that ends with such a blank, or inside of a word, is one that the model
has hardly ever seen: after "return " it writes a number, for only before a digit does a blank
stand by itself. So the prompt ends before it, and the answer is to begin with it.

An engine that takes a grammar is told so. Of any other one what it writes is compared, piece by
piece, with what stands before the cursor already.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# Of which longer operators are made; the second ones also stand before a single value.
_OPERATORS: Final = frozenset("+-*/%=<>!&|^~?:.@")
_SIGNS: Final = frozenset("+-*&!~")
# Characters: more than the longest word that is left to the model, with what stands before it.
_REACH: Final = 40
_MARKS: Final = re.compile(r"\A\W+")


@dataclass(frozen=True, slots=True)
class Beginning:
    """``text``: what the answer is to begin with: a blank, marks, or a word with one of both.

    ``before``: the character that the prompt ends with; empty if the file begins here.
    """

    text: str
    before: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether it is a blank or a tab by itself."""
        return self.text.isspace()

    @property
    def word(self) -> str:
        """The word without what goes with it; empty for a blank or marks."""
        return _MARKS.sub("", self.text, count=1)

    def rest(self, written: str, *, over: bool) -> str | None:
        """What is written behind the beginning; None if something else was written.

        Empty as long as nobody can tell. ``over``: no more will be written. A word has to be
        there. A blank need not, where what is written stands by itself without one.
        """
        if written.startswith(self.text):
            return written[len(self.text) :]
        if self.is_blank:
            if written[:1] in (" ", "\t"):
                return written[1:]
            return None if written and _is_one(self.before + written[0]) else written
        return "" if self.text.startswith(written) and not over else None


def split(prefix: str, goes_with: str) -> tuple[str, Beginning | None]:
    """The prefix without the word, marks or blank that it ends with, and that.

    ``goes_with``: regular expression for the character before a word that the tokenizer makes one
    with it (:class:`infill_ls.prompt.family.Family`). A word that ends with a digit is left where
    it is: in tokenizers the next digit, or letter, is a token of its own.
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
    """Whether a text has this word, and not only as a part of a longer one."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _is_one(pair: str) -> bool:
    """Whether two characters belong to one word or one operator when no blank is between them."""
    before, behind = pair[:-1], pair[-1]
    if not before:
        return False
    if before in _OPERATORS and behind in _OPERATORS:
        return behind == before or behind not in _SIGNS or pair == "/*"
    return _is_word(before) and _is_word(behind)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
