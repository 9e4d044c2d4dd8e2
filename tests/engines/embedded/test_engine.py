"""The embedded engine's child: what it is started with, and what is said when it fails."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from infill_ls.engines.embedded import engine as embedded
from infill_ls.engines.embedded import installation, openmp, server, weights
from infill_ls.engines.embedded.engine import Embedded, available_memory
from infill_ls.engines.embedded.failure import Ending, Surroundings, explain
from infill_ls.engines.embedded.weights import DEFAULT, LARGER, Weights
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import NotRunning
from infill_ls.prompt.build import Request

CONTENT = b"as good as weights"
REQUEST = Request("a", None, True, (), (), max_tokens=1, temperature=0.0)
WEIGHTS = replace(DEFAULT, size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture(autouse=True)
def _user_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(installation, "command", lambda *, anew: f"install {anew=}")
    monkeypatch.setattr(embedded, "available_memory", lambda: 300_000_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "weights.gguf"
    path.write_bytes(CONTENT)
    return path


async def failure(monkeypatch: pytest.MonkeyPatch, path: Path, script: str) -> NotRunning:
    """What is said of a child that runs the script instead of the engine."""
    monkeypatch.setattr(embedded, "COMMAND", ("-c", script))
    engine = Embedded(WEIGHTS, path)
    with pytest.raises(NotRunning) as caught:
        await engine.load()
    await engine.aclose()
    return caught.value


def raising(kind: str, text: str, log: str = "") -> str:
    """A child that tells of an exception."""
    return (
        "import json, sys\n"
        f"sys.stderr.write({log!r})\n"
        f"print(json.dumps({{'kind': {kind!r}, 'text': {text!r}}}), flush=True)\n"
        "sys.stdin.read()"
    )


REFUSED = "Failed to init server, please check the input params."
REFUSED_LOG = (
    "0.00.075 I srv load_model: loading model\n"
    "0.00.076 E llama_model_load: error loading model: {}\n"
    "0.00.077 E srv init: exiting due to model loading error\n"
)


# Which weights.


@pytest.fixture
def fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Weights], None]:
    """Makes the files of weights; at first there is none."""
    monkeypatch.setattr(weights, "folder", lambda: tmp_path)
    monkeypatch.setattr(embedded, "available_memory", lambda: None)
    monkeypatch.setattr(server, "threads", lambda: 2)
    return lambda one: (tmp_path / one.file_name).touch()


def test_the_best_of_the_weights_that_are_fetched(fetch: Callable[[Weights], None]) -> None:
    assert embedded.best() == DEFAULT
    fetch(LARGER)
    assert embedded.best() == LARGER
    fetch(DEFAULT)
    assert embedded.best() == LARGER


def test_rates_that_were_measured_count(fetch: Callable[[Weights], None]) -> None:
    for one in weights.ALL:
        fetch(one)
    RatesFile().save(RatesFile.key("embedded", "", LARGER.name), Rates(read=50.0, write=3.0))
    assert embedded.best() == DEFAULT


def test_weights_that_need_more_memory_than_there_is(
    fetch: Callable[[Weights], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in weights.ALL:
        fetch(one)
    monkeypatch.setattr(embedded, "available_memory", lambda: embedded.MEMORY * LARGER.size - 1)
    assert embedded.best() == DEFAULT


@pytest.mark.skipif(sys.platform != "linux", reason="others don't say")
def test_the_memory_that_is_available(monkeypatch: pytest.MonkeyPatch) -> None:
    there = available_memory()
    assert there is not None
    assert 0 < there < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def refused(*_: object) -> str:
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", refused)
    assert available_memory() is None


@pytest.mark.parametrize(
    ("usable", "threads"), [(1, 1), (2, 2), (4, 4), (5, 2), (8, 4), (16, 8), (64, 8)]
)
def test_a_thread_for_each_physical_core(
    monkeypatch: pytest.MonkeyPatch, usable: int, threads: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(usable)), raising=False)
    assert server.threads() == threads


# What it is started with.


@pytest.mark.parametrize(
    ("own", "waiting"),
    [
        ({}, "PASSIVE 300"),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE None"),
        ({"GOMP_SPINCOUNT": "100"}, "None 100"),
        ({"KMP_BLOCKTIME": "5"}, "None None"),
    ],
)
async def test_its_threads_hardly_spin_while_they_wait_unless_the_user_says_how(
    monkeypatch: pytest.MonkeyPatch, path: Path, own: dict[str, str], waiting: str
) -> None:
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    told = await failure(
        monkeypatch,
        path,
        "import json, os, sys\n"
        "own = (os.environ.get(name) for name in ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT'))\n"
        "text = ' '.join(map(str, own))\n"
        "print(json.dumps({'kind': 'ImportError', 'text': text}), flush=True)\n"
        "sys.stdin.read()",
    )
    assert f"({waiting})" in told.message


def test_what_it_needs_of_the_environment_is_the_user_s() -> None:
    own = {"HOME": "/home/a", "LD_LIBRARY_PATH": "/own"}
    changed = openmp.environment(own, None)
    assert {name: changed[name] for name in own} == own
    assert changed.keys() - own.keys() == {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
    # His own libraries come first.
    assert openmp.environment(own, Path("/ours"))["LD_LIBRARY_PATH"] == "/own:/ours"
    assert openmp.environment({}, Path("/ours"))["LD_LIBRARY_PATH"] == "/ours"
    assert own == {"HOME": "/home/a", "LD_LIBRARY_PATH": "/own"}


@pytest.mark.skipif(sys.platform != "linux", reason="others' wheels bring what they need")
def test_the_native_code_is_loaded_with_the_packaged_openmp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openmp, "_system_has", lambda: False)
    folder = openmp.libraries()
    assert folder is not None
    ran = subprocess.run(
        [sys.executable, "-c", "import xllamacpp; print(open('/proc/self/maps').read())"],
        env=openmp.environment(os.environ, folder),
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(folder / openmp.LIBRARY) in ran.stdout


def test_the_system_s_openmp_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> None:
        assert name == openmp.LIBRARY

    monkeypatch.setattr(ctypes, "CDLL", load)
    assert openmp.libraries() is None


# What is said when it fails.


async def test_a_library_that_the_system_has_not(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    text = "{}: cannot open shared object file: No such file or directory"
    told = await failure(monkeypatch, path, raising("ImportError", text.format("libgomp.so.1")))
    assert told.message == "The embedded engine lacks libgomp.so.1."
    assert told.fix == "Install it with the engine: install anew=True"
    told = await failure(monkeypatch, path, raising("ImportError", text.format("libm.so.6")))
    assert told.fix == "Install your system's package of it."


async def test_native_code_that_can_t_be_loaded(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    told = await failure(monkeypatch, path, raising("ImportError", "undefined symbol: x"))
    assert "can't be loaded (undefined symbol: x)" in told.message
    assert told.fix == "Install it anew: install anew=True"


@pytest.mark.parametrize(
    "script",
    [
        raising("RuntimeError", REFUSED, REFUSED_LOG.format("mmap failed: Cannot allocate memory")),
        raising("MemoryError", "std::bad_alloc"),
        "import os; os.kill(os.getpid(), 9)",
    ],
    ids=["mmap", "bad_alloc", "killed"],
)
async def test_too_little_memory(monkeypatch: pytest.MonkeyPatch, path: Path, script: str) -> None:
    # Their digest is not asked: reading the whole file takes the memory that others need.
    path.unlink()
    told = await failure(monkeypatch, path, script)
    assert told.message.startswith(("Out of memory: ", "The embedded engine was killed; "))
    assert told.message.endswith("needs 0.0 GB (0.3 GB are free).")
    assert "End other programs" in told.fix


def test_weights_that_need_less_memory_are_named() -> None:
    there = Surroundings(2 * LARGER.size, None, "0.5b", "")
    told = explain(Ending("MemoryError"), there)
    assert told.message == "Out of memory: the embedded engine needs 2.2 GB."
    assert told.fix == 'Set "model" to "0.5b".'


@pytest.mark.parametrize(
    ("name", "said", "cure"),
    [
        ("SIGILL", "too old", "Use Ollama."),
        ("SIGSEGV", "crashed (SIGSEGV)", "Install it anew: install anew=True"),
        ("SIGABRT", "crashed (SIGABRT)", "Install it anew: install anew=True"),
    ],
)
async def test_a_crash(
    monkeypatch: pytest.MonkeyPatch, path: Path, name: str, said: str, cure: str
) -> None:
    number = int(getattr(signal, name))
    told = await failure(
        monkeypatch,
        path,
        "import os, resource, signal\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        f"os.kill(os.getpid(), {number})",
    )
    assert said in told.message
    assert told.fix == cure


async def test_weights_are_blamed_where_their_digest_says_so(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    script = raising("RuntimeError", REFUSED, REFUSED_LOG.format("model is incomplete"))
    told = await failure(monkeypatch, path, script)
    assert told.message == "The embedded engine does not start (model is incomplete)."
    assert "etch" not in told.fix
    note = path.with_suffix(".verified.json")
    note.write_text("what was seen before")
    path.write_bytes(CONTENT[:-1])
    told = await failure(monkeypatch, path, script)
    assert told.message == f"{path} is not the file that it should be."
    assert told.fix == "Fetch it anew: infill-ls pull 0.5b"
    # At the next start they are not taken for good again.
    assert not note.exists()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("", "it ended without a word"),
        ("import sys; sys.exit('who knows')", "who knows"),
        ("print('no JSON', flush=True); import sys; sys.stdin.read()", "it ended without a word"),
        (raising("ValueError", "why"), "ValueError: why"),
    ],
)
async def test_another_end(
    monkeypatch: pytest.MonkeyPatch, path: Path, script: str, said: str
) -> None:
    told = await failure(monkeypatch, path, script)
    assert told.message == f"The embedded engine does not start ({said})."


async def test_a_python_that_is_gone(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    told = await failure(monkeypatch, path, "")
    assert "/no/such/python" in told.message
    assert "Install it anew" in told.fix


async def test_a_disk_without_room_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    import tempfile

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for name in ("TemporaryFile", "NamedTemporaryFile", "mkstemp", "mkdtemp"):
        monkeypatch.setattr(tempfile, name, full)
    monkeypatch.setattr(
        embedded,
        "COMMAND",
        (
            "-c",
            'import sys; print(\'{"url": "http://127.0.0.1:1"}\', flush=True); sys.stdin.read()',
        ),
    )
    engine = Embedded(WEIGHTS, path)
    await engine.load()
    await engine.aclose()


async def test_a_child_that_dies_again_and_again_is_explained(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    # It says where it serves and is killed, as the system does when memory runs out.
    script = 'import os\nprint(\'{"url": "http://127.0.0.1:1"}\', flush=True)\n' + (
        "os.kill(os.getpid(), 9)"
    )
    monkeypatch.setattr(embedded, "COMMAND", ("-c", script))
    engine = Embedded(WEIGHTS, path)
    with pytest.raises(NotRunning, match="The embedded engine was killed; it needs"):
        async for _ in engine.generate(REQUEST):
            pass
    await engine.aclose()


# How long it is waited for.


class Process:
    """A child that does what the test says, in the test's own time."""

    def __init__(self) -> None:
        self.stdin = self
        self.stdout, self.stderr = asyncio.StreamReader(), asyncio.StreamReader()
        self.returncode: int | None = None
        self._over = asyncio.Event()

    def write(self, _: bytes) -> None:
        """The call; it is known."""

    def close(self) -> None:
        self.returncode = 0
        self.stdout.feed_eof()
        self.stderr.feed_eof()
        self._over.set()

    async def wait(self) -> None:
        await self._over.wait()


@pytest.mark.looptime
async def test_a_child_is_waited_for_while_it_says_something() -> None:
    process = Process()
    child = embedded._Child(process)  # type: ignore[arg-type]
    serving = asyncio.create_task(child.serve({}))
    for _ in range(10):
        await asyncio.sleep(0.9 * embedded.START_TIMEOUT)
        process.stderr.feed_data(b"loading\n")
    process.stdout.feed_data(b'{"url": "http://here"}\n')
    assert await serving == "http://here"
    await child.stop()


class Loading(Process):
    """A child that loads its model, and doesn't look at its stdin meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.killed = False

    def close(self) -> None:
        """It isn't noticed."""

    def kill(self) -> None:
        self.killed = True
        super().close()


@pytest.mark.looptime
async def test_a_child_that_still_loads_is_ended_at_once() -> None:
    loop, process = asyncio.get_running_loop(), Loading()
    child = embedded._Child(process)  # type: ignore[arg-type]
    serving = asyncio.create_task(child.serve({}))
    await asyncio.sleep(5)
    began = loop.time()
    serving.cancel()
    await child.stop()
    assert loop.time() == began
    assert process.killed
    with pytest.raises(asyncio.CancelledError):
        await serving


@pytest.mark.looptime
async def test_a_child_that_serves_is_given_its_time_to_end() -> None:
    loop, process = asyncio.get_running_loop(), Loading()
    child = embedded._Child(process)  # type: ignore[arg-type]
    process.stdout.feed_data(b'{"url": "http://here"}\n')
    assert await child.serve({}) == "http://here"
    began = loop.time()
    await child.stop()
    assert loop.time() == began + embedded.STOP_TIMEOUT
    assert process.killed


async def test_who_gives_up_a_load_waits_for_nothing(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    monkeypatch.setattr(embedded, "STOP_TIMEOUT", 3600.0)
    script = "import sys, time; print('loading', file=sys.stderr, flush=True); time.sleep(3600)"
    monkeypatch.setattr(embedded, "COMMAND", ("-c", script))
    engine = Embedded(WEIGHTS, path)
    loading = asyncio.create_task(engine.load())
    async with asyncio.timeout(60):
        while engine._child is None or not engine._child._log:
            await asyncio.sleep(0.01)
        child = engine._child
        loading.cancel()
        await engine.aclose()
    assert not child.is_alive
    with pytest.raises(asyncio.CancelledError):
        await loading


@pytest.mark.looptime
async def test_a_child_that_says_nothing_is_given_up() -> None:
    process = Process()
    child = embedded._Child(process)  # type: ignore[arg-type]
    process.stderr.feed_data(b"loading\n")
    ending = await child.serve({})
    assert ending == Ending(silence=embedded.START_TIMEOUT, log=["loading"])
    assert process.returncode == 0
    told = explain(ending, Surroundings(1, None, "", ""))
    assert "took over 240 s to start" in told.message
    assert told.fix == "Run: infill-ls doctor"


@pytest.mark.looptime
async def test_a_line_longer_than_any_is_no_end_of_listening() -> None:
    process = Process()
    process.stderr = asyncio.StreamReader(limit=10)
    child = embedded._Child(process)  # type: ignore[arg-type]
    process.stderr.feed_data(b"x" * 100 + b"\nlast\n")
    ending = await child.ending(silence=1.0)
    assert ending.log[-1:] == ["last"]


# What it writes.


@pytest.mark.real
@pytest.mark.usefixtures("_weights")
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_its_log_grows_nowhere() -> None:
    engine = Embedded(DEFAULT, weights.ready(DEFAULT))
    try:
        await engine.load()
        child = engine._child
        assert child is not None
        lines = child._lines
        for _ in range(embedded.LOG_LINES):
            async for _ in engine.generate(REQUEST):
                pass
        # It does write, some lines a request; all that is kept of them is what explains an end.
        assert child._lines >= lines + embedded.LOG_LINES
        assert len(child._log) == embedded.LOG_LINES
        opened = [file.readlink() for file in Path(f"/proc/{child._process.pid}/fd").iterdir()]
        assert opened
        # Pipes, sockets and the like; no file, of whatever name, and none that was deleted.
        assert not [file for file in opened if file.is_absolute() and file.parts[1] != "dev"]
    finally:
        await engine.aclose()
