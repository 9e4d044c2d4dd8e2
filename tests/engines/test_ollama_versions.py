"""Versions of Ollama that leak are told."""

from __future__ import annotations

import asyncio

import pytest

from fake_ollama import FakeOllama
from infill_ls.engines.ollama import Ollama
from infill_ls.engines.ollama_versions import advice, leaks
from infill_ls.engines.openai import OpenAI
from infill_ls.settings import Settings


@pytest.mark.parametrize(
    ("version", "leaky"),
    [
        *(("0.1.14", True), ("0.9.6", True), ("0.17.0", True), ("v0.16.3", True)),
        *(("0.17.1", False), ("0.17.10", False), ("0.33.0", False), ("1.0.0", False)),
        # The first number that differs counts.
        ("0.2.9999", True),
        ("0.17.1-rc1", False),
        # Nobody knows.
        *(("0.0.0", False), ("", False), ("main", False), ("0.17", False), ("9" * 5000, False)),
    ],
)
def test_versions(version: str, leaky: bool) -> None:
    assert leaks(version) is leaky


async def test_one_that_leaks_is_told_with_what_to_do(ollama: FakeOllama) -> None:
    engine = Ollama(Settings(ollama_host=ollama.url))
    assert await advice(engine) == ""
    ollama.version = "0.12.3"
    text = await advice(engine)
    assert text == (
        "Ollama before 0.17.1 leaks prompts (CVE-2026-7482). Update it: https://ollama.com/download"
    )
    assert await advice(OpenAI(ollama.url)) == ""


async def test_one_that_says_nothing_is_none_of_ours_to_tell(ollama: FakeOllama) -> None:
    engine = Ollama(Settings(ollama_host=ollama.url))
    ollama.fault = "not ollama"
    assert await advice(engine) == ""
    await ollama.stop()
    async with asyncio.timeout(30):
        assert await advice(engine) == ""
