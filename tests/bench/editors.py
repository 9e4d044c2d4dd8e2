"""Editors as they were seen to behave: what each asks and when, and what it then shows.

All speak LSP to the real server in this process. Delays in s, measured with Neovim 0.12.4,
VS Code 1.139.1 and Helix 25.07.1.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, ClassVar, Final

from bench.closing import Closer, closed
from infill_ls.lsp.features import register
from infill_ls.lsp.server import Server

URI: Final = "file:///project/main.py"
CANCELLED: Final = -32800  # LSP 3.17, "ErrorCodes", RequestCancelled


class Editor:
    """``visible`` is what stands at the cursor as a suggestion, ``replaced`` how many characters
    right of the cursor that takes the place of.

    ``closes``: brackets and quotes are closed as they are typed. ``closers`` are those that stand
    right of the cursor, innermost first. ``errors``: what requests were answered with that nobody
    has cancelled.
    """

    name = ""
    closes = False
    closes_after_prefix = False
    client_name = ""
    capabilities: ClassVar[dict[str, Any]] = {
        "general": {"positionEncodings": ["utf-32"]},
        "textDocument": {"inlineCompletion": {}},
    }

    def __init__(self, server: Server, *, closes: bool | None = None) -> None:
        """``closes``: as the editor does by default if None."""
        self.closes = type(self).closes if closes is None else closes
        self.closers: list[Closer] = []
        self.visible = ""
        self.replaced = 0
        self.visible_since = 0.0
        self.shown: list[str] = []
        self.errors: list[dict[str, Any]] = []
        self.changed = asyncio.Event()
        self.server = server
        self._version = 0
        self._ids = iter(range(1, 1_000_000))
        self._waiting: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self.text = ""
        self.cursor = 0
        register(server)
        server.protocol.set_writer(self)

    def start(self, options: dict[str, Any]) -> None:
        self._request(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "capabilities": self.capabilities,
                "clientInfo": {"name": self.client_name},
                "initializationOptions": options,
            },
            lambda _: None,
        )
        self._notify("initialized", {})

    def open(self, text: str, cursor: int) -> None:
        """Show a file and go to a place in it, to insert."""
        self._version += 1
        self.text, self.cursor, self.closers = text, cursor, []
        if self._version == 1:
            item = {"uri": URI, "languageId": "python", "version": 1, "text": text}
            self._notify("textDocument/didOpen", {"textDocument": item})
        else:
            self._did_change([{"text": text}])
        self._show("")
        self.entered()

    def insert(self, key: str) -> None:
        """Press a key. A line end comes with the indentation of the next line."""
        inner = self.closers[0] if self.closers else None
        replaced, keeps = self.replaced, True
        if inner is not None and inner.text == key:
            self._edit(key, over=len(key))
            del self.closers[0]
            replaced = max(0, replaced - len(key))
        elif inner is not None and inner.is_split(key, self.cursor):
            self.closers[0] = inner.below(self._line_before())
            self._edit(key, over=len(inner.text), behind=self.closers[0].text)
            # What it replaces has several lines now.
            keeps = False
        elif behind := self._closed(key, inner):
            self.closers.insert(0, Closer(self.cursor, behind))
            self._edit(key, behind=behind)
            replaced += len(behind)
        else:
            self._edit(key)
        # The ghost text stays where it is if the user has typed its beginning.
        rest = self.visible.removeprefix(key) if keeps and self.visible.startswith(key) else ""
        is_left = _has_in_order(rest, self.text[self.cursor : self.cursor + replaced])
        self._show(rest if is_left else "", replaced, new=False)
        self.typed(key)

    def backspace(self) -> None:
        end = self._position()
        self.text = self.text[: self.cursor - 1] + self.text[self.cursor :]
        self.cursor -= 1
        self._did_change([{"range": {"start": self._position(), "end": end}, "text": ""}])
        self._show("")
        self.typed("")

    def delete_closer(self) -> None:
        """Delete the closer that was put right of the cursor."""
        self._edit("", over=len(self.closers.pop(0).text))
        self._show("")
        self.typed("")

    def go_over_closer(self) -> None:
        """Go behind the closer that was put on the line below."""
        self.cursor += len(self.closers.pop(0).text)
        self._show("")
        if self._timer is not None:
            self._timer.cancel()
        self.entered()

    def accept(self) -> str:
        """Put in what is visible, in the place of what it replaces."""
        text, left = self.visible, self.replaced
        self._edit(text, over=left)
        while self.closers and left >= len(self.closers[0].text):
            left -= len(self.closers.pop(0).text)
        self._show("")
        self.typed(text)
        return text

    def _closed(self, key: str, inner: Closer | None) -> str:
        if not self.closes:
            return ""
        after = self.text[self.cursor : self.cursor + 1]
        inside = inner.text if inner is not None else ""
        prefixes = self.closes_after_prefix
        return closed(key, self._line_before(), after, inside, prefixes=prefixes)

    def _edit(self, text: str, *, over: int = 0, behind: str = "") -> None:
        """Replace so many characters right of the cursor; what is put ``behind`` it is there then.

        The part of them that stays as it is, is told too, as VS Code does when a closer is typed
        over.
        """
        start = self._position()
        end = self._position(over)
        rest = self.text[self.cursor + over :]
        self.text = self.text[: self.cursor] + text + behind + rest
        self.cursor += len(text)
        self._did_change([{"range": {"start": start, "end": end}, "text": text + behind}])

    def _line_before(self) -> str:
        return self.text[self.text.rfind("\n", 0, self.cursor) + 1 : self.cursor]

    def entered(self) -> None:
        """The cursor came to a new place."""

    def typed(self, text: str) -> None:
        """A key was pressed."""

    # The wire

    def write(self, data: bytes) -> None:
        message = json.loads(data.partition(b"\r\n\r\n")[2])
        if "method" not in message:
            if message.get("error", {}).get("code", CANCELLED) != CANCELLED:
                self.errors.append(message["error"])
            self._waiting.pop(message["id"])(message)

    def close(self) -> None:
        """The server's writer ends."""

    def _receive(self, message: dict[str, Any]) -> None:
        self.server.protocol.receive(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def _notify(self, method: str, params: Any) -> None:
        self._receive({"method": method, "params": params})

    def _request(self, method: str, params: Any, then: Callable[[dict[str, Any]], None]) -> int:
        number = next(self._ids)
        self._waiting[number] = then
        self._receive({"id": number, "method": method, "params": params})
        return number

    def _did_change(self, changes: list[dict[str, Any]]) -> None:
        self._version += 1
        document = {"uri": URI, "version": self._version}
        self._notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": changes}
        )

    def _position(self, beyond: int = 0) -> dict[str, int]:
        before = self.text[: self.cursor + beyond]
        return {
            "line": before.count("\n"),
            "character": len(before) - before.rfind("\n") - 1,
        }

    @property
    def asks_here(self) -> bool:
        """Whether this editor asks at such a place at all."""
        return True

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(delay, action)

    def _ask_inline(self) -> int:
        text, cursor = self.text, self.cursor

        def answered(message: dict[str, Any]) -> None:
            if "error" in message or message["result"] is None:
                return
            items = message["result"]["items"]
            if self.cursor == cursor and self.text == text:
                self._show(*_inline(items[0]) if items else ("",))

        params = {
            "textDocument": {"uri": URI},
            "position": self._position(),
            "context": {"triggerKind": 2},
        }
        return self._request("textDocument/inlineCompletion", params, answered)

    def _show(self, text: str, replaced: int = 0, *, new: bool = True) -> None:
        replaced = replaced if text else 0
        if (text, replaced) == (self.visible, self.replaced):
            return
        if text and new:
            self.shown.append(text)
        if not self.visible:
            self.visible_since = self._loop.time()
        self.visible, self.replaced = text, replaced
        self.changed.set()


def _inline(item: dict[str, Any]) -> tuple[str, int]:
    """What an item brings, and how many characters right of the cursor it replaces."""
    start, end = item["range"]["start"], item["range"]["end"]
    return item["insertText"], end["character"] - start["character"]


def _has_in_order(text: str, characters: str) -> bool:
    left = iter(text)
    return all(character in left for character in characters)


class VSCode(Editor):
    """A request 40 ms after each key; the one before is cancelled at the key."""

    name = "VS Code"
    client_name = "Visual Studio Code"
    closes = True
    closes_after_prefix = True
    _pending: int | None = None

    def typed(self, text: str) -> None:
        if self._pending in self._waiting:
            self._notify("$/cancelRequest", {"id": self._pending})
        self._later(0.040, self._ask)

    def _ask(self) -> None:
        self._pending = self._ask_inline()


class HurriedVSCode(VSCode):
    """With its own defaults: after 750 ms without an answer it cancels, and shows its own menu.

    Our extension sets the setting that keeps it from that.
    """

    name = "VS Code, 750 ms"
    _gives_up: asyncio.TimerHandle | None = None

    def _ask(self) -> None:
        super()._ask()
        if self._gives_up is not None:
            self._gives_up.cancel()
        self._gives_up = self._loop.call_later(0.750, self._give_up)

    def _give_up(self) -> None:
        if self._pending in self._waiting:
            self._notify("$/cancelRequest", {"id": self._pending})


class Neovim(Editor):
    """A request after the last key, and when inserting begins; none is ever cancelled.

    ``pause``: how long after, in s, as in our set-up, which tells the server of it.
    """

    name = "Neovim"
    client_name = "Neovim"
    pause = 0.040
    capabilities: ClassVar[dict[str, Any]] = {
        **Editor.capabilities,
        "experimental": {"infill-ls/pause": 40},
    }

    def entered(self) -> None:
        self._later(self.pause, self._ask)

    def typed(self, text: str) -> None:
        self._later(self.pause, self._ask)

    def _ask(self) -> None:
        self._ask_inline()


class Helix(Editor):
    """A menu 250 ms after the last key, once two letters of a word stand before the cursor.

    While it is open no other is asked for; it closes when what is typed doesn't fit.
    """

    name = "Helix"
    client_name = "helix"
    closes = True
    capabilities: ClassVar[dict[str, Any]] = {
        "general": {"positionEncodings": ["utf-32"]},
        "textDocument": {"completion": {}},
    }

    def typed(self, text: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.visible and len(self._word()) >= 2:
            self._later(0.250, self._ask)

    @property
    def asks_here(self) -> bool:
        return bool(self.visible) or len(self._word()) >= 2

    def _word(self) -> str:
        start = self.cursor
        while start > 0 and (self.text[start - 1].isalnum() or self.text[start - 1] == "_"):
            start -= 1
        return self.text[start : self.cursor]

    def _ask(self) -> None:
        cursor, word, position = self.cursor, self._word(), self._position()
        size = sum(len(closer.text) for closer in self.closers)

        def answered(message: dict[str, Any]) -> None:
            result = message.get("result")
            items = result["items"] if result else []
            since = self.text[cursor : self.cursor]
            edit = items[0]["textEdit"] if items else None
            fill = edit["newText"][len(word) :] if edit else ""
            if self.cursor >= cursor and fill.startswith(since) and len(fill) > len(since):
                assert edit is not None
                # What was closed since is taken back before the item is put in.
                now = sum(len(closer.text) for closer in self.closers)
                over = edit["range"]["end"]["character"] - position["character"]
                self._show(fill[len(since) :], max(0, over + now - size))

        params = {"textDocument": {"uri": URI}, "position": position}
        self._request("textDocument/completion", params, answered)


EDITORS: Final = (VSCode, Neovim, Helix)
ALL_EDITORS: Final = (*EDITORS, HurriedVSCode)
