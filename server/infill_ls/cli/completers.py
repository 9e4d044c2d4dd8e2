"""What a shell is told that may stand in place of an argument, by what is typed of it.

Each function takes what argcomplete gives: ``prefix``, what is typed so far, and ``parsed_args``,
the arguments before it.
"""

from __future__ import annotations

import os
from typing import Any

from infill_ls.folders import expanded
from infill_ls.settings import KEYS
from infill_ls.values import LANGUAGE_KEYS


def engines(**_: Any) -> list[str]:
    """Return the names of the engines."""
    return values_of("engine")


def editors(**_: Any) -> list[str]:
    """Return the names of the editors that can be set up."""
    from infill_ls.setup.editors import EDITORS

    return [editor.name for editor in EDITORS]


def weights(**_: Any) -> list[str]:
    """Return what can be fetched for the embedded engine; any other name is one of Ollama's."""
    from infill_ls.engines.embedded.weights import ALL

    return [one.short for one in ALL]


def keys(prefix: str, **_: Any) -> list[str]:
    """Return the keys of the settings; behind a language's id, those of a language."""
    first, _dot, rest = prefix.partition(".")
    if first == "languages" and "." in rest:
        language = rest.rpartition(".")[0]
        return [f"languages.{language}.{key}" for key in LANGUAGE_KEYS]
    return list(KEYS)


def values(parsed_args: Any, **_: Any) -> list[str]:
    """Return the values of the key that was named, if it has few."""
    key, *parts = str(getattr(parsed_args, "key", "")).split(".")
    return values_of(key, parts[-1] if len(parts) > 1 else "")


def values_of(key: str, part: str = "") -> list[str]:
    """Return the values of a key, or of a part of each language's, if there are few."""
    # Not at the head: it is made from all settings.
    from infill_ls.settings_schema import property_of

    if key not in KEYS:
        return []
    about = property_of(key)
    if part:
        about = about.get("additionalProperties", {}).get("properties", {}).get(part, {})
    if about.get("type") == "boolean":
        return ["true", "false"]
    if about.get("pattern") == "^auto$" or about.get("default") == "auto":
        return list(about.get("enum", ["auto"]))
    return list(about.get("enum", []))


def places(prefix: str, **_: Any) -> list[str]:
    """Return the files that ``FILE:LINE`` may begin with, and the folders on the way.

    The colon has the shell put no blank behind a file, where ``:LINE`` must follow.
    """
    folder, name = os.path.split(prefix)
    try:
        with os.scandir(expanded(folder) or os.curdir) as entries:
            found = sorted(
                (entry.name, entry.is_dir()) for entry in entries if entry.name.startswith(name)
            )
    except OSError:
        return []
    return [
        os.path.join(folder, one) + ("/" if is_folder else ":")
        for one, is_folder in found
        # As shells have it.
        if name or not one.startswith(".")
    ]
