"""Start a server for a row in other ways than :meth:`faults.scene.Scene.start` does."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from faults.process import Account
from faults.scene import FOLDERS, TESTS, Scene
from lsp_client import LspClient

COMMAND = (sys.executable, "-m", "faults.serve", "serve")


async def launch(
    scene: Scene,
    url: str = "",
    *arguments: str,
    command: Sequence[str] = COMMAND,
    environment: Mapping[str, str] | None = None,
    stderr: int | None = None,
) -> LspClient:
    """Start a server that has been told nothing yet. ``stderr``: a file of the scene's."""
    scene.folder.mkdir(parents=True, exist_ok=True)
    tasks = scene.folder / "tasks.json"
    homes = {name: str(scene.folder / part) for name, part in FOLDERS.items()}
    for path in homes.values():
        Path(path).mkdir(exist_ok=True)
    paths = (str(TESTS), os.environ.get("PYTHONPATH", ""))
    scene.client = client = await LspClient.start(
        *arguments,
        command=command,
        environment={
            **homes,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "FAULTS_TASKS": str(tasks),
            "FAULTS_CONSTANTS": json.dumps({}),
            **({"OLLAMA_HOST": url, "INFILL_LS_ENGINE": "ollama"} if url else {}),
            "INFILL_LS_DEBOUNCE_MS": "0",
            **(environment or {}),
        },
        stderr=scene._stderr() if stderr is None else stderr,
    )
    scene._clients.append(client)
    scene.account = Account(client.process.pid, tasks)
    return client


async def settled(scene: Scene) -> None:
    """Note what the server holds when it is at rest, and what files there are."""
    assert scene.account is not None
    scene._rest = await scene.account.at_rest()
    scene._files = scene.files()


def customized(scene: Scene, code: str) -> dict[str, str]:
    """The environment in which Python runs this code before anything else of the server."""
    folder = scene.folder / "site"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(code, "utf-8")
    paths = (str(folder), str(TESTS), os.environ.get("PYTHONPATH", ""))
    return {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
