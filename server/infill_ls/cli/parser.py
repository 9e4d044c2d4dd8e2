"""The parser of the command line: options stand anywhere, and each command shows its own usage."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from copy import copy
from typing import Any

from infill_ls.cli.output import write


class Parser(argparse.ArgumentParser):
    """A parser, of the program or of one command.

    argparse itself takes no optional argument behind an option (``import continue --write FILE``),
    and leaves what a command doesn't know to the program, which shows a usage that doesn't help.
    """

    _once_more = False

    # The overloads of argparse's own are of no use here.
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return the namespace and an empty list; exit where there is anything unknown."""
        if self._once_more:
            return super().parse_known_args(args, namespace)
        before = copy(namespace)
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown and not self._has_commands():
            parsed, unknown = self._intermixed(args, before)
        if unknown:
            # What stands behind an unknown option may be its value.
            unknown = [one for one in unknown if one.startswith("-")] or unknown
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, []

    def _print_message(self, message: str, file: Any = None) -> None:
        """Write a help or a version; argparse passes over a full disk and a reader that has left.

        Raises :class:`infill_ls.errors.InfillError` and :class:`BrokenPipeError` for those.
        """
        if message and file is sys.stdout:
            # Python 3.14 colours it.
            write(message, ours=True)
        else:
            super()._print_message(message, file)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Say which of several was meant, where that can be guessed."""
        if action.choices is None or value in action.choices:
            return
        # Not at the head: the server needs none.
        from difflib import get_close_matches

        names = [str(one) for one in action.choices]
        begun = [name for name in names if value and name.startswith(str(value))]
        near = begun if len(begun) == 1 else get_close_matches(str(value), names, 1)
        meant = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(names)}"
        raise argparse.ArgumentError(action, f'there is no "{value}"; {meant}')

    def _has_commands(self) -> bool:
        return self._subparsers is not None

    def _intermixed(self, args: Sequence[str] | None, namespace: Any) -> tuple[Any, list[str]]:
        self._once_more = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._once_more = False
