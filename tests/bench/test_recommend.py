"""Which model is recommended, with which settings, and in which words."""

from __future__ import annotations

import pytest

from infill_ls.bench.figures import Look, Measured
from infill_ls.bench.recommend import percent, recommend, seconds
from infill_ls.settings import Settings

SETTINGS = Settings(headers={})


def model(
    name: str,
    *,
    wait: float,
    right: int,
    looks: int = 40,
    late: int = 0,
    engine: str = "ollama",
    several: bool = False,
    first_right: int = 0,
) -> Measured:
    """One that was right so often, of so many looks."""
    found = [
        Look(
            "shown",
            wait,
            right=number < right,
            first_line_right=number < max(right, first_right),
            has_more_lines=several,
        )
        for number in range(looks - late)
    ]
    return Measured(engine, name, looks=found + [Look("late")] * late)


def test_the_one_that_is_right_in_time_most_often() -> None:
    found = recommend(
        [
            model("small", wait=0.2, right=8),
            model("middling", wait=0.5, right=22),
            model("large", wait=2.1, right=30),
        ],
        SETTINGS,
    )
    assert found is not None
    assert (found.engine, found.model, found.fast_enough) == ("ollama", "middling", True)
    assert found.settings == {"model": "middling"}
    assert found.reason == (
        "With middling half of the suggestions are there within 0.50 s, and 9 of 10 within 0.50 s; "
        "22 of 40 were what stood in the file. "
        "small is sooner (0.20 s), but was right in 20 %. "
        "large was right more often (75 %), but takes 2.1 s."
    )


def test_of_two_that_are_as_good_the_one_that_is_sooner() -> None:
    both = [model("slower", wait=0.9, right=21), model("sooner", wait=0.3, right=20)]
    found = recommend(both, SETTINGS)
    assert found is not None
    assert found.model == "sooner"
    assert "slower was right more often (52 %), but takes 0.90 s." in found.reason


def test_of_two_that_are_as_good_and_as_fast_the_one_that_is_right() -> None:
    both = [model("one", wait=0.31, right=19), model("other", wait=0.33, right=21)]
    found = recommend(both, SETTINGS)
    assert found is not None
    assert found.model == "other"
    assert "one is as fast (0.31 s), but was right in 48 %." in found.reason


def test_where_none_is_fast_enough() -> None:
    found = recommend([model("large", wait=2.5, right=20)], SETTINGS)
    assert found is not None
    assert not found.fast_enough
    assert found.reason.startswith("No model that was measured is fast enough here")
    assert "half of the suggestions take 2.5 s and more (20 of 40" in found.reason


def test_where_hardly_anything_comes() -> None:
    found = recommend([model("huge", wait=2.5, right=2, late=30)], SETTINGS)
    assert found is not None
    assert not found.fast_enough
    assert "half of the suggestions take longer than 3 s (2 of 10" in found.reason


def test_some_that_come_late() -> None:
    found = recommend([model("coder", wait=0.2, right=20, late=10)], SETTINGS)
    assert found is not None
    assert "within 0.20 s, but 25 % take longer than 3 s; 20 of 30 were" in found.reason


def test_one_that_has_nothing_to_say() -> None:
    found = recommend([Measured("ollama", "mute", looks=[Look("nothing")] * 20)], SETTINGS)
    assert found is not None
    assert not found.fast_enough
    assert found.reason == "mute had hardly anything to suggest."


def test_of_too_few_looks_nothing_is_said() -> None:
    assert recommend([], SETTINGS) is None
    assert recommend([model("coder", wait=0.2, right=5, looks=7)], SETTINGS) is None
    failed = Measured("ollama", "failed", problem="It broke.")
    found = recommend([failed, model("coder", wait=0.2, right=5, looks=8)], SETTINGS)
    assert found is not None
    assert found.model == "coder"


@pytest.mark.parametrize(
    ("engine", "changed"),
    [("auto", {}), ("embedded", {}), ("ollama", {"engine": "embedded"})],
)
def test_the_engine_changes_where_the_settings_name_another(
    engine: str, changed: dict[str, str]
) -> None:
    settings = Settings(headers={}, engine=engine)  # type: ignore[arg-type]
    found = recommend([model("0.5b", wait=0.2, right=20, engine="embedded")], settings)
    assert found is not None
    assert found.settings == {"model": "0.5b"} | changed


@pytest.mark.parametrize(
    ("whole", "first", "multiline", "advised"),
    [
        (2, 20, "auto", True),
        (2, 20, "never", False),
        (2, 5, "auto", False),
        (10, 20, "auto", False),
    ],
)
def test_one_line_at_a_time(whole: int, first: int, multiline: str, advised: bool) -> None:
    one = model("coder", wait=0.2, right=whole, several=True, first_right=first)
    found = recommend([one], Settings(headers={}, multiline=multiline))
    assert found is not None
    assert ("multiline" in found.settings) is advised
    assert ("one line at a time" in found.reason) is advised


def test_as_people_read_it() -> None:
    assert [seconds(value) for value in (None, 0.351, 0.999, 1.25, float("inf"))] == [
        *("-", "0.35 s", "1.00 s", "1.2 s", "> 3 s")
    ]
    assert [percent(value) for value in (None, 0.0, 0.425)] == ["-", "0 %", "42 %"]
