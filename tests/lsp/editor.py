"""An editor in the same process: it sends messages to a protocol, and reads what comes back."""

from __future__ import annotations

import json
from typing import Any

from infill_ls.lsp.frames import Frames
from infill_ls.lsp.protocol import Protocol

URI = "file:///project/main.py"


class Editor:
    """``received`` has every message, in order."""

    def __init__(self, protocol: Protocol) -> None:
        self.received: list[dict[str, Any]] = []
        self.protocol = protocol
        self._frames = Frames()
        protocol.set_writer(self)

    def write(self, data: bytes) -> None:
        for body in self._frames.feed(data):
            assert isinstance(body, bytes)
            self.received.append(json.loads(body))

    def close(self) -> None:
        pass

    def send(self, **message: Any) -> None:
        self.protocol.receive(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def notify(self, method: str, params: Any) -> None:
        self.send(method=method, params=params)

    def initialize(self, **params: Any) -> None:
        about = {"processId": None, "rootUri": None, "capabilities": {}, **params}
        self.send(id="initialize", method="initialize", params=about)

    def open(self, text: str, uri: str = URI) -> None:
        item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def reply(self, number: Any) -> dict[str, Any]:
        """The one reply to a request."""
        (reply,) = [one for one in self.received if "method" not in one and one["id"] == number]
        return reply

    def error(self, number: Any) -> dict[str, Any]:
        """The error that a request was answered with."""
        error: dict[str, Any] = self.reply(number)["error"]
        return error

    def shown(self) -> list[str]:
        """What the user was shown."""
        return [
            one["params"]["message"]
            for one in self.received
            if one.get("method") == "window/showMessage"
        ]
