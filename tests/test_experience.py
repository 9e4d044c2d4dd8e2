"""How far the threshold follows what a user made of fills."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infill_ls.experience import KINDS_KEPT, MOST_SHIFT, Experience, Fates


def seen(right: int, wrong: int, chance: float) -> Experience:
    experience = Experience()
    for number in range(right + wrong):
        experience.note("line", "python", chance, right=number < right)
    return experience


def test_of_what_was_never_seen_nothing_is_moved() -> None:
    assert Experience().shift("line", "python") == 0.0
    assert seen(0, 20, 0.9).shift("line", "go") == 0.0
    assert seen(0, 20, 0.9).shift("start", "python") == 0.0


def test_where_as_many_are_right_as_expected_nothing_is_moved() -> None:
    assert seen(15, 5, 0.75).shift("line", "python") == 0.0


def test_where_more_are_wrong_fills_must_be_surer() -> None:
    assert seen(13, 7, 0.75).shift("line", "python") == pytest.approx(2 / 50)
    assert seen(14, 6, 0.75).shift("line", "python") == pytest.approx(1 / 50)


def test_where_fewer_are_wrong_less_sure() -> None:
    assert seen(20, 0, 0.9).shift("line", "python") == pytest.approx(-2 / 50)


def test_a_few_fills_move_it_hardly() -> None:
    assert seen(0, 1, 0.6).shift("line", "python") == pytest.approx(0.6 / 31)


@pytest.mark.parametrize(("right", "wrong", "shift"), [(0, 400, 1), (400, 0, -1)])
def test_it_is_bounded(right: int, wrong: int, shift: int) -> None:
    assert seen(right, wrong, 0.5).shift("line", "python") == shift * MOST_SHIFT


def test_a_user_who_changes_is_followed() -> None:
    experience = seen(0, 1000, 0.5)
    for _ in range(400):
        experience.note("line", "python", 0.5, right=True)
    assert experience.shift("line", "python") < 0


def test_sessions_add_up() -> None:
    together = Experience()
    for _ in range(2):
        together.add(seen(5, 5, 0.75))
    assert together.rows() == seen(10, 10, 0.75).rows()
    assert together
    assert not Experience()


def test_as_json() -> None:
    experience = seen(1, 2, 0.25)
    rows = json.loads(json.dumps(experience.rows()))
    assert rows == [
        {"kind": "line", "language": "python", "right": 1.0, "wrong": 2.0, "expected": 0.75}
    ]
    assert Experience.from_rows(rows).rows() == rows


def test_there_are_not_too_many_places() -> None:
    experience = Experience({("line", str(number)): Fates(1, 0, 1) for number in range(500)})
    assert len(experience.rows()) == KINDS_KEPT
    experience.note("line", "1", 0.5, right=True)
    assert experience.rows()[1]["right"] == 2


ROW = {"kind": "line", "language": "python", "right": 1, "wrong": 1, "expected": 1}


@pytest.mark.parametrize(
    "value",
    [
        *(None, 7, "rows", {}, [7], [{}]),
        [{**ROW, "kind": ""}],
        [{**ROW, "language": 7}],
        [{**ROW, "language": "x" * 99}],
        [{**ROW, "right": "1"}],
        [{**ROW, "right": True}],
        [{**ROW, "wrong": -1}],
        [{**ROW, "wrong": 1e9}],
        [{**ROW, "expected": float("nan")}],
        [{**ROW, "expected": None}],
    ],
)
def test_what_is_none_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        Experience.from_rows(value)
