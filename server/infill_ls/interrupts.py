"""Interrupts (Ctrl-C) that come while modules are still being loaded."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# The exit status after one, as shells have it: 128 and the signal's number.
INTERRUPTED: Final = 130


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Have an interrupt end the process at once, until the ``with`` block ends.

    As an exception it would be a traceback, or lost where Python ignores exceptions. Where somebody
    has another use for interrupts, or ignores them as ``nohup`` does, nothing changes.
    """
    is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_usual:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        if is_usual:
            signal.signal(signal.SIGINT, signal.default_int_handler)
