"""Runs commands as a shell does."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from fake_ollama import FakeOllama
from infill_ls.engines.embedded import weights


@dataclass
class Ran:
    status: int
    out: str
    err: str


Run = Callable[..., Awaitable[Ran]]
SMALL, LARGE = (one.name for one in weights.ALL)


@pytest.fixture
def run(ollama: FakeOllama, tmp_path: Path) -> Run:
    """Runs ``infill-ls`` in a folder of its own, with the simulated Ollama and an empty cache."""
    cache = tmp_path / "cache"

    async def run(
        *arguments: str,
        stdin: bytes = b"",
        stdout: int | IO[bytes] = asyncio.subprocess.PIPE,
        **environment: str,
    ) -> Ran:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infill_ls", *arguments),
            cwd=tmp_path,
            stdin=asyncio.subprocess.PIPE,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                "OLLAMA_HOST": ollama.url,
                "XDG_CACHE_HOME": str(cache),
                **environment,
            },
        )
        async with asyncio.timeout(30):
            out, err = await process.communicate(stdin)
        assert process.returncode is not None
        assert b"Traceback" not in err
        return Ran(process.returncode, (out or b"").decode(), err.decode())

    return run


OnTerminal = Callable[..., Awaitable[str]]


@pytest.fixture
def on_terminal(ollama: FakeOllama, tmp_path: Path) -> OnTerminal:
    """Runs ``infill-ls`` on a terminal; what stands there at the end."""

    async def run(*arguments: str) -> str:
        terminal, end = pty.openpty()
        # 24 lines, 80 columns.
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "infill_ls", *arguments),
                cwd=tmp_path,
                stdin=end,
                stdout=end,
                stderr=end,
                env={**os.environ, "OLLAMA_HOST": ollama.url},
            )
            async with asyncio.timeout(30):
                await process.wait()
            return os.read(terminal, 1 << 16).decode()
        finally:
            os.close(end)
            os.close(terminal)

    return run


class OnScreen:
    """A command that runs on a terminal, and what it has written there so far."""

    def __init__(self, process: asyncio.subprocess.Process, terminal: int) -> None:
        self.process = process
        self.text = ""
        self._terminal = terminal
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(terminal, self._read)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # nobody has the other end any more
            self.text += os.read(self._terminal, 1 << 16).decode()
        self._changed.set()

    async def until(self, text: str) -> None:
        """Wait until this stands there."""
        async with asyncio.timeout(30):
            while text not in self.text:
                self._changed.clear()
                await self._changed.wait()

    def type(self, text: str) -> None:
        """Type this."""
        os.write(self._terminal, text.encode())

    async def ended(self) -> int:
        """Wait for the end; the exit status."""
        async with asyncio.timeout(30):
            return await self.process.wait()

    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._terminal)
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        os.close(self._terminal)


StartOnTerminal = Callable[..., Awaitable[OnScreen]]


@pytest.fixture
async def start_on_terminal(ollama: FakeOllama, tmp_path: Path) -> AsyncIterator[StartOnTerminal]:
    """Starts ``infill-ls`` on a terminal."""
    started: list[OnScreen] = []

    async def start(*arguments: str) -> OnScreen:
        terminal, end = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infill_ls", *arguments),
            cwd=tmp_path,
            stdin=end,
            stdout=end,
            stderr=end,
            env={**os.environ, "OLLAMA_HOST": ollama.url, "TERM": "xterm-256color"},
        )
        os.close(end)
        started.append(OnScreen(process, terminal))
        return started[-1]

    yield start
    for one in started:
        await one.close()


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "main.py"
    path.write_bytes(b"def f(xs):\r\n    return []\r\n")
    return path
