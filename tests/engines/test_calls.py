"""What one call says of the time in which it was read and written."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from infill_ls.engines.calls import UNKNOWN_OVERHEAD, Call

# It came after 2 s, and was written in one more.
CALL = Call("prompt", "written", 10.0, 12.0, 13.0, 13.5, 11)


def test_it_is_written_from_the_first_piece_to_the_last() -> None:
    assert CALL.pace == 10.0
    assert replace(CALL, first=None).pace is None


def test_the_engines_own_figures_count() -> None:
    assert replace(CALL, fill_tokens=21, write_seconds=0.5).pace == 40.0
    assert replace(CALL, read_seconds=0.7).reading(10.0, 0.1) == (0.7, 0.7, 0.7)


def test_what_comes_at_once_was_kept_together_on_the_way() -> None:
    assert replace(CALL, last=12.001).pace is None


def test_what_is_short_says_nothing() -> None:
    assert replace(CALL, pieces=5).pace is None


def test_it_is_silent_up_to_the_first_piece_but_for_a_load() -> None:
    assert CALL.silent_for == 2.0
    assert replace(CALL, load_seconds=1.5).silent_for == 0.5
    assert replace(CALL, first=None).silent_for == 3.5


def test_its_prompt_was_read_before_the_first_piece_was_written() -> None:
    assert CALL.reading(None, None) == pytest.approx((1.9 - UNKNOWN_OVERHEAD, 1.9, 1.9))
    one = replace(CALL, pieces=1)
    assert one.reading(None, None) == pytest.approx((2.0 - UNKNOWN_OVERHEAD, 2.0, 2.0))
    assert one.reading(4.0, None) == pytest.approx((1.75 - UNKNOWN_OVERHEAD, 1.75, 1.75))


def test_the_engine_has_a_part_of_its_own_in_that() -> None:
    assert CALL.reading(10.0, 0.4) == pytest.approx((1.4, 1.6, 1.8))
    # Half of the time was for reading at the least, or the measurement is of something else.
    assert CALL.reading(10.0, 1.8) == pytest.approx((-0.7, 1.0, 1.1))


def test_a_call_that_was_closed_meanwhile_may_go_on_for_ever() -> None:
    closed = replace(CALL, first=None)
    assert closed.reading(10.0, None) == (3.5 - UNKNOWN_OVERHEAD, 3.5, math.inf)
