"""What is counted of fills is what has happened to them in the editor."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from editors import folder
from editors.editor import Ability, Editor
from editors.engine import Engine
from editors.processes import assert_gone
from infill_ls.lsp.statistics import WRITE_AFTER


@pytest.mark.needs(Ability.ACCEPT_COMMAND)
def test_what_becomes_of_fills_is_counted(
    kind: type[Editor], environment: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    engine.until_quiet()
    engine.reset()
    engine.writes("result = compute(total)", "ordered = sorted(names)", "values = select(names)")
    home = tmp_path / "home"
    home.mkdir()
    editor = kind.start(folder(), home, environment)
    try:
        _show(editor, tmp_path / "accepted.py", "result = co", "mpute(total)")
        editor.accept()
        editor.until_text("names = []\nresult = compute(total)\n")
        _show(editor, tmp_path / "through.py", "ordered = so", "rted(names)")
        editor.type("rted(names)")
        editor.until_text("names = []\nordered = sorted(names)\n")
        _show(editor, tmp_path / "against.py", "values = se", "lect(names)")
        editor.type("tting")
        editor.until_text("names = []\nvalues = setting\n")
        engine.until_quiet()
    finally:
        editor.quit()
    # The server writes at its end.
    assert_gone(environment)
    assert _counted(home) == {
        "shown": 3,
        "accepted": 1,
        "kept": 1,
        "typed_through": 1,
        "rejected": 1,
        "typed_against": 1,
        "characters_saved": len("mpute(total)"),
    }


@pytest.mark.only("helix")
def test_what_is_accepted_in_a_menu_is_counted(
    kind: type[Editor], environment: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    engine.until_quiet()
    engine.reset()
    engine.writes("result = compute(total)")
    home = tmp_path / "home"
    home.mkdir()
    editor = kind.start(folder(), home, environment)
    try:
        _show(editor, tmp_path / "accepted.py", "result = co", "mpute(total)")
        editor.accept()
        editor.until_text("names = []\nresult = compute(total)\n")
        # It kills its servers when it leaves.
        editor.until(lambda: _counted(home)["accepted"], "what was counted", limit=4 * WRITE_AFTER)
    finally:
        editor.quit()
    counted = _counted(home)
    assert (counted["shown"], counted["characters_saved"]) == (1, len("mpute(total)"))


def _counted(home: Path) -> Counter[str]:
    counted: Counter[str] = Counter()
    for file in home.rglob("statistics/*.json"):
        for row in json.loads(file.read_text()):
            assert (row["language"], row["engine"]) == ("python", "ollama")
            counted.update({name: n for name, n in row.items() if isinstance(n, int)})
    return counted


def _show(editor: Editor, file: Path, typed: str, fill: str) -> None:
    """Open a new file, and type until the fill is shown."""
    file.write_text("names = []\n\n")
    editor.open(file, 1, 0)
    editor.type(typed)
    editor.until_shown(fill)
