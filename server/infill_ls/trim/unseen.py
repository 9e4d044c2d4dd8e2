"""Characters that nobody sees, or that turn the text around them.

Accepted with a fill they stay in the file unseen, and some of them make code do something else
than it seems to (CVE-2021-42574, and names that look the same and aren't).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

# Unicode's property Default_Ignorable_Code_Point: "nothing is to be seen of it, even where a font
# lacks it". From DerivedCoreProperties.txt of Unicode 17.0; 14.0 has the same.
DEFAULT_IGNORABLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# C0 and C1 controls but for tab and line feed, Unicode's own line ends, surrogates.
_CONTROLS: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_UNSAFE: Final = re.compile(f"[{_CONTROLS}{DEFAULT_IGNORABLE}]")

_NON_JOINER: Final = "\u200c"
_JOINER: Final = "\u200d"
_KEYCAP: Final = "\u20e3"
# Blocks of the scripts whose letters take another shape at a joiner or a non-joiner: from Arabic
# to Myanmar, Khmer and Mongolian (Unicode Standard Annex 31, 2.3).
_JOINING_SCRIPTS: Final = re.compile("[\u0600-\u109f\u1780-\u18af]")
_MONGOLIAN: Final = re.compile("[\u1820-\u18aa]")
# The only flags that are spelled with tags (Unicode Technical Standard 51, ED-27): those of
# England, Scotland and Wales. Other tags may be any text.
_FLAG: Final = "\U0001f3f4"
_FLAGS: Final = tuple(
    _FLAG + "".join(chr(0xE0000 + ord(char)) for char in name) + "\U000e007f"
    for name in ("gbeng", "gbsct", "gbwls")
)
# What begins an emoji, or ends one before a joiner: pictures, skin tones, the selector.
_PICTURES: Final = frozenset({"So", "Sk", "Sm"})
_EMOJI_LETTERS: Final = frozenset("ℹ")


def is_visible(text: str) -> bool:
    """Whether a text has none of these characters, wherever they would be ordinary."""
    return _UNSAFE.search(text) is None


def in_use(*texts: str) -> frozenset[str]:
    """Return those of these characters that texts have already.

    Lone surrogates are left out: no encoding has them, so that no file can.
    """
    return frozenset(char for text in texts for char in _UNSAFE.findall(text) if _exists(char))


def unsafe(
    text: str, before: str = "", start: int = 0, known: Callable[[str], bool] = lambda char: False
) -> int | None:
    """Return where the first unsafe character stands in a text; None if there is none.

    ``before``: what stands left of the text. ``start``: where to begin to look for it. ``known``:
    whether the file has a character already, so that another one is nothing new; asked only where
    it matters.

    Characters that nobody sees are ordinary where they belong to one that is seen: a selector
    after an emoji, a sign or an ideograph, a joiner between two emoji, joiners between letters of
    the scripts that have them. Between letters of code they aren't.
    """
    for found in _UNSAFE.finditer(text, start):
        at = found.start()
        left = text[at - 1] if at else before[-1:]
        if not left or not _belongs(found[0], left, text[at + 1 : at + 2]):
            flag = _flag_around(text, at)
            is_flag = flag is not None and text.startswith(_FLAGS, flag)
            if not is_flag and not known(found[0]):
                return at
    return None


def may_belong(text: str, before: str, at: int) -> bool:
    """Whether an unsafe character at a text's end may be an ordinary one with what follows it."""
    flag = _flag_around(text, at)
    if flag is not None:
        return any(one.startswith(text[flag:]) for one in _FLAGS)
    if at + 1 < len(text):
        return False
    left = text[at - 1] if at else before[-1:]
    if not left:
        return False
    char = text[at]
    if char in (_JOINER, _NON_JOINER):
        return _is_picture(left) or _JOINING_SCRIPTS.match(left) is not None
    return char == "\ufe0f" and left in "0123456789#*"


def _belongs(char: str, left: str, right: str) -> bool:
    """Whether an unseen character belongs to those that are seen on either side of it."""
    if char in (_JOINER, _NON_JOINER):
        if not right:
            return False
        if char == _JOINER and _is_picture(left):
            return _is_picture(right)
        return _is_joining(left) and _is_joining(right)
    if "\ufe00" <= char <= "\ufe0f":
        if left in "0123456789#*":
            return right == _KEYCAP
        return left in _EMOJI_LETTERS or (left > "\x7f" and _takes_selector(left))
    if "\U000e0100" <= char <= "\U000e01ef":
        return _is_ideograph(left)
    if "\u180b" <= char <= "\u180f" and char != "\u180e":
        return _MONGOLIAN.match(left) is not None
    return False


def _exists(char: str) -> bool:
    """Whether a character is more than half of one."""
    return not "\ud800" <= char <= "\udfff"


def _flag_around(text: str, at: int) -> int | None:
    """Return where the flag begins whose tags may stand here; None if there is none."""
    start = text.rfind(_FLAG, max(0, at - len(_FLAGS[0]) + 1), at)
    return start if start >= 0 else None


def _is_picture(char: str) -> bool:
    return char == "\ufe0f" or (
        char > "\x7f" and (unicodedata.category(char) in _PICTURES or char in _EMOJI_LETTERS)
    )


def _is_joining(char: str) -> bool:
    return _JOINING_SCRIPTS.match(char) is not None and unicodedata.category(char)[0] in "LM"


def _takes_selector(char: str) -> bool:
    """Whether there may be a variant of this character; no selector has one itself."""
    return unicodedata.category(char)[0] in "SP" or _is_ideograph(char)


def _is_ideograph(char: str) -> bool:
    return unicodedata.name(char, "").startswith("CJK ")
