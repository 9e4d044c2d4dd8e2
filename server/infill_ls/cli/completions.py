"""``infill-ls completions SHELL``: what a shell needs to complete the commands."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from infill_ls.cli.output import SUCCESS, write

if TYPE_CHECKING:
    from infill_ls.cli.options import Commands

# By the shell: where what is printed goes.
SHELLS: Final = {
    "bash": "~/.local/share/bash-completion/completions/infill-ls",
    "zsh": "a file _infill-ls in a folder of your $fpath",
    "fish": "~/.config/fish/completions/infill-ls.fish",
    "powershell": "your $PROFILE",
}
_PLACES: Final = "examples:\n" + "\n".join(
    f"  infill-ls completions {shell} \\\n    > {place}"
    for shell, place in SHELLS.items()
    if "~" in place
)


def add_to(commands: Commands) -> None:
    """Add the command to a parser."""
    parser = commands.add_parser(
        "completions",
        help="complete these commands in a shell",
        description="Print what a shell needs to complete infill-ls' commands and arguments.",
        epilog=_PLACES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print it."""
    from argcomplete.shell_integration import shellcode

    write(f"{shellcode(['infill-ls'], shell=options.shell).rstrip()}\n")
    return SUCCESS
