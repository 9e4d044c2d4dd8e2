"""An editor with many documents open: what its keys tell the server, and when it asks for fills."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

from soak.buffers import Buffer, Place
from soak.client import INLINE, SoakClient

# s. VS Code asks so long after each key, and cancels at the next one; Neovim asks after a pause,
# and never cancels (tests/bench/editors.py).
VS_CODE: Final = 0.040
NEOVIM: Final = 0.200


class Editor:
    """``habit``: how long it waits before it asks, in s, and so whose habits it has.

    ``visible``: the ghost text at the cursor, empty if there is none. ``usable``: buffers by their
    uris, in the order in which they were shown last.
    """

    def __init__(self, client: SoakClient) -> None:
        self.client = client
        self.habit = VS_CODE
        self.usable: dict[str, Buffer] = {}
        self.cursor: Place = (0, 0)
        self.visible = ""
        self.asked: asyncio.Future[Any] | None = None
        self._accept: list[Any] = []  # the arguments of what is visible
        self._behind = 0  # how many characters right of the cursor that takes the place of
        self._timer: asyncio.TimerHandle | None = None
        self.buffer: Buffer

    # Documents

    def show(self, buffer: Buffer, cursor: Place = (0, 0)) -> None:
        """Go to a place in a document, which is opened if it isn't."""
        if buffer.uri not in self.usable:
            self.client.open(buffer.text, buffer.uri, "python")
            buffer.version = 1
        self.usable.pop(buffer.uri, None)
        self.usable[buffer.uri] = buffer
        self.buffer, self.cursor = buffer, cursor
        self._hide()

    def close(self, buffer: Buffer) -> None:
        """Close a document; another one must be shown next."""
        del self.usable[buffer.uri]
        self.client.notify("textDocument/didClose", {"textDocument": {"uri": buffer.uri}})
        self._hide()

    def save(self) -> None:
        """Write the document to the disk, and say so."""
        self.buffer.path.write_text(self.buffer.text, "utf-8")
        self.client.notify("textDocument/didSave", {"textDocument": {"uri": self.buffer.uri}})

    # Keys

    def put(self, text: str, start: Place | None = None, end: Place | None = None) -> None:
        """Put a text in the place of another one; at the cursor, if no place is said."""
        start, end = start or self.cursor, end or self.cursor
        change, self.cursor = self.buffer.replace(start, end, text)
        self._tell(change)
        if start == end and self.visible.startswith(text) and self.visible != text:
            self.visible = self.visible[len(text) :]
        else:
            self.visible = ""
        self._pressed()

    def undo(self) -> None:
        """Take the newest edit back."""
        start, end, text = self.buffer.undo.pop()
        change, self.cursor = self.buffer.replace(start, end, text)
        self.buffer.undo.pop()
        self._tell(change)
        self.visible = ""
        self._pressed()

    def accept(self) -> None:
        """Take all that is visible."""
        text, (line, column) = self.visible, self.cursor
        arguments = self._accept
        self.put(text, self.cursor, (line, column + self._behind))
        self.command("infill-ls.accept", arguments)

    def accept_word(self) -> None:
        """Take the first word of what is visible."""
        found = re.match(r"\s*(\w+|.)", self.visible)
        self.put(found[0] if found else self.visible)

    def command(self, name: str, arguments: list[Any] | None = None) -> asyncio.Future[Any]:
        asked = {"command": name, "arguments": arguments or []}
        return self.client.send("workspace/executeCommand", asked)

    # Requests

    def ask(self, *, manual: bool = False) -> asyncio.Future[Any]:
        """Ask for ghost text, which is shown if nothing has changed by the time that it comes."""
        at = self.buffer, self.buffer.version, self.cursor
        self.asked = asked = self.request(manual=manual)

        def answered(reply: asyncio.Future[Any]) -> None:
            if reply.cancelled() or reply.exception() is not None or reply.result() is None:
                return
            if at == (self.buffer, self.buffer.version, self.cursor):
                self._show(reply.result()["items"])

        asked.add_done_callback(answered)
        return asked

    def request(self, *, manual: bool = False) -> asyncio.Future[Any]:
        """Ask for ghost text at the cursor, and show nothing."""
        params = {
            "textDocument": {"uri": self.buffer.uri},
            "position": self.buffer.position(self.cursor),
            "context": {"triggerKind": 1 if manual else 2},
        }
        return self.client.send(INLINE, params)

    @property
    def waits(self) -> bool:
        """Whether a request has no answer yet."""
        return self.asked is not None and not self.asked.done()

    def rest(self) -> None:
        """Let the timer go that a key has started."""
        if self._timer is not None:
            self._timer.cancel()

    def _tell(self, change: dict[str, Any]) -> None:
        document = {"uri": self.buffer.uri, "version": self.buffer.version}
        self.client.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
        )

    def _pressed(self) -> None:
        if self.habit == VS_CODE and self.waits:
            assert self.asked is not None
            self.client.cancel(self.asked)
            self.asked = None
        self.rest()
        self._timer = asyncio.get_running_loop().call_later(self.habit, self.ask)

    def _show(self, items: list[Any]) -> None:
        self._hide()
        if items:
            item = items[0]
            start, end = item["range"]["start"], item["range"]["end"]
            self.visible = item["insertText"]
            self._behind = end["character"] - start["character"]
            self._accept = item["command"]["arguments"]

    def _hide(self) -> None:
        self.visible, self._behind, self._accept = "", 0, []
