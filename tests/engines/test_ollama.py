"""The Ollama engine against the simulated Ollama, over real sockets."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from fake_ollama import FakeOllama, Load
from holes import at
from infill_ls.engines.engine import Chunk, Token, get_ready
from infill_ls.engines.ollama import Ollama
from infill_ls.engines.ollama_generate import GenerateAnswer, GenerateRequest
from infill_ls.engines.ollama_loading import SLOW_BATCH, SMALLEST_CONTEXT, Loading
from infill_ls.engines.ollama_models import parameters
from infill_ls.errors import (
    BadAnswer,
    Busy,
    CannotInsert,
    EngineError,
    ModelNotFound,
    NotRunning,
    SettingsError,
    Stalled,
    TooLong,
)
from infill_ls.prompt import families
from infill_ls.prompt.build import Mode, Request, build
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings

HOLE = at("def f(xs):\n    return [█]\n")
MODEL = "qwen2.5-coder:1.5b"


def engine(fake: FakeOllama, **settings: Any) -> Ollama:
    return Ollama(replace(Settings(), url=fake.url, **settings))


def request(mode: Mode | None = None, model: str = MODEL, max_tokens: int = 64) -> Request:
    return build(
        HOLE,
        Model(model, can_insert=True),
        families.find(model),
        mode=mode,
        context_tokens=512,
        max_tokens=max_tokens,
        temperature=0.2,
    )


async def chunks(ollama: Ollama, asked: Request) -> list[Chunk]:
    return [chunk async for chunk in ollama.generate(asked)]


async def test_raw_request_to_the_letter(ollama: FakeOllama) -> None:
    await chunks(engine(ollama, model=MODEL), request())
    assert [call.path for call in ollama.calls] == ["/api/show", "/api/generate"]
    assert ollama.generations[0].body == {
        "model": MODEL,
        "prompt": "<|fim_prefix|><|fim_suffix|>\n<|fim_middle|>def f(xs):\n    return [",
        "raw": True,
        "stream": True,
        "think": False,
        "truncate": False,
        "keep_alive": "30m",
        "logprobs": True,
        "options": {
            "num_predict": 64,
            "temperature": 0.2,
            "top_k": 40,
            "top_p": 0.9,
            "repeat_penalty": 1.0,
            "seed": 1,
            "stop": ["<|endoftext|>", "<|im_end|>", "<|fim_pad|>", "<|file_sep|>"],
        },
    }


async def test_how_likely_the_tokens_were(ollama: FakeOllama) -> None:
    ollama.logprob = -0.25
    got = await chunks(engine(ollama, model=MODEL), request())
    assert [one.tokens for one in got if one.text] == [
        (Token(one.text, -0.25),) for one in got if one.text
    ]
    assert got[-1].tokens == ()


@pytest.mark.parametrize("sent", [None, "nonsense"])
async def test_a_version_that_does_not_tell_writes_all_the_same(
    ollama: FakeOllama, sent: str | None
) -> None:
    ollama.logprob = sent
    got = await chunks(engine(ollama, model=MODEL), request())
    assert "".join(one.text for one in got) == "x for x in xs"
    assert {one.tokens for one in got} == {()}


async def test_another_seed(ollama: FakeOllama) -> None:
    await chunks(engine(ollama, model=MODEL), replace(request(), seed=7))
    assert ollama.generations[0].body["options"]["seed"] == 7


async def test_suffix_request(ollama: FakeOllama) -> None:
    await chunks(engine(ollama, model=MODEL), request("suffix"))
    body = ollama.generations[0].body
    assert (body["prompt"], body["suffix"]) == ("def f(xs):\n    return [", "\n")
    assert "raw" not in body


async def test_plain_request(ollama: FakeOllama) -> None:
    await chunks(engine(ollama, model=MODEL), request("plain"))
    body = ollama.generations[0].body
    assert (body["prompt"], body["raw"]) == ("def f(xs):\n    return [", True)
    assert "suffix" not in body


async def test_a_model_is_loaded_with_the_options_of_the_calls(ollama: FakeOllama) -> None:
    ollama.loaded = False
    asked = engine(ollama, model=MODEL, context_tokens=4000)
    assert not await asked.is_loaded()
    await asked.load()
    assert await asked.is_loaded()
    (load,) = ollama.load_calls
    options = {"num_ctx": 5120}
    assert load.body == {
        "model": MODEL,
        "prompt": "",
        "stream": True,
        "keep_alive": "30m",
        "options": options,
    }
    await chunks(asked, replace(request(), max_tokens=128))
    assert ollama.generations[0].body["options"].items() >= options.items()
    assert len(ollama.loads) == 1


async def test_a_model_is_asked_with_the_room_that_it_was_loaded_with(ollama: FakeOllama) -> None:
    await chunks(engine(ollama, model=MODEL, context_tokens=6000), request())
    assert ollama.loads[0].options == {"num_ctx": 6144}
    other = engine(ollama, model=MODEL)
    await get_ready(other)
    assert other.room == 6144
    await chunks(other, request())
    assert ollama.generations[-1].body["options"]["num_ctx"] == 6144
    # Not to name it would mean 4,096, and another load.
    assert len(ollama.loads) == 1


async def test_a_model_loaded_with_too_little_room_is_loaded_anew(ollama: FakeOllama) -> None:
    ollama.context_length = 512
    asked = engine(ollama, model=MODEL)
    await get_ready(asked)
    await chunks(asked, request())
    assert [load.options for load in ollama.loads] == [{"num_ctx": 2048}]


@pytest.mark.parametrize("keep_alive", ["0", "0s", 0, "0.0m"])
async def test_a_model_that_is_not_to_be_kept_is_loaded_for_one_call(
    ollama: FakeOllama, keep_alive: str | int
) -> None:
    ollama.loaded = False
    asked = engine(ollama, model=MODEL, keep_alive=keep_alive)
    assert not asked.stays_loaded
    await asked.load()
    assert await asked.is_loaded()
    await chunks(asked, request())
    assert not await asked.is_loaded()
    assert len(ollama.loads) == 1


@pytest.mark.parametrize(
    ("keep_alive", "seconds"),
    [("30m", 1800), ("1h30m", 5400), ("1.5s", 1.5), (-1, inf), ("-1m", inf), (90, 90), ("0", 0)],
)
def test_durations_as_go_writes_them(keep_alive: str | int, seconds: float) -> None:
    assert Loading(Settings(headers={}, keep_alive=keep_alive)).kept == seconds


async def test_what_is_loaded_is_asked_now_and_then(
    ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = engine(ollama, model=MODEL)

    def looks() -> int:
        return sum(call.path == "/api/ps" for call in ollama.calls)

    await get_ready(asked)
    before = looks()
    for _ in range(3):
        assert await asked.is_loaded()
    await chunks(asked, request())
    assert await asked.is_loaded()
    assert looks() == before
    monkeypatch.setattr("infill_ls.engines.ollama_loading.TRUST", 0.0)
    await chunks(asked, request())
    assert await asked.is_loaded()
    assert looks() == before + 1


async def test_who_has_heard_nothing_asks_again(ollama: FakeOllama) -> None:
    asked = engine(ollama, model=MODEL)
    await get_ready(asked)
    ollama.gate.clear()
    call = asyncio.create_task(chunks(asked, request()))
    await ollama.until(lambda: [call.state for call in ollama.generations] == ["generating"])
    ollama.evict()
    call.cancel()
    assert not await asked.is_loaded()


async def test_a_model_is_gone_when_its_time_is_over(ollama: FakeOllama) -> None:
    asked = engine(ollama, model=MODEL, keep_alive="50ms")
    await get_ready(asked)
    await chunks(asked, request())
    async with asyncio.timeout(10):
        while await asked.is_loaded():
            await asyncio.sleep(0.01)


async def test_a_model_that_another_program_loads_is_not_loaded_yet(ollama: FakeOllama) -> None:
    ollama.loaded = False
    ollama.load_gate.clear()
    asked, other = engine(ollama, model=MODEL), engine(ollama, model=MODEL)
    first = asyncio.create_task(asked.load())
    await ollama.until(lambda: bool(ollama.loads))
    assert not await other.is_loaded()
    second = asyncio.create_task(other.load())
    await ollama.until(lambda: len(ollama.load_calls) == 2)
    ollama.load_gate.set()
    await asyncio.gather(first, second)
    assert [load.state for load in ollama.loads] == ["done"]


async def test_where_nobody_ever_says_what_is_loaded_a_load_is_trusted(ollama: FakeOllama) -> None:
    ollama.loaded = None
    asked = engine(ollama, model=MODEL)
    assert not await asked.is_loaded()
    await asked.load()
    assert await asked.is_loaded()
    # What any Ollama gives by itself.
    assert asked.room == SMALLEST_CONTEXT


async def test_a_load_that_took_place_within_a_call_is_noticed(ollama: FakeOllama) -> None:
    asked = engine(ollama, model=MODEL)
    await get_ready(asked)
    ollama.load_duration = 2_500_000_000
    await chunks(asked, request())
    looks = len(ollama.calls)
    assert await asked.is_loaded()
    assert len(ollama.calls) == looks + 1


async def test_on_a_cpu_a_model_reads_in_small_batches(
    ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the same for a window that has loaded the model and for one that finds it loaded."""
    ollama.on_cpu, ollama.loaded = True, False
    asked, other = engine(ollama, model=MODEL), engine(ollama, model=MODEL)
    for one in (asked, other):
        await get_ready(one)
        await chunks(one, request())
        assert ollama.generations[-1].body["options"]["num_batch"] == SLOW_BATCH
        assert len(ollama.loads) == 2  # the first one showed where it is
    ollama.evict()
    monkeypatch.setattr("infill_ls.engines.ollama_loading.TRUST", 0.0)
    await chunks(asked, request())
    ollama.evict()
    ollama.loads.clear()
    await get_ready(asked)
    assert ollama.loads == [Load(MODEL, {"num_batch": SLOW_BATCH}, "done")]


@pytest.mark.parametrize(("on_cpu", "batches"), [(True, 8), (False, 2)])
async def test_a_call_that_is_closed_frees_the_model_after_a_batch(
    ollama: FakeOllama, on_cpu: bool, batches: int
) -> None:
    """The fewer tokens a batch has, the sooner."""
    ollama.on_cpu = on_cpu
    asked = engine(ollama, model=MODEL)
    await get_ready(asked)
    long = replace(request(), prompt="x" * 4 * 1000)
    await chunks(asked, long)
    assert ollama.generations[-1].batches == batches
    ollama.batch_gate.clear()
    closed = asyncio.create_task(chunks(asked, replace(long, prompt="y" * 4 * 1000)))
    await ollama.until(lambda: ollama.generations[-1].batches == 1)
    closed.cancel()
    await ollama.until(lambda: ollama.generations[-1].state == "cancelled")
    following = asyncio.create_task(chunks(asked, request()))
    await ollama.until(lambda: len(ollama.generations) == 3)
    assert ollama.generations[-1].state == "waiting"
    ollama.batch_gate.set()
    await following
    assert ollama.generations[-2].batches == 1


@pytest.mark.parametrize(("read", "batch"), [(None, None), (80.0, SLOW_BATCH), (4000.0, None)])
async def test_where_nobody_says_where_a_model_is_its_rate_tells(
    ollama: FakeOllama, read: float | None, batch: int | None
) -> None:
    ollama.loaded = None
    asked = engine(ollama, model=MODEL)
    asked.expect(read)
    await get_ready(asked)
    await chunks(asked, request())
    for call in (*ollama.load_calls, *ollama.generations):
        assert (call.body.get("options") or {}).get("num_batch") == batch


async def test_a_model_on_a_gpu_is_left_as_it_is(ollama: FakeOllama) -> None:
    asked = engine(ollama, model=MODEL)
    asked.expect(80.0)
    await get_ready(asked)
    await chunks(asked, request())
    assert "num_batch" not in ollama.generations[-1].body["options"]


async def test_who_shares_a_model_leaves_it_as_the_other_has_it(ollama: FakeOllama) -> None:
    ollama.on_cpu = True
    asked = engine(ollama, model=MODEL)
    await get_ready(asked)
    # Another program has had it loaded in its own way, and our call has changed that.
    ollama.load_duration = 2_500_000_000
    await chunks(asked, request())
    ollama.load_duration = 1_000_000
    await get_ready(asked)
    await chunks(asked, request())
    assert "num_batch" not in ollama.generations[-1].body["options"]


async def test_a_load_that_fails_for_memory_says_so(ollama: FakeOllama) -> None:
    ollama.loaded, ollama.fault = False, "no memory"
    with pytest.raises(BadAnswer) as raised:
        await engine(ollama, model=MODEL).load()
    assert raised.value.message == (
        "Ollama refuses the request: model requires more system memory (5.6 GiB) than is "
        "available (1.2 GiB)."
    )
    assert "Take a smaller model" in raised.value.fix


async def test_options_are_the_same_on_every_call(ollama: FakeOllama) -> None:
    asked = engine(ollama, model=MODEL)
    await chunks(asked, request())
    await chunks(asked, request())
    first, second = ollama.generations
    assert first.body["options"] == second.body["options"]
    assert "num_ctx" not in first.body["options"]


async def test_a_larger_context_is_asked_for_when_the_budget_needs_it(ollama: FakeOllama) -> None:
    await chunks(engine(ollama, model=MODEL, context_tokens=4000, max_tokens=64), request())
    assert ollama.generations[0].body["options"]["num_ctx"] == 4096


async def test_the_answer_is_streamed_with_its_counts(ollama: FakeOllama) -> None:
    got = await chunks(engine(ollama, model=MODEL), request())
    assert "".join(chunk.text for chunk in got) == "x for x in xs"
    assert got[-1].stop_reason == "stop"
    assert got[-1].usage is not None
    assert got[-1].usage.fill_tokens == 4
    assert got[-1].usage.cached_tokens is None
    assert (got[-1].usage.read_seconds, got[-1].usage.write_seconds) == (0.002, 0.002)


async def test_the_limit_is_told_apart_from_the_end(ollama: FakeOllama) -> None:
    got = await chunks(engine(ollama, model=MODEL), request(max_tokens=2))
    assert got[-1].stop_reason == "length"


async def test_a_line_separator_inside_json_does_not_split_a_line(ollama: FakeOllama) -> None:
    ollama.fill = "a\u2028b\u0085c"
    got = await chunks(engine(ollama, model=MODEL), request())
    assert "".join(chunk.text for chunk in got) == "a\u2028b\u0085c"


async def test_loopback_never_goes_through_a_proxy(
    ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert await engine(ollama).version() == "0.33.0"


async def test_closing_the_stream_closes_the_call(ollama: FakeOllama) -> None:
    ollama.piece_gate.clear()
    async with aclosing(engine(ollama, model=MODEL).generate(request())) as answer:
        assert (await anext(answer)).text == "x fo"
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")


async def test_cancelling_while_the_model_reads_closes_the_call(ollama: FakeOllama) -> None:
    ollama.gate.clear()
    task = asyncio.create_task(chunks(engine(ollama, model=MODEL), request()))
    await ollama.until(lambda: bool(ollama.generations))
    task.cancel()
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("busy", Busy, "too much to do"),
        ("error line", BadAnswer, "an error was encountered while running the model"),
        ("no text", BadAnswer, "broke off"),
        ("cut", BadAnswer, "hung up"),
        ("hang up", BadAnswer, "hung up"),
        ("nonsense", BadAnswer, "not JSON"),
        ("long line", BadAnswer, "a line of over"),
        ("not ollama", NotRunning, "is not Ollama"),
    ],
)
async def test_faults_become_our_errors(
    ollama: FakeOllama, fault: str, error: type[EngineError], says: str
) -> None:
    asked = engine(ollama, model=MODEL)
    await asked.describe()
    ollama.fault = fault
    with pytest.raises(error) as caught:
        await chunks(asked, request())
    assert says in caught.value.message
    assert caught.value.fix


async def test_an_answer_that_ollama_ends_itself_is_cut_short(ollama: FakeOllama) -> None:
    ollama.fill = "a = 1111" + "1111" * 40
    got = await chunks(engine(ollama, model=MODEL), request())
    assert "".join(chunk.text for chunk in got) == "a = " + "1111" * 31
    assert [chunk.stop_reason for chunk in got[-2:]] == [None, "cut"]


@pytest.mark.parametrize(
    ("option", "says", "fix"),
    [
        ({"temperature": "abc"}, 'The option "temperature" must be a number.', "temperature=0.5"),
        ({"num_ctx": "foo"}, 'The option "num_ctx" must be a whole number.', "num_ctx=N"),
        ({"use_mmap": 3}, 'The option "use_mmap" must be true or false.', "use_mmap=true"),
        ({"stop": "a"}, 'The option "stop" must be a list of texts.', 'stop=["a", "b"]'),
    ],
)
async def test_an_option_of_the_wrong_type(
    ollama: FakeOllama, option: dict[str, Any], says: str, fix: str
) -> None:
    asked = GenerateRequest(model=MODEL, prompt="p", options=option)
    with pytest.raises(BadAnswer) as caught:
        [answer async for answer in engine(ollama).call(asked)]
    assert caught.value.message == says
    assert f"-o '{fix}'" in caught.value.fix
    assert "log" not in caught.value.fix


async def test_a_prompt_that_is_too_long_is_refused_and_not_cut(ollama: FakeOllama) -> None:
    ollama.context_length = 2048
    with pytest.raises(TooLong) as caught:
        await chunks(engine(ollama, model=MODEL), replace(request(), prompt="1" * 3000))
    assert caught.value.message == (
        "Ollama refuses the request: request (3001 tokens) exceeds the available context size "
        "(2048 tokens), try increasing it."
    )
    assert '"contextTokens"' in caught.value.fix


def test_a_refusal_in_the_stream_is_one_too() -> None:
    with pytest.raises(TooLong):
        GenerateAnswer.from_json({"error": "the input length exceeds the context length"})


@pytest.mark.parametrize(
    ("context_tokens", "num_ctx", "room"), [("auto", 1024, 1024), (4000, 1024, 1024)]
)
async def test_no_more_room_is_asked_for_than_the_model_was_trained_with(
    ollama: FakeOllama, context_tokens: Any, num_ctx: int, room: int
) -> None:
    info = {"general.architecture": "qwen2", "qwen2.context_length": 1024}
    ollama.about, ollama.context_length = {MODEL: {"model_info": info}}, 1024
    asked = engine(ollama, model=MODEL, context_tokens=context_tokens)
    await asked.describe()
    assert asked.room == room
    await get_ready(asked)
    await chunks(asked, request())
    assert ollama.generations[0].body["options"]["num_ctx"] == num_ctx
    assert asked.room == room
    assert len(ollama.loads) == 0


async def test_the_room_is_what_the_model_was_loaded_with(ollama: FakeOllama) -> None:
    asked = engine(ollama, model=MODEL)
    assert asked.room == SMALLEST_CONTEXT
    await get_ready(asked)
    assert asked.room == 4096
    larger = engine(ollama, model=MODEL, context_tokens=6000)
    assert larger.room == 6144
    await get_ready(larger)
    assert larger.room == 6144
    assert await larger.count("a") is None


@pytest.mark.parametrize(
    ("status", "text", "fix"),
    [
        (400, "the prompt is longer than the context length currently available", "contextTokens"),
        (400, "raw mode does not support template, system, or context", "Leave out --raw"),
        (400, '"m" does not support generate', "Take another model"),
        (400, "invalid model name", "Names are such as"),
        (400, "something else", "Check the settings"),
        (500, 'invalid format: "x"; expected "json" or a valid JSON Schema object', "JSON schema"),
        (500, "the model runner has unexpectedly stopped", "Ollama's own log"),
        (500, "", "Ollama's own log"),
    ],
)
async def test_what_is_refused_is_told_with_its_cure(
    ollama: FakeOllama, status: int, text: str, fix: str
) -> None:
    ollama.refusal = (status, text)
    with pytest.raises(BadAnswer) as caught:
        await chunks(engine(ollama, model=MODEL), request())
    assert caught.value.message == f"Ollama refuses the request: {text or status}."
    assert fix in caught.value.fix


async def test_the_queue_for_a_model_that_is_not_loaded_is_bounded(ollama: FakeOllama) -> None:
    ollama.loaded, ollama.max_queue = False, 1
    ollama.load_gate.clear()
    asked = engine(ollama, model=MODEL)
    waiting = [asyncio.create_task(chunks(asked, request())) for _ in range(2)]
    await ollama.until(lambda: len(ollama.generations) == 2)
    with pytest.raises(Busy):
        await chunks(asked, request())
    ollama.load_gate.set()
    assert [got[-1].stop_reason for got in await asyncio.gather(*waiting)] == ["stop", "stop"]


async def test_an_engine_that_says_nothing_is_stalled(
    ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infill_ls.engines.http.QUESTION_TIMEOUT", 0.05)
    ollama.fault = "silent"
    with pytest.raises(Stalled):
        await engine(ollama).version()


@pytest.fixture
def _short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_TIMEOUT", "ALIVE_INTERVAL", "ALIVE_TIMEOUT"):
        monkeypatch.setattr(f"infill_ls.engines.ollama.{name}", 0.05)


@pytest.mark.usefixtures("_short_silence")
async def test_who_answers_nothing_at_all_is_not_told_to_load(ollama: FakeOllama) -> None:
    asked = engine(ollama, model=MODEL)
    await asked.describe()
    ollama.fault = "silent"
    with pytest.raises(Stalled, match="says nothing any more"):
        await asked.is_loaded()
    assert ollama.load_calls == []
    assert not await asked.is_loading()


@pytest.mark.usefixtures("_short_silence")
async def test_a_load_is_broken_off_when_nothing_answers_any_more(ollama: FakeOllama) -> None:
    ollama.loaded = False
    ollama.load_gate.clear()
    asked = engine(ollama, model=MODEL)
    loading = asyncio.create_task(asked.load())

    def alive() -> int:
        return len([call for call in ollama.calls if call.path == "/api/version"])

    # However long it takes.
    await ollama.until(lambda: alive() > 2)
    assert not loading.done()
    ollama.fault = "silent"
    with pytest.raises(Stalled):
        await loading
    await ollama.until(lambda: ollama.load_calls[0].state == "cancelled")


async def test_who_is_silent_may_be_loading(ollama: FakeOllama) -> None:
    asked = engine(ollama, model=MODEL)
    assert not await asked.is_loading()
    ollama.evict()
    assert await asked.is_loading()
    # One that can't say.
    ollama.loaded = None
    assert not await asked.is_loading()
    await ollama.stop()
    assert not await asked.is_loading()


async def test_nothing_answers() -> None:
    async with FakeOllama() as gone:
        pass
    with pytest.raises(NotRunning, match="Start it, or set"):
        await engine(gone).describe()


@pytest.mark.parametrize("host", ["\u00bd", "xn--zzzz99999.invalid", "999.1.1.1"])
async def test_an_address_that_no_machine_can_have(host: str) -> None:
    with pytest.raises(SettingsError, match=f"No machine can have the address http://{host}:1"):
        await Ollama(Settings(headers={}, url=f"http://{host}:1")).version()


async def test_a_missing_model_is_told_with_the_pull_command(ollama: FakeOllama) -> None:
    with pytest.raises(ModelNotFound, match=r"ollama pull qwen2\.5-coder:7b"):
        await engine(ollama, model="qwen2.5-coder:7b").describe()


async def test_a_missing_model_of_a_size_that_there_is_none_of(ollama: FakeOllama) -> None:
    with pytest.raises(ModelNotFound) as caught:
        await engine(ollama, model="qwen3-coder:7b").describe()
    assert str(caught.value) == (
        'Ollama has no model "qwen3-coder:7b". Of its family Ollama\'s library has qwen3-coder:30b '
        "and qwen3-coder:480b, none of 7b that can fill in the middle. "
        "Fetch another: ollama pull qwen2.5-coder:7b"
    )


async def test_a_model_that_goes_away_is_asked_for_anew(ollama: FakeOllama) -> None:
    asked = engine(ollama)
    await chunks(asked, request())
    ollama.models = {"codegemma:2b": ["completion", "insert"]}
    with pytest.raises(ModelNotFound):
        await chunks(asked, request())
    assert (await asked.describe()).name == "codegemma:2b"


async def test_suffix_for_a_model_without_insert(ollama: FakeOllama) -> None:
    ollama.models = {"llama3:8b": ["completion"]}
    with pytest.raises(CannotInsert, match="llama3:8b"):
        await chunks(engine(ollama, model="llama3:8b"), request("suffix"))


@pytest.mark.parametrize(
    ("models", "best"),
    [
        ({"llama3:8b": ["completion"], "qwen2.5-coder:7b": ["insert"]}, "qwen2.5-coder:7b"),
        ({"llama3:8b": ["completion"], "my-own:1b": ["completion", "insert"]}, "my-own:1b"),
        ({"starcoder2:3b": None}, "starcoder2:3b"),
    ],
)
async def test_auto_takes_a_model_that_can_fill(
    ollama: FakeOllama, models: dict[str, Any], best: str
) -> None:
    ollama.models = models
    assert (await engine(ollama).describe()).name == best


async def test_what_show_tells_of_a_model(ollama: FakeOllama) -> None:
    ollama.models = {"mine": ["completion", "insert", "thinking"]}
    info = {
        "general.architecture": "qwen2",
        "general.basename": "Qwen2.5-Coder",
        "general.size_label": "1.5B",
        "general.finetune": "Instruct",
        "tokenizer.ggml.fim_pre_token_id": 151659,
    }
    ollama.about = {"mine": {"model_info": info, "template": "<|im_start|>{{ .Prompt }}"}}
    assert await engine(ollama, model="mine").describe() == Model(
        "mine",
        can_insert=True,
        architecture="qwen2",
        own_name="Qwen2.5-Coder-1.5B-Instruct",
        finetune="Instruct",
        chats=True,
        thinks=True,
        has_fim_tokens=True,
    )


@pytest.mark.parametrize(
    "about",
    [
        {"model_info": None, "template": None, "capabilities": None},
        {"model_info": [1], "template": 5, "capabilities": "insert"},
        {"model_info": {"general.basename": 7, "general.finetune": ["Instruct"]}, "renderer": {}},
        {"model_info": {"general.architecture": None, "general.finetune": "  "}},
        {"model_info": {"tokenizer.ggml.fim_pre_token_id": "151659"}, "capabilities": [None, {}]},
        {"model_info": {"general.size_label": "7B", "general.version": "v2"}},
    ],
)
async def test_what_show_tells_in_another_shape_is_not_said(
    ollama: FakeOllama, about: dict[str, Any]
) -> None:
    ollama.models = {"mine": ["completion"]}
    ollama.about = {"mine": about}
    assert await engine(ollama, model="mine").describe() == Model("mine")


@pytest.mark.parametrize(
    ("about", "chats"),
    [
        ({"template": "{{ .Prompt }}"}, False),
        ({"template": "{{- .System }} {{ .Prompt }}\n"}, False),
        ({"template": ""}, False),
        ({"template": "[INST] {{ .System }} {{ .Prompt }} [/INST]"}, True),
        ({"template": "{{ range .Messages }}{{ .Content }}{{ end }}"}, True),
        ({"template": "{{ .Prompt }}", "renderer": "qwen3-coder"}, True),
    ],
)
async def test_a_chat_is_known_by_its_template(
    ollama: FakeOllama, about: dict[str, Any], chats: bool
) -> None:
    ollama.models = {"mine": ["completion"]}
    ollama.about = {"mine": about}
    assert (await engine(ollama, model="mine").describe()).chats is chats


async def test_auto_goes_by_the_models_metadata(ollama: FakeOllama) -> None:
    ollama.models = {"qwen2.5-coder:7b": ["completion"], "helper": ["completion"]}
    ollama.about = {
        "qwen2.5-coder:7b": {"model_info": {"general.basename": "Llama-3.2"}},
        "helper": {"model_info": {"general.basename": "Qwen2.5-Coder"}},
    }
    assert (await engine(ollama).describe()).name == "helper"


async def test_auto_leaves_a_model_that_only_seems_to_insert(ollama: FakeOllama) -> None:
    ollama.models = {"deepseek-coder-v2:16b": ["completion", "insert"]}
    with pytest.raises(ModelNotFound, match="no model that fills"):
        await engine(ollama).describe()


async def test_auto_without_any_model_that_can_fill(ollama: FakeOllama) -> None:
    ollama.models = {"llama3:8b": ["completion"]}
    with pytest.raises(ModelNotFound, match=r"that fills\. Run: ollama pull qwen2\.5-coder:1\.5b"):
        await engine(ollama).describe()


async def test_an_older_ollama_tells_by_its_template(ollama: FakeOllama) -> None:
    ollama.models = {"old:1b": None}
    assert (await engine(ollama, model="old:1b").describe()).can_insert


async def test_pull_reports_its_progress(ollama: FakeOllama) -> None:
    steps = [step async for step in engine(ollama).pull("codegemma:2b")]
    assert steps[0] == ("pulling manifest", 0, 0)
    assert ("pulling 0123456789ab", 50, 100) in steps
    assert steps[-1] == ("success", 0, 0)


GET = 'pull model manifest: Get "https://registry.ollama.ai/v2/library/m/manifests/1b": '


@pytest.mark.parametrize(
    ("text", "error", "fix"),
    [
        ("pull model manifest: file does not exist", ModelNotFound, "Check the name"),
        (
            GET + "dial tcp: lookup registry.ollama.ai on 127.0.0.53:53: no such host",
            NotRunning,
            "Check the network",
        ),
        (
            GET + "dial tcp 10.0.0.1:443: connect: connection refused",
            NotRunning,
            "Check the network",
        ),
        (GET + "dial tcp 10.0.0.1:443: i/o timeout", NotRunning, "Check the net"),
        ("max retries exceeded: unexpected EOF", NotRunning, "pull again"),
        (
            GET
            + "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            BadAnswer,
            "the proxy's certificate",
        ),
        ("write /models/blobs/sha256-1: no space left on device", BadAnswer, "Make room"),
        (
            "pull model manifest: 412: \n\nThe model you are attempting to pull requires a newer "
            "version of Ollama.",
            BadAnswer,
            "Update Ollama",
        ),
        ("open /models/blobs: permission denied", BadAnswer, "Let Ollama's user write"),
        ("digest mismatch, file must be downloaded again", BadAnswer, "Pull again"),
        ("something else", BadAnswer, "Ollama's own log"),
    ],
)
async def test_each_cause_that_keeps_a_model_away_has_its_own_cure(
    ollama: FakeOllama, text: str, error: type[EngineError], fix: str
) -> None:
    ollama.pull_error = text
    with pytest.raises(error) as caught:
        [step async for step in engine(ollama).pull("m:1b")]
    assert " ".join(text.split()).rstrip(".") in " ".join(caught.value.message.split())
    assert fix in caught.value.fix
    assert ("the name" in caught.value.fix) == (error is ModelNotFound)


async def test_pull_of_a_size_that_there_is_none_of(ollama: FakeOllama) -> None:
    ollama.pull_error = "pull model manifest: file does not exist"
    with pytest.raises(ModelNotFound) as caught:
        [step async for step in engine(ollama).pull("qwen3-coder:7b")]
    for part in ("file does not exist. Of", "qwen3-coder:30b and qwen3-coder:480b", "none of 7b"):
        assert part in caught.value.message
    assert caught.value.fix == "Fetch another: infill-ls pull qwen2.5-coder:7b"


async def test_the_key_is_sent_and_a_missing_one_is_said(
    ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match="MY_KEY"):
        engine(ollama, api_key_env="MY_KEY")
    monkeypatch.setenv("MY_KEY", "sesame")
    assert await engine(ollama, api_key_env="MY_KEY").version() == "0.33.0"


def test_fields_that_are_not_set_are_not_sent() -> None:
    assert GenerateRequest(model="m", prompt="p").to_json() == {
        "model": "m",
        "prompt": "p",
        "stream": True,
    }


@pytest.mark.parametrize(
    ("text", "billions"),
    [("7.6B", 7.6), ("494.03M", 0.49403), (None, 0), ("much", 0), ("1.2.3B", 0)],
)
def test_parameter_sizes(text: str | None, billions: float) -> None:
    assert parameters(text) == pytest.approx(billions)
