"""Threads that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from infill_ls.threads import in_thread


class Disk:
    """Hangs until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def work(self) -> None:
        assert self.go_on.wait(30)


def thread() -> threading.Thread:
    (found,) = [one for one in threading.enumerate() if one.name == "work"]
    return found


async def test_the_loop_goes_on_and_is_told_of_the_end() -> None:
    disk = Disk()
    over = in_thread(disk.work, "work")
    await asyncio.sleep(0)
    assert not over.done()
    # A disk that hangs keeps no process from ending.
    assert thread().daemon
    disk.go_on.set()
    async with asyncio.timeout(30):
        await over
    assert over.exception() is None


async def test_what_goes_wrong_is_told_too() -> None:
    def work() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        async with asyncio.timeout(30):
            await in_thread(work, "work")


async def test_who_has_left_is_told_nothing() -> None:
    disk = Disk()
    over = in_thread(disk.work, "work")
    over.cancel()
    working = thread()
    disk.go_on.set()
    working.join(30)
    await asyncio.sleep(0)
    assert over.cancelled()


def test_a_loop_that_is_closed_is_told_nothing() -> None:
    disk = Disk()

    async def begin() -> None:
        in_thread(disk.work, "work")

    asyncio.run(begin())
    working = thread()
    disk.go_on.set()
    working.join(30)
    assert not working.is_alive()


async def test_what_it_comes_to_is_known() -> None:
    async with asyncio.timeout(30):
        assert await in_thread(lambda: 5, "work") == 5
