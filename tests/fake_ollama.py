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
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Fill = str | Callable[[Mapping[str, Any]], str]

# Of each of its models.
DIGEST = "d7372fd82851" + "0" * 52

# More equal pieces in a row, blanks around them aside, end an answer without ``done`` (ollama's
# llm/llama_server.go, "token repeat limit").
REPEAT_LIMIT = 30
# What some of the options are called by type, and which values can be it.
OPTIONS: dict[str, tuple[str, Any]] = {
    **dict.fromkeys(("num_ctx", "num_predict", "seed", "top_k"), ("integer", int | float)),
    **dict.fromkeys(("temperature", "top_p", "repeat_penalty"), ("float32", int | float)),
    "use_mmap": ("boolean", bool),
    "stop": ("array", list),
}
BUSY = "server busy, please try again.  maximum pending requests exceeded"
NO_MEMORY = "model requires more system memory (5.6 GiB) than is available (1.2 GiB)"
INSERT_TEMPLATE = "<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}<|fim_middle|>"


# What llama-server (tools/server) says of a prompt that is too long, and vLLM (entrypoints/openai).
LLAMA_SERVER_TOO_LONG = (
    "request ({tokens} tokens) exceeds the available context size ({room} tokens), "
    "try increasing it"
)
VLLM_TOO_LONG = (
    "This model's maximum context length is {room} tokens. However, you requested {all} tokens "
    "({tokens} in the messages, {fill} in the completion). Please reduce the length of the "
    "messages or completion."
)


def tokens(text: str) -> int:
    """Count as tokenizers do, roughly: a digit is a token, and so are most signs beyond ASCII."""
    whole = sum(character.isdigit() or not character.isascii() for character in text)
    return whole + (len(text) - whole) // 4 + 1


def by_heart(text: str) -> Callable[[Mapping[str, Any]], str]:
    """A ``fill`` as a model with a tokenizer writes it that knows this text by heart.

    It goes on with the line that a raw prompt ends with. In its tokens a word goes with the blank
    before it: after a blank in mid line it writes a number, inside of a word it goes astray.
    """

    def write(body: Mapping[str, Any]) -> str:
        line = body["prompt"].rpartition("<|fim_middle|>")[2].rpartition("\n")[2]
        if line.strip() and line.endswith((" ", "\t")):
            return "0"
        # At the start of a line it doesn't know where it is.
        _, found, rest = text.partition(line) if line else ("", "", "")
        if not found or re.search(r"\w\|\w", f"{line[-1:]}|{rest[:1]}"):
            return "_astray()"
        return rest

    return write


@dataclass
class Call:
    """One request. ``state``: waiting, generating, done, cancelled, refused."""

    path: str
    body: dict[str, Any]
    state: str = "waiting"
    sent: int = 0  # pieces of the answer
    batches: int = 0  # of the prompt that were begun to be read
    tokens: int = 0  # of the prompt, before anything was cut off
    cut: bool = False  # the start of the prompt was cut off
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Load:
    """One loading of a model. ``state``: loading, done, aborted, failed."""

    model: str
    options: dict[str, Any]
    state: str = "loading"


@dataclass
class FakeOllama:
    """``models``: name to capabilities, None for a version that doesn't tell them.

    ``about``: further fields of a model's ``/api/show`` (and ``/v1/models``) by its name; ``tags``:
    of its entry in ``/api/tags``, ``running``: in ``/api/ps``, which has no others then.
    ``broken``: further models, whose files can't be read. ``too_large``: those for which there is
    no memory, with the text that is said then.
    ``props``: the answer to ``/props``, which llama-server has.
    ``batch_gate``: while clear, a batch of a prompt is read; a call that is closed meanwhile keeps
    the model busy until it is. ``gate``: while clear, a generation stands before its first piece.
    ``piece_gate``: likewise before each further piece. ``loaded``: whether the models are in memory
    at the start; None for a version that can't say. ``load_gate``: while clear, a load stands
    still; ``load_time``: s that it takes. ``load_duration``: ns that answers give for it.
    ``on_cpu``: where models are loaded. ``context_length``: tokens that a model has room for whose
    loader didn't say. ``reads``: tokens/s that it says it reads, of what no earlier prompt began
    with; None for one time for all. ``counts``: "all" tokens of the prompt, or those that were
    "read" (before 0.3.14). ``tokens``: counts those of a text. A prompt that has more than there is
    room for is refused where the call says ``truncate: false`` and the version knows that
    (``knows_truncate``, from 0.12.4 on), and cut at its start otherwise. ``room``: tokens that
    prompt and fill may have together on ``/v1/completions``, None for any number; there the words
    are llama-server's if it has ``props``, else vLLM's. ``max_queue``: how many calls may wait for
    a model beside the call that loads it (OLLAMA_MAX_QUEUE); those of a loaded model wait without a
    limit. ``fault``: what goes wrong with the next generations, ``pull_error``: with the next pull;
    while ``pull_gate`` is clear, a pull stands in its middle, and who pulls anew goes on there.
    ``refusal``: the status and the text with which calls that complete are refused. ``logprob``:
    of each token, a piece of four characters, where a call asks for it; a text is what it sends
    instead of any, None: it ignores that it is asked. ``refuses_logprobs``: the text with which
    ``/v1/completions`` refuses to be asked, ``refuses_post_sampling``: to be asked for what is
    likely after sampling; where it doesn't know that (``knows_post_sampling``) it ignores it.

    Loading is as in server/sched.go: one load at a time; a call whose load options differ from
    those that the model is loaded with has it loaded anew; when the client whose call caused a
    load hangs up, that load is aborted, and the next call in the queue begins another from the
    start; ``/api/ps`` has a model only when it is loaded. After ``keep_alive`` the model is gone.
    """

    fill: Fill = "x for x in xs"
    models: dict[str, Sequence[str] | None] = field(
        default_factory=lambda: {"qwen2.5-coder:1.5b": ["completion", "insert"]}
    )
    loaded: bool | None = True
    load_time: float = 0.0
    load_duration: int = 1_000_000
    on_cpu: bool = False
    context_length: int = 4096
    about: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, dict[str, Any]] = field(default_factory=dict)
    running: dict[str, dict[str, Any]] | None = None
    broken: set[str] = field(default_factory=set)
    too_large: dict[str, str] = field(default_factory=dict)
    props: Any = None
    version: str = "0.33.0"
    delay: float = 0.0
    max_queue: int = 512
    fault: str = ""
    reads: float | None = None
    counts: str = "all"
    tokens: Callable[[str], int] = tokens
    knows_truncate: bool = True
    room: int | None = None
    pull_error: str = ""
    refusal: tuple[int, str] | None = None
    logprob: float | str | None = None
    refuses_logprobs: str = ""
    refuses_post_sampling: str = ""
    knows_post_sampling: bool = True
    calls: list[Call] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self.load_gate = asyncio.Event()
        self.load_gate.set()
        self._loader = asyncio.Lock()
        self._options: dict[str, Any] = {}  # that the loaded model has
        self._expires_at = math.inf  # s of the loop's clock
        self._using = 0  # calls that keep the model from being unloaded
        self.pull_gate = asyncio.Event()
        self.pull_gate.set()
        self._pulled: dict[str, int] = {}  # parts of a hundred of each model
        self.gate = asyncio.Event()
        self.gate.set()
        self.batch_gate = asyncio.Event()
        self.batch_gate.set()
        self.piece_gate = asyncio.Event()
        self.piece_gate.set()
        self.changed = asyncio.Condition()
        self._loading = 0
        self._slot = asyncio.Semaphore(1)
        self._prompts: list[str] = []  # that were read
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

    def evict(self) -> None:
        """Another program needs the memory, or somebody has said ``ollama stop``."""
        self.loaded = False

    def pulled(self, name: str) -> int:
        """How many parts of a hundred of a model have come."""
        return self._pulled.get(name, 0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def generations(self) -> list[Call]:
        """The calls that are to write something."""
        return [call for call in self._generate_calls if call.body.get("prompt")]

    @property
    def load_calls(self) -> list[Call]:
        """Those with an empty prompt, which load a model and do no more."""
        return [call for call in self._generate_calls if not call.body.get("prompt")]

    @property
    def _generate_calls(self) -> list[Call]:
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
            # Who hangs up is noticed by what is read, or first by what is written.
            hung_up = not answer.done() or isinstance(answer.exception(), ConnectionError)
            if hung_up and call.state not in ("done", "refused"):
                call.state = "cancelled"
            elif answer.done():
                answer.result()
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
            self._reply(writer, 200, {"version": self.version})
        elif (method, call.path) == ("GET", "/api/tags"):
            details = {"family": "qwen2", "parameter_size": "1.5B"}
            models = [
                {"name": name, "model": name, "details": details} | self.tags.get(name, {})
                for name in (*self.models, *self.broken)
            ]
            self._reply(writer, 200, {"models": models})
        elif (method, call.path) == ("GET", "/api/ps") and self.loaded is not None:
            self._reply(writer, 200, {"models": self._running()})
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
        elif (method, call.path) == ("POST", "/tokenize") and self.props is not None:
            self._reply(writer, 200, {"tokens": [0] * self.tokens(call.body["content"])})
        elif (method, call.path) == ("POST", "/v1/completions"):
            await self._complete(call, writer)
        else:
            self._send(writer, 404, b"404 page not found", "text/plain")
        await writer.drain()

    def _show(self, call: Call, writer: asyncio.StreamWriter) -> None:
        name = call.body.get("model", "")
        if name in self.broken:
            self._refuse(call, writer, 500, "invalid file magic")
            return
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
        error = "pull model manifest: file does not exist" if name.startswith("no-such") else ""
        if error := self.pull_error or error:
            self._line(writer, {"error": error})
        else:
            for done in (0, 50, 100):
                if done < self._pulled.get(name, 0):
                    continue
                if done > 50:
                    await writer.drain()
                    await self.pull_gate.wait()
                self._pulled[name] = done
                part = {"digest": "sha256:0123456789ab", "total": 100, "completed": done}
                self._line(writer, {"status": "pulling 0123456789ab", **part})
                await self._tell()
            if self.fault == "pull ends":
                return self._end_stream(writer)
            self._line(writer, {"status": "success"})
        self._end_stream(writer)
        return None

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
        if self.refusal is not None:
            return self._refuse(call, writer, *self.refusal)
        if wrong := _wrong_option(body.get("options", {})):
            return self._refuse(call, writer, 500, wrong)
        if self.fault == "busy":
            return self._refuse(call, writer, 503, BUSY)
        keep = _seconds(body.get("keep_alive", "5m"))
        if not body.get("prompt") and keep == 0:
            call.state, self.loaded = "done", False
            return self._reply(writer, 200, self._object(body, "", done=True, done_reason="unload"))
        self._using += 1
        try:
            if refusal := await self._load(name, body.get("options") or {}):
                return self._refuse(call, writer, *refusal)
            if body.get("prompt"):
                await self._generate_loaded(call, writer)
            else:
                call.state = "done"
                load = self._object(body, "", done=True, done_reason="load")
                self._reply(writer, 200, load)
        finally:
            self._using -= 1
            self._expires_at = asyncio.get_running_loop().time() + (keep if keep >= 0 else math.inf)
        return None

    async def _load(self, name: str, options: Mapping[str, Any]) -> tuple[int, str] | None:
        """Have the model loaded with these options; status and text if something is in the way."""
        if not self._is_loaded() and self._loading > self.max_queue:
            return 503, BUSY
        wanted = {
            key: options[key] for key in ("num_batch", "num_ctx", "num_gpu") if key in options
        }
        self._loading += 1
        try:
            return await self._load_alone(name, wanted)
        finally:
            self._loading -= 1

    async def _load_alone(self, name: str, wanted: dict[str, Any]) -> tuple[int, str] | None:
        async with self._loader:
            # As in needsReload: what nobody has said is as it is.
            same = {"num_ctx": self.context_length, "num_batch": 512}
            if self._is_loaded() and same | wanted == same | self._options:
                return None
            self.loaded = False if self.loaded is not None else None
            load = Load(name, wanted)
            self.loads.append(load)
            await self._tell()
            try:
                await self.load_gate.wait()
                await asyncio.sleep(self.load_time)
            except asyncio.CancelledError:
                load.state = "aborted"
                raise
            text = self.too_large.get(name, NO_MEMORY if self.fault == "no memory" else "")
            if text:
                load.state = "failed"
                return 500, text
            load.state, self._options = "done", wanted
            self.loaded = True if self.loaded is not None else None
            return None

    def _is_loaded(self) -> bool:
        expired = not self._using and asyncio.get_running_loop().time() >= self._expires_at
        if self.loaded and expired:
            self.loaded = False
        return self.loaded is not False

    def _running(self) -> list[dict[str, Any]]:
        """What ``/api/ps`` has."""
        if not self._is_loaded():
            return []
        left = min(self._expires_at - asyncio.get_running_loop().time(), 1e8)
        expires_at = datetime.now(UTC) + timedelta(seconds=left)
        context = self._options.get("num_ctx", self.context_length)
        return [
            {
                "name": name,
                "digest": DIGEST,
                "expires_at": expires_at.isoformat(),
                "context_length": context,
                "size_vram": 0 if self.on_cpu else 1_000_000_000,
                **(self.running or {}).get(name, {}),
            }
            for name in self.models
            if self.running is None or name in self.running
        ]

    async def _generate_loaded(self, call: Call, writer: asyncio.StreamWriter) -> None:
        call.tokens = self.tokens(call.body["prompt"] + call.body.get("suffix", ""))
        room = self._options.get("num_ctx", self.context_length)
        call.cut = call.tokens >= room
        if call.cut and self.knows_truncate and call.body.get("truncate") is False:
            # Ollama passes on llama-server's answer as a text.
            message = LLAMA_SERVER_TOO_LONG.format(tokens=call.tokens, room=room)
            error = {"code": 400, "message": message, "type": "exceed_context_size_error"}
            self._refuse(call, writer, 400, json.dumps({"error": error}))
            return
        await self._slot.acquire()
        call.state = "generating"
        self._generating += 1
        self.most_at_once = max(self.most_at_once, self._generating)
        await self._tell()
        batch: asyncio.Future[Any] | None = None
        try:
            unread = self._counts(call.body["prompt"])[1]
            for _ in range(-(-unread // (self._options.get("num_batch") or 512))):
                call.batches += 1
                batch = asyncio.ensure_future(self.batch_gate.wait())
                await asyncio.shield(batch)
            await self._write_fill(call, writer)
        finally:
            self._generating -= 1
            if batch is None or batch.done():
                self._slot.release()
            else:
                # Nobody listens any more, but it is read to its end.
                batch.add_done_callback(lambda _: self._slot.release())

    async def _write_fill(self, call: Call, writer: asyncio.StreamWriter) -> None:
        body = call.body
        await self.gate.wait()
        await asyncio.sleep(self.delay)
        text = self.fill if isinstance(self.fill, str) else self.fill(body)
        limit = body.get("options", {}).get("num_predict", 128)
        pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
        reason = "length" if len(pieces) > limit > 0 else "stop"
        pieces = pieces[:limit]
        repeated = _repeated(pieces)
        pieces = pieces[:repeated]
        end = self._end(call, len(pieces), reason) if repeated is None else {"done": False}
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
            if self.fault == "no text":
                self._end_stream(writer)
                return
            if self.fault == "hang up" and number == 1:
                # The stream's end is missing.
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
            said = {key: value for key, value in self._logprobs(body, piece).items() if value}
            self._line(writer, self._object(body, piece, done=False, **said))
            call.sent += 1
            await writer.drain()
            await self._tell()
        if end["done"]:
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
        if self.refusal is not None:
            return self._refuse(call, writer, *self.refusal)
        if self.refuses_logprobs and "logprobs" in call.body:
            return self._refuse(call, writer, 400, self.refuses_logprobs)
        if self.refuses_post_sampling and "post_sampling_probs" in call.body:
            return self._refuse(call, writer, 400, self.refuses_post_sampling)
        call.tokens = self.tokens(call.body["prompt"])
        fill = call.body["max_tokens"]
        if self.room is not None and call.tokens + fill > self.room:
            words = VLLM_TOO_LONG if self.props is None else LLAMA_SERVER_TOO_LONG
            if self.props is None or call.tokens >= self.room:
                message = words.format(
                    tokens=call.tokens, room=self.room, fill=fill, all=call.tokens + fill
                )
                call.state = "refused"
                error = {"message": message, "type": "invalid_request_error"}
                if self.fault == "too long":
                    self._start_stream(writer)
                    self._raw_line(writer, b"error: " + json.dumps({"error": error}).encode())
                    return self._end_stream(writer)
                return self._reply(writer, 400, {"error": error})
        call.state = "generating"
        await self.gate.wait()
        text = self.fill if isinstance(self.fill, str) else self.fill(call.body)
        pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
        self._start_stream(writer)
        if self.fault == "no text":
            return self._end_stream(writer)
        for number, piece in enumerate(pieces):
            if number:
                await self.piece_gate.wait()
            event: dict[str, Any] = {
                "choices": [{"text": piece, "index": 0, "finish_reason": None}]
            }
            if said := self._logprobs(call.body, piece)["logprobs"]:
                if self.props is not None:
                    said = {"content": said}
                elif isinstance(said, list):
                    said = {"tokens": [piece], "token_logprobs": [said[0]["logprob"]]}
                event["choices"][0]["logprobs"] = said
            if call.body.get("timings_per_token"):
                # llama-server's way.
                timings = {"cache_n": 7, "prompt_n": 60, "prompt_ms": 2000.5}
                if self.room is not None:
                    timings["prompt_n"] = call.tokens - 7
                written = {"predicted_n": number + 1, "predicted_ms": 100.5}
                event["timings"] = timings | written
            self._event(writer, event)
            await writer.drain()
            if self.fault == "error line":
                self._event(writer, {"error": {"message": "it broke", "code": 500}})
            if self.fault in ("error line", "no done"):
                return self._end_stream(writer)
        self._raw_line(writer, b": a comment, as proxies send to keep a connection\n\n")
        self._event(writer, {"choices": [{"text": "", "index": 0, "finish_reason": "stop"}]})
        details = {"cached_tokens": 7}
        prompt_tokens = 9 if self.room is None else call.tokens
        usage = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": 3,
            "prompt_tokens_details": details,
        }
        self._event(writer, {"choices": [], "usage": usage})
        self._raw_line(writer, b"data: [DONE]\n\n")
        self._end_stream(writer)
        await writer.drain()
        call.state = "done"
        return None

    def _logprobs(self, body: Mapping[str, Any], piece: str) -> dict[str, Any]:
        """What a piece says of its token (api/types.go, Logprob), if that is asked for."""
        if self.logprob is None or not body.get("logprobs"):
            return {"logprobs": None}
        if isinstance(self.logprob, str):
            return {"logprobs": self.logprob}
        if body.get("post_sampling_probs") and self.knows_post_sampling:
            return {"logprobs": [_after_sampling(piece, self.logprob, body["temperature"])]}
        return {"logprobs": [{"token": piece, "logprob": self.logprob, "top_logprobs": []}]}

    def _event(self, writer: asyncio.StreamWriter, data: Mapping[str, Any]) -> None:
        self._raw_line(writer, b"data: " + json.dumps(data).encode() + b"\n\n")

    def _end(self, call: Call, pieces: int, reason: str) -> dict[str, Any]:
        body = call.body
        count, read = self._counts(body["prompt"])
        if call.cut:
            # As in contextShiftPromptLimit: about half of the context is left.
            count = self._options.get("num_ctx", self.context_length) // 2 + 2
        self._prompts.append(body["prompt"])
        end = {
            "done": True,
            "done_reason": reason,
            "total_duration": 5_000_000,
            "load_duration": self.load_duration,
            "prompt_eval_count": read if self.counts == "read" else count,
            "prompt_eval_duration": int(1e9 * read / self.reads) if self.reads else 2_000_000,
            "eval_count": pieces,
            "eval_duration": 2_000_000,
        }
        return end if body.get("raw") else {**end, "context": [1, 2, 3]}

    def _counts(self, prompt: str) -> tuple[int, int]:
        """Tokens of a prompt, and how many of them aren't known from another one."""
        known = max((_common(prompt, old) for old in self._prompts), default=0)
        return self.tokens(prompt), self.tokens(prompt[known:])

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


def _after_sampling(piece: str, logprob: float, temperature: float) -> dict[str, Any]:
    """What llama-server says of a token after its samplers, with one other candidate."""
    likely = [math.exp(logprob), -math.expm1(logprob)]
    powers = [value ** (1 / temperature) for value in likely]
    probs = [power / sum(powers) for power in powers]
    tops = [{"token": text, "prob": prob} for text, prob in zip((piece, "?"), probs, strict=True)]
    tops.sort(key=lambda top: -top["prob"])
    return {"token": piece, "prob": probs[0], "top_probs": tops}


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _seconds(keep_alive: Any) -> float:
    """A duration as Ollama takes it: a number of seconds, or "30m"."""
    if isinstance(keep_alive, int | float):
        return float(keep_alive)
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    parts = re.findall(r"([\d.]+)(ms|s|m|h)", keep_alive)
    seconds = sum(float(number) * units[unit] for number, unit in parts)
    return -seconds if keep_alive.startswith("-") else seconds


def _wrong_option(options: Mapping[str, Any]) -> str:
    """What is wrong with the first option that is not of its type (ollama's api/types.go)."""
    for name, value in options.items():
        called, kinds = OPTIONS.get(name, ("", object))
        if not isinstance(value, kinds):
            return f'option "{name}" must be of type {called}'
    return ""


def _repeated(pieces: Sequence[str]) -> int | None:
    """At which of the pieces the answer ends since it is the same again; None if at none."""
    last, repeats = "", 0
    for number, piece in enumerate(pieces):
        repeats = repeats + 1 if piece.strip() == last else 0
        last = piece.strip()
        if repeats > REPEAT_LIMIT:
            return number
    return None


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
