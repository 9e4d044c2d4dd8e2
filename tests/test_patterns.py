"""Patterns mean what git makes of them, and none takes long."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from infill_ls.patterns import Patterns, linear

PARTS = st.sampled_from(["a", "b", "*", "?", "[ab]", "[!a]", "\\*", "a*", "*a*b", "ab"])
NAMES = st.lists(PARTS, min_size=1, max_size=4).map("".join)
PATTERNS = st.lists(st.one_of(NAMES, st.just("**")), min_size=1, max_size=5).map("/".join)
PATHS = st.lists(st.text("ab*", min_size=1, max_size=5), min_size=1, max_size=6).map("/".join)


@given(PATTERNS, st.sampled_from(["", "/"]), st.sampled_from(["", "/"]), PATHS)
@example("**/a/**/b/**/a", "", "", "a/b/a/b/a")
@example("a/**/b", "", "", "a/x/b/y/b")
@example("*a*b*", "", "", "xaxb/aab")
def test_an_expression_without_backtracking_finds_the_same(
    pattern: str, before: str, after: str, path: str
) -> None:
    written, _ = GitIgnoreSpecPattern.pattern_to_regex(before + pattern + after)
    if written is None:
        return
    expected, found = re.match(written, path), re.match(linear(written), path)
    assert (expected is None) == (found is None)
    if expected is not None and found is not None:
        # It is also told whether a directory above the file was found.
        assert (expected.end(), expected.groupdict()) == (found.end(), found.groupdict())


# With pathspec's own expressions each of these takes from minutes to more than a lifetime.
@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 40 + "*b",
        "*" * 200 + "b",
        "**/a/" * 40 + "b",
        "**/*a*a*a/" * 12 + "b",
        "**/a*/" * 20 + "[!a]",
        "/".join(["**", "?*?*?*"] * 12) + "/b",
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    patterns = Patterns([pattern])
    for path in ("a" * 250, "a/" * 2000 + "a", ("a" * 250 + "/") * 15 + "a"):
        assert patterns.deciding(path) == ""


def test_the_pattern_that_decides_is_named() -> None:
    patterns = Patterns(["*.gen.*", "!kept.gen.py", "build/"])
    assert patterns.deciding("src/A.Gen.py") == "*.gen.*"
    assert patterns.deciding("src/kept.gen.py") == ""
    assert patterns.deciding("build/main.py") == "build/"
    assert patterns.deciding("src/main.py") == ""


def test_what_is_no_pattern_is_told() -> None:
    wrong = (
        "!",
        "[z-a]",
        "foo\\",
        "/",
        "!/",
        "//",
        "[",
        "a[",
        "./a",
        "../a",
        "a//b",
        "a/./b",
        "!./a",
    )
    assert Patterns([*wrong, "*.py", "# mine", "a/", "/a", "**", "a/**/b", "!.env"]).wrong == wrong
