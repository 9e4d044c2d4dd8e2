"""The embedded engine is killed, stopped and starved, its weights are damaged: real weights."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.process import PROC, children, is_alive
from faults.rows import Matrix, Row, Rows
from faults.scene import KEY, PATIENCE, Scene
from infill_ls.engines.embedded import weights
from infill_ls.engines.embedded.weights import DEFAULT
from lsp_client import URI, LspClient

# Each row may have an engine of its own, of 0.7 GB.
ROWS = Rows("The embedded engine", at_once=2)
pytestmark = [pytest.mark.real, pytest.mark.usefixtures("_weights")]
NOTE = Path(DEFAULT.file_name).with_suffix(".verified.json")
# The child may take 600 MB of addresses: its libraries find room, the weights do not.
STARVED = """\
import sys
if "infill_ls.engines.embedded.server" in sys.orig_argv:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
"""


def place(scene: Scene) -> Path:
    """Where this row's server looks for the weights."""
    path = scene.folder / "cache" / "infill-ls" / "models" / DEFAULT.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def give_weights(scene: Scene) -> Path:
    """Put the real ones there, which are known to be right."""
    path = place(scene)
    path.symlink_to(weights.folder() / DEFAULT.file_name)
    weights.remember(DEFAULT, path, path.stat())
    return path


async def begin(scene: Scene, environment: dict[str, str] | None = None) -> LspClient:
    """Start a server with the embedded engine, which begins to load."""
    quick = {"INFILL_LS_DEBOUNCE_MS": "0", **(environment or {})}
    client = await scene.launch("", "--engine", "embedded", "--model", "0.5b", environment=quick)
    await client.initialize()
    client.open("")
    return client


async def warmed(scene: Scene) -> LspClient:
    """A server whose embedded engine has given a fill."""
    give_weights(scene)
    client = await begin(scene)
    await works_again(scene)
    scene.row.recovered = None
    await scene.settled()
    return client


async def ask(scene: Scene, *, manual: bool = False) -> str | None:
    """Ask where nobody has asked before; the fill, None if there is none."""
    loop = asyncio.get_running_loop()
    scene.typed += 1
    text = f"def add_{scene.typed}(a, b):\n    return \n"
    about = {"uri": URI, "version": scene.typed + 1}
    scene.client.notify(
        "textDocument/didChange", {"textDocument": about, "contentChanges": [{"text": text}]}
    )
    began = loop.time()
    async with asyncio.timeout(PATIENCE):
        fill = await scene.client.fill(1, 11, manual=manual)
    scene._last = loop.time()
    if not manual:
        scene.row.answered = max(scene.row.answered or 0.0, scene._last - began)
    if fill is None and not scene.row.reason:
        scene.row.reason = (await scene.client.command("infill-ls.explain"))["reason"]
    return fill


async def works_again(scene: Scene) -> None:
    """Ask until a fill comes, by hand: nobody is told by then that it is slow."""
    loop = asyncio.get_running_loop()
    began = loop.time() if scene._mended is None else scene._mended
    reason = scene.row.reason
    async with asyncio.timeout(2 * PATIENCE):
        while await ask(scene, manual=True) is None:
            await asyncio.sleep(KEY)
    scene.row.recovered = loop.time() - began
    # While it starts anew, it is slow.
    scene.row.reason = reason


async def engine_of(scene: Scene) -> int:
    """The process that runs the engine."""
    await scene.until(lambda: len(children(scene.client.process.pid)) == 1)
    (child,) = children(scene.client.process.pid)
    return child


def loads(child: int) -> bool:
    """Whether a process has the weights open."""
    try:
        return DEFAULT.file_name in (PROC / str(child) / "maps").read_text()
    except OSError:
        return False


def port_of(child: int) -> int:
    """The port that a process listens on."""
    ours = {os.readlink(entry) for entry in (PROC / str(child) / "fd").iterdir()}
    for line in (PROC / "net" / "tcp").read_text().splitlines()[1:]:
        parts = line.split()
        if parts[3] == "0A" and f"socket:[{parts[9]}]" in ours:
            return int(parts[1].partition(":")[2], 16)
    raise AssertionError("it listens nowhere")


async def ended(scene: Scene, child: int) -> None:
    """Wait until a process is gone, and the server knows it."""
    await scene.until(lambda: not (PROC / str(child)).exists())


# The child


@ROWS.row("Its process is killed while nobody asks", messages=0)
async def killed_while_idle(scene: Scene) -> None:
    await warmed(scene)
    child = await engine_of(scene)
    port = port_of(child)
    os.kill(child, signal.SIGKILL)
    await ended(scene, child)
    scene.mended()
    # Somebody else takes its port at once: he must hear nothing.
    with socket.create_server(("127.0.0.1", port)) as thief:
        thief.setblocking(False)
        await ask(scene)
        await works_again(scene)
        with pytest.raises(BlockingIOError):
            thief.accept()
    assert await engine_of(scene) != child
    # Whether it is there again within the 8 s depends on the machine.
    scene.row.reason = ""


# What has been written decides: with nothing, the engine is started anew and asked again.
@ROWS.row("Its process is killed while it is asked, as by a system out of memory", messages=None)
async def killed_while_it_writes(scene: Scene) -> None:
    client = await warmed(scene)
    child = await engine_of(scene)
    asked = asyncio.create_task(ask(scene, manual=True))
    await scene.until(lambda: client.states()[-1:] == ["asking"])
    # What stands still writes until it is killed.
    os.kill(child, signal.SIGSTOP)
    os.kill(child, signal.SIGKILL)
    scene.mended()
    await asked
    await works_again(scene)
    assert all("was killed" in shown for shown in client.shown())


@ROWS.row("Its process is killed while it loads the weights")
async def killed_while_it_loads(scene: Scene) -> None:
    give_weights(scene)
    await begin(scene)
    child = await engine_of(scene)
    await scene.until(lambda: loads(child))
    os.kill(child, signal.SIGKILL)
    scene.mended()
    (shown,) = await scene.shown()
    assert "was killed" in shown
    await works_again(scene)
    await scene.settled()


@ROWS.row("Its process is stopped (SIGSTOP), and goes on later", messages=0)
async def stopped(scene: Scene) -> None:
    await warmed(scene)
    child = await engine_of(scene)
    os.kill(child, signal.SIGSTOP)
    assert await ask(scene) is None
    os.kill(child, signal.SIGCONT)
    scene.mended()
    await works_again(scene)
    assert await engine_of(scene) == child
    # A server leaves from an engine that stands still, too.
    os.kill(child, signal.SIGSTOP)
    assert await scene.client.stop() == 0
    await scene.until(lambda: not is_alive(child))


@ROWS.row("It gets no more memory (a limit of the process)")
async def starved(scene: Scene) -> None:
    scene.folder.mkdir(parents=True)
    give_weights(scene)
    await begin(scene, scene.customized(STARVED))
    (shown,) = await scene.shown()
    assert "Out of memory" in shown
    await scene.settled()
    assert await ask(scene) is None


@ROWS.row("Two servers run at once", messages=0)
async def two_servers(scene: Scene) -> None:
    first = await warmed(scene)
    second = await begin(scene)
    await works_again(scene)
    assert children(first.process.pid) != children(second.process.pid)
    await scene.settled()
    assert await first.stop() == 0


# The weights


async def damaged(scene: Scene, text: str = "is not the file that it should be") -> None:
    """The server says so, once; then the right ones are put there, and it works."""
    await begin(scene)
    (shown,) = await scene.shown()
    assert text in shown
    assert "infill-ls pull 0.5b" in shown
    assert await ask(scene) is None
    assert children(scene.client.process.pid) == []
    path = place(scene)
    path.unlink(missing_ok=True)
    give_weights(scene)
    scene.mended()
    await works_again(scene)
    await scene.settled()


@ROWS.row("The weights' file is cut off, and mended while the server runs")
async def truncated(scene: Scene) -> None:
    path = place(scene)
    with (weights.folder() / DEFAULT.file_name).open("rb") as whole:
        path.write_bytes(whole.read(10_000_000))
    weights.remember(DEFAULT, path, os.stat(weights.folder() / DEFAULT.file_name))
    await damaged(scene)


@ROWS.row("A byte of the weights is altered in place; size and time are as before")
async def altered(scene: Scene) -> None:
    path = place(scene)
    await asyncio.to_thread(shutil.copyfile, weights.folder() / DEFAULT.file_name, path)
    before = path.stat()
    weights.remember(DEFAULT, path, before)
    with path.open("r+b") as file:
        file.seek(DEFAULT.size // 2)
        byte = file.read(1)[0]
        file.seek(DEFAULT.size // 2)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    await begin(scene)
    (shown,) = await scene.shown()
    assert "is not the file that it should be" in shown
    await scene.settled()
    # The same with a new time, of which there is no note.
    os.utime(path)
    assert await ask(scene) is None
    assert children(scene.client.process.pid) == []
    path.unlink()


@ROWS.row("The weights are deleted while the engine runs, and it is killed then")
async def deleted(scene: Scene) -> None:
    client = await warmed(scene)
    path = place(scene)
    path.unlink()
    # What it has read it has.
    assert await ask(scene, manual=True) is not None
    child = await engine_of(scene)
    os.kill(child, signal.SIGKILL)
    await ended(scene, child)
    assert await ask(scene, manual=True) is None
    (shown,) = await scene.shown()
    assert "infill-ls pull 0.5b" in shown
    assert client.shown() == [shown]
    path.with_suffix(".verified.json").unlink()
    give_weights(scene)
    scene.mended()
    await works_again(scene)


@pytest.mark.parametrize("name", ROWS.names)
def test_row(name: str, matrix: Matrix) -> None:
    matrix.check(ROWS, name)


# Fetching the weights, where the lock file is in the way


def pull(cache: Path) -> subprocess.Popen[str]:
    """Fetch the weights into this cache, with no network."""
    return subprocess.Popen(
        [sys.executable, "-m", "infill_ls", "pull", "0.5b", "--hub-only"],
        env={
            **os.environ,
            "XDG_CACHE_HOME": str(cache),
            # Nobody is asked, whatever goes wrong here.
            "HTTPS_PROXY": "http://127.0.0.1:9",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def models(cache: Path) -> Path:
    folder = cache / "infill-ls" / "models"
    folder.mkdir(parents=True)
    return folder


def left_in(folder: Path, *expected: str) -> list[str]:
    return sorted({path.name for path in folder.iterdir()} - {NOTE.name, *expected})


def test_a_lock_file_that_is_none(tmp_path: Path, keep: Callable[[Row], None]) -> None:
    folder = models(tmp_path)
    lock = folder / Path(DEFAULT.file_name).with_suffix(".lock")
    lock.mkdir()
    process = pull(tmp_path)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Traceback" not in said
    row = Row(ROWS.chapter, "infill-ls pull: the lock file is a folder")
    row.sees = [plain(said, tmp_path)]
    assert "can't be written" in row.sees[0]
    row.left = left_in(folder, lock.name)
    keep(row)


def test_a_lock_that_another_holds(tmp_path: Path, keep: Callable[[Row], None]) -> None:
    import fcntl

    folder = models(tmp_path)
    lock = folder / Path(DEFAULT.file_name).with_suffix(".lock")
    with lock.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = pull(tmp_path)
        too_late = threading.Timer(PATIENCE, process.kill)
        too_late.start()
        assert process.stderr is not None
        # A progress bar ends no line.
        said = ""
        while "being fetched already" not in said:
            piece = os.read(process.stderr.fileno(), 4096)
            assert piece, said
            said += piece.decode()
        (folder / DEFAULT.file_name).symlink_to(weights.folder() / DEFAULT.file_name)
    rest = process.communicate()[1]
    too_late.cancel()
    assert process.returncode == 0, rest
    row = Row(ROWS.chapter, "infill-ls pull: another one fetches, and is done after a while")
    row.sees = [plain(said.rpartition("\r")[2], tmp_path)]
    row.left = left_in(folder, lock.name, DEFAULT.file_name)
    keep(row)


def plain(said: str, folder: Path) -> str:
    """The last line, without what is this machine's alone."""
    line = said.strip().splitlines()[-1].replace(str(folder), "~")
    return re.sub(r"^infill-ls: ", "", line)
