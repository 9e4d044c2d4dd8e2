"""The log: its levels, and where it goes. It goes to stderr, since stdout carries LSP."""

from __future__ import annotations

import logging
from typing import Any, Final

from infill_ls.pipes import write_now
from infill_ls.shown import plain, without_controls

# A level of its own below DEBUG: the only one at which the user's code is written to the log.
TRACE: Final = 5
# By the names that the setting ``log`` has for them.
LEVELS: Final = {
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": TRACE,
}


class Lines(logging.Formatter):
    """Makes one line of each record, whatever words it has; a traceback follows in lines."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        return plain(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return without_controls(super().formatException(ei))


STDERR: Final = 2  # its file descriptor


class Log(logging.Handler):
    """Writes to a pipe, usually stderr, what finds room there; the rest is lost, but counted.

    Some editors start servers with a pipe as stderr that they never read. Whoever waits for room in
    it waits for ever, and so would the completions.
    """

    def __init__(self, descriptor: int = STDERR) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lost = 0  # lines
        self._broken_off = False  # within a line

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line of the log, if there is room. Raises nothing."""
        try:
            text = f"{self.format(record)}\n"
            if self._lost:
                text = f"WARNING {__name__}: {self._lost} lines found no room here\n{text}"
            if self._broken_off:
                text = f"\n{text}"
            line = text.encode("utf-8", "backslashreplace")
            written = write_now(self._descriptor, line)
        except OSError:  # the pipe is closed, or the disk is full
            written, line = 0, b"?"
        except Exception:
            self.handleError(record)
            return
        if written == len(line):
            self._lost, self._broken_off = 0, False
        else:
            self._lost += 1
            self._broken_off = self._broken_off or written > 0


def start_logging() -> None:
    """Write the log to stderr, warnings and worse until :func:`set_log_level` says otherwise."""
    log = Log()
    log.setFormatter(Lines())
    logging.basicConfig(handlers=[log])
    logging.getLogger().setLevel(logging.ERROR)
    set_log_level("warning")


def set_log_level(name: str) -> None:
    """Log from this level on; ``name`` is a key of :data:`LEVELS`.

    pygls logs whole messages, which hold the user's code. So it is heard at ``trace`` only.
    """
    logging.getLogger("infill_ls").setLevel(LEVELS[name])
    logging.getLogger("pygls").setLevel(logging.DEBUG if name == "trace" else logging.CRITICAL + 1)


def failure(log: logging.Logger, what: str, error: BaseException) -> None:
    """Log that something of ours failed: the kind of error, and its traceback at ``trace`` only.

    A traceback may show the user's code. ``what``: a sentence without its full stop.
    """
    log.error("%s: %s", what, type(error).__name__)
    log.log(TRACE, "%s", what, exc_info=error)
