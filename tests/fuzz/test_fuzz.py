"""The same 20,000 operations each time, and some that hypothesis makes, which it can make smaller.

``make fuzz`` runs others, and more.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fuzz import parts
from fuzz.found import Counts
from fuzz.parts import PARTS

OPERATIONS: Final = 20_000
SEED: Final = "ci"
# The same at every run; what makes an example smaller costs nothing while nothing is found.
EXAMPLES: Final = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_found(part: str) -> None:
    counts = Counts()
    number = 0
    while counts["operations"] < OPERATIONS * PARTS[part].share:
        parts.run(part, parts.made(part, f"{SEED} {number}"), counts)
        number += 1
    assert number > 0


@EXAMPLES
@given(st.sampled_from([part for part in PARTS if part != "work"]), st.randoms())
def test_nothing_is_found_by_hypothesis(part: str, random: Random) -> None:
    case = json.loads(json.dumps(PARTS[part].make(random)))
    parts.run(part, case, Counts())


def test_the_shares_are_shares_of_the_whole() -> None:
    assert sum(part.share for part in PARTS.values()) == pytest.approx(1)


CASES: Final = sorted(parts.CASES.glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_what_was_found_once_is_found_no_more(path: Path) -> None:
    parts.replay(path)
