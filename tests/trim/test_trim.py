"""What of the model's text is the fill: every step of trim, and the texts of a real model."""

from __future__ import annotations

import json
import keyword
import re
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fills import CONTROL, fill, so_far, whole
from holes import at
from infill_ls.completion import policy
from infill_ls.text.hole import Hole, between
from infill_ls.text.shape import Shape
from infill_ls.trim import FILTERS, MAX_CHARACTERS, Fill, continuation, emptied_by, fitted, trim
from infill_ls.trim.site import forget_sites


def test_a_fill_that_a_limit_cut_short_loses_the_line_it_was_in() -> None:
    text, raw = "def f():\n    █\n", "a = 1\n    b = some_na"
    assert whole(text, raw, cut_short=True) == Fill("a = 1", "limit")
    assert whole(text, raw) == Fill(raw, "model")


def test_a_single_line_is_kept_though_a_limit_cut_it_short() -> None:
    assert whole("a = █\n", "some_na", cut_short=True) == Fill("some_na", "limit")


def test_a_limit_takes_nothing_from_a_complete_fill() -> None:
    assert fill("f(█)\n", "a,\n  b)\nc", cut_short=True) == "a,\n  b"


def test_a_runaway_fill_ends_with_a_whole_line() -> None:
    raw = "".join(f"a{number} = {number}\n    " for number in range(1000))
    ended = whole("def f():\n    █\n", raw)
    assert ended.ended_by == "length"
    assert MAX_CHARACTERS - 20 < len(ended.text) <= MAX_CHARACTERS
    assert raw.startswith(ended.text + "\n")


def test_a_runaway_line_is_no_fill() -> None:
    raw = " + ".join(f"b{number}" for number in range(MAX_CHARACTERS))
    assert whole("a = █\n", raw) == Fill("", "length")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_of_any_kind(newline: str) -> None:
    text = "def f():\n    █\n    return a\n".replace("\n", newline)
    raw = "if a:\n        b()\n    return a\n".replace("\n", newline)
    assert fill(text, raw) == "if a:\n        b()"


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("a = █\n", "b  \n", "b"),
        ("def f():\n    █\n", "if a:  \n        b()\t\n", "if a:\n        b()"),
        ("a = █c\n", "b + ", "b + "),
        ("a = █\n", "  ", ""),
        ("a = █\n", "", ""),
    ],
)
def test_blanks_at_line_ends(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


def test_more_text_changes_nothing_in_a_complete_fill() -> None:
    assert so_far("f(█).b\n", "a)") == Fill("a", "bracket")
    assert so_far("f(█).b\n", "a)b") == Fill("a", "bracket")
    assert whole("f(█).b\n", "a)b", cut_short=True) == Fill("a", "bracket")


# The real model's texts, and what a programmer wants of them.

RAW_FILLS: Final[list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "fixtures" / "raw_fills.json").read_text("utf-8")
)


@pytest.mark.parametrize("case", RAW_FILLS, ids=[case["place"] for case in RAW_FILLS])
def test_what_a_real_model_wrote(case: dict[str, Any]) -> None:
    hole = between(case["before"], case["after"], case["language"])
    assert policy.shape(hole, "auto") == case["shape"]
    ended = trim(case["raw"], hole, case["shape"], CONTROL, cut_short=case["cut_short"])
    assert ended.text == case["expected"]


# For any text. Random characters hardly ever meet; pieces of code and of what surrounds it do.

PIECES: Final = (
    *("\n", "\n\n", "\r\n", "\r", " ", "  ", "    ", "        ", "\t", "é", "😀", "\\", "="),
    *("x", "a, b", "x = 1", "return x", "if a:", "else:", "except E:", "end", "do", "for x in xs"),
    *("(", ")", "[", "]", "{", "}", "f(a)", "f(", '"', "'", "`", '"""', "'a", ",", ";", ":", "<"),
    *("<|", "<|im_", "end|>", "<|endoftext|>", "<|any|>", "<fim_", "middle>", "|>", "<｜a"),
    *(
        "</s>",
        "<s",
        "<eos>",
        "<EOT>",
        "</think",
        "[/INST]",
        "#include ",
        "\u3164",
        "👩\u200d",
        "👧",
    ),
    *("```", "``", "~~~", "python", "# c", "// c", "/* c", "*/", "@a", "\u200b", "\x00", "\ud800"),
    *("Here is", "Here's", "Sure", "The code", " that", "**A"),
)
LINES: Final = (
    *("def f(x):", "    if x:", "    else:", "        return x", "    return x", "    x = g(x)"),
    *("    total += value", "        total += value", "    for x in values:", "x = 1", "", "    "),
    *("        raise E", "        break", "    return x # why", "        # why", "        end"),
    *("\ttotal += value", "    }", "}", "    call(x, 'a')", '    call(x, "a"),', "    try:"),
    *("    # why", '    """Text', '    """', "  x = (", "    )", "    except E:", "f {"),
)
TEXTS: Final = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
    st.lists(st.sampled_from(LINES), max_size=8).map("\n".join),
    st.text(max_size=20),
)
LANGUAGES: Final = st.sampled_from("python typescript rust go ruby c markdown".split())
HOLES: Final = st.builds(between, TEXTS, TEXTS, LANGUAGES)
SHAPES: Final = st.sampled_from(("line", "statement", "block"))
# The same examples at every run; the time of one says nothing on a busy machine.
EXAMPLES: Final = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)


@EXAMPLES
@given(HOLES, SHAPES, TEXTS)
def test_a_fill_that_is_complete_early_is_that_of_the_whole_text(
    hole: Hole, shape: Shape, raw: str
) -> None:
    expected = trim(raw, hole, shape, CONTROL)
    for length in range(len(raw) + 1):
        early = trim(raw[:length], hole, shape, CONTROL, over=False)
        assert not early.complete or early == expected


@EXAMPLES
@given(HOLES, SHAPES, TEXTS, st.booleans(), st.booleans())
def test_what_must_not_be_shown_never_is(
    hole: Hole, shape: Shape, raw: str, over: bool, cut_short: bool
) -> None:
    text = trim(raw, hole, shape, CONTROL, over=over, cut_short=cut_short).text
    assert not any(token in text for token in CONTROL)
    assert not set(text) & {"\x00", "\u200b", "\r", "\ud800"}
    assert len(text) <= MAX_CHARACTERS
    assert shape != "line" or "\n" not in text.removesuffix(hole.line_end)


NAMES: Final = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name)
)
CALLS: Final = st.builds("{}({}, [{}]) + {{'a': {}}}".format, NAMES, NAMES, NAMES, NAMES)
STATEMENTS: Final = st.one_of(
    st.builds("{} = {}".format, NAMES, CALLS),
    st.builds("return {}".format, CALLS),
    st.builds("for {} in {}:\n        {}".format, NAMES, NAMES, CALLS),
    st.builds("if {}:\n        {}\n    else:\n        {}".format, CALLS, CALLS, CALLS),
    st.builds("{} = f(\n        {},\n        *{},\n    )".format, NAMES, CALLS, CALLS),
    st.builds("with open({}) as {}:\n        # {}\n        {}".format, NAMES, NAMES, NAMES, CALLS),
)


@EXAMPLES
@given(STATEMENTS)
def test_a_fill_with_nothing_wrong_passes_as_it_is(statement: str) -> None:
    assert fill("def f():\n    █", statement, shape="block") == statement
    assert fill("def f():\n    █", statement, shape="statement") == statement


# Filters that judge the fill when it is complete, and may take something back then.
AT_THE_END: Final = set(
    "expression limit length echo comment openers apart above severed syntax closers".split()
)


@EXAMPLES
@given(HOLES, SHAPES, TEXTS)
def test_what_is_let_through_is_never_taken_back(hole: Hole, shape: Shape, raw: str) -> None:
    streaming = tuple(one for one in FILTERS if one.name not in AT_THE_END)
    shown = ""
    for length in range(len(raw) + 1):
        early = trim(raw[:length], hole, shape, CONTROL, over=False, filters=streaming)
        if early.ended_by == "unsafe character":
            # It takes its line with it.
            shown = shown.rpartition("\n")[0].rstrip()
        assert early.text.startswith(shown)
        shown = early.text
    final = trim(raw, hole, shape, CONTROL, filters=streaming)
    if final.ended_by != "unsafe character":
        assert final.text.startswith(shown)


@EXAMPLES
@given(HOLES, SHAPES, TEXTS, st.booleans())
def test_the_text_shown_never_contradicts_the_final_one(
    hole: Hole, shape: Shape, raw: str, cut_short: bool
) -> None:
    final = trim(raw, hole, shape, CONTROL, cut_short=cut_short).text
    for length in range(len(raw) + 1):
        early = trim(raw[:length], hole, shape, CONTROL, over=False).text
        assert final.startswith(early) or early.startswith(final)


@EXAMPLES
@given(HOLES, SHAPES, TEXTS, st.booleans())
def test_trimming_a_fill_again_changes_nothing(
    hole: Hole, shape: Shape, raw: str, cut_short: bool
) -> None:
    once = trim(raw, hole, shape, CONTROL, cut_short=cut_short).text
    # What a line ended in may be the start of a control token where the stream ends in it.
    assume(not re.search(r"(?:<(?:\||/?\w)\w*>?|\[/?\w*\]?)\Z", once))
    # It has been read: a word that ends a line may be prose, and blanks are joined once.
    assert fitted(once, hole, shape).text == once


@EXAMPLES
@given(HOLES, SHAPES, TEXTS, st.booleans())
def test_the_line_below_never_comes_twice_because_of_the_fill(
    hole: Hole, shape: Shape, raw: str, cut_short: bool
) -> None:
    text = trim(raw, hole, shape, CONTROL, cut_short=cut_short).text
    below = next((line for line in hole.lines_below if line.strip()), "").rstrip()
    if text and len(re.findall(r"\w", below)) >= 4:
        last = (hole.line_before + text + hole.rest_of_line).rstrip().rpartition("\n")[2]
        assert last.rstrip() != below


@EXAMPLES
@given(HOLES, SHAPES, TEXTS, st.sampled_from(("\n", "\r\n", "\r")))
def test_line_ends_are_the_document_s(hole: Hole, shape: Shape, raw: str, newline: str) -> None:
    text = trim(raw, hole, shape, CONTROL).text.replace("\n", newline)
    assert not {"\r", "\n"} & set(text.replace(newline, ""))


def test_what_the_model_goes_on_with_is_not_cut_to_fit() -> None:
    hole = at("f(█)\n")
    assert continuation("a)\nb = (", hole, CONTROL) == ("a)\nb = (", None)
    assert continuation("```\na = 1\n```\n", at("█\n"), CONTROL) == ("a = 1\n", "fence")
    assert continuation("a <|fim", hole, CONTROL, over=False) == ("a ", None)


def test_a_limit_takes_no_line_of_a_fill_that_is_to_be_one() -> None:
    kept = tuple(one for one in FILTERS if one.name != "shape")
    assert trim("a\nb", at("x = █\n"), "line", cut_short=True, filters=kept) == Fill(
        "a\nb", "limit"
    )


@pytest.mark.parametrize("newline", ["\n    ", " + "])
def test_a_long_stream_may_be_split_anywhere(newline: str) -> None:
    pieces = (f"name{number} = f({number}, [a{number}]){newline}" for number in range(60))
    raw = "".join(pieces)[:1_500]
    hole = at("def f():\n    █\n\n    return name\n", "")
    expected = trim(raw, hole, "block", CONTROL).text
    shown = ""
    for length in range(0, len(raw), 7):
        early = trim(raw[:length], hole, "block", CONTROL, over=False)
        assert early.text.startswith(shown)
        shown = early.text
    assert expected.startswith(shown)
    # It lags behind by less than a line, or by the steps in which a long one is read.
    assert len(shown) > len(raw) - 80


@EXAMPLES
@given(HOLES, SHAPES, st.lists(TEXTS, min_size=2, max_size=6), st.data())
def test_what_was_read_before_makes_no_difference(
    hole: Hole, shape: Shape, parts: list[str], data: st.DataObject
) -> None:
    """Readers go on from the last piece; a site that has read nothing says the same."""
    raw = "\n".join(parts)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(raw)), max_size=5)))
    for cut in (*cuts, len(raw)):
        warm = trim(raw[:cut], hole, shape, CONTROL, over=False)
        forget_sites()
        assert trim(raw[:cut], hole, shape, CONTROL, over=False) == warm


# Why nothing is left


@pytest.mark.parametrize(
    ("text", "raw", "filter"),
    [
        ("a = 1\n█\nb = 2\nc = 3\n", "b = 2\nc = 3\n", "below"),
        ("a = █\n", "<|fim_middle|>", "control"),
        ("a = █\n", "\u202e", "unsafe"),
        ("a = █\n", " + ".join(f"b{number}" for number in range(MAX_CHARACTERS)), "length"),
        ("a = █\n", "", ""),
        ("a = █\n", "  \n", ""),
        ("a = █\n", "1", ""),
    ],
)
def test_the_filter_that_leaves_nothing_is_named(text: str, raw: str, filter: str) -> None:
    hole = at(text)
    assert emptied_by(raw, hole, policy.shape(hole, "auto"), CONTROL) == filter


@EXAMPLES
@given(HOLES, SHAPES, TEXTS, st.booleans())
def test_where_text_was_written_and_none_is_left_a_filter_is_named(
    hole: Hole, shape: Shape, raw: str, cut_short: bool
) -> None:
    ended = trim(raw, hole, shape, CONTROL, cut_short=cut_short)
    named = emptied_by(raw, hole, shape, CONTROL, cut_short=cut_short)
    assert ended.text.strip() or bool(named) == (raw.strip() != "")
