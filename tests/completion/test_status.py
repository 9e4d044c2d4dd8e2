"""What a status line is told, and how often."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from infill_ls.completion.pace import LONGEST
from infill_ls.completion.status import LONG, REST, Status
from infill_ls.errors import NotRunning


class Told(list[str]):
    def __init__(self) -> None:
        self.messages: list[str] = []
        self.status = Status(self.take)

    def take(self, state: str, message: str) -> None:
        self.append(state)
        self.messages.append(message)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.mark.looptime
async def test_nothing_before_the_editor_listens(told: Told) -> None:
    with told.status.loading():
        assert told == []
        told.status.begin()
    await asyncio.sleep(REST)
    assert told == ["loading", "idle"]


@pytest.mark.looptime
async def test_idle_is_no_news(told: Told) -> None:
    told.status.begin()
    told.status.works()
    told.status.turned(off=False)
    await asyncio.sleep(REST)
    assert told == []


@pytest.mark.looptime
async def test_the_longest_pause_before_a_call_is_no_rest(told: Told) -> None:
    told.status.begin()
    for _ in range(3):
        with told.status.asking():
            await asyncio.sleep(0.1)
        await asyncio.sleep(LONGEST)
    assert told == ["asking"]


async def test_nothing_after_the_editor_has_left(told: Told) -> None:
    told.status.begin()
    told.status.end()
    told.status.fails("gone")
    assert told == []


@pytest.mark.looptime
async def test_calls_that_follow_each_other_are_one(told: Told) -> None:
    told.status.begin()
    for _ in range(20):
        with told.status.asking():
            await asyncio.sleep(0.1)
        await asyncio.sleep(REST - 0.01)
    assert told == ["asking"]
    await asyncio.sleep(0.02)
    assert told == ["asking", "idle"]


@pytest.mark.looptime
async def test_a_problem_stays_until_something_works(told: Told) -> None:
    told.status.begin()
    told.status.fails("Nothing answers.")
    with told.status.asking():
        told.status.fails("Nothing answers.")
    assert told == ["problem"]
    assert told.messages[-1] == "Nothing answers."
    told.status.fails("It has no such model.")
    told.status.works()
    await asyncio.sleep(REST)
    assert told == ["problem", "problem", "idle"]


@pytest.mark.looptime
async def test_off_is_before_everything(told: Told) -> None:
    told.status.turned(off=True)
    told.status.begin()
    with told.status.asking(), told.status.loading():
        told.status.fails("Nothing answers.")
    told.status.works()
    assert told == ["off"]
    told.status.turned(off=False)
    with told.status.loading():
        await asyncio.sleep(REST)
    await asyncio.sleep(REST)
    assert told == ["off", "loading", "idle"]


@pytest.mark.looptime
async def test_a_long_load_has_a_progress_bar() -> None:
    shown: list[str | None] = []
    status = Status(show_progress=shown.append)
    status.begin()
    with status.loading():
        await asyncio.sleep(LONG - 0.1)
    await asyncio.sleep(LONG)
    assert shown == []
    with status.loading():
        await asyncio.sleep(LONG / 2)
        with status.loading():
            await asyncio.sleep(LONG)
        assert shown == ["The model is being loaded."]
    assert shown == ["The model is being loaded.", None]
    with status.loading():
        await asyncio.sleep(2 * LONG)
        status.end()
    assert shown == ["The model is being loaded.", None] * 2


@pytest.mark.looptime
@pytest.mark.parametrize("ends", [NotRunning("Gone."), asyncio.CancelledError()])
async def test_a_load_that_comes_to_nothing_ends_its_progress_bar(
    told: Told, ends: BaseException
) -> None:
    shown: list[str | None] = []
    told.status = Status(told.take, shown.append)
    told.status.begin()
    with contextlib.suppress(NotRunning, asyncio.CancelledError), told.status.loading():
        await asyncio.sleep(2 * LONG)
        raise ends
    assert shown == ["The model is being loaded.", None]
    await asyncio.sleep(REST)
    assert told == ["loading", "idle"]


@pytest.mark.looptime
@pytest.mark.parametrize("ends", [NotRunning("Gone."), asyncio.CancelledError()])
async def test_a_call_that_comes_to_nothing_is_no_longer_told(
    told: Told, ends: BaseException
) -> None:
    told.status.begin()
    with contextlib.suppress(NotRunning, asyncio.CancelledError), told.status.asking():
        raise ends
    await asyncio.sleep(REST)
    assert told == ["asking", "idle"]


@pytest.mark.looptime
async def test_a_load_while_it_is_turned_off_ends_its_progress_bar(told: Told) -> None:
    shown: list[str | None] = []
    told.status = Status(told.take, shown.append)
    told.status.begin()
    with told.status.loading():
        await asyncio.sleep(2 * LONG)
        told.status.turned(off=True)
    assert shown == ["The model is being loaded.", None]
    assert told == ["loading", "off"]
