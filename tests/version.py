"""`make version`: the package's version, written where npm and vsce look for that of the extension.

With --print it is printed, and nothing written.
The one place in which it is changed by hand is `__version__` in server/infill_ls/__init__.py.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
EXTENSION: Final = ROOT / "editor-configs" / "vscode"
_CODE: Final = ROOT / "server" / "infill_ls" / "__init__.py"
# The file's own version, which comes before those of the packages that it names; twice in a lock.
_PLACES: Final = {"package.json": 1, "package-lock.json": 2}
_VERSION: Final = re.compile(r'(?m)^( *"version": ")[^"]*(")')


def version() -> str:
    """The package's version."""
    found = re.search(r'(?m)^__version__ = "([^"]+)"$', _CODE.read_text("utf-8"))
    assert found is not None
    return found[1]


def written() -> dict[Path, str]:
    """The files that have it too, as they should be."""
    return {
        EXTENSION / name: _VERSION.sub(
            rf"\g<1>{version()}\g<2>", (EXTENSION / name).read_text("utf-8"), count=count
        )
        for name, count in _PLACES.items()
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        print(version())
        sys.exit()
    for path, text in written().items():
        path.write_text(text, "utf-8", newline="\n")
