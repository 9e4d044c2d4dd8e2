"""What is left to the model, and how it is found again in what it writes."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.prompt.beginning import Beginning, split, stands_in

MARK = r"(?:[ \t]|(?<![^\w\n])[^\w\s])"


@pytest.mark.parametrize(
    ("prefix", "kept", "begin"),
    [
        ("return so", "return", " so"),
        ("self.val", "self", ".val"),
        ("x = ", "x =", " "),
        ("x =\t", "x =", "\t"),
        ("f(", "f", "("),
        ("if (", "if", " ("),
        ("x <=", "x", " <="),
        ("if (x", "if (", "x"),
        ("word", "", "word"),
        ("x = " + "a" * 32, "x =", " " + "a" * 32),
        ("a\n    ", "a\n   ", " "),
        ("a\nword", "a\n", "word"),
    ],
)
def test_what_a_prefix_ends_with(prefix: str, kept: str, begin: str) -> None:
    assert split(prefix, MARK) == (kept, Beginning(begin, kept[-1:]))


@pytest.mark.parametrize("prefix", ["", "a\n", "x = größe", "x = 12", "x1", "a" * 33])
def test_a_prefix_that_is_whole(prefix: str) -> None:
    assert split(prefix, MARK) == (prefix, None)


@pytest.mark.parametrize(
    ("begin", "before", "written", "rest"),
    [
        # A blank is written, or another one, or more than one.
        (" ", "=", " n % 2", "n % 2"),
        (" ", "=", "  n % 2", " n % 2"),
        (" ", "=", "\tn % 2", "n % 2"),
        ("\t", "\n", " n % 2", "n % 2"),
        # Or not, where none is needed.
        (" ", "(", "n % 2", "n % 2"),
        (" ", "=", "n % 2", "n % 2"),
        (" ", "=", "-1", "-1"),
        (" ", "=", "&value", "&value"),
        (" ", "n", "(1)", "(1)"),
        (" ", "=", "\nn", "\nn"),
        ("    "[:1], "", "n", "n"),
        # A longer word, and another operator.
        (" ", "n", "ed", None),
        (" ", "n", "_value", None),
        (" ", "é", "e", None),
        (" ", "=", "= n", None),
        (" ", "-", "> n", None),
        (" ", "&", "& n", None),
        (" ", "/", "* n", None),
        (" ", "=", "", ""),
        # A word has to be there.
        (" so", "n", " sorted(", "rted("),
        (" so", "n", " so", ""),
        (" so", "n", " s", ""),
        (" so", "n", "", ""),
        (" so", "n", " items", None),
        (" so", "n", "so", None),
        (".val", "f", ".values", "ues"),
        (".val", "f", "(1)", None),
    ],
)
def test_what_is_written_behind_it(begin: str, before: str, written: str, rest: str | None) -> None:
    assert Beginning(begin, before).rest(written, over=False) == rest


def test_a_word_that_the_model_does_not_finish_is_not_there() -> None:
    assert Beginning(" so", "n").rest(" s", over=True) is None
    assert Beginning(" so", "n").rest("", over=True) is None
    assert Beginning(" ", "n").rest("", over=True) == ""


@given(st.text(alphabet="ab .=(\t\n", max_size=12), st.text(alphabet="ab .=\n", max_size=12))
def test_who_writes_what_stood_there_is_understood(prefix: str, rest: str) -> None:
    kept, begin = split(prefix, MARK)
    assert kept + (begin.text if begin else "") == prefix
    if begin is not None:
        assert begin.rest(begin.text + rest, over=True) == rest


@given(
    st.sampled_from([" ", "\t", " so", ".a"]),
    st.sampled_from(["", "n", "=", "("]),
    st.text(alphabet="so a.=\n\t", max_size=8),
)
def test_no_piece_changes_the_verdict_on_those_before_it(
    begin: str, before: str, written: str
) -> None:
    beginning = Beginning(begin, before)
    parts = [beginning.rest(written[:end], over=False) for end in range(len(written) + 1)]
    for earlier, later in pairwise(parts):
        assert earlier is not None or later is None
        assert later is None or later.startswith(earlier or "")
        assert later is not None or not earlier


@given(st.text("ab_é .", max_size=12), st.text("ab_é", min_size=1, max_size=3))
def test_a_word_is_found_where_it_is_whole(text: str, word: str) -> None:
    whole = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None
    assert stands_in(text, word) is whole
