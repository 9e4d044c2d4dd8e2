"""``infill-ls doctor``: what works, what doesn't, and the one command that mends it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infill_ls.cli.options import add_engine_options, command_line
from infill_ls.cli.output import FAILURE, SUCCESS, say, write
from infill_ls.errors import SettingsError

if TYPE_CHECKING:
    from infill_ls.cli.options import Commands
    from infill_ls.cli.screen import Screen
    from infill_ls.diagnosis.check import Check
    from infill_ls.diagnosis.examination import Examination

DOCTOR_EXAMPLES: Final = """\
examples:
  infill-ls doctor                       what works, and what mends what doesn't
  infill-ls doctor src/main.py           also whether this file is completed
  infill-ls doctor --engine embedded     as if the settings named this engine
  infill-ls doctor --report report.md    a bug report with no code, path or key

The exit status is 1 if something keeps fills from coming. The fill that is
timed is of code that comes with infill-ls; none of yours is sent.
"""


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "doctor",
        help="what works, what doesn't, and what mends it",
        description="Look at everything that a fill depends on, and say how to mend what is wrong.",
        epilog=DOCTOR_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="is this file completed?")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--report", metavar="FILE", help="write a bug report; - for stdout")
    parser.add_argument(
        "--yes", action="store_true", help="don't ask before replacing the report's FILE"
    )
    add_engine_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the results as they come, and return the exit status: 1 if any of them fails.

    Raises :class:`SettingsError` if there is no such file, or if the report's is there and is to
    stay, and :class:`infill_ls.errors.InfillError` if the report can't be written.
    """
    from infill_ls.cli.new_file import STDOUT, claim
    from infill_ls.cli.screen import Screen
    from infill_ls.diagnosis import check
    from infill_ls.diagnosis.examination import Examination
    from infill_ls.logs import set_log_level, start_logging

    if os.environ.get("INFILL_LS_LOG") == "trace":
        # Where something went wrong inside is said by the log alone.
        start_logging()
        set_log_level("trace")
    file = Path(options.file) if options.file else None
    if file is not None and not file.is_file():
        raise _no_file(file)
    if options.report:
        claim(options.report, yes=options.yes)
    screen = None if options.json or options.report == STDOUT else Screen()
    with ExitStack() as waiting:
        examination = Examination(
            command_line(options),
            file=file,
            doing=lambda what: _say(what, waiting),
        )
        checks = asyncio.run(_examine(examination, screen))
    if options.json:
        write(json.dumps(check.to_json(checks)) + "\n")
    if screen is not None:
        screen.line()
        last = check.summary(checks)
        screen.marked(last.status, last.message)
    if options.report:
        _write(options.report, checks, command_line(options))
    return SUCCESS if check.is_well(checks) else FAILURE


def _no_file(path: Path) -> SettingsError:
    """Return the error for a path at which no file is."""
    if path.is_dir():
        return SettingsError(
            f"{path} is a folder.", "Name a file in it; or go there, and leave it out."
        )
    if path.exists():
        return SettingsError(f"{path} is no regular file.", "Name one that is.")
    return SettingsError(f"There is no file {path}.")


def _say(what: str, waiting: ExitStack) -> None:
    """Say on a terminal what is waited for; an empty text says that nothing is any more."""
    from infill_ls.cli.screen import Waiting

    waiting.close()
    if what:
        waiting.enter_context(Waiting()).for_(what)


async def _examine(examination: Examination, screen: Screen | None) -> list[Check]:
    """Return all results. ``screen``: shows each when it is known; None for nowhere."""
    checks = []
    # Whoever reads the output may leave; then the engine is let go.
    async with aclosing(examination.run()) as results:
        async for one in results:
            checks.append(one)
            if screen is not None:
                screen.marked(one.status, one.message, one.fix)
    return checks


def _write(file: str, checks: list[Check], given: dict[str, str]) -> None:
    """Write the report, and say where it is."""
    from infill_ls.cli.new_file import STDOUT, save
    from infill_ls.diagnosis import report, sources, surroundings

    settings = sources.given(given)
    text = report.text(
        checks,
        settings,
        surroundings.program(),
        surroundings.own_words(settings),
        surroundings.packages(),
    )
    save(text, file)
    if file != STDOUT:
        say(f"The report is in {file}. Read it before you send it.")
