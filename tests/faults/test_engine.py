"""The engine over HTTP goes wrong in every way that an engine can."""

from __future__ import annotations

import pytest

from fake_ollama import FakeOllama
from faults.rows import Matrix, Rows
from faults.scene import Scene

ROWS = Rows("Ollama over HTTP")


@ROWS.row("It refuses connections, from the start on")
async def refuses(scene: Scene) -> None:
    ollama = FakeOllama()
    await ollama.start()
    await ollama.stop()
    await scene.start(ollama.url, warm=False)
    await scene.shown()
    assert await scene.type(8, 0.25) == [None] * 8
    await ollama.start(ollama.port)
    scene.engines.push_async_callback(ollama.stop)
    scene.mended()
    await scene.works_again()


@ROWS.row("It is killed, and started anew")
async def is_killed_and_started_anew(scene: Scene) -> None:
    ollama = FakeOllama()
    await ollama.start()
    await scene.start(ollama.url)
    await ollama.stop()
    await scene.type(8, 0.25)
    await ollama.start(ollama.port)
    scene.engines.push_async_callback(ollama.stop)
    scene.mended()
    await scene.works_again()


@pytest.mark.parametrize("name", ROWS.names)
def test_row(name: str, matrix: Matrix) -> None:
    matrix.check(ROWS, name)
