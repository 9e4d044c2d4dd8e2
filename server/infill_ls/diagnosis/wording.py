"""What is said of the program, the settings, the editors, and what is around them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from infill_ls.diagnosis import mending
from infill_ls.diagnosis.check import Check, Status
from infill_ls.diagnosis.facts import (
    Files,
    Folder,
    Given,
    Program,
    Proxies,
    Set,
    value_shown,
)
from infill_ls.diagnosis.speed import ago
from infill_ls.settings import UNTIL_MENDED
from infill_ls.values import is_loopback, named
from infill_ls.visits import Visit

# Their values may be secrets, or say what somebody works on.
_NOT_SHOWN: Final = ("headers", "fim", "exclude", "languages", "recitation")
# Where editors keep what the server writes on stderr, by a part of their names.
_LOGS: Final = (
    ("neovim", "Neovim in the file that :lua =vim.lsp.log.get_filename() names"),
    ("code", "VS Code in its Output panel"),
    ("helix", "Helix where :log-open shows it"),
    ("emacs", "Emacs in the buffer *infill-ls::stderr*"),
)
# What is in the user's folders.
_HOLDS: Final = {"config": "settings", "state": "rates and counts", "cache": "weights"}
# Visits that are shown.
_SHOWN: Final = 3


def program(found: Program) -> list[Check]:
    """Return which version this is, and whether editors start the same."""
    about = f"infill-ls {found.version}, Python {found.python}, {found.system}."
    checks = [Check("program", "ok", about)]
    copies = found.copies
    if not copies:
        message = "infill-ls is not on the PATH, so editors don't find it."
        checks.append(Check("program", "warn", message, found.onto_path))
    elif len({one.version for one in copies} | {found.version}) > 1:
        listed = "; ".join(f"{one.version or 'an unknown one'} in {one.path}" for one in copies)
        public = "; ".join(one.version or "an unknown one" for one in copies)
        how = f"Editors start the first infill-ls on the PATH, and this is {found.version}"
        oldest = min(copies, key=lambda one: _numbers(one.version))
        newest = max(map(_numbers, [found.version, *(one.version for one in copies)]))
        # Nobody wants to be without the newest one.
        fix = oldest.removed_by if _numbers(oldest.version) < newest else ""
        checks.append(Check("program", "warn", f"{how}: {listed}.", fix, f"{how}: {public}."))
    return checks


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d{1,6}", version)))


def settings(given: Given, file: str) -> list[Check]:
    """Return what is set, where, and what is wrong in it. ``file``: a sentence on the file."""
    checks = [_wrong(problem, given) for problem in given.problems]
    said = [f"{_shown(one)} ({one.place})" for one in given.said]
    none = "Nothing else is set." if given.problems else "All settings have their defaults."
    message = f"Set: {', '.join(said)}." if said else none
    keys = [f"{one.key} ({one.source.kind})" for one in given.said]
    public = f"Set: {', '.join(keys)}." if keys else message
    own = "What an editor says isn't seen here."
    checks.append(Check("settings", "ok", f"{message} {file} {own}", "", public))
    if not given.settings.enabled:
        fix = mending.sets(given, "enabled", True)
        checks.append(Check("settings", "fail", "Completion is turned off.", fix))
    return checks


def _wrong(problem: str, given: Given) -> Check:
    # How it is mended has a line of its own.
    said, until, _ = problem.partition(UNTIL_MENDED)
    status: Status = "fail" if problem in given.settings.wrong else "warn"
    key = re.match(r'The setting "(\w+)"', problem)
    public = f'The setting "{key[1]}" is wrong.' if key else "A setting is wrong."
    message = f"{said}{until}." if until else problem
    return Check("settings", status, message, mending.wrong_setting(problem, given.shell), public)


def _shown(one: Set) -> str:
    return one.key if one.key in _NOT_SHOWN else f"{one.key} = {value_shown(one.value)}"


def environment(given: Given, names: Mapping[str, str], proxies: Proxies) -> list[Check]:
    """Return what in the environment matters. ``names``: its variables with their values."""
    host = names.get("OLLAMA_HOST", "")
    said: list[str] = []
    if host:
        counts = given.settings.ollama_host is not None
        why = "" if counts else ", which doesn't count here"
        # What stands before the mark may be a password.
        said.append(f"OLLAMA_HOST is {'set' if '@' in host else named(host)}{why}")
    url, listed = given.settings.engine_url, " and ".join(proxies.names) or "A proxy"
    several = "are" if len(proxies.names) > 1 else "is"
    if proxies.used and given.settings.engine != "embedded":
        said.append(f"{listed} {several} set, and {url} is asked through {proxies.used}")
    elif proxies.names:
        near = "on this machine" if is_loopback(url) else "that is excepted"
        said.append(f"{listed} {several} set, but an engine {near} is asked without a proxy")
    if not said:
        return [Check("environment", "ok", "No proxy, and no OLLAMA_HOST.")]
    public = [one for one in ("OLLAMA_HOST", *proxies.names) if names.get(one)]
    message = f"{'. '.join(said)}."
    return [Check("environment", "ok", message, "", f"Set: {', '.join(public)}.")]


def editors(visits: Sequence[Visit], version: str, now: int) -> list[Check]:
    """Return which editors came last, and with what. ``version``: ours. ``now``: s since 1970."""
    if not visits:
        message = "No editor has started infill-ls yet."
        return [Check("editor", "warn", message, "infill-ls editor")]
    checks = []
    for visit in visits[:_SHOWN]:
        name = f"{visit.editor or 'An editor without a name'} {visit.version}".strip()
        has = [
            "ghost text" if visit.ghost_text else "fills in the menu",
            *(["the status"] if visit.status else []),
            *(["progress"] if visit.progress else []),
            *(["its own settings"] if visit.settings else []),
            *([f"positions in {visit.encoding.upper()}"] if visit.encoding else []),
        ]
        message = f"{name} came {ago(now - visit.at)}, with {', '.join(has)}."
        if visit.server and visit.server != version:
            older = f"{message} It spoke to infill-ls {visit.server}, and this is {version}."
            fix = "Restart the editor; if this stays so, another infill-ls is on its PATH."
            checks.append(Check("editor", "warn", older, fix))
        else:
            checks.append(Check("editor", "ok", message))
    return checks


def excluded(given: Given, files: Files) -> list[Check]:
    """Return which files are never completed."""
    checks = [
        Check("excluded", "warn", problem, "", "A pattern, or a project's file, has a mistake.")
        for problem in files.problems
    ]
    if files.asked and files.pattern:
        where = files.project or '"exclude"'
        why = f'{where} has the pattern "{files.pattern}"'
        message = f"{files.asked} is never completed, as it should be: {why}."
        public = "The file that was asked about is excluded."
        anyway = mending.takes_back(files)
        spared = Check("excluded", "ok", f"{message} {anyway}", "", public, spared=files.asked)
        return [*checks, spared]
    if files.asked and files.off:
        message = f"Completion is off in {files.asked}, by a setting of its language or project."
        public = "Completion is off in the file that was asked about."
        return [*checks, Check("excluded", "fail", message, "infill-ls settings", public)]
    if files.asked and files.unread:
        # An editor may know its encoding, and sends its text as any other.
        message = f"{files.asked} {files.unread}, so that infill-ls complete refuses it."
        public = f"The file that was asked about {files.unread}."
        fix = "Save it as UTF-8." if "UTF-8" in files.unread else ""
        return [*checks, Check("excluded", "warn", message, fix, public)]
    if files.asked:
        message, public = f"{files.asked} is not excluded.", "The file is not excluded."
    elif files.found:
        shown = ", ".join(f"{name} ({pattern})" for name, pattern in files.found[:3])
        number = len(files.found)
        what = f"{number} file{'' if number == 1 else 's'} in this folder"
        are = f"{'is' if number == 1 else 'are'} never completed"
        message = f"{what} {are}: {shown}{', …' if number > 3 else '.'}"
        public = f"{what} {are}."
    else:
        many = f" (the first {files.looked_at:,})" if files.more else ""
        message = public = f"No file in this folder is excluded{many}."
    return [*checks, Check("excluded", "ok", message, "", public)]


def folders(given: Given, found: Iterable[Folder]) -> list[Check]:
    """Return where things are kept, and whether they can be."""
    every = list(found)
    checks = []
    for problem in dict.fromkeys(one.problem for one in every if one.problem):
        kinds = [one.kind for one in every if one.problem == problem]
        kept = ", no ".join(_HOLDS[kind] for kind in kinds)
        public = f"No {kept} can be kept"
        fix = f"export {' '.join(f'XDG_{kind.upper()}_HOME=FOLDER' for kind in kinds)}"
        if given.shell.windows:
            # There is no other place for them there.
            fix = "Have that folder be one that you may write."
        checks.append(Check("folders", "warn", f"{public} ({problem}).", fix, f"{public}."))
    good = [f"{_HOLDS[one.kind]} in {one.path}" for one in every if one.path and not one.problem]
    if good:
        message, public = f"Kept are {', '.join(good)}.", "The folders can be written."
        checks.append(Check("folders", "ok", message, "", public))
    return checks


def record(given: Given, problem: str) -> list[Check]:
    """Return that the record can't be written. ``problem``: why; empty if it can, or isn't kept."""
    if not problem:
        return []
    public = 'The record ("audit") can\'t be written; fills come without it.'
    message = f'The record {given.settings.audit} ("audit") can\'t be written: {problem}.'
    fix = mending.sets(given, "audit", "FILE")
    return [Check("folders", "warn", f"{message} Fills come without it.", fix, public)]


def log(given: Given, visits: Sequence[Visit]) -> list[Check]:
    """Return where the log is, and at which level."""
    names = [visit.editor.lower() for visit in visits]
    places = [place for part, place in _LOGS if any(part in name for name in names)]
    level = given.settings.log
    where = f": {'; '.join(places)}" if places else ""
    message = f'The log (level "{level}") goes to the editor, which keeps it{where}.'
    if level != "trace":
        return [Check("log", "ok", message)]
    fix = mending.sets(given, "log", "warning")
    return [Check("log", "warn", f"{message} At this level it has your code.", fix)]
