"""Plots: what they draw, and that their tables have the same numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from infill_ls.cli import plots
from infill_ls.cli.plots import Bars, Columns, Line, Lines, Plot, Series, cumulative, number

DAYS = Columns(
    "Fills", ["1 Nov", "2 Nov"], [Series("accepted", [1, 3]), Series("not", [3, 0])], of="day"
)
SHARES = Lines("Time", [cumulative("fast", [0.5, 1, 9, 0.5])], "time", "s", x_most=2, steps=True)


def drawn(plot: Plot) -> ElementTree.Element:
    """What a plot draws; that it is well-formed is tested by reading it."""
    height, parts = plot.svg()
    assert height > 0
    return ElementTree.fromstring(f"<svg>{parts}</svg>")


def rectangles(plot: Plot) -> list[tuple[str, float, float]]:
    """Class, top and height of each column; class, left and width of each bar."""
    along = ("x", "width") if isinstance(plot, Bars) else ("y", "height")
    return [
        (one.attrib["class"], float(one.attrib[along[0]]), float(one.attrib[along[1]]))
        for one in drawn(plot).iter("rect")
    ]


def words(plot: Plot) -> list[str]:
    return [str(one.text) for one in drawn(plot).iter("text")]


def test_columns_stand_on_one_another_on_a_scale_from_0() -> None:
    bottom = plots.HEIGHT - plots.BOTTOM
    unit = (bottom - plots.TOP) / 4  # the scale ends at 4
    columns = [
        ("s1", bottom - unit, unit),
        ("s2", plots.TOP, 3 * unit),
        ("s1", bottom - 3 * unit, 3 * unit),
    ]
    for (name, top, height), column in zip(rectangles(DAYS), columns, strict=True):
        assert name == column[0]
        assert (top, height) == pytest.approx(column[1:], abs=0.1)
    assert words(DAYS) == ["0", "1", "2", "3", "4", "1 Nov", "2 Nov"]


def test_a_scale_of_counts_has_no_halves() -> None:
    one = Columns("Fills", ["1 Nov"], [Series("shown", [1])], of="day")
    assert words(one) == ["0", "1", "1 Nov"]
    seconds = Columns("Time", ["1 Nov"], [Series("shown", [1.0])], of="day", unit="s")
    assert "0.5" in words(seconds)


def test_many_columns_have_few_labels_that_do_not_meet() -> None:
    days = [f"day {at}" for at in range(365)]
    year = Columns("Fills", days, [Series("shown", [1] * 365)], of="day")
    places = [float(one.attrib["x"]) for one in drawn(year).iter("text") if one.text in days]
    assert len(places) >= 4
    assert min(right - left for left, right in pairwise(places)) > 60
    assert max(places) + len("day 364") * plots.CHARACTER / 2 <= plots.WIDTH + 0.1


def test_a_bar_leaves_room_for_its_number_and_nothing_has_no_length() -> None:
    bars = Bars("Reads", [("a", 1234.5), ("<b>", 0)], "model", "tokens/s")
    (_, left, width), (_, _, none) = rectangles(bars)
    assert left + width + 8 + plots.CHARACTER * len("1,234 tokens/s") <= plots.WIDTH + 8
    assert none == 0
    assert words(bars) == ["a", "1,234 tokens/s", "<b>", "0 tokens/s"]
    assert bars.table() == (["model", "tokens/s"], [["a", "1,234 tokens/s"], ["<b>", "0 tokens/s"]])


def test_a_long_name_is_shortened_in_the_drawing_and_whole_in_the_table() -> None:
    bars = Bars("Reads", [("n" * 80, 1)], "model")
    assert words(bars)[0] == "n" * 45 + "…"
    assert bars.table()[1] == [["n" * 80, "1"]]


def test_shares_reach_what_share_of_the_values_is_in_the_scale() -> None:
    share = replace(SHARES, share=True)
    assert share.table() == (
        ["time", "fast"],
        [["0 s", "0 %"], ["0.5 s", "50 %"], ["1 s", "75 %"], ["1.5 s", "75 %"], ["2 s", "75 %"]],
    )
    assert "100" in words(share)
    assert "%" in words(share)


def test_a_line_of_steps_keeps_its_value_to_the_end_of_the_scale() -> None:
    path = next(
        one.attrib["d"] for one in drawn(SHARES).iter("path") if "line" in one.attrib["class"]
    )
    assert re.fullmatch(r"M[\d. ]+(H[\d.]+V[\d.]+)+H346\.0", path)
    assert SHARES.table()[1][-1] == ["2 s", "0.75"]


def test_a_line_between_points_is_straight_and_ends_where_it_ends() -> None:
    memory = Lines(
        "Memory", [Line("a", [(0, 1), (2, 3)]), Line("b", [(0, 0), (4, 0)])], "time", "min", "GB"
    )
    assert memory.table() == (
        ["time", "a", "b"],
        [
            ["0 min", "1 GB", "0 GB"],
            ["1 min", "2 GB", "0 GB"],
            ["2 min", "3 GB", "0 GB"],
            ["3 min", "", "0 GB"],
            ["4 min", "", "0 GB"],
        ],
    )


@pytest.mark.parametrize(
    "plot",
    [
        Columns("Fills", [], [], of="day"),
        Columns("Fills", ["1 Nov"], [Series("shown", [0])], of="day"),
        Bars("Reads", [], "model"),
        Bars("Reads", [("a", 0)], "model"),
        Lines("Time", [], "time"),
        Lines("Time", [Line("a", [])], "time", steps=True),
        Lines("Time", [Line("a", [(0, 0)])], "time", share=True),
        Lines("Time", [cumulative("a", [])], "time", steps=True),
        Lines("Time", [cumulative("a", [7])], "time", x_most=1),
    ],
)
def test_nothing_can_be_drawn_too(plot: Plot) -> None:
    assert drawn(plot) is not None
    headings, rows = plot.table()
    assert all(len(row) == len(headings) for row in rows)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "", "0"),
        (1234567, "", "1,234,567"),
        (1234.5, "ms", "1,234 ms"),
        (0.25, "s", "0.25 s"),
        (0.123456, "", "0.123"),
        (12.34, "%", "12.3 %"),
        (99.99, "%", "100 %"),
        (-2.5, "", "-2.5"),
        (1e-9, "", "0.000000001"),
    ],
)
def test_numbers_for_people(value: float, unit: str, text: str) -> None:
    assert number(value, unit) == text
