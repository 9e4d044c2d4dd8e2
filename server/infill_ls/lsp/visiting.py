"""Keep which editor has come, for ``infill-ls doctor``, once it waits for nothing."""

from __future__ import annotations

import asyncio
from typing import Final

from lsprotocol import types as lsp

from infill_ls import __version__, visits_file
from infill_ls.lsp.translate import Client
from infill_ls.text.documents import Encoding
from infill_ls.visits import Visit

# s until it is tried once more, and how often: several windows may open at once, and each is at the
# file for less than a millisecond.
_AGAIN: Final = 0.05
_TURNS: Final = 20


def note(client: Client, able: lsp.ClientCapabilities, encoding: Encoding) -> None:
    """Note an editor's visit. ``able``: what it has declared. Raises nothing.

    Waits for no other server that writes the file; it is tried again later.
    """
    window, workspace = able.window, able.workspace
    _keep(
        Visit(
            client.name,
            client.version,
            at=visits_file.clock(),
            server=__version__,
            ghost_text=client.has_ghost_text,
            status=client.has_status,
            progress=bool(window and window.work_done_progress),
            settings=bool(workspace and workspace.configuration),
            encoding=encoding,
        ),
        _TURNS,
    )


def _keep(visit: Visit, attempts: int) -> None:
    if not visits_file.note(visit) and attempts > 1:
        asyncio.get_running_loop().call_later(_AGAIN, _keep, visit, attempts - 1)
