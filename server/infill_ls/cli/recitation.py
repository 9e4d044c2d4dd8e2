"""``infill-ls recitation``: the index of the folders whose text is not to come out of a model."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from infill_ls.cli.options import settings_from
from infill_ls.cli.output import SUCCESS, ProgressBars, write

if TYPE_CHECKING:
    from infill_ls.cli.options import Commands
    from infill_ls.project.recitation import Built

ABOUT: Final = """\
With recitation = { folders = ["/work/others"], window = 50 } in the settings file, no fill is
shown that has 50 tokens (words, numbers, other signs) in a row from a file in these folders. This
command reads the files, and keeps hashes of what they hold; run it again when they have changed.
Until it has run nothing is shown. It is a filter against what it was given: it clears no licences.
"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "recitation",
        help="index the folders whose text is not to be shown",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Build the index with a progress bar on stderr, say what is in it, return the exit status.

    Raises :class:`infill_ls.errors.SettingsError` if the setting names no folders, and
    :class:`infill_ls.errors.RecitationError` if the index can't be written.
    """
    from infill_ls.project.recitation import build
    from infill_ls.values import Recitation

    setting = settings_from({}).recitation or Recitation(())
    with ProgressBars() as progress:
        built = build(setting, progress.show)
    write(summary(built, setting.window))
    return SUCCESS


def summary(built: Built, window: int) -> str:
    """Return what the command says at its end."""
    left_out = {
        "without text": built.no_text,
        "too large": built.too_large,
        "unreadable": built.unreadable,
    }
    lines = [
        f"{built.files:,} files with {built.windows:,} windows of {window} tokens "
        f"({built.read:,} read, {built.gone:,} gone)",
        *(f"{count:,} files left out: {why}" for why, count in left_out.items() if count),
        f"{built.size / 1e6:,.1f} MB in {built.path}",
    ]
    return "\n".join(lines) + "\n"
