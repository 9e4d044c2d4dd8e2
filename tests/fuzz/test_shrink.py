"""A case that fails is made smaller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fuzz import parts
from fuzz.found import Counts, Found
from fuzz.parts import Part
from fuzz.shrink import shrink


@pytest.mark.parametrize(
    ("case", "smallest"),
    [
        ({"a": ["b", "xx!xx", 7], "c": {"d": 1}}, {"a": ["!"]}),
        ([["!"], "!", {"e": "!"}], [{"e": "!"}]),
        ("many!many", "!"),
    ],
)
def test_what_is_needed_stays(case: Any, smallest: Any) -> None:
    assert shrink(case, lambda one: "!" in str(one)) == smallest


def test_when_the_time_is_over_it_stays_as_it_is() -> None:
    assert shrink("many!", lambda one: "!" in one, limit=0.0) == "many!"


def test_what_is_found_is_kept_and_can_be_replayed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(case: list[int], counts: Counts) -> None:
        if 3 in case:
            raise Found("a three", case)
        if 4 in case:
            raise ValueError("a four")

    monkeypatch.setitem(parts.PARTS, "frames", Part(lambda random: [1, 2, 3], run, 1.0, ""))
    monkeypatch.setattr(parts, "CASES", tmp_path / "cases")
    with pytest.raises(Found, match="a three") as caught:
        parts.run("frames", [1, 2, 3, 4], Counts())
    path = parts.kept("frames", [1, 2, 3, 4], caught.value)
    assert path.name == "frames-a-three-1.json"
    with pytest.raises(Found, match=r"a three: \[3\]"):
        parts.replay(path)
    with pytest.raises(Found, match="ValueError: a four"):
        parts.run("frames", [4], Counts())
