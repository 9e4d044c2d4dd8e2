"""What the editor is told without having asked: messages, the status, progress."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from infill_ls.completion.status import State
from infill_ls.errors import InfillError
from infill_ls.lsp.translate import STATUS
from infill_ls.shown import plain

log = logging.getLogger(__name__)

# What is another each time in an engine's words for the same: ports, times to wait, numbers of
# requests. Statuses of HTTP and the sizes of models are shorter.
_VARIES: Final = re.compile(
    r"\b\d+\.\d+(?= ?(?:m?s|[KMG]i?B)\b)|\b(?:\d{4,}|(?=[a-z_-]*\d)[\da-f_-]{12,})\b"
)


class Messages:
    """Tells the editor's user what is wrong, and the editor what the server is doing.

    ``editor`` sends the messages. ``background`` runs work beside them. ``has_status``: the editor
    has asked for the status. ``prefix``: what messages begin with, empty where the editor says
    itself whose they are.
    """

    def __init__(
        self,
        editor: LanguageServer,
        background: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self.has_status = False
        self.prefix = "infill-ls: "
        self._editor = editor
        self._background = background
        self._told: set[str] = set()
        self._reported: set[str] = set()
        self._progress = 0  # number of the last one
        self._progress_over: asyncio.Event | None = None  # of the one that is shown

    def tell(self, text: str) -> None:
        """Show the user a warning, once."""
        if text not in self._told:
            self._told.add(text)
            self._show(lsp.MessageType.Warning, text)

    def warn(self, text: str) -> None:
        """Show the user a warning, however often."""
        self._show(lsp.MessageType.Warning, text)

    def report(self, error: InfillError) -> None:
        """Show the user a problem, once until something has worked again."""
        cause = _VARIES.sub("#", str(error))
        if cause not in self._reported:
            self._reported.add(cause)
            log.warning("%s", error.message)
            self._show(lsp.MessageType.Error, str(error))

    def recovered(self) -> None:
        """Note that it works again: should it break again, that is news."""
        self._reported.clear()

    def _show(self, kind: lsp.MessageType, text: str) -> None:
        said = f"{self.prefix}{plain(text)}"
        self._editor.window_show_message(lsp.ShowMessageParams(kind, said))

    def tell_status(self, state: State, message: str) -> None:
        """Tell the editor what the server is doing, if it has asked for that.

        Some editors log what they don't know, or show it (lsp-mode, Helix).
        """
        if self.has_status:
            self._editor.protocol.notify(STATUS, {"state": state, "message": plain(message)})

    def show_progress(self, message: str | None) -> None:
        """Show a message in the editor's own progress bar, if it has one, until told None."""
        if self._progress_over is not None:
            self._progress_over.set()
            self._progress_over = None
        window = self._editor.client_capabilities.window
        if message is not None and window is not None and window.work_done_progress:
            self._progress_over = asyncio.Event()
            self._background(self._show_progress(message, self._progress_over))

    async def _show_progress(self, message: str, over: asyncio.Event) -> None:
        self._progress += 1
        token = f"infill-ls {self._progress}"
        progress = self._editor.work_done_progress
        try:
            await progress.create_async(token)
        except JsonRpcException:
            return
        progress.begin(token, lsp.WorkDoneProgressBegin("infill-ls", message=message))
        await over.wait()
        progress.end(token, lsp.WorkDoneProgressEnd())
        # pygls keeps what would cancel it for ever (version 2.1.1).
        progress.tokens.pop(token, None)
