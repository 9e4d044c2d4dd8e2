"""What counts for a document: the user's settings, and those of the project that it is in.

Precedence: command line and environment, project, editor, the user's file, defaults. A project may
restrict, not take back: what it excludes comes on top of what the user does, it turns nothing on,
and a language of its own gets no longer fills than the user allows.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from infill_ls.project.exclusions import Exclusions
from infill_ls.project.project_file import ProjectFile, ProjectFiles, shown
from infill_ls.settings import Settings
from infill_ls.text.hole import LONE_SURROGATE
from infill_ls.values import LanguageSettings

# Documents that the rules are kept of. Editors have some dozen open.
_KEPT: Final = 100
# A project's keys that are fields of the settings as they are.
_OF_PROJECTS: Final = {
    **{key: key for key in ("enabled", "multiline", "eagerness")},
    "debounceMs": "debounce_ms",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts for a document.

    ``settings``: those in force. ``excluded``: the pattern that excludes the document, with its
    file if that is a project's; empty if none does.
    """

    settings: Settings
    excluded: str = ""

    @property
    def allow(self) -> bool:
        """Whether anything is done for the document without being asked for by hand."""
        return self.settings.enabled and not self.excluded


class Rulebook:
    """Tells what counts for each document, by the project's files as they are now.

    ``tell`` shows the user what is wrong with one of those.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._files = ProjectFiles(tell)
        self._exclusions = Exclusions()
        # As they are given or without links, each with what it is without them.
        self._folders: dict[str, str] = {}
        self._kept: OrderedDict[tuple[str, str], tuple[Any, Rules]] = OrderedDict()

    def use(self, exclude: Sequence[str], folders: Sequence[str]) -> None:
        """Take the user's patterns, and the folders that are worked in, as absolute paths."""
        self._exclusions = Exclusions(exclude, folders)
        self._folders = {os.path.abspath(one): os.path.realpath(one) for one in folders}
        self._folders |= {real: real for real in self._folders.values()}
        self._kept.clear()

    def rules_for(self, path: str, language: str, settings: Settings, name: str = "") -> Rules:
        """Return what counts for a document now.

        ``path``: of its file, absolute; empty if it has none, or one elsewhere; then ``name`` is
        what it is called. ``settings``: the user's. Raises
        nothing. Where nothing has changed since, this costs 65 µs for a file six folders deep,
        26 of them for the links on the way and 30 for a ``stat`` in each folder.
        """
        path = _valid(path)
        places = self._places(path) if path else ()
        files = [
            (place, file)
            for place, folder in places
            if folder
            for file in self._files.above(place, folder)
        ]
        # Files are the same objects until they change.
        since = (settings, places, tuple(file for _, file in files))
        kept = self._kept.get((path or name, language))
        if kept is not None and kept[0] == since:
            return kept[1]
        excluded = self._exclusions.pattern_for(path, language, name) or _excluded(files)
        counting = list(dict.fromkeys(file for _, file in files))
        rules = Rules(in_force(settings, counting, language), excluded)
        self._kept[path or name, language] = since, rules
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return rules

    def _places(self, path: str) -> tuple[tuple[str, str], ...]:
        """Return where a file is, by its name and by what its links point to.

        Each with the workspace's folder that it is in, empty if in none; of folders in each other
        the outer one, which is worked in too. The way to the folder itself may have links.
        """
        found: dict[tuple[str, str], None] = {}
        for one in (os.path.abspath(path), os.path.realpath(path)):
            inside = [above for above in self._folders if _is_in(one, above)]
            if inside:
                outer = min(inside, key=len)
                real = self._folders[outer]
                found[os.path.join(real, os.path.relpath(one, outer)), real] = None
            else:
                found[one, ""] = None
        return tuple(found)


def _is_in(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def _valid(path: str) -> str:
    """Return a path that the system takes, be it that of no file: editors send any URI."""
    return LONE_SURROGATE.sub("\ufffd", path.replace("\0", "\ufffd"))


def _excluded(files: Sequence[tuple[str, ProjectFile]]) -> str:
    """Return the pattern of a project by which one of the places is excluded, and its file.

    Each file is judged alone, so that what one takes back is its own.
    """
    for place, file in files:
        if pattern := file.exclude.deciding(os.path.relpath(place, file.folder)):
            return f'{shown(pattern, 60)}" in "{shown(file.path)}'
    return ""


def in_force(settings: Settings, files: Sequence[ProjectFile], language: str) -> Settings:
    """Return the settings that count for a document of a language.

    ``settings``: the user's. ``files``: of the project, from the outermost folder. What a source
    says of a language counts for more than what it says of all; whatever the next source says
    counts for more than both.
    """
    # Whoever gives a key on the command line means it for all languages.
    fixed = settings.fixed if "languages" not in settings.fixed else frozenset()
    counts = _with(settings, _of_language(settings.languages.get(language), fixed))
    for file in files:
        said = {
            name: file.values[key]
            for key, name in _OF_PROJECTS.items()
            if key in file.values and key not in settings.fixed
        }
        counts = _with(counts, said)
        languages = file.values.get("languages", {})
        if "languages" not in settings.fixed:
            said = _of_language(languages.get(language), settings.fixed)
            # Not more than the user allows.
            if "max_tokens" in said:
                said["max_tokens"] = min(said["max_tokens"], counts.max_tokens)
            counts = _with(counts, said)
    return counts


def _of_language(said: LanguageSettings | None, fixed: frozenset[str]) -> dict[str, Any]:
    """Return the fields that are set for a language, without those whose keys are fixed.

    That a language is off is no other value of "enabled", which is for all of them.
    """
    if said is None:
        return {}
    fields = {
        "enabled": said.enabled,
        "multiline": None if "multiline" in fixed else said.multiline,
        "max_tokens": None if "maxTokens" in fixed else said.max_tokens,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _with(counts: Settings, said: Mapping[str, Any]) -> Settings:
    """Return the settings with these fields; what is off stays off."""
    enabled = counts.enabled and said.get("enabled", True)
    return replace(counts, **{**said, "enabled": enabled}) if said else counts
