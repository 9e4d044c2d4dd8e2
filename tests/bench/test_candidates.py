"""Which of the installed models are measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infill_ls.bench.candidates import choose
from infill_ls.bench.measure import Candidate
from infill_ls.engines.embedded.weights import DEFAULT
from infill_ls.engines.inventory import EngineModels, InstalledModel
from infill_ls.errors import CannotInsert, InfillError, ModelNotFound, NotRunning, WeightsError


def in_ollama(*names: str, **about: Any) -> EngineModels:
    return EngineModels(
        "ollama",
        "http://127.0.0.1:11434",
        tuple(InstalledModel("ollama", name, mode="raw", **about) for name in names),
    )


EMBEDDED = EngineModels(
    "embedded",
    "models",
    (InstalledModel("embedded", DEFAULT.name, mode="raw", auto=True),),
)
NO_OLLAMA = EngineModels(
    "ollama", "there", error=NotRunning("Ollama does not answer there.", "Start Ollama.")
)
NO_WEIGHTS = EngineModels(
    "embedded", "models", error=WeightsError("There are no weights yet.", "infill-ls pull 0.5b")
)


def test_the_first_that_can_fill_of_all_engines() -> None:
    chosen, left_out = choose([in_ollama("a", "b", "c"), EMBEDDED], [], 3)
    assert chosen == [
        Candidate("embedded", DEFAULT.name),
        Candidate("ollama", "a"),
        Candidate("ollama", "b"),
    ]
    assert left_out == ["c"]


def test_what_cannot_fill_or_runs_elsewhere_is_left_out() -> None:
    chat = InstalledModel("ollama", "chat", why_not="It can only chat.")
    base = InstalledModel("ollama", "base", mode="plain")
    cloud = InstalledModel("ollama", "cloud", mode="raw", elsewhere="ollama.com")
    engine = replace(in_ollama("a"), models=(chat, base, cloud, *in_ollama("a").models))
    assert choose([engine], [], 5) == ([Candidate("ollama", "a")], [])
    # Whoever names them means it.
    chosen, _ = choose([engine], ["cloud", "base", "cloud"], 5)
    assert [one.model for one in chosen] == ["cloud", "base"]
    with pytest.raises(CannotInsert, match=r'"chat" can\'t be measured: It can only chat.'):
        choose([engine], ["chat"], 5)


def test_names_as_the_settings_take_them() -> None:
    engines = [in_ollama("a:latest", "a:7b"), EMBEDDED]
    chosen, left_out = choose(engines, ["a", "0.5b", "a:7b"], 1)
    assert [one.model for one in chosen] == ["a:latest", DEFAULT.name, "a:7b"]
    assert left_out == []


def test_a_name_that_no_engine_has() -> None:
    with pytest.raises(ModelNotFound, match='No engine here has a model "c"'):
        choose([in_ollama("a"), NO_WEIGHTS], ["c"], 5)
    # Perhaps it is the one that is down.
    with pytest.raises(ModelNotFound, match=r'model "c"\. Ollama does not answer there\. Start'):
        choose([NO_OLLAMA, NO_WEIGHTS], ["c"], 5)


def test_none_at_all() -> None:
    with pytest.raises(InfillError) as caught:
        choose([NO_OLLAMA, NO_WEIGHTS], [], 5)
    assert str(caught.value) == (
        "There is no model to measure. Ollama does not answer there. There are no weights yet. "
        "infill-ls pull 0.5b"
    )
    chat = EngineModels("ollama", "", (InstalledModel("ollama", "chat", why_not="It chats."),))
    with pytest.raises(InfillError) as caught:
        choose([chat, NO_WEIGHTS], [], 5)
    assert "None of those that are installed can fill in the middle." in str(caught.value)
