"""The parts of the fuzzing, and one case of one of them."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, Final

from fuzz import answering, configuring, framing, player, sessions, trimming
from fuzz.found import Counts, Found
from fuzz.shrink import shrink

CASES: Final = Path(__file__).with_name("cases")
# s of this process' own time that one case may take; most take some ms.
LIMIT: Final = 60.0


@dataclass(frozen=True)
class Part:
    """``share``: of the operations. ``about``: what it does."""

    make: Callable[[Random], Any]
    run: Callable[[Any, Counts], None]
    share: float
    about: str


PARTS: Final = {
    "sessions": Part(sessions.make, player.play, 0.6, "LSP sessions against the real server"),
    "frames": Part(framing.make, framing.run, 0.1, "raw bytes, split anywhere"),
    "trim": Part(trimming.make, trimming.run, 0.159, "what models write, split anywhere"),
    "work": Part(trimming.make_work, trimming.run_work, 0.001, "the work for long streams"),
    "settings": Part(configuring.make, configuring.run, 0.06, "settings and files of any shape"),
    "engines": Part(answering.make, answering.run, 0.08, "what engines answer"),
}


def made(part: str, seed: str) -> Any:
    """The case of a seed, as it is written to a file."""
    return json.loads(json.dumps(PARTS[part].make(Random(f"{part} {seed}"))))


def run(part: str, case: Any, counts: Counts) -> None:
    """Run a case. Whatever goes wrong is raised as :class:`Found`."""
    before = signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
    try:
        PARTS[part].run(case, counts)
    except Found:
        raise
    except Exception as error:
        raise Found(type(error).__name__, error) from error
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _too_long(number: int, frame: FrameType | None) -> None:
    raise Found("no end", f"after {LIMIT:.0f} s")


def kept(part: str, case: Any, found: Found) -> Path:
    """Make a case that fails small, and write it to a file, which a test replays."""

    def fails(candidate: Any) -> bool:
        try:
            run(part, candidate, Counts())
        except Found as other:
            return other.kind == found.kind
        return False

    if found.kind != "no end":
        case = shrink(case, fails)
    content = json.dumps({"part": part, "found": found.kind, "case": case}, indent=1)
    name = "".join(char if char.isalnum() else "-" for char in found.kind.lower())[:60]
    number = 1
    while (path := CASES / f"{part}-{name}-{number}.json").exists():
        number += 1
    with suppress(FileExistsError):
        CASES.mkdir()
    path.write_text(content + "\n", "utf-8")
    return path


def replay(path: Path) -> None:
    """Run a case of a file. Raises :class:`Found`."""
    kept = json.loads(path.read_text("utf-8"))
    run(kept["part"], kept["case"], Counts())
