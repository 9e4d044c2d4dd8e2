"""``infill-ls settings``: what counts and where it comes from; and a change of one key."""

from __future__ import annotations

import argparse
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from infill_ls.cli.options import completed
from infill_ls.cli.output import FAILURE, SUCCESS, complain, say, write
from infill_ls.errors import InfillError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from infill_ls.cli.options import Commands
    from infill_ls.project.effective import Effective
    from infill_ls.settings import Source

_EXAMPLES: Final = """\
examples:
  infill-ls settings
  infill-ls settings describe latencyMs
  infill-ls settings get model
  infill-ls settings set model qwen2.5-coder:1.5b
  infill-ls settings set languages.markdown.enabled off
  infill-ls settings set exclude '*.private' '!.env'
  infill-ls settings unset model
  infill-ls settings path
"""
# What a shell has for true and false.
_TRUTHS: Final = {"on": True, "yes": True, "1": True, "off": False, "no": False, "0": False}


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    layout: Any = {
        "epilog": _EXAMPLES,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }
    parser = commands.add_parser(
        "settings",
        help="show the settings and where each comes from, or change one",
        description="Show the settings that count here and where each comes from, or change one\n"
        "in your settings file. An editor's own settings are known to its server alone.",
        **layout,
    )
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    parser.set_defaults(run=run)
    kinds = parser.add_subparsers(metavar="COMMAND")
    getting = kinds.add_parser("get", help="print what counts of one key", **layout)
    completed(getting.add_argument("key", metavar="KEY"), "keys")
    getting.set_defaults(run=_get)
    describing = kinds.add_parser("describe", help="say what each key means, or one", **layout)
    completed(describing.add_argument("key", metavar="KEY", nargs="?"), "keys")
    describing.set_defaults(run=_describe)
    setting = kinds.add_parser("set", help="set a key in your settings file", **layout)
    key = setting.add_argument("key", metavar="KEY", help="such as model, or languages.go.enabled")
    completed(key, "keys")
    several = "several for a list; or JSON"
    completed(setting.add_argument("values", metavar="VALUE", nargs="+", help=several), "values")
    setting.set_defaults(run=_set)
    unsetting = kinds.add_parser("unset", help="take a key out of your settings file", **layout)
    completed(unsetting.add_argument("key", metavar="KEY"), "keys")
    unsetting.set_defaults(run=_unset)
    path = kinds.add_parser("path", help="print where your settings file is", **layout)
    path.set_defaults(run=_path)


def run(options: argparse.Namespace) -> int:
    """Show the settings, and return the exit status: 1 if one is so wrong that nothing is asked."""
    from infill_ls.user_file import user_file

    found, problems, wrong = _found()
    if options.json:
        said = {
            "settings": {one.key: _as_json(one) for one in found},
            "file": str(user_file() or ""),
            "problems": problems,
        }
        write(json.dumps(said, ensure_ascii=False) + "\n")
    else:
        _show(found, problems, wrong)
    return FAILURE if wrong else SUCCESS


def _found() -> tuple[list[Effective], list[str], tuple[str, ...]]:
    """Return what counts here, what is wrong in that, and what of it is so wrong that it stops."""
    from infill_ls.project.effective import effective
    from infill_ls.project.project_file import ProjectFiles
    from infill_ls.settings import from_user

    settings, problems = from_user()
    folder = os.getcwd()
    files = list(ProjectFiles(problems.append).above(os.path.join(folder, "file"), folder))
    return effective(settings, files), problems, settings.wrong


def _as_json(one: Effective) -> dict[str, Any]:
    source: dict[str, Any] = {"value": one.value, "source": one.source.kind}
    if one.source.place:
        source["place"] = one.source.place
    if one.line:
        source["line"] = one.line
    if one.is_wrong:
        source["wrong"] = True
    return source


def _show(found: list[Effective], problems: list[str], wrong: tuple[str, ...]) -> None:
    from infill_ls.cli.screen import Screen
    from infill_ls.user_file import user_file

    screen = Screen()
    path = user_file()
    screen.table(
        ["setting", "value", "from"],
        [(one.key, _value(one), _from(one.source, one.line)) for one in found],
    )
    screen.line()
    for problem in problems:
        screen.marked("fail" if problem in wrong else "warn", problem)
    if path is not None:
        there = "" if path.exists() else ", which isn't there yet"
        screen.line(f"Your settings file: {path}{there}")
    screen.line("Change one: infill-ls settings set KEY VALUE")
    screen.line("What each means: infill-ls settings describe")
    screen.line("Not seen here: what an editor has in its own settings.")


def _value(one: Effective) -> str:
    value = "wrong" if one.is_wrong else one.value
    if value is None or value in ([], {}):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _from(source: Source, line: int) -> str:
    """Return where a value comes from, in a few words."""
    at = f", line {line}" if line else ""
    if source.kind == "file":
        return f"your file{at}"
    if source.kind == "project":
        return f"{os.path.relpath(source.place)}{at}"
    return source.place or source.kind


def _get(options: argparse.Namespace) -> int:
    """Print the value of a key, or of a part of one; the status is 1 if it has none."""
    from infill_ls.settings import in_short
    from infill_ls.settings_writer import parts_of

    first, *rest = parts_of(options.key)
    found, _, wrong = _found()
    one = next(one for one in found if one.key == first)
    if one.is_wrong:
        raise InfillError(in_short(wrong))
    value = one.value
    for part in rest:
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        complain(f'"{options.key}" is not set, and has no default.')
        return FAILURE
    write(f"{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}\n")
    return SUCCESS


def _describe(options: argparse.Namespace) -> int:
    """Say what keys mean."""
    from infill_ls.cli.screen import Screen
    from infill_ls.settings_schema import MEANINGS, default_of, meaning
    from infill_ls.settings_writer import parts_of

    # A part of one is described with it.
    keys = list(MEANINGS) if options.key is None else parts_of(options.key)[:1]
    screen = Screen()
    for number, key in enumerate(keys):
        default = default_of(key)
        has = default not in (None, [], {})
        said = json.dumps(default) if has else "nothing"
        if number:
            screen.line()
        screen.line(f"{key} (default: {said})", style="bold")
        # The marks of Markdown are for editors.
        screen.line(meaning(key).replace("`", ""))
    return SUCCESS


def _set(options: argparse.Namespace) -> int:
    from infill_ls.settings_writer import write_first

    path = write_first(options.key, _candidates(options.values))
    say(f'"{options.key}" is set in {path}.')
    _warn_of_nearer(options.key, path)
    return SUCCESS


def _unset(options: argparse.Namespace) -> int:
    from infill_ls.settings_writer import remove_setting
    from infill_ls.user_file import read_user_file

    before, _ = read_user_file()
    path = remove_setting(options.key)
    after, _ = read_user_file()
    said = "was not set" if after == before else "is no longer set"
    say(f'"{options.key}" {said} in {path}.')
    _warn_of_nearer(options.key, path)
    return SUCCESS


def _path(options: argparse.Namespace) -> int:
    from infill_ls.user_file import user_file

    path = user_file()
    if path is None:
        raise SettingsError(
            "Nobody knows where your settings file is: you have no home here.",
            "Set XDG_CONFIG_HOME to a folder of yours.",
        )
    write(f"{path}\n")
    return SUCCESS


def _candidates(texts: list[str]) -> list[Any]:
    """Return what the arguments may mean, in the order in which that is tried."""
    # Quotes that the shell has left belong to no text: a pattern with them would exclude nothing.
    plain = [_without_quotes(text) for text in texts]
    if len(texts) > 1:
        return [plain]
    (text,) = texts
    meant: list[Any] = []
    with suppress(ValueError, RecursionError):
        meant.append(json.loads(text))
    if text.lower() in _TRUTHS:
        meant.append(_TRUTHS[text.lower()])
    return [*meant, *plain, plain]


def _without_quotes(text: str) -> str:
    """Return a text as JSON's quotes, or those of a shell, have it; itself if it has none."""
    if text[:1] == text[-1:] == "'" and len(text) > 1:
        return text[1:-1]
    with suppress(ValueError, RecursionError):
        meant = json.loads(text)
        return meant if isinstance(meant, str) else text
    return text


def _warn_of_nearer(key: str, path: Path) -> None:
    """Say so if what is set in the file doesn't count, as a nearer source has the key too."""
    from infill_ls.setting_names import variable
    from infill_ls.settings import from_user

    first = key.partition(".")[0]
    source = from_user()[0].sources.get(first)
    if source is not None and source.kind == "environment":
        name = source.place or variable(first)
        say(f"But {name} in the environment counts before it.")
