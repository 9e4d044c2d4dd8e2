"""Play a session against the real server, in this process and in virtual time, and check it.

The checks: every well-formed request gets exactly one reply, in time; the documents' texts are
those of :mod:`fuzz.model`; at most one generation is in flight; nothing older is shown after
something newer; items lie on the cursor's line and hold nothing that must not be shown; the log
and the messages hold none of the user's code; nothing fails where nobody waits for it; nothing is
left at the end.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from unittest.mock import patch

from pygls.protocol import default_converter

from fuzz import clock, model, notebooks
from fuzz.engine import ScriptedEngine, Watch
from fuzz.found import Counts, Found
from fuzz.sessions import INLINE, MENU
from fuzz.texts import CANARY
from infill_ls.completion.completer import Completer
from infill_ls.engines.engine import Engine
from infill_ls.logs import TRACE, set_log_level
from infill_ls.lsp.server import Server
from infill_ls.lsp.transport import Incoming, serve
from infill_ls.settings import Settings

# s. An automatic request is answered within 8 s, and one of the first within 5 s more: so long an
# editor may take to say its settings. A manual one has 30 s.
AUTOMATIC: Final = 8.0
SETTINGS_WAIT: Final = 5.0
MANUAL: Final = 30.0
# s. After so long everything is answered.
PATIENCE: Final = 60.0
# s. What is closed is gone by then.
CLOSING: Final = 10.0
# Characters of a fill.
LONGEST: Final = 4_000
# What nobody sees, wherever it stands; a fill may have it where the file has it already.
HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u200b\u202a-\u202e\u2060-\u206f"
    "\u115f\u1160\u3164\uffa0\ufeff\ud800-\udfff]"
)
# What the server may send without having been asked.
UNASKED: Final = {
    *("window/showMessage", "infill-ls/status", "$/progress"),
    *("window/workDoneProgress/create", "workspace/configuration"),
}

_converter = cache(default_converter)


@dataclass
class Asked:
    """A request: when and for which text. ``order``: its place among those for fills."""

    message: dict[str, Any]
    time: float
    early: bool  # before the settings are known
    text: str | None = None
    order: int = 0
    replies: list[dict[str, Any]] = field(default_factory=list)


class Log(logging.Handler):
    """Notes what must not be in the log."""

    def __init__(self) -> None:
        super().__init__(TRACE)
        self.found: list[Found] = []

    def emit(self, record: logging.LogRecord) -> None:
        if logging.getLogger("infill_ls").level <= TRACE:
            return
        told = self.format(record)
        if CANARY in told:
            self.found.append(Found("code in the log", told))
        if record.levelno >= logging.ERROR and "was announced" not in told:
            self.found.append(Found(f"failure {told.partition(chr(10))[0]}", told))

    @contextmanager
    def listening(self) -> Iterator[None]:
        loggers = [logging.getLogger(name) for name in ("infill_ls", "pygls", "asyncio")]
        for one in loggers:
            one.addHandler(self)
        set_log_level("warning")
        try:
            yield
        finally:
            for one in loggers:
                one.removeHandler(self)
            set_log_level("warning")


class Player:
    """Plays one session. ``counts`` has what happened."""

    def __init__(self, case: dict[str, Any], counts: Counts) -> None:
        self.case = case
        self.counts = counts
        self.encoding = "utf-16"
        self.texts: dict[str, str] = {}
        self.notebooks = notebooks.Notebooks(self.texts)
        self.last = ""  # document that something was said of
        self.asked: dict[Any, Asked] = {}
        self.offered: list[tuple[Asked, dict[str, Any]]] = []
        self.found: list[Found] = []
        self.questions = 0
        self.connects = 0
        self.fills = 0  # requests for one
        self.newest = {INLINE: 0, MENU: 0}  # of them that was answered
        self.watch = Watch()
        self.log = Log()
        self.incoming = Incoming()
        self._buffer = b""
        self._gone = False

    def play(self) -> None:
        """Play it. Raises :class:`Found`."""
        with self.log.listening(), patch("infill_ls.lsp.server.default_converter", _converter):
            self.server = Server()
            clock.run(self._session())

    async def _connect(self, settings: Settings) -> Engine:
        connects = self.case["engine"]["connects"]
        pause, fails = connects[self.connects % len(connects)]
        self.connects += 1
        self.counts["engines"] += 1
        await asyncio.sleep(pause)
        engine = ScriptedEngine(self.case["engine"], self.watch)
        if fails:
            raise engine._fail(pause > 0)
        return engine

    async def _session(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.server.completer = Completer(self._connect, Settings(), status=self.server.status)
        self.serving = asyncio.create_task(serve(self.server, self.incoming, self))
        about = self.case["initialize"]
        await self._send({"jsonrpc": "2.0", "id": "first", "method": "initialize", "params": about})
        reply = self.asked["first"].replies[0]
        self.encoding = reply["result"]["capabilities"]["positionEncoding"]
        for operation in self.case["operations"]:
            await self._do(operation)
            self._check()
        await self._end()

    async def _end(self) -> None:
        end = self.case["end"]
        if end != "abrupt":
            await self._until_answered()
        expected = 0 if end == "exit" else 1
        if end == "exit":
            await self._send({"jsonrpc": "2.0", "id": "last", "method": "shutdown"})
            late = {"jsonrpc": "2.0", "id": "too late", "method": INLINE, "params": {}}
            await self._send(late)
            self._feed([{"jsonrpc": "2.0", "method": "exit"}])
        elif end == "bad length":
            self.incoming.feed(b"Content-Length: -1\r\n\r\n")
        else:
            self.incoming.end()
        status = await asyncio.wait_for(self.serving, CLOSING)
        self._gone = True
        if status != expected:
            raise Found("exit status", f"{status} after {end}")
        if end != "abrupt":
            self._check_replies(at_end=True)
        await self._nothing_left()
        self._check()

    async def _until_answered(self) -> None:
        limit = self.loop.time() + PATIENCE
        while self.loop.time() < limit and any(not one.replies for one in self.asked.values()):
            await asyncio.sleep(1)
            self._check()
        self._check_replies(at_end=True)

    async def _nothing_left(self) -> None:
        limit = self.loop.time() + CLOSING
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0.5)
            if self.loop.time() > limit:
                left = asyncio.all_tasks() - {asyncio.current_task()}
                raise Found("tasks left", [task.get_coro() for task in left])
        if self.watch.running:
            raise Found("a generation left", self.watch.running)

    # What the editor does

    async def _do(self, operation: list[Any]) -> None:
        kind, *rest = operation
        self.counts["operations"] += len(rest[0]) if kind == "burst" else 1
        if kind == "send":
            await self._send(rest[0])
        elif kind == "burst":
            self._feed(rest[0])
            await self._rest(len(rest[0]))
        elif kind == "wait":
            await asyncio.sleep(rest[0])
        elif kind == "raw":
            self.incoming.feed(rest[0].encode("latin-1"))
            await self._rest(1)
        elif kind == "accept":
            await self._accept(*rest)
        else:
            await self._take(rest[0])

    async def _accept(self, number: Any, which: int) -> None:
        arguments: list[Any] = [which]
        if len(self.offered) > which:
            arguments = self.offered[-1 - which][1]["command"]["arguments"]
        params = {"command": "infill-ls.accept", "arguments": arguments}
        about = {"id": number, "method": "workspace/executeCommand", "params": params}
        await self._send({"jsonrpc": "2.0", **about})

    async def _take(self, which: int) -> None:
        """Put what was offered into the document, if that is still the same."""
        if len(self.offered) <= which:
            return
        asked, item = self.offered[-1 - which]
        uri = asked.message["params"]["textDocument"]["uri"]
        if self.texts.get(uri) != asked.text:
            return
        edit = item.get("textEdit") or {"range": item["range"], "newText": item["insertText"]}
        change = {"range": edit["range"], "text": edit["newText"]}
        about = {"uri": uri, "version": 1}
        params = {"textDocument": about, "contentChanges": [change]}
        await self._send({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params})
        self.counts["taken"] += 1

    async def _send(self, message: dict[str, Any]) -> None:
        self._feed([message])
        await self._rest(1)

    def _feed(self, messages: list[dict[str, Any]]) -> None:
        data = b""
        for message in messages:
            body = self._encoded(message)
            # As it arrives: JSON makes one character of two halves.
            self._note(json.loads(body))
            data += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        size = self.case["pieces"]
        if not size or len(data) / size > 400:
            self.incoming.feed(data)
            return
        for start in range(0, len(data), size):
            self.incoming.feed(data[start : start + size])

    def _encoded(self, message: dict[str, Any]) -> bytes:
        if not self.case["ascii"]:
            try:
                return json.dumps(message, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                pass
        return json.dumps(message).encode()

    async def _rest(self, messages: int) -> None:
        """Let the server take its first steps with so many messages."""
        while self.incoming._chunks.qsize():
            if self.serving.done():
                raise Found("the server has left", self.serving)
            await asyncio.sleep(0)
        for _ in range(messages + 2):
            await asyncio.sleep(0)

    def _note(self, message: dict[str, Any]) -> None:
        """Take note of what a message means for the documents, and of what has to be answered."""
        self.counts["messages"] += 1
        method, params = message.get("method"), message.get("params")
        number = message.get("id")
        good = isinstance(method, str) and message.get("jsonrpc") == "2.0"
        if "id" not in message and ("result" in message or "error" in message):
            # Neither a notification nor an answer.
            good = False
        if "id" in message and "method" in message and isinstance(number, str | int):
            self.counts["requests"] += 1
            asked = Asked(message, self.loop.time(), not self.server.configuration.is_known)
            self.asked[number] = asked
            if good and method in (INLINE, MENU):
                self.fills += 1
                asked.order = self.fills
                asked.text = self._text_of(params)
        self.last = uri_in(params) or self.last
        # A notification that was sent as a request counts too.
        if good and isinstance(params, dict):
            try:
                self._follow(str(method), params)
            except (KeyError, TypeError, AttributeError, ValueError):
                # It makes no sense, and changes nothing.
                self.counts["senseless"] += 1

    def _text_of(self, params: Any) -> str | None:
        try:
            return self.texts.get(params["textDocument"]["uri"])
        except (KeyError, TypeError):
            return None

    def _follow(self, method: str, params: dict[str, Any]) -> None:
        if method == "textDocument/didOpen":
            item = params["textDocument"]
            if all(isinstance(item[name], str) for name in ("uri", "languageId", "text")):
                self.notebooks.opened(item)
        elif method.startswith("notebookDocument/"):
            self.notebooks.follow(method, params, self.encoding)
        elif method == "textDocument/didChange" and params["textDocument"]["uri"] in self.texts:
            uri = params["textDocument"]["uri"]
            text = self.texts[uri]
            for change in params["contentChanges"]:
                text = model.changed(text, change, self.encoding)
            self.texts[uri] = text
        elif method == "textDocument/didClose":
            self.texts.pop(params["textDocument"]["uri"], None)

    # What the server sends

    def write(self, data: bytes) -> None:
        self._buffer += data
        while self._buffer:
            header, mark, rest = self._buffer.partition(b"\r\n\r\n")
            found = re.search(rb"Content-Length: (\d+)", header)
            if not mark or found is None or len(rest) < int(found[1]):
                return
            body, self._buffer = rest[: int(found[1])], rest[int(found[1]) :]
            self._receive(json.loads(body))

    is_behind = False  # it reads everything at once

    def close(self) -> None:
        """Nothing is to be closed."""

    async def aclose(self) -> None:
        """Nothing is left to be sent."""

    def _receive(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method is None:
            self._take_reply(message)
        elif method not in UNASKED:
            self.found.append(Found("an unknown message", message))
        elif "id" in message:
            self._answer(message)
        if method == "window/showMessage" and CANARY in json.dumps(message):
            self.found.append(Found("code in a message", message))

    def _answer(self, question: dict[str, Any]) -> None:
        answers = self.case["answers"]
        pause, kind, value = answers[self.questions % len(answers)]
        self.questions += 1
        if kind == "nothing":
            return
        if question["method"] != "workspace/configuration":
            value = None
        reply = {"jsonrpc": "2.0", "id": question["id"], kind: value}
        self.loop.call_later(pause, self._reply, reply)

    def _reply(self, reply: dict[str, Any]) -> None:
        if not self._gone:
            self._feed([reply])

    def _take_reply(self, reply: dict[str, Any]) -> None:
        self.counts["replies"] += 1
        number = reply.get("id")
        asked = self.asked.get(number) if isinstance(number, str | int) else None
        if asked is None:
            if "error" not in reply:
                self.found.append(Found("a reply to nobody", reply))
            return
        asked.replies.append(reply)
        if len(asked.replies) > 1:
            self.found.append(Found("two replies", asked))
        waited = self.loop.time() - asked.time
        limit = AUTOMATIC + SETTINGS_WAIT * asked.early
        if asked.message["method"] == INLINE and self._is_manual(asked):
            limit = MANUAL + SETTINGS_WAIT * asked.early
        if waited > limit + 0.01:
            self.found.append(Found("a late reply", f"{waited:.1f} s {asked.message}"))
        if asked.order and "result" in reply:
            try:
                self._check_fill(asked, reply["result"])
            except Found as found:
                self.found.append(found)

    def _is_manual(self, asked: Asked) -> bool:
        context = (asked.message.get("params") or {}).get("context")
        return isinstance(context, dict) and context.get("triggerKind") == 1

    def _check_fill(self, asked: Asked, result: Any) -> None:
        items = (result or {}).get("items", [])
        if asked.text is None:
            if items:
                raise Found("a fill for no document", asked)
            return
        method = asked.message["method"]
        if items and asked.order < self.newest[method]:
            raise Found("older after newer", asked)
        self.newest[method] = max(self.newest[method], asked.order)
        for item in items:
            self.counts["items"] += 1
            self._check_item(asked, item)
            self.offered.append((asked, item))

    def _check_item(self, asked: Asked, item: dict[str, Any]) -> None:
        text, params = asked.text or "", asked.message["params"]
        edit = item.get("textEdit") or {"range": item["range"], "newText": item["insertText"]}
        start, end = edit["range"]["start"], edit["range"]["end"]
        cursor = model.index_of(text, params["position"], self.encoding)
        starts = model.line_starts(text)
        line = max(number for number, begun in enumerate(starts) if begun <= cursor)
        length = model.length_of(model.line_of(text, line), self.encoding)
        if not (start["line"] == end["line"] == line):
            raise Found("another line", (asked, item))
        if not 0 <= start["character"] <= end["character"] <= length:
            raise Found("outside of the line", (asked, item))
        first, last = (model.index_of(text, one, self.encoding) for one in (start, end))
        if not first <= cursor <= last:
            raise Found("beside the cursor", (asked, item))
        chosen = (params.get("context") or {}).get("selectedCompletionInfo") or {}
        fill = edit["newText"].removeprefix(chosen.get("text", ""))
        known = text + chosen.get("text", "") + "".join(self.texts.values())
        hidden = {char for char in HIDDEN.findall(fill) if char not in known}
        if hidden or ("\r" in fill and "\r" not in text):
            raise Found("hidden characters", (sorted(map(hex, map(ord, hidden))), item))
        word = text[first:cursor] if "textEdit" in item else ""
        if len(fill.replace("\r\n", "\n")) > LONGEST + len(word) + 256:
            raise Found("a long fill", len(fill))

    # What must hold

    def _check(self) -> None:
        for found in (*self.log.found, *self.found):
            raise found
        if self.watch.most_at_once > 1:
            raise Found("two generations at once")
        texts = {one.uri: one.text for one in self.server.documents}
        if texts != self.texts:
            raise Found("another text", (texts, self.texts))
        self._check_around()

    def _check_around(self) -> None:
        """What is around the cell that something was said of last, if it is one.

        Not around the others: to look there would make the server forget what it has kept.
        """
        snapshot = self.server.documents.snapshot_for(self.last)
        known = self.notebooks.around(self.last) if snapshot is not None else None
        around = snapshot.around if snapshot is not None else None
        if known is not None and (around is None or (around.above, around.below) != known):
            raise Found("other cells around", (around, known))

    def _check_replies(self, *, at_end: bool) -> None:
        missing = [one.message for one in self.asked.values() if not one.replies]
        if missing and at_end:
            raise Found("no reply", missing)


def uri_in(params: Any) -> str:
    """The URI of the document that a message is about; "" if of none."""
    try:
        return str(params["textDocument"]["uri"])
    except (KeyError, TypeError):
        pass
    try:
        return str(params["change"]["cells"]["textContent"][0]["document"]["uri"])
    except (KeyError, TypeError, IndexError):
        return ""


def play(case: dict[str, Any], counts: Counts | None = None) -> None:
    """Play a session. Raises :class:`Found`."""
    counts = Counts() if counts is None else counts
    player = Player(case, counts)
    try:
        player.play()
    finally:
        counts["generations"] += player.watch.calls
        counts["sessions"] += 1
