"""Characters that nobody sees."""

from __future__ import annotations

import pytest

from infill_ls.trim.unseen import is_visible, may_belong, unsafe


@pytest.mark.parametrize(
    ("text", "before", "at"),
    [
        ("a = 1", "", None),
        ("a\u200bb", "", 1),
        ("a\u202eb", "", 1),
        ("a\x00", "", 1),
        # Where they belong to what is seen.
        ("👩\u200d👧", "", None),
        ("\u200d👧", "👩", None),
        ("❤\ufe0f", "", None),
        ("1\ufe0f\u20e3", "", None),
        ("\u0645\u200c\u0645", "", None),
        ("\u845b\U000e0100", "", None),
        ("\u1820\u180b", "", None),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "", None),
        # Where they don't.
        ("a\u200db", "", 1),
        ("a\ufe0f", "", 1),
        ("\u200d", "", 0),
        ("👩\u200d", "", 1),
        ("a\U000e0041", "", 1),
    ],
)
def test_where_the_first_unsafe_character_stands(text: str, before: str, at: int | None) -> None:
    assert unsafe(text, before) == at
    assert is_visible(text) <= (at is None)


def test_what_was_looked_at_is_not_looked_at_again() -> None:
    assert unsafe("a\u200bb\u200b", "", 2) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("👩\u200d", True),
        ("1\ufe0f", True),
        ("\U0001f3f4\U000e0067", True),
        ("a\u200d", False),
        ("👩\u200da", False),
    ],
)
def test_what_more_text_may_make_ordinary(text: str, expected: bool) -> None:
    at = next(place for place, char in enumerate(text) if not is_visible(char))
    assert may_belong(text, "", at) is expected
