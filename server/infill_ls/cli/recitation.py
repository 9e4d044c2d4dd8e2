"""``infill-ls recitation``: the index of the folders whose text is not to come out of a model."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Final

from infill_ls.cli.options import settings_from
from infill_ls.cli.output import SUCCESS, ProgressBars, write
from infill_ls.errors import SettingsError
from infill_ls.folders import expanded

if TYPE_CHECKING:
    from infill_ls.cli.options import Commands
    from infill_ls.project.recitation import Built
    from infill_ls.values import Recitation

ABOUT: Final = """\
With recitation = { folders = ["/work/others"], window = 50 } in the settings
file, no fill is shown that has 50 tokens (words, numbers, other signs) in a row
from a file in these folders. This command reads the files, and keeps hashes of
what they hold; run it again when they have changed. Until it has run nothing is
shown. It is a filter against what it was given: it clears no licences.
"""
RECITATION_EXAMPLES: Final = """\
examples:
  infill-ls recitation                       the folders that the settings name
  infill-ls recitation vendor --window 30    this one alone
"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "recitation",
        help="index the folders whose text is not to be shown",
        description=ABOUT,
        epilog=RECITATION_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folders", nargs="*", metavar="FOLDER", help="instead of those that the settings name"
    )
    parser.add_argument("--window", type=int, metavar="N", help="tokens in a row; 50 by default")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Build the index with a progress bar on stderr, say what is in it, return the exit status.

    Raises :class:`SettingsError` if nothing names folders, or one is none, and
    :class:`infill_ls.errors.RecitationError` if the index can't be written.
    """
    from infill_ls.project.recitation import build

    setting = _setting(options)
    with ProgressBars() as progress:
        built = build(setting, progress.show)
    write(summary(built, setting.window))
    return SUCCESS


def _setting(options: argparse.Namespace) -> Recitation:
    """Return what is to be indexed: what the arguments say, and the settings beside it."""
    from infill_ls.values import Recitation, Wrong, recitation

    said = settings_from({}).recitation or Recitation(())
    folders = [os.path.abspath(expanded(one)) for one in options.folders]
    for named, folder in zip(options.folders, folders, strict=True):
        if not os.path.isdir(folder):
            raise SettingsError(f"{named} is no folder.", "Say infill-ls recitation FOLDER.")
    given = {
        "folders": folders or list(said.folders),
        "window": said.window if options.window is None else options.window,
    }
    try:
        return recitation(given) or said
    except Wrong as wrong:
        raise SettingsError(f"This can't be indexed; it must be {wrong}.") from None


def summary(built: Built, window: int) -> str:
    """Return what the command says at its end."""
    files = "file" if built.files == 1 else "files"
    left_out = {
        "files without text": built.no_text,
        "files that are too large": built.too_large,
        "files or folders that can't be read": built.unreadable,
    }
    lines = [
        f"{built.files:,} {files} with {built.windows:,} windows of {window} tokens "
        f"({built.read:,} read, {built.gone:,} gone)",
        *(f"left out: {count:,} {why}" for why, count in left_out.items() if count),
        f"{built.size / 1e6:,.1f} MB in {built.path}",
    ]
    return "\n".join(lines) + "\n"
