"""A simulated Ollama: its answers, errors and habits, and an account of what it was asked.

Bodies, statuses and texts as in ollama's server/routes.go and sched.go (0.1 to 0.33). One request
at a time generates (OLLAMA_NUM_PARALLEL is 1 by default), the others wait. A client that hangs up
is noticed at once. Run as a program it serves until stdin ends:

    python tests/fake_ollama.py [--port N] [--fill TEXT] [--delay SECONDS] [--log FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Fill = str | Callable[[Mapping[str, Any]], str]

INSERT_TEMPLATE = "<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}<|fim_middle|>"


@dataclass
class Call:
    """One request. ``state``: waiting, generating, done, cancelled, refused."""

    path: str
    body: dict[str, Any]
    state: str = "waiting"
    sent: int = 0  # pieces of the answer
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class FakeOllama:
    """``models``: name to capabilities, None for a version that doesn't tell them.

    ``about``: further fields of a model's ``/api/show`` (and ``/v1/models``) by its name.
    ``props``: the answer to ``/props``, which llama-server has.
    ``gate``: while clear, a generation stands before its first piece. ``piece_gate``: likewise
    before each further piece. ``loaded``: whether the models are in memory; None for a version
    that can't say. ``fault``: what goes wrong with the next generations.
    """

    fill: Fill = "x for x in xs"
    models: dict[str, Sequence[str] | None] = field(
        default_factory=lambda: {"qwen2.5-coder:1.5b": ["completion", "insert"]}
    )
    loaded: bool | None = True
    about: dict[str, dict[str, Any]] = field(default_factory=dict)
    props: Any = None
    delay: float = 0.0
    fault: str = ""
    calls: list[Call] = field(default_factory=list)
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.piece_gate = asyncio.Event()
        self.piece_gate.set()
        self.changed = asyncio.Condition()
        self._slot = asyncio.Semaphore(1)
        self._generating = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FakeOllama:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everybody, as a process that dies does."""
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def generations(self) -> list[Call]:
        return [call for call in self.calls if call.path == "/api/generate"]

    async def until(self, wanted: Callable[[], bool], limit: float = 10.0) -> None:
        """Wait until something is so; everything that happens here is looked at."""
        async with asyncio.timeout(limit), self.changed:
            await self.changed.wait_for(wanted)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.split("\r\n")[0].split(" ")
        announced = re.search(r"content-length: *(\d+)", head, re.IGNORECASE)
        length = int(announced[1]) if announced else 0
        content = await reader.readexactly(length)
        call = Call(path, json.loads(content) if content else {})
        self.calls.append(call)
        await self._tell()
        # Nothing more comes on this connection but its end.
        gone = asyncio.create_task(reader.read(1))
        answer = asyncio.create_task(self._answer(method, call, writer))
        try:
            await asyncio.wait({gone, answer}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                answer.result()
            elif call.state not in ("done", "refused"):
                call.state = "cancelled"
        finally:
            for task in (gone, answer):
                task.cancel()
            await asyncio.gather(gone, answer, return_exceptions=True)
            call.ended.set()
            await self._tell()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _answer(self, method: str, call: Call, writer: asyncio.StreamWriter) -> None:
        if self.fault == "silent":
            await asyncio.Event().wait()
        if self.fault == "not ollama":
            self._send(writer, 404, b"<html>nothing here</html>", "text/html")
        elif self.fault == "loading":
            # llama-server answers nothing else until its model is there.
            error = {"message": "Loading model", "type": "unavailable_error", "code": 503}
            self._reply(writer, 503, {"error": error})
        elif (method, call.path) == ("GET", "/api/version"):
            self._reply(writer, 200, {"version": "0.33.0"})
        elif (method, call.path) == ("GET", "/api/tags"):
            details = {"family": "qwen2", "parameter_size": "1.5B"}
            models = [{"name": name, "model": name, "details": details} for name in self.models]
            self._reply(writer, 200, {"models": models})
        elif (method, call.path) == ("GET", "/api/ps") and self.loaded is not None:
            models = [{"name": name} for name in self.models] if self.loaded else []
            self._reply(writer, 200, {"models": models})
        elif (method, call.path) == ("POST", "/api/show"):
            self._show(call, writer)
        elif (method, call.path) == ("POST", "/api/pull"):
            await self._pull(call, writer)
        elif (method, call.path) == ("POST", "/api/generate"):
            await self._generate(call, writer)
        elif (method, call.path) == ("GET", "/v1/models"):
            models = [
                {"id": name, "object": "model", **self.about.get(name, {})} for name in self.models
            ]
            self._reply(writer, 200, {"object": "list", "data": models})
        elif (method, call.path) == ("GET", "/props") and self.props is not None:
            self._reply(writer, 200, self.props)
        elif (method, call.path) == ("POST", "/v1/completions"):
            await self._complete(call, writer)
        else:
            self._send(writer, 404, b"404 page not found", "text/plain")
        await writer.drain()

    def _show(self, call: Call, writer: asyncio.StreamWriter) -> None:
        name = call.body.get("model", "")
        if name not in self.models:
            self._refuse(call, writer, 404, f"model '{name}' not found")
            return
        capabilities = self.models[name]
        about: dict[str, Any] = {"details": {"family": "qwen2"}, "template": "{{ .Prompt }}"}
        if capabilities is None or "insert" in capabilities:
            about["template"] = INSERT_TEMPLATE
        if capabilities is not None:
            about["capabilities"] = list(capabilities)
        self._reply(writer, 200, about | self.about.get(name, {}))

    async def _pull(self, call: Call, writer: asyncio.StreamWriter) -> None:
        name = call.body.get("model", "")
        self._start_stream(writer)
        self._line(writer, {"status": "pulling manifest"})
        if name.startswith("no-such"):
            self._line(writer, {"error": "pull model manifest: file does not exist"})
        else:
            for done in (0, 50, 100):
                part = {"digest": "sha256:0123456789ab", "total": 100, "completed": done}
                self._line(writer, {"status": "pulling 0123456789ab", **part})
            self._line(writer, {"status": "success"})
        self._end_stream(writer)

    async def _generate(self, call: Call, writer: asyncio.StreamWriter) -> None:
        body = call.body
        name = body.get("model", "")
        if name not in self.models:
            return self._refuse(call, writer, 404, f"model '{name}' not found")
        if body.get("suffix") and "insert" not in (self.models[name] or ["insert"]):
            text = f"registry.ollama.ai/library/{name} does not support insert"
            return self._refuse(call, writer, 400, text)
        if body.get("raw") and any(body.get(key) for key in ("system", "template", "context")):
            text = "raw mode does not support template, system, or context"
            return self._refuse(call, writer, 400, text)
        if self.fault == "busy":
            text = "server busy, please try again.  maximum pending requests exceeded"
            return self._refuse(call, writer, 503, text)
        if not body.get("prompt"):
            call.state = "done"
            self.loaded = True
            return self._reply(writer, 200, self._object(body, "", done=True, done_reason="load"))
        async with self._slot:
            call.state = "generating"
            self._generating += 1
            self.most_at_once = max(self.most_at_once, self._generating)
            await self._tell()
            try:
                await self._write_fill(call, writer)
            finally:
                self._generating -= 1
        return None

    async def _write_fill(self, call: Call, writer: asyncio.StreamWriter) -> None:
        body = call.body
        await self.gate.wait()
        await asyncio.sleep(self.delay)
        text = self.fill if isinstance(self.fill, str) else self.fill(body)
        limit = body.get("options", {}).get("num_predict", 128)
        pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
        reason = "length" if len(pieces) > limit > 0 else "stop"
        pieces = pieces[:limit]
        end = self._end(body, len(pieces), reason)
        if body.get("stream") is False:
            call.state = "done"
            self._reply(writer, 200, self._object(body, "".join(pieces), **end))
            return
        self._start_stream(writer)
        for number, piece in enumerate(pieces):
            if number:
                await self.piece_gate.wait()
            if self.fault == "error line" and number == 1:
                self._line(writer, {"error": "an error was encountered while running the model"})
                self._end_stream(writer)
                return
            if self.fault == "no done" and number == 1:
                self._end_stream(writer)
                return
            if self.fault == "cut" and number == 1:
                writer.transport.abort()
                return
            if self.fault == "nonsense":
                self._raw_line(writer, b"this is not JSON\n")
                self._end_stream(writer)
                return
            if self.fault == "long line":
                self._raw_line(writer, b'{"response":"' + b"a" * (2 << 20))
            self._line(writer, self._object(body, piece, done=False))
            call.sent += 1
            await writer.drain()
            await self._tell()
        self._line(writer, self._object(body, "", **end))
        self._end_stream(writer)
        await writer.drain()
        call.state = "done"

    async def _complete(self, call: Call, writer: asyncio.StreamWriter) -> None:
        """OpenAI's endpoint, with server-sent events."""
        if call.body.get("model") not in self.models:
            error = {"message": f"model '{call.body.get('model')}' not found", "type": "api_error"}
            call.state = "refused"
            return self._reply(writer, 404, {"error": error})
        call.state = "generating"
        await self.gate.wait()
        text = self.fill if isinstance(self.fill, str) else self.fill(call.body)
        pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
        self._start_stream(writer)
        for number, piece in enumerate(pieces):
            if number:
                await self.piece_gate.wait()
            self._event(writer, {"choices": [{"text": piece, "index": 0, "finish_reason": None}]})
            await writer.drain()
            if self.fault == "error line":
                self._event(writer, {"error": {"message": "it broke", "code": 500}})
            if self.fault in ("error line", "no done"):
                return self._end_stream(writer)
        self._raw_line(writer, b": a comment, as proxies send to keep a connection\n\n")
        self._event(writer, {"choices": [{"text": "", "index": 0, "finish_reason": "stop"}]})
        details = {"cached_tokens": 7}
        usage = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": details}
        self._event(writer, {"choices": [], "usage": usage})
        self._raw_line(writer, b"data: [DONE]\n\n")
        self._end_stream(writer)
        await writer.drain()
        call.state = "done"
        return None

    def _event(self, writer: asyncio.StreamWriter, data: Mapping[str, Any]) -> None:
        self._raw_line(writer, b"data: " + json.dumps(data).encode() + b"\n\n")

    def _end(self, body: Mapping[str, Any], pieces: int, reason: str) -> dict[str, Any]:
        end = {
            "done": True,
            "done_reason": reason,
            "total_duration": 5_000_000,
            "load_duration": 1_000_000,
            "prompt_eval_count": len(body["prompt"]) // 4 + 1,
            "prompt_eval_duration": 2_000_000,
            "eval_count": pieces,
            "eval_duration": 2_000_000,
        }
        return end if body.get("raw") else {**end, "context": [1, 2, 3]}

    def _object(self, body: Mapping[str, Any], response: str, **rest: Any) -> dict[str, Any]:
        created = "2026-01-01T00:00:00.000000000Z"
        return {"model": body["model"], "created_at": created, "response": response, **rest}

    def _refuse(self, call: Call, writer: asyncio.StreamWriter, status: int, text: str) -> None:
        call.state = "refused"
        self._reply(writer, status, {"error": text})

    def _reply(self, writer: asyncio.StreamWriter, status: int, body: Any) -> None:
        self._send(writer, status, json.dumps(body).encode(), "application/json; charset=utf-8")

    @staticmethod
    def _send(writer: asyncio.StreamWriter, status: int, body: bytes, kind: str) -> None:
        head = f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)

    @staticmethod
    def _start_stream(writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )

    def _line(self, writer: asyncio.StreamWriter, data: Mapping[str, Any]) -> None:
        # Go's encoder leaves text beyond ASCII as it is.
        self._raw_line(writer, json.dumps(data, ensure_ascii=False).encode() + b"\n")

    @staticmethod
    def _raw_line(writer: asyncio.StreamWriter, line: bytes) -> None:
        writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")

    @staticmethod
    def _end_stream(writer: asyncio.StreamWriter) -> None:
        writer.write(b"0\r\n\r\n")


async def _main() -> None:
    parser = argparse.ArgumentParser(description="a simulated Ollama")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fill", default="x for x in xs")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before the first piece")
    parser.add_argument("--log", help="file for the requests, a line of JSON each")
    options = parser.parse_args()
    ollama = FakeOllama(fill=options.fill, delay=options.delay)
    await ollama.start(options.port)
    print(ollama.url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await ollama.stop()
    if options.log:
        with open(options.log, "w", encoding="utf-8") as log:
            for call in ollama.calls:
                log.write(json.dumps({"path": call.path, "body": call.body, "state": call.state}))
                log.write("\n")


if __name__ == "__main__":
    asyncio.run(_main())
