"""The engine's account of what is in flight, and its faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from infill_ls.engines.ollama import Ollama
from infill_ls.engines.ollama_generate import GenerateRequest
from infill_ls.errors import InfillError
from infill_ls.settings import Settings
from soak.engine import ByHeart, Engine
from soak.faults import LOSES, TOLD

ASKED = GenerateRequest(
    model="qwen2.5-coder:1.5b", prompt="a", raw=True, options={"num_predict": 9}
)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine(fill="x for x in xs")
    async with engine:
        yield engine


def client(engine: Engine) -> Ollama:
    return Ollama(Settings(engine="ollama", url=engine.url))


async def open_call(engine: Engine) -> asyncio.StreamWriter:
    """A call that is begun, and neither read nor closed."""
    _, writer = await asyncio.open_connection("127.0.0.1", engine.port)
    body = json.dumps({"model": ASKED.model, "prompt": "a", "raw": True}).encode()
    head = b"POST /api/generate HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    asked = engine.asked
    writer.write(head + body)
    async with asyncio.timeout(10):
        while engine.asked == asked:
            await asyncio.sleep(0)
    return writer


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


async def test_two_at_a_time_are_seen(engine: Engine) -> None:
    engine.gate.clear()
    writers = [await open_call(engine), await open_call(engine)]
    async with asyncio.timeout(10):
        while engine.most < 2:
            await asyncio.sleep(0)
    for writer in writers:
        await close(writer)


async def test_one_after_the_other_is_no_two_at_a_time(engine: Engine) -> None:
    engine.gate.clear()
    for _ in range(20):
        await close(await open_call(engine))
    writer = await open_call(engine)
    async with asyncio.timeout(10):
        while not engine.most:
            await asyncio.sleep(0)
    await close(writer)
    assert (engine.asked, engine.most) == (21, 1)


@pytest.mark.parametrize("kind", ["answers nothing", LOSES])
async def test_calls_without_an_answer(engine: Engine, kind: str) -> None:
    """At the end of the one fault they are hung up on; what the other has lost stays lost."""
    await engine.break_down(kind, 0.0)
    reader, writer = await asyncio.open_connection("127.0.0.1", engine.port)
    writer.write(b"GET /api/version HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(10):
        while not engine.taken:
            await asyncio.sleep(0)
    await engine.break_down("", 0.0)
    if kind == "answers nothing":
        assert await reader.read() == b""
    else:
        assert await client(engine).version()
        assert not reader.at_eof()
    await close(writer)


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in TOLD
        if "hang" not in kind and "slow" not in kind and "nothing" not in kind and kind != LOSES
    ],
)
async def test_what_goes_wrong_goes_wrong_and_is_over(engine: Engine, kind: str) -> None:
    await engine.break_down(kind, 0.0)
    called = client(engine)
    try:
        if kind == "loads its model anew":
            assert [load async for load in called.call(ASKED)]
            assert engine.loads
        else:
            with pytest.raises(InfillError):
                [answer async for answer in called.call(ASKED)]
        await engine.break_down("", 0.0)
        async with aclosing(called.call(ASKED)) as answers:
            assert "".join([answer.response async for answer in answers]) == "x for x in xs"
    finally:
        await called.aclose()


def test_the_model_knows_the_project(tmp_path: Path) -> None:
    source = "".join(f"line_{number} = compute({number})\n" for number in range(99))
    (tmp_path / "a.py").write_text(source, "utf-8")
    model = ByHeart(tmp_path)
    before, after = source.split("line_50 = ")
    written = model(
        {"prompt": f"<|fim_prefix|>{before}line_50 =<|fim_suffix|>{after}<|fim_middle|>"}
    )
    assert written.startswith(" c")
