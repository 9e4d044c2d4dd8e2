"""``python -m editors.page_picture``: a picture of the statistics page, of counters made up for it.

It is taken in the browser that VS Code's driver installs; ``make screenshots`` does so too.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import counters_sample
from editors import folder
from editors.processes import INFILL_LS
from editors.vscode import Browser, VSCode

PICTURE: Final = Path(__file__).parents[2] / "docs" / "pictures" / "statistics.png"
# px; as wide as a window beside an editor, and down to the end of the plots.
WIDTH: Final = 860
HEIGHT: Final = 1000
MARGIN: Final = 16


def take() -> Path:
    """Write the page as a user does, and take the picture of its upper part."""
    with tempfile.TemporaryDirectory() as name:
        state, page = Path(name) / "state", Path(name) / "statistics.html"
        counters_sample.write(state)
        subprocess.run(
            [INFILL_LS, "stats", "--html", page],
            env={**os.environ, "XDG_STATE_HOME": str(state)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        browser = Browser(folder() / VSCode.name, {})
        try:
            browser.resize(WIDTH, HEIGHT)
            browser.go(page.as_uri())
            browser.picture(PICTURE, "h1", ".plots", MARGIN)
        finally:
            browser.close()
    return PICTURE


if __name__ == "__main__":
    print(take())
