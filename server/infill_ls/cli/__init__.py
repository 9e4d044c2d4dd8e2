"""The commands: one module for each, with its arguments and what it does.

Every one of them is loaded whenever any runs. So their heads import only what is cheap, and each
imports what it alone needs when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from infill_ls import __version__
from infill_ls.cli import bench, complete, generate, models, pull, recitation, serve
from infill_ls.cli.output import FAILURE, INTERRUPTED, WRONG_CALL, complain
from infill_ls.errors import InfillError, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, and return the exit status.

    ``arguments``: those of this process if None. Statuses: 0 for success, 1 for a failure, 2 for a
    wrong call, 130 after an interrupt, 141 if nobody reads the output any more.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except InfillError as error:
        complain(error)
        return WRONG_CALL if isinstance(error, SettingsError) else FAILURE
    except BrokenPipeError:
        # Whoever read our output has left, as `| head` does.
        sys.stderr.close()
        return 141
    except Exception as error:
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="infill-ls",
        description="Fill-in-the-middle code completion with a model that you run yourself.",
    )
    parser.add_argument("--version", action="version", version=f"infill-ls {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (serve, complete, generate, models, bench, pull, recitation):
        command.add_to(commands)
    return parser
