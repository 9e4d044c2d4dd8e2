"""The plot: names stand at their lines."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from bench.pages import filled
from bench.plot import BOTTOM, HEIGHT, LABEL_GAP, WIDTH, apart, debounce_plot, plot
from bench.results import Figures, from_json, medians, saved_keys, to_json


def test_what_is_far_apart_stays_where_it_is() -> None:
    assert apart([300.0, 100.0, 200.0]) == [300.0, 100.0, 200.0]


def test_names_of_lines_that_are_equal_spread_around_them() -> None:
    assert apart([310.0, 310.0, 310.0], 15.0) == [295.0, 310.0, 325.0]


def test_none_goes_further_than_the_others_push_it() -> None:
    """A line that is 0 had its name at 28 %."""
    places = [150.0, 309.0, 310.0, 305.0, 310.0]
    moved = apart(places)
    in_order = sorted(moved)
    assert all(b - a >= LABEL_GAP - 1e-9 for a, b in pairwise(in_order))
    assert moved[0] == 150.0
    assert max(abs(a - b) for a, b in zip(places, moved, strict=True)) <= 1.6 * LABEL_GAP
    assert sorted(range(5), key=moved.__getitem__) == sorted(range(5), key=places.__getitem__)


def test_names_at_the_end_of_the_scale_go_up() -> None:
    """A name stood between the seconds below the plot."""
    assert apart([310.0, 100.0, 310.0, 308.0, 285.0], 15.0, 310.0) == [
        *(295.0, 100.0, 310.0),
        *(280.0, 265.0),
    ]
    names = ["a", "b", "c"]
    drawn = plot([figures("slow", math.inf, 1.0, policy=name) for name in names])
    texts = [one for one in ElementTree.fromstring(drawn).iter() if one.text in names]
    assert [one.text for one in texts] == names
    assert all(float(one.attrib["y"]) <= HEIGHT - BOTTOM + 4 for one in texts)


@pytest.mark.parametrize("places", [[], [1.0]])
def test_few(places: list[float]) -> None:
    assert apart(places) == places


def figures(
    profile: str, p50: float, busy: float, *, seed: str = "1", policy: str = "a"
) -> Figures:
    numbers = dict.fromkeys(list(Figures.__dataclass_fields__)[5:-1], 1.0)
    shown = numbers | {"p50": p50, "p50_shown": p50, "busy_share": busy}
    return Figures(policy, "VS Code", profile, 0.8, (seed,), **shown, waits=(p50,))


def test_what_a_debounce_comes_to_is_a_line_for_each_profile_in_both_panels() -> None:
    drawn = debounce_plot(
        [
            *((0, figures("fast", 0.1, 0.5)), (100, figures("fast", 0.2, 0.3))),
            *((0, figures("slow", 1.5, 0.9)), (100, figures("slow", math.inf, 0.8))),
        ]
    )
    tree = ElementTree.fromstring(drawn)
    lines = [path.attrib["d"] for path in tree.iter() if path.attrib.get("stroke-width", "") == "2"]
    assert len(lines) == 4
    # What is infinite has no point.
    assert sorted(line.count("L") for line in lines) == [0, 1, 1, 1]
    for line in lines:
        for x, y in (point.split() for point in line.removeprefix("M").split("L")):
            assert 0 < float(x) < WIDTH
            assert 0 < float(y) < HEIGHT
    assert {"fast", "slow"} <= {text.text for text in tree.iter() if text.text}


def test_rows_are_medians_over_their_seeds_and_stand_with_their_table() -> None:
    found = medians(
        [
            *(figures("slow", value, 1.0, seed=f"{value}") for value in (1.0, 9.0, 2.0)),
            figures("fast", 5.0, 1.0),
            figures("slow", 3.0, 1.0, policy="b"),
        ]
    )
    assert [(one.profile, one.policy, one.p50) for one in found] == [
        ("slow", "a", 2.0),
        ("slow", "b", 3.0),
        ("fast", "a", 5.0),
    ]
    assert found[0].seeds == ("1.0", "9.0", "2.0")
    assert found[0].waits == (1.0, 2.0, 9.0)


def test_figures_are_read_as_they_were_written() -> None:
    found = [figures("fast", math.inf, 0.5), figures("slow", 1.0, 0.5)]
    assert from_json(to_json(found)) == found


def test_the_best_of_a_row_is_marked_in_a_page() -> None:
    better = replace(figures("fast", 1.0, 1.0, policy="b"), saved_per_100=7.0)
    lines = saved_keys([figures("fast", 1.0, 1.0), better, figures("slow", 1.0, 1.0)]).splitlines()
    assert lines[0] == "| keys saved of 100, medians of 1 seeds | a | b |"
    assert lines[2:4] == ["| fast, VS Code | 1.0 | **7.0** |", "| slow, VS Code | **1.0** |  |"]


def test_a_page_gets_its_tables_and_keeps_the_rest() -> None:
    page = (
        "Before\n<!-- bench: fast, VS Code -->\nold\n<!-- bench -->\nbetween\n"
        "<!-- bench: keys saved -->\n<!-- bench -->\nafter\n"
    )
    found = filled(page, [figures("fast", 1.0, 0.5)])
    assert "old" not in found
    assert found.startswith("Before\n<!-- bench: fast, VS Code -->\n\n| fast, VS Code | right")
    assert "| a | 100% | 1.0 |" in found
    assert "| fast, VS Code | **1.0** |" in found
    assert found.endswith("<!-- bench -->\nafter\n")
    assert filled(found, [figures("fast", 1.0, 0.5)]) == found
    with pytest.raises(ValueError, match="slow"):
        filled(page.replace("fast", "slow"), [figures("fast", 1.0, 0.5)])
