"""What models write that is no code: control tokens, unsafe characters, fences, prose.

And what was typed already, said again before they go on with it.
"""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from typing import Final

from infill_ls.prompt.control import make_whole
from infill_ls.prompt.families import UNMISTAKABLE
from infill_ls.prompt.table import ORDINARY
from infill_ls.text.brackets import Scan
from infill_ls.trim import leaked, unseen
from infill_ls.trim.lines import WORD
from infill_ls.trim.site import Draft, Site

# A control token that the stream breaks off inside of is dropped from this length on; shorter
# starts of one (<, <|) are operators in many languages.
_PARTIAL_TOKEN: Final = 5
_KNOWN_TOKENS: Final = (
    *("<|fim_middle|>", "<|endoftext|>", "<|EOT|>", "<file_sep>"),
    *(f"<fim{mark}{name}>" for mark in "_-" for name in ("prefix", "suffix", "middle", "pad")),
)
# Any other one that may still become a control token (UNMISTAKABLE).
_TOKEN_BEGUN: Final = re.compile(r"<(?:\|[A-Za-z0-9_-]{0,32}\|?|｜[^｜\n]{0,24}｜?)\Z")

_FENCE: Final = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_FENCE_BEGUN: Final = re.compile(r"^[ \t]*(?:`{1,2}|~{1,2})\Z", re.MULTILINE)
# How small instruct models begin when they explain instead of filling.
_OPENINGS: Final = (
    *("Here's", "Here is", "Here are", "Sure", "Certainly", "Of course", "In this", "Note that"),
    *(f"To {verb}" for verb in "complete fill fix solve implement".split()),
    *(f"This {word}" for word in "code function program solution method line will is".split()),
    *(f"The {word}" for word in "code function above following given missing completed".split()),
    *("The provided", "Please", "I have", "I will", "I am", "I can", "You can", "Explanation"),
)
# The look-ahead makes sure that the last word is over, so that more text can't change the verdict.
_PROSE: Final = re.compile(rf"(?:{'|'.join(_OPENINGS)})(?=\W)|\*\*[A-Z]")
_PROSE_BEGUN: Final = frozenset(
    opening[:length] for opening in (*_OPENINGS, "**") for length in range(len(opening) + 1)
)
_LONGEST_OPENING: Final = max(map(len, _PROSE_BEGUN))
_GAP: Final = re.compile(r"\n\n+")
# Words that no statement has twice at its start.
_HEADS: Final = frozenset(
    "return if elif else for while import from def class try except with const let var func fn "
    "function raise throw switch case match yield await assert del".split()
)
_LAST_WORD: Final = re.compile(r"(?<!\w)[A-Za-z_]\w{2,}\Z")
_TWO_LETTERS: Final = re.compile(r"(?<!\w)[A-Za-z_]\w\Z")
# A call whose arguments, or whose first text, begins at the cursor.
_CALL: Final = re.compile(r"[\w.]+\([\"'`]?\Z")
# Enough of a line to know it again: two words, or a name that is given a value. Of a list of
# values (0, 0,) the next is often the same.
_TELLING: Final = re.compile(r"(?![\d'\"])(?=.*[\s=])(?:.*[=(]|(?!.*,\Z))")


@lru_cache(maxsize=16)
def _token_pattern(control: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(set(control) - ORDINARY, key=len, reverse=True)
    return re.compile("|".join([*map(re.escape, longest_first), UNMISTAKABLE.pattern]))


@lru_cache(maxsize=16)
def _partial_tokens(control: tuple[str, ...]) -> tuple[frozenset[str], int, str]:
    """Return every start of a control token, the longest's length, and all first characters."""
    partial = frozenset(
        token[:length]
        for token in (*(set(control) - ORDINARY), *_KNOWN_TOKENS)
        for length in range(1, len(token))
    )
    return partial, max(map(len, partial)), "".join({token[0] for token in partial})


def _begun(text: str, control: tuple[str, ...]) -> int:
    """Return how many characters at a text's end may be the start of a control token."""
    partial, longest, firsts = _partial_tokens(control)
    tail = text[-longest:]
    for first in firsts:
        if first in tail:
            break
    else:
        return 0
    return next((size for size in range(len(tail), 0, -1) if tail[-size:] in partial), 0)


def without_control_tokens(draft: Draft, site: Site) -> Draft:
    """End at a control token of any family; hold back what may become one.

    Of ``a = 1<|endoftext|>`` the first five characters are kept.
    """
    text = draft.text
    token = _token_pattern(site.control).search(text)
    before = text[: token.start()] if token else text
    found = leaked.first(before, site, over=draft.final or token is not None)
    if found is not None and found[1]:
        return draft.end(found[0], "control token")
    if token is not None:
        return draft.end(token.start(), "control token")
    held = _begun(text, site.control)
    if draft.final:
        # It will not become one any more; was it meant as one?
        return draft.become(text[: len(text) - held] if held >= _PARTIAL_TOKEN else text)
    if begun := _TOKEN_BEGUN.search(text, max(0, len(text) - 36)):
        held = max(held, len(text) - begun.start())
    kept = len(text) - held
    return draft.hold(kept if found is None else min(kept, found[0]))


def with_whole_tokens(draft: Draft, site: Site) -> Draft:
    """Spell the user's own control tokens as he does, not as they were broken up for the model.

    Where the file has ``<|im_end|>``, the model reads and writes ``<| im_end|>`` for it.
    """
    if " " not in draft.text or not site.broken_up:
        return draft
    whole = make_whole(draft.text, site.broken_up, over=draft.final)
    return draft if whole == draft.text else draft.become(whole)


def without_unsafe_characters(draft: Draft, site: Site) -> Draft:
    """Stop before a character that nobody sees, or that turns the text around it.

    Leaving it out would change what its line means, so what stands before it in its line is of
    use only where another filter ends the fill there. One that the file has already is let through:
    a form feed between functions, a mark in a table of such marks.
    """
    text = draft.text
    start = text.rfind("\n") + 1
    start = start if site.having_read(_Visible, text[:start]).all_of_it else 0
    at = unseen.unsafe(text, site.before, start, lambda char: char in site.unseen_in_file)
    if at is None:
        return draft
    if not draft.final and unseen.may_belong(text, site.before, at):
        return draft.hold(at)
    return Draft(text[:at], unsafe_tail=True)


class _Visible:
    """Whether the lines of a fill have no character that nobody sees."""

    def __init__(self, _site: Site) -> None:
        self.all_of_it = True

    def copy(self) -> _Visible:
        """Return another one that goes on from here."""
        return copy(self)

    def read(self, lines: str) -> None:
        """Read whole lines."""
        self.all_of_it = self.all_of_it and unseen.is_visible(lines)


def out_of_fence(draft: Draft, site: Site) -> Draft:
    """Take the code out of a Markdown fence; end at a fence below the code.

    Of a line of three backticks, ``a = 1`` and three backticks again, ``a = 1`` is kept.
    """
    if site.prose:
        return draft
    text = draft.text
    if not draft.final:
        if "`" in text[-2:] or "~" in text[-2:]:
            begun = _FENCE_BEGUN.search(text)
            text = text[: begun.start()] if begun else text
        if not site.quote and _may_be_prose(text):
            return draft.hold(0)
    fence = _FENCE.search(text) if "```" in text or "~~~" in text else None
    prose = not site.quote and _PROSE.match(text.lstrip())
    if fence is None:
        # Prose is no code, but a fence with it may still come.
        return draft.hold(0) if prose and not draft.final else draft.hold(len(text))
    if not prose and text[: fence.start()].strip():
        return draft.end(fence.start(), "fence")
    inside = text[fence.start() :].partition("\n")[2]
    if not site.at_line_start:
        inside = inside.lstrip()
    if closing := _FENCE.search(inside):
        return Draft(inside[: closing.start()], "fence", final=True)
    return draft.become(inside)


def without_prose(draft: Draft, site: Site) -> Draft:
    """Refuse an explanation; end before one below the code.

    ``Here is the code`` is no fill, nor is what follows it.
    """
    if site.prose or site.quote:
        return draft
    text = draft.text
    if not draft.final and _may_be_prose(text):
        return draft.hold(0)
    if _PROSE.match(text.lstrip()):
        return draft.end(0, "prose")
    for gap in _GAP.finditer(text):
        if _PROSE.match(text, gap.end()) and not _opens_docstring(text[: gap.start()]):
            return draft.end(gap.start() + 1, "prose")
        if not draft.final and _may_be_prose(text[gap.end() :]):
            return draft.hold(gap.end())
    return draft


def _may_be_prose(text: str) -> bool:
    return len(text) < 80 and text.strip()[: _LONGEST_OPENING + 1] in _PROSE_BEGUN


def _opens_docstring(text: str) -> bool:
    return (text.count('"""') + text.count("'''")) % 2 == 1


def without_what_was_typed(draft: Draft, site: Site) -> Draft:
    """Drop the cursor's line, or the word before the cursor, where the model says it again.

    ``return █`` and ``return a`` make ``a``.
    """
    typed = site.typed
    if not typed or site.prose:
        return draft
    if len(typed) >= 3 and (typed in _HEADS or _TELLING.match(typed)):
        draft = _without_start(draft, typed)
    draft = _without_call(draft, site)
    if site.quote:
        return draft
    if (word := _LAST_WORD.search(site.before)) is not None:
        # Not if it says the word and no more: who types ha may want haha.
        return _without_start(draft, word[0], blanks=False)
    word = _TWO_LETTERS.search(site.before)
    return draft if word is None else _without_two_letters(draft, word[0], site)


def _without_call(draft: Draft, site: Site) -> Draft:
    """Drop the head of the call whose arguments are filled.

    ``print(█`` is no place for ``print(x)``, but for ``print(x))``.
    """
    text, call = draft.text, _CALL.search(site.before)
    if call is None or site.before.count(call[0]) > 1:
        return draft
    if len(text) < len(call[0]):
        return draft.hold(0) if call[0].startswith(text) and not draft.final else draft
    if not text.startswith(call[0]):
        return draft
    if not site.quote:
        line, newline, _ = text.partition("\n")
        if not newline and not draft.final:
            return draft.hold(0)
        scan = Scan(site.language, opened=site.outer).follow(line)
        if scan.closed or scan.stray is not None or len(scan.opened) > len(site.outer):
            return draft
    return draft.become(text[len(call[0]) :])


def _without_two_letters(draft: Draft, start: str, site: Site) -> Draft:
    """Drop two letters before the cursor that the model says again: ``de█`` and ``def``.

    Few words are made of the same two letters twice. Unless the file has such a word.
    """
    found = WORD.match(draft.text)
    if found is None:
        return draft
    word = found[0]
    if not draft.final and found.end() == len(draft.text):
        return draft.hold(0) if start.startswith(word) or word.startswith(start) else draft
    if not word.startswith(start) or word == start:
        return draft
    hole = site.hole
    known = any(start + word in text for text in (hole.whole_prefix, hole.whole_suffix))
    return draft if known else draft.become(draft.text[len(start) :])


def _without_start(draft: Draft, start: str, *, blanks: bool = True) -> Draft:
    text = draft.text
    while True:
        code = text.lstrip(" \t\n") if blanks else text
        if not draft.final and start.startswith(code):
            return draft.hold(0)
        if not code.startswith(start):
            return draft.become(text)
        text = code[len(start) :]
