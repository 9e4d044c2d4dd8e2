"""``python -m infill_ls`` and the command ``infill-ls``."""

import sys

from infill_ls.cli import main

if __name__ == "__main__":
    sys.exit(main())
