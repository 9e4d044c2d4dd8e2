"""``infill-ls serve``: the language server, on stdio or on a socket."""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING, Final

from infill_ls.cli.options import add_engine_options, command_line
from infill_ls.cli.output import SUCCESS, say
from infill_ls.errors import SettingsError
from infill_ls.interrupts import ending_at_once

if TYPE_CHECKING:
    from infill_ls.cli.options import Commands


# The environment variable with the token. An argument could be read by every user of the machine.
TOKEN: Final = "INFILL_LS_TOKEN"
_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "::1")
# Characters. Of random letters and digits these are 95 bits; nobody guesses that over a network.
MIN_TOKEN: Final = 16
SERVE_EXAMPLES: Final = """\
examples:
  infill-ls serve                         on stdin and stdout; editors start it
  infill-ls serve --engine embedded       whatever the settings say
  infill-ls serve --tcp 127.0.0.1:7777    on a socket, for one client here
  infill-ls serve --tcp 0.0.0.0:7777 --allow-remote
                                          for others too, with a token

infill-ls editor NAME sets an editor up that starts it.
"""


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "serve",
        help="run the language server for an editor",
        epilog=SERVE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stdio", action="store_true", help="speak on stdin and stdout (default)")
    parser.add_argument("--tcp", metavar="HOST:PORT", help="speak to one client on a socket")
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help=f"let --tcp listen beyond this machine, for clients with the token in {TOKEN}",
    )
    add_engine_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the server until its client leaves, and return the exit status.

    Raises :class:`SettingsError` for an address that is none, or that other machines can reach
    without a token.
    """
    # Whatever is started from here on, the embedded engine for instance, doesn't get it.
    token = os.environ.pop(TOKEN, "")
    from infill_ls import memory
    from infill_ls.lsp import compiled

    memory.begin_loading()
    with ending_at_once(), compiled.once():
        from infill_ls.lsp import transport

    if options.tcp is None:
        if os.isatty(0):
            say("infill-ls: waiting for an editor to speak LSP on stdin; Ctrl-C ends this.")
        transport.serve_stdio(command_line(options))
    else:
        host, port = _address(options.tcp)
        remote = host not in _THIS_MACHINE
        _check(token, host, remote=remote, allowed=options.allow_remote)
        transport.serve_tcp(command_line(options), host, port, token=token, remote=remote)
    return SUCCESS


def _address(text: str) -> tuple[str, int]:
    """Return the host and the port of ``HOST:PORT``; the host may be missing."""
    from infill_ls.values import is_host

    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    good = re.fullmatch(r"\d{1,5}", port, re.ASCII) is not None and int(port) <= 65535
    if not (good and is_host(host)):
        raise SettingsError(f'"{text}" is not HOST:PORT.', "Say --tcp 127.0.0.1:7777.")
    return host, int(port)


def _check(token: str, host: str, *, remote: bool, allowed: bool) -> None:
    """Raise :class:`SettingsError` if anybody could be served on a host."""
    how = f"set {TOKEN} to at least {MIN_TOKEN} characters that nobody can guess"
    if token and len(token) < MIN_TOKEN:
        raise SettingsError(
            f"The token in {TOKEN} is too short.", f"{how[0].upper()}{how[1:]}; clients send them."
        )
    if remote and not (allowed and token):
        raise SettingsError(
            f"{host} can be reached from other machines.",
            f"Use 127.0.0.1, or add --allow-remote and {how}.",
        )
