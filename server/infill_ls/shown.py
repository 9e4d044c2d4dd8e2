"""Text that came from outside, made fit to be shown to people: on a terminal, in an editor, a log.

Engines, package indexes and files put words of theirs into messages. A terminal obeys some
characters, others turn the text around them, and an address may have a password in it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

# Regular expressions, compiled when the first message is shown and not when the server starts.
#
# C0 and C1 controls but for tab and line feed (ANSI sequences begin with one), Unicode's line ends
# and surrogates; what turns text around (Unicode Standard Annex 9); tags, fillers and spaces that
# nobody sees. Joiners and selectors are left alone: names of people and files are spelled with
# them.
_HARMFUL: Final = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\u00ad\u115f\u1160\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
# Characters in a row that are a quotation.
_QUOTATION: Final = 12
_LINE_ENDS: Final = r"[\t\n\r]+"
# Of an address: who asks, with a password that may have any mark in it; and what is asked for.
# Both are bounded, so that a text without an end of them costs no more.
_CREDENTIALS: Final = r"(?<=://)[^\s\"'<>]{1,256}@"
_QUERY: Final = r"(://[^\s?\"'<>]{1,256}\?)[^\s\"'<>]{1,2048}"


def without_controls(text: str) -> str:
    """Return a text with U+FFFD for what isn't to be seen and does something to the rest.

    Line feeds and tabs stay.
    """
    return re.sub(_HARMFUL, "\ufffd", text)


def plain(text: str) -> str:
    """Return a text as one line, without control characters, passwords, and queries of addresses.

    ``https://me:secret@host/path?key=1`` becomes ``https://…@host/path?…``. What Markdown would
    make a link of is none: VS Code makes one that runs a command in messages too.
    """
    line = without_controls(re.sub(_LINE_ENDS, " ", text)).replace("](", "] (")
    if "://" not in line:
        return line
    return re.sub(_QUERY, r"\1…", re.sub(_CREDENTIALS, "…@", line))


def without(text: str, quoted: str) -> str:
    """Return a text without what it quotes of another one, as it is or as JSON has it.

    Pieces that are shorter than 12 characters stay: any two texts have such in common.
    """
    spellings = (quoted, json.dumps(quoted), json.dumps(quoted, ensure_ascii=False), repr(quoted))
    kept, at = [], 0
    while at < len(text):
        end = at + _QUOTATION
        if end > len(text) or not any(text[at:end] in one for one in spellings):
            kept.append(text[at])
            at += 1
            continue
        while end < len(text) and any(text[at : end + 1] in one for one in spellings):
            end += 1
        kept.append("…")
        at = end
    return "".join(kept)


def quoted(value: Any) -> str:
    """Return a value as a message shows it: at most 60 characters."""
    # A value may be nested deeper, or a number be longer, than Python writes out.
    try:
        return f"{value!r:.60}"
    except (ValueError, RecursionError):
        return "something very long"
