"""What is shown of a fill to whom, on an engine that says how likely its tokens are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from completion.manual_engine import SETTINGS, URI, ManualEngine, ask
from holes import at
from infill_ls.completion.completer import Completer
from infill_ls.completion.pace import Pacing
from infill_ls.completion.policy import CANDIDATES_WAIT
from infill_ls.completion.recall import Recall
from infill_ls.completion.showing import Showing
from infill_ls.engines.engine import Engine
from infill_ls.project.rules import Rules
from infill_ls.settings import Settings

SURE, UNSURE = -0.001, -50.0
BLOCK = "if a:\n        b()\n        c()\n\n"
HOLE = "def f():\n    █\n"


def unsure_of(*words: str) -> Callable[[str], float]:
    """A model that is sure of all tokens but these."""
    return lambda token: UNSURE if token.strip() in words else SURE


def unsure(token: str) -> float:
    return UNSURE


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
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.looptime
async def test_a_sure_fill_is_shown_and_followed(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.logprob = unsure_of()
    answer = await ask(completer, "[█]\n")
    assert (answer.reason, answer.fill) == ("fill", "x for x in xs")
    assert answer.offers[0].judged is not None
    assert answer.explain()["confidence"]["chance"] > 0.9
    await engine.until_asked(2)


@pytest.mark.looptime
async def test_where_the_engine_does_not_tell_all_is_shown(
    completer: Completer, engine: ManualEngine
) -> None:
    answer = await ask(completer, "[█]\n")
    assert (answer.fill, answer.explain()["confidence"]) == ("x for x in xs", None)


@pytest.mark.looptime
async def test_who_asks_by_hand_is_shown_all(completer: Completer, engine: ManualEngine) -> None:
    engine.logprob, engine.text = unsure, BLOCK
    assert (await ask(completer, HOLE)).reason == "unsure"
    answer = await ask(completer, HOLE, manual=True)
    assert answer.fill == BLOCK.rstrip()
    assert answer.offers[0].judged is None
    # Nor does that make the model surer.
    assert (await ask(completer, HOLE)).reason == "unsure"


@pytest.mark.looptime
async def test_what_was_asked_for_by_hand_stays_while_it_is_typed(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.logprob, engine.text = unsure, BLOCK
    await ask(completer, HOLE, manual=True)
    answer = await ask(completer, "def f():\n    i█\n")
    assert (answer.reason, answer.fill) == ("recalled", "f a:\n        b()\n        c()")
    answer = await ask(completer, "def f():\n    if█\n")
    assert answer.fill == " a:\n        b()\n        c()"
    # What the user doesn't go on with is as unsure as before.
    assert (await ask(completer, HOLE)).reason == "unsure"


@pytest.mark.looptime
async def test_what_is_shown_stays_while_it_is_typed_though_the_place_is_less_sure(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.logprob, engine.text = lambda token: UNSURE if "c" in token else SURE, BLOCK
    shown = (await ask(completer, HOLE)).fill
    assert shown == "if a:\n        b()"
    completer.showing.shift = lambda kind, language: 1.0
    for typed in ("i", "if a", "if a:\n        "):
        answer = await ask(completer, f"def f():\n    {typed}█\n")
        assert typed + (answer.fill or "") == shown


@pytest.mark.looptime
async def test_it_stays_where_the_editor_has_closed_a_bracket(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.logprob, engine.text = unsure_of(), "f(a)\n"
    assert (await ask(completer, "█\n")).fill == "f(a)"
    completer.showing.shift = lambda kind, language: 1.0
    assert (await ask(completer, "f(█)\n")).fill == "a"


@pytest.mark.looptime
async def test_what_comes_after_a_fill_that_was_asked_for_by_hand_is_asked_for(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.logprob = unsure
    engine.go.clear()
    answer = ask(completer, "[█]\n", manual=True)
    await engine.started.wait()
    # There is no time for further candidates.
    await asyncio.sleep(CANDIDATES_WAIT + 1)
    engine.go.set()
    assert (await answer).fill == "x for x in xs"
    await engine.until_asked(2)
    # The last word is left to the model.
    assert engine.asked[1].prompt.endswith("[x for x in")


@pytest.mark.looptime
async def test_an_unsure_answer_says_how_sure_the_model_was(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.logprob = unsure
    answer = await ask(completer, "[█]\n")
    assert answer.why.startswith("The model wasn't sure enough of its fill (")
    assert answer.outcome is not None
    said = answer.explain()["confidence"]
    assert said["chance"] < said["threshold"]


@pytest.mark.looptime
async def test_what_is_typed_makes_the_rest_sure(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.text = "colour.of(item)]\n"
    engine.logprob = unsure_of("colour")
    assert (await ask(completer, "[█]\n")).reason == "unsure"
    await rest()
    answer = await ask(completer, "[colour█]\n")
    assert (answer.reason, answer.fill) == ("recalled", ".of(item)")
    # No call was made for it, but what comes after it is asked for by now.
    await engine.until_asked(2)
    assert "colour.of(item)" in engine.asked[1].prompt


@pytest.mark.looptime
async def test_a_fill_is_cut_after_its_last_sure_line(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.logprob = lambda token: UNSURE if "c" in token else SURE
    engine.text = "if a:\n        b\n        c\n\n"
    answer = await ask(completer, HOLE)
    assert answer.fill == "if a:\n        b"
    await rest()
    # What comes after it is known already.
    assert len(engine.asked) == 1
    completer.accept(answer.offers[0].number)
    assert (await ask(completer, "def f():\n    if a:\n        b█\n")).reason == "unsure"
    await rest()
    assert len(engine.asked) == 1


@pytest.mark.looptime
async def test_a_request_that_joins_is_judged_by_what_is_left(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.text = "colour.of(item)]\n"
    engine.logprob = unsure_of("colour")
    engine.go.clear()
    older = ask(completer, "[█]\n")
    await engine.started.wait()
    newer = ask(completer, "[colour█]\n")
    engine.go.set()
    assert (await older).reason == "superseded"
    assert (await newer).fill == ".of(item)"


@pytest.mark.looptime
@pytest.mark.parametrize(("logprob", "shown"), [(SURE, "if a:\n        b()"), (UNSURE, None)])
async def test_lines_that_are_shown_late_are_judged_too(
    completer: Completer, engine: ManualEngine, logprob: float, shown: str | None
) -> None:
    engine.text, engine.logprob = BLOCK, lambda _: logprob
    engine.delay = 0.7
    answer = await ask(completer, HOLE)
    assert answer.fill == shown
    assert answer.reason == ("fill" if shown else "unsure")


@pytest.mark.looptime
@pytest.mark.parametrize("logprob", [SURE, UNSURE])
async def test_a_call_of_which_lines_came_early_is_of_no_use_but_once(
    completer: Completer, engine: ManualEngine, logprob: float
) -> None:
    engine.text, engine.logprob = BLOCK, lambda _: logprob
    engine.delay = 0.7
    await ask(completer, HOLE)
    completer.document_changed(URI, [at("def f():\n    z█\n")])
    assert engine.running == 1
    await rest()
    assert engine.running == 0
    newer = ask(completer, "def f():\n    z█\n")
    await engine.until_asked(2)
    assert completer._pacing.misses == 1
    completer.turn(on=False)
    assert (await newer).reason == "disabled"


@pytest.mark.looptime
@pytest.mark.parametrize(("uri", "misses"), [(URI, 1), ("file:///b.py", 0)])
async def test_a_call_for_another_document_says_nothing_of_this_one(
    completer: Completer, engine: ManualEngine, uri: str, misses: int
) -> None:
    engine.go.clear()
    older = ask(completer, "[█]\n")
    await engine.until_asked(1)
    newer = asyncio.create_task(completer.complete(uri, at("z = [█]\n")))
    await engine.until_asked(2)
    assert completer._pacing.misses == misses
    engine.go.set()
    assert (await older).reason == "superseded"
    assert (await newer).reason == "fill"


@pytest.mark.looptime
async def test_the_setting_of_the_document_counts(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.logprob = unsure_of()
    completer.showing.shift = lambda kind, language: 0.0
    thresholds = []
    for eagerness in ("low", "high"):
        completer.use(URI, Rules(replace(SETTINGS, eagerness=eagerness)))
        answer = await ask(completer, "[█]\n")
        assert answer.judged is not None
        thresholds.append(answer.judged.threshold)
    assert thresholds[0] > thresholds[1]
    # What is known is no other fill for that.
    assert answer.reason == "recalled"


@pytest.mark.looptime
async def test_the_threshold_is_shifted(completer: Completer, engine: ManualEngine) -> None:
    engine.logprob = unsure_of()
    completer.showing.shift = lambda kind, language: 1.0
    answer = await ask(completer, "[█]\n")
    assert answer.reason == "unsure"
    assert answer.explain()["confidence"]["shift"] == 1.0


@pytest.mark.looptime
async def test_an_unsure_fill_that_nobody_waits_for_is_not_followed(
    completer: Completer, engine: ManualEngine
) -> None:
    engine.logprob = unsure
    engine.go.clear()
    task = ask(completer, "[█]\n")
    await engine.started.wait()
    task.cancel()
    engine.go.set()
    await rest()
    assert (engine.running, len(engine.asked)) == (0, 1)
    hole = at("[█]\n")
    assert completer.showing.judged((URI, hole), "x for x in xs").shown == ""


@pytest.mark.looptime
async def test_a_call_whose_fill_is_held_back_is_of_no_use(
    completer: Completer, engine: ManualEngine
) -> None:
    pacing, recall = Pacing(), Recall()
    showing = Showing(completer.offers, recall, pacing, completer.connection, completer.in_force)
    outcome = (await ask(completer, "[█]\n")).outcome
    place = (URI, at("a█\n"))
    showing.answer("fill", place, ["b"], manual=False, tokens=(), outcome=outcome)
    assert pacing.misses == 0
    completer.offers.file_for = lambda uri, hole, fill: "/lib/theirs.py"
    answer = showing.answer("fill", place, ["b"], manual=False, tokens=(), outcome=outcome)
    assert (answer.reason, pacing.misses) == ("recited", 1)
