"""The process that forks for each program; see :mod:`eval.sandbox`.

Takes limits (JSON) and a folder as arguments, programs (a JSON string a line) on stdin, and
answers each with ``"pass"``, ``"fail"`` or ``"timeout"`` (a line of JSON) on stdout.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import warnings
from typing import Any, Final, NoReturn

_OPEN_FILES: Final = 32
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REFUSED: Final = (
    *("subprocess.", "socket.", "shutil.", "os.exec", "os.fork", "os.forkpty", "os.kill"),
    *("os.posix_spawn", "os.spawn", "os.system", "os.startfile", "pty.", "ctypes."),
    *("os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"),
    *("os.symlink", "os.truncate", "os.utime", "os.setxattr", "signal."),
)


def main() -> None:
    limits, folder = json.loads(sys.argv[1]), sys.argv[2]
    # What most programs import is there already, so that no child spends its time on it.
    for name in "collections copy functools hashlib itertools math random re string typing".split():
        __import__(name)
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line), limits, folder)), flush=True)


def run(program: str, limits: dict[str, Any], folder: str) -> str:
    """Fork a child for the program, and wait until it ends or its time is over."""
    own = tempfile.mkdtemp(dir=folder)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _child(program, limits, own, writing)
    os.close(writing)
    try:
        ready, _, _ = select.select([reading], [], [], limits["wall"])
        word = os.read(reading, 16) if ready else b"timeout"
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    finally:
        os.close(reading)
        shutil.rmtree(own, ignore_errors=True)
    if word == b"" and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return "timeout"
    return word.decode() or "fail"


def _child(program: str, limits: dict[str, Any], own: str, writing: int) -> NoReturn:
    word = b"fail"
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        os.chdir(own)
        for kind, limit in (
            (resource.RLIMIT_CPU, limits["cpu"]),
            (resource.RLIMIT_AS, limits["memory"]),
            (resource.RLIMIT_FSIZE, limits["file"]),
            (resource.RLIMIT_NOFILE, _OPEN_FILES),
            (resource.RLIMIT_CORE, 0),
        ):
            # Past the soft limit of CPU time comes a signal that tells it from other ends.
            hard = limit + 1 if kind == resource.RLIMIT_CPU else limit
            with contextlib.suppress(ValueError):  # macOS knows no limit of memory
                resource.setrlimit(kind, (limit, hard))
        sys.addaudithook(_refuse(own))
        exec(compile(program, "program", "exec"), {"__name__": "program"})
        word = b"pass"
    except BaseException:  # SystemExit too: the tests were not reached
        word = b"fail"
    finally:
        os.write(writing, word)
        os._exit(0)


def _refuse(own: str) -> Any:
    inside = os.path.join(os.path.realpath(own), "")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & _WRITING) if isinstance(flags, int) else "r" not in str(mode)
            if writes and not os.path.realpath(str(path)).startswith(inside):
                raise PermissionError(f"{path} is outside of the program's folder")
        elif event.startswith(_REFUSED):
            raise PermissionError(event)

    return hook


if __name__ == "__main__":
    main()
