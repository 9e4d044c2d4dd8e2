"""Each row of the table at the completer's head, in virtual time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from completion.manual_engine import SETTINGS, URI, ManualEngine, ask
from holes import at
from infill_ls.completion import completer as completer_module
from infill_ls.completion.answer import Answer
from infill_ls.completion.breaker import LONGEST_SILENCE
from infill_ls.completion.completer import Completer
from infill_ls.completion.policy import CANDIDATES_WAIT
from infill_ls.completion.slot import GRACE
from infill_ls.editors import AUTOMATIC_WAIT
from infill_ls.engines.engine import Engine
from infill_ls.engines.rates import Rates
from infill_ls.errors import BadAnswer, Stalled
from infill_ls.project.rules import Rules
from infill_ls.settings import Settings

ROWS = re.findall(r"^([a-i]\d)\s", completer_module.__doc__ or "", re.MULTILINE)


@dataclass
class Desk:
    """A completer and its engine, which writes ``x for x in xs`` once it may go."""

    engine: ManualEngine
    completer: Completer

    def ask(self, text: str, *, manual: bool = False) -> asyncio.Task[Answer]:
        return ask(self.completer, text, manual=manual)

    async def asked(self, text: str, *, manual: bool = False) -> asyncio.Task[Answer]:
        """Ask, and wait until the engine has heard of it."""
        calls = len(self.engine.asked)
        task = self.ask(text, manual=manual)
        await self.engine.until_asked(calls + 1)
        return task

    async def filled(self, text: str, *, manual: bool = False) -> Answer:
        """Ask, and get the fill."""
        self.engine.go.set()
        answer = await self.ask(text, manual=manual)
        await asyncio.sleep(0)
        self.engine.go.clear()
        assert answer.fill
        return answer

    def change(self, text: str) -> None:
        self.completer.document_changed(URI, [at(text)])

    async def rest(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


def unsure(token: str) -> float:
    """The logarithm of how likely a token is to a model that has no idea."""
    return -5.0


async def cancelled(task: asyncio.Task[Answer]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


Row = Callable[[Desk], Awaitable[None]]
SCENARIOS: dict[str, Row] = {}


def row(name: str) -> Callable[[Row], Row]:
    def note(scenario: Row) -> Row:
        assert name not in SCENARIOS
        SCENARIOS[name] = scenario
        return scenario

    return note


def test_the_table_has_a_scenario_for_each_row() -> None:
    assert sorted(SCENARIOS) == ROWS
    assert len(ROWS) > 20


@pytest.mark.looptime
@pytest.mark.parametrize("name", ROWS)
async def test_row(name: str) -> None:
    engine = ManualEngine()

    async def connect(_: Settings) -> Engine:
        return engine

    completer = Completer(connect, SETTINGS)
    await SCENARIOS[name](Desk(engine, completer))
    await completer.aclose()
    assert engine.most_at_once <= 1
    assert engine.running == 0


@row("a1")
async def another_request_supersedes_the_one_that_waits(desk: Desk) -> None:
    older = await desk.asked("[█]\n")
    desk.ask("other = [█]\n")
    assert (await older).reason == "superseded"


@row("a2")
async def a_refused_request_leaves_what_runs(desk: Desk) -> None:
    await desk.asked("[█]\n")
    assert (await desk.ask("na█me\n")).reason == "mid word"
    assert desk.engine.running == 1


@row("a3")
async def what_comes_after_a_remembered_fill_goes_on(desk: Desk) -> None:
    await desk.filled("[█]\n")
    await desk.engine.until_asked(2)
    assert (await desk.ask("[x for█]\n")).reason == "recalled"
    await desk.rest()
    assert (desk.engine.running, len(desk.engine.asked)) == (1, 2)


@row("a4")
async def what_is_for_another_place_makes_way_for_speculation(desk: Desk) -> None:
    await desk.filled("[█]\n")
    await desk.engine.until_asked(2)
    await desk.asked("other = [█]\n")
    assert (await desk.ask("[█]\n")).reason == "recalled"
    await desk.engine.until_asked(4)
    assert "x for x in" in desk.engine.asked[3].prompt


@row("a5")
async def a_request_that_agrees_joins(desk: Desk) -> None:
    await desk.asked("[█]\n")
    newer = desk.ask("[x f█]\n")
    await desk.rest()
    desk.engine.go.set()
    assert (await newer).fill == "or x in xs"


@row("a6")
async def a_request_for_another_place_closes_and_starts(desk: Desk) -> None:
    await desk.asked("[█]\n")
    await desk.asked("other = [█]\n")
    assert (desk.engine.closed_early, desk.engine.running) == (1, 1)


@row("a7")
async def an_engine_that_rests_is_not_asked_but_by_hand(desk: Desk) -> None:
    errors = [BadAnswer(f"broke off for the {count}. time") for count in range(1, 6)]
    desk.engine.errors = [*errors]
    desk.engine.go.set()
    for error in errors:
        assert (await desk.ask("[█]\n")).error is error
    started = asyncio.get_running_loop().time()
    answer = await desk.ask("[y█]\n")
    assert (answer.reason, answer.error) == ("bad answer", errors[-1])
    assert (asyncio.get_running_loop().time(), len(desk.engine.asked)) == (started, 5)
    assert (await desk.ask("[y█]\n", manual=True)).fill == "x for x in xs"
    # What memory has is shown in any case.
    desk.engine.errors = [BadAnswer("broke off")] * 9
    for _ in range(6):
        assert (await desk.ask("[z█]\n")).reason == "bad answer"
    assert len(desk.engine.errors) == 4
    assert (await desk.ask("[y█]\n")).reason == "recalled"


@row("a8")
async def of_what_memory_has_the_unsure_is_not_shown(desk: Desk) -> None:
    desk.engine.logprob = unsure
    await desk.filled("[█]\n", manual=True)
    calls = len(desk.engine.asked)
    answer = await desk.ask("[█]\n")
    assert (answer.reason, answer.offers) == ("unsure", ())
    await desk.rest()
    assert (desk.engine.running, len(desk.engine.asked)) == (0, calls)


@row("b1")
async def cancelling_closes_a_candidate_at_once(desk: Desk) -> None:
    desk.engine.hold = [False, True]
    desk.engine.go.set()
    asked = desk.ask("[█]\n", manual=True)
    await desk.engine.until_asked(2)
    await cancelled(asked)
    await desk.rest()
    assert desk.engine.running == 0


@row("b2")
async def cancelling_closes_any_other_after_the_grace(desk: Desk) -> None:
    await cancelled(await desk.asked("[█]\n"))
    await asyncio.sleep(GRACE * 0.9)
    assert desk.engine.running == 1
    await asyncio.sleep(GRACE * 0.2)
    assert desk.engine.running == 0


@row("c1")
async def a_change_ends_the_draws_for_who_waits(desk: Desk) -> None:
    desk.engine.hold = [False, True]
    desk.engine.go.set()
    asked = desk.ask("[█]\n", manual=True)
    await desk.engine.until_asked(2)
    desk.change("[y█]\n")
    assert [offer.fill for offer in (await asked).offers] == ["x for x in xs"]


@row("c2")
async def a_change_that_agrees_leaves_what_runs(desk: Desk) -> None:
    await cancelled(await desk.asked("[█]\n"))
    desk.change("[x█]\n")
    await desk.rest()
    assert desk.engine.running == 1


@row("c3")
async def a_change_that_disagrees_closes_what_runs(desk: Desk) -> None:
    desk.engine.pause_after_first = True
    desk.engine.go.set()
    asked = await desk.asked("[█]\n")
    await desk.engine.paused.wait()
    await cancelled(asked)
    desk.change("[y█]\n")
    await desk.rest()
    assert desk.engine.running == 0


@row("d1")
async def a_piece_that_disagrees_starts_anew_for_who_waits(desk: Desk) -> None:
    await desk.asked("[█]\n")
    newer = desk.ask("[y█]\n")
    await desk.rest()
    desk.engine.go.set()
    assert (await newer).reason == "fill"
    assert any(request.prompt.endswith("[y") for request in desk.engine.asked)


@row("d2")
async def who_is_late_gets_the_lines_that_come(desk: Desk) -> None:
    desk.engine.text, desk.engine.delay = "if a:\n    b\n    c\n    d\n", 0.6
    started = asyncio.get_running_loop().time()
    assert (await desk.ask("█")).fill == "if a:\n    b"
    # After 1.0 s, latencyMs, the first body line is whole with the piece that follows it.
    assert asyncio.get_running_loop().time() - started == pytest.approx(1.8)
    assert desk.engine.running == 1


@row("d3")
async def a_complete_fill_is_remembered_and_given(desk: Desk) -> None:
    assert (await desk.filled("[█]\n")).reason == "fill"
    assert (await desk.ask("[█]\n")).reason == "recalled"


@row("d4")
async def an_unsure_fill_is_remembered_and_not_shown(desk: Desk) -> None:
    desk.engine.logprob = unsure
    desk.engine.go.set()
    answer = await desk.ask("[█]\n")
    assert (answer.reason, answer.offers) == ("unsure", ())
    await desk.rest()
    # Nor is asked for what comes after it.
    assert (desk.engine.running, len(desk.engine.asked)) == (0, 1)
    assert (await desk.ask("[█]\n", manual=True)).fill == "x for x in xs"


@row("e1")
async def a_manual_request_gets_candidates(desk: Desk) -> None:
    desk.engine.texts = ["one]\n", "two]\n", "three]\n"]
    desk.engine.go.set()
    answer = await desk.ask("[█]\n", manual=True)
    assert [offer.fill for offer in answer.offers] == ["one", "two", "three"]
    assert len({request.seed for request in desk.engine.asked[:3]}) == 3


@row("e2")
async def what_comes_after_a_fill_is_asked_for(desk: Desk) -> None:
    await desk.filled("[█]\n")
    await desk.engine.until_asked(2)
    assert "x for x in" in desk.engine.asked[1].prompt


@row("e3")
async def a_failing_draw_leaves_what_there_is(desk: Desk) -> None:
    desk.engine.errors = [None, BadAnswer("broke off")]
    desk.engine.go.set()
    answer = await desk.ask("[█]\n", manual=True)
    assert (answer.reason, answer.fill) == ("fill", "x for x in xs")


@row("e4")
async def a_failing_call_is_the_answer(desk: Desk) -> None:
    desk.engine.errors = [BadAnswer("broke off")]
    desk.engine.go.set()
    answer = await desk.ask("[█]\n")
    assert (answer.reason, str(answer.error)) == ("bad answer", "broke off.")


@row("e5")
async def a_silent_call_is_one_that_has_failed(desk: Desk) -> None:
    desk.completer.connection.rates = Rates(read=100.0)
    asked = await desk.asked("[█]\n")
    assert (await asked).reason == "slow"
    await asyncio.sleep(LONGEST_SILENCE - AUTOMATIC_WAIT + 0.1)
    assert desk.engine.running == 0
    # It waits for the trial, which is as silent.
    earlier = desk.ask("[y█]\n")
    await asyncio.sleep(1.0)
    assert desk.engine.asked[-1].prompt == "a"
    assert isinstance((await desk.ask("[yy█]\n")).error, Stalled)
    assert (await earlier).reason == "superseded"


@row("f1")
async def the_latency_ends_with_the_lines_that_are_whole(desk: Desk) -> None:
    desk.engine.text, desk.engine.delay = "if a:\n    b\n    c\n    d\n", 0.3
    started = asyncio.get_running_loop().time()
    assert (await desk.ask("█")).fill == "if a:\n    b"
    assert asyncio.get_running_loop().time() - started == pytest.approx(1.0)


@row("f2")
async def the_patience_ends_and_the_call_goes_on(desk: Desk) -> None:
    started = asyncio.get_running_loop().time()
    assert (await desk.ask("[█]\n")).reason == "slow"
    assert asyncio.get_running_loop().time() - started == pytest.approx(AUTOMATIC_WAIT)
    assert desk.engine.running == 1


@row("f3")
async def the_draws_take_only_so_long(desk: Desk) -> None:
    desk.engine.hold = [False, True]
    desk.engine.go.set()
    started = asyncio.get_running_loop().time()
    assert (await desk.ask("[█]\n", manual=True)).fill == "x for x in xs"
    assert asyncio.get_running_loop().time() - started == pytest.approx(CANDIDATES_WAIT)
    await desk.rest()
    # Now what comes after the fill.
    assert "x for x in" in desk.engine.asked[-1].prompt


@row("g1")
async def accepting_leaves_who_waits(desk: Desk) -> None:
    answer = await desk.filled("[█]\n")
    await desk.engine.until_asked(2)
    await desk.asked("other = [█]\n")
    desk.completer.accept(answer.offers[0].number)
    await desk.rest()
    assert (desk.engine.running, len(desk.engine.asked)) == (1, 3)


@row("g2")
async def accepting_starts_what_comes_after(desk: Desk) -> None:
    answer = await desk.filled("[█]\n")
    await desk.engine.until_asked(2)
    desk.change("y[█]\n")
    await desk.rest()
    assert desk.engine.running == 0
    desk.completer.accept(answer.offers[0].number)
    await desk.engine.until_asked(3)
    assert "x for x in" in desk.engine.asked[2].prompt


@row("h1")
async def closing_a_document_closes_its_call(desk: Desk) -> None:
    asked = await desk.asked("[█]\n")
    desk.completer.close_document(URI)
    assert (await asked).reason == "closed"
    await desk.rest()
    assert desk.engine.running == 0


@row("h2")
async def other_engine_settings_end_what_is_in_flight(desk: Desk) -> None:
    asked = await desk.asked("[█]\n")
    assert await desk.completer.reconfigure(replace(SETTINGS, model="other"))
    assert (await asked).reason == "superseded"
    await desk.rest()
    assert desk.engine.running == 0


@row("h3")
async def turning_off_ends_what_is_in_flight(desk: Desk) -> None:
    asked = await desk.asked("[█]\n")
    desk.completer.turn(on=False)
    assert (await asked).reason == "disabled"
    await desk.rest()
    assert desk.engine.running == 0


@row("i1")
async def excluding_a_document_ends_and_forgets_all_of_it(desk: Desk) -> None:
    await desk.filled("[█]\n")
    asked = await desk.asked("other = [█]\n")
    desk.completer.use(URI, Rules(SETTINGS, "*.py"))
    assert (await asked).reason == "excluded"
    await desk.rest()
    assert desk.engine.running == 0
    refused = await desk.ask("[█]\n", manual=True)
    assert (refused.reason, refused.pattern) == ("excluded", "*.py")
    desk.change("[x█]\n")
    desk.completer.use(URI, Rules(SETTINGS))
    # What was remembered is not known any more.
    calls = len(desk.engine.asked)
    await desk.asked("[█]\n")
    assert len(desk.engine.asked) == calls + 1


@row("i2")
async def other_settings_of_a_document_end_what_is_in_flight_for_it(desk: Desk) -> None:
    await desk.filled("[█]\n")
    asked = await desk.asked("other = [█]\n")
    desk.completer.use("file:///b.py", Rules(replace(SETTINGS, max_tokens=7)))
    desk.completer.use(URI, Rules(replace(SETTINGS, debounce_ms=1)))
    assert not asked.done()
    desk.completer.use(URI, Rules(replace(SETTINGS, max_tokens=7)))
    assert (await asked).reason == "superseded"
    await desk.rest()
    assert desk.engine.running == 0
    await desk.asked("[█]\n")
    assert desk.engine.asked[-1].max_tokens == 7


@row("i3")
async def turning_off_for_a_document_ends_what_is_in_flight_for_it(desk: Desk) -> None:
    asked = await desk.asked("[█]\n")
    off = Rules(replace(SETTINGS, enabled=False))
    desk.completer.use("file:///b.py", off)
    assert not asked.done()
    desk.completer.use(URI, off)
    assert (await asked).reason == "disabled"
    await desk.rest()
    assert desk.engine.running == 0
    # By hand it is asked all the same, and typing leaves that alone.
    by_hand = await desk.asked("[█]\n", manual=True)
    desk.completer.use(URI, off)
    desk.engine.go.set()
    assert (await by_hand).fill


@row("i4")
async def what_follows_the_cursor_does_not_follow_it_into_a_secret(desk: Desk) -> None:
    desk.completer.use(URI, Rules(replace(SETTINGS, debounce_ms=1000)))
    asked = desk.ask("key = 'ghp_q7Rf2kP9xLm4Zt8WvB3█'\n")
    await desk.rest()
    await cancelled(asked)
    desk.change("key = 'ghp_q7Rf2kP9xLm4Zt8WvB3n█'\n")
    await asyncio.sleep(GRACE * 0.9)
    assert desk.completer._slot.running is None
    assert desk.engine.asked == []
