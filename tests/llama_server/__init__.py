"""A real llama-server with the embedded weights, behind the engine ``openai``.

``make test-llama-server`` installs it into the folder of the editors and runs everything here.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import deque
from types import TracebackType
from typing import Any, Final

import httpx

from editors import debian, folder
from infill_ls.engines.embedded import weights

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


class LlamaServer:
    """One that runs, with so many slots; ends with the block that it is used in.

    ``begun``: calls that got a slot. ``released``: for each that left its slot, how many tokens,
    read and written, it has there.
    """

    def __init__(self, slots: int) -> None:
        self.count = slots
        self.url = ""
        self.begun = 0
        self.released: list[int] = []
        self._ended = False
        self._changed = asyncio.Condition()
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
            # Or its threads spin while they wait for each other, and wait long beside other work.
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
        )
        self._log = asyncio.create_task(self._watch())
        async with asyncio.timeout(LIMIT), self._changed:
            await self._changed.wait_for(lambda: bool(self.url) or self._ended)
        if self._ended:
            raise RuntimeError("llama-server ended:\n" + "".join(self._last))
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

    async def until_begun(self, count: int = 1) -> None:
        """Wait until so many calls, of all that there were, have got a slot."""
        async with asyncio.timeout(LIMIT), self._changed:
            await self._changed.wait_for(lambda: self.begun >= count)

    async def until_idle(self) -> None:
        """Wait until every call has left its slot."""
        async with asyncio.timeout(LIMIT), self._changed:
            await self._changed.wait_for(lambda: self.begun == len(self.released))

    async def until_released(self, count: int = 1) -> int:
        """Wait until so many calls have left their slot; how many tokens the last has there.

        Asking ``/slots`` instead would keep it from noticing who has left: for that, it waits for a
        second in which it has nothing to tell anybody.
        """
        async with asyncio.timeout(LIMIT), self._changed:
            await self._changed.wait_for(lambda: len(self.released) >= count)
        return self.released[count - 1]

    async def _line(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        return (await self._process.stderr.readline()).decode("utf-8", "replace")

    async def _watch(self) -> None:
        """Read its log, in which all that happens is told."""
        while line := await self._line():
            self._last.append(line)
            async with self._changed:
                if found := re.search(r"listening on (http://\S+)", line):
                    self.url = found[1]
                self.begun += " processing task, " in line
                if found := re.search(r" stop processing: n_tokens = (\d+)", line):
                    self.released.append(int(found[1]))
                self._changed.notify_all()
        async with self._changed:
            self._ended = True
            self._changed.notify_all()
