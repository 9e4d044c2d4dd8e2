"""What the server keeps of the editor that it speaks with."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from e2e.conftest import Start
from fake_ollama import FakeOllama
from infill_ls import __version__
from infill_ls.visits_file import last
from lsp_client import GHOST_TEXT


async def test_an_editor_is_kept_after_it_is_initialized(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(
        {**GHOST_TEXT, "window": {"workDoneProgress": True}}, client="Some Editor"
    )
    file = Path(os.environ["XDG_STATE_HOME"]) / "infill-ls" / "editors.json"
    async with asyncio.timeout(30):
        while not last(file):
            await asyncio.sleep(0.01)
    (visit,) = last(file)
    assert (visit.editor, visit.server, visit.encoding) == ("Some Editor", __version__, "utf-8")
    assert visit.ghost_text
    assert visit.status
    assert visit.progress
    assert not visit.settings
    assert visit.at > 1_700_000_000
