"""Start the embedded engine's child process, and ask it as an OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sys
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

from infill_ls.engines.embedded import inherited, installation, openmp, weights
from infill_ls.engines.embedded import server as embedded_server
from infill_ls.engines.embedded.choice import EmbeddedModel, best_embedded, obstacle
from infill_ls.engines.embedded.failure import Ending, Surroundings, explain
from infill_ls.engines.embedded.weights import Weights
from infill_ls.engines.engine import Chunk, KeepsItsModel
from infill_ls.engines.openai import OpenAI
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import BadAnswer, NotRunning, TooLong, WeightsError
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model
from infill_ls.threads import in_thread

# The arguments that Python gets in the child. It would look for its modules in the folder that it
# runs in first, which is the user's project as a rule: its json.py would run.
COMMAND: Final = ("-P", "-m", "infill_ls.engines.embedded.server")
# Memory that the child takes, in sizes of the weights' file. llama.cpp may keep most of the file a
# second time, in the order that the processor reads best. Measured: 0.67 GB with the smaller
# weights, 1.94 GB with the larger (x86-64 with AVX2). The prompts that it keeps come on top: 0.25
# GB at most.
MEMORY: Final = 2
# s without a line at the start. Between two of its lines it loads a gigabyte: that takes 4 s from
# memory and two minutes from a slow disk, or on a machine that is very busy.
START_TIMEOUT: Final = 240.0
STOP_TIMEOUT: Final = 2.0  # s; then the child is killed
DEATH_NOTICE: Final = 1.0  # s; the end of a killed process is reported within some ms
LOG_LINES: Final = 40  # llama.cpp writes some ten at a start, and a few for each request


def best(rates_file: RatesFile | None = None) -> Weights:
    """Return the best of the fetched weights for this machine; the default ones if none are.

    ``rates_file``: what was measured; None for the user's own.
    """
    fetched = weights.fetched()
    if not fetched:
        return weights.DEFAULT
    name = best_embedded(_candidates(fetched), **_here(fetched, rates_file))
    return next(one for one in fetched if one.name == name)


def obstacles(rates_file: RatesFile | None = None) -> dict[str, str]:
    """Return why each of the fetched weights is not to be run here, by their names.

    A reason is empty where nothing is in the way. ``rates_file`` is as for :func:`best`.
    """
    fetched = weights.fetched()
    candidates, here = _candidates(fetched), _here(fetched, rates_file)
    return {one.name: obstacle(one, candidates, **here) for one in candidates}


def _candidates(fetched: Sequence[Weights]) -> list[EmbeddedModel]:
    return [EmbeddedModel(one.name, MEMORY * one.size, one.pace) for one in fetched]


def _here(fetched: Sequence[Weights], rates_file: RatesFile | None) -> dict[str, Any]:
    """Return what is known of this machine, as :func:`best_embedded` takes it."""
    kept = rates_file or RatesFile()
    return {
        "cores": embedded_server.threads(),
        "memory": available_memory(),
        "rates": {
            one.name: kept.load(RatesFile.key(Embedded.name, "", one.name)) for one in fetched
        },
    }


def available_memory() -> int | None:
    """Return the bytes of memory that can be taken without swapping; None if unknown.

    Source: ``MemAvailable`` of Linux's /proc/meminfo; other systems have none.
    """
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


class _Child:
    """The process that runs the engine, with the last lines of its log.

    The log comes through a pipe. ``LOG_LINES`` lines are kept, to explain its end; no file has it.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._lines = 0
        # Its log must be read for as long as it lives: with a full pipe the child would stop.
        self._listening = asyncio.create_task(self._listen(), name="embedded engine's log")
        self._serves = False

    @classmethod
    async def start(cls) -> _Child:
        """Start the process. Raises :class:`OSError` if the system doesn't."""
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, *COMMAND),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=sys.prefix,
                env=openmp.environment(inherited.needed(os.environ), openmp.libraries()),
                limit=1 << 20,
            )
        )

    @property
    def number(self) -> int:
        """By what the system knows the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs, as far as was noticed."""
        return self._process.returncode is None

    async def serve(self, call: dict[str, str]) -> str | Ending:
        """Tell it what to serve, and return its address, or why it doesn't serve.

        ``call``: see :func:`infill_ls.engines.embedded.server.main`.
        """
        assert self._process.stdin
        assert self._process.stdout
        # The key goes through the pipe: other users can read a command line.
        self._process.stdin.write(json.dumps(call).encode() + b"\n")
        reading = asyncio.create_task(self._process.stdout.readline())
        try:
            heard = -1
            while not reading.done() and heard != self._lines:
                heard = self._lines
                await asyncio.wait({reading}, timeout=START_TIMEOUT)
        finally:
            reading.cancel()
        if not reading.done() or reading.cancelled():
            return await self.ending(silence=START_TIMEOUT)
        try:
            answer: dict[str, str] = json.loads(reading.result())
        except ValueError:
            return await self.ending()
        self._serves = "url" in answer
        return answer.get("url") or await self.ending(**answer)

    async def has_died(self) -> bool:
        """Wait a moment for its end, and return whether it came.

        Connections break before the end of the process is noticed.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), DEATH_NOTICE)
        return not self.is_alive

    async def ending(self, **known: Any) -> Ending:
        """End it if it still runs, and return why it doesn't serve.

        ``known``: fields of the result that are known already.
        """
        died = await self.has_died() if not known else False
        await self.stop()
        return Ending(
            **known, log=list(self._log), status=self._process.returncode if died else None
        )

    async def stop(self) -> None:
        """End it: close its stdin, and kill it if that is not enough within ``STOP_TIMEOUT``.

        One that still loads its model doesn't look at its stdin, and has nothing to lose.
        """
        assert self._process.stdin
        self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT if self._serves else 0):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await self._listening

    async def _listen(self) -> None:
        """Read its log to the end, and keep the last lines."""
        assert self._process.stderr
        while True:
            try:
                line = await self._process.stderr.readline()
            except ValueError:  # longer than any line that says something
                continue
            if not line:
                return
            self._log.append(line.decode("utf-8", "replace").rstrip())
            self._lines += 1


class Embedded(KeepsItsModel):
    """The embedded engine: one child process, started when it is needed and again if it has died.

    ``weights`` and ``path``: what it runs, and the verified file.
    """

    name = "embedded"

    def __init__(self, weights: Weights, path: Path) -> None:
        self._weights = weights
        self._path = path
        self._child: _Child | None = None
        self._server: OpenAI | None = None
        self._starting: asyncio.Task[OpenAI] | None = None

    async def describe(self) -> Model:
        return Model(self._weights.name, can_begin=True, digest=self._weights.sha256)

    @property
    def room(self) -> int | None:
        return embedded_server.CONTEXT

    async def count(self, text: str) -> int | None:
        return await self._server.count(text) if self._server and self._is_alive else None

    async def is_loaded(self) -> bool:
        return self._is_alive and self._server is not None

    async def load(self) -> None:
        await self._running()

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        for chance in (1, 0):
            written = False
            server = await self._running()
            child = self._child
            try:
                async with aclosing(server.generate(request)) as chunks:
                    async for chunk in chunks:
                        written = True
                        yield chunk
                return
            except TooLong:
                raise
            except (NotRunning, BadAnswer):
                # A child that has died since the last call is replaced, once.
                if child is None or not await child.has_died():
                    raise
                if not chance or written:
                    raise await self._failure(await child.ending()) from None

    @property
    def process(self) -> int | None:
        """The number of the child process; None if none runs."""
        return self._child.number if self._child is not None and self._is_alive else None

    async def aclose(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError, NotRunning):
                await self._starting
        await self._stop()

    async def _running(self) -> OpenAI:
        if self._server is not None and self._is_alive:
            return self._server
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start(), name="start embedded engine")
        # A request that is cancelled meanwhile must not throw the start away.
        return await asyncio.shield(self._starting)

    @property
    def _is_alive(self) -> bool:
        return self._child is not None and self._child.is_alive

    async def _start(self) -> OpenAI:
        await self._stop()
        key = secrets.token_urlsafe(24)
        call = {"weights": str(self._path), "key": key, "name": self._weights.name}
        beginning = asyncio.create_task(_Child.start(), name="embedded engine's process")
        try:
            # Half begun it could not be ended in good order; it takes some ms.
            self._child = await asyncio.shield(beginning)
        except OSError as error:
            raise self._explained(Ending(type(error).__name__, str(error))) from None
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                await (await beginning).stop()
            raise
        try:
            url = await self._child.serve(call)
        except BaseException:
            await self._stop()
            raise
        if isinstance(url, Ending):
            raise await self._failure(url)
        self._server = OpenAI(
            url,
            model=self._weights.name,
            headers={"Authorization": f"Bearer {key}"},
            llama_server=True,
        )
        return self._server

    async def _failure(self, ending: Ending) -> NotRunning:
        """Return the error for an ending: that the weights are wrong, if they are."""
        if ending.may_be_the_weights:
            try:
                await in_thread(lambda: weights.verify(self._weights, self._path), "verifying")
            except WeightsError as error:
                return NotRunning(error.message, error.fix)
        return self._explained(ending)

    def _explained(self, ending: Ending) -> NotRunning:
        smaller = [one for one in weights.ALL if one.size < self._weights.size]
        return explain(
            ending,
            Surroundings(
                needed=MEMORY * self._weights.size,
                free=available_memory(),
                smaller=smaller[0].short if smaller else "",
                reinstall=installation.command(anew=True),
            ),
        )

    async def _stop(self) -> None:
        child, self._child, self._server = self._child, None, None
        if child is not None:
            await child.stop()
