"""A menu's request that waits while the user types on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from holes import at
from infill_ls.completion.answer import Answer
from infill_ls.completion.offers import Offer, Offers
from infill_ls.editors import AUTOMATIC_WAIT
from infill_ls.lsp.menu import TYPING_PAUSE, Menu, word_before
from infill_ls.text.hole import Hole

URI = "file:///project/main.py"
ASKED = at("x = so█\n")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", ""),
        ("x = ", ""),
        ("x = so_1", "so_1"),
        ("x.häu", "häu"),
        ("漢字", "漢字"),
        ("a" * 500_000 + " ", ""),
    ],
)
def test_the_word_before_the_cursor(text: str, word: str) -> None:
    assert word_before(text) == word


def offer(hole: Hole, fill: str) -> Offer:
    (made,) = Offers().make(URI, hole, [fill])
    return made


class Engine:
    """Goes on with a text, after ``seconds``; ``asked`` has the holes."""

    def __init__(self, text: str = "x = sorted(xs)", seconds: float = 1.0) -> None:
        self.text = text
        self.seconds = seconds
        self.asked: list[Hole] = []

    async def complete(self, hole: Hole) -> Answer:
        self.asked.append(hole)
        await asyncio.sleep(self.seconds)
        if not self.text.startswith(hole.prefix) or hole.prefix == self.text:
            return Answer("nothing")
        return Answer("fill", (offer(hole, self.text.removeprefix(hole.prefix)),))


async def offered(
    menu: Menu, complete: Callable[[Hole], Awaitable[Answer]], *typed: tuple[float, str]
) -> str | None:
    """What the menu shows where it was asked for, while this is typed, each after so many s."""

    async def type_it() -> None:
        for seconds, text in typed:
            await asyncio.sleep(seconds)
            menu.follow([at(text)])

    typing = asyncio.create_task(type_it())
    found = await menu.offer(complete, lambda: True)
    typing.cancel()
    return None if found is None else menu.whole(found)


@pytest.mark.looptime
async def test_without_another_key_it_is_the_fill() -> None:
    engine = Engine()
    assert await offered(Menu(URI, ASKED), engine.complete) == "rted(xs)"
    assert engine.asked == [ASKED]


@pytest.mark.looptime
async def test_nothing() -> None:
    assert await offered(Menu(URI, ASKED), Engine("y").complete) is None


@pytest.mark.looptime
async def test_what_agrees_with_what_is_typed_meanwhile_is_not_asked_for_again() -> None:
    engine = Engine(seconds=0.6 + TYPING_PAUSE / 2)
    menu = Menu(URI, ASKED)
    typed = (0.5, "x = sor█\n"), (0.1, "x = sort█\n")
    assert await offered(menu, engine.complete, *typed) == "rted(xs)"
    assert engine.asked == [ASKED]


@pytest.mark.looptime
async def test_what_is_typed_meanwhile_is_asked_for_after_a_pause() -> None:
    engine = Engine("x = source(xs)")
    menu = Menu(URI, ASKED)
    loop = asyncio.get_running_loop()
    began = loop.time()
    typed = (0.5, "x = sou█\n"), (0.1, "x = sour█\n")
    assert await offered(menu, engine.complete, *typed) == "urce(xs)"
    assert [hole.prefix for hole in engine.asked] == ["x = so", "x = sour"]
    assert loop.time() - began == pytest.approx(0.6 + TYPING_PAUSE + 1.0, abs=0.25)


@pytest.mark.looptime
@pytest.mark.parametrize(("seconds", "pause"), [(100.0, 3.0), (0.5, 0.15)], ids=["slow", "fast"])
async def test_whoever_types_on_in_a_word_is_answered_in_time_all_the_same(
    seconds: float, pause: float
) -> None:
    engine = Engine("never what is typed", seconds)
    loop = asyncio.get_running_loop()
    began = loop.time()
    typed = [(pause, f"x = so{'o' * count}█\n") for count in range(1, 200)]
    assert await offered(Menu(URI, ASKED), engine.complete, *typed) is None
    assert loop.time() - began == pytest.approx(AUTOMATIC_WAIT, abs=0.01)


@pytest.mark.looptime
async def test_a_fill_that_comes_while_something_else_is_typed_waits_for_the_pause() -> None:
    menu = Menu(URI, ASKED)
    asked: list[str] = []

    async def complete(hole: Hole) -> Answer:
        asked.append(hole.prefix)
        # The first is there before the pause, and disagrees with what was typed.
        await asyncio.sleep(0.55)
        return Answer("fill", (offer(hole, "rted(xs)" if hole == ASKED else "rce(xs)"),))

    assert await offered(menu, complete, (0.5, "x = sou█\n")) == "urce(xs)"
    assert asked == ["x = so", "x = sou"]


@pytest.mark.looptime
async def test_what_disagrees_is_asked_for_anew() -> None:
    asked: list[str] = []

    async def complete(hole: Hole) -> Answer:
        asked.append(hole.prefix)
        text = "rted(xs)" if hole == ASKED else "rce(xs)"
        return Answer("fill", (offer(hole, text),))

    menu = Menu(URI, ASKED)
    menu.follow([at("x = sou█\n")])
    assert await offered(menu, complete) == "urce(xs)"
    assert asked == ["x = sou"]


@pytest.mark.looptime
@pytest.mark.parametrize("typed", ["x = so █\n", "x = so\n█\n", "y█\n", "x = s█\n"])
async def test_once_the_word_has_ended_it_comes_too_late(typed: str) -> None:
    engine = Engine()
    menu = Menu(URI, ASKED)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await offered(menu, engine.complete, (0.5, typed)) is None
    assert menu.now is None
    assert loop.time() - began < 1.0


@pytest.mark.looptime
async def test_a_menu_that_another_has_taken_the_place_of() -> None:
    engine = Engine()
    menu = Menu(URI, ASKED)
    assert await menu.offer(engine.complete, lambda: not engine.asked) is not None
    engine = Engine("y")
    assert await menu.offer(engine.complete, lambda: not engine.asked) is None
    assert await menu.offer(engine.complete, lambda: False) is None
    assert len(engine.asked) == 1


def test_what_is_typed_in_full_is_no_offer() -> None:
    menu = Menu(URI, ASKED)
    made = offer(ASKED, "rted")
    assert menu.fits(made)
    menu.follow([at("x = sorted█\n")])
    assert not menu.fits(made)
    menu.follow([at("x = son█\n")])
    assert not menu.fits(made)
    menu.follow([at("x = so█\n")])
    assert menu.fits(made)


@pytest.mark.looptime
async def test_however_long_somebody_types_on_it_takes_no_longer() -> None:
    engine = Engine("x = sorted(xs)", 7.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    keys = [(0.1, "x = sor█\n"), (3.0, "x = sort█\n"), (3.0, "x = sorte█\n")]
    assert await offered(Menu(URI, ASKED), engine.complete, *keys) is None
    assert loop.time() - began == pytest.approx(AUTOMATIC_WAIT)


@pytest.mark.looptime
async def test_who_types_without_a_pause_waits_no_longer() -> None:
    """What came is no longer right, and the pause after which it is asked for anew never comes."""
    engine = Engine("something else", 7.9)
    loop = asyncio.get_running_loop()
    began = loop.time()
    word = "x = so" + "r" * 99
    keys = [(0.1, f"{word[: 6 + number]}█\n") for number in range(1, 99)]
    assert await offered(Menu(URI, ASKED), engine.complete, *keys) is None
    assert loop.time() - began == pytest.approx(AUTOMATIC_WAIT)
