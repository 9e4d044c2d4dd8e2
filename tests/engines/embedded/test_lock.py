"""One process at a time."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infill_ls.engines.embedded.lock import alone


def test_another_one_waits_and_is_told_once(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    has_begun, may_end = threading.Event(), threading.Event()
    steps: list[str] = []

    def hold() -> None:
        with alone(lock, lambda: steps.append("must not wait")):
            has_begun.set()
            assert may_end.wait(30)
            steps.append("first is done")

    def waiting() -> None:
        steps.append("waiting")
        may_end.set()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(hold)
        assert has_begun.wait(30)
        with alone(lock, waiting):
            steps.append("second is in")
        first.result()
    assert steps == ["waiting", "first is done", "second is in"]
    assert lock.exists()


def test_an_error_inside_frees_it(tmp_path: Path) -> None:
    waited: list[None] = []
    with pytest.raises(KeyError), alone(tmp_path / "lock", lambda: waited.append(None)):
        raise KeyError
    with alone(tmp_path / "lock", lambda: waited.append(None)):
        assert waited == []


def test_one_that_was_killed_holds_up_nobody(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    killed = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import sys; from pathlib import Path\n"
            "from infill_ls.engines.embedded.lock import alone\n"
            "with alone(Path(sys.argv[1]), print):\n"
            "    print('in', flush=True); sys.stdin.read()",
            str(lock),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"in\n"
        waited: list[None] = []

        def kill() -> None:
            waited.append(None)
            killed.kill()

        with alone(lock, kill):
            assert waited == [None]


@pytest.mark.skipif(sys.platform == "win32", reason="there are always locks")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    import fcntl

    entered: list[bool] = []

    def none(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", none)
    with alone(tmp_path / "lock", lambda: entered.append(False)):
        entered.append(True)
    assert entered == [True]


@pytest.mark.skipif(sys.platform == "win32", reason="there are always locks")
def test_any_other_trouble_with_the_lock_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", broken)
    with pytest.raises(OSError, match="Input/output error"), alone(tmp_path / "lock", print):
        pytest.fail("it must not get in")
