"""Where Ollama is to be started, and where that mends nothing."""

from __future__ import annotations

import pytest

from infill_ls.engines.ollama_start import is_usual, start_hint
from infill_ls.settings import Settings, Source, from_user

THERE = "Start it, or "


@pytest.mark.parametrize(
    ("environment", "hint"),
    [
        ({}, "Run: ollama serve"),
        ({"OLLAMA_HOST": "127.0.0.1"}, "Run: ollama serve"),
        ({"OLLAMA_HOST": "0.0.0.0:11434"}, "Run: ollama serve"),
        ({"OLLAMA_HOST": "localhost"}, "Run: ollama serve"),
        ({"INFILL_LS_URL": "http://127.0.0.1:11434/v1"}, "Run: ollama serve"),
        ({"OLLAMA_HOST": ":5"}, f"{THERE}mend OLLAMA_HOST."),
        ({"OLLAMA_HOST": "gpu"}, f"{THERE}mend OLLAMA_HOST."),
        ({"OLLAMA_HOST": "[::1]:11434"}, f"{THERE}mend OLLAMA_HOST."),
        ({"OLLAMA_HOST": "https://127.0.0.1:11434"}, f"{THERE}mend OLLAMA_HOST."),
        ({"OLLAMA_HOST": "http://127.0.0.1:11434/path"}, f"{THERE}mend OLLAMA_HOST."),
        ({"INFILL_LS_URL": "http://127.0.0.1:11435"}, f"{THERE}mend INFILL_LS_URL."),
        ({"INFILL_LS_URL": "http://gpu:11434", "OLLAMA_HOST": ""}, f"{THERE}mend INFILL_LS_URL."),
    ],
)
def test_what_is_to_be_done(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], hint: str
) -> None:
    for name in ("OLLAMA_HOST", "INFILL_LS_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings, _ = from_user({})
    assert start_hint(settings) == hint
    assert is_usual(settings) is (hint == "Run: ollama serve")


@pytest.mark.parametrize("kind", ["file", "editor", "command line"])
def test_a_setting_is_named(kind: str) -> None:
    settings = Settings(url="http://gpu:11434", sources={"url": Source(kind)})  # type: ignore[arg-type]
    assert start_hint(settings) == f'{THERE}set "url".'
    assert start_hint(Settings(url="http://gpu:11434")) == f'{THERE}set "url".'
