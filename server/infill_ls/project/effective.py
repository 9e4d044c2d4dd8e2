"""The settings as they count here: each key's value, spelled as the user does, and its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, Final

from infill_ls.project.project_file import ProjectFile
from infill_ls.project.rules import in_force
from infill_ls.settings import KEYS, Settings, Source
from infill_ls.user_file import line_of

_DEFAULT: Final = Source("default")
# What stands for the text of a header, which may be a key.
HIDDEN: Final = "…"


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting as it counts.

    ``value``: as JSON has it; None if it isn't set and has no default, and if ``is_wrong``: nobody
    knows what the user wants, and nothing is asked. The texts of ``headers``, which may be keys,
    are left out. ``line``: of the file, from 1; 0 if there is none.
    """

    key: str
    value: Any
    source: Source
    line: int = 0
    is_wrong: bool = False

    @property
    def is_default(self) -> bool:
        """Whether nobody has set it."""
        return self.source.kind == "default"


def effective(settings: Settings, files: Sequence[ProjectFile] = ()) -> list[Effective]:
    """Return every setting as it counts, in the order of :data:`infill_ls.settings.KEYS`.

    ``settings``: the user's. ``files``: of the project, from the outermost folder
    (:meth:`infill_ls.project.project_file.ProjectFiles.above`).
    """
    counts = in_force(settings, files, "")
    sources = dict(settings.sources)
    excluded = list(settings.exclude)
    for file in files:
        for key, value in file.values.items():
            if _counts(settings, key, value):
                sources[key] = Source("project", file.path)
        excluded += file.values.get("exclude", ())
    names = {item.metadata["key"]: item.name for item in fields(Settings) if "key" in item.metadata}
    found = []
    for key in KEYS:
        value = spelled(getattr(counts, names[key]))
        if key == "url":
            value = counts.engine_url
        elif key == "headers":
            value = dict.fromkeys(value, HIDDEN)
        elif key == "exclude":
            value = excluded
        elif key == "languages" and files:
            value = _languages(settings, files)
        wrong = key in settings.unknown
        source = sources.get(key, _DEFAULT)
        in_file = source.kind in ("file", "project") and source.place
        line = line_of(source.place, key) if in_file else 0
        found.append(Effective(key, None if wrong else value, source, line, wrong))
    return found


def _counts(settings: Settings, key: str, value: Any) -> bool:
    """Whether what a project says of a key counts."""
    if key in settings.unknown:
        return False
    if key == "enabled" and (value or not settings.enabled):
        # It turns nothing on, and what is off is off already.
        return False
    return key == "exclude" or key not in settings.fixed


def _languages(settings: Settings, files: Sequence[ProjectFile]) -> dict[str, Any]:
    """Return what is different in each language that the user or the project names."""
    all_languages = in_force(settings, files, "")
    names = dict.fromkeys(settings.languages)
    for file in files:
        names |= dict.fromkeys(file.values.get("languages", ()))
    found = {}
    for name in names:
        here = in_force(settings, files, name)
        fields = {"enabled": "enabled", "multiline": "multiline", "maxTokens": "max_tokens"}
        found[name] = {
            key: getattr(here, field)
            for key, field in fields.items()
            if getattr(here, field) != getattr(all_languages, field)
        }
    return found


def spelled(value: Any) -> Any:
    """Return a value as the user would write it, in the types of JSON."""
    if is_dataclass(value) and not isinstance(value, type):
        said = {_camel(name): spelled(one) for name, one in asdict(value).items()}
        return {name: one for name, one in said.items() if one is not None}
    if isinstance(value, Mapping):
        return {name: spelled(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [spelled(one) for one in value]
    return value


def _camel(name: str) -> str:
    """Return a field's name as a key: ``maxTokens`` for "max_tokens"."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
