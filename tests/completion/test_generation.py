"""A generation, from the prompt to the fill, on the simulated Ollama."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from fake_ollama import FakeOllama, by_heart
from holes import at
from infill_ls.completion import policy
from infill_ls.completion.answer import Outcome
from infill_ls.completion.completer import Completer
from infill_ls.completion.generation import fill_hole
from infill_ls.engines import connect
from infill_ls.engines.ollama import Ollama
from infill_ls.settings import Settings

ABOVE = "def is_even(n):\n"
EVEN = "    return n % 2 == 0"
MIDDLE = "<|fim_middle|>" + ABOVE


async def outcome(ollama: FakeOllama, text: str, **changed: Any) -> Outcome:
    settings = replace(Settings(headers={}), url=ollama.url, **changed)
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
    completer = Completer(connect, settings, goes_ahead=False)
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
