"""A server in this process, with its editor and its completer."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from holes import at
from infill_ls.completion.completer import Completer
from infill_ls.lsp.features import register
from infill_ls.lsp.server import Server
from lsp.completer import FakeCompleter
from lsp.editor import URI, Editor

HOLE = at("a = [█\n")


class Desk:
    """A server, its editor and its completer."""

    def __init__(self, **params: Any) -> None:
        self.server = Server()
        register(self.server)
        self.completer = FakeCompleter()
        self.server.completer = cast(Completer, self.completer)
        self.editor = Editor(self.server.protocol)
        self.editor.initialize(**params)

    def called(self, name: str) -> list[tuple[Any, ...]]:
        return [call for call in self.completer.called if call[0] == name]

    async def begin(self) -> None:
        """What an editor's ``initialized`` leads to."""
        self.editor.notify("initialized", {})
        await self.rest()

    async def rest(self) -> None:
        """Wait for what is done beside the messages."""
        while self.server._tasks:
            await asyncio.wait(self.server._tasks)
            await asyncio.sleep(0)

    def change(self, *changes: dict[str, Any], uri: str = URI) -> None:
        about = {"uri": uri, "version": 2}
        params = {"textDocument": about, "contentChanges": list(changes)}
        self.editor.notify("textDocument/didChange", params)
