"""A generation, from the prompt to the fill, on the simulated Ollama."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_ollama import Call, FakeOllama, by_heart
from holes import at
from infill_ls.completion import policy
from infill_ls.completion.answer import Outcome
from infill_ls.completion.completer import Completer
from infill_ls.completion.generation import (
    MOST_WRITTEN,
    REFUSALS,
    Generation,
    fill_hole,
    request_for,
    say_once,
)
from infill_ls.engines import connect
from infill_ls.engines.embedded import engine as embedded
from infill_ls.engines.embedded import server as embedded_server
from infill_ls.engines.embedded import weights
from infill_ls.engines.embedded.engine import Embedded
from infill_ls.engines.engine import Engine, get_ready
from infill_ls.engines.ollama import Ollama
from infill_ls.engines.rates import Rates
from infill_ls.errors import EngineError, TooLong
from infill_ls.settings import EngineName, Settings
from infill_ls.text.hole import Hole, between
from infill_ls.values import OwnTemplate

ABOVE = "def is_even(n):\n"
EVEN = "    return n % 2 == 0"
MIDDLE = "<|fim_middle|>" + ABOVE


async def outcome(ollama: FakeOllama, text: str, **changed: Any) -> Outcome:
    settings = replace(Settings(), url=ollama.url, **changed)
    hole = at(text)
    return await fill_hole(Ollama(settings), hole, settings, policy.shape(hole, "auto"))


def prompts(ollama: FakeOllama) -> list[str]:
    """What stands behind the text below in each prompt."""
    return [call.body["prompt"].rpartition(MIDDLE)[2] for call in ollama.generations]


@pytest.mark.parametrize(
    ("typed", "filled"),
    [
        ("    return ", "n % 2 == 0"),
        ("    return n % ", "2 == 0"),
        ("    return", " n % 2 == 0"),
        ("    ret", "urn n % 2 == 0"),
        ("    return n % 2 =", "= 0"),
        ("    ", "return n % 2 == 0"),
    ],
)
@pytest.mark.parametrize("mode", ["raw", "plain"])
async def test_a_prompt_that_would_end_inside_of_a_token(
    ollama: FakeOllama, typed: str, filled: str, mode: Any
) -> None:
    ollama.fill = by_heart(EVEN)
    assert (await outcome(ollama, f"{ABOVE}{typed}█\n", mode=mode)).fill == filled
    assert len(ollama.generations) == 1


async def test_an_answer_with_another_word_is_broken_off_and_asked_for_once_more(
    ollama: FakeOllama,
) -> None:
    def write(body: Mapping[str, Any]) -> str:
        return "ed(n)" if body["prompt"].endswith("sort") else " filtered(by, everything)"

    ollama.fill = write
    ollama.piece_gate.clear()
    asked = asyncio.create_task(outcome(ollama, f"{ABOVE}    return sort█\n"))
    await ollama.until(lambda: len(ollama.generations) == 2)
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")
    ollama.piece_gate.set()
    found = await asked
    assert (found.fill, found.raw) == ("ed(n)", "ed(n)")
    assert prompts(ollama) == ["    return", "    return sort"]
    assert ollama.generations[0].sent == 1
    assert ollama.most_at_once == 1


async def test_while_a_word_is_typed_that_the_model_did_not_expect_each_key_is_one_call(
    ollama: FakeOllama,
) -> None:
    ollama.fill = lambda body: " filtered(n)" if body["prompt"].endswith("return") else "(n)"
    settings = Settings(headers={}, url=ollama.url, debounce_ms=0)
    completer = Completer(connect, settings, speculates=False)
    for typed in ("so", "sor", "sort", "", "fil"):
        hole = at(f"{ABOVE}    return {typed}█\n")
        await completer.complete("file:///a.py", hole)
    await completer.aclose()
    assert prompts(ollama) == [
        *("    return", "    return so", "    return sor", "    return sort", "    return"),
    ]


async def test_a_longer_word_where_a_blank_stands_is_none(ollama: FakeOllama) -> None:
    ollama.fill = lambda body: "n" if body["prompt"].endswith(" ") else "ed = 1"
    assert (await outcome(ollama, f"{ABOVE}    return █\n")).fill == "n"
    assert prompts(ollama) == ["    return", "    return "]


@pytest.mark.parametrize(
    ("typed", "written", "filled"),
    [
        ("x =", " 1", "1"),
        ("x =", "  1", "1"),
        ("x =", "1", "1"),
        ("f(", "a, b", "a, b"),
        ("f(", " a, b", "a, b"),
        ('s = "one,', " two", "two"),
        ('s = "one,', "  two", " two"),
        ("x = 1", "  # so many", " # so many"),
    ],
)
async def test_a_blank_is_put_back_right(
    ollama: FakeOllama, typed: str, written: str, filled: str
) -> None:
    ollama.fill = written
    assert (await outcome(ollama, f"{ABOVE}    {typed} █\n")).fill == filled


async def test_the_users_own_control_tokens_come_back_whole(ollama: FakeOllama) -> None:
    ollama.fill = ' ["< |im_start|>", "< |im_end|>"]'
    text = 'START = "<|im_start|>"\nEND = "<|im_end|>"\nBOTH = █\n'
    assert (await outcome(ollama, text)).fill == '["<|im_start|>", "<|im_end|>"]'
    assert "< |im_end|>" in ollama.generations[0].body["prompt"]


# Budgets: no prompt is longer than the engine has room for.

# An engine that reads so fast that its prompts have the most tokens.
FAST = 5000.0
ROOMS = 4096
KINDS = ("ollama", "old ollama", "llama-server", "vllm", "nobody says")


@asynccontextmanager
async def engine_of(kind: str, settings: Settings) -> AsyncIterator[tuple[FakeOllama, Engine]]:
    """An engine with room for 4,096 tokens, ready to answer, and the server behind it."""
    async with FakeOllama(fill="n % 2 == 0", context_length=ROOMS, room=ROOMS) as fake:
        fake.knows_truncate = kind != "old ollama"
        name = "qwen2.5-coder:1.5b"
        told: dict[str, Any] = {}
        if kind == "llama-server":
            fake.props = {"default_generation_settings": {"n_ctx": ROOMS}}
            told = {"owned_by": "llamacpp"}
        elif kind == "vllm":
            told = {"max_model_len": ROOMS}
        fake.about = {name: told} if told else {}
        wing: EngineName = "ollama" if "ollama" in kind else "openai"
        engine = await connect(replace(settings, url=fake.url, engine=wing))
        await get_ready(engine)
        yield fake, engine


async def filled(
    engine: Engine,
    hole: Hole,
    settings: Settings,
    rates: Rates,
    *,
    uri: str = "file:///a",
    first_line: int | None = None,
) -> Generation:
    generation = Generation(uri, hole, first_line=first_line)
    async with aclosing(generation.stream(engine, settings, rates)) as steps:
        async for _ in steps:
            pass
    return generation


def sent(fake: FakeOllama) -> list[Call]:
    return [call for call in fake.calls if call.body.get("prompt")]


def assert_within(fake: FakeOllama, room: int = ROOMS, tries: int = 1) -> None:
    """What was answered fits, and little was refused before it."""
    answered = [call for call in sent(fake) if call.state == "done"]
    assert answered
    for call in answered:
        fill = call.body.get("max_tokens") or call.body["options"]["num_predict"]
        assert call.tokens + fill <= room
        assert not call.cut
    assert len(sent(fake)) - len(answered) <= tries


DENSE = {
    "digits": lambda size: "".join(str(number * 7919 % 10) for number in range(size)),
    "numbers": lambda size: "".join(f"{number * 7919}\n" for number in range(size // 8)),
    "chinese": lambda size: "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(size)),
    "emoji": lambda size: "".join(chr(0x1F300 + number * 7919 % 700) for number in range(size)),
}


def lines_of(name: str) -> str:
    return "".join(f"{line}\n" for line in re.findall(".{1,40}", DENSE[name](20_000)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DENSE)
async def test_a_prompt_of_short_tokens_is_made_to_fit(kind: str, name: str) -> None:
    settings = Settings(headers={}, mode="raw")
    text = lines_of(name)
    rates = Rates(read=FAST)
    async with engine_of(kind, settings) as (fake, engine):
        generation = await filled(engine, at(f"{text}x = █\n{text}"), settings, rates)
        assert generation.raw == "n % 2 == 0"
        assert_within(fake, tries=2 if kind == "nobody says" else 0)
        # The next one doesn't fail first.
        before = len(sent(fake))
        more = await filled(engine, at(f"{text}x = 1█\n{text}"), settings, rates)
        assert more.raw
        assert {call.state for call in sent(fake)[before:]} == {"done"}
        assert_within(fake, tries=2 if kind == "nobody says" else 0)


@pytest.mark.parametrize("kind", ["ollama", "llama-server", "vllm"])
@pytest.mark.parametrize("name", DENSE)
async def test_the_windows_start_stays_while_somebody_types_in_such_a_file(
    kind: str, name: str
) -> None:
    settings = Settings(headers={}, mode="raw")
    text = lines_of(name)
    rates = Rates(read=FAST)
    starts, first_line = [], None
    async with engine_of(kind, settings) as (fake, engine):
        for typed in ("", "1", "12", "123 ", "123 + ", "123 + 4"):
            hole = at(f"{text}x = {typed}█\n{text}")
            generation = await filled(engine, hole, settings, rates, first_line=first_line)
            first_line = generation.first_line
            starts.append(first_line)
        # It may move once, when the first call has told how long the tokens are.
        assert len(set(starts)) <= 2
        assert len(set(starts[1:])) == 1
        counted = sum(call.path == "/tokenize" for call in fake.calls)
        assert counted <= 2 * len(set(starts))


@given(
    kind=st.sampled_from(KINDS),
    parts=st.lists(
        st.tuples(st.sampled_from(sorted(DENSE)), st.integers(0, 4000), st.text(max_size=40)),
        max_size=8,
    ),
    cut=st.floats(0, 1),
    per_byte=st.booleans(),
    context_tokens=st.sampled_from(["auto", 64, 1000, 3000]),
    max_tokens=st.sampled_from([1, 128, 3000, 4096]),
)
@hypothesis.settings(max_examples=60)
def test_whatever_the_text_the_prompt_fits_and_the_fill_comes(
    kind: str,
    parts: list[tuple[str, int, str]],
    cut: float,
    per_byte: bool,
    context_tokens: Any,
    max_tokens: int,
) -> None:
    text = "".join(f"{DENSE[name](size)}{other}\n" for name, size, other in parts)
    text = text.replace("\r", "\n").encode("utf-8", "replace").decode()
    place = round(cut * len(text))
    settings = Settings(
        headers={}, mode="raw", context_tokens=context_tokens, max_tokens=max_tokens
    )

    async def ask() -> None:
        async with engine_of(kind, settings) as (fake, engine):
            room = engine.room or ROOMS
            fake.room = fake.room and room
            if per_byte:
                # But for control tokens, which are one each.
                fake.tokens = lambda text: len(re.sub(r"<\|\w+\|>", "?", text).encode()) + 1
            rates = Rates(read=FAST)
            for _ in range(2):
                generation = await filled(
                    engine, between(text[:place], text[place:]), settings, rates
                )
                assert generation.written
            answered = [call for call in sent(fake) if call.state == "done"]
            assert len(answered) >= 2
            if kind == "ollama" and per_byte:
                # No count tells of such tokens before the first fill; but nothing is cut.
                assert not any(call.cut for call in answered)
                assert_within(fake, 2 * room, tries=REFUSALS)
            elif kind != "old ollama" or not per_byte:
                assert_within(fake, room, tries=REFUSALS)
            if context_tokens != "auto" and kind == "llama-server":
                assert all(call.tokens <= context_tokens for call in answered)

    asyncio.run(ask())


@pytest.mark.parametrize("kind", KINDS)
async def test_the_users_number_is_a_limit(kind: str) -> None:
    settings = Settings(headers={}, mode="raw", context_tokens=1000)
    text = "".join(f"value_{number} = compute({number})\n" for number in range(3000))
    rates, first_line = Rates(), None
    async with engine_of(kind, settings) as (fake, engine):
        for line in range(1000, 1060):
            lines = text.splitlines(keepends=True)
            hole = at("".join((*lines[:line], "x = █\n", *lines[line:])))
            generation = await filled(engine, hole, settings, rates, first_line=first_line)
            first_line = generation.first_line
        assert max(call.tokens for call in sent(fake)) <= 1000
        assert min(call.tokens for call in sent(fake)) >= 400


@pytest.mark.parametrize("kind", ["ollama", "llama-server", "vllm"])
async def test_a_fill_that_may_be_as_long_as_the_room_gets_half_of_it(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    say_once.cache_clear()
    settings = Settings(headers={}, mode="raw", max_tokens=ROOMS)
    text = "".join(f"value_{number} = compute(other)\n" for number in range(3000))
    async with engine_of(kind, settings) as (fake, engine):
        generation = await filled(engine, at(f"{text}x = █\n"), settings, Rates(read=FAST))
        assert generation.raw
        assert_within(fake, tries=0)
        (call,) = sent(fake)
        assert (call.body.get("max_tokens") or call.body["options"]["num_predict"]) == ROOMS // 2
        assert call.tokens > 1000
        await filled(engine, at(f"{text}y = █\n"), settings, Rates(read=FAST))
    said = [record.message for record in caplog.records if "maxTokens" in record.message]
    assert said == ['A fill gets 2048 tokens, not "maxTokens": the engine has room for 4096.']


async def test_a_room_in_which_nothing_fits_is_told(ollama: FakeOllama) -> None:
    ollama.context_length = 20
    settings = Settings(headers={}, url=ollama.url, model="qwen2.5-coder:1.5b")
    own = OwnTemplate("*", "<PRE>" + "1" * 4000 + "{prefix}<SUF>{suffix}<MID>", ())
    with pytest.raises(TooLong) as caught:
        await filled(
            Ollama(settings), at("x = █\n"), replace(settings, fim=(own,)), Rates(read=FAST)
        )
    assert "room for 1920 tokens" in caught.value.message
    assert '"maxTokens"' in caught.value.fix
    assert not ollama.generations


async def test_an_engine_that_refuses_every_length_is_asked_a_few_times(
    ollama: FakeOllama,
) -> None:
    ollama.refusal = (400, "the input length exceeds the context length")
    settings = Settings(headers={}, url=ollama.url)
    with pytest.raises(TooLong, match="exceeds the context length"):
        await filled(Ollama(settings), at("x = 1\n" * 100 + "y = █\n"), settings, Rates())
    assert 1 < len(ollama.generations) <= REFUSALS + 1


async def test_a_usual_request_is_one_call(ollama: FakeOllama) -> None:
    """Nothing is counted where no text of this length could be too long."""
    ollama.props, ollama.room = {"default_generation_settings": {"n_ctx": ROOMS}}, ROOMS
    ollama.about = {"qwen2.5-coder:1.5b": {"owned_by": "llamacpp"}}
    settings = Settings(headers={}, url=ollama.url, engine="openai")
    engine = await connect(settings)
    await filled(engine, at("x = 1\n" * 500 + "y = █\n"), settings, Rates(read=300))
    paths = [call.path for call in ollama.calls]
    assert paths.count("/v1/completions") == 1
    assert "/tokenize" not in paths


@pytest.mark.real
@pytest.mark.usefixtures("_weights")
async def test_the_embedded_engine_tells_how_likely_its_tokens_were() -> None:
    settings, hole = Settings(headers={}, max_tokens=24), at("def add(a, b):\n    retu█\n")
    engine = Embedded(weights.DEFAULT, weights.ready(weights.DEFAULT))
    try:
        generation = await filled(engine, hole, settings, Rates(read=FAST))
        fill = generation.fill(hole, "statement")
        assert fill is not None
        assert fill.text == "rn a + b"
        said = generation.tokens_of(fill.text, hole)
        # " return", of which a part was typed, " a", " +", " b".
        assert [fill.text[:end] for end, _ in said] == ["rn", "rn a", "rn a +", "rn a + b"]
        assert all(-1 < logprob <= 0 for _, logprob in said)
        outcome = await fill_hole(engine, hole, settings, "statement")
        assert outcome.chance is not None
        assert outcome.chance > 0.5
    finally:
        await engine.aclose()


@pytest.mark.real
@pytest.mark.usefixtures("_weights")
async def test_the_embedded_engine_takes_files_of_short_tokens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has less room than usual, so that a prompt is read within seconds."""
    room = 256
    script = (
        f"from infill_ls.engines.embedded import server\nserver.CONTEXT = {room}\nserver.main()"
    )
    monkeypatch.setattr(embedded, "COMMAND", ("-c", script))
    monkeypatch.setattr(embedded_server, "CONTEXT", room)
    settings = Settings(headers={}, max_tokens=8)
    engine = Embedded(weights.DEFAULT, weights.ready(weights.DEFAULT))
    rates = Rates(read=FAST)
    try:
        for name in DENSE:
            text = lines_of(name)
            generation = await filled(engine, at(f"{text}x = █\n"), settings, rates, uri=name)
            assert generation.written
            assert generation.usage is not None
            assert generation.usage.prompt_tokens is not None
            assert room / 3 < generation.usage.prompt_tokens <= room - settings.max_tokens
    finally:
        await engine.aclose()


async def test_an_error_quotes_nothing_of_the_prompt(ollama: FakeOllama) -> None:
    """Some servers say what they were sent when they refuse it."""
    hole = at("secret_function_of_mine(a, b)\nx = █")

    engine = Ollama(Settings(url=ollama.url))
    request = await request_for(engine, hole, Settings())
    ollama.refusal = 400, f"Input should be shorter: {request.prompt!r}"
    with pytest.raises(EngineError) as caught:
        await fill_hole(engine, hole, Settings(), "line")
    assert "Input should be shorter" in str(caught.value)
    assert "secret_func" not in str(caught.value)


@pytest.mark.parametrize("text", ["def is_even(n):\n    █", "def is_even(n):\n    retu█"])
async def test_a_fill_has_the_tokens_that_it_was_made_of(ollama: FakeOllama, text: str) -> None:
    hole = at(text)
    ollama.fill, ollama.logprob = by_heart(ABOVE + EVEN + "\n\n"), -0.5
    generation = await written(ollama, hole)
    fill = generation.fill(hole, "statement")
    assert fill is not None
    said = generation.tokens_of(fill.text, hole)
    # Pieces have four characters; what stands before the cursor already is no part of it.
    assert said[-1] == (len(fill.text), -0.5)
    ends = [end for end, _ in said]
    assert [after - before for before, after in pairwise(ends[:-1])] == [4] * (len(ends) - 2)
    later = at(text.replace("█", f"{fill.text[:5]}█"))
    assert generation.tokens_of(fill.text[5:], later)[-1] == (len(fill.text) - 5, -0.5)


async def test_of_an_engine_that_does_not_tell_a_fill_has_no_tokens(ollama: FakeOllama) -> None:
    hole = at("def is_even(n):\n    █")
    ollama.fill = by_heart(ABOVE + EVEN + "\n\n")
    generation = await written(ollama, hole)
    assert generation.tokens_of("return n % 2 == 0", hole) == ()


async def written(ollama: FakeOllama, hole: Hole) -> Generation:
    """A generation that is over."""
    engine, generation = Ollama(Settings(url=ollama.url)), Generation("", hole)
    async with aclosing(generation.stream(engine, Settings())) as steps:
        async for _ in steps:
            pass
    return generation


async def test_a_model_in_a_loop_is_closed_after_so_many_characters(ollama: FakeOllama) -> None:
    ollama.fill = "\n" * (4 * MOST_WRITTEN)
    engine = Ollama(Settings(url=ollama.url))
    generation = Generation("", at("x = [█"))
    async with aclosing(generation.stream(engine, Settings())) as steps:
        async for _ in steps:
            assert len(generation.written) < 2 * MOST_WRITTEN
    assert generation.over
    assert generation.cut_short
