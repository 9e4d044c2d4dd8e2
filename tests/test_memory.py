"""What is freed goes back to the system."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from infill_ls.memory import INTERVAL, Housekeeping

# Frees every other one of small pieces, so that all that is free lies between what is not.
PROGRAM = """
import ctypes
from pathlib import Path
from infill_ls.memory import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

ctypes.CDLL(None)
pieces = [bytes(9_000) for _ in range(8_000)]
full = resident()
pieces = pieces[::4]
freed = resident()
give_back()
print(full - freed, full - resident())
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(__import__("ctypes").CDLL(None), "malloc_trim"),
    reason="glibc alone has it",
)
def test_what_is_free_between_what_is_not_goes_back() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True, timeout=120
    ).stdout
    by_itself, given_back = map(int, printed.split())
    assert by_itself < 10e6
    # Three quarters of 72 MB are free; whole pages of that go back.
    assert given_back > 20e6


LOADING = """
import gc, weakref
from infill_ls.memory import begin_loading, settle

class Loaded: pass

usual = gc.get_threshold()
settle()
assert gc.get_freeze_count() == 0
begin_loading()
assert gc.get_threshold() > usual
left, kept = Loaded(), Loaded()
left.itself = left
gone = weakref.ref(left)
del left
settle()
print(gone() is None, gc.get_threshold() == usual, gc.get_freeze_count() > 0)
print(any(one is kept for one in gc.get_objects()))
"""


def test_what_is_left_over_of_loading_is_freed_and_the_rest_stays() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", LOADING], check=True, capture_output=True, text=True, timeout=120
    ).stdout
    assert printed.split() == ["True", "True", "True", "False"]


@pytest.mark.looptime
async def test_once_an_interval_if_something_was_done() -> None:
    loop, done = asyncio.get_running_loop(), []
    housekeeping = Housekeeping(lambda: done.append(loop.time()))
    await asyncio.sleep(10 * INTERVAL)
    assert done == []
    began = loop.time()
    for _ in range(300):
        housekeeping.note()
        await asyncio.sleep(1)
    await asyncio.sleep(10 * INTERVAL)
    assert [round(at - began) for at in done] == [60, 120, 180, 240, 300]
