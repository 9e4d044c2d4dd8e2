"""What looks come to: times by shares, and shares of what was right."""

from __future__ import annotations

import math

import pytest

from infill_ls.bench.figures import Look, Measured, quantile

SHOWN = [
    Look("shown", 0.2, right=True, first_line_right=True),
    Look("shown", 0.4, right=True, first_line_right=True),
    Look("shown", 2.0, right=True, first_line_right=True),
    Look("shown", 0.3),
]


def measured(*looks: Look) -> Measured:
    return Measured("ollama", "coder", looks=list(looks), typed=80, accepted=20)


def test_what_comes_late_counts_as_never() -> None:
    one = measured(*SHOWN, Look("late"), Look("nothing"))
    assert one.waits == [0.2, 0.3, 0.4, 2.0, math.inf]
    assert one.wait(0.5) == 0.4
    assert one.wait(0.9) == math.inf
    assert one.late == pytest.approx(1 / 5)


def test_shares() -> None:
    one = measured(*SHOWN, Look("late"), Look("nothing"))
    assert one.shown == pytest.approx(4 / 6)
    assert one.right == pytest.approx(3 / 4)
    # One of the three that were right came too late.
    assert one.useful == pytest.approx(2 / 6)
    assert one.saved == pytest.approx(0.2)


def test_of_nothing_nothing_is_said() -> None:
    one = Measured("ollama", "coder")
    assert (one.shown, one.right, one.useful, one.saved, one.late) == (None,) * 5
    assert one.wait(0.5) is None
    # A model that never has anything to say has no times.
    assert measured(Look("nothing")).wait(0.5) is None


@pytest.mark.parametrize(
    ("share", "value"), [(0.1, 1.0), (0.5, 2.0), (0.75, 3.0), (0.76, 4.0), (0.9, 4.0), (1.0, 4.0)]
)
def test_a_share_keeps_the_value(share: float, value: float) -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], share) == value


def test_why_there_are_no_looks() -> None:
    one = Measured("ollama", "m")
    assert one.without_looks == "There was no time to look at a suggestion; give it more."
    one.passed_over = "The cursor is inside a word."
    assert one.without_looks == "The cursor is inside a word."
    one.problem = "It broke."
    assert one.without_looks == "It broke."
    one.problem, one.looks = "", [Look("nothing")]
    assert one.without_looks == ""
