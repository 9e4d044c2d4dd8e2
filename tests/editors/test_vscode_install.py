"""From VS Code on a machine that has Python and nothing of infill-ls, to a suggestion."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from editors import folder, processes
from editors.conftest import Document
from editors.editor import Editor
from editors.engine import Engine
from editors.vscode import VSCode

pytestmark = pytest.mark.only("vscode")

# s. Packages come over the network.
INSTALLING = 300.0
OFFERED = "The server is not installed on this machine."


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The only folder on the PATH."""
    return tmp_path_factory.mktemp("path") / "bin"


@pytest.fixture(scope="module")
def environment(_engine: Engine, binaries: Path) -> Iterator[dict[str, str]]:
    made = processes.environment(OLLAMA_HOST=_engine.url, INFILL_LS_ENGINE="ollama")
    yield made | {"PATH": str(binaries)}
    processes.assert_gone(made)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vscode")


@pytest.fixture(scope="module")
def _editor(kind: type[VSCode], environment: dict[str, str], home: Path) -> Iterator[Editor]:
    editor = kind.start(folder(), home, environment, bare=True)
    yield editor
    editor.quit()


def test_one_click_leads_to_a_suggestion(
    editor: Editor,
    engine: Engine,
    document: Document,
    binaries: Path,
    home: Path,
    environment: dict[str, str],
) -> None:
    vscode = cast(VSCode, editor)
    vscode.until(lambda: OFFERED in vscode.messages(), "the offer")
    assert vscode.status() == "problem"

    # Without a Python: one message that says so.
    vscode.click("Install for My Ollama")
    missing = "infill-ls needs Python 3.11 or later, and none is on the PATH."
    vscode.until(lambda: missing in vscode.messages(), "what is missing")
    assert vscode.status() == "problem"

    processes.in_front("", binaries, "python3", sys._base_executable)  # type: ignore[attr-defined]
    vscode.command("Restart the Server")
    vscode.click("Install for My Ollama")
    vscode.until(lambda: vscode.status() == "idle", "the installed server", limit=INSTALLING)
    document("installed.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    vscode.type("ordered = so")
    vscode.until_shown("rted(names)")
    (server,) = [one for one in processes.marked(environment) if "infill-ls serve" in one]
    assert str(home / "data/User/globalStorage/infill-ls.infill-ls/server") in server

    # A newer version of the extension offers its server; until it is there, the old one runs.
    stamp = home / "data/User/globalStorage/infill-ls.infill-ls/server/installed.json"
    installed = json.loads(stamp.read_text())
    stamp.write_text(json.dumps(installed | {"version": "0.0.1"}))
    vscode.command("Restart the Server")
    offered = "The installed server is 0.0.1, and the extension has"
    vscode.until(lambda: offered in vscode.messages(), "the offer of an update")
    vscode.until(lambda: vscode.status() == "idle", "the server that is there")
    vscode.click("Update")
    vscode.until(
        lambda: json.loads(stamp.read_text())["version"] == installed["version"],
        "the update",
        limit=INSTALLING,
    )
    vscode.until(lambda: vscode.status() == "idle", "the updated server")

    vscode.command("Remove the Installed Server")
    own = home / "data/User/globalStorage/infill-ls.infill-ls"
    vscode.until(lambda: not list(own.iterdir()), "an empty folder of the extension's")
    vscode.until(lambda: vscode.status() == "problem", "the state problem")
