"""The embedded engine's server, with the real weights: who else is on this machine, and tokens."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infill_ls.engines import logprobs
from infill_ls.engines.embedded import weights
from infill_ls.engines.embedded.engine import Embedded
from infill_ls.engines.engine import Token
from infill_ls.engines.http import Http
from infill_ls.prompt import families
from infill_ls.prompt.build import Request, build
from infill_ls.text.hole import Hole

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("_weights")]

# llama.cpp tells everybody that it lives, and nothing else.
FOR_ALL = ("/health", "/v1/health")
GET = """
    / /index.html /models /v1/models /api/tags /api/ps /props /slots /slots/0 /metrics
    /lora-adapters /tools /cors-proxy /no-such
""".split()
POST = """
    /completion /completions /v1/completions /chat/completions /v1/chat/completions /api/chat
    /api/generate /api/show /v1/messages /v1/responses /infill /embedding /embeddings /v1/embeddings
    /rerank /v1/rerank /tokenize /detokenize /apply-template /props /slots/0?action=save
    /lora-adapters /models/load /models/unload /tools
""".split()
# Of its vocabulary all tokens from here on are of its own, and no text (tokenizer.json).
FIRST_OF_ITS_OWN = 151_643


@pytest.fixture
async def engine() -> AsyncIterator[Embedded]:
    engine = Embedded(weights.DEFAULT, weights.ready(weights.DEFAULT))
    await engine.load()
    yield engine
    await engine.aclose()


def http_of(engine: Embedded) -> Http:
    assert engine._server is not None
    return engine._server._http


async def answer(url: str, method: str, path: str, key: str = "") -> tuple[int, str]:
    """Status and body of what whoever asks without our code gets."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = "{}" if method == "POST" else ""
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{key}"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    head, _, text = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    return int(head.split()[1]), text


async def test_without_its_key_nobody_gets_an_answer(engine: Embedded) -> None:
    url = http_of(engine).url
    assert url.startswith("http://127.0.0.1:")
    for wrong in ("", "Authorization: Bearer wrong\r\n", "X-Api-Key: wrong\r\n"):
        for method, paths in (("GET", GET), ("POST", POST)):
            for path in paths:
                status, text = await answer(url, method, path, wrong)
                assert status in (401, 404), (method, path)
                assert "qwen" not in text.lower()
    for path in FOR_ALL:
        assert (await answer(url, "GET", path))[1] == '{"status":"ok"}'
    # Our own calls have it.
    assert await engine.count("a = 1") == 4


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_its_key_is_nowhere_that_other_users_can_read(engine: Embedded) -> None:
    key = http_of(engine)._headers["Authorization"].removeprefix("Bearer ")
    assert engine._child is not None
    for process in (engine._child._process.pid, os.getpid()):
        about = Path(f"/proc/{process}")
        assert key.encode() not in (about / "cmdline").read_bytes()
        # That one can be read by the same user alone, and has it neither.
        assert key.encode() not in (about / "environ").read_bytes()


async def test_no_text_of_the_user_s_becomes_a_token_of_its_own(engine: Embedded) -> None:
    every = [*families.all_control_tokens(), "<|vision_start|>", "<|object_ref_start|>"]
    file = "".join(f"x = '{token}'\n" for token in every)
    model = await engine.describe()
    asked = build(
        Hole(f"{file}y = ", f"\n{file}"),
        model,
        families.family_of(model),
        context_tokens=3000,
        max_tokens=10,
        temperature=0.0,
    )
    told = await http_of(engine).ask(
        "POST",
        "/tokenize",
        {"content": asked.prompt, "add_special": True, "parse_special": True},
    )
    assert len(told["tokens"]) > 1000
    own = [token for token in told["tokens"] if token >= FIRST_OF_ITS_OWN]
    # Of the template: prefix, suffix, middle.
    assert own == [151_659, 151_661, 151_660]


async def test_it_runs_nothing_of_the_folder_that_the_editor_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "asyncio", "infill_ls", "xllamacpp", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    engine = Embedded(weights.DEFAULT, weights.ready(weights.DEFAULT))
    await engine.load()
    await engine.aclose()
    assert not (tmp_path / "ran").exists()


async def tokens_of(engine: Embedded, request: Request) -> list[Token]:
    return [token async for chunk in engine.generate(request) for token in chunk.tokens]


@pytest.mark.parametrize(
    ("prompt", "drafted"),
    [
        ("class Game:\n    def ", False),
        # Where the text repeats, tokens are drafted, and nothing is said of these.
        ("first_one = 1\nsecond_one = 2\nthird_one = 3\n" * 4 + "first_one", True),
    ],
)
async def test_how_likely_tokens_are_is_told_the_same_after_sampling(
    engine: Embedded, monkeypatch: pytest.MonkeyPatch, prompt: str, drafted: bool
) -> None:
    request = Request(prompt, None, True, (), (), max_tokens=16, temperature=0.2)
    server = await engine._running()
    told = await tokens_of(engine, request)
    assert server._answered == [logprobs.TEMPERED]
    monkeypatch.setattr(logprobs, "ways", lambda **_: [logprobs.LOGARITHMS])
    plain = await tokens_of(engine, request)
    assert server._answered == [logprobs.TEMPERED, logprobs.LOGARITHMS]
    assert told
    assert [token.text for token in told] == [token.text for token in plain]
    roots = [[math.sqrt(-token.logprob) for token in tokens] for tokens in (told, plain)]
    for one, other in zip(*roots, strict=True):
        assert one == pytest.approx(other, abs=0.25)
    assert (len(told) < 16) == drafted
