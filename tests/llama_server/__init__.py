"""A real llama-server with the embedded weights, behind the engine ``openai``.

``make test-llama-server`` installs it into the folder of the editors and runs everything here.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

import httpx

from editors import debian, folder
from infill_ls import weights

PROGRAM: Final = "usr/bin/llama-server"
CONTEXT: Final = 4096  # tokens for each slot
# Tokens. A cancelled call is noticed between batches.
BATCH: Final = 64
# s. Loading takes one or two on an idle machine.
LIMIT: Final = 120.0


def install() -> None:
    """Fetch Debian's newest. Raises :class:`RuntimeError` as :func:`debian.unpack` does."""
    root = debian.unpack(folder() / "llama-server", ["llama.cpp-tools"], programs=[PROGRAM])
    program = root / PROGRAM
    # ggml looks for what suits the processor in a folder of the system, and beside the program.
    for backend in root.glob("usr/lib/*/ggml/backends*/*.so"):
        beside = program.with_name(backend.name)
        if not beside.exists():
            beside.symlink_to(backend)


@dataclass(frozen=True, slots=True)
class Slot:
    """``tokens``: how many it holds, read and written."""

    number: int
    busy: bool
    tokens: int


class LlamaServer:
    """One that runs, with so many slots; ends with the block that it is used in."""

    def __init__(self, slots: int) -> None:
        self.count = slots
        self.url = ""
        self._process: asyncio.subprocess.Process | None = None
        self._log: asyncio.Task[None] | None = None
        self._last: deque[str] = deque(maxlen=20)
        self._client = httpx.AsyncClient(timeout=LIMIT, trust_env=False)

    async def __aenter__(self) -> LlamaServer:
        program = folder() / "llama-server/root" / PROGRAM
        if not program.is_file():
            raise RuntimeError("There is no llama-server to test with: make test-llama-server")
        model = weights.ready(weights.DEFAULT)
        self._process = await asyncio.create_subprocess_exec(
            *(program, "--model", model, "--host", "127.0.0.1", "--port", "0"),
            *("-np", str(self.count), "-c", str(CONTEXT * self.count)),
            *("-b", str(BATCH), "-ub", str(BATCH), "--offline", "--no-webui"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(LIMIT):
            while not self.url:
                self._listens(await self._line())
        self._log = asyncio.create_task(self._drain())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        await self._client.aclose()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        if self._log is not None:
            await self._log

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self._client.request(method, f"{self.url}{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def slots(self) -> list[Slot]:
        return [
            Slot(slot["id"], slot["is_processing"], slot.get("n_prompt_tokens", 0))
            for slot in await self.ask("GET", "/slots")
        ]

    async def until_busy(self, count: int) -> list[Slot]:
        """Wait until so many slots are at work; those."""
        async with asyncio.timeout(LIMIT):
            while len(busy := [slot for slot in await self.slots() if slot.busy]) != count:
                await asyncio.sleep(0.01)
        return busy

    def _listens(self, line: str) -> None:
        found = re.search(r"listening on (http://\S+)", line)
        self.url = found[1] if found else ""

    async def _line(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        line = (await self._process.stderr.readline()).decode("utf-8", "replace")
        if not line:
            raise RuntimeError("llama-server ended:\n" + "".join(self._last))
        self._last.append(line)
        return line

    async def _drain(self) -> None:
        """Read its log on, or it would wait for a reader."""
        assert self._process is not None
        assert self._process.stderr is not None
        while await self._process.stderr.read(1 << 16):
            pass
