"""Keep which editor has come, for ``infill-ls doctor``, once it waits for nothing."""

from __future__ import annotations

from lsprotocol import types as lsp

from infill_ls import __version__, visits_file
from infill_ls.lsp.translate import Client
from infill_ls.text.documents import Encoding
from infill_ls.visits import Visit


def note(client: Client, able: lsp.ClientCapabilities, encoding: Encoding) -> None:
    """Note an editor's visit. ``able``: what it has declared. Raises nothing."""
    window, workspace = able.window, able.workspace
    visits_file.note(
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
        )
    )
