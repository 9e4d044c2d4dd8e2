"""What two texts have in common."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infill_ls.text.common import common_start


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_how_far_two_texts_begin_alike(start: str, one: str, other: str) -> None:
    length = common_start(start + one, start + other)
    assert length >= len(start)
    assert (start + one)[:length] == (start + other)[:length]
    following = (start + one)[length : length + 1], (start + other)[length : length + 1]
    assert following[0] != following[1] or "" in following
