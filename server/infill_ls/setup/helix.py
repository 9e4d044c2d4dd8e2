"""Put infill-ls into a user's ``languages.toml`` of Helix. Pure.

The file is edited as text, so that its comments and its order stay; what it then means is compared
with what it is to mean, and where that differs, the user is to edit it.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from infill_ls.setup.insertions import ByHand, Insertion, block, inserted

SERVER: Final = "infill-ls"
_LANGUAGE_HEADER: Final = re.compile(r"^[ \t]*\[\[[ \t]*language[ \t]*\]\][^\n]*\n?", re.MULTILINE)
_TABLE: Final = re.compile(r"^[ \t]*\[[^\n]*\][ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)
_SERVERS: Final = re.compile(r"^[ \t]*language-servers[ \t]*=[ \t]*\[", re.MULTILINE)


def merged(text: str, ours: str) -> list[Insertion]:
    """Return what is to be added to a ``languages.toml``: nothing if it has all of it already.

    A language that has servers there gets infill-ls before them; one that is there without gets
    them; others are added at the end. ``ours``: the file of ``editor-configs``. Raises
    :class:`ByHand` if the text is no TOML, or written in another way than is usual.
    """
    theirs = _read(text)
    wanted = _read(ours)
    headers = list(_LANGUAGE_HEADER.finditer(text))
    languages = theirs.get("language", [])
    if not isinstance(languages, list) or len(headers) != len(languages):
        raise ByHand("its languages are not written as [[language]]")
    _check_kinds(languages, theirs.get("language-server", {}))
    servers = {one["name"]: one["language-servers"] for one in wanted["language"]}
    added: list[Insertion] = []
    for header, language in zip(headers, languages, strict=True):
        name = language.get("name")
        if name in servers:
            added += _in_language(text, header.end(), language, servers[name])
    known = {one.get("name") for one in languages}
    rest = _without_languages(ours, known, server=SERVER not in theirs.get("language-server", {}))
    if rest:
        added.append(block(text, rest, "#", "helix"))
    _check(inserted(text, added)[0], theirs, wanted)
    return added


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ByHand(f"it is no valid TOML ({error})") from None


def _check_kinds(languages: list[Any], servers: Any) -> None:
    """Raise :class:`ByHand` unless what is looked into is of the kinds that Helix has there."""
    if not isinstance(servers, dict) or not isinstance(servers.get(SERVER, {}), dict):
        raise ByHand("its language-server is no table of tables")
    for language in languages:
        if not isinstance(language, dict) or not isinstance(language.get("name", ""), str):
            raise ByHand("the name of one of its languages is no text")
        has = language.get("language-servers", [])
        if not isinstance(has, list) or not all(isinstance(one, str | dict) for one in has):
            raise ByHand("language-servers of one of its languages is no list of servers")


def _in_language(
    text: str, start: int, language: dict[str, Any], servers: list[str]
) -> list[Insertion]:
    """Return what a ``[[language]]`` whose header ends at ``start`` gets."""
    has = language.get("language-servers")
    if has is None:
        quoted = ", ".join(f'"{name}"' for name in servers)
        gap = "" if text[:start].endswith("\n") else "\n"
        return [Insertion(start, f"{gap}language-servers = [{quoted}]\n")]
    if any(one == SERVER or (isinstance(one, dict) and one.get("name") == SERVER) for one in has):
        return []
    end = _TABLE.search(text, start)
    found = _SERVERS.search(text, start, end.start() if end else len(text))
    if not found:
        raise ByHand("its languages are not written as [[language]]")
    return [Insertion(found.end(), f'"{SERVER}"' + (", " if has else ""))]


def _without_languages(ours: str, known: set[str | None], *, server: bool) -> str:
    """Return our file without the languages that are there, and without the server if it is."""
    head, *tables = re.split(r"^(?=\[\[language\]\]$)", ours, flags=re.MULTILINE)
    tables = [table for table in tables if tomllib.loads(table)["language"][0]["name"] not in known]
    # The first line says what to do with the file by hand.
    head = head.partition("\n")[2] if server else ""
    return head + "".join(tables)


def _check(text: str, theirs: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise :class:`ByHand` unless a text means what was there with ours beside it."""
    try:
        now = _read(text)
    except ByHand:
        raise ByHand("it is written in an unusual way") from None
    without: list[dict[str, Any]] = []
    for language in now.pop("language"):
        own = next((o for o in wanted["language"] if o["name"] == language.get("name")), None)
        if own and SERVER not in str(language.get("language-servers")):
            raise ByHand("it is written in an unusual way")
        without.append({key: language[key] for key in language if key != "language-servers"})
    before = [
        {key: one[key] for key in one if key != "language-servers"}
        for one in theirs.get("language", [])
    ]
    servers = now.pop("language-server", {})
    same = {key: theirs[key] for key in theirs if key not in ("language", "language-server")}
    others = {key: servers[key] for key in servers if key != SERVER}
    before_servers = theirs.get("language-server", {})
    if (
        now != same
        or without[: len(before)] != before
        or SERVER not in servers
        or others != {key: before_servers[key] for key in before_servers if key != SERVER}
    ):
        raise ByHand("it is written in an unusual way")
