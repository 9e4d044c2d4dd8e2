"""Each editor once with the real embedded model behind the real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from editors import cache, folder
from editors.editor import Ability, Editor
from editors.processes import assert_gone, environment


@pytest.mark.real
@pytest.mark.usefixtures("_weights")
def test_a_real_fill(kind: type[Editor], tmp_path: Path) -> None:
    made = environment(
        INFILL_LS_ENGINE="embedded",
        # The editor has a home of its own; the weights are in the user's.
        XDG_CACHE_HOME=str(cache()),
    )
    file = tmp_path / "add.py"
    before = "def add(first, second):\n    "
    after = "\n\n\nprint(add(1, 2))\n"
    file.write_text(before + after)
    editor = kind.start(folder(), tmp_path / "home", made)
    try:
        editor.open(file, 1, 4)
        if Ability.STATUS in kind.abilities:
            # Which editor asks again, when the model is there, without a key?
            editor.until(lambda: editor.status() == "idle", "the model", limit=60.0)
        editor.type("return fi")
        editor.until(lambda: editor.shown() == "rst + second", "the fill", limit=60.0)
        editor.accept()
        editor.until_text(f"{before}return first + second{after}")
    finally:
        editor.quit()
    assert_gone(made)
