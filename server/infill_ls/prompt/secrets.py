"""Keep lines that hold a private key or an access token out of prompts.

Each such line is replaced by an empty one, so that the number of lines stays. The same text gives
the same lines, wherever the prompt begins.

A token is found by how its issuer lets it begin; what a secret looks like without that (a password
in quotes, forty random characters) is not found. The shapes are those that gitleaks
(cmd/generate/config/rules), detect-secrets (plugins) and the issuers publish. Where a beginning is
distinctive, less has to follow here: a line that is hidden in vain costs little. Every repetition
has a limit, and every search a fixed beginning, so that the time is linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import accumulate
from typing import Final

from infill_ls.text.hole import Hole

# An empty line. The embedded engine's model goes on with whatever else stands there: it wrote
# nothing but "***" at 5 of 6 places below such a line, "<redacted>" at 4 and "..." at 3.
PLACEHOLDER: Final = ""
# Characters on either side within which the other end of a key's block is looked for. An RSA key of
# 16,384 bits has 12,700, OpenPGP's with several subkeys up to 25,000.
BLOCK_REACH: Final = 32 * 1024
# Characters of the cursor's line, on either side, in which a token is looked for. Files that nobody
# writes by hand have lines without end.
_LINE_REACH: Final = 8 * 1024
# Characters of a token that may be left when the rest is cut off by the prompt's edge.
_TOKEN_REACH: Final = 512

# No letter or digit before it, but for that of an escape (the n of "\n").
_APART: Final = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt]))"
# What documentation has in the place of a password.
_NO_PASSWORD: Final = (
    r"(?!(?i:(?:my|your)?[-_]?(?:password|passwd|pass|pwd|pw|secret|token)|changeme|example|guest"
    # A port, and the digest of an image.
    r"|postgres|\*+|x+|\.+|%s)@|\d{1,5}[@;]|[^@]*@sha256)"
)
# By the text that must be there for the pattern to be worth a search.
_TOKENS: Final[Mapping[str, str]] = {
    # AWS: access key ids, and the secret ones by their names.
    "AKIA": r"AKIA[A-Z0-9]{16}",
    "ASIA": r"(?<![A-Z0-9])ASIA[A-Z0-9]{16}(?![A-Z0-9])",
    "ABIA": r"(?<![A-Z0-9])ABIA[A-Z0-9]{16}(?![A-Z0-9])",
    "ACCA": r"(?<![A-Z0-9])ACCA[A-Z0-9]{16}(?![A-Z0-9])",
    "ecret_access_key": r"ecret_access_key[ \t\"':=>]{1,8}[A-Za-z0-9/+]{40}",
    "SECRET_ACCESS_KEY": r"SECRET_ACCESS_KEY[ \t\"':=>]{1,8}[A-Za-z0-9/+]{40}",
    "ecretAccessKey": r"ecretAccessKey[ \t\"':=>]{1,8}[A-Za-z0-9/+]{40}",
    # Google: API keys, OAuth secrets and access tokens.
    "AIza": r"AIza[\w-]{35}",
    "GOCSPX-": r"GOCSPX-[\w-]{28}",
    "ya29.": r"ya29\.(?=[\w-]*\d)[\w-]{20}",
    # Microsoft Azure: storage and service bus.
    "AccountKey=": r"AccountKey=[A-Za-z0-9/+]{40}",
    "SharedAccessKey=": r"SharedAccessKey=[A-Za-z0-9/+]{40}",
    # Where code lives.
    "ghp_": r"ghp_[A-Za-z0-9]{20}",
    "gho_": r"gho_[A-Za-z0-9]{20}",
    "ghu_": r"ghu_[A-Za-z0-9]{20}",
    "ghs_": r"ghs_[A-Za-z0-9]{20}",
    "ghr_": r"ghr_[A-Za-z0-9]{20}",
    "github_pat_": r"github_pat_(?=[A-Za-z0-9]{22}_)\w{22}",
    "glpat-": r"glpat-[\w-]{16}",
    "gldt-": r"gldt-[\w-]{20}",
    "glrt-": r"glrt-[\w-]{20}",
    "glptt-": r"glptt-[0-9a-f]{40}",
    "glcbt-": r"glcbt-\w{1,5}_[\w-]{20}",
    "glsoat-": r"glsoat-[\w-]{20}",
    # Where packages and models live.
    "npm_": r"npm_[A-Za-z0-9]{36}",
    "pypi-AgE": r"pypi-AgE[\w-]{50}",
    "hf_": r"hf_[A-Za-z0-9]{34}",
    "dckr_pat_": r"dckr_pat_[\w-]{27}",
    # Models to be asked.
    "sk-": _APART
    + r"sk-(?:[A-Za-z0-9]{32}|(?:ant|proj|or|svcacct|admin|None|live|test)-(?=[\w-]*\d)[\w-]{20})",
    "gsk_": r"gsk_[A-Za-z0-9]{40}",
    "xai-": _APART + r"xai-[A-Za-z0-9]{40}",
    "nvapi-": r"nvapi-[\w-]{40}",
    # Messages, mail, payment, shops.
    "xox": r"xox(?:[bpeoasr]|e\.xox[bp])-(?:\d{1,14}-[\w-]{10}|[A-Za-z0-9]{24})",
    "xapp-": r"xapp-\d-[A-Z0-9]{6,20}-\d{6,20}-",
    "hooks.slack.com/": r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w+/]{40}",
    "_live_": _APART + r"[sr]k_live_(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{10}",
    "sk_test_": r"sk_test_[A-Za-z0-9]{16}",
    "SG.": _APART + r"(?<!\.)SG\.(?=[\w-]*\d)[\w-]{16,32}\.[\w-]{16}",
    "SK": _APART + r"SK[0-9a-f]{32}(?![0-9A-Za-z])",
    "shp": r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    # Clouds and their tools.
    "dop_v1_": r"dop_v1_[0-9a-f]{64}",
    "hvs.": _APART + r"(?<!\.)hvs\.(?=[\w-]*\d)[\w-]{24}",
    ".atlasv1.": r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60}",
    "dapi": _APART + r"dapi[0-9a-f]{32}",
    "AGE-SECRET-KEY-1": r"AGE-SECRET-KEY-1[A-Z0-9]{58}",
    # JSON Web Tokens: two JSON objects and a signature.
    "eyJ": r"(?:(?<![\w-])|(?<=\\[nrt]))eyJ[\w-]{10,4000}\.eyJ[\w-]{10,4000}\.[\w-]{10}",
    # Passwords in addresses.
    "://": r"://[^\s/?#@:\"'`<>{}$()]{0,64}:"
    + _NO_PASSWORD
    + r"[^\s/?#@:\"'`<>{}$()]{3,256}@[\w\[]",
}

# RFC 7468, RFC 4880 (6.2, with BLOCK), RFC 4716 as ssh.com has it for private keys (four dashes).
_KEY: Final = "PRIVATE KEY"
_MARKER: Final = re.compile(
    r"-{4,5} ?(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?(?: ?-{4,5})?"
)
# Characters of a marker before and behind that, at the most.
_BEFORE_KEY: Final = 52
_BEHIND_KEY: Final = 12
# Behind the first marker: the end of its line, in the file or in a string.
_OPENS: Final = re.compile(r"[ \t]*(?:\n|\\|$)")
_LONG_RUN: Final = re.compile(r"[A-Za-z0-9+/]{24}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,3}|=[A-Za-z0-9+/]{4}")
_HEADER: Final = re.compile(r"[A-Z][A-Za-z0-9-]{2,20}: ")
# Around a line of a block in a string, a comment, a list or a sum of strings.
_AROUND: Final = " \t\r\"'`,+\\#/*|>;()&<-:"
# Characters, of a whole line of a block. Fewer may be a word of code.
_WHOLE_LINE: Final = 16
# Lines of a block that may be anything, where its markers stand alone in their lines.
_SHORT_BLOCK: Final = 8

# From one offset in a text to another.
_Span = tuple[int, int]


def stands_in(hole: Hole) -> bool:
    """Whether the cursor stands in a line that holds a secret, or in a key's block."""
    right = hole.right
    line = hole.line_before[-_LINE_REACH:] + right.partition("\n")[0][:_LINE_REACH]
    if next(_tokens(line), None) is not None:
        return True
    left, right = hole.prefix[-BLOCK_REACH:], right[:BLOCK_REACH]
    if _KEY not in left and _KEY not in right:
        return False
    start, end = left.rfind("\n") + 1, len(left) + len(right.partition("\n")[0])
    return any(first <= end and last >= start for first, last in _blocks(left + right))


def hidden(hole: Hole, prefix: str, suffix: str) -> tuple[str, str]:
    """Return the parts of a hole's whole prefix and suffix that are to be sent, without secrets.

    ``prefix``: the end of the hole's. ``suffix``: the beginning of the hole's. A line that holds
    a secret, or a part of one, becomes :data:`PLACEHOLDER`. What is cut off at the edges counts
    too.
    """
    whole = hole.whole_prefix
    start, end = len(whole) - len(prefix), len(suffix)
    above, below = whole[max(0, start - BLOCK_REACH) : start], hole.whole_suffix[end:]
    sent = prefix + suffix
    spans = list(_tokens_around(prefix, suffix, above[-_TOKEN_REACH:], below[:_TOKEN_REACH]))
    if _KEY in sent or _KEY in above or _KEY in below:
        spans += [
            (first - len(above), last - len(above))
            for first, last in _blocks(above + sent + below[:BLOCK_REACH])
        ]
    spans = [(first, last) for first, last in spans if last > 0 and first < len(sent)]
    if not spans:
        return prefix, suffix
    numbers = _line_numbers(sent, spans)
    cursor = prefix.count("\n")
    return _replaced(prefix, numbers, 0), _replaced(suffix, numbers, cursor)


def _tokens_around(prefix: str, suffix: str, above: str, below: str) -> Iterator[_Span]:
    """Yield where tokens begin and end, from the start of the prefix.

    While the user types, the lines above and below the cursor's stay as they are, so that they are
    searched once. A token is never longer than its line.
    """
    start = prefix.rfind("\n") + 1
    line = prefix[start:] + suffix.partition("\n")[0]
    rest = suffix[len(line) - (len(prefix) - start) :]
    # Where the cursor's line is the first or the last one, it may be cut off.
    line = line + below if not rest else line
    parts = [(rest + below, start + len(line))]
    if start:
        parts += [(above + prefix[:start], -len(above)), (line, start)]
    else:
        parts += [(above + line, -len(above))]
    for text, offset in parts:
        for first, last in _all_tokens(text):
            yield first + offset, last + offset


@lru_cache(maxsize=8)
def _all_tokens(text: str) -> tuple[_Span, ...]:
    return tuple(_tokens(text))


def _line_numbers(text: str, spans: Sequence[_Span]) -> set[int]:
    """Return the numbers, from 0, of the lines that have a part of a span."""
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))][:-1]
    return {
        number
        for first, last in spans
        for number in range(
            bisect_right(starts, max(first, 0)) - 1, bisect_right(starts, max(last - 1, 0))
        )
    }


def _replaced(text: str, numbers: set[int], first: int) -> str:
    """Return a text with these lines replaced. ``first``: the number of its first line."""
    lines = text.split("\n")
    return "\n".join(
        PLACEHOLDER if number in numbers else line for number, line in enumerate(lines, first)
    )


def _tokens(text: str) -> Iterator[_Span]:
    """Yield where tokens begin and end, as far as they are needed to tell them."""
    for sign in _TOKENS:
        if sign in text:
            for found in _pattern(sign).finditer(text):
                yield found.span()


@cache
def _pattern(sign: str) -> re.Pattern[str]:
    # Most are never needed, and all together take 20 ms to compile.
    return re.compile(_TOKENS[sign])


def _blocks(text: str) -> Iterator[_Span]:
    """Yield where private keys begin and end; the text may begin or end inside of one."""
    markers = list(_markers(text))
    for number, marker in enumerate(markers):
        begins = marker[1] == "BEGIN"
        other = markers[number + 1] if number + 1 < len(markers) else None
        if begins and other is not None and other[1] == "END":
            if _is_key(text[marker.end() : other.start()][:BLOCK_REACH]):
                yield marker.start(), other.end()
        elif begins:
            limit = marker.end() + BLOCK_REACH if other is None else other.start()
            end = marker.end() + _unclosed(text[marker.end() : limit])
            if end > marker.end():
                yield marker.start(), end
        elif number == 0 or markers[number - 1][1] == "END":
            after = markers[number - 1].end() if number else 0
            limit = max(after, marker.start() - BLOCK_REACH)
            above = text[limit : text.rfind("\n", 0, marker.start()) + 1]
            lines = _body(list(reversed(above.split("\n")[:-1])))
            if lines:
                yield marker.start() - sum(len(line) + 1 for line in lines), marker.end()


def _markers(text: str) -> Iterator[re.Match[str]]:
    """Yield the markers of keys; most texts that name keys have few."""
    start, at = 0, text.find(_KEY)
    while at >= 0:
        end = at + len(_KEY)
        found = _MARKER.search(text, max(start, at - _BEFORE_KEY), end + _BEHIND_KEY)
        if found is not None:
            yield found
        start, at = end, text.find(_KEY, end)


def _is_key(between: str) -> bool:
    """Whether a key stands between the markers: code has these too, to find or to make keys."""
    opens = _OPENS.match(between) is not None
    lines = [line for line in between.split("\n")[1:-1] if line.strip()]
    if not lines:
        return opens or _LONG_RUN.search(between) is not None
    body = sum(map(_is_body, lines[:-1])) + (_bare(lines[-1]) is not None)
    return 2 * body >= len(lines) or (opens and len(lines) <= _SHORT_BLOCK)


def _unclosed(text: str) -> int:
    """Return how much of a text behind the first marker is a key whose last marker is missing."""
    first, *lines = text.split("\n")
    body = _body(lines)
    if body and (_OPENS.match(text) is not None or any(map(_RUN.search, body[:3]))):
        return len(first) + sum(len(line) + 1 for line in body)
    return len(first) if _LONG_RUN.search(first) else 0


def _body(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines of a key that others begin with; its last one may be short."""
    whole = 0
    for number, line in enumerate(lines):
        if _is_body(line):
            whole = number + 1
        elif line.strip():
            # Upwards the short one comes first.
            short = whole == number and _bare(line) is not None
            if not short or (number and not _is_body(lines[number - 1])):
                break
            whole = number + 1
    return lines[:whole] if any(map(_is_body, lines[:whole])) else ()


# Of a key's text, with code of any language around it: a call, a sign that joins, a time.
_RUN: Final = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")


def _is_body(line: str) -> bool:
    """Whether this is a whole line of a key, or one of its headers."""
    if _RUN.search(line):
        return True
    bare = _bare(line)
    return len(bare) >= _WHOLE_LINE if bare is not None else _HEADER.match(line.strip()) is not None


def _bare(line: str) -> str | None:
    """Return a line of a key as it is in the file of the key; None if it is none."""
    bare = line.replace("\\n", "").replace("\\r", "").strip(_AROUND)
    return bare if _BASE64.fullmatch(bare) else None
