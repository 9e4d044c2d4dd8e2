"""A bug report of the results, without anything that is the user's own. Pure.

Each result has a message of its own for this where the other has such names. Behind that, whatever
looks like a path, another machine, an address or a key is left out of all of them: engines quote
such things in their errors.
"""

from __future__ import annotations

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
    *("contextTokens", "keepAlive", "mode", "weightsFrom", "enabled", "log"),
)
# Characters. What is shorter stands in other words as well.
_SHORTEST: Final = 3
_URL: Final = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>()]+", re.IGNORECASE)
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
# A path from the root, from home or of Windows; up to what ends it, blanks within it included where
# a quote closes it.
_QUOTED_PATH: Final = re.compile(r"([\"'])(?:~?[/\\]|[A-Za-z]:[/\\])[^\"'\n]*\1")
_BARE_PATH: Final = re.compile(
    r"(?<![\w/<:])(?:~|\.{1,2})?/(?!v1\b|api/)[^\s\"'`,;:()\[\]]+"
    r"|(?<!\w)[A-Za-z]:[/\\][^\s\"'`,;()\[\]]*|\\\\[^\s\"'`,;()]+"
)
# A word without blanks that holds letters and digits for long: keys, hashes.
_LONG: Final = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{24,}(?![\w-])")
_NUMBERED: Final = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Own:
    """Words that are the user's own: his name, the machine's, his folders, keys and hosts."""

    words: tuple[str, ...] = ()


def text(
    checks: Sequence[Check], given: Given, program: Program, own: Own, packages: Iterable[str]
) -> str:
    """Return the report, in Markdown. ``packages``: names and versions of what is installed."""
    told = [
        f"{one.key} = {value_shown(one.value)} ({one.source.kind})" if one.key in _TOLD else one.key
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
    left = _URL.sub(_address, left)
    left = _MAIL.sub("…", left)
    left = _QUOTED_PATH.sub(r"\1PATH\1", left)
    left = _BARE_PATH.sub("PATH", left)
    left = _NUMBERED.sub(lambda found: found[0] if found[0] == _LOOPBACK else "HOST", left)
    return re.sub("…{2,}", "…", _LONG.sub("…", left))


def _is_worth_it(word: str) -> bool:
    return len(word) >= _SHORTEST


def _address(found: re.Match[str]) -> str:
    address = found[0]
    end = re.search(r"[.,;:]*$", address)
    mark = end[0] if end else ""
    try:
        near = is_loopback(address)
    except ValueError:
        near = False
    if near:
        port = re.search(r":(\d{1,5})(?=/|$)", address[len("http://") : len(address) - len(mark)])
        return f"http://{_LOOPBACK}{port[0] if port else ''}{mark}"
    return f"{address.partition('://')[0]}://HOST{mark}"
