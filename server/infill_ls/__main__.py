"""Run a command: ``python -m infill_ls``, or ``infill-ls``."""

import sys

from infill_ls.cli import main

if __name__ == "__main__":
    sys.exit(main())
