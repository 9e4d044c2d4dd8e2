"""A bug report of the results, without anything that is the user's own. Pure.

Each result has a message of its own for this where the other has such names. Behind that, whatever
looks like a path, another machine, an address or a key is left out of all of them: engines quote
such things in their errors.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from infill_ls.diagnosis.check import Check
from infill_ls.diagnosis.facts import Given, Program, value_shown
from infill_ls.shown import plain
from infill_ls.values import is_loopback

# Settings whose values have nothing of the user's own: numbers, switches, words of a closed list.
_TOLD: Final = (
    *("engine", "maxTokens", "multiline", "temperature", "debounceMs", "latencyMs"),
    *("contextTokens", "keepAlive", "mode", "weightsFrom", "enabled", "log", "eagerness"),
)
# Characters. What is shorter stands in other words as well.
_SHORTEST: Final = 3
_LOOPBACK: Final = "127.0.0.1"
# What may be the user's own, by its form; the first one counts. A relative path looks like any
# words with a slash between them, and a file or another machine like any with dots, so that all
# are left out but those that are known to be ours. Each begins at the start of a word, so that a
# long one costs no more.
_FORMS: Final = re.compile(
    r"""
    (?P<url>(?<![\w+.-])[a-z][a-z0-9+.-]*://[^\s"'<>()]+)
    # To write to, or to log in to; the latter with a path there.
    | (?P<mail>(?<![\w.+-])[\w.+-]+@[\w.-]+(?::[^\s"'`]+)?)
    # Blanks are part of a path where a quote closes it.
    | (?P<quoted>(?<!\w)(?P<quote>["'])[^"'\n]*?(?:[/\\]|%2f|%5c)[^"'\n]*(?P=quote)(?!\w))
    | (?P<path>
        (?<![^\s"'`,;:()\[\]<>…=])(?:[a-z]:)?[^\s"'`,;:()\[\]<>…]*(?:[/\\]|%2f|%5c)[^\s"'`,;:()\[\]<>…]*)
    | (?P<v6>(?<![\w:.])\[?(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15}(?:%\w+)?(?:\](?::\d+)?)?)
    # A machine and its port. A model's tag is no number.
    | (?P<served>(?<![\w.-])\w[\w.-]*:\d{1,5}(?![.-]?\w)(?:/[^\s"'`,;()]*)?)
    | (?P<v4>\b(?:\d{1,3}\.){3}\d{1,3}\b)
    # Versions, and the sizes of models, begin with a digit behind each dot.
    | (?P<dotted>(?<![\w.-])\.*\w[\w-]*(?:\.[\w-]+)*\.[a-z][a-z0-9]*(?![\w-]))
    # A word without blanks that holds letters and digits for long: keys, hashes.
    | (?P<long>(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{24,}(?![\w-]))
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Words with slashes or dots in messages of our own.
_OURS: Final = re.compile(
    r"/|(?:tokens|characters|[kmg]?b)/s|and/or|/v1(?:/[a-z]+)*|/api/[a-z]+|e\.g|i\.e"
    r"|llama\.cpp|config\.toml|\.infill-ls\.toml|infill-ls\.explain",
    re.IGNORECASE,
)
_LEFT_OUT: Final = {"mail": "…", "path": "PATH", "dotted": "NAME", "long": "…"}


@dataclass(frozen=True, slots=True)
class Own:
    """Words that are the user's own: his name, the machine's, his folders, keys and hosts."""

    words: tuple[str, ...] = ()


def text(
    checks: Sequence[Check], given: Given, program: Program, own: Own, packages: Iterable[str]
) -> str:
    """Return the report, in Markdown. ``packages``: names and versions of what is installed."""
    told = [
        without_own(f"{one.key} = {value_shown(one.value)} ({one.source.kind})", own)
        if one.key in _TOLD
        else one.key
        for one in given.said
    ]
    lines = [
        "<!-- Made by `infill-ls doctor --report`. It is meant to have no code, path, key, or name",
        "of yours or your machine's; please read it before you send it. -->",
        "",
        "**What happened?**",
        "",
        "**What should have happened?**",
        "",
        "**Versions**",
        "",
        f"- infill-ls {program.version}, Python {program.python}, {program.system}",
        *(f"- {one}" for one in packages),
        "",
        "**Settings**",
        "",
        *([f"- {one}" for one in told] or ["- all defaults"]),
        "",
        "**infill-ls doctor**",
        "",
        *(_line(check, own) for check in checks),
        "",
    ]
    return "\n".join(lines)


def _line(check: Check, own: Own) -> str:
    message = check.message if check.public is None else check.public
    return f"- {check.status} {check.name}: {without_own(message, own)}"


def without_own(message: str, own: Own) -> str:
    """Return a message without the user's own words, addresses, paths and keys."""
    # Paths with blanks in them are known only as they are; the longest first, as others are in it.
    words = sorted(filter(_is_worth_it, own.words), key=len, reverse=True)
    left = plain(message)
    for word in words:
        left = re.sub(re.escape(word), "…", left, flags=re.IGNORECASE)
    return re.sub("…{2,}", "…", _FORMS.sub(_without, left))


def _is_worth_it(word: str) -> bool:
    return len(word) >= _SHORTEST


def _without(found: re.Match[str]) -> str:
    """Return what stands in the report for what has one of the forms."""
    form, whole = str(found.lastgroup), found[0]
    # What ends a sentence is no part of it.
    text = whole.rstrip(".,;:!?")
    end = whole[len(text) :]
    if _OURS.fullmatch(text) or not text:
        return whole
    match form:
        case "url":
            return _address(text) + end
        case "quoted":
            return f"{found['quote']}PATH{found['quote']}"
        case "v6":
            return whole if not (address := _version_6(text)) else address + end
        case "served" | "v4":
            near = text.partition(":")[0] in (_LOOPBACK, "localhost")
            return whole if near else f"HOST{end}"
    return _LEFT_OUT[form] + end


def _address(url: str) -> str:
    try:
        near = is_loopback(url)
    except ValueError:
        near = False
    if near:
        port = re.search(r":(\d{1,5})(?=/|$)", url[len("http://") :])
        return f"http://{_LOOPBACK}{port[0] if port else ''}"
    return f"{url.partition('://')[0]}://HOST"


def _version_6(text: str) -> str:
    """Return what stands for an address of IPv6; empty for what is none, as a time."""
    number = re.sub(r"^\[|\].*$|%.*$", "", text)
    try:
        return text if ipaddress.IPv6Address(number).is_loopback else "HOST"
    except ValueError:
        return ""
