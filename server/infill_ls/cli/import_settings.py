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
    from collections.abc import Mapping

    from infill_ls.cli.options import Commands
    from infill_ls.setup.from_continue import Imported

IMPORT_EXAMPLES: Final = """\
examples:
  infill-ls import continue                    what Continue's settings become
  infill-ls import continue --write            puts it into our settings file
  infill-ls import continue old/config.json    of another file

No key is ever copied: it says which environment variable is to hold yours.
"""


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
        raise SettingsError(f"Nothing of {path} can be taken: {why}.") from None
    screen = Screen() if options.write else Screen(sys.stderr)
    screen.line(f"{path} becomes:")
    if options.write:
        if not _written(result.settings, screen, yes=options.yes):
            return FAILURE
    else:
        import tomlkit

        write(tomlkit.dumps(result.settings))
    _tell(result, screen)
    screen.line(
        "infill-ls doctor says whether it works."
        if options.write
        else "With --write it is put into infill-ls' settings file."
    )
    return SUCCESS


def _written(settings: Mapping[str, Any], screen: Screen, *, yes: bool) -> bool:
    """Write the settings, after asking if the user has others there; whether they are written."""
    from infill_ls.settings_writer import write_settings
    from infill_ls.setup.joining import joined
    from infill_ls.user_file import read_user_file

    values, problems = read_user_file()
    if problems:
        raise SettingsError(problems[0])
    result = joined(values, settings)
    there = "Your settings file has"
    questions = []
    if result.replaced:
        others = ", ".join(result.replaced)
        questions.append(f"{there} other values of {others}. Replace them?")
    if result.without:
        old = ", ".join(result.without)
        questions.append(f"{there} {old} for another engine. Take that out?")
    if questions and not confirmed(" ".join(questions), yes=yes):
        return False
    # In one step: a server that runs reads them at once, and some of them without the others would
    # send code to where it went before, under another name.
    path = write_settings(result.settings, without=result.without, before=values)
    for key, value in result.settings.items():
        screen.marked("ok", f"{key} = {json.dumps(value, ensure_ascii=False)}")
    for key in result.without:
        screen.marked("ok", f"{key} is taken out.")
    screen.line(f"They are in {path} now.")
    return True


def _tell(result: Imported, screen: Screen) -> None:
    """Say what was left, and what the user has to do."""
    for theirs, why in result.left.items():
        screen.marked("warn", f"not taken: {theirs}" + (f" ({why})" if why else ""))
    for sentence in result.advice:
        screen.marked("warn", sentence)
