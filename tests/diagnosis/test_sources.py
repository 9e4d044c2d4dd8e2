"""The settings in force, and where each is from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infill_ls.diagnosis.sources import given


def test_where_each_is_from(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.environ["XDG_CONFIG_HOME"]) / "infill-ls"
    folder.mkdir()
    (folder / "config.toml").write_text('maxTokens = 64\nlog = "nonsense"\n')
    monkeypatch.setenv("INFILL_LS_MODEL", "mine")
    monkeypatch.setenv("OLLAMA_HOST", ":5")
    monkeypatch.setenv("INFILL_LS_MODE", "wrong")
    found = given({"engine": "ollama"})
    assert {one.key: (one.value, one.place) for one in found.said} == {
        "engine": ("ollama", "command line"),
        "model": ("mine", "INFILL_LS_MODEL"),
        "maxTokens": (64, "settings file"),
    }
    assert found.settings.max_tokens == 64
    log, mode = found.problems
    assert log.startswith('The setting "log" in the settings file')
    assert mode.startswith('The setting "mode" in the environment')
