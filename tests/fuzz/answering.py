"""What engines send: any status, any bytes, JSON of any shape, split anywhere."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import aclosing
from random import Random
from typing import Any, Final
from unittest.mock import patch

import httpx

from fuzz import clock, texts
from fuzz.found import Counts, Found
from infill_ls.completion.generation import Generation
from infill_ls.engines.engine import Chunk, Engine
from infill_ls.engines.ollama import Ollama
from infill_ls.engines.openai import OpenAI
from infill_ls.engines.rates import Rates
from infill_ls.errors import InfillError
from infill_ls.settings import Settings
from infill_ls.text.hole import between

FIELDS: Final = (
    *("response", "done", "done_reason", "error", "message", "prompt_eval_count", "eval_count"),
    *("load_duration", "prompt_eval_duration", "eval_duration", "total_duration", "choices"),
    *("text", "finish_reason", "usage", "timings", "prompt_tokens", "completion_tokens"),
    *("prompt_tokens_details", "cached_tokens", "cache_n", "prompt_n", "predicted_n", "prompt_ms"),
    *("predicted_ms", "models", "name", "model", "size", "size_vram", "details", "families"),
    *("family", "parameter_size", "capabilities", "template", "model_info", "data", "id", "root"),
    *("max_model_len", "owned_by", "meta", "n_ctx_train", "model_path", "context_length"),
    *("default_generation_settings", "n_ctx", "tokens", "version", "status", "total", "completed"),
    *("general.architecture", "qwen2.context_length", "general.basename", "tokenizer.ggml.tokens"),
)
WORDS: Final = (
    *("qwen2.5-coder:1.5b", "starcoder2", "llamacpp", "insert", "completion", "stop", "length"),
    *(
        "1.5B",
        "1.2.3B",
        "..M",
        "7.6b",
        "0.5.1",
        "qwen2",
        "{{ .Prompt }}{{ .Suffix }}",
        "<|fim_prefix|>",
        "base",
    ),
    *("model 'a' not found", "context size (4096 tokens)", "maximum context length is 99 tokens"),
    *(f"exceeds the context length of {'9' * 5000}", "does not support insert", "x" * 3000),
    *("exceeds the available context size", 'option "num_ctx" must be of type integer', "[DONE]"),
)
_Client: Final = httpx.AsyncClient


def _value(random: Random, depth: int = 3) -> Any:
    """JSON with the fields that are looked at."""
    lot = random.random()
    if depth and lot < 0.35:
        return {
            random.choice(FIELDS): _value(random, depth - 1) for _ in range(random.randrange(5))
        }
    if depth and lot < 0.5:
        return [_value(random, depth - 1) for _ in range(random.randrange(4))]
    return random.choice(WORDS) if lot < 0.75 else texts.json_value(random, 1)


def _line(random: Random) -> Any:
    """One line of an answer that makes sense, but for one field."""
    lot = random.random()
    if lot < 0.2:
        return _value(random)
    text = texts.text(random, random.randrange(4))
    made: dict[str, Any] = {"response": text, "choices": [{"text": text}], "done": lot > 0.9}
    if lot > 0.8:
        counts = ("prompt_eval_count", "eval_count", "load_duration", "prompt_eval_duration")
        made |= {name: random.choice((5, 10**9, *texts.SCALARS)) for name in counts}
        made["timings"] = _value(random)
        made["usage"] = {"prompt_tokens": 9, "completion_tokens": _value(random, 0)}
    if random.random() < 0.1:
        made[random.choice(FIELDS)] = _value(random)
    return made


def _answer(random: Random, right: bytes) -> dict[str, Any]:
    """Status, headers and body of one answer.

    ``right``: what the engine's lines begin with. ``breaks``: the connection breaks at its end.
    """
    lines: list[bytes] = []
    for _ in range(random.choice((0, 1, 1, 2, 5))):
        lot = random.random()
        if lot < 0.1:
            lines.append(random.randbytes(random.randrange(30)))
        elif lot < 0.13:
            lines.append(b"[" * 50_000)
        else:
            marks = (*[right] * 20, b"", b"data: ", b"data:", b"error: ", b": ", b"event:")
            mark = random.choice(marks)
            made = json.dumps(_line(random), ensure_ascii=random.random() < 0.7)
            lines.append(mark + made.encode("utf-8", "surrogatepass"))
    body = random.choice((b"\n", b"\n", b"\n\n", b"\r\n", b"\r")).join(lines)
    headers = random.choice(
        (
            *[{}] * 6,
            {"content-encoding": random.choice(("gzip", "deflate", "x", "identity"))},
            {"content-length": str(random.choice((0, 5, 10**6)))},
            {"location": "http://elsewhere/", "content-type": "text/html; charset=x"},
        )
    )
    codes = (*[200] * 12, 204, 301, 307, 400, 401, 403, 404, 404, 429, 500, 503, 599)
    return {
        "status": random.choice(codes),
        "headers": headers,
        "body": body.decode("latin-1"),
        "size": random.choice((1, 7, 100, 100_000)),
        "breaks": random.choice((*[""] * 8, "ReadError", "RemoteProtocolError", "ReadTimeout")),
    }


def _good(random: Random) -> dict[str, dict[str, Any]]:
    """What is asked before the call, answered as it should be."""
    bodies = {
        "/api/tags": {
            "models": [
                {
                    "name": "qwen2.5-coder:1.5b",
                    "details": {"parameter_size": random.choice(WORDS)},
                }
            ]
        },
        "/api/show": {"capabilities": ["completion", "insert"], "model_info": {}},
        "/api/ps": {"models": [{"name": "qwen2.5-coder:1.5b", "size": 9, "size_vram": 9}]},
        "/api/version": {"version": "0.33.0"},
        "/v1/models": {"data": [{"id": "m", "owned_by": random.choice(("llamacpp", "vllm"))}]},
        "/props": {"default_generation_settings": {"n_ctx": 4096}},
    }
    return {
        path: {"status": 200, "headers": {}, "body": json.dumps(body), "size": 1000, "breaks": ""}
        for path, body in bodies.items()
    }


def make(random: Random) -> dict[str, Any]:
    """An engine, and its answers by path; ``""`` for all others."""
    answers = _good(random)
    engine = random.choice(("ollama", "openai"))
    for path in list(answers):
        if random.random() < 0.15:
            answers[path] = _answer(random, b"")
    answers[""] = _answer(random, b"" if engine == "ollama" else b"data: ")
    return {
        "engine": engine,
        "model": random.choice(("auto", "qwen2.5-coder:1.5b", "mystery")),
        "answers": answers,
        "before": texts.text(random, random.randrange(6)),
        "after": texts.text(random, random.randrange(6)),
        "room": random.choice(("auto", 512)),
    }


class Body(httpx.AsyncByteStream):
    """A body in pieces."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body, size = self._answer["body"].encode("latin-1"), self._answer["size"]
        if len(body) / size > 300:
            size = len(body)
        for start in range(0, len(body), size):
            yield body[start : start + size]
        if self._answer["breaks"]:
            raise getattr(httpx, self._answer["breaks"])("broken")


def run(case: dict[str, Any], counts: Counts) -> None:
    """Ask the engine everything. Raises :class:`Found`."""

    def handle(request: httpx.Request) -> httpx.Response:
        counts["requests"] += 1
        answer = case["answers"].get(request.url.path, case["answers"][""])
        return httpx.Response(answer["status"], headers=answer["headers"], stream=Body(answer))

    def client(**options: Any) -> httpx.AsyncClient:
        return _Client(**{**options, "transport": httpx.MockTransport(handle)})

    with patch("infill_ls.engines.http.httpx.AsyncClient", client):
        clock.run(_ask(case, counts))


async def _ask(case: dict[str, Any], counts: Counts) -> None:
    settings = Settings(model=case["model"], context_tokens=case["room"])
    engine: Engine = (
        Ollama(settings) if case["engine"] == "ollama" else OpenAI.from_settings(settings)
    )
    for step in (engine.describe, engine.is_loaded, engine.load):
        await _one(step(), counts)
    rates = Rates()
    generation = Generation("file:///a", between(case["before"], case["after"], "python"))
    await _one(_generate(engine, generation, settings, rates), counts)
    for call in generation.calls:
        rates.take(call)
        for number in (call.prompt_tokens, call.cached_tokens, call.fill_tokens):
            if number is not None and not isinstance(number, int):
                raise Found("a count that is none", number)
    rates.follow(Rates())
    if not (math.isfinite(rates.budget) and rates.budget > 0):
        raise Found("a budget that is none", rates.budget)
    await _one(engine.count("text"), counts)
    if isinstance(engine, Ollama):
        await _one(_pull(engine), counts)


async def _one(step: Any, counts: Counts) -> None:
    counts["operations"] += 1
    try:
        await step
    except InfillError as error:
        counts["errors"] += 1
        if len(str(error)) > 20_000:
            raise Found("a message without an end", len(str(error))) from None
    except (Found, asyncio.CancelledError):
        raise
    except Exception as error:
        raise Found("another error", repr(error)) from error


async def _generate(
    engine: Engine, generation: Generation, settings: Settings, rates: Rates
) -> None:
    try:
        async with aclosing(generation.stream(engine, settings, rates)) as steps:
            async for _ in steps:
                generation.fill(generation.hole, "block")
    finally:
        fill = generation.fill(generation.hole, "block")
        if fill is not None:
            generation.outcome(fill)
    Chunk(generation.raw)


async def _pull(engine: Ollama) -> None:
    async with aclosing(engine.pull("a")) as steps:
        async for _, done, total in steps:
            if not (isinstance(done, int) and isinstance(total, int)):
                raise Found("a size that is none", (done, total))
