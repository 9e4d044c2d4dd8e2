"""The commands: one module for each, with its arguments and what it does.

A command's module is loaded when it is the one that runs, and every one of them for a list of all.
So their heads import only what is cheap, and each imports what it alone needs when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Final

from infill_ls import __version__
from infill_ls.cli.output import FAILURE, SUCCESS, WRONG_CALL, complain
from infill_ls.cli.parser import Parser
from infill_ls.errors import FOLDER_GONE, InfillError, SettingsError
from infill_ls.folders import working_folder
from infill_ls.interrupts import INTERRUPTED, ending_at_once

# In the order in which the help names them: first what a newcomer needs.
COMMANDS: Final = (
    *("serve", "complete", "doctor", "pull", "models", "bench", "settings", "stats"),
    *("editor", "import", "generate", "recitation", "completions"),
)
# "import" can't be a module's name.
_MODULES: Final = {"import": "import_settings"}
_TO_BEGIN_WITH: Final = """\
To begin with:
  infill-ls doctor          what works here, what doesn't, and what mends it
  infill-ls editor neovim   the set-up for an editor
  infill-ls complete FILE:LINE:COLUMN

"infill-ls COMMAND --help" says more of each.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, and return the exit status.

    ``arguments``: those of this process if None. Statuses: 0 for success, 1 for a failure, 2 for a
    wrong call, 130 after an interrupt, 141 if nobody reads the output any more.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["help"]:
        # As git and others have it: "help", "help complete".
        given = [*given[1:], "--help"]
    # An editor waits for the start of the server, which would load the other commands for nothing.
    parser = _parser(given[:1] if given and given[0] in COMMANDS else COMMANDS)
    if "_ARGCOMPLETE" in os.environ:
        # A shell asks what may stand at its cursor.
        from argcomplete import autocomplete

        autocomplete(parser)
    try:
        options = parser.parse_args(given)
        if options.run is None:
            parser.print_help()
            return SUCCESS
        return int(options.run(options))
    except InfillError as error:
        complain(error)
        return WRONG_CALL if isinstance(error, SettingsError) else FAILURE
    except BrokenPipeError:
        # Whoever read our output has left, as `| head` does.
        sys.stderr.close()
        return 141
    except Exception as error:
        if isinstance(error, FileNotFoundError) and working_folder() is None:
            complain(InfillError(*FOLDER_GONE))
            return FAILURE
        # A traceback may have the user's code in it.
        if os.environ.get("INFILL_LS_LOG") == "trace":
            raise
        complain(
            f"Something went wrong inside ({type(error).__name__}). "
            "With INFILL_LS_LOG=trace it says where."
        )
        return FAILURE
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser of the commands with these names."""
    parser = Parser(
        prog="infill-ls",
        description="Fill-in-the-middle code completion with a model that you run yourself.",
        epilog=_TO_BEGIN_WITH,
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, max_help_position=18),
    )
    parser.set_defaults(run=None)
    parser.add_argument("--version", action="version", version=f"infill-ls {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    with ending_at_once():
        modules = [import_module(f"infill_ls.cli.{_MODULES.get(name, name)}") for name in names]
    for module in modules:
        module.add_to(commands)
    return parser
