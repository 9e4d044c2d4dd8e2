"""The completer's rules, on an engine whose every step the test decides, in virtual time."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from completion.manual_engine import SETTINGS, URI, ManualEngine, ask
from fake_ollama import FakeOllama
from holes import at
from infill_ls.completion.answer import Answer
from infill_ls.completion.breaker import SHORTEST_WHILE
from infill_ls.completion.completer import Completer
from infill_ls.completion.connection import LOOK
from infill_ls.completion.policy import CANDIDATES_WAIT, DRAWS
from infill_ls.completion.slot import GRACE
from infill_ls.completion.status import Status
from infill_ls.engines import connect
from infill_ls.engines.engine import Engine
from infill_ls.errors import BadAnswer, CannotInsert, NotRunning
from infill_ls.project.rules import Rules
from infill_ls.settings import Settings
from infill_ls.text.hole import TYPED


@pytest.fixture
def engine() -> ManualEngine:
    return ManualEngine()


@pytest.fixture
async def completer(engine: ManualEngine) -> AsyncIterator[Completer]:
    """One that asks for nothing by itself."""
    async for completer in _completer(engine, speculates=False):
        yield completer


@pytest.fixture
async def speculating(engine: ManualEngine) -> AsyncIterator[Completer]:
    async for completer in _completer(engine, speculates=True):
        yield completer


async def _completer(engine: ManualEngine, *, speculates: bool) -> AsyncIterator[Completer]:

    async def connected(_: Settings) -> Engine:
        return engine

    completer = Completer(connected, SETTINGS, speculates=speculates)
    yield completer
    await completer.aclose()
    assert engine.most_at_once <= 1
    assert engine.running == 0


async def test_a_fill(completer: Completer, engine: ManualEngine) -> None:
    engine.go.set()
    answer = await ask(completer, "[█]\n")
    assert (answer.reason, answer.fill) == ("fill", "x for x in xs")


async def test_line_ends_of_the_document(completer: Completer, engine: ManualEngine) -> None:
    engine.text = "a = 1\nb = 2\n\n"
    engine.go.set()
    answer = await ask(completer, "def f():\r\n    █\r\n")
    assert answer.fill == "a = 1"
    engine.text = "if a:\n        b = 2\n\n"
    assert (await ask(completer, "def g():\r\n    █\r\n")).fill == "if a:\r\n        b = 2"


async def test_superseded_at_once_and_closed(completer: Completer, engine: ManualEngine) -> None:
    older = ask(completer, "[█]\n")
    await engine.started.wait()
    engine.started.clear()
    newer = ask(completer, "other = [█]\n")
    assert (await older).reason == "superseded"
    await engine.started.wait()
    engine.go.set()
    assert (await newer).reason == "fill"
    assert len(engine.asked) == 2


async def test_typing_on_joins_the_call_that_runs(
    completer: Completer, engine: ManualEngine
) -> None:
    older = ask(completer, "[█]\n")
    await engine.started.wait()
    newer = ask(completer, "[x f█]\n")
    assert (await older).reason == "superseded"
    engine.go.set()
    assert (await newer).fill == "or x in xs"
    assert len(engine.asked) == 1


async def test_a_bracket_that_the_editor_closes_does_not_matter(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.text = "sum(a, b)\n"
    older = ask(completer, "c = █\n")
    await engine.started.wait()
    newer = ask(completer, "c = sum(█)\n")
    assert (await older).reason == "superseded"
    engine.go.set()
    assert (await newer).fill == "a, b"
    assert (await ask(completer, "c = sum(a█)\n")).fill == ", b"
    assert len(engine.asked) == 1


async def test_what_turns_out_to_disagree_is_asked_anew(
    completer: Completer, engine: ManualEngine
) -> None:
    asked = ask(completer, "[█]\n")
    await engine.started.wait()
    newer = ask(completer, "[y█]\n")
    assert (await asked).reason == "superseded"
    engine.go.set()
    assert (await newer).reason == "fill"
    assert [request.prompt[-2:] for request in engine.asked] == [">[", "|>", "[y"]


@pytest.mark.parametrize("text", ["[y█]\n", "[█", "no[█]\n"])
async def test_a_change_that_disagrees_leaves_the_request_that_waits(
    completer: Completer, engine: ManualEngine, text: str
) -> None:
    first = ask(completer, "[█]\n")
    await engine.started.wait()
    completer.document_changed(URI, [at(text)])
    engine.go.set()
    assert (await first).fill == "x for x in xs"


@pytest.mark.looptime
async def test_the_client_cancels_and_asks_no_more(
    completer: Completer, engine: ManualEngine
) -> None:
    asked = ask(completer, "[█]\n")
    await engine.started.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert engine.running == 1
    await asyncio.sleep(GRACE + 0.01)
    assert engine.running == 0


@pytest.mark.looptime
async def test_the_client_cancels_and_asks_again(
    completer: Completer, engine: ManualEngine
) -> None:
    asked = ask(completer, "[█]\n")
    await engine.started.wait()
    asked.cancel()
    await asyncio.sleep(GRACE / 2)
    again = ask(completer, "[x█]\n")
    await asyncio.sleep(GRACE * 2)
    engine.go.set()
    assert (await again).fill == " for x in xs"
    assert len(engine.asked) == 1


@pytest.mark.looptime
@pytest.mark.parametrize("key", [0.115, 0.18, 0.22, 0.24, 0.3])
async def test_a_grace_ends_when_a_later_request_joins(
    completer: Completer, engine: ManualEngine, key: float
) -> None:
    """VS Code asks 40 ms after a key and cancels at the next; the typist agrees with the fill."""
    fill = "alpha beta gamma delta epsilon zeta"
    engine.text = fill + "]\n"
    asked: asyncio.Task[Answer] | None = None
    for typed in range(33):
        if asked is not None:
            asked.cancel()
        await asyncio.sleep(0.04)
        asked = ask(completer, f"[{fill[:typed]}█]\n")
        await asyncio.sleep(key - 0.04)
    engine.go.set()
    assert asked is not None
    assert (await asked).fill == fill[32:]
    assert len(engine.asked) == 1


@pytest.mark.looptime
async def test_the_wait_begins_anew_with_each_key(
    completer: Completer, engine: ManualEngine
) -> None:
    completer.in_force.settings = replace(SETTINGS, debounce_ms=100)
    engine.go.set()
    for typed in range(1, 5):
        last = ask(completer, f"{'[' * typed}█\n")
        await asyncio.sleep(0.09)
    await last
    assert [request.prompt[-5:] for request in engine.asked] == [">[[[["]


async def test_cancelling_an_old_request_leaves_the_new_one(
    completer: Completer, engine: ManualEngine
) -> None:
    older, newer = ask(completer, "[█]\n"), ask(completer, "[x█]\n")
    await engine.started.wait()
    older.cancel()
    engine.go.set()
    assert (await newer).reason == "fill"


async def test_a_closed_document(completer: Completer, engine: ManualEngine) -> None:
    asked = ask(completer, "[█]\n")
    await engine.started.wait()
    completer.close_document("file:///other.py")
    assert not asked.done()
    completer.close_document(URI)
    assert (await asked).reason == "closed"


async def test_typing_through_a_fill_asks_nobody(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.go.set()
    await ask(completer, "[█]\n")
    answer = await ask(completer, "[x for█]\n")
    assert (answer.reason, answer.fill) == ("recalled", " x in xs")
    assert len(engine.asked) == 1


async def test_nothing_to_show_is_remembered_too(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.text = "\n\n"
    engine.go.set()
    assert (await ask(completer, "[█]\n")).reason == "nothing"
    assert (await ask(completer, "[█]\n")).reason == "nothing"
    assert len(engine.asked) == 1
    engine.text = "x]\n"
    assert (await ask(completer, "[█]\n", manual=True)).fill == "x"
    assert len(engine.asked) > 1


@pytest.mark.looptime
async def test_the_debounce_spares_the_engine(completer: Completer, engine: ManualEngine) -> None:
    completer.in_force.settings = replace(SETTINGS, debounce_ms=100)
    engine.go.set()
    keys = []
    for typed in range(20):
        keys.append(ask(completer, "a" * typed + " = [█]\n"))
        await asyncio.sleep(0.09)
    answers = [await key for key in keys]
    assert [answer.reason for answer in answers] == ["superseded"] * 19 + ["fill"]
    assert len(engine.asked) == 1


@pytest.mark.looptime
async def test_a_slow_answer_is_there_for_the_next_request(
    completer: Completer, engine: ManualEngine
) -> None:
    assert (await ask(completer, "[█]\n")).reason == "slow"
    again = ask(completer, "[█]\n")
    await asyncio.sleep(1)
    engine.go.set()
    assert (await again).reason == "fill"
    assert len(engine.asked) == 1


@pytest.mark.looptime
async def test_a_slow_answer_that_comes_between_two_requests(
    completer: Completer, engine: ManualEngine
) -> None:
    assert (await ask(completer, "[█]\n")).reason == "slow"
    engine.go.set()
    await asyncio.sleep(1)
    assert (await ask(completer, "[x █]\n")).fill == "for x in xs"
    assert len(engine.asked) == 1


@pytest.mark.looptime
async def test_an_engine_that_never_ends_is_given_up(
    completer: Completer, engine: ManualEngine
) -> None:
    await ask(completer, "[█]\n")
    assert engine.running == 1
    await asyncio.sleep(200)
    assert engine.running == 0


@pytest.mark.looptime
async def test_no_key_ends_a_load(completer: Completer, engine: ManualEngine) -> None:
    """VS Code's rhythm, while a model takes a minute to load."""
    engine.loaded = False
    engine.load_gate.clear()
    engine.go.set()
    asyncio.get_running_loop().call_later(60, engine.load_gate.set)
    for typed in range(200):
        asked = ask(completer, f"{'[' * typed}█\n")
        await asyncio.sleep(0.3)
        asked.cancel()
    assert (engine.loads, len(engine.asked)) == (1, 0)
    assert (await ask(completer, f"{'[' * 200}█\n")).reason == "fill"
    assert (engine.loads, len(engine.asked)) == (1, 1)


@pytest.mark.looptime
async def test_a_load_begins_with_the_first_key(completer: Completer, engine: ManualEngine) -> None:
    engine.loaded = False
    for typed in range(10):
        completer.document_changed(URI, [at(f"[{'x' * typed}█]\n")])
        await asyncio.sleep(0.1)
    assert (engine.loads, engine.loaded) == (1, True)
    completer.in_force.settings = replace(SETTINGS, enabled=False)
    engine.loaded = False
    await asyncio.sleep(LOOK)
    completer.document_changed(URI, [at("[y█]\n")])
    await asyncio.sleep(0.1)
    assert engine.loads == 1


@pytest.mark.looptime
async def test_what_is_typed_during_a_load_is_what_is_asked_for(
    completer: Completer, engine: ManualEngine
) -> None:
    """Neovim asks once in a pause, and the user types on."""
    engine.loaded = False
    engine.load_gate.clear()
    engine.go.set()
    assert (await ask(completer, "[█]\n")).reason == "slow"
    completer.document_changed(URI, [at("[(█]\n")])
    completer.document_changed(URI, [at("[((█]\n")])
    engine.load_gate.set()
    await asyncio.sleep(1)
    assert [request.prompt[-3:] for request in engine.asked] == ["[(("]
    assert (await ask(completer, "[((█]\n")).reason == "recalled"


@pytest.mark.looptime
@pytest.mark.parametrize("pause", [0.1, 0.03])
async def test_a_dead_engine_is_not_asked_at_every_key(
    completer: Completer, engine: ManualEngine, pause: float
) -> None:
    engine.error = NotRunning("Nothing answers.")
    engine.go.set()
    asked = []
    for typed in range(int(17 / pause)):
        completer.document_changed(URI, [at(f"[{'y' * typed}█]\n")])
        asked.append(ask(completer, f"[{'y' * typed}█]\n"))
        await asyncio.sleep(pause)
    answers = await asyncio.gather(*asked)
    # After 0.5, 1, 2, 4 and 8 s.
    assert len(engine.asked) == 6
    assert {answer.reason for answer in answers} == {"not running", "superseded"}
    # It is noticed that it works again, and the next request is answered, whoever asks.
    engine.error = None
    await asyncio.sleep(15)
    assert len(engine.asked) == 7
    assert (await ask(completer, "[y█]\n")).fill == "x for x in xs"
    assert engine.most_at_once == 1


@pytest.mark.looptime
async def test_an_engine_that_has_failed_once_costs_no_fill(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.errors = [BadAnswer("broke off")]
    engine.go.set()
    assert (await ask(completer, "[█]\n")).reason == "bad answer"
    began = asyncio.get_running_loop().time()
    assert (await ask(completer, "[y█]\n")).fill == "x for x in xs"
    assert asyncio.get_running_loop().time() - began == pytest.approx(SHORTEST_WHILE)


@pytest.mark.looptime
async def test_the_last_key_before_a_pause_gets_a_fill_when_the_engine_is_back(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.errors = [BadAnswer("broke off")] * 4
    engine.go.set()
    typed = "["
    while engine.errors:
        await ask(completer, f"{typed}█]\n")
        typed += "y"
    # Nobody asks again: the editor does so only at keys.
    began = asyncio.get_running_loop().time()
    assert (await ask(completer, f"{typed}█]\n")).fill == "x for x in xs"
    assert asyncio.get_running_loop().time() - began == pytest.approx(8 * SHORTEST_WHILE)


@pytest.mark.looptime
async def test_a_load_that_fails_is_not_tried_at_every_key(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.loaded, engine.load_error = False, BadAnswer("no memory")
    engine.go.set()
    for typed in range(100):
        answer = await ask(completer, f"[{'x' * typed}█]\n")
        assert answer.error is engine.load_error
        await asyncio.sleep(0.2)
    # After 0.5, 1, 2, 4, 8, 16 s.
    assert engine.loads == 7
    engine.load_error = None
    assert (await ask(completer, "[y█]\n")).reason == "bad answer"
    # Who asks by hand may have made room.
    assert (await ask(completer, "[y█]\n", manual=True)).reason == "fill"
    assert engine.loads == 8


@pytest.mark.looptime
async def test_a_load_is_dropped_with_its_settings(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.loaded = False
    engine.load_gate.clear()
    engine.go.set()
    asked = ask(completer, "[█]\n")
    ready = asyncio.create_task(completer.connection.warm())
    await asyncio.sleep(1)
    await completer.reconfigure(replace(SETTINGS, max_tokens=9, keep_alive="1h"))
    assert (await asked).reason == "superseded"
    engine.load_gate.set()
    # Who waited for the engine gets the one of the new settings.
    assert await ready is None
    assert engine.loads == 2
    await ask(completer, "[█]\n")
    assert engine.asked[0].max_tokens == 9


@pytest.mark.looptime
async def test_nothing_is_loaded_ahead_that_does_not_stay(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.loaded = engine.stays_loaded = False
    engine.go.set()
    assert await completer.connection.warm() is None
    assert engine.loads == 0
    warming = asyncio.create_task(completer.connection.warm())
    assert (await ask(completer, "[█]\n")).reason == "fill"
    await warming
    assert engine.loads == 1


@pytest.mark.looptime
async def test_a_load_that_fails_unseen_is_no_noise(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.loaded, engine.load_error = False, BadAnswer("no memory")
    engine.load_gate.clear()
    asked = ask(completer, "[█]\n")
    await asyncio.sleep(0.1)
    asked.cancel()
    await asyncio.sleep(1)
    noise: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    engine.load_gate.set()
    await asyncio.sleep(1)
    gc.collect()
    assert noise == []


async def test_a_problem_is_told_and_the_next_request_looks_again(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.error = NotRunning("gone", "start it")
    engine.go.set()
    answer = await ask(completer, "[█]\n")
    assert (answer.reason, answer.error) == ("not running", engine.error)
    assert engine.closed == 1
    engine.error = None
    assert (await ask(completer, "[█]\n")).reason == "fill"


async def test_an_error_of_one_call_keeps_the_engine(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.error = BadAnswer("broke off")
    engine.go.set()
    assert (await ask(completer, "[█]\n")).reason == "bad answer"
    assert engine.closed == 0


async def test_warming_says_what_is_in_the_way(completer: Completer, engine: ManualEngine) -> None:
    assert await completer.connection.warm() is None
    engine.loaded, engine.load_error = False, NotRunning("gone", "start it")
    assert await completer.connection.warm() is engine.load_error


@pytest.mark.parametrize(
    ("settings", "text", "reason"),
    [
        (replace(SETTINGS, enabled=False), "[█]\n", "disabled"),
        (SETTINGS, "na█me\n", "mid word"),
    ],
)
async def test_gates(
    completer: Completer, engine: ManualEngine, settings: Settings, text: str, reason: str
) -> None:
    completer.in_force.settings = settings
    assert (await ask(completer, text)).reason == reason
    assert engine.asked == []


async def test_turned_off_and_on(completer: Completer, engine: ManualEngine) -> None:
    engine.go.set()
    await ask(completer, "[█]\n")
    engine.go.clear()
    asked = ask(completer, "a = [█]\n")
    await engine.until_asked(2)
    completer.turn(on=False)
    assert (await asked).reason == "disabled"
    assert (await ask(completer, "[█]\n")).reason == "disabled"
    completer.turn(on=True)
    assert (await ask(completer, "[█]\n")).reason == "recalled"
    assert (engine.closed_early, engine.closed) == (1, 0)


# Late, and ahead


@pytest.mark.looptime
async def test_whole_lines_are_shown_when_the_user_has_waited_enough(
    completer: Completer, engine: ManualEngine
) -> None:
    completer.in_force.settings = replace(SETTINGS, latency_ms=500)
    engine.text = "a = 1\n    b = 2\n    c = 3\n\n"
    engine.delay = 0.3
    answer = await ask(completer, "def f():\n    █\n")
    assert (answer.reason, answer.fill) == ("fill", "a = 1")
    assert asyncio.get_running_loop().time() < 2
    await asyncio.sleep(10)
    rest = await ask(completer, "def f():\n    a = 1█\n")
    assert (rest.reason, rest.fill) == ("recalled", "\n    b = 2\n    c = 3")
    assert len(engine.asked) == 1


async def test_what_comes_after_a_fill_is_asked_for_while_it_is_shown(
    speculating: Completer, engine: ManualEngine
) -> None:
    completer = speculating
    engine.texts = ["a = 1\n", "\nc = 3\n\n"]
    engine.go.set()
    assert (await ask(completer, "█\nb = 2\n")).fill == "a = 1"
    engine.go.clear()
    await engine.until_asked(2)
    assert engine.asked[1].prompt.endswith("a = 1")
    # Typing along what is shown leaves it alone; accepting joins it.
    completer.document_changed(URI, [at("a =█\nb = 2\n")])
    assert (await ask(completer, "a =█\nb = 2\n")).fill == " 1"
    completer.document_changed(URI, [at("a = 1█\nb = 2\n")])
    accepted = ask(completer, "a = 1█\nb = 2\n")
    engine.go.set()
    assert (await accepted).fill == "\nc = 3"
    await engine.until_asked(3)
    assert [request.prompt.count("c = 3") for request in engine.asked] == [0, 0, 1]


async def test_typing_along_a_long_fill_leaves_what_is_ahead(
    speculating: Completer, engine: ManualEngine
) -> None:
    completer = speculating
    fill = " ".join(str(number) for number in range(TYPED))
    engine.texts = [f"'{fill}'\n", "\nb = 2\n\n"]
    engine.hold = [False, True]
    engine.go.set()
    await ask(completer, "a = █\n")
    await engine.until_asked(2)
    for typed in range(0, len(fill), 20):
        text = f"a = '{fill[:typed]}█\n"
        completer.document_changed(URI, [at(text)])
        assert (await ask(completer, text)).fill == f"{fill[typed:]}'"
    assert (engine.closed_early, len(engine.asked)) == (0, 2)


async def test_inside_of_a_word_only_what_was_begun_is_shown(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.texts = ["c = 1\n"]
    engine.go.set()
    assert (await ask(completer, "a = 0\n█b = 2\n")).fill == "c = 1\n"
    answer = await ask(completer, "a = 0\nc█b = 2\n")
    assert (answer.reason, answer.fill) == ("recalled", " = 1\n")
    assert (await ask(completer, "a = 0\nd█b = 2\n")).reason == "mid word"
    assert len(engine.asked) == 1


async def test_what_is_ahead_ends_when_something_else_is_typed(
    speculating: Completer, engine: ManualEngine
) -> None:
    completer = speculating
    engine.texts = ["a = 1\n", "\nc = 3\n\n"]
    engine.hold = [False, True]
    engine.go.set()
    assert (await ask(completer, "█\nb = 2\n")).fill == "a = 1"
    await engine.until_asked(2)
    completer.document_changed(URI, [at("x█\nb = 2\n")])
    async with asyncio.timeout(5):
        while engine.running:
            await asyncio.sleep(0)


async def test_nobody_speculates_on_a_speculation(
    speculating: Completer, engine: ManualEngine
) -> None:
    completer = speculating
    engine.text = " + 1\n"
    engine.go.set()
    await ask(completer, "a = 1█\n")
    await engine.until_asked(2)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(engine.asked) == 2


async def test_accepting_leaves_what_is_ahead(speculating: Completer, engine: ManualEngine) -> None:
    completer = speculating
    engine.texts = ["a = 1\n", "\nc = 3\n\n"]
    engine.go.set()
    answer = await ask(completer, "█\nb = 2\n")
    engine.go.clear()
    await engine.until_asked(2)
    completer.document_changed(URI, [at("a = 1█\nb = 2\n")])
    completer.accept(answer.offers[0].number)
    accepted = ask(completer, "a = 1█\nb = 2\n")
    completer.accept(answer.offers[0].number)
    engine.go.set()
    assert (await accepted).fill == "\nc = 3"
    assert engine.closed_early == 0
    assert (completer.offers.shown, completer.offers.accepted) == (2, 1)


@pytest.mark.parametrize("changed_first", [True, False])
async def test_accepting_asks_for_what_comes_after_if_nobody_has(
    speculating: Completer, engine: ManualEngine, changed_first: bool
) -> None:
    completer = speculating
    engine.texts = ["a = 1\n", "\nc = 3\n\n", "\nd = 4\n\n"]
    engine.hold = [False, True]
    engine.go.set()
    answer = await ask(completer, "█\nb = 2\n")
    await engine.until_asked(2)
    completer.document_changed(URI, [at("x█\nb = 2\n")])
    if changed_first:
        completer.document_changed(URI, [at("a = 1█\nb = 2\n")])
    completer.accept(answer.offers[0].number)
    completer.document_changed(URI, [at("a = 1█\nb = 2\n")])
    await engine.until_asked(3)
    assert (await ask(completer, "a = 1█\nb = 2\n")).fill == "\nd = 4"
    assert engine.asked[2].prompt.endswith("a = 1")


async def test_accepting_while_off_asks_for_nothing(
    speculating: Completer, engine: ManualEngine
) -> None:
    completer = speculating
    engine.text = "a = 1\n"
    engine.go.set()
    answer = await ask(completer, "█\nb = 2\n")
    completer.document_changed(URI, [at("y█\nb = 2\n")])
    completer.in_force.settings = replace(SETTINGS, enabled=False)
    asked = len(engine.asked)
    completer.accept(answer.offers[0].number)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(engine.asked) == asked


async def test_a_prompt_keeps_its_first_line_while_it_serves(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.go.set()
    engine.text = "x\n"
    lines = [f"value_{number} = compute({number})\n" for number in range(300)]
    for number in range(200, 206):
        await ask(completer, "".join(lines[:number]) + "y = █\n" + "z\n")
    starts = {request.prompt.partition("<|fim_middle|>")[2][:12] for request in engine.asked}
    assert len(engine.asked) == 6
    assert len(starts) == 1


@pytest.mark.parametrize(("typed", "answered_after"), [(False, 0.65), (True, 1.0)])
@pytest.mark.looptime(start=0)
async def test_an_editor_that_gives_up_gets_the_whole_lines_before(
    completer: Completer, engine: ManualEngine, typed: bool, answered_after: float
) -> None:
    for number in range(2):
        asked = ask(completer, f"a{number} = █\nz\n")
        await asyncio.sleep(0.75)
        if typed:
            # Then it is the next key that has ended the request, not the time.
            completer.document_changed(URI, [at(f"a{number} = 1█\nz\n")])
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
    engine.text, engine.delay = "if a:\n    b\n" + "    c\n" * 9, 0.2
    started = asyncio.get_running_loop().time()
    assert await ask(completer, "█")
    assert asyncio.get_running_loop().time() - started == pytest.approx(answered_after)


async def test_other_settings_of_fills_may_mend_a_problem(engine: ManualEngine) -> None:
    told: list[str] = []
    status = Status(lambda state, message: told.append(state))

    async def connect(_: Settings) -> Engine:
        return engine

    completer = Completer(connect, SETTINGS, status=status)
    status.begin()
    engine.error = CannotInsert("It can't.", 'Set "mode" to "plain".')
    engine.go.set()
    assert (await ask(completer, "[█]\n")).reason == "cannot insert"
    assert told[-1] == "problem"
    assert not await completer.reconfigure(replace(SETTINGS, mode="plain"))
    engine.error = None
    assert (await ask(completer, "[█]\n")).reason == "fill"
    assert told.count("problem") == 1
    await completer.aclose()
    status.end()


@pytest.mark.looptime
async def test_an_editor_that_waits_longer_after_all_is_given_its_time_again(
    completer: Completer, engine: ManualEngine
) -> None:
    for number in range(2):
        asked = ask(completer, f"a{number} = █\nz\n")
        await asyncio.sleep(0.6)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)

    async def answered_after(delay: float, text: str) -> float:
        engine.text, engine.delay = "if a:\n    b\n" + "    c\n" * 9, delay
        started = asyncio.get_running_loop().time()
        assert (await ask(completer, text)).fill
        return asyncio.get_running_loop().time() - started

    # The limit holds; then nothing is there in time, and the editor waits nevertheless.
    assert await answered_after(0.15, "█") == pytest.approx(0.5)
    assert await answered_after(0.4, "b = 2\n\n█") == pytest.approx(1.2)
    assert await answered_after(0.15, "c = 3\n\n█") == pytest.approx(1.0)


@pytest.mark.parametrize("change", [{"log": "debug"}, {"debounce_ms": 5}, {"latency_ms": 500}])
async def test_settings_that_change_no_fill_leave_everything(
    completer: Completer, engine: ManualEngine, change: dict[str, Any]
) -> None:
    engine.go.set()
    await ask(completer, "[█]\n")
    engine.go.clear()
    asked = ask(completer, "other = [█]\n")
    await engine.until_asked(2)
    assert not await completer.reconfigure(replace(SETTINGS, **change))
    assert engine.closed == 0
    assert (await ask(completer, "[█]\n")).reason == "recalled"
    assert (await asked).reason == "superseded"


async def test_new_settings_forget_what_was_computed(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.go.set()
    await ask(completer, "[█]\n")
    await completer.reconfigure(replace(SETTINGS, temperature=0.0))
    await ask(completer, "[█]\n")
    assert [request.temperature for request in engine.asked] == [0.2, 0.0]


async def test_an_explanation_has_none_of_the_code(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.go.set()
    answer = await ask(completer, "[█].pop()\n")
    explained = answer.explain()
    assert explained["reason"] == "fill"
    assert explained["filters"] == ["bracket"]
    assert "for" not in str(explained)


# Candidates


def texts(answer: Answer) -> list[str]:
    return [offer.text for offer in answer.offers]


async def test_asking_by_hand_brings_three_different_fills(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.texts = ["a]\n", "a ]\n", "b]\n", "", "c + d]\n", "never]\n"]
    engine.go.set()
    answer = await ask(completer, "[█]\n", manual=True)
    assert (answer.reason, texts(answer)) == ("fill", ["a", "b", "c + d"])
    assert [request.temperature for request in engine.asked] == [0.2, 0.8, 0.8, 0.8, 0.8]
    assert len({request.seed for request in engine.asked}) == 5
    assert len({request.prompt for request in engine.asked}) == 1
    # From now on all of them are known.
    again = await ask(completer, "[█]\n", manual=True)
    assert (again.reason, texts(again)) == ("recalled", ["a", "b", "c + d"])
    assert texts(await ask(completer, "[█]\n")) == ["a"]
    assert texts(await ask(completer, "[c +█]\n")) == [" d"]
    assert len(engine.asked) == 5


async def test_the_first_is_the_automatic_answer_if_that_is_known(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.texts = ["a]\n", "b]\n", "a]\n", "c]\n"]
    engine.go.set()
    await ask(completer, "[█]\n")
    assert texts(await ask(completer, "[█]\n", manual=True)) == ["a", "b", "c"]
    assert len(engine.asked) == 4


async def test_the_first_is_the_one_that_runs_already(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.texts = ["a]\n", "b]\n", "c]\n"]
    older = ask(completer, "[█]\n")
    await engine.until_asked(1)
    newer = ask(completer, "[█]\n", manual=True)
    assert (await older).reason == "superseded"
    engine.go.set()
    assert texts(await newer) == ["a", "b", "c"]
    assert len(engine.asked) == 3


async def test_where_only_one_fill_makes_sense_the_draws_end(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.go.set()
    assert texts(await ask(completer, "[█]\n", manual=True)) == ["x for x in xs"]
    assert len(engine.asked) == DRAWS
    # Who asks again gets other draws.
    await ask(completer, "[█]\n", manual=True)
    seeds = [request.seed for request in engine.asked]
    assert len(set(seeds)) == len(seeds) == 2 * DRAWS - 1


async def test_where_the_automatic_answer_is_nothing_the_first_that_is_shown_takes_its_place(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.texts = ["\n\n", "\n\n", "b]\n"]
    engine.text = "\n\n"
    engine.go.set()
    assert texts(await ask(completer, "[█]\n", manual=True)) == ["b"]
    assert texts(await ask(completer, "[█]\n")) == ["b"]


@pytest.mark.looptime(start=0)
async def test_candidates_take_only_so_long(completer: Completer, engine: ManualEngine) -> None:
    engine.texts = ["a]\n", "b]\n"]
    engine.delay = CANDIDATES_WAIT * 0.4
    asked = ask(completer, "[█]\n", manual=True)
    answer = await asked
    assert texts(answer) == ["a", "b"]
    assert asyncio.get_running_loop().time() == pytest.approx(CANDIDATES_WAIT)
    await asyncio.sleep(0)
    assert engine.closed_early == 1


@pytest.mark.looptime(start=0)
async def test_a_first_fill_that_takes_longer_comes_alone(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.delay = CANDIDATES_WAIT * 1.5
    assert texts(await ask(completer, "[█]\n", manual=True)) == ["x for x in xs"]
    assert len(engine.asked) == 1


async def until_candidate(engine: ManualEngine, number: int) -> None:
    """Let the engine write until it is asked for this candidate, and hold it there."""
    engine.hold = [False] * (number - 1) + [True]
    engine.go.set()
    await engine.until_asked(number)


async def test_a_change_of_the_document_ends_the_draws(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.texts = ["a]\n", "b]\n", "c]\n"]
    asked = ask(completer, "[█]\n", manual=True)
    await until_candidate(engine, 3)
    completer.document_changed("file:///other.py", [at("x█")])
    assert not asked.done()
    completer.document_changed(URI, [at("[x█]\n")])
    assert texts(await asked) == ["a", "b"]
    assert engine.running == 0


async def test_a_newer_request_ends_the_draws(completer: Completer, engine: ManualEngine) -> None:
    engine.texts = ["a]\n", "b]\n", "c]\n"]
    asked = ask(completer, "[█]\n", manual=True)
    await until_candidate(engine, 2)
    newer = await ask(completer, "[█]\n")
    assert (await asked).reason == "superseded"
    assert (newer.reason, texts(newer)) == ("recalled", ["a"])
    for _ in range(5):
        await asyncio.sleep(0)
    assert engine.running == 0
    assert len(engine.asked) == 2


@pytest.mark.parametrize("text", ["[na█me]\n", "other = [█]\n"])
async def test_a_newer_request_elsewhere_ends_the_draws(
    completer: Completer, engine: ManualEngine, text: str
) -> None:
    asked = ask(completer, "[█]\n", manual=True)
    await until_candidate(engine, 2)
    newer = await ask(completer, text)
    assert (await asked).reason == "superseded"
    assert newer.reason in ("mid word", "fill")
    assert engine.closed_early == 1


async def test_cancelling_ends_the_draws_at_once(
    completer: Completer, engine: ManualEngine
) -> None:
    asked = ask(completer, "[█]\n", manual=True)
    await until_candidate(engine, 2)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await asyncio.sleep(0)
    assert engine.running == 0


async def test_an_error_after_the_first_leaves_what_there_is(
    completer: Completer, engine: ManualEngine
) -> None:
    asked = ask(completer, "[█]\n", manual=True)
    await engine.until_asked(1)
    engine.errors = [None, BadAnswer("broke off")]
    engine.go.set()
    answer = await asked
    assert (answer.reason, texts(answer), answer.error) == ("fill", ["x for x in xs"], None)
    engine.errors = [BadAnswer("broke off")]
    answer = await ask(completer, "a = [█]\n", manual=True)
    assert (answer.reason, texts(answer)) == ("bad answer", [])


async def test_what_comes_after_the_first_is_asked_for_while_they_are_shown(
    speculating: Completer, engine: ManualEngine
) -> None:
    completer = speculating
    engine.texts = ["a = 1\n", "b = 2\n", "c = 3\n", "\nd = 4\n\n", "\ne = 5\n\n"]
    engine.hold = [False, False, False, True]
    engine.go.set()
    answer = await ask(completer, "█\nz = 0\n", manual=True)
    assert texts(answer) == ["a = 1", "b = 2", "c = 3"]
    await engine.until_asked(4)
    assert engine.asked[3].prompt.endswith("a = 1")
    assert engine.asked[3].temperature == 0.2
    # Another one is accepted.
    completer.document_changed(URI, [at("b = 2█\nz = 0\n")])
    completer.accept(answer.offers[1].number)
    await engine.until_asked(5)
    assert engine.asked[4].prompt.endswith("b = 2")
    assert texts(await ask(completer, "b = 2█\nz = 0\n")) == ["\ne = 5"]


# On sockets: the simulated Ollama sees what the engine would see.


async def test_superseding_closes_the_call_before_the_next(ollama: FakeOllama) -> None:
    completer = Completer(connect, replace(SETTINGS, url=ollama.url))
    ollama.gate.clear()
    older = ask(completer, "[█]\n")
    await ollama.until(lambda: len(ollama.generations) == 1)
    newer = ask(completer, "other = [█]\n")
    assert (await older).reason == "superseded"
    await ollama.until(lambda: len(ollama.generations) == 2)
    ollama.gate.set()
    assert (await newer).reason == "fill"
    assert ollama.generations[0].state == "cancelled"
    await completer.aclose()
    assert ollama.most_at_once == 1


async def test_the_stream_is_closed_when_the_fill_is_complete(ollama: FakeOllama) -> None:
    completer = Completer(connect, replace(SETTINGS, url=ollama.url))
    ollama.fill = "x] and much more"
    ollama.piece_gate.clear()
    answer = await ask(completer, "[█].pop()\n")
    assert answer.fill == "x"
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")
    assert ollama.generations[0].sent == 1
    await completer.aclose()


async def test_an_engine_that_comes_back_is_noticed(ollama: FakeOllama) -> None:
    completer = Completer(connect, replace(SETTINGS, engine="ollama", url=ollama.url))
    await ollama.stop()
    assert isinstance((await ask(completer, "[█]\n")).error, NotRunning)
    await ollama.start(ollama.port)
    assert (await ask(completer, "[█]\n")).reason == "fill"
    await completer.aclose()


async def test_three_thousand_cancels_leak_nothing(ollama: FakeOllama) -> None:
    completer = Completer(connect, replace(SETTINGS, url=ollama.url))
    await completer.connection.warm()
    await ask(completer, "[█]\n")
    sockets, tasks = len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())
    for number in range(3_000):
        asked = ask(completer, f"a{number} = [█]\n")
        # Every step of connecting, sending and reading is cut somewhere.
        for _ in range(number % 60):
            await asyncio.sleep(0)
        asked.cancel()
    await completer.aclose()
    await asyncio.gather(asked, return_exceptions=True)
    await ollama.until(lambda: all(call.ended.is_set() for call in ollama.calls))
    assert (await ask(completer, "b = [█]\n")).reason == "fill"
    assert ollama.most_at_once == 1
    await completer.aclose()
    assert len(asyncio.all_tasks()) <= tasks
    assert len(os.listdir("/proc/self/fd")) <= sockets


# What counts for a document


@pytest.mark.parametrize(
    "rules", [Rules(SETTINGS, "*.py"), Rules(replace(SETTINGS, enabled=False))]
)
async def test_typing_where_nothing_is_done_does_not_load_the_model(
    completer: Completer, engine: ManualEngine, rules: Rules
) -> None:
    engine.loaded = False
    completer.use(URI, rules)
    completer.document_changed(URI, [at("[x█]\n")])
    for _ in range(20):
        await asyncio.sleep(0)
    assert engine.loads == 0
    completer.use(URI, Rules(SETTINGS))
    completer.document_changed(URI, [at("[x█]\n")])
    for _ in range(20):
        await asyncio.sleep(0)
    assert engine.loads == 1


async def test_what_comes_after_a_fill_is_asked_for_by_the_documents_settings(
    speculating: Completer, engine: ManualEngine
) -> None:
    speculating.use(URI, Rules(replace(SETTINGS, max_tokens=7, multiline="never")))
    engine.go.set()
    answer = await ask(speculating, "[█]\n")
    await engine.until_asked(2)
    speculating.document_changed(URI, [at("y[█]\n")])
    speculating.accept(answer.offers[0].number)
    await engine.until_asked(3)
    manual = await ask(speculating, "z = [█]\n", manual=True)
    assert manual.fill
    assert {request.max_tokens for request in engine.asked} == {7}
    # Those of another document are everybody's.
    await ask(speculating, "w = [█]\n", "file:///b.py")
    assert engine.asked[-1].max_tokens == SETTINGS.max_tokens


async def test_what_was_shown_is_not_gone_on_with_once_it_is_excluded(
    speculating: Completer, engine: ManualEngine
) -> None:
    engine.hold = [False, True]
    engine.go.set()
    answer = await ask(speculating, "[█]\n")
    await engine.until_asked(2)
    assert engine.running == 1
    speculating.use(URI, Rules(SETTINGS, "*.py"))
    speculating.accept(answer.offers[0].number)
    for _ in range(20):
        await asyncio.sleep(0)
    assert (engine.running, len(engine.asked)) == (0, 2)


async def test_nothing_is_asked_behind_a_secret_that_the_model_wrote(
    speculating: Completer, engine: ManualEngine
) -> None:
    engine.text = "'ghp_q7Rf2kP9xLm4Zt8WvB3nHc6Yd'\n"
    engine.go.set()
    assert (await ask(speculating, "key = █\n")).fill
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(engine.asked) == 1


async def test_a_document_that_is_closed_has_everybodys_rules_again(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.go.set()
    completer.use(URI, Rules(SETTINGS, "*.py"))
    assert (await ask(completer, "[█]\n")).reason == "excluded"
    completer.close_document(URI)
    assert (await ask(completer, "[█]\n")).reason == "fill"


async def test_a_secret_in_the_cursors_line_is_asked_about_by_nobody(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.go.set()
    for manual in (False, True):
        answer = await ask(completer, "key = 'ghp_q7Rf2kP9xLm4Zt8WvB3n█'\n", manual=manual)
        assert (answer.reason, answer.offers) == ("secret", ())
    assert engine.asked == []
