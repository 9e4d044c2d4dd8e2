"""The embedded engine: a child process with verified weights, spoken to as an OpenAI server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import IO, Final

from infill_ls import policy, weights
from infill_ls.engines import Chunk, embedded_server
from infill_ls.engines.openai import OpenAI
from infill_ls.errors import BadAnswer, NotRunning
from infill_ls.families import Model
from infill_ls.measured import Measured
from infill_ls.prompt import Request
from infill_ls.weights import Weights

# Memory in sizes of the weights' file. llama.cpp may keep most of it a second time, in the order in
# which the processor reads it best: the child was seen to take 0.67 GB with the smaller weights and
# 1.94 GB with the larger (x86-64 with AVX2); prompts that are kept come on top, 0.25 GB at most.
MEMORY: Final = 2
# s. Loading a gigabyte takes 4 s from memory and up to two minutes from a slow disk.
START_TIMEOUT: Final = 240.0
STOP_TIMEOUT: Final = 2.0  # s; then the child is killed
DEATH_NOTICE: Final = 1.0  # s; the end of a killed process is reported within some ms


def best() -> Weights:
    """Which of the weights that are fetched to run on this machine; the default if none is."""
    fetched = weights.fetched()
    if not fetched:
        return weights.DEFAULT
    measured = Measured()
    name = policy.best_embedded(
        [policy.Candidate(one.name, MEMORY * one.size, one.pace) for one in fetched],
        cores=embedded_server.threads(),
        memory=available_memory(),
        rates={
            one.name: measured.load(Measured.key(Embedded.name, "", one.name)) for one in fetched
        },
    )
    return next(one for one in fetched if one.name == name)


def available_memory() -> int | None:
    """Bytes that programs can have without others being pushed out; None where nobody says."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


class Embedded:
    """Starts its child at the first need, and again if it has died."""

    name = "embedded"

    def __init__(self, weights: Weights, path: Path) -> None:
        self._weights = weights
        self._path = path
        self._process: asyncio.subprocess.Process | None = None
        self._server: OpenAI | None = None
        self._starting: asyncio.Task[OpenAI] | None = None

    async def describe(self) -> Model:
        return Model(self._weights.name, can_begin=True)

    @property
    def room(self) -> int | None:
        return embedded_server.CONTEXT

    @property
    def stays_loaded(self) -> bool:
        return True

    def expect(self, read: float | None) -> None:
        """It makes no difference here."""

    async def is_loaded(self) -> bool:
        return self._is_alive() and self._server is not None

    async def load(self) -> None:
        await self._running()

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        for chance in (1, 0):
            written = False
            try:
                async with aclosing((await self._running()).generate(request)) as chunks:
                    async for chunk in chunks:
                        written = True
                        yield chunk
                return
            except (NotRunning, BadAnswer):
                # A child that has died since the last call is replaced, once.
                if not chance or written or not await self._has_died():
                    raise

    async def aclose(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError, NotRunning):
                await self._starting
        await self._stop()

    async def _running(self) -> OpenAI:
        if self._server is not None and self._is_alive():
            return self._server
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start(), name="start embedded engine")
        # A request that is cancelled meanwhile must not throw the start away.
        return await asyncio.shield(self._starting)

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def _has_died(self) -> bool:
        """Whether the child is gone; its end is noticed a moment after its connections break."""
        if self._process is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), DEATH_NOTICE)
        return self._process is None or self._process.returncode is not None

    async def _start(self) -> OpenAI:
        await self._stop()
        key = secrets.token_urlsafe(24)
        with tempfile.TemporaryFile() as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "infill_ls.engines.embedded_server"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
            try:
                url = await self._handshake(key, log)
            except BaseException:
                await self._stop()
                raise
        self._server = OpenAI(
            url,
            model=self._weights.name,
            headers={"Authorization": f"Bearer {key}"},
            llama_server=True,
        )
        return self._server

    async def _handshake(self, key: str, log: IO[bytes]) -> str:
        """Tell the child what to serve; the address that it answers with."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        call = {"weights": str(self._path), "key": key, "name": self._weights.name}
        # The key goes through the pipe: other users can read a command line.
        self._process.stdin.write(json.dumps(call).encode() + b"\n")
        try:
            async with asyncio.timeout(START_TIMEOUT):
                line = await self._process.stdout.readline()
            answer = json.loads(line)
        except TimeoutError:
            answer = {"error": f"it is not ready after {START_TIMEOUT:.0f} s"}
        except ValueError:
            log.seek(0)
            last = log.read()[-2000:].decode("utf-8", "replace").strip().splitlines()[-1:]
            answer = {"error": "".join(last) or "it ended without a word"}
        if "url" not in answer:
            raise NotRunning(
                f"The embedded engine does not start ({answer['error']:.300}).",
                f'Fetch its weights anew ("{self._weights.fetched_by}"), or use Ollama.',
            )
        return str(answer["url"])

    async def _stop(self) -> None:
        """End the child: it leaves when its stdin does."""
        process, self._process, self._server = self._process, None, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
