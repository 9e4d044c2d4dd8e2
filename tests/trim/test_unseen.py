"""Characters that nobody sees."""

from __future__ import annotations

import pytest

from fills import fill, so_far
from infill_ls.trim.unseen import in_use, is_visible, may_belong, unsafe


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


# One of each kind: controls of either set, what turns text around, what has no width, tags, the
# fillers of Hangul, line ends of Unicode's own.
HOSTILE = (
    "\x00\x07\x0c\x1b\x7f\x85\x9b\u2028\u2029\u202a\u202e\u2066\u2069\u200e\u061c"
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u3164\uffa0\u115f\u1160\U000e0041\ufe0f"
)


@pytest.mark.parametrize("char", HOSTILE, ids=ascii)
def test_each_is_refused_unless_the_file_has_that_very_character(char: str) -> None:
    other = "\u2063" if char != "\u2063" else "\u2064"
    assert fill("x = █\n", f"a{char}b") == ""
    assert fill(f'# "{other}"\nx = █\n', f"a{char}b") == ""
    for file in (f'"{char}"\nx = █\n', f'x = █\n"{char}"\n'):
        # A language whose syntax isn't looked at: some of these are an error in others.
        assert fill(file, f"'a{char}b'\n", "lua") == f"'a{char}b'"
        assert so_far(file, f"'a{char}b'\ny", "lua").text == f"'a{char}b'"


def test_half_of_a_character_is_refused_whatever_the_file_has() -> None:
    assert in_use("\ud800\u200b", "\udfff") == {"\u200b"}
    assert fill('"\ud800"\nx = █\n', "'\ud800'") == ""


def test_it_is_asked_only_where_it_matters() -> None:
    asked: list[str] = []

    def known(char: str) -> bool:
        asked.append(char)
        return char == "\u200b"

    assert unsafe("👩\u200d👧 a\u200bb\u202e", "", 0, known) == 7
    assert asked == ["\u200b", "\u202e"]
