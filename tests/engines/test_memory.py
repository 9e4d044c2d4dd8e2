"""How much memory this machine has."""

from __future__ import annotations

import os

import pytest

from infill_ls.engines.memory import total_memory


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="Windows doesn't say")
def test_the_memory_of_this_machine() -> None:
    memory = total_memory()
    assert memory is not None
    assert memory > 100_000_000


@pytest.mark.parametrize("error", [AttributeError, ValueError, OSError])
def test_a_system_that_does_not_say(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuse(_: str) -> int:
        raise error

    monkeypatch.setattr(os, "sysconf", refuse, raising=False)
    assert total_memory() is None


def test_a_system_that_says_nonsense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", lambda _: -1, raising=False)
    assert total_memory() is None
