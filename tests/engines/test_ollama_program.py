"""Whether there is a program to be started, and what installs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill_ls.engines import ollama_program
from infill_ls.engines.ollama import Ollama
from infill_ls.errors import NotRunning
from infill_ls.settings import Settings


def test_it_is_looked_for_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not ollama_program.is_installed()
    program = tmp_path / "ollama"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert ollama_program.is_installed()


@pytest.mark.parametrize(
    ("system", "command", "sentence"),
    [
        ("linux", ollama_program.FOR_LINUX, f"Install Ollama: {ollama_program.FOR_LINUX}"),
        ("darwin", ollama_program.FROM_PAGE, ollama_program.FROM_PAGE),
        ("win32", ollama_program.FROM_PAGE, ollama_program.FROM_PAGE),
    ],
)
def test_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, system: str, command: str, sentence: str
) -> None:
    monkeypatch.setattr("sys.platform", system)
    assert ollama_program.installs() == command
    assert ollama_program.how_to_install() == sentence


@pytest.mark.parametrize("there", [True, False])
async def test_where_it_isnt_installed_it_is_not_to_be_started(
    monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    monkeypatch.setattr(ollama_program, "is_installed", lambda: there)
    # Nobody can listen on it.
    nowhere = "http://127.0.0.1:1"
    monkeypatch.setattr("infill_ls.engines.ollama_start.DEFAULT_URL", nowhere)
    with pytest.raises(NotRunning) as caught:
        await Ollama(Settings(url=nowhere)).version()
    assert caught.value.fix == ("Run: ollama serve" if there else ollama_program.how_to_install())
