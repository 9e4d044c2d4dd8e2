"""The soak itself, short: what can't be noise in a minute holds."""

from __future__ import annotations

import sys

import pytest

from soak.run import Plan, soak
from soak.words import summary

# Faults follow each other closely, so that most kinds come.
SHORT = Plan(seconds=45, seed=1, count=60, gap=1.0, longest=2.5)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc")
async def test_a_minute_of_typing_while_the_engine_fails() -> None:
    report = await soak(SHORT)
    assert [check.says for check in report.checks() if not check.holds] == [], summary(report)
    assert report.done["keys"] > 50
    assert report.fills > 0
    assert len({fault.kind for fault in report.faults}) >= 8
    assert report.asked > 0
    assert {"recalled", "mid word", "excluded"} & {one.kind for one in report.own}
