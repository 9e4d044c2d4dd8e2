"""`make bench-ollama URL=...`: the real server between an editor and a real Ollama.

What a simulated engine can't tell: how long a model that was unloaded takes to serve somebody who
types on, how many calls keys cost, how long others wait for a call that was closed, and whether the
rates that are learnt are true. Ollama must run already and have the model, and nobody else should
use it; nothing else should run meanwhile. ``--server-source FOLDER`` runs the server from another
folder (one that holds ``infill_ls``), to compare two versions.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from bench.world import SOURCES
from lsp_client import LspClient, LspError

CAPABILITIES: Final[dict[str, Any]] = {
    "general": {"positionEncodings": ["utf-32"]},
    "textDocument": {"inlineCompletion": {}},
}
FILES: Final = ("weights.py.txt", "prompt.py.txt", "documents.py.txt")
# s. Longer than this nobody waits for a first fill.
PATIENCE: Final = 40.0
# s, for what Ollama does in the end; infill-ls closes what goes on for two minutes.
LIMIT: Final = 150.0
# ms between keys, and how many.
RHYTHMS: Final = (115, 150, 180, 200, 220, 240, 260, 300)
# Nothing that a model would guess.
KEYS: Final = "warmth = sky(7) - gate % 30 + row"
# Of a prompt that differs from every other from its start; ``{}`` makes it so.
COLD: Final = "".join(f"{{0}}_{n} = read_{{0}}({n * 7}, timeout={n})\n" for n in range(40))


# What stands between the server and Ollama


@dataclass
class Call:
    """One ``POST /api/generate``. Times in s of the loop's clock; None for what did not happen.

    ``left``: the client closed it. ``answer``: Ollama's last line, with its counts and durations.
    """

    body: dict[str, Any]
    began: float
    first_byte: float | None = None
    ended: float | None = None
    left: bool = False
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def loads(self) -> bool:
        """Whether it is there to have the model loaded, and asks for no text."""
        return not self.body.get("prompt")


class Proxy:
    """Passes on what it gets, and counts. ``options``: put into each call that asks for text."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 11434
        self.calls: list[Call] = []
        self.options: dict[str, Any] = {}
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Proxy]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    def about(self, text: str) -> list[Call]:
        """The calls with a text in their prompt."""
        return [call for call in self.calls if text in call.body.get("prompt", "")]

    async def quiet(self) -> None:
        """Wait until no call is under way."""
        await until(lambda: all(call.ended is not None for call in self.calls), LIMIT)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = None
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
            content = await reader.readexactly(int(length[1])) if length else b""
            if head.startswith(b"POST /api/generate "):
                body = json.loads(content)
                body["options"] = {**body.get("options", {}), **self.options}
                content = json.dumps(body).encode()
                head = re.sub(rb"(?i)(content-length: *)\d+", rb"\g<1>%d" % len(content), head)
                call = Call(body, now())
                self.calls.append(call)
            await self._pass_on(head + content, reader, writer, call)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if call is not None:
                call.ended = now()
            writer.close()

    async def _pass_on(
        self,
        asked: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        call: Call | None,
    ) -> None:
        answers, onward = await asyncio.open_connection(self._host, self._port)
        onward.write(asked)
        gone = asyncio.create_task(reader.read(1))
        back = asyncio.create_task(self._bring_back(answers, writer, call))
        try:
            await asyncio.wait({gone, back}, return_when=asyncio.FIRST_COMPLETED)
            if call is not None:
                call.left = not back.done() and not call.answer
        finally:
            onward.close()
            for task in (gone, back):
                task.cancel()
            await asyncio.gather(gone, back, return_exceptions=True)

    @staticmethod
    async def _bring_back(
        answers: asyncio.StreamReader, writer: asyncio.StreamWriter, call: Call | None
    ) -> None:
        rest = b""
        while data := await answers.read(1 << 16):
            writer.write(data)
            if call is None:
                continue
            call.first_byte = call.first_byte or now()
            *lines, rest = (rest + data).split(b"\n")
            # Between them stand the lengths of chunks.
            for line in lines:
                if line.startswith(b"{"):
                    answer = json.loads(line)
                    if answer.get("done"):
                        call.answer = answer


class Ollama:
    """The real one, spoken to as another program would."""

    def __init__(self, url: str, model: str) -> None:
        self.url, self.model = url, model
        self._client = httpx.AsyncClient(base_url=url, timeout=LIMIT, trust_env=False)

    async def generate(self, **body: Any) -> dict[str, Any]:
        asked = {"model": self.model, "stream": False, **body}
        answer = await self._client.post("/api/generate", json=asked)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def loaded(self) -> bool:
        models = (await self._client.get("/api/ps")).json()["models"]
        return any(entry["name"] == self.model for entry in models)

    async def unload(self) -> None:
        """And with the model all that Ollama remembers of prompts."""
        await self.generate(prompt="", keep_alive=0)
        end = now() + LIMIT
        while await self.loaded():
            assert now() < end, "the model stays loaded"
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        await self._client.aclose()


# Who types


class Editor:
    """A document that is typed into. ``shown``: when a fill came that the cursor still stood at."""

    client_name = ""

    def __init__(self, client: LspClient) -> None:
        self.client = client
        self.asked = 0
        self.shown: list[float] = []
        self._timer: asyncio.TimerHandle | None = None
        self._uri, self._text, self._cursor, self._version = "", "", 0, 0

    def open(self, name: str, text: str, cursor: int) -> None:
        self._uri = f"file:///project/{name}"
        self._text, self._cursor, self._version = text, cursor, 1
        self.client.open(text, self._uri)

    def go_to(self, name: str, text: str, cursor: int) -> None:
        """Come back to a file that is open."""
        self._uri, self._text, self._cursor = f"file:///project/{name}", text, cursor

    def press(self, key: str) -> None:
        self._version += 1
        self.client.insert(key, *self._position(), self._version, self._uri)
        self._text = self._text[: self._cursor] + key + self._text[self._cursor :]
        self._cursor += len(key)
        self.pressed()

    def pressed(self) -> None:
        """What the editor does at a key."""

    @property
    def text(self) -> str:
        return self._text

    @property
    def cursor(self) -> int:
        return self._cursor

    def ask(self) -> asyncio.Future[Any]:
        here = (self._uri, self._version, self._cursor)

        def answered(future: asyncio.Future[Any]) -> None:
            with suppress(LspError, ConnectionError, asyncio.CancelledError):
                answer = future.result()
                if here == (self._uri, self._version, self._cursor) and answer and answer["items"]:
                    self.shown.append(now())

        self.asked += 1
        future = self.client.ask(*self._position(), self._uri)
        future.add_done_callback(answered)
        return future

    def leave(self) -> None:
        """Nothing is asked any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _later(self, delay: float, action: Callable[[], object]) -> None:
        self.leave()
        self._timer = asyncio.get_running_loop().call_later(delay, action)

    def _position(self) -> tuple[int, int]:
        before = self._text[: self._cursor]
        return before.count("\n"), len(before) - before.rfind("\n") - 1


class Neovim(Editor):
    """Asks 200 ms after the last key and never cancels."""

    client_name = "Neovim"

    def pressed(self) -> None:
        self._later(0.200, self.ask)


class VSCode(Editor):
    """Asks 45 ms after each key, cancels at the next, and gives up after 750 ms."""

    client_name = "Visual Studio Code"
    _pending: asyncio.Future[Any] | None = None

    def pressed(self) -> None:
        self._give_up()
        self._later(0.045, self._ask)

    def _ask(self) -> None:
        self._pending = self.ask()
        self._later(0.750, self._give_up)

    def _give_up(self) -> None:
        if self._pending is not None and not self._pending.done():
            self.client.cancel(self._pending)
        self._pending = None


# What is measured


@dataclass
class Bench:
    """``source``: the folder that the server is run from, None for the installed one."""

    ollama: Ollama
    proxy: Proxy
    python: str
    source: Path | None

    @asynccontextmanager
    async def editor(self, kind: type[Editor], **settings: Any) -> AsyncIterator[Editor]:
        """An editor with a server of its own that knows nothing yet."""
        with tempfile.TemporaryDirectory() as folder:
            self.state = Path(folder)
            self.proxy.calls.clear()
            environment = {
                "OLLAMA_HOST": self.proxy.url,
                "XDG_STATE_HOME": folder,
                "XDG_CONFIG_HOME": folder,
            }
            if self.source is not None:
                environment["PYTHONPATH"] = str(self.source)
            client = await LspClient.start(
                command=(self.python, "-m", "infill_ls", "serve"),
                environment=environment,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                options = {"engine": "ollama", "model": self.ollama.model, **settings}
                await client.initialize(CAPABILITIES, options, client=kind.client_name)
                editor = kind(client)
                yield editor
                editor.leave()
            finally:
                await client.kill()
                with suppress(TimeoutError):
                    await self.proxy.quiet()

    async def after_unload(self) -> None:
        """(a) From the moment that the model is gone to the first fill, while somebody types."""
        for kind, gap, pause in ((Neovim, 0.120, 0.600), (VSCode, 0.230, 0.230)):
            await self.ollama.unload()
            async with self.editor(kind) as editor:
                text, cursor = place(FILES[0])
                editor.open("a.py", text, cursor)
                await first_fill(editor, self.proxy)
                await self.ollama.unload()
                editor.shown.clear()
                self.proxy.calls.clear()
                asked, began = editor.asked, now()
                await type_on(editor, gap, pause)
                took = f"{editor.shown[0] - began:5.1f} s" if editor.shown else "never"
                closed = sum(call.left and call.first_byte is None for call in self.proxy.calls)
                print(
                    f"a. {kind.__name__:8} first fill after {took} "
                    f"({now() - began:.1f} s typed, {editor.asked - asked} asks, "
                    f"{len(self.proxy.calls)} calls, {closed} closed before their first byte)",
                    flush=True,
                )

    async def calls_of_keys(self) -> None:
        """(b) Model calls for 33 keys, in VS Code's way."""
        await self.ollama.unload()
        async with self.editor(VSCode) as editor:
            for milliseconds in RHYTHMS:
                text, cursor = place(FILES[1])
                name = f"b_{milliseconds}"
                text = text.replace("prefix", f"prefix_{milliseconds}")
                editor.open(f"{name}.py", f"# {name}\n" + text, cursor + len(f"# {name}\n"))
                await first_fill(editor, self.proxy)
                self.proxy.calls.clear()
                for key in KEYS:
                    editor.press(key)
                    await asyncio.sleep(milliseconds / 1000)
                await asyncio.sleep(1)
                await self.proxy.quiet()
                asked = [call for call in self.proxy.calls if not call.loads]
                print(
                    f"b. {milliseconds} ms a key: {len(asked):3} calls for {len(KEYS)} keys, "
                    f"{sum(call.left for call in asked)} of them closed",
                    flush=True,
                )

    async def after_a_cancel(self) -> None:
        """(c) How long another program's small request waits after a call was closed."""
        for budget in ("auto", 1900):
            for batch in (None, 128):
                await self.ollama.unload()
                self.proxy.options = {} if batch is None else {"num_batch": batch}
                async with self.editor(VSCode, contextTokens=budget) as editor:
                    # Loaded before, in the way of the call to come.
                    editor.open("warm.py", "x = 1\n", 6)
                    await first_fill(editor, self.proxy)
                    text, cursor = place(FILES[0])
                    self.proxy.calls.clear()
                    editor.open("c.py", text, cursor)
                    asked = editor.ask()
                    # Not one for what would follow in the other file.
                    await until(lambda: bool(self.proxy.about("total(numbers)")), LIMIT)
                    (call,) = self.proxy.about("total(numbers)")
                    await asyncio.sleep(0.3)
                    editor.client.cancel(asked)
                    await self.proxy.quiet()
                    closed = now()
                    options = load_options(call)
                    await self.ollama.generate(
                        prompt="a", raw=True, options={"num_predict": 1, **options}
                    )
                    waited = now() - closed
                    state = "while it read" if call.first_byte is None else "AFTER it had read"
                    print(
                        f"c. {budget} budget, {len(call.body['prompt'])} characters, num_batch "
                        f"{options.get('num_batch', 'of Ollama')}: "
                        f"closed {state}, a small request waits {waited:.2f} s",
                        flush=True,
                    )
        self.proxy.options = {}

    async def rates(self) -> None:
        """(d) What is learnt over three files in turn, and what is true."""
        await self.ollama.unload()
        async with self.editor(Neovim) as editor:
            places = {name: place(name) for name in FILES}
            versions = dict.fromkeys(FILES, 1)
            for visit in range(3):
                for name in FILES:
                    text, cursor = places[name]
                    if visit == 0:
                        editor.open(name, text, cursor)
                    else:
                        editor.go_to(name, text, cursor)
                        editor._version = versions[name]
                    await first_fill(editor, self.proxy, patience=20)
                    for key in "value = numb":
                        editor.press(key)
                        await asyncio.sleep(0.12)
                    await asyncio.sleep(1)
                    await self.proxy.quiet()
                    places[name] = editor.text, editor.cursor
                    versions[name] = editor._version
            sizes = [len(call.body["prompt"]) for call in self.proxy.calls if not call.loads]
            new = "".join(f"def new_{n}(a):\n    return a * {n}\n\n\n" for n in range(300))
            editor.open("new.py", new, len(new))
            began = now()
            shown = await first_fill(editor, self.proxy, patience=PATIENCE)
            await self.proxy.quiet()
            last = [call for call in self.proxy.calls if not call.loads][-1]
            await editor.client.stop()
            learnt = learnt_rates(self.state)
            true = await self.ollama.generate(
                prompt=COLD.format(f"cold{time.time_ns()}"),
                raw=True,
                options={"num_predict": 32, "temperature": 0, **load_options(last)},
            )
        read = per_second(true, "prompt_eval")
        write = per_second(true, "eval")
        fill = f"{editor.shown[-1] - began:.1f} s" if shown else "never"
        print(
            f"d. learnt: reads {learnt.get('read')}, writes {learnt.get('write')} tokens/s\n"
            f"d. true:   reads {read:.1f}, writes {write:.1f} tokens/s\n"
            f"d. prompts of {min(sizes)} to {max(sizes)} characters; in a new file one of "
            f"{len(last.body['prompt'])}, first fill after {fill}",
            flush=True,
        )


PARTS: Final[dict[str, Callable[[Bench], Awaitable[None]]]] = {
    "a": Bench.after_unload,
    "b": Bench.calls_of_keys,
    "c": Bench.after_a_cancel,
    "d": Bench.rates,
}


async def type_on(editor: Editor, gap: float, pause: float) -> None:
    """Five keys, a pause, and so on, until a fill comes or nobody would wait longer; in s."""
    text = (SOURCES / FILES[2]).read_text("utf-8")
    end = now() + PATIENCE
    for number, key in enumerate(text):
        if editor.shown or now() > end:
            return
        editor.press(key)
        with suppress(TimeoutError):
            await until(lambda: bool(editor.shown), pause if number % 5 == 4 else gap)


async def first_fill(editor: Editor, proxy: Proxy, patience: float = LIMIT) -> bool:
    """Ask where the cursor is until a fill comes, and wait until Ollama rests; whether one came."""
    seen, end = len(editor.shown), now() + patience
    while len(editor.shown) == seen and now() < end:
        with suppress(TimeoutError, LspError):
            await asyncio.wait_for(editor.ask(), end - now())
        await asyncio.sleep(0.05)
    await proxy.quiet()
    return len(editor.shown) > seen


def place(name: str) -> tuple[str, int]:
    """A real file, and a cursor in its last third where every model has something to write."""
    text = (SOURCES / name).read_text("utf-8")
    cut = text.index("\n\n", len(text) * 2 // 3)
    before = text[:cut] + "\n\n\ndef total(numbers):\n    result = 0\n    for number in numbers:"
    return before + "\n        \n" + text[cut:], len(before) + len("\n        ")


def learnt_rates(state: Path) -> dict[str, Any]:
    for file in state.glob("**/rates.json"):
        for rates in json.loads(file.read_text("utf-8")).values():
            found: dict[str, Any] = rates
            return found
    return {}


def per_second(answer: dict[str, Any], what: str) -> float:
    """Tokens/s of an answer of Ollama whose prompt was new to it."""
    count, nanoseconds = int(answer[f"{what}_count"]), int(answer[f"{what}_duration"])
    return count / nanoseconds * 1e9


def load_options(call: Call) -> dict[str, Any]:
    """Those for which Ollama would load the model anew."""
    load = {"num_ctx", "num_batch", "num_thread", "num_gpu"}
    return {name: value for name, value in call.body["options"].items() if name in load}


def now() -> float:
    return asyncio.get_running_loop().time()


async def until(wanted: Callable[[], bool], limit: float) -> None:
    """Wait until something is so. Raises :class:`TimeoutError`."""
    async with asyncio.timeout(limit):
        while not wanted():
            await asyncio.sleep(0.005)


async def run(options: argparse.Namespace) -> None:
    ollama = Ollama(options.url, options.model)
    proxy = Proxy(options.url)
    async with proxy.running():
        bench = Bench(ollama, proxy, options.server_python, options.server_source)
        try:
            for name in options.only or PARTS:
                began = now()
                await PARTS[name](bench)
                print(f"{name}. took {now() - began:.0f} s", file=sys.stderr)
        finally:
            await ollama.unload()
            await ollama.close()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="the real Ollama")
    parser.add_argument("--model", default="qwen2.5-coder:0.5b")
    parser.add_argument("--only", action="append", choices=list(PARTS), help="these parts")
    parser.add_argument("--server-python", default=sys.executable, help="what runs the server")
    parser.add_argument("--server-source", type=Path, help="the folder that holds its infill_ls")
    asyncio.run(run(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
