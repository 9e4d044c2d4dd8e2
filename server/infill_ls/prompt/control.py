"""Break up texts that spell a control token in a prompt, and restore them in the answer.

Engines read raw prompts with control tokens enabled: a ``<|fim_suffix|>`` in the user's own file
(a tokenizer's source, for instance) would end the prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

_GENERIC: Final = (r"<\|[A-Za-z][A-Za-z0-9_-]{1,31}\|>", r"<｜[^｜\n<\[]{2,24}｜>")
_GENERIC_STARTS: Final = ("<|", "<｜")


@lru_cache(maxsize=16)
def _pattern(control: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join([*_by_first(control), *_GENERIC]))


def _by_first(texts: Iterable[str]) -> list[str]:
    """Return a regular expression for each first character of texts, for all that begin with it.

    The longest text that stands somewhere is found. What several begin with is looked at once:
    some tokenizers have hundreds, and each ``<`` of a page of HTML would be compared with all.
    """
    rests: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        rests.setdefault(text[0], []).append(text[1:])
    return [re.escape(first) + _one_of(rest) for first, rest in rests.items()]


def _one_of(rests: list[str]) -> str:
    longer = _by_first(filter(None, rests))
    together = f"(?:{'|'.join(longer)})" if longer else ""
    return f"{together}?" if together and "" in rests else together


@lru_cache(maxsize=16)
def _starts(control: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*_GENERIC_STARTS, *(token[:3] for token in control))))


def _broken(token: str) -> str:
    return f"{token[0]} {token[1:]}"


def break_up(text: str, control: tuple[str, ...]) -> str:
    """Return the text with a blank after the first character of each control token in it."""
    return _pattern(control).sub(lambda found: _broken(found[0]), text)


def broken_up(control: tuple[str, ...], *texts: str) -> Mapping[str, str]:
    """Return the control tokens in the texts, each by what :func:`break_up` makes of it.

    A token is left out if a text also has its broken form: then nobody can tell which of the two
    the model copies.
    """
    starts = _starts(control)
    tokens = {
        found[0]
        for text in texts
        # Few files have any, and to look for all of them takes milliseconds in a large one.
        if any(start in text for start in starts)
        for found in _pattern(control).finditer(text)
    }
    return {
        _broken(token): token
        for token in sorted(tokens)
        if not any(_broken(token) in text for text in texts)
    }


def make_whole(text: str, broken: Mapping[str, str], *, over: bool) -> str:
    """Return the text with the tokens whole again.

    ``broken``: what :func:`broken_up` returned. ``over``: whether the model has finished; until
    then, an end that may become a broken token is held back.
    """
    for spelled, token in broken.items():
        text = text.replace(spelled, token)
    if over:
        return text
    # The first character is the same in both.
    held = max(
        (
            size - 1
            for spelled in broken
            for size in range(2, len(spelled))
            if text.endswith(spelled[:size])
        ),
        default=0,
    )
    return text[: len(text) - held]
