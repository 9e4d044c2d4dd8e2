"""One server process with a home of its own, a document, and what is seen of it in a fault."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from faults.process import Account, children, is_alive
from faults.rows import Row
from lsp_client import LspClient, LspError

TESTS: Final = Path(__file__).resolve().parents[1]
# s until what must happen has happened, on however busy a machine.
PATIENCE: Final = 60.0
# s between two keys of somebody who tries whether it works again.
KEY: Final = 0.25
COMMAND: Final = (sys.executable, "-m", "faults.serve", "serve")
# The environment of a server whose client doesn't say what the rows need.
UNTOLD: Final = {"INFILL_LS_ENGINE": "ollama", "INFILL_LS_DEBOUNCE_MS": "0"}
# What a session may leave in the state directory: the rates of engines, which editors came, what is
# counted.
KEPT: Final = ("rates.json", "editors.json", "editors.lock", "statistics/*")
FOLDERS: Final = {
    "HOME": "home",
    "XDG_CONFIG_HOME": "config",
    "XDG_STATE_HOME": "state",
    "XDG_CACHE_HOME": "cache",
    "XDG_DATA_HOME": "data",
}


class Scene:
    """What a row is played on. ``row`` takes what is seen; ``engines`` are closed at the end.

    A row starts a server, has something go wrong, types (:meth:`key`), mends it and waits until it
    works again (:meth:`works_again`). The rest is looked at by :meth:`end`.
    """

    client: LspClient

    def __init__(self, row: Row, folder: Path, starting: asyncio.Semaphore | None = None) -> None:
        self.row = row
        self.folder = folder
        # A start is work for a core; what waits for others' is not of the fault.
        self.starting = starting or asyncio.Semaphore(1)
        self.engines = AsyncExitStack()
        self.account: Account | None = None
        self.typed = 0
        self._version = 1
        self._rest: Counter[str] = Counter()
        self._files: frozenset[str] = frozenset()
        self._last = 0.0  # when the last answer came, in s of the loop's clock
        self._mended: float | None = None
        self._clients: list[LspClient] = []

    async def start(
        self,
        url: str = "",
        *arguments: str,
        options: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        constants: Mapping[str, object] | None = None,
        warm: bool = True,
        **initialize: Any,
    ) -> LspClient:
        """Start a server, and open a document in it.

        ``url``: the engine's; Ollama, unless the options say otherwise. ``constants``: by their
        full names, where waiting for everybody's would take too long (say so in the row).
        ``warm``: the engine works, and has given a fill before anything else happens.
        """
        async with self.starting:
            return await self._start(
                url, arguments, options, environment, constants, warm, initialize
            )

    async def _start(
        self,
        url: str,
        arguments: tuple[str, ...],
        options: Mapping[str, Any] | None,
        environment: Mapping[str, str] | None,
        constants: Mapping[str, object] | None,
        warm: bool,
        initialize: Mapping[str, Any],
    ) -> LspClient:
        client = await self.launch(url, *arguments, environment=environment, constants=constants)
        engine = {"engine": "ollama"} if url else {}
        options = {**engine, "debounceMs": 0, **(options or {})}
        await client.initialize(options=options, **initialize)
        client.open("[]\n")
        if warm:
            await self.works_again()
            self.row.recovered, self.row.answered, self.row.reason = None, None, ""
        await self.settled()
        return client

    async def launch(
        self,
        url: str = "",
        *arguments: str,
        command: Sequence[str] = COMMAND,
        environment: Mapping[str, str] | None = None,
        constants: Mapping[str, object] | None = None,
        stderr: int | None = None,
    ) -> LspClient:
        """Start a server that has been told nothing yet. ``stderr``: a file of the scene's."""
        self.folder.mkdir(parents=True, exist_ok=True)
        tasks = self.folder / "tasks.json"
        homes = {name: str(self.folder / part) for name, part in FOLDERS.items()}
        for path in homes.values():
            Path(path).mkdir(exist_ok=True)
        self.client = client = await LspClient.start(
            *arguments,
            command=command,
            environment={
                **homes,
                **python_path(TESTS),
                "FAULTS_TASKS": str(tasks),
                "FAULTS_CONSTANTS": json.dumps(dict(constants or {})),
                **({"OLLAMA_HOST": url} if url else {}),
                **(environment or {}),
            },
            stderr=self._stderr() if stderr is None else stderr,
        )
        self._clients.append(client)
        self.account = Account(client.process.pid, tasks)
        return client

    async def settled(self) -> None:
        """Note what the server holds when it is at rest, and what files there are."""
        assert self.account is not None
        self._rest = await self.account.at_rest()
        self._files = self.files()

    def customized(self, code: str) -> dict[str, str]:
        """The environment in which Python runs this code before anything else of the server."""
        folder = self.folder / "site"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sitecustomize.py").write_text(code, "utf-8")
        return python_path(folder, TESTS)

    # What a user does

    def key(self, *, manual: bool = False) -> asyncio.Task[str | None]:
        """Type a character, and ask; the fill, None if there is none."""
        self.client.insert("y", 0, 1 + self.typed, self._version + 1)
        self.typed, self._version = self.typed + 1, self._version + 1
        return self.ask(manual=manual)

    def ask(self, *, manual: bool = False) -> asyncio.Task[str | None]:
        """Ask where the cursor is; the fill, None if there is none."""
        return asyncio.create_task(self._ask(1 + self.typed, manual))

    async def type(self, keys: int, pause: float = KEY) -> list[str | None]:
        """Type so many characters, ask at each and wait for no answer between them."""
        asked = []
        for _ in range(keys):
            asked.append(self.key())
            await asyncio.sleep(pause)
        return await asyncio.gather(*asked)

    async def _ask(self, column: int, manual: bool) -> str | None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(PATIENCE):
                fill = await self.client.fill(0, column, manual=manual)
        except LspError as error:
            raise AssertionError(f"a request was answered with an error: {error}") from None
        self._last = loop.time()
        if not manual:
            self.row.answered = max(self.row.answered or 0.0, self._last - began)
        if fill is None and self.row.reason in ("", "superseded", "unasked"):
            explained = await self.client.command("infill-ls.explain")
            self.row.reason = explained["reason"]
        return fill

    # What is seen

    def mended(self) -> None:
        """Note that the fault is over."""
        self._mended = asyncio.get_running_loop().time()

    async def works_again(self) -> None:
        """Type on until a fill comes, as a user would; :meth:`mended` was called before."""
        loop = asyncio.get_running_loop()
        began = loop.time() if self._mended is None else self._mended
        async with asyncio.timeout(PATIENCE):
            while await self.key() is None:
                await asyncio.sleep(KEY)
        self.row.recovered = loop.time() - began

    async def shown(self, count: int = 1) -> list[str]:
        """Wait until the user was shown so many messages; all of them."""
        await self.until(lambda: len(self.client.shown()) >= count)
        return self.client.shown()

    async def until_told(self) -> None:
        """Type on, now and then, until the user was told that something is wrong."""
        async with asyncio.timeout(PATIENCE):
            while True:
                await self.key()
                if self.client.shown():
                    return
                await asyncio.sleep(KEY)

    async def until(self, wanted: Callable[[], bool], limit: float = PATIENCE) -> None:
        """Look again and again until something is so."""
        async with asyncio.timeout(limit):
            while not wanted():
                await asyncio.sleep(0.02)

    async def quiet(self, limit: float = PATIENCE) -> None:
        """Wait until nothing is in flight, as before the fault; what isn't gone is left."""
        assert self.account is not None
        if self.client.process.returncode is not None:
            return
        loop = asyncio.get_running_loop()
        began = loop.time()
        while more := await self.account.holds() - self._rest:
            if loop.time() - began > limit:
                self.row.left += sorted(more.elements())
                return
            await asyncio.sleep(0.02)
        if self.row.quiet is None:
            self.row.quiet = max(0.0, loop.time() - max(self._last, 0.0))

    def files(self) -> frozenset[str]:
        """The files of the home, without what may be there."""
        roots = (self.folder / part for part in FOLDERS.values())
        return frozenset(
            str(path.relative_to(self.folder))
            for root in roots
            for path in root.rglob("*")
            if path.is_file() and not any(path.match(f"infill-ls/{kept}") for kept in KEPT)
        )

    async def end(self) -> None:
        """Look at what is left, have the server leave, and look again."""
        await self.quiet()
        self.row.sees = [self._plain(text) for text in self.client.shown()]
        process = self.client.process
        before = children(process.pid)
        if process.returncode is None:
            status = await self.client.stop()
            assert status == 0, f"it left with {status}"
        for child in before:
            with contextlib.suppress(TimeoutError):
                await self.until(lambda child=child: not is_alive(child), 10.0)  # type: ignore[misc]
            if is_alive(child):
                self.row.left.append(f"process {child}")
        self.row.left += sorted(self.files() - self._files)
        assert self.client.stray_output == b""

    async def kill(self) -> None:
        """Leave nothing behind, however the row has ended."""
        for client in self._clients:
            await client.kill()
        await self.engines.aclose()

    async def enter(self, engine: Any) -> Any:
        """Start a simulated engine, which ends with the row."""
        return await self.engines.enter_async_context(engine)

    def log(self) -> str:
        """What the servers have logged."""
        path = self.folder / "stderr"
        return path.read_text("utf-8", "replace")[-4000:] if path.exists() else ""

    def _stderr(self) -> int:
        descriptor = os.open(self.folder / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.engines.callback(os.close, descriptor)
        return descriptor

    def _plain(self, text: str) -> str:
        """A message without what is this machine's alone."""
        text = re.sub(r"http://127\.0\.0\.1:\d+", "URL", text.removeprefix("infill-ls: "))
        return text.replace(str(self.folder), "~")


def python_path(*folders: Path) -> dict[str, str]:
    """The environment in which Python looks for modules in these folders first."""
    paths = [*map(str, folders), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
