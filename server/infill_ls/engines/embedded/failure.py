"""Say why the embedded engine's child doesn't serve, and what helps. Pure."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infill_ls.engines.embedded import openmp
from infill_ls.errors import NotRunning

_NO_MEMORY: Final = re.compile(
    r"cannot allocate memory|bad_alloc|failed to allocate|unable to allocate|out of memory"
    r"|not enough memory|MemoryError",
    re.IGNORECASE,
)
# llama.cpp's own log: time, level, place, then "error loading model: ..." where it can't.
_LOADING: Final = re.compile(r"error loading model: (.+)")
_ERROR_LINE: Final = re.compile(r"^[\d.]+ E \S*\s*(.+)")


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known of a child that doesn't serve.

    ``kind`` and ``text``: the name and text of the exception that it reported; empty if none.
    ``log``: the last lines that it wrote.
    ``status``: its exit status; the negative number of the signal that ended it; None if it lives.
    ``silence``: seconds that it was waited for in vain.
    """

    kind: str = ""
    text: str = ""
    log: Sequence[str] = ()
    status: int | None = None
    silence: float = 0.0

    @property
    def may_be_the_weights(self) -> bool:
        """Whether damaged weights may be the cause; their digest tells."""
        killed = _is(self.status, "SIGKILL") or _is(self.status, "SIGILL")
        return not (self.is_an_import or killed or self.silence or self.is_short_of_memory)

    @property
    def is_an_import(self) -> bool:
        """Whether the native code could not be loaded."""
        return self.kind in ("ImportError", "ModuleNotFoundError")

    @property
    def is_short_of_memory(self) -> bool:
        """Whether the child said that it got no memory."""
        return bool(_NO_MEMORY.search("\n".join((self.kind, self.text, *self.log))))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the machine and the installation.

    ``needed``: bytes of memory that the engine takes. ``free``: bytes available, None if unknown.
    ``smaller``: the short name of weights that need less; empty if there are none.
    ``reinstall``: the command that installs the engine again, with all that it needs.
    """

    needed: int
    free: int | None
    smaller: str
    reinstall: str


def explain(ending: Ending, there: Surroundings) -> NotRunning:
    """Return an error with one cause and one cure, for weights that are known to be right."""
    if missing := re.search(r"(lib[\w.+-]+): cannot open shared object", ending.text):
        return NotRunning(
            f"The embedded engine lacks {missing[1]}.",
            # That one comes with the engine (pyproject.toml).
            f"Install it with the engine: {there.reinstall}"
            if missing[1] == openmp.LIBRARY
            else "Install your system's package of it.",
        )
    if ending.is_an_import:
        return NotRunning(
            f"The embedded engine's code can't be loaded ({ending.text:.300}).",
            f"Install it anew: {there.reinstall}",
        )
    if ending.is_short_of_memory or _is(ending.status, "SIGKILL"):
        free = "" if there.free is None else f" ({there.free / 1e9:.1f} GB are free)"
        needs = f"needs {there.needed / 1e9:.1f} GB{free}."
        # It is the system that kills what takes too much; but so may somebody else.
        return NotRunning(
            f"The embedded engine was killed; it {needs}"
            if _is(ending.status, "SIGKILL")
            else f"Out of memory: the embedded engine {needs}",
            f'Set "model" to "{there.smaller}".' if there.smaller else "End other programs.",
        )
    if _is(ending.status, "SIGILL"):
        return NotRunning("This processor is too old for the embedded engine.", "Use Ollama.")
    if ending.status is not None and ending.status < 0:
        return NotRunning(
            f"The embedded engine crashed ({_signal(ending.status)}).",
            f"Install it anew: {there.reinstall}",
        )
    if ending.silence:
        return NotRunning(
            f"The embedded engine took over {ending.silence:.0f} s to start.",
            "Run: infill-ls doctor",
        )
    return NotRunning(
        f"The embedded engine does not start ({_reason(ending):.300}).",
        f"Install it anew: {there.reinstall}",
    )


def _reason(ending: Ending) -> str:
    """Return llama.cpp's own reason, or the exception, or the last line of the log."""
    for pattern in (_LOADING, _ERROR_LINE):
        for line in ending.log:
            if found := pattern.search(line):
                return found[1]
    if ending.kind:
        return f"{ending.kind}: {ending.text}"
    last = next((line for line in reversed(ending.log) if line.strip()), "")
    return last or "it ended without a word"


def _is(status: int | None, name: str) -> bool:
    """Whether a signal of this name was the end; not every system has each."""
    number = getattr(signal, name, None)
    return number is not None and status == -number


def _signal(status: int) -> str:
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
