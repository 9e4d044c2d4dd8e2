"""Which editors spoke to the server last. Pure; kept in a file by :mod:`infill_ls.visits_file`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

# Editors that are kept, the ones that came last.
VISITS_KEPT: Final = 5
# Characters of a text in it; they are the editor's words.
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Visit:
    """An editor's last visit.

    ``at``: s since 1970. ``server``: the version of infill-ls that it spoke to. ``ghost_text``: it
    asks for inline completions, else for a menu's items. ``status`` and ``progress``: it shows what
    the server is doing. ``settings``: it can be asked for its settings. ``encoding``: in which
    positions are counted.
    """

    editor: str
    version: str = ""
    at: int = 0
    server: str = ""
    ghost_text: bool = False
    status: bool = False
    progress: bool = False
    settings: bool = False
    encoding: str = ""


def joined(visit: Visit, earlier: Sequence[Visit]) -> list[Visit]:
    """Return the visits with a new one in place of the same editor's earlier one, newest first."""
    others = [one for one in earlier if one.editor != visit.editor[:_LONGEST]]
    return [visit, *others][:VISITS_KEPT]


def dumped(visits: Sequence[Visit]) -> str:
    """Return visits as a file has them."""
    return json.dumps([asdict(one) for one in visits], indent=1)


def read(content: str) -> list[Visit]:
    """Return the visits that a file has; none of what makes no sense in it."""
    try:
        kept = json.loads(content)
    except (ValueError, RecursionError):
        return []
    entries = kept if isinstance(kept, list) else []
    found = [visit for entry in entries if (visit := _visit(entry)) is not None]
    return found[:VISITS_KEPT]


def _visit(entry: Any) -> Visit | None:
    """Return the visit of an entry of the file; None if it is none."""
    kinds = {item.name: type(item.default) for item in fields(Visit)} | {"editor": str}
    if not isinstance(entry, dict):
        return None
    said: dict[str, Any] = {
        name: value for name, value in entry.items() if type(value) is kinds.get(name)
    }
    if "editor" not in said:
        return None
    for name, value in said.items():
        if isinstance(value, str):
            said[name] = value[:_LONGEST]
    return Visit(**said)
