"""The Python API: one call, and what stays open between calls."""

from __future__ import annotations

import asyncio

import pytest

from fake_ollama import FakeOllama
from infill_ls.errors import SettingsError


@pytest.mark.usefixtures("_session")
async def test_the_python_api(ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    from infill_ls import complete

    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    fill = await asyncio.to_thread(complete, "def f(xs):\n    return [", "]\n")
    assert fill == "x for x in xs"
    named = await asyncio.to_thread(complete, "a = [", "]\n", "qwen2.5-coder:1.5b")
    assert named == "x for x in xs"
    assert [call.body["raw"] for call in ollama.generations] == [True, True]
    monkeypatch.setenv("INFILL_LS_MODE", "sideways")
    with pytest.raises(SettingsError, match="sideways"):
        await asyncio.to_thread(complete, "a = [", "]\n")
