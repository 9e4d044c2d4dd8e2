"""The engine ``openai`` and the server above it, with a real llama-server of one and four slots.

Nothing here is about time: what was read, cached and written is counted.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from holes import CURSOR, at
from infill_ls.engines.embedded import weights
from infill_ls.engines.openai import OpenAI
from infill_ls.engines.rates import Usage
from infill_ls.prompt import families
from infill_ls.prompt.beginning import Beginning
from infill_ls.prompt.build import Request, build
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole
from llama_server import LlamaServer
from lsp_client import LspClient

pytestmark = [
    pytest.mark.real,
    pytest.mark.usefixtures("_weights"),
    pytest.mark.asyncio(loop_scope="module"),
]

ADD = f"def add(first, second):\n    {CURSOR}\n\n\nprint(add(1, 2))\n"

# With twelve tokens a line. More than is read in the second in which llama-server notices that
# somebody has left.
LONG_LINES = 280
LONG_TOKENS = 10 * LONG_LINES


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[1, 4], ids="{} slots".format)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[LlamaServer]:
    async with LlamaServer(request.param) as running:
        yield running


@pytest.fixture
def engine(server: LlamaServer) -> OpenAI:
    return OpenAI.from_settings(Settings(headers={}, engine="openai", url=server.url))


@pytest_asyncio.fixture(loop_scope="module")
async def client(server: LlamaServer, tmp_path: Path) -> AsyncIterator[LspClient]:
    """The real server in front of it, initialized, that doesn't debounce."""
    client = await LspClient.start(environment={"XDG_STATE_HOME": str(tmp_path)})
    await client.initialize(options={"engine": "openai", "url": server.url, "debounceMs": 0})
    yield client
    await client.kill()


def a_file(name: str, lines: int) -> str:
    """About twelve tokens a line, and no line as in a file of another name."""
    return "".join(f"{name}_{number} = read_{name}({number * 7})\n" for number in range(lines))


LONG = a_file("long", LONG_LINES)


def continued(text: str, max_tokens: int = 1, begin: str = "") -> Request:
    """The text is gone on with, and nothing ends it."""
    return Request(
        prompt=text,
        suffix=None,
        raw=True,
        stop=(),
        control=(),
        max_tokens=max_tokens,
        temperature=0.0,
        begin=Beginning(begin) if begin else None,
    )


async def whole(engine: OpenAI, request: Request) -> tuple[str, Usage, str | None]:
    """What is written to the end, the counts there, and why it ended."""
    chunks = [chunk async for chunk in engine.generate(request)]
    assert chunks[-1].usage is not None
    return "".join(chunk.text for chunk in chunks), chunks[-1].usage, chunks[-1].stop_reason


async def read(engine: OpenAI, text: str) -> tuple[int, int]:
    """Have a text read; its tokens, and how many of them the server had to read."""
    _, usage, _ = await whole(engine, continued(text))
    assert usage.prompt_tokens is not None
    assert usage.cached_tokens is not None
    return usage.prompt_tokens, usage.prompt_tokens - usage.cached_tokens


async def request_at(engine: OpenAI, hole: Hole) -> Request:
    model = await engine.describe()
    family = families.family_of(model)
    return build(hole, model, family, context_tokens=512, max_tokens=16, temperature=0.0)


async def test_it_says_what_it_is(engine: OpenAI) -> None:
    model = await engine.describe()
    assert model.own_name == weights.ready(weights.DEFAULT).name
    assert model.can_begin
    assert families.family_of(model) == families.find("qwen2.5-coder")


async def test_a_fill(engine: OpenAI) -> None:
    text, usage, _ = await whole(engine, await request_at(engine, at(ADD)))
    assert text.lstrip().startswith("return first + second")
    assert usage.fill_tokens


async def test_a_word_that_is_begun_is_gone_on_with(engine: OpenAI) -> None:
    """The server keeps to the grammar."""
    request = await request_at(engine, at(ADD.replace(CURSOR, f"retu{CURSOR}")))
    assert request.begin is not None
    assert request.begin.text == " retu"
    text, _, _ = await whole(engine, request)
    assert text.startswith(" return first + second")


async def test_it_tells_how_likely_its_tokens_were(engine: OpenAI) -> None:
    asked = engine.generate(await request_at(engine, at(ADD)))
    async with aclosing(asked) as chunks:
        got = [chunk async for chunk in chunks if chunk.text]
    assert all(chunk.tokens for chunk in got)
    assert all(-1 < token.logprob <= 0 for token in got[0].tokens)
    assert "".join(token.text for chunk in got for token in chunk.tokens).startswith(
        "".join(chunk.text for chunk in got)
    )


async def test_what_no_model_would_write_is_written_where_it_is_demanded(
    server: LlamaServer, engine: OpenAI
) -> None:
    prompt, begin = "def add(first, second):\n   ", '\t\\"zzq'
    text, _, _ = await whole(engine, continued(prompt, 16, begin))
    asked = {"prompt": prompt, "max_tokens": 16, "temperature": 0.0, "seed": 1}
    grammar = f"root ::= {json.dumps(begin)} rest\nrest ::= [^\\x00]*"
    answer = await server.ask("POST", "/v1/completions", {**asked, "grammar": grammar})
    assert text.startswith(begin)
    assert answer["choices"][0]["text"] == text


async def test_what_was_read_is_not_read_again(engine: OpenAI) -> None:
    text = a_file("grown", 25)
    tokens, new = await read(engine, text)
    assert new == tokens
    more, new = await read(engine, text + "grown_x = 1\n")
    assert more > tokens
    assert new < more - tokens + 8


async def test_a_file_is_not_read_again_after_another(engine: OpenAI) -> None:
    """With one slot too: llama-server keeps old prompts, so that coming back is not reading."""
    first, other = a_file("first", 25), a_file("other", 25)
    for text in (first, other):
        tokens, new = await read(engine, text)
        assert new == tokens
    tokens, new = await read(engine, first)
    assert new < tokens / 10


async def test_the_counts_come_with_every_piece(engine: OpenAI) -> None:
    """A stream that is closed early has told them."""
    async with aclosing(engine.generate(continued(a_file("counted", 10), 16))) as chunks:
        first = await anext(chunks)
        second = await anext(chunks)
    assert first.usage is not None
    assert second.usage is not None
    assert first.usage.prompt_tokens == second.usage.prompt_tokens
    assert first.usage.cached_tokens is not None
    assert (first.usage.fill_tokens, second.usage.fill_tokens) == (1, 2)


async def test_closing_a_stream_that_writes_frees_its_slot(
    server: LlamaServer, engine: OpenAI
) -> None:
    text, limit = a_file("written", 10), 60
    before = len(server.released)
    async with aclosing(engine.generate(continued(text, limit))) as chunks:
        first = await anext(chunks)
    held = await server.until_released(before + 1)
    assert first.usage is not None
    assert first.usage.prompt_tokens is not None
    assert first.usage.prompt_tokens <= held < first.usage.prompt_tokens + limit
    # It would have gone on to the limit.
    _, usage, reason = await whole(engine, continued(text, limit))
    assert (usage.fill_tokens, reason) == (limit, "length")


async def test_closing_a_call_whose_prompt_is_read_frees_its_slot(
    server: LlamaServer, engine: OpenAI
) -> None:
    begun, released = server.begun, len(server.released)
    call = asyncio.create_task(read(engine, LONG))
    await server.until_begun(begun + 1)
    call.cancel()
    # It has read a part, and it reads the next.
    assert 0 < await server.until_released(released + 1) < LONG_TOKENS
    tokens, new = await read(engine, a_file("next", 2))
    assert new == tokens


async def test_a_call_that_is_closed_leaves_the_others_alone(
    server: LlamaServer, engine: OpenAI
) -> None:
    begun = server.begun
    writing = asyncio.create_task(whole(engine, continued(a_file("kept", 10), 20)))
    await server.until_begun(begun + 1)
    reading = asyncio.create_task(read(engine, LONG.replace("long", "left")))
    if server.count > 1:
        await server.until_begun(begun + 2)
    reading.cancel()
    _, usage, reason = await writing
    assert (usage.fill_tokens, reason) == (20, "length")


async def test_the_server_fills_a_hole_and_uses_the_cache(
    server: LlamaServer, client: LspClient
) -> None:
    before, after = ADD.split(CURSOR)
    client.open(before + after)
    assert await client.fill(1, 4, manual=True) == "return first + second"
    # In a slot that is at work, what it has read is no use to others.
    await server.until_idle()
    # Something else than what was suggested is typed: the model must be asked again.
    client.insert("total", 1, 4, 2)
    assert await client.fill(1, 9, manual=True)
    why = await client.command("infill-ls.explain")
    assert (why["engine"], why["reason"]) == ("openai", "fill")
    assert 0 < why["cached_tokens"] < why["prompt_tokens"]
    assert client.shown() == []


async def test_a_cancelled_request_frees_the_slot(server: LlamaServer, client: LspClient) -> None:
    begun, released = server.begun, len(server.released)
    client.open(a_file("cancelled", 60))
    asked = client.ask(60, 0, manual=True)
    await server.until_begun(begun + 1)
    client.cancel(asked)
    await server.until_released(released + 1)
