"""Make a random LSP session: what the editor is, and what it does, as plain JSON.

An operation is a list: ``["send", message]``, ``["burst", [message, …]]`` (in one piece),
``["raw", text]`` (bytes as Latin-1), ``["wait", seconds]``, ``["accept", id, which]`` and
``["take", which]`` (what was offered last, or before; ``take`` puts it into the document).
"""

from __future__ import annotations

import json
from random import Random
from typing import Any, Final

from fuzz import engine, model, notebooks, texts

URIS: Final = (
    *("file:///project/main.py", "file:///project/main.py", "file:///project/%E6%BC%A2.ts"),
    *("untitled:Untitled-1", "file:///project/.env", "file:///a%00b.py", "", "no uri", "\ud800"),
    *("file:///C:/x.py", "http://[", "file://host/share/a.go"),
)
CLIENTS: Final = ("test", "Visual Studio Code", "Neovim", "helix", "emacs", "Sublime Text LSP", "")
INLINE: Final = "textDocument/inlineCompletion"
MENU: Final = "textDocument/completion"
METHODS: Final = (
    *(INLINE, MENU, "textDocument/didOpen", "textDocument/didChange", "textDocument/didClose"),
    *("textDocument/didSave", "textDocument/hover", "workspace/executeCommand", "initialize"),
    *("initialized", "workspace/didChangeConfiguration", "$/cancelRequest", "$/setTrace", "$/no"),
    *("workspace/didChangeWorkspaceFolders", "textDocument/willSaveWaitUntil", "no/such", ""),
    *("notebookDocument/didOpen", "window/workDoneProgress/cancel", "$/progress"),
)


def make(random: Random) -> dict[str, Any]:
    """A session of some dozen operations."""
    return Maker(random).session()


class Maker:
    """``texts``: the documents, as far as it knows. ``cursors``: where somebody types in each."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.encoding = "utf-16"
        self.texts: dict[str, str] = {}
        self.cursors: dict[str, int] = {}
        self.number = 0  # of the last request
        self.version = 1
        self.menu = False
        self.notebooks = notebooks.Maker(random, self.texts)

    def session(self) -> dict[str, Any]:
        random = self.random
        offered = random.choice((["utf-8"], ["utf-16"], ["utf-32"], ["utf-8", "utf-16"], None))
        self.encoding = offered[0] if offered else "utf-16"
        self.menu = random.random() < 0.25
        capabilities: dict[str, Any] = {
            "workspace": {"configuration": random.random() < 0.5},
            "window": {"workDoneProgress": random.random() < 0.3},
            "notebookDocument": random.choice(({"synchronization": {}}, None)),
            "textDocument": {} if self.menu else {"inlineCompletion": random.choice(({}, None))},
        }
        if offered:
            capabilities["general"] = {"positionEncodings": offered}
        if random.random() < 0.5:
            capabilities["experimental"] = {"infill-ls/status": True}
        about = {
            "processId": random.choice((None, None, 1)),
            "rootUri": random.choice((None, "file:///project", "file:///a%00b")),
            "capabilities": capabilities,
            "clientInfo": {"name": random.choice(CLIENTS)},
            "initializationOptions": random.choice(({"debounceMs": 0}, {}, None))
            if random.random() < 0.7
            else texts.settings(random),
        }
        operations: list[list[Any]] = []
        if random.random() < 0.95:
            operations.append(["send", self.notification("initialized", {})])
        operations.append(["send", self.opening(random.choice(URIS[:4]))])
        if random.random() < 0.4:
            operations += [["send", self.notebook()] for _ in range(random.randrange(1, 6))]
        for _ in range(random.choice((5, 20, 40, 80, 120))):
            operations += self.operation()
        return {
            "initialize": about,
            "ascii": random.random() < 0.7,
            "pieces": random.choice((0, 0, 1, 7, 100)),
            "answers": [self.answer() for _ in range(random.randrange(1, 4))],
            "engine": engine.script(random),
            "operations": operations,
            "end": random.choice(("exit", "exit", "exit", "eof", "abrupt", "bad length")),
        }

    def answer(self) -> list[Any]:
        """How a question of the server is answered: when, what with, and what it is."""
        random = self.random
        kind = random.choice(("result", "result", "result", "result", "error", "nothing"))
        pause = random.choice((0, 0, 0, 0.1, 3, 7))
        value: Any = [texts.settings(random)]
        if random.random() < 0.2 or kind == "error":
            value = texts.json_value(random)
        return [pause, kind, value]

    # Messages

    def notification(self, method: str, params: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "method": method, "params": params}

    def request(self, method: str, params: Any) -> dict[str, Any]:
        self.number += 1
        number = self.number if self.number % 7 else f"text {self.number}"
        return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}

    def opening(self, uri: str) -> dict[str, Any]:
        random = self.random
        size = random.choice((0, 1, 4, 20, 20, 60))
        text = texts.text(random, size, strange=random.choice((0.0, 0.02, 0.3)))
        self.texts[uri] = text
        self.cursors[uri] = self.place(text)
        item = {
            "uri": uri,
            "languageId": random.choice(texts.LANGUAGES) if random.random() < 0.5 else "python",
            "version": self.version,
            "text": text,
        }
        return self.notification("textDocument/didOpen", {"textDocument": item})

    def position(self, text: str, index: int | None = None) -> dict[str, int]:
        """A position in a text; one that is nowhere in it now and then."""
        random = self.random
        lot = random.random()
        if index is None:
            if lot < 0.1:
                wild = (0, 1, 7, 200, 2**31 - 1)
                return {"line": random.choice(wild), "character": random.choice(wild)}
            index = random.randrange(len(text) + 1)
        starts = model.line_starts(text)
        line = max(number for number, start in enumerate(starts) if start <= index)
        before = text[starts[line] : index].rstrip("\r\n")
        column = model.length_of(before, self.encoding)
        if lot > 0.95:
            column += random.choice((1, -1, 1000))
        return {"line": line, "character": max(0, column)}

    def place(self, text: str) -> int:
        """Where somebody may type: mostly at the end of a line."""
        index = self.random.randrange(len(text) + 1)
        if self.random.random() < 0.3:
            return index
        return min(
            (at for at in (text.find(end, index) for end in "\r\n") if at >= 0),
            default=len(text),
        )

    def known_uri(self) -> str:
        random = self.random
        if self.texts and random.random() < 0.97:
            return random.choice(list(self.texts))
        return random.choice(URIS)

    def changes(self, uri: str) -> dict[str, Any]:
        """Any changes, one to three of them in one message."""
        random = self.random
        made = []
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            text = self.texts.get(uri, "")
            new = texts.text(random, random.randrange(4), strange=random.choice((0.0, 0.5)))
            change: dict[str, Any] = {"text": new}
            if random.random() < 0.9:
                start, end = self.position(text), self.position(text)
                if random.random() < 0.5:
                    end = start
                change["range"] = {"start": start, "end": end}
                if random.random() < 0.3:
                    change["rangeLength"] = random.randrange(9)
            made.append(change)
            self.texts[uri] = model.changed(text, change, self.encoding)
        self.cursors[uri] = self.place(self.texts[uri])
        return self.change(uri, made)

    def change(self, uri: str, changes: list[dict[str, Any]]) -> dict[str, Any]:
        self.version += self.random.choice((1, 1, 1, 1, 0, -3))
        about = {"uri": uri, "version": self.version}
        params = {"textDocument": about, "contentChanges": changes}
        changed = self.notification("textDocument/didChange", params)
        cell = self.notebooks.typed(uri, changed) if self.random.random() < 0.9 else None
        return self.notification(*cell) if cell else changed

    def typing(self, uri: str) -> dict[str, Any]:
        """Some characters, put in at the cursor."""
        random = self.random
        text, cursor = self.texts.get(uri, ""), self.cursors.get(uri, 0)
        new = random.choice(engine.FILLS)[: random.choice((1, 1, 2, 6))] or " "
        if random.random() < 0.3:
            new = texts.text(random, 1)
        here = self.position(text, min(cursor, len(text)))
        start = model.index_of(text, here, self.encoding)
        closed = random.choice(("", "", "", ")", "]"))
        self.texts[uri] = text[:start] + new + closed + text[start:]
        self.cursors[uri] = start + len(new)
        about = {"start": here, "end": here}
        return self.change(uri, [{"range": about, "text": new + closed}])

    def asking(self, uri: str) -> dict[str, Any]:
        """A request for a fill, mostly at the cursor."""
        random = self.random
        text = self.texts.get(uri, "")
        index = min(self.cursors.get(uri, 0), len(text)) if random.random() < 0.8 else None
        params: dict[str, Any] = {
            "textDocument": {"uri": uri},
            "position": self.position(text, index),
        }
        if self.menu != (random.random() < 0.05):
            if random.random() < 0.7:
                params["context"] = {"triggerKind": random.choice((1, 1, 3))}
            return self.request(MENU, params)
        params["context"] = context = {"triggerKind": random.choice((1, 2, 2, 2, 2))}
        if random.random() < 0.15:
            end = params["position"]
            start = {**end, "character": max(0, end["character"] - random.randrange(4))}
            if random.random() < 0.2:
                start, end = self.position(text), self.position(text)
            chosen = texts.text(random, random.randrange(3))
            about = {"range": {"start": start, "end": end}, "text": chosen}
            context["selectedCompletionInfo"] = about  # type: ignore[assignment]
        return self.request(INLINE, params)

    def odd(self) -> dict[str, Any]:
        """A message that no editor should send."""
        random = self.random
        method = random.choice(METHODS)
        params = texts.json_value(random)
        if random.random() < 0.5:
            part = {"textDocument": {"uri": random.choice(URIS)}, "position": params}
            params = {**part, "context": texts.json_value(random), "contentChanges": params}
        message = (self.request if random.random() < 0.6 else self.notification)(method, params)
        lot = random.random()
        if lot < 0.1:
            message[random.choice(("jsonrpc", "method", "params"))] = texts.json_value(random)
        elif lot < 0.15:
            message["id"] = random.choice((None, 1.5, [1], {"a": 1}))
        elif lot < 0.25:
            message[random.choice(("result", "error"))] = texts.json_value(random)
        elif lot < 0.3:
            del message[random.choice(list(message))]
        return message

    def configuring(self) -> dict[str, Any]:
        random = self.random
        sent = texts.settings(random)
        params = random.choice(({"settings": {"infill-ls": sent}}, {"settings": sent}, sent))
        if random.random() < 0.3:
            params = {"settings": None}
        return self.notification("workspace/didChangeConfiguration", params)

    def notebook(self) -> dict[str, Any]:
        return self.notification(*self.notebooks.message())

    def command(self) -> dict[str, Any]:
        random = self.random
        names = (*["explain"] * 6, *["accept"] * 3, "toggle", "no.such")
        params: dict[str, Any] = {"command": f"infill-ls.{random.choice(names)}"}
        if random.random() < 0.7:
            params["arguments"] = [texts.json_value(random) for _ in range(random.randrange(3))]
        return self.request("workspace/executeCommand", params)

    # Operations

    def message(self) -> dict[str, Any]:
        """The next message, whatever it is."""
        random, lot, uri = self.random, self.random.random(), self.known_uri()
        if lot < 0.32:
            return self.typing(uri)
        if lot < 0.62:
            return self.asking(uri)
        if lot < 0.76:
            return self.changes(uri)
        if lot < 0.82:
            number = max(1, self.number - random.choice((0, 0, 0, 1, 5)))
            cancelled = number if number % 7 else f"text {number}"
            return self.notification("$/cancelRequest", {"id": cancelled})
        if lot < 0.86:
            return self.opening(random.choice(URIS[:4] if random.random() < 0.7 else URIS))
        if lot < 0.875:
            self.texts.pop(uri, None)
            return self.notification("textDocument/didClose", {"textDocument": {"uri": uri}})
        if lot < 0.91:
            return self.command()
        if lot < 0.93:
            return self.configuring()
        if lot < 0.96:
            return self.notebook()
        return self.odd()

    def operation(self) -> list[list[Any]]:
        random, lot = self.random, self.random.random()
        if lot < 0.4:
            return [["send", self.message()]]
        if lot < 0.72:
            # As people do it: they type, they look, they take it.
            uri = self.known_uri()
            made: list[list[Any]]
            made = [["send", self.typing(uri)], ["send", self.asking(uri)]]
            if random.random() < 0.6:
                made.append(["wait", random.choice((0.1, 0.5, 1.5, 4, 9))])
                if random.random() < 0.4:
                    made.append(["take", 0])
            return made
        if lot < 0.78:
            return [["burst", [self.message() for _ in range(random.randrange(2, 6))]]]
        if lot < 0.92:
            return [["wait", random.choice((0.01, 0.04, 0.1, 0.3, 0.3, 1, 1, 3, 9, 35))]]
        if lot < 0.95:
            self.number += 1
            number = self.number if self.number % 7 else f"text {self.number}"
            return [["accept", number, random.randrange(3)]]
        if lot < 0.98:
            return [["take", random.randrange(3)]]
        return [["raw", self.raw()]]

    def raw(self) -> str:
        """Bytes that a server survives: noise in a header, or a body that means nothing."""
        random = self.random
        body = random.choice(
            (
                random.randbytes(random.randrange(20)),
                b"[" * random.choice((1, 100_000)),
                b"\xff\xfe{\x00}\x00",
                b'{"jsonrpc":"2.0","method":"$/a","params":' + b"9" * 5000 + b"}",
                json.dumps(texts.json_value(random)).encode(),
                json.dumps([self.odd()]).encode(),
            )
        )
        header = random.choice(
            (
                b"Content-Length: %d\r\n\r\n",
                b"noise: \x00\xff\r\ncontent-LENGTH:%d\n\n",
                b"\r\n\r\nContent-Type: a\r\nContent-Length: %d\r\n\r\n",
                b"x" * 5000 + b"\nContent-Length:  %d \r\nA: b\r\n\r\n",
            )
        )
        return (header % len(body) + body).decode("latin-1")
