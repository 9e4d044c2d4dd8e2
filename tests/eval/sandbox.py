"""Runs code that a model wrote, in child processes with limits.

A runner is a Python process with the usual modules loaded; for each program it forks a child,
which takes a few milliseconds. The child may use only so much time, memory and disk, works in a
folder of its own, and is refused files elsewhere, processes and the network by an audit hook. That
stops accidents; it is no prison for hostile code.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, Self

from eval.store import Lines

Verdict = Literal["pass", "fail", "timeout"]

_RUNNER: Final = Path(__file__).with_name("runner.py")


@dataclass(frozen=True, slots=True)
class Limits:
    """``wall`` and ``cpu`` in s (``cpu`` a whole number), ``memory`` and ``file`` in bytes."""

    wall: float = 4.0
    cpu: int = 2
    memory: int = 1 << 30
    file: int = 1 << 20


class Sandbox:
    """A pool of runners, started when they are needed."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        workers: int | None = None,
        outcomes: Lines | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._outcomes = outcomes
        self._workers = workers or os.cpu_count() or 1
        self._free: queue.SimpleQueue[_Runner | None] = queue.SimpleQueue()
        for _ in range(self._workers):
            self._free.put(None)
        self._running: list[_Runner] = []
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="eval-")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for runner in self._running:
            runner.close()
        self._folder.cleanup()

    def run(self, program: str) -> Verdict:
        """How a program ends; one that was run before is not run again."""
        key = hashlib.sha256(program.encode("utf-8", "surrogatepass")).hexdigest()
        if self._outcomes is not None and key in self._outcomes.found:
            kept: Verdict = self._outcomes.found[key]["verdict"]
            return kept
        runner = self._free.get()
        try:
            if runner is None:
                runner = _Runner(self._limits, self._folder.name)
                with self._lock:
                    self._running.append(runner)
            verdict = runner.run(program)
        finally:
            self._free.put(runner)
        if self._outcomes is not None:
            self._outcomes.add({"key": key, "verdict": verdict})
        return verdict

    def run_all(self, programs: Iterable[str]) -> list[Verdict]:
        """How each program ends, as many at a time as there are runners."""
        with ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(self.run, programs))


class _Runner:
    def __init__(self, limits: Limits, folder: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_RUNNER), json.dumps(asdict(limits)), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONHASHSEED": "0"},
        )

    def run(self, program: str) -> Verdict:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(program).encode() + b"\n")
        self._process.stdin.flush()
        answer: Verdict = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
