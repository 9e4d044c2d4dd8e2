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

from infill_ls.engines import SEED, Chunk
from infill_ls.engines.openai import OpenAI
from infill_ls.errors import BadAnswer, NotRunning
from infill_ls.families import Model
from infill_ls.prompt import Request
from infill_ls.weights import Weights

# s. Loading half a gigabyte takes 2 s from memory and up to a minute from a slow disk.
START_TIMEOUT: Final = 120.0
STOP_TIMEOUT: Final = 2.0  # s; then the child is killed
DEATH_NOTICE: Final = 1.0  # s; the end of a killed process is reported within some ms


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

    async def warm(self) -> None:
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
        alive = self._process is not None and self._process.returncode is None
        if self._server is not None and alive:
            return self._server
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start(), name="start embedded engine")
        # A request that is cancelled meanwhile must not throw the start away.
        return await asyncio.shield(self._starting)

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
            # Counts with every piece: most streams are closed before their last one.
            extra={"cache_prompt": True, "timings_per_token": True, "seed": SEED},
            can_begin=True,
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
                'Fetch its weights anew ("infill-ls pull"), or use Ollama.',
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
