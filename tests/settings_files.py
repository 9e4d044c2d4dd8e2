"""Write what is made from the settings' types: ``make schema``.

That is the JSON Schema in the wheel, the settings in the manifest of VS Code's extension, and the
table in docs/settings.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infill_ls.project.project_file import PROJECT_KEYS
from infill_ls.settings_schema import (
    MEANINGS,
    SHIPPED,
    VALUES,
    default_of,
    meaning,
    property_of,
    schema,
)

ROOT: Final = Path(__file__).parents[1]
MANIFEST: Final = ROOT / "editor-configs" / "vscode" / "package.json"
PAGE: Final = ROOT / "docs" / "settings.md"
# Of use in a shell alone.
_NOT_IN_EDITORS: Final = ("weightsFrom",)
_PROPERTIES: Final = re.compile(
    r'\n( *)"configuration": \{\s*"title": "infill-ls",\s*"properties": '
)
# A list of texts and numbers, one on a line.
_SHORT_LIST: Final = re.compile(r'\[\n(?:\s+(?:"(?:[^"\\]|\\.){0,40}"|[\w.+-]+),?\n)+\s*\](?=,?\n)')
# The table on the page, between its head and the next empty line.
_TABLE: Final = re.compile(
    r"(?<=\n\| key \| default \| what it means \|\n\|---\|---\|---\|\n).*?(?=\n\n)", re.S
)


def made() -> dict[Path, str]:
    """Return what each file has to be."""
    return {
        SHIPPED: written(schema()) + "\n",
        MANIFEST: manifest(MANIFEST.read_text("utf-8")),
        PAGE: page(PAGE.read_text("utf-8")),
    }


def manifest(text: str) -> str:
    """Return the manifest of VS Code's extension with the settings as they are now.

    What it has beside the server's settings stays before them, and all else as it is.
    """
    found = _PROPERTIES.search(text)
    assert found is not None
    before: Mapping[str, Any]
    before, end = json.JSONDecoder().raw_decode(text, found.end())
    own = {
        name: about
        for name, about in before.items()
        if name.removeprefix("infill-ls.") not in MEANINGS
    }
    keys = [key for key in MEANINGS if key not in _NOT_IN_EDITORS]
    properties = own | {
        f"infill-ls.{key}": in_vscode(key, order) for order, key in enumerate(keys, len(own) + 1)
    }
    block = written(properties)
    indent = found[1] + "  "
    return text[: found.end()] + block.replace("\n", f"\n{indent}") + text[end:]


def written(value: Any) -> str:
    """Return JSON as people write it: a list of texts or numbers on one line."""

    def on_one_line(found: re.Match[str]) -> str:
        return json.dumps(json.loads(found[0]), ensure_ascii=False)

    return _SHORT_LIST.sub(on_one_line, json.dumps(value, indent=2, ensure_ascii=False))


def in_vscode(key: str, order: int) -> dict[str, Any]:
    """Return what the manifest says of a key.

    A workspace's own settings may set what a project may set. A null says nothing, and VS Code
    wants a default of everything.
    """
    about = {**property_of(key)}
    del about["description"]
    if "default" not in about:
        about["type"] = [about["type"], "null"]
        about["default"] = None
    scope = "window" if key in _OF_WINDOWS else "machine"
    if key in VALUES:
        texts = list(VALUES[key].values())
        about["markdownEnumDescriptions"] = [text[0].upper() + text[1:] for text in texts]
    text = MEANINGS[key]
    markdown = "markdownDescription" if "`" in text else "description"
    return {"order": order, "scope": scope, **about, markdown: text}


# What a workspace's settings may set: what a project may, but for what VS Code would let them take
# back.
_OF_WINDOWS: Final = tuple(key for key in PROJECT_KEYS if key not in ("exclude", "languages"))


def page(text: str) -> str:
    """Return the page of the settings with the table as it is now."""
    rows = "\n".join(map(_row, MEANINGS))
    return _TABLE.sub(lambda _: rows, text)


def _row(key: str) -> str:
    default = default_of(key)
    shown = "" if default is None else f"`{json.dumps(default)}`"
    mark = " ●" if key in PROJECT_KEYS else ""
    return f"| `{key}`{mark} | {shown} | {meaning(key)}{_range(key)} |"


def _range(key: str) -> str:
    """Return what numbers a key allows, for the table."""
    about = property_of(key)
    if "minimum" not in about or key == "temperature":
        return ""
    return f" From {about['minimum']:,} to {about['maximum']:,}."


def main() -> None:
    """Write the files."""
    for path, text in made().items():
        path.write_text(text, "utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
