"""Nothing is said again and again."""

from __future__ import annotations

import pytest

from fills import CONTROL, fill
from holes import at
from infill_ls.trim import trim


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        # Two lines and more that stand right above the cursor.
        ("a.append(1)\nb.append(2)\n█\n", "a.append(1)\nb.append(2)\nc.append(3)", ""),
        ("a.append(1)\nb.append(2)\n█\n", "a.append(1)\nb.append(3)", None),
        ("x = 1\n█\n", "x = 1\n", "x = 1"),
        # Loops of one line to four.
        ("█\n", "a.run(1)\nb.run(2)\n" * 3, "a.run(1)\nb.run(2)"),
        ("█\n", "a.run(1)\nb.run(2)\nc.run(3)\n" * 3, "a.run(1)\nb.run(2)\nc.run(3)"),
        ("█\n", "a.run(1)\nb.run(2)\nc.run(3)\nd.go(4)\n" * 2, None),
        # Little is said in these.
        ("█\n", "(\n  0,\n  1,\n  0,\n  1,\n)", None),
        # In a line.
        ("a = █\n", "first + second + " + "third + fourth + " * 20, "first + second + third +"),
        ("a = █\n", "[0, 0, 0, 0, 0, 0]", None),
        ("# █\n", "-" * 60, None),
    ],
)
def test_nothing_is_said_again_and_again(text: str, raw: str, expected: str | None) -> None:
    found = fill(text, raw, "", shape="block")
    if raw.startswith("first"):
        assert found.startswith("first + second + third + fourth")
        assert found.count("third") <= 2
    elif "d.go" in raw:
        assert found == raw[: len(raw) // 2].rstrip()
    else:
        assert found == (raw if expected is None else expected).rstrip()


@pytest.mark.parametrize(
    "piece",
    ["1", " 0", "ha ", ".a", "()", "[", "(", "-", "====", "\\n", "pass; ", "\n    x", "}\n", "\n"],
)
def test_a_loop_in_which_the_text_was_cut_short_takes_its_line_with_it(piece: str) -> None:
    # Ollama ends the 32nd equal token.
    looped = piece * 31
    assert fill("x = █\n", looped, cut_short=True) == ""
    raw = "a = g(1)\n    b = " + looped
    assert fill("def f():\n    █\n", raw, shape="block", cut_short=True) == "a = g(1)"


def test_a_few_equal_pieces_are_no_loop() -> None:
    assert fill("x = █\n", "[0, 0, 0, 0, 0, 0]", cut_short=True) == "[0, 0, 0, 0, 0, 0]"
    assert fill("# █\n", "-" * 15, cut_short=True) == "-" * 15


@pytest.mark.parametrize("size", [1, 3, 7, 160, 400])
def test_a_loop_in_a_line_is_seen_wherever_the_stream_is_split(size: int) -> None:
    raw = "a = " + "b.strip() or " * 60
    hole = at("█\n", "")
    expected = trim(raw, hole, "block", CONTROL)
    assert expected.ended_by == "repetition"
    for end in range(size, len(raw), size):
        early = trim(raw[:end], hole, "block", CONTROL, over=False)
        assert not early.complete or early == expected


def test_lines_said_again_end_the_fill_where_its_stream_would() -> None:
    # The last line twice is further down than the first two.
    raw = "a.run(1)\nb.run(2)\n" * 2 + "c.go(3)\nc.go(3)\n"
    hole = at("█\n", "")
    expected = trim(raw, hole, "block", CONTROL)
    assert (expected.text, expected.ended_by) == ("a.run(1)\nb.run(2)", "repetition")
    for end in range(len(raw)):
        early = trim(raw[:end], hole, "block", CONTROL, over=False)
        assert not early.complete or early == expected


def test_a_loop_below_repeated_lines_does_not_hide_them() -> None:
    raw = "a.run(1)\nb.run(2)\n" * 2 + "x = " + "y or z or " * 20 + "\n"
    assert fill("█\n", raw, "", shape="block") == "a.run(1)\nb.run(2)"


def test_a_loop_in_a_line_that_others_follow() -> None:
    raw = "x = " + "y or z or " * 20 + "\nb"
    found = trim(raw, at("█\n", ""), "block", CONTROL)
    assert (found.text, found.ended_by) == ("x = y or z or", "repetition")


def test_a_long_loop_that_a_limit_cut_short_ends_as_it_did_before_it_was_over() -> None:
    hole, raw = at("█\n"), "x = [\n\n\\\n" * 1000
    early = trim(raw, hole, "statement", CONTROL, over=False)
    assert early.ended_by == "length"
    assert trim(raw, hole, "statement", CONTROL, cut_short=True) == early
