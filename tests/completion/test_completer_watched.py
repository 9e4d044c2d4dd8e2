"""Fills that recite are held back wherever they come from, and what is shown is on record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from completion.manual_engine import SETTINGS, URI, ManualEngine, ask
from infill_ls.completion.completer import Completer
from infill_ls.engines.engine import Engine
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole

FILE = "/others/a.py"


@pytest.fixture
def engine() -> ManualEngine:
    engine = ManualEngine()
    engine.go.set()
    return engine


@pytest.fixture
async def completer(engine: ManualEngine) -> AsyncIterator[Completer]:
    async def connected(_: Settings) -> Engine:
        return engine

    completer = Completer(connected, SETTINGS)
    yield completer
    await completer.aclose()


async def rest() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


def theirs(uri: str, hole: Hole, fill: str) -> str:
    return FILE if "theirs" in hole.prefix + fill else ""


async def test_a_fill_that_recites_is_not_shown_and_nothing_comes_after_it(
    completer: Completer, engine: ManualEngine
) -> None:
    completer.offers.file_for = theirs
    engine.text = "theirs()\n"
    answer = await ask(completer, "x = █\n")
    assert (answer.reason, answer.offers, answer.recited) == ("recited", (), FILE)
    await rest()
    # Asked again, it is known: the engine would write the same.
    again = await ask(completer, "x = █\n")
    assert (again.reason, again.offers) == ("recited", ())
    # Nor is the rest of it shown to whoever types its beginning.
    typed = await ask(completer, "x = the█\n")
    assert (typed.reason, typed.offers) == ("recited", ())
    await rest()
    assert len(engine.asked) == 1
    assert completer.offers.shown == 0


async def test_other_fills_are_shown(completer: Completer, engine: ManualEngine) -> None:
    completer.offers.file_for = theirs
    engine.text = "mine()\n"
    assert (await ask(completer, "x = █\n")).fill == "mine()"


async def test_of_several_candidates_the_others_are_shown(
    completer: Completer, engine: ManualEngine
) -> None:
    completer.offers.file_for = theirs
    engine.texts = ["one()\n", "theirs()\n", "two()\n"]
    answer = await ask(completer, "x = █\n", manual=True)
    assert [offer.fill for offer in answer.offers] == ["one()", "two()"]
    assert (answer.reason, answer.recited) == ("fill", "")


async def test_what_is_remembered_is_judged_when_it_is_shown(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.text = "theirs()\n"
    assert (await ask(completer, "x = █\n")).fill == "theirs()"
    completer.offers.file_for = theirs
    assert (await ask(completer, "x = █\n")).reason == "recited"


@pytest.mark.looptime
async def test_lines_that_are_whole_when_time_is_over_are_judged(
    completer: Completer, engine: ManualEngine
) -> None:
    completer.offers.file_for = theirs
    engine.text = "if theirs:\n        a = 1\n        b = 2\n        c = 3\n"
    engine.delay = 0.4
    answer = await ask(completer, "def f():\n    █\n")
    assert (answer.reason, answer.offers) == ("recited", ())
    assert engine.running == 1


def recorded(completer: Completer) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    completer.offers.record = entries.append
    return entries


async def test_the_record_says_where_a_fill_comes_from(
    completer: Completer, engine: ManualEngine
) -> None:
    entries = recorded(completer)
    engine.texts = ["first()\n", "\nsecond()\n", ""]
    await ask(completer, "x = █\n")
    await ask(completer, "x = fir█\n")
    completer.accept(1)
    await rest()
    answer = await ask(completer, "x = first()█\n")
    assert answer.reason == "recalled"
    assert [(one["event"], one["source"], one["offer"]) for one in entries] == [
        ("shown", "fill", 1),
        ("shown", "recalled", 2),
        ("accepted", "fill", 1),
        ("shown", "speculated", 3),
    ]
    assert {one["model"] for one in entries} == {"qwen2.5-coder:1.5b"}
    first, second, _, third = (one["prompt"] for one in entries)
    assert first == second
    assert first["sha256"] != third["sha256"]
    assert all(one["files"] == [URI] for one in entries)


async def test_of_what_is_not_shown_nothing_is_on_record(
    completer: Completer, engine: ManualEngine
) -> None:
    entries = recorded(completer)
    completer.offers.file_for = theirs
    engine.text = "theirs()\n"
    await ask(completer, "x = █\n")
    assert entries == []


@pytest.mark.looptime
async def test_lines_that_were_shown_early_have_their_call(
    completer: Completer, engine: ManualEngine
) -> None:
    entries = recorded(completer)
    engine.text = "if a:\n        a = 1\n        b = 2\n        c = 3\n"
    engine.delay = 0.4
    answer = await ask(completer, "def f():\n    █\n")
    assert answer.fill
    assert [(one["source"], one["model"]) for one in entries] == [("fill", "qwen2.5-coder:1.5b")]
