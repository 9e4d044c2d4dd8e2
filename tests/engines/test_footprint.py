"""How much memory an engine's model takes."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bench.simulated_engine import PROFILES, SimulatedEngine
from fake_ollama import FakeOllama
from infill_ls.engines import footprint
from infill_ls.engines.embedded import weights
from infill_ls.engines.embedded.engine import Embedded
from infill_ls.engines.footprint import Footprint, footprint_of, resident_memory
from infill_ls.engines.ollama import Ollama
from infill_ls.settings import Settings

NAME = "qwen2.5-coder:1.5b"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"size": 2_000, "size_vram": 500}, Footprint(2_000, 500)),
        ({"size": 2_000, "size_vram": 0}, Footprint(2_000, 0)),
        ({"size": "large"}, None),
    ],
)
async def test_what_ollama_says(
    ollama: FakeOllama, said: dict[str, object], expected: Footprint | None
) -> None:
    ollama.running = {NAME: said}
    engine = Ollama(Settings(headers={}, url=ollama.url))
    assert await footprint_of(engine) == expected


async def test_a_model_that_is_not_loaded_or_not_there(ollama: FakeOllama) -> None:
    ollama.loaded = False
    assert await footprint_of(Ollama(Settings(headers={}, url=ollama.url))) is None
    assert await footprint_of(Ollama(Settings(headers={}, url=ollama.url, model="no"))) is None


async def test_an_engine_that_says_nothing() -> None:
    assert await footprint_of(SimulatedEngine(PROFILES[0], lambda _: iter(()))) is None
    assert await footprint_of(Embedded(weights.DEFAULT, Path("there"))) is None


async def test_the_memory_of_a_process() -> None:
    mine = await resident_memory(os.getpid())
    assert mine is not None
    assert 5_000_000 < mine < 4_000_000_000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no ps")
async def test_the_same_by_ps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ps = tmp_path / "ps"
    ps.write_text('#!/bin/sh\n[ "$1 $2 $3 $4" = "-o rss= -p 4711" ] && echo "  1234"\n')
    ps.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(footprint, "_STATUS", str(tmp_path / "no" / "{}"))
    assert await resident_memory(4711) == 1234 * 1024
    assert await resident_memory(4712) is None
    monkeypatch.setenv("PATH", str(tmp_path / "no"))
    assert await resident_memory(4711) is None


@pytest.mark.skipif(sys.platform != "linux", reason="by Linux's /proc")
async def test_a_process_that_is_gone() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await process.wait()
    assert await resident_memory(process.pid) is None
