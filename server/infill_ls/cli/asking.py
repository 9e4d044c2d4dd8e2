"""Ask the user before something of his is changed."""

from __future__ import annotations

import sys

from infill_ls.cli.output import complain
from infill_ls.shown import plain


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask a question with yes or no, and return whether it is yes.

    ``yes``: it was said already, by ``--yes``. Without a terminal the answer is no, and the user is
    told how to say yes.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        complain(f"{question} Nobody can be asked here: --yes says yes.")
        return False
    print(f"{plain(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
