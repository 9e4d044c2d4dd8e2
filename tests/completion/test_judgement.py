"""What of a fill is shown to who hasn't asked for it by hand."""

from __future__ import annotations

import re

import pytest

from holes import at
from infill_ls.completion import confidence
from infill_ls.completion.judgement import Judgement, judge, percent
from infill_ls.experience import MOST_SHIFT

MODEL = "qwen2.5-coder:1.5b"
SURE, UNSURE = -0.001, -50.0


def tokens(*lines: tuple[str, float]) -> list[tuple[int, float]]:
    """Tokens of lines, a word each, all of a line equally likely; between them line ends."""
    found, begins = [], 0
    for line, logprob in lines:
        if begins:
            found.append((begins, SURE))
        found += [(begins + one.end(), logprob) for one in re.finditer(r"\s*\S+", line)]
        begins += len(line) + 1
    return found


def test_without_tokens_all_is_shown() -> None:
    assert judge(at("█\n"), "a\nb", [], "block", MODEL) == Judgement("a\nb")


def test_a_sure_fill_is_shown() -> None:
    judged = judge(at("a = █\n"), "b + c", tokens(("b + c", SURE)), "statement", MODEL)
    assert judged.shown == "b + c"
    assert judged.chance is not None
    assert judged.chance > judged.threshold


def test_an_unsure_one_is_not() -> None:
    judged = judge(at("a = █\n"), "b + c", tokens(("b + c", UNSURE)), "statement", MODEL)
    assert judged.shown == ""
    assert judged.chance is not None
    assert judged.chance < judged.threshold
    assert judged.kind == confidence.kind_of(at("a = █\n"))


def test_it_is_cut_after_its_last_sure_line() -> None:
    fill = "if a:\n    b()\n    c()"
    said = tokens(("if a:", SURE), ("    b()", SURE), ("    c()", UNSURE))
    assert judge(at("█\n"), fill, said, "block", MODEL).shown == "if a:\n    b()"


@pytest.mark.parametrize(("logprob", "shown"), [(SURE, "\n    b()"), (UNSURE, "")])
def test_behind_a_whole_line_the_next_one_is_the_first(logprob: float, shown: str) -> None:
    said = [(1, SURE), *((end + 1, each) for end, each in tokens(("    b()", logprob)))]
    judged = judge(at("if a:█\n"), "\n    b()", said, "block", MODEL)
    assert judged.shown == shown
    assert judged.chance is not None


@pytest.mark.parametrize("seen", ["b", "b + c"])
def test_no_less_is_shown_than_is_seen_already(seen: str) -> None:
    said = tokens(("b + c", UNSURE))
    assert judge(at("a = █\n"), "b + c", said, "line", MODEL, seen=seen).shown == seen


def test_more_is_shown_than_is_seen_already_if_it_is_sure() -> None:
    said = tokens(("b + c", SURE))
    assert judge(at("a = █\n"), "b + c", said, "line", MODEL, seen="b").shown == "b + c"


def test_what_is_cut_passes_the_filters() -> None:
    # Nobody wants the half of a text.
    fill = 'a = """b\nc\nd"""'
    said = tokens(('a = """b', SURE), ("c", SURE), ('d"""', UNSURE))
    judged = judge(at("█\n"), fill, said, "block", MODEL)
    assert judged.shown == ""
    # It isn't for want of a chance.
    assert judged.figures == ""


def test_the_head_of_a_block_is_shown_alone() -> None:
    fill = "if a:\n    b()"
    said = tokens(("if a:", SURE), ("    b()", UNSURE))
    assert judge(at("█\n"), fill, said, "block", MODEL).shown == "if a:"


@pytest.mark.parametrize("eagerness", ["low", "normal", "high"])
def test_the_setting_is_the_threshold(eagerness: str) -> None:
    judged = judge(at("a = █\n"), "b", [(1, SURE)], "line", MODEL, eagerness)
    assert judged.threshold == confidence.THRESHOLDS[eagerness]
    assert judged.shift == 0


def test_what_is_expected_is_that_all_lines_are_right() -> None:
    # Or many lines would seem to be wrong more often than the model thinks.
    fill, said = "if a:\n    b()", tokens(("if a:", -0.05), ("    b()", -0.05))
    judged = judge(at("█\n"), fill, said, "block", MODEL)
    assert judged.shown == fill
    assert judged.chance is not None
    assert judged.expected is not None
    assert judged.threshold < judged.expected < judged.chance
    # Of what isn't shown nothing is expected.
    cut = judge(at("█\n"), fill, tokens(("if a:", SURE), ("    b()", UNSURE)), "block", MODEL)
    assert (cut.shown, cut.expected) == ("if a:", cut.chance)
    assert judge(at("█\n"), "a", [(1, UNSURE)], "line", MODEL).expected is None


def test_who_is_eager_is_shown_more() -> None:
    low, normal, high = (confidence.THRESHOLDS[one] for one in ("low", "normal", "high"))
    assert low > normal > high


def test_it_is_shifted_by_kind_and_language() -> None:
    asked = []

    def shift(kind: str, language: str) -> float:
        asked.append((kind, language))
        return 0.08

    hole = at("a = █\n", "lua")
    judged = judge(hole, "b", [(1, SURE)], "line", MODEL, "normal", shift)
    assert judged.threshold == pytest.approx(confidence.THRESHOLDS["normal"] + 0.08)
    assert judged.shift == 0.08
    assert asked == [(confidence.kind_of(hole), "lua")]


@pytest.mark.parametrize("eagerness", ["low", "normal", "high"])
def test_the_least_likely_is_not_shown_whatever_became_of_others(eagerness: str) -> None:
    said = tokens(("b + c", UNSURE))
    judged = judge(
        at("a = █\n"), "b + c", said, "line", MODEL, eagerness, lambda kind, language: -MOST_SHIFT
    )
    assert judged.shown == ""
    assert judged.threshold >= confidence.THRESHOLDS[eagerness] / 2
    assert judged.threshold - judged.shift == pytest.approx(confidence.THRESHOLDS[eagerness])


def test_its_figures() -> None:
    judged = Judgement("", 0.41, 0.55, 0.0, "line")
    assert judged.figures == "41 %; shown from 55 % on"
    assert judged.to_json() == {"chance": 0.41, "threshold": 0.55, "shift": 0.0}
    assert (Judgement("a").figures, Judgement("a").to_json()) == ("", None)
    moved = Judgement("", 0.41, 0.51, -0.04, "line")
    assert moved.figures == "41 %; shown from 51 % on, 4 points less by what became of others"
    assert percent(0.999) == "100 %"


def test_where_nothing_tells_all_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confidence, "chance", lambda *_, **__: None)
    judged = judge(at("a = █\n"), "b", [(1, UNSURE)], "line", MODEL)
    assert (judged.shown, judged.chance) == ("b", None)
