"""The OpenAI engine against the simulated server."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from fake_ollama import FakeOllama
from infill_ls.engines import connect
from infill_ls.engines.engine import Chunk, Token
from infill_ls.engines.openai import OpenAI
from infill_ls.engines.rates import Usage
from infill_ls.errors import BadAnswer, Busy, ModelNotFound, NotRunning, TooLong
from infill_ls.prompt import families
from infill_ls.prompt.beginning import Beginning
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings
from infill_ls.values import OwnTemplate

REQUEST = Request(
    prompt="<PRE>a<SUF>b<MID>",
    suffix=None,
    raw=True,
    stop=("1", "2", "3", "4", "5"),
    control=(),
    max_tokens=20,
    temperature=0.0,
)


async def chunks(engine: OpenAI, request: Request = REQUEST) -> list[Chunk]:
    return [chunk async for chunk in engine.generate(request)]


async def test_request_to_the_letter(ollama: FakeOllama) -> None:
    await chunks(OpenAI(ollama.url, model="qwen2.5-coder:1.5b"))
    assert [call.path for call in ollama.calls] == ["/v1/completions"]
    assert ollama.calls[0].body == {
        "model": "qwen2.5-coder:1.5b",
        "prompt": "<PRE>a<SUF>b<MID>",
        "max_tokens": 20,
        "temperature": 0.0,
        "seed": 1,
        "stream": True,
        "stream_options": {"include_usage": True},
        "stop": ["1", "2", "3", "4"],
        "logprobs": 1,
    }


@pytest.mark.parametrize("props", [None, {}])
async def test_how_likely_the_tokens_were(ollama: FakeOllama, props: Any) -> None:
    ollama.logprob, ollama.props = -0.25, props
    got = await chunks(OpenAI(ollama.url))
    assert [one.tokens for one in got if one.text] == [
        (Token(one.text, -0.25),) for one in got if one.text
    ]


@pytest.mark.parametrize("sent", [None, "nonsense"])
async def test_a_server_that_does_not_tell_writes_all_the_same(
    ollama: FakeOllama, sent: str | None
) -> None:
    ollama.logprob = sent
    got = await chunks(OpenAI(ollama.url))
    assert "".join(one.text for one in got) == "x for x in xs"
    assert {one.tokens for one in got} == {()}


@pytest.mark.parametrize("text", ["logprobs are not supported", "Extra inputs are not permitted"])
async def test_a_server_that_refuses_to_tell_is_asked_without_and_remembered(
    ollama: FakeOllama, text: str
) -> None:
    ollama.refuses_logprobs = text
    engine = OpenAI(ollama.url)
    for _ in range(2):
        got = await chunks(engine)
        assert "".join(one.text for one in got) == "x for x in xs"
    asked = ["logprobs" in one.body for one in ollama.calls if one.path == "/v1/completions"]
    assert asked == [True, False, False]


@pytest.mark.parametrize("words", ["post_sampling_probs is unknown", "Extra inputs"])
async def test_llama_server_is_asked_for_what_is_left_after_sampling(
    ollama: FakeOllama, words: str
) -> None:
    ollama.props, ollama.logprob = {}, -0.25
    engine = OpenAI(ollama.url, llama_server=True)
    request = replace(REQUEST, temperature=0.2)
    got = await chunks(engine, request)
    assert ollama.calls[-1].body["post_sampling_probs"] is True
    assert ollama.calls[-1].body["logprobs"] > 1
    assert [token.text for one in got for token in one.tokens] == [one.text for one in got[:-1]]
    assert [token.logprob for one in got for token in one.tokens] == pytest.approx([-0.25] * 4)
    # Where something else would be told, it is asked as others are.
    await chunks(engine)
    await chunks(engine, replace(request, begin=Beginning(" x")))
    assert [one.body["logprobs"] for one in ollama.calls[-2:]] == [1, 1]
    assert not any("post_sampling_probs" in one.body for one in ollama.calls[-2:])
    # Another one at the same address, which refuses: it is asked as others are from now on.
    ollama.refuses_post_sampling = words
    engine, asked = (
        OpenAI(ollama.url, model="qwen2.5-coder:1.5b", llama_server=True),
        len(ollama.calls),
    )
    for _ in range(2):
        got = await chunks(engine, request)
        assert [token.logprob for one in got for token in one.tokens] == [-0.25] * 4
    sent = ["post_sampling_probs" in one.body for one in ollama.calls[asked:]]
    assert sent == [True, False, False]


async def test_a_llama_server_that_knows_only_logarithms_is_understood(
    ollama: FakeOllama,
) -> None:
    ollama.props, ollama.logprob, ollama.knows_post_sampling = {}, -0.25, False
    got = await chunks(OpenAI(ollama.url, llama_server=True), replace(REQUEST, temperature=0.2))
    assert ollama.calls[-1].body["post_sampling_probs"] is True
    assert [token.logprob for one in got for token in one.tokens] == [-0.25] * 4


async def test_what_is_refused_without_is_an_error_and_nothing_is_remembered(
    ollama: FakeOllama,
) -> None:
    engine = OpenAI(ollama.url)
    ollama.refusal = 400, "no"
    with pytest.raises(BadAnswer, match="no"):
        await chunks(engine)
    assert len(ollama.calls) == 3
    ollama.refusal, ollama.logprob = None, -1.0
    got = await chunks(engine)
    assert got[0].tokens
    # It takes them: what it refuses now is something else, and not asked for twice.
    ollama.refusal = 400, "no"
    with pytest.raises(BadAnswer, match="no"):
        await chunks(engine)
    assert len(ollama.calls) == 5


async def test_an_error_of_its_own_is_not_asked_for_twice(ollama: FakeOllama) -> None:
    ollama.refusal = 500, "it broke"
    with pytest.raises(BadAnswer, match="it broke"):
        await chunks(OpenAI(ollama.url, model="qwen2.5-coder:1.5b"))
    assert len(ollama.calls) == 1


async def test_what_the_answer_begins_with_is_asked_for(ollama: FakeOllama) -> None:
    request = replace(REQUEST, begin=Beginning(' "so\\r'))
    await chunks(OpenAI(ollama.url), request)
    assert "grammar" not in ollama.calls[-1].body
    await chunks(OpenAI(ollama.url, llama_server=True), request)
    assert ollama.calls[-1].body["grammar"] == ('root ::= " \\"so\\\\r" rest\nrest ::= [^\\x00]*')


async def test_the_answer_is_streamed_with_its_counts(ollama: FakeOllama) -> None:
    got = await chunks(OpenAI(ollama.url))
    assert "".join(chunk.text for chunk in got) == "x for x in xs"
    assert got[-1].stop_reason == "stop"
    usage = got[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.cached_tokens, usage.fill_tokens) == (9, 7, 3)


async def test_a_stream_that_is_closed_early_has_its_counts_and_times(ollama: FakeOllama) -> None:
    engine = OpenAI(ollama.url, llama_server=True)
    async with aclosing(engine.generate(REQUEST)) as answer:
        usage = (await anext(answer)).usage
    assert usage == Usage(67, 7, 1, 2.0005, 0.1005)


async def test_of_several_models_one_that_can_fill_is_taken(ollama: FakeOllama) -> None:
    ollama.models = {"llama3": [], "starcoder2": []}
    assert (await OpenAI(ollama.url).describe()).name == "starcoder2"


async def test_of_several_models_the_one_that_the_users_template_means_is_taken(
    ollama: FakeOllama,
) -> None:
    ollama.models = {"llama3": [], "starcoder2": [], "my-model-7b": []}
    own = OwnTemplate("my-model*", "<PRE>{prefix}<SUF>{suffix}<MID>", ("<EOT>",))
    settings = Settings(headers={}, url=ollama.url, engine="openai", fim=(own,))
    model = await (await connect(settings)).describe()
    assert model.name == "my-model-7b"
    family = families.family_of(model, settings.fim)
    assert family is not None
    assert family.template == own.template


@pytest.mark.parametrize(
    ("models", "taken"),
    [
        # A template without a name is for any model, but not every model can fill.
        (["text-embedding-v1.5", "qwen2.5-coder-7b"], "qwen2.5-coder-7b"),
        (["text-embedding-v1.5", "mine"], "text-embedding-v1.5"),
    ],
)
async def test_a_template_for_all_models_chooses_none(
    ollama: FakeOllama, models: list[str], taken: str
) -> None:
    ollama.models = {name: [] for name in models}
    own = OwnTemplate("*", "<PRE>{prefix}<SUF>{suffix}<MID>")
    settings = Settings(headers={}, url=ollama.url, engine="openai", fim=(own,))
    assert (await (await connect(settings)).describe()).name == taken


@pytest.mark.parametrize(
    ("about", "props", "room"),
    [
        ({"max_model_len": 8192}, None, 8192),
        ({"max_model_len": "8192"}, None, None),
        ({"max_model_len": 0}, None, None),
        ({"max_model_len": True}, None, None),
        # What it was trained with may be much more than what it is served with.
        ({"owned_by": "llamacpp", "meta": {"n_ctx_train": 32768}}, None, None),
        ({"owned_by": "llamacpp", "meta": {"n_ctx_train": 32768}}, {}, 32768),
        (
            {"owned_by": "llamacpp", "meta": {"n_ctx_train": 32768}},
            {"default_generation_settings": {"n_ctx": 1024}},
            1024,
        ),
        ({"owned_by": "llamacpp", "meta": []}, {"default_generation_settings": [1]}, None),
        ({}, None, None),
    ],
)
async def test_how_much_room_the_server_has(
    ollama: FakeOllama, about: dict[str, Any], props: Any, room: int | None
) -> None:
    ollama.about, ollama.props = {"qwen2.5-coder:1.5b": about}, props
    engine = OpenAI(ollama.url, inquire=True)
    await engine.describe()
    assert engine.room == room


async def test_llama_server_counts_tokens(ollama: FakeOllama) -> None:
    engine = OpenAI(ollama.url, llama_server=True)
    assert await engine.count("12345678") is None
    ollama.props = {}
    assert await engine.count("12345678") == 9
    assert ollama.calls[-1].body == {
        "content": "12345678",
        "add_special": True,
        "parse_special": True,
    }
    asked = len(ollama.calls)
    assert await OpenAI(ollama.url).count("12345678") is None
    assert len(ollama.calls) == asked


@pytest.mark.parametrize("fault", ["", "too long"])
async def test_a_prompt_that_is_too_long_tells_the_room(ollama: FakeOllama, fault: str) -> None:
    """Of old, llama-server said it in the stream."""
    ollama.room, ollama.fault = 30, fault
    engine = OpenAI(ollama.url, model="qwen2.5-coder:1.5b")
    with pytest.raises(TooLong) as caught:
        await chunks(engine, replace(REQUEST, prompt="1" * 20))
    assert "30 tokens" in caught.value.message
    assert '"contextTokens"' in caught.value.fix
    assert engine.room == 30


LLAMA_SERVER = {"owned_by": "llamacpp"}


@pytest.mark.parametrize(
    ("about", "props", "own_name"),
    [
        ({"root": "Qwen/Qwen2.5-Coder-7B"}, None, "Qwen2.5-Coder-7B"),
        ({"root": "/models/starcoder2-3b/"}, None, "starcoder2-3b"),
        (LLAMA_SERVER, {"model_path": "/models/codegemma-2b.Q8_0.gguf"}, "codegemma-2b.Q8_0.gguf"),
        (LLAMA_SERVER, {"model_path": "C:\\models\\codegemma-2b.gguf"}, "codegemma-2b.gguf"),
        (LLAMA_SERVER, {"model_path": ""}, ""),
        (LLAMA_SERVER, {"model_path": 5}, ""),
        (LLAMA_SERVER, ["model_path"], ""),
        (LLAMA_SERVER, None, ""),
        ({"root": 5, "owned_by": []}, None, ""),
        ({}, None, ""),
    ],
)
async def test_what_the_server_says_that_its_model_is(
    ollama: FakeOllama, about: dict[str, Any], props: Any, own_name: str
) -> None:
    ollama.models, ollama.about, ollama.props = {"default": []}, {"default": about}, props
    described = await OpenAI(ollama.url, inquire=True).describe()
    can_begin = about is LLAMA_SERVER
    assert described == Model("default", can_begin=can_begin, own_name=own_name)


async def test_llama_server_has_one_model_under_any_name(ollama: FakeOllama) -> None:
    ollama.about = {"qwen2.5-coder:1.5b": LLAMA_SERVER}
    ollama.props = {"model_path": "codegemma-2b.gguf"}
    described = await OpenAI(ollama.url, model="gpt", inquire=True).describe()
    assert described == Model("gpt", can_begin=True, own_name="codegemma-2b.gguf")


@pytest.mark.parametrize(
    ("owner", "more"),
    [("llamacpp", {"cache_prompt": True, "timings_per_token": True}), ("vllm", {})],
)
async def test_llama_server_alone_is_asked_for_more(
    ollama: FakeOllama, owner: str, more: dict[str, Any]
) -> None:
    ollama.about = {"qwen2.5-coder:1.5b": {"owned_by": owner}}
    await chunks(OpenAI(ollama.url, inquire=True))
    body = ollama.calls[-1].body
    standard = ("model", "prompt", "max_tokens", "temperature", "seed", "stream", "stop")
    also = {*standard, "stream_options", "logprobs"}
    assert {key: body[key] for key in body.keys() - also} == more


async def test_a_server_that_lists_no_models_does_without(ollama: FakeOllama) -> None:
    ollama.fault = "not ollama"
    assert await OpenAI(ollama.url, model="m", inquire=True).describe() == Model("m")


async def test_what_it_is_is_asked_again_when_its_model_is_loaded(ollama: FakeOllama) -> None:
    ollama.about = {"qwen2.5-coder:1.5b": LLAMA_SERVER}
    ollama.props = {"model_path": "codegemma-2b.gguf"}
    engine = OpenAI(ollama.url, model="gpt", inquire=True)
    ollama.fault = "loading"
    with pytest.raises(Busy, match="still loading its model"):
        await engine.describe()
    ollama.fault = ""
    assert await engine.describe() == Model("gpt", can_begin=True, own_name="codegemma-2b.gguf")


async def test_no_model_at_all(ollama: FakeOllama) -> None:
    ollama.models = {}
    with pytest.raises(ModelNotFound):
        await OpenAI(ollama.url).describe()


async def test_a_model_that_is_not_there(ollama: FakeOllama) -> None:
    with pytest.raises(ModelNotFound, match="other"):
        await chunks(OpenAI(ollama.url, model="other"))


@pytest.mark.parametrize(("fault", "says"), [("error line", "it broke"), ("no text", "broke off")])
async def test_faults_become_our_errors(ollama: FakeOllama, fault: str, says: str) -> None:
    ollama.fault = fault
    with pytest.raises(BadAnswer, match=says):
        await chunks(OpenAI(ollama.url))


async def test_an_answer_that_ends_without_a_word_of_it_is_cut_short(ollama: FakeOllama) -> None:
    ollama.fault = "no done"
    got = await chunks(OpenAI(ollama.url))
    assert [(chunk.text, chunk.stop_reason) for chunk in got] == [("x fo", None), ("", "cut")]


@pytest.mark.parametrize(
    ("status", "text", "fix"),
    [
        (400, "the request exceeds the available context size", '"contextTokens"'),
        (400, "", "its own log"),
        (500, "it broke", "its own log"),
    ],
)
async def test_a_request_that_is_refused(
    ollama: FakeOllama, status: int, text: str, fix: str
) -> None:
    ollama.refusal = (status, text)
    with pytest.raises(BadAnswer, match=f"refuses the request: {text or status}\\.") as caught:
        await chunks(OpenAI(ollama.url))
    assert fix in caught.value.fix


async def test_another_kind_of_server(ollama: FakeOllama) -> None:
    ollama.fault = "not ollama"
    with pytest.raises(NotRunning, match="/v1/completions"):
        await chunks(OpenAI(ollama.url, model="m"))


async def test_closing_the_stream_closes_the_call(ollama: FakeOllama) -> None:
    ollama.piece_gate.clear()
    engine = OpenAI(ollama.url, model="qwen2.5-coder:1.5b")
    async with aclosing(engine.generate(REQUEST)) as answer:
        assert (await anext(answer)).text == "x fo"
    await ollama.until(lambda: ollama.calls[0].state == "cancelled")
