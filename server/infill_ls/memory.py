"""What is freed goes back to the system.

glibc keeps memory that is freed between memory that isn't: after an hour of typing that came to
7 MB which nobody used (``make soak``). clangd gives it back once a minute (``--malloc-trim``), and
so does this server, if it has done something meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

# s
INTERVAL: Final = 60.0
# New objects after which Python looks for those that nobody uses, while modules are loaded.
WHILE_LOADING: Final = 30_000
_USUAL_THRESHOLD: Final = gc.get_threshold()


def give_back() -> None:
    """Give the C library's free memory back, where it knows how. Takes under a millisecond."""
    if sys.platform == "linux":
        # Not at the head: the server starts without it.
        import ctypes

        # musl has no such function.
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def begin_loading() -> None:
    """Look for unused objects seldom, until :func:`settle`.

    The protocol's types are a hundred thousand objects that stay for ever. Looking through them
    again and again while they are made takes a tenth of the start (``make bench``).
    """
    gc.set_threshold(WHILE_LOADING, *_USUAL_THRESHOLD[1:])


def settle() -> None:
    """End what :func:`begin_loading` began: what is loaded is never looked through again.

    ``attrs`` makes each of those types twice. What is left of the first, 2.8 MB, is freed before.
    Where nothing was begun nothing is done.
    """
    if gc.get_threshold()[0] == WHILE_LOADING:
        gc.collect(0)
        gc.freeze()
        gc.set_threshold(*_USUAL_THRESHOLD)


class Housekeeping:
    """Does ``work`` an interval after something was done; an idle server is left asleep."""

    def __init__(self, work: Callable[[], None] = give_back) -> None:
        self._work = work
        self._timer: asyncio.TimerHandle | None = None

    def note(self) -> None:
        """Note that something was done."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._do)

    def _do(self) -> None:
        self._timer = None
        self._work()
