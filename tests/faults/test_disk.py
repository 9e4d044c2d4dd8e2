"""The disk is full, the home is no home, the log goes nowhere, and the clock jumps."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fake_ollama import FakeOllama
from faults.rows import Matrix, Rows
from faults.scene import UNTOLD, Scene
from lsp_client import LspClient

ROWS = Rows("Disk, home, log and clock", at_once=6)
# Long enough for the rates of it to be measured.
LONG = "value for value in values if value"
# Runs before the server does.
CLOSE_STDERR = "import os, sys\nos.close(2)\nsys.stderr = None\n"
NO_HOME = """\
import os, pwd
for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
    os.environ.pop(name, None)
def unknown(number):
    raise KeyError(number)
pwd.getpwuid = unknown
"""
# Back and forward by hours, at every call.
JUMPING_CLOCK = """\
import itertools, time
real, jumps = time.time, itertools.cycle((0, 7200, -7200, 86400, -90000))
time.time = lambda: real() + next(jumps)
time.time_ns = lambda: int(time.time() * 1e9)
"""


async def with_ollama(scene: Scene, **options: object) -> tuple[FakeOllama, LspClient]:
    """The simulated Ollama, and a server that has given a fill of it."""
    ollama: FakeOllama = await scene.enter(FakeOllama(fill=LONG))
    return ollama, await scene.start(ollama.url, **options)  # type: ignore[arg-type]


async def measured(scene: Scene) -> None:
    """Let the server measure the engine's rates, twice at least, so that it wants to keep them."""
    for _ in range(3):
        assert await scene.key() is not None


def rates(scene: Scene) -> Path:
    return scene.folder / "state" / "infill-ls" / "rates.json"


async def leaves_well(scene: Scene) -> None:
    """The server leaves as ever, and says nothing of what nobody needs to know."""
    await scene.quiet()
    assert await scene.client.stop() == 0
    assert "Traceback" not in scene.log()


@contextmanager
def full(folder: Path) -> Iterator[bool]:
    """A folder on a disk that is full; False if this user may not make one."""
    folder.mkdir(parents=True, exist_ok=True)
    size = ("-o", "size=64k")
    mounting = ["mount", "-t", "tmpfs", *size, "infill-ls-test", str(folder)]
    done = shutil.which("mount") and subprocess.run(mounting, check=False, capture_output=True)
    if not done or done.returncode != 0:
        yield False
        return
    try:
        with (folder / "full").open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(b"a" * 4096)
                except OSError:
                    break
        yield True
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@ROWS.row("The disk is full when rates are to be kept", messages=0)
async def full_for_rates(scene: Scene) -> None:
    with full(scene.folder / "state") as is_full:
        _, client = await with_ollama(scene)
        await measured(scene)
        if not is_full:
            # Files may not grow: the same for whoever writes.
            resource.prlimit(client.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        await leaves_well(scene)
        names = [path.name for path in (scene.folder / "state").rglob("*") if path.is_file()]
        # The locks of the statistics and of the editors that came are empty.
        assert set(names) <= {"full", "lock", "editors.lock"}


@ROWS.row("The disk with the log is full", messages=0)
async def full_for_the_log(scene: Scene) -> None:
    scene.folder.mkdir(parents=True)
    null = os.open("/dev/full", os.O_WRONLY)
    scene.engines.callback(os.close, null)
    await logs_much(scene, null)
    await scene.works_again()


@ROWS.row("Nobody reads the log, and its pipe is full", messages=0)
async def log_that_nobody_reads(scene: Scene) -> None:
    reader, writer = os.pipe()
    scene.engines.callback(os.close, reader)
    await logs_much(scene, writer)
    os.close(writer)
    # When somebody does, he learns that there was more.
    assert len(await asyncio.to_thread(os.read, reader, 1 << 20)) > 4096
    said = b""
    while b"lines found no room here" not in said:
        for _ in range(100):
            scene.client.notify("textDocument/didChange", {"no": "sense"})
        await scene.client.command("infill-ls.explain")
        said += await asyncio.to_thread(os.read, reader, 1 << 20)
    scene.mended()
    await scene.works_again()


@ROWS.row("The log's pipe is closed by whoever read it", messages=0)
async def log_whose_reader_is_gone(scene: Scene) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    await logs_much(scene, writer)
    os.close(writer)
    await scene.works_again()


async def logs_much(scene: Scene, stderr: int) -> None:
    """A server that logs everything there, and far more than a pipe holds."""
    ollama: FakeOllama = await scene.enter(FakeOllama())
    client = await scene.launch(
        ollama.url, environment={**UNTOLD, "INFILL_LS_LOG": "trace"}, stderr=stderr
    )
    await client.initialize()
    client.open("[]\n")
    await scene.key()
    await scene.settled()
    for _ in range(1_000):
        client.notify("textDocument/didChange", {"no": "sense"})
    await client.command("infill-ls.explain")
    assert await scene.key() is not None


@ROWS.row("Stderr is closed from the start on", messages=0)
async def no_stderr(scene: Scene) -> None:
    scene.folder.mkdir(parents=True)
    _, client = await with_ollama(scene, environment=scene.customized(CLOSE_STDERR))
    for _ in range(10):
        client.notify("textDocument/didChange", {"no": "sense"})
    await scene.works_again()


@ROWS.row("Home and state directory can't be written to", messages=0)
async def read_only_home(scene: Scene) -> None:
    # Nobody can make a folder there, not even an administrator.
    homes = dict.fromkeys(("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"), "/proc/sys")
    await with_ollama(scene, environment=homes)
    await measured(scene)
    await leaves_well(scene)


@ROWS.row("There is no home: HOME is unset, and the system doesn't know the user", messages=0)
async def no_home(scene: Scene) -> None:
    scene.folder.mkdir(parents=True)
    await with_ollama(scene, environment=scene.customized(NO_HOME))
    await measured(scene)
    await leaves_well(scene)
    assert not Path("~").exists()


@ROWS.row("The state directory is a file", messages=0)
async def state_is_a_file(scene: Scene) -> None:
    scene.folder.mkdir(parents=True)
    (scene.folder / "a file").write_text("not ours")
    await with_ollama(scene, environment={"XDG_STATE_HOME": str(scene.folder / "a file")})
    await measured(scene)
    await leaves_well(scene)
    assert (scene.folder / "a file").read_text() == "not ours"


@ROWS.row("The file of rates is damaged", messages=0)
async def damaged_rates(scene: Scene) -> None:
    rates(scene).parent.mkdir(parents=True)
    damaged = rates(scene)
    damaged.write_bytes(b'{"ollama \xff": {"read": [')
    await with_ollama(scene)
    await measured(scene)
    await leaves_well(scene)
    assert json.loads(rates(scene).read_text("utf-8"))


@ROWS.row("The clock jumps back and forward by hours, whenever it is looked at", messages=0)
async def the_clock_jumps(scene: Scene) -> None:
    scene.folder.mkdir(parents=True)
    ollama, _ = await with_ollama(scene, environment=scene.customized(JUMPING_CLOCK))
    ollama.gate.clear()
    asked = scene.key()
    before = len(ollama.generations)
    await scene.until(lambda: len(ollama.generations) > before)
    ollama.gate.set()
    assert await asked is not None
    await measured(scene)
    assert len(ollama.loads) == 0
    scene.mended()
    await scene.works_again()
    await leaves_well(scene)
    assert json.loads(rates(scene).read_text("utf-8"))


@pytest.mark.parametrize("name", ROWS.names)
def test_row(name: str, matrix: Matrix) -> None:
    matrix.check(ROWS, name)
