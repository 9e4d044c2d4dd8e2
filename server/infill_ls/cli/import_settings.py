"""``infill-ls import``: the settings of a tool that is no longer maintained, as ours."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Final

from infill_ls.cli.asking import confirmed
from infill_ls.cli.output import FAILURE, SUCCESS, write
from infill_ls.cli.screen import Screen
from infill_ls.errors import SettingsError

if TYPE_CHECKING:
    from infill_ls.cli.options import Commands
    from infill_ls.setup.from_continue import Imported

IMPORT_EXAMPLES: Final = """\
examples:
  infill-ls import continue                    what Continue's settings become
  infill-ls import continue --write            puts it into our settings file
  infill-ls import continue old/config.json    of another file

No key is ever copied: it says which environment variable is to hold yours.
"""
# What is left to do. The setting is one of Continue's extension for VS Code.
_NEXT: Final = (
    "- infill-ls doctor says whether it works.",
    "- infill-ls editor vscode --write sets VS Code up; infill-ls editor names the others.",
    '- Turn Continue\'s completion off, or two suggest at once: "continue.enableTabAutocomplete":'
    " false in VS Code's settings.",
)


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "import",
        help="take over the settings of another tool",
        epilog=IMPORT_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tool", choices=("continue",), help="whose settings they are")
    parser.add_argument("file", nargs="?", metavar="FILE", help="config.yaml or config.json")
    parser.add_argument("--write", action="store_true", help="put them into the settings file")
    parser.add_argument("--yes", action="store_true", help="don't ask before changing settings")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Say what the settings become, or write them, and return the exit status.

    Raises :class:`SettingsError` if the file can't be read or has no model for completion.
    """
    # Not at the head: only this command needs them.
    from infill_ls.setup.continue_file import found, read
    from infill_ls.setup.from_continue import NoModel, imported

    path = found(options.file)
    try:
        result = imported(read(path))
    except NoModel as why:
        raise SettingsError(f"Nothing of {path} can be taken: {why}.", why.fix) from None
    screen = Screen() if options.write else Screen(sys.stderr)
    screen.line(f"{path} becomes:")
    if options.write:
        if not _written(result, screen, yes=options.yes):
            return FAILURE
    else:
        import tomlkit

        write(tomlkit.dumps(result.settings))
        _tell(result, screen)
        screen.line("With --write it is put into infill-ls' settings file. Then:")
    for step in _NEXT:
        screen.line(step)
    return SUCCESS


def _written(result: Imported, screen: Screen, *, yes: bool) -> bool:
    """Write the settings, and return whether they are written.

    What they are, and where code goes then, is shown first; it is asked if the user has others.
    """
    from infill_ls.settings_writer import write_settings
    from infill_ls.setup.joining import joined
    from infill_ls.user_file import read_user_file

    values, problems = read_user_file()
    if problems:
        raise SettingsError(problems[0])
    together = joined(values, result.settings)
    for key, value in result.settings.items():
        beside = together.settings[key] != value
        screen.line(f"  {_change(key, values.get(key), value, beside=beside)}")
    for key in together.without:
        screen.line(f"  {key} is taken out: it is for another engine")
    _tell(result, screen)
    there = "Your settings file has"
    questions = []
    if together.replaced:
        others = ", ".join(together.replaced)
        questions.append(f"{there} other values of {others}. Replace them?")
    if together.without:
        old = ", ".join(together.without)
        questions.append(f"{there} {old} for another engine. Take that out?")
    if questions and not confirmed(" ".join(questions), yes=yes):
        screen.line("Nothing was changed.")
        return False
    # In one step: a server that runs reads them at once, and some of them without the others would
    # send code to where it went before, under another name.
    path = write_settings(together.settings, without=together.without, before=values)
    screen.marked("ok", f"This is in {path} now. Next:")
    return True


def _change(key: str, old: Any, new: Any, *, beside: bool) -> str:
    """Return a line on what becomes of a setting.

    ``beside``: what the user has stays there with it. Of his own nothing is shown that may be a
    key: no header, nor the path of an address.
    """
    shown = json.dumps(new, ensure_ascii=False)
    if beside:
        return f"{key} = {shown}, beside yours"
    if old is None:
        return f"{key} = {shown}"
    if old == new:
        return f"{key} = {shown}, as it is"
    if key == "url":
        scheme, _, rest = str(old).partition("://")
        host, _, path = rest.partition("/")
        old = f"{scheme}://{host}/…" if path else f"{scheme}://{host}"
    was = "another" if key == "headers" else json.dumps(old, ensure_ascii=False, default=str)
    return f"{key}: {was} → {shown}"


def _tell(result: Imported, screen: Screen) -> None:
    """Say where code goes, what was left, and what the user has to do."""
    if result.goes_to:
        screen.marked("warn", result.goes_to)
    for theirs, why in result.left.items():
        screen.marked("warn", f"not taken: {theirs} ({why})")
    for sentence in result.advice:
        screen.marked("warn", sentence)
