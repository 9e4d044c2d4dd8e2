"""A clock for what waits while a file is saved."""

from __future__ import annotations

import pytest

from infill_ls import saving


class SavingClock:
    """A clock that is set by hand, in s."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SavingClock:
    clock = SavingClock()
    monkeypatch.setattr(saving, "time", clock)
    return clock
