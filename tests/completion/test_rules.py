"""The completer's rules hold whatever an editor and an engine do, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import looptime
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.completion.answer import Answer
from infill_ls.completion.completer import Completer
from infill_ls.engines.engine import Chunk, Engine
from infill_ls.errors import BadAnswer
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole
from ready_engine import ReadyEngine

TARGET = "value = compute(one, two)\nother = value + 1\nthird = 3\n"


@dataclass
class Engine_(ReadyEngine):
    """Writes the target, or something else if it is asked for another place; fails if told to."""

    name: str = "ollama"
    right: bool = True
    failing: bool = False
    running: int = 0
    most_at_once: int = 0
    prompts: list[str] = field(default_factory=list)

    async def describe(self) -> Model:
        return Model("qwen2.5-coder:1.5b")

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        self.prompts.append(request.prompt)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await asyncio.sleep(0.3)
            if self.failing:
                raise BadAnswer("broke off")
            typed = request.prompt.partition("<|fim_middle|>")[2]
            right = self.right and TARGET.startswith(typed)
            for char in TARGET[len(typed) :] if right else "wrong()\n\n":
                await asyncio.sleep(0.05)
                yield Chunk(char)
            yield Chunk("", stop_reason="stop")
        finally:
            self.running -= 1


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("type"), st.sampled_from(["right", "wrong", "back", "accept"])),
        st.tuples(st.just("ask"), st.booleans()),
        st.tuples(st.just("ask elsewhere"), st.booleans()),
        st.tuples(st.just("cancel"), st.integers(0, 3)),
        st.tuples(st.just("close"), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 0.05, 0.4, 2.0, 40.0])),
        st.tuples(st.just("engine"), st.sampled_from(["right", "wrong", "failing"])),
    ),
    max_size=25,
)


@given(EVENTS)
def test_whatever_happens(events: list[tuple[str, object]]) -> None:
    loop = looptime.new_event_loop(start=0)
    try:
        loop.run_until_complete(play(events))
    finally:
        loop.close()


async def play(events: list[tuple[str, object]]) -> None:
    engine = Engine_()

    async def connect(_: Settings) -> Engine:
        return engine

    completer = Completer(connect, Settings(headers={}, debounce_ms=0))
    typed, shown = "", ""
    asked: list[asyncio.Task[Answer]] = []
    answered: list[int] = []

    def ask(uri: str, text: str, manual: bool) -> None:
        number = len(asked)
        task = asyncio.create_task(completer.complete(uri, Hole(text, "\n"), manual=manual))
        task.add_done_callback(
            lambda task: (
                answered.append(number) if not task.cancelled() and task.result().fill else None
            )
        )
        asked.append(task)

    for kind, what in events:
        if kind == "type":
            right = TARGET[len(typed) : len(typed) + 1]
            typed = {
                "right": typed + right,
                "wrong": typed + "q",
                "back": typed[:-1],
                "accept": typed + shown,
            }[str(what)]
            shown = ""
            completer.document_changed("file:///a", [Hole(typed, "\n")])
        elif kind.startswith("ask"):
            ask("file:///b" if "elsewhere" in kind else "file:///a", typed, bool(what))
        elif kind == "cancel" and asked:
            asked[-1 - int(str(what)) % len(asked)].cancel()
        elif kind == "close":
            completer.close_document("file:///a")
        elif kind == "wait":
            await asyncio.sleep(float(str(what)))
        elif kind == "engine":
            engine.right, engine.failing = what == "right", what == "failing"
        for _ in range(4):
            await asyncio.sleep(0)
        # Whoever asked before the newest has been told so at once.
        assert all(task.done() for task in asked[:-1])
        if asked and asked[-1].done() and not asked[-1].cancelled():
            shown = asked[-1].result().fill or ""
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*asked, return_exceptions=True)
    # Every request has exactly one answer, and at most the protocol's error for a cancelled one.
    assert all(isinstance(one, Answer | asyncio.CancelledError) for one in answers)
    # Nothing older is shown after something newer.
    assert answered == sorted(answered)
    assert engine.most_at_once <= 1
    await completer.aclose()
    assert engine.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
