"""Run a command: ``python -m infill_ls``, or ``infill-ls``."""

import os
import sys


def _leave_out_the_working_folder() -> None:
    """Import nothing from the folder that the program is started in.

    ``python -m`` puts it before Python's own modules, and it is somebody's project: a secrets.py
    or a json.py there would be run in place of Python's. What PYTHONPATH names stays, and so does
    what of the package itself is there.
    """
    try:
        here = os.getcwd()
    except OSError:
        return  # it was removed, and Python had nothing to put there
    if not sys.flags.safe_path and sys.path[:1] == [here]:
        del sys.path[0]


def main() -> int:
    """Run the command that the arguments of this process name, and return the exit status."""
    # Not at the head: by then the folder must be out of the way.
    from infill_ls.interrupts import ending_at_once

    with ending_at_once():
        from infill_ls.cli import main as run
    return run()


if __name__ == "__main__":
    _leave_out_the_working_folder()
    sys.exit(main())
