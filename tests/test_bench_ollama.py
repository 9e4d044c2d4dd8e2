"""What stands between the server and Ollama in ``bench.ollama``."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from bench.ollama import KEYS, Proxy
from fake_ollama import FakeOllama
from infill_ls.engines.ollama import Ollama
from infill_ls.engines.ollama_generate import GenerateRequest
from infill_ls.settings import Settings

ASKED = GenerateRequest(
    model="qwen2.5-coder:1.5b", prompt="a", raw=True, options={"num_predict": 9}
)


@pytest.fixture
def proxy(ollama: FakeOllama) -> Proxy:
    return Proxy(ollama.url)


def through(proxy: Proxy) -> Ollama:
    return Ollama(Settings(headers={}, engine="ollama", url=proxy.url))


async def test_calls_are_passed_on_and_counted(ollama: FakeOllama, proxy: Proxy) -> None:
    proxy.options = {"num_batch": 128}
    async with proxy.running():
        answers = [answer async for answer in through(proxy).call(ASKED)]
        await proxy.quiet()
    assert "".join(answer.response for answer in answers) == "x for x in xs"
    (call,) = proxy.calls
    assert call.body == ollama.generations[0].body
    assert call.body["options"] == {"num_predict": 9, "num_batch": 128}
    assert call.answer["eval_count"] == answers[-1].eval_count
    assert not call.left
    assert not call.loads


async def test_a_call_that_is_closed_is_closed_behind_it(ollama: FakeOllama, proxy: Proxy) -> None:
    ollama.piece_gate.clear()
    async with proxy.running():
        async with aclosing(through(proxy).call(ASKED)) as answers:
            await anext(answers)
        await ollama.until(lambda: ollama.generations[0].state == "cancelled")
        await proxy.quiet()
    assert proxy.calls[0].left
    assert proxy.calls[0].first_byte


def test_so_many_keys() -> None:
    assert len(KEYS) == 33
