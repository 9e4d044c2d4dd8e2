"""A model that Ollama can't load gives way to a smaller one, where "auto" has taken it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fake_ollama import NO_MEMORY, FakeOllama
from infill_ls.engines import ollama_auto
from infill_ls.engines.ollama import Ollama
from infill_ls.errors import BadAnswer, CannotLoad
from infill_ls.settings import Settings

LARGE, MIDDLE, SMALL = (f"qwen2.5-coder:{size}" for size in ("7b", "3b", "1.5b"))
BYTES = {LARGE: 4_700_000_000, MIDDLE: 1_900_000_000, SMALL: 986_000_000}
STOPPED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal "
    "error, check ollama server logs for details"
)


@pytest.fixture(autouse=True)
def _nothing_refused() -> Iterator[None]:
    """Each test is a session of its own."""
    ollama_auto._REFUSED.clear()
    yield
    ollama_auto._REFUSED.clear()


@pytest.fixture
def three(ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> FakeOllama:
    """An Ollama with three models, none of them loaded, on a machine of any size."""
    monkeypatch.setattr(ollama_auto, "total_memory", lambda: None)
    ollama.loaded = False
    ollama.models = {name: ["completion", "insert"] for name in BYTES}
    ollama.tags = {
        name: {
            "size": size,
            "details": {"family": "qwen2", "parameter_size": name.rpartition(":")[2].upper()},
        }
        for name, size in BYTES.items()
    }
    return ollama


def engine(fake: FakeOllama, told: list[str], **settings: Any) -> Ollama:
    return Ollama(replace(Settings(), url=fake.url, **settings), tell=told.append)


@pytest.mark.parametrize("text", [NO_MEMORY, STOPPED])
async def test_the_next_smaller_one_is_taken_and_told(three: FakeOllama, text: str) -> None:
    three.too_large = {LARGE: text}
    told: list[str] = []
    asked = engine(three, told)
    assert (await asked.describe()).name == LARGE
    await asked.load()
    assert [load.body["model"] for load in three.load_calls] == [LARGE, MIDDLE]
    assert (await asked.describe()).name == MIDDLE
    assert told == [f"{MIDDLE} is used instead of {LARGE}. Ollama refuses the request: {text}."]


async def test_what_couldn_t_be_loaded_is_not_tried_again_in_this_session(
    three: FakeOllama,
) -> None:
    three.too_large = {LARGE: NO_MEMORY}
    told: list[str] = []
    await engine(three, told).load()
    # Whoever connects anew has another engine.
    again = engine(three, told)
    await again.load()
    assert (await again.describe()).name == MIDDLE
    assert [load.body["model"] for load in three.load_calls].count(LARGE) == 1
    assert len(told) == 1


async def test_it_goes_on_to_the_smallest(three: FakeOllama) -> None:
    three.too_large = {LARGE: NO_MEMORY, MIDDLE: STOPPED}
    told: list[str] = []
    asked = engine(three, told)
    await asked.load()
    assert (await asked.describe()).name == SMALL
    assert [text.partition(" is used")[0] for text in told] == [MIDDLE, SMALL]


async def test_where_none_can_be_loaded_the_last_one_is_tried_again(three: FakeOllama) -> None:
    three.too_large = dict.fromkeys(BYTES, NO_MEMORY)
    told: list[str] = []
    asked = engine(three, told)
    for _ in range(2):
        with pytest.raises(CannotLoad, match="requires more system memory"):
            await asked.load()
    assert [load.body["model"] for load in three.load_calls] == [LARGE, MIDDLE, SMALL, SMALL]
    three.too_large = {}
    await asked.load()
    assert (await asked.describe()).name == SMALL


async def test_a_model_that_is_named_is_not_exchanged(three: FakeOllama) -> None:
    three.too_large = {LARGE: NO_MEMORY}
    told: list[str] = []
    asked = engine(three, told, model=LARGE)
    with pytest.raises(CannotLoad):
        await asked.load()
    assert (await asked.describe()).name == LARGE
    assert told == []


async def test_another_refusal_says_nothing_of_the_model(three: FakeOllama) -> None:
    three.refusal = (500, "it broke")
    told: list[str] = []
    asked = engine(three, told)
    with pytest.raises(BadAnswer, match="it broke"):
        await asked.load()
    assert (await asked.describe()).name == LARGE
    assert told == []
