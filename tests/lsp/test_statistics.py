"""When what was counted is written, what keeps it from that, and that nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from holes import at
from infill_ls.completion.counts import KEPT_AFTER
from infill_ls.completion.judgement import Judgement
from infill_ls.completion.offers import Offers
from infill_ls.counters import Counters, Counts, Subject, added
from infill_ls.counters_file import CountersFile
from infill_ls.experience_file import ExperienceFile
from infill_ls.lsp.statistics import WRITE_AFTER, Statistics
from infill_ls.settings import Settings
from lsp.desk import Desk
from lsp.editor import URI

SOURCE = ("ollama", "m")
SUBJECT = Subject.of("python", *SOURCE)
HOLE = at("x = █\n")


class Disk:
    """What was written; ``error`` is raised instead, and nothing is before ``works`` is set."""

    def __init__(self) -> None:
        self.written: list[Counts] = []
        self.error: OSError | None = None
        self.works = threading.Event()
        self.works.set()

    def add(self, _: CountersFile, day: str, counts: Mapping[Subject, Counters]) -> None:
        self.works.wait(30)
        if self.error is not None:
            raise self.error
        self.written.append(dict(counts))

    @property
    def shown(self) -> int:
        return sum(one.shown for one in added(self.written).values())


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk()
    monkeypatch.setattr(CountersFile, "add", lambda *arguments: disk.add(*arguments))
    yield disk
    disk.works.set()


@pytest.fixture
def session() -> Statistics:
    made = Statistics(lambda _: ["x = compute(a)\n"])
    made.take(Settings())
    return made


def show(session: Statistics, fill: str = "compute(a)") -> int:
    (offer,) = Offers().make("file:///a.py", HOLE, [fill])
    session.shown([offer], SOURCE, asyncio.get_running_loop().time())
    return offer.number


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a thread, in real time: a virtual second is over at once."""
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0)
        threading.Event().wait(0.01)
    raise AssertionError("it didn't come to that")


@pytest.mark.looptime
async def test_some_seconds_later_it_is_written_and_then_there_is_no_timer(
    session: Statistics, disk: Disk
) -> None:
    show(session)
    await asyncio.sleep(WRITE_AFTER - 1)
    assert disk.written == []
    await asyncio.sleep(2)
    await until(lambda: disk.shown == 1)
    assert session._timer is None
    await asyncio.sleep(10 * WRITE_AFTER)
    assert len(disk.written) == 1


@pytest.mark.looptime
async def test_an_accepted_fill_is_looked_for_later(session: Statistics, disk: Disk) -> None:
    session.accepted(show(session))
    await asyncio.sleep(WRITE_AFTER + 1)
    await until(lambda: disk.shown == 1 and not _is_writing(session))
    assert disk.written[0][SUBJECT].kept == 0
    await asyncio.sleep(KEPT_AFTER)
    await until(lambda: len(disk.written) == 2)
    assert disk.written[1] == {SUBJECT: Counters(kept=1)}
    await asyncio.sleep(2 * WRITE_AFTER)
    assert session._timer is None


async def test_the_end_of_the_session_writes_it_at_once(session: Statistics, disk: Disk) -> None:
    show(session)
    await session.close(30)
    assert disk.written[0][SUBJECT].typed_through == 1


async def test_a_session_in_which_nothing_was_shown_writes_nothing(
    session: Statistics, disk: Disk
) -> None:
    session.asked("file:///a.py", HOLE)
    session.put_in("file:///a.py", ["text"])
    session.closing("file:///a.py")
    await session.close(30)
    assert disk.written == []


@pytest.mark.looptime
async def test_off_counts_nothing_and_drops_what_is_not_written(
    session: Statistics, disk: Disk
) -> None:
    show(session)
    session.take(Settings(stats=False))
    assert session._timer is None
    number = show(session)
    session.asked("file:///a.py", HOLE)
    session.put_in("file:///a.py", ["text"])
    session.accepted(number)
    session.closing("file:///a.py")
    await asyncio.sleep(10 * WRITE_AFTER)
    await session.close(30)
    assert disk.written == []


async def test_on_again_begins_anew_and_other_settings_change_nothing(
    session: Statistics, disk: Disk
) -> None:
    session.take(Settings(stats=False))
    session.take(Settings())
    show(session)
    session.take(Settings(log="debug"))
    await session.close(30)
    assert disk.shown == 1


@pytest.mark.looptime
async def test_what_can_not_be_written_is_told_once_and_written_later(
    session: Statistics, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    disk.error = OSError(28, "No space left on device", "/home/me/secret")
    with caplog.at_level(logging.WARNING):
        for fill in "xyz":
            show(session, fill)
            await asyncio.sleep(WRITE_AFTER + 1)
            await until(lambda: not _is_writing(session))
            await asyncio.sleep(1)
    assert [one.getMessage() for one in caplog.records] == [
        "the statistics can't be written: No space left on device"
    ]
    disk.error = None
    show(session)
    await asyncio.sleep(WRITE_AFTER + 1)
    await until(lambda: disk.shown == 4)


@pytest.mark.looptime
async def test_what_can_not_be_written_is_tried_again_though_nothing_more_is_counted(
    session: Statistics, disk: Disk
) -> None:
    disk.error = OSError(28, "No space left on device")
    show(session)
    waits = []
    for _ in range(9):
        assert session._timer is not None
        waits.append(round(session._timer.when() - asyncio.get_running_loop().time()))
        await asyncio.sleep(waits[-1])
        await until(lambda: not _is_writing(session) and session._timer is not None)
    # An idle server isn't kept busy by a disk that stays full.
    assert waits == [20, 40, 80, 160, 320, 640, 1280, 2560, 3600]
    # What is counted meanwhile is no reason to wait so long.
    disk.error = None
    show(session, "other")
    await asyncio.sleep(WRITE_AFTER + 1)
    await until(lambda: disk.shown == 2 and not _is_writing(session))
    assert session._timer is None
    assert session._failed == 0


@pytest.mark.looptime
async def test_a_disk_that_hangs_keeps_nobody_waiting(session: Statistics, disk: Disk) -> None:
    disk.works.clear()
    for fill in "xyz":
        show(session, fill)
        await asyncio.sleep(WRITE_AFTER + 1)
    threads = [one for one in threading.enumerate() if one.name == "statistics"]
    assert len(threads) == 1
    await session.close(2)
    # What the thread has is written, and the rest when it is asked for again.
    disk.works.set()
    threads[0].join(30)
    assert disk.shown == 1
    await until(lambda: not _is_writing(session))
    await session.close(2)
    await until(lambda: disk.shown == 3)


async def test_while_the_disk_is_waited_for_the_loop_goes_on(
    session: Statistics, disk: Disk
) -> None:
    disk.works.clear()
    show(session)
    closing = asyncio.ensure_future(session.close(30))
    # If the loop waited, nobody would let the disk work.
    while not _is_writing(session):
        await asyncio.sleep(0)
    assert not closing.done()
    disk.works.set()
    await closing
    assert disk.shown == 1


async def test_what_can_not_be_written_before_the_reply_is_written_at_the_end(
    session: Statistics, disk: Disk
) -> None:
    disk.error = BlockingIOError(0, "another process is writing them")
    show(session)
    await session.close(30)
    assert disk.written == []
    assert session._timer is None
    disk.error = None
    await session.close(30)
    assert disk.shown == 1


async def test_a_system_without_threads(
    session: Statistics, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise RuntimeError("can't start new thread")

    show(session)
    with monkeypatch.context() as context:
        context.setattr(threading.Thread, "start", fail)
        await session.close(30)
    assert disk.written == []
    await session.close(30)
    assert disk.shown == 1


def _is_writing(session: Statistics) -> bool:
    return session._writing is not None and not session._writing.done()


# Through the server.


@pytest.fixture
async def desk(disk: Disk) -> Desk:
    desk = Desk(capabilities={"textDocument": {"inlineCompletion": {}}})
    await desk.begin()
    desk.editor.open("x = \n")
    desk.completer.fill = "compute(a)"
    return desk


async def ask(desk: Desk, column: int, method: str = "inlineCompletion", **context: Any) -> Any:
    """Ask, and return the answer."""
    number = len(desk.editor.received) + 1000
    params = {
        "textDocument": {"uri": URI},
        "position": {"line": 0, "character": column},
        "context": {"triggerKind": 2, **context},
    }
    desk.editor.send(id=number, method=f"textDocument/{method}", params=params)
    async with asyncio.timeout(20):
        while not any(one.get("id") == number for one in desk.editor.received):
            await asyncio.sleep(0)
    return desk.editor.reply(number)["result"]


def insert(desk: Desk, text: str, column: int) -> None:
    where = {"line": 0, "character": column}
    desk.change({"range": {"start": where, "end": where}, "text": text})


async def counted(desk: Desk, disk: Disk) -> dict[str, Any]:
    """All that was counted in the session, by name."""
    await desk.server.statistics.close(30)
    ((subject, counters),) = added(disk.written).items()
    assert subject == Subject.of("python", "ollama", "qwen2.5-coder:1.5b")
    assert sum(counters.latencies) == counters.shown
    return {name: n for name, n in counters.to_json().items() if name != "latencies_ms"}


async def test_the_threshold_follows_what_became_of_fills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    first = Statistics(lambda _: ["x = other\n"])
    first.take(Settings())
    judged = Judgement("compute(a)", 0.9, 0.5, 0.0, "line", 0.9)
    offers = Offers().make("file:///a.py", HOLE, ["compute(a)"], judged)
    first.shown(offers, SOURCE, asyncio.get_running_loop().time())
    first.asked("file:///a.py", at("x = o█\n"))
    assert first.shift("line", "python") > 0
    await first.close(10)
    # The next session knows it, and only if what is counted may be used.
    second = Statistics(lambda _: None)
    second.take(Settings())
    await until(lambda: second.shift("line", "python") > 0)
    assert second.shift("line", "go") == 0
    second.take(Settings(stats=False))
    assert second.shift("line", "python") == 0


async def test_what_became_of_fills_is_written_with_the_counts_that_could_not_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    session = Statistics(lambda _: ["x = other\n"])
    session.take(Settings())
    judged = Judgement("compute(a)", 0.9, 0.5, 0.0, "line", 0.9)
    offers = Offers().make("file:///a.py", HOLE, ["compute(a)"], judged)
    session.shown(offers, SOURCE, asyncio.get_running_loop().time())
    session.asked("file:///a.py", at("x = o█\n"))
    with monkeypatch.context() as full:
        disk = Disk()
        disk.error = OSError(28, "No space left on device")
        full.setattr(CountersFile, "add", lambda *arguments: disk.add(*arguments))
        await session.close(10)
    assert ExperienceFile().read().shift("line", "python") == 0
    await session.close(10)
    assert ExperienceFile().read().shift("line", "python") > 0


async def test_ghost_text_that_is_accepted(desk: Desk, disk: Disk) -> None:
    (item,) = (await ask(desk, 4))["items"]
    insert(desk, "compute(a)", 4)
    desk.editor.send(id=7, method="workspace/executeCommand", params=item["command"])
    assert await counted(desk, disk) == {
        "shown": 1,
        "accepted": 1,
        "kept": 1,
        "characters_saved": 10,
    }


async def test_a_document_that_is_closed(desk: Desk, disk: Disk) -> None:
    (item,) = (await ask(desk, 4))["items"]
    insert(desk, "compute(a)", 4)
    desk.editor.send(id=7, method="workspace/executeCommand", params=item["command"])
    desk.editor.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert (await counted(desk, disk))["kept"] == 1


async def test_words_of_it_that_are_accepted(desk: Desk, disk: Disk) -> None:
    await ask(desk, 4)
    insert(desk, "compute", 4)
    desk.completer.fill = "[0]"
    await ask(desk, 11)
    insert(desk, "b", 11)
    await ask(desk, 12)
    assert await counted(desk, disk) == {
        "shown": 3,
        "accepted_partly": 1,
        "rejected": 2,
        "typed_against": 1,
        "characters_saved": 7,
    }


async def test_an_item_that_is_selected_in_the_editor_s_own_menu_was_not_typed(
    desk: Desk, disk: Disk
) -> None:
    await ask(desk, 4)
    at_cursor = {"line": 0, "character": 4}
    selected = {"range": {"start": at_cursor, "end": at_cursor}, "text": "other"}
    desk.completer.fill = ""
    await ask(desk, 4, selectedCompletionInfo=selected)
    insert(desk, "compute(a)", 4)
    await ask(desk, 14)
    assert (await counted(desk, disk))["accepted"] == 1


async def test_what_is_typed_before_the_answer_comes_makes_it_nothing_to_be_seen(
    desk: Desk, disk: Disk
) -> None:
    asked = asyncio.ensure_future(ask(desk, 4))
    # The request is there, and its answer not yet.
    await asyncio.sleep(0)
    insert(desk, "b", 4)
    await asked
    await desk.server.statistics.close(30)
    assert disk.written == []


async def test_nothing_is_counted_where_nothing_is_shown(desk: Desk, disk: Disk) -> None:
    desk.completer.fill = ""
    await ask(desk, 4)
    await desk.server.statistics.close(30)
    assert disk.written == []


async def test_a_menu(disk: Disk) -> None:
    desk = Desk(capabilities={"textDocument": {"completion": {}}})
    await desk.begin()
    desk.editor.open("x = comp\n")
    desk.completer.fill = "ute(a)"
    assert (await ask(desk, 8, "completion", triggerKind=1))["items"]
    start, end = {"line": 0, "character": 4}, {"line": 0, "character": 8}
    desk.change({"range": {"start": start, "end": end}, "text": "compute(a)"})
    assert await counted(desk, disk) == {
        "shown": 1,
        "accepted": 1,
        "kept": 1,
        "characters_saved": 6,
    }


async def test_the_end_of_the_session_writes_and_the_setting_turns_it_off(
    disk: Disk,
) -> None:
    for on in (True, False):
        options = {"stats": on}
        desk = Desk(
            capabilities={"textDocument": {"inlineCompletion": {}}}, initializationOptions=options
        )
        await desk.begin()
        desk.editor.open("x = \n")
        desk.completer.fill = "compute(a)"
        await ask(desk, 4)
        await desk.server.aclose()
        assert disk.shown == 1


async def test_shutdown_is_answered_when_counts_and_rates_are_written(
    desk: Desk, disk: Disk
) -> None:
    await ask(desk, 4)
    disk.works.clear()
    desk.editor.send(id=7, method="shutdown")
    # Asked for twice, or with anything else after it, it is refused as before.
    desk.editor.send(id=8, method="shutdown")
    assert desk.server.protocol.is_shut_down
    assert desk.editor.error(8)["code"] == -32600
    while not _is_writing(desk.server.statistics):
        await asyncio.sleep(0)
    assert not any(one.get("id") == 7 for one in desk.editor.received)
    disk.works.set()
    async with asyncio.timeout(20):
        while not any(one.get("id") == 7 for one in desk.editor.received):
            await asyncio.sleep(0.01)
    assert desk.editor.reply(7)["result"] is None
    assert disk.shown == 1
    assert desk.called("save_rates")


async def test_a_disk_that_hangs_does_not_keep_shutdown_from_being_answered(
    desk: Desk, disk: Disk
) -> None:
    await ask(desk, 4)
    disk.works.clear()
    desk.editor.send(id=7, method="shutdown")
    async with asyncio.timeout(20):
        while not any(one.get("id") == 7 for one in desk.editor.received):
            await asyncio.sleep(0.01)
    assert disk.written == []
    disk.works.set()
    await desk.server.aclose()
    assert disk.shown == 1
