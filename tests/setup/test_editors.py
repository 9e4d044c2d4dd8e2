"""The table of editors, and the program that their files start."""

from __future__ import annotations

import json
import tomllib

import pytest

from infill_ls.setup import configs
from infill_ls.setup.editors import EDITORS

PARTS = {part.source: part for editor in EDITORS for part in editor.parts}
PROGRAM = 'C:\\Program Files\\"x"\\infill-ls.exe'


def test_every_folder_has_an_editor() -> None:
    sources = [*PARTS, *(one for editor in EDITORS for one in editor.printed)]
    folders = {source.partition("/")[0] for source in sources} | {"vscode"}
    assert folders == {one.name for one in configs.folder().iterdir() if one.is_dir()}


@pytest.mark.parametrize("source", sorted(set(PARTS) - {"kakoune/infill-ls.kak"}))
def test_the_program_stands_where_the_editor_reads_it(source: str) -> None:
    text = PARTS[source].text(PROGRAM)
    quoted = json.dumps(PROGRAM)
    if source.endswith(".vim"):
        assert text == PARTS[source].text()
        return
    assert text.replace(quoted, "") != text
    assert text.count(quoted) == 1
    assert PARTS[source].text().replace("'", '"') == text.replace(quoted, '"infill-ls"').replace(
        "'", '"'
    )


def test_toml_and_json_mean_the_program() -> None:
    helix = tomllib.loads(PARTS["helix/languages.toml"].text(PROGRAM))
    assert helix["language-server"]["infill-ls"]["command"] == PROGRAM
    coc = PARTS["coc-nvim/coc-settings.json"].text(PROGRAM)
    settings = json.loads("\n".join(one for one in coc.splitlines() if not one.startswith("//")))
    assert settings["languageserver"]["infill-ls"]["command"] == PROGRAM
