"""Run a command: ``python -m infill_ls``, or ``infill-ls``."""

import sys

from infill_ls.interrupts import ending_at_once


def main() -> int:
    """Run the command that the arguments of this process name, and return the exit status."""
    with ending_at_once():
        from infill_ls.cli import main as run
    return run()


if __name__ == "__main__":
    sys.exit(main())
