"""The policies of others: what they show the model, when they ask and when they stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import TypeVar

import looptime
import pytest

from bench.peers import POLICIES, Moment, Peer, Policy
from bench.simulated_engine import PROFILES, Profile, SimulatedEngine
from bench.world import pieces
from holes import at
from infill_ls.completion.answer import Answer
from infill_ls.text.hole import Hole, between

T = TypeVar("T")
URI = "file:///a.py"
ABOVE = "".join(f"line_{number} = {number}\n" for number in range(600))
BELOW = "".join(f"\nbelow_{number} = {number}" for number in range(600))


def policy(name: str) -> Policy:
    return next(one for one in POLICIES if one.name == name)


def in_virtual_time(action: Callable[[], Coroutine[None, None, T]]) -> T:
    def loop() -> asyncio.AbstractEventLoop:
        return looptime.new_event_loop(start=0, noop_cycles=0)

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(action())


def window(name: str) -> tuple[str, str, str]:
    return policy(name).window(between(ABOVE + "x = ", BELOW, "python"))


def test_llm_ls_counts_bytes_for_tokens() -> None:
    before, after, line = window("llm.nvim")
    assert not line
    assert before.endswith("\nx = ")
    assert 980 <= len(before) + len(after) <= 1021
    assert before.startswith("line_")
    assert after.endswith("\n")


def test_llama_server_takes_three_quarters_of_a_batch_and_one() -> None:
    before, after, line = window("llama.vim")
    assert line == "x = "
    assert len(pieces(before)) == pytest.approx(768, abs=2)
    assert len(pieces(after)) == pytest.approx(256 - 2 - len(pieces(line)), abs=2)
    assert (before + line).endswith("\nx = ")


def test_llama_vim_in_the_first_line() -> None:
    assert policy("llama.vim").window(at("x = █\n")) == ("", "\n", "x = ")


def test_continue_takes_whole_lines() -> None:
    before, after, _ = window("Continue")
    assert 290 <= len(pieces(before)) <= 307
    assert 190 <= len(pieces(after)) <= 204
    assert before.startswith("line_")
    assert not after.endswith("\n")


def test_tabby_takes_twenty_lines() -> None:
    before, after, _ = window("tabby-agent")
    assert before.count("\n") == 19
    assert before.startswith("line_")
    assert after.count("\n") == 20


def test_tabby_waits_less_where_somebody_waits() -> None:
    gaps = [0.1] * 30

    def wait(before: str, after: str, answers: tuple[float, ...] = ()) -> float:
        return policy("tabby-agent").debounce(Moment(gaps, answers, before, after))

    assert wait("(", "\nx") < wait("a", "\nx") < wait("a", "b")
    assert wait("a", "b", (0.1,)) < wait("a", "b")
    assert wait("a", "b", (5.0,)) == 0.1


class Typing:
    """Keys at a peer; ``calls``: when the engine was asked, in s."""

    def __init__(self, policy: Policy, profile: Profile, text: str) -> None:
        self.calls: list[float] = []
        self._loop = asyncio.get_running_loop()

        def write(_: str) -> Iterator[str]:
            self.calls.append(self._loop.time())
            yield from pieces(text)

        self.engine = SimulatedEngine(profile, write, reuse=policy.reuse)
        self.peer = Peer(policy, self.engine)

    async def key(self, hole: Hole) -> Answer:
        return await self.peer.complete(URI, hole)

    async def close(self) -> None:
        await self.peer.aclose()
        await self.engine.aclose()


FAST = PROFILES[2]
SLOW = PROFILES[0]
LONG = "value)\n" + "    other = call(one, two, three)\n" * 20


def first_answer(policy: Policy, profile: Profile) -> tuple[Answer, float, int]:
    async def ask() -> tuple[Answer, float, int]:
        typing = Typing(policy, profile, LONG)
        answer = await typing.key(at("def f(value):\n    print(█\n"))
        written = typing.engine.account.written
        took = asyncio.get_running_loop().time()
        await typing.close()
        return answer, took, written

    return in_virtual_time(ask)


def test_llama_server_stops_at_a_line_end_when_its_time_is_over() -> None:
    # 250 ms are 4 tokens on two cores; the line has 3 and goes on to its end, the next is begun.
    _, _, slow = first_answer(replace(policy("llama.vim"), speculates=False), SLOW)
    _, _, fast = first_answer(replace(policy("llama.vim"), speculates=False), FAST)
    line = len(pieces(LONG.splitlines()[1]))
    assert slow <= 3 + line + 2
    assert fast >= 0.25 * FAST.write
    assert fast <= 0.25 * FAST.write + line + 2


def test_continue_is_stopped_at_a_tenth_piece() -> None:
    _, took, written = first_answer(policy("Continue"), SLOW)
    assert written <= 11
    assert took > 0.375


def test_minuet_shows_after_three_seconds_what_has_come() -> None:
    slow = replace(SLOW, write=2)
    answer, took, written = first_answer(policy("minuet"), slow)
    assert took == pytest.approx(0.4 + 3.0, abs=0.6)
    assert 2 <= written <= 7
    assert answer.reason == "fill"


def test_minuet_asks_once_a_second() -> None:
    async def type_on() -> list[float]:
        typing = Typing(policy("minuet"), FAST, LONG)
        for text in ("print(█", "print(a█", "print(ab█"):
            await typing.key(at(text))
        await typing.close()
        return typing.calls

    first, second, third = in_virtual_time(type_on)
    assert second - first >= 0.99
    assert third - second >= 0.99


def test_llama_vim_waits_for_the_call_that_runs() -> None:
    async def type_on() -> tuple[list[float], list[Answer], int]:
        typing = Typing(replace(policy("llama.vim"), speculates=False), FAST, LONG)
        asked = asyncio.create_task(typing.key(at("print(█")))
        await asyncio.sleep(0.05)
        then = asyncio.create_task(typing.key(at("print(x█")))
        found = [await asked, await then]
        calls = typing.engine.account.calls
        await typing.close()
        return typing.calls, found, calls

    calls, (first, _), count = in_virtual_time(type_on)
    assert count == 2
    assert first.reason == "superseded"
    # It looks every 100 ms whether the one before is over.
    assert (calls[1] - 0.05) % 0.1 == pytest.approx(0.0, abs=0.02)


def test_llama_vim_asks_for_nothing_left_of_much_text() -> None:
    async def ask() -> Answer:
        typing = Typing(policy("llama.vim"), FAST, LONG)
        answer = await typing.key(at("print(█)  # and much more\n"))
        await typing.close()
        return answer

    assert not in_virtual_time(ask).offers


def test_what_is_shifted_serves_where_the_server_reuses_it() -> None:
    async def read(reuse: int) -> int:
        engine = SimulatedEngine(FAST, lambda _: iter(["x"]), reuse=reuse)
        peer = Peer(replace(policy("llama.vim"), speculates=False), engine)
        await peer.complete(URI, between(ABOVE + "x = ", BELOW, "python"))
        before = engine.account.read
        await peer.complete(URI, between(ABOVE + "xylophone = 1\nx = ", BELOW, "python"))
        read = engine.account.read - before
        await peer.aclose()
        await engine.aclose()
        return read

    without, with_it = in_virtual_time(lambda: read(0)), in_virtual_time(lambda: read(256))
    assert without > 1000
    # The lines below are read again, and the new one.
    assert 250 < with_it < 300
