"""A small LSP client: the real server in a process, spoken to as an editor would."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

URI = "file:///project/main.py"
GHOST_TEXT: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-8", "utf-16"]},
    "textDocument": {"inlineCompletion": {"dynamicRegistration": False}},
    "experimental": {"infill-ls/status": True},
}
MENU_ONLY: dict[str, Any] = {"textDocument": {"completion": {}}}


class LspError(Exception):
    """An error reply. ``args``: code and message."""


class LspClient:
    """``messages`` has every notification that the server sent.

    ``configuration``: what it is told of its section; nothing while ``answers`` is clear.
    ``replies``: by method, what is answered instead, ``result`` or ``error``.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.messages: list[dict[str, Any]] = []
        self.configuration: Any = None
        self.replies: dict[str, Any] = {}
        self.answers = asyncio.Event()
        self.answers.set()
        self._stdin, self._stdout = process.stdin, process.stdout
        self._ids = iter(range(1, 1_000_000))
        self._waiting: dict[Any, asyncio.Future[Any]] = {}
        self._changed = asyncio.Condition()
        self.asked: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._reader = asyncio.create_task(self._read())
        self.stray_output = b""

    @classmethod
    async def start(
        cls,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = (sys.executable, "-m", "infill_ls", "serve"),
        stderr: int | None = asyncio.subprocess.PIPE,
    ) -> LspClient:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("INFILL_LS_", "OLLAMA_"))
        }
        process = await asyncio.create_subprocess_exec(
            *command,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env={**clean, **(environment or {})},
            limit=1 << 24,
        )
        return cls(process)

    async def initialize(
        self,
        capabilities: Mapping[str, Any] = GHOST_TEXT,
        options: Any = None,
        *,
        client: str = "test",
        process_id: int | None = None,
        folders: Sequence[Path] = (),
    ) -> dict[str, Any]:
        opened = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
        result: dict[str, Any] = await self.request(
            "initialize",
            {
                "processId": process_id,
                "rootUri": None,
                "workspaceFolders": opened or None,
                "capabilities": capabilities,
                "clientInfo": {"name": client},
                "initializationOptions": options,
            },
        )
        self.notify("initialized", {})
        return result

    def open(self, text: str, uri: str = URI, language: str = "python") -> None:
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def insert(self, text: str, line: int, character: int, version: int, uri: str = URI) -> None:
        here = {"line": line, "character": character}
        self.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": uri, "version": version},
                "contentChanges": [{"range": {"start": here, "end": here}, "text": text}],
            },
        )

    def ask(
        self, line: int, character: int, uri: str = URI, *, manual: bool = False
    ) -> asyncio.Future[Any]:
        """Ask for an inline completion; the future has an ``id`` by which it can be cancelled."""
        return self.send(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": uri},
                "position": {"line": line, "character": character},
                "context": {"triggerKind": 1 if manual else 2},
            },
        )

    async def fill(self, line: int, character: int, uri: str = URI, **kind: bool) -> str | None:
        """The text of the inline completion at a position, None if there is none."""
        answer = await self.ask(line, character, uri, **kind)
        return answer["items"][0]["insertText"] if answer and answer["items"] else None

    async def until_filled(self, line: int, character: int) -> str:
        """Ask until there is a fill, as somebody who types on does; its text."""
        async with asyncio.timeout(60):
            while (fill := await self.fill(line, character)) is None:
                await asyncio.sleep(0.1)
        return fill

    async def request(self, method: str, params: Any = None) -> Any:
        return await self.send(method, params)

    async def command(self, command: str, arguments: Sequence[Any] = (), **_: str) -> Any:
        """Have a command run; further fields are those of LSP's ``Command``."""
        asked = {"command": command, "arguments": list(arguments)}
        return await self.request("workspace/executeCommand", asked)

    def send(self, method: str, params: Any = None) -> asyncio.Future[Any]:
        number = next(self._ids)
        future = self.expect(number)
        self.write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return future

    def expect(self, number: Any) -> asyncio.Future[Any]:
        """The reply to a request that is written by hand."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.id = number  # type: ignore[attr-defined]
        self._waiting[number] = future
        return future

    def cancel(self, asked: asyncio.Future[Any]) -> None:
        self.notify("$/cancelRequest", {"id": asked.id})  # type: ignore[attr-defined]

    def notify(self, method: str, params: Any) -> None:
        self.write({"jsonrpc": "2.0", "method": method, "params": params})

    def write(self, message: Any) -> None:
        self.write_bytes(json.dumps(message).encode())

    def write_bytes(self, body: bytes) -> None:
        self._stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def write_raw(self, data: bytes) -> None:
        self._stdin.write(data)

    def close_stdin(self) -> None:
        self._stdin.close()

    def close_stdout(self) -> None:
        """Read no more of what the server says."""
        transport = self.process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
        transport.close()

    def shown(self) -> list[str]:
        """What the user was shown."""
        return [
            message["params"]["message"]
            for message in self.messages
            if message["method"] == "window/showMessage"
        ]

    def states(self) -> list[str]:
        """What the status line was told."""
        return [
            message["params"]["state"]
            for message in self.messages
            if message["method"] == "infill-ls/status"
        ]

    async def until_states(self, *states: str) -> None:
        """Wait until the status line was last told these, in this order."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: self.states()[-len(states) :] == [*states])

    async def until_told(self, method: str, count: int = 1) -> Any:
        """Wait for so many notifications of a kind; the params of the last of them."""

        def told() -> list[Any]:
            return [one["params"] for one in self.messages if one["method"] == method]

        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(told()) >= count)
        return told()[count - 1]

    async def until_shown(self, count: int = 1) -> list[str]:
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.shown()) >= count)
        return self.shown()

    async def stop(self) -> int:
        """shutdown and exit, as an editor does; the exit status."""
        await self.request("shutdown")
        self.notify("exit", None)
        return await self.wait()

    async def wait(self) -> int:
        # Long enough for a machine that does much else.
        async with asyncio.timeout(60):
            status = await self.process.wait()
        await self._reader
        return status

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reader
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._stdin.close()
            await self._stdin.wait_closed()

    async def _read(self) -> None:
        try:
            while True:
                head = await self._stdout.readuntil(b"\r\n\r\n")
                length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
                await self._take(json.loads(await self._stdout.readexactly(length)))
        except asyncio.IncompleteReadError as over:
            self.stray_output = over.partial
        finally:
            for task in self._tasks:
                task.cancel()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError("the server left"))
                    future.exception()

    async def _reply(self, message: dict[str, Any]) -> None:
        """Answer what the server asks; ``asked`` has the methods."""
        self.asked.append(message["method"])
        async with self._changed:
            self._changed.notify_all()
        await self.answers.wait()
        result = [self.configuration] if "configuration" in message["method"] else None
        reply = self.replies.get(message["method"], {"result": result})
        self.write({"jsonrpc": "2.0", "id": message["id"], **reply})

    async def until_asked(self, method: str, count: int = 1) -> None:
        """Wait until the server has asked this so many times."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: self.asked.count(method) >= count)

    async def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            future = self._waiting.pop(message["id"])
            if future.cancelled():
                return
            if error := message.get("error"):
                future.set_exception(LspError(error["code"], error["message"]))
                # Whether anybody looks at it is the test's affair.
                future.exception()
            else:
                future.set_result(message["result"])
            return
        if "id" in message:
            self._tasks.add(task := asyncio.create_task(self._reply(message)))
            task.add_done_callback(self._tasks.discard)
            return
        async with self._changed:
            self.messages.append(message)
            self._changed.notify_all()
