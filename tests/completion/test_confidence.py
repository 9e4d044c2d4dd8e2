"""How likely a fill is right by its tokens, and what part of it is shown."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import get_args

import pytest

from holes import at
from infill_ls.completion import calibration, confidence
from infill_ls.completion.confidence import Kind, chance, doubt, kind_of, sure_part

QWEN = "qwen2.5-coder-0.5b-instruct-q4_k_m"
SURE, UNSURE = -0.001, -2.0


def ends(*parts: tuple[str, float]) -> tuple[str, list[tuple[int, float]]]:
    """A fill of these tokens, and where each of them ends."""
    fill, tokens = "", []
    for text, logprob in parts:
        fill += text
        tokens.append((len(fill), logprob))
    return fill, tokens


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("total = █\n", "line"),
        ("f(█\n", "line"),
        ("tot█\n", "word"),
        ("a_█\n", "word"),
        ("f(█)\n", "closed"),
        ("f('█');\n", "closed"),
        ("f(█, other)\n", "middle"),
        ("tot█ + 1\n", "middle"),
        ("    █\n", "empty"),
        ("█", "empty"),
        # The fill is lines of its own above this one.
        ("█x = 1\n", "empty"),
    ],
)
def test_kinds_of_places(text: str, kind: Kind) -> None:
    assert kind_of(at(text)) == kind


def test_each_kind_has_its_number() -> None:
    assert set(calibration.PLACES) == set(get_args(Kind))


def test_each_word_for_eagerness_has_a_threshold_and_they_are_in_order() -> None:
    by = confidence.THRESHOLDS
    assert 0 < by["high"] < by["normal"] < by["low"] < 1
    assert set(by) == {"low", "normal", "high"}


def test_doubt_is_none_where_all_was_certain_and_grows_with_each_surprise() -> None:
    assert doubt([0.0, 0.0]) == 0.0
    assert doubt([-1.0]) == 1.0
    assert doubt([-1.0, -1.0]) == pytest.approx(math.sqrt(2))
    grown = [doubt([-0.1, -surprise, -0.5]) for surprise in (0.0, 0.01, 0.3, 4.0)]
    assert all(less < more for less, more in pairwise(grown))


def test_the_same_surprise_weighs_less_in_one_place_than_in_many() -> None:
    assert doubt([-1.0, 0.0]) < doubt([-0.5, -0.5])


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_chance_is_that_of_the_first_line_alone(kind: Kind) -> None:
    fill, tokens = ends(("a = 1", SURE), ("\n", SURE), ("b = 2", UNSURE))
    one_line, of_one = ends(("a = 1", SURE), ("\n", SURE))
    found = chance(fill, tokens, model=QWEN, kind=kind)
    assert found == chance(one_line, of_one, model=QWEN, kind=kind)
    assert found is not None
    assert 0.95 < found < 1


def test_what_is_less_likely_to_the_model_is_less_likely_right() -> None:
    found = [chance("ab", [(1, p), (2, SURE)], model="", kind="line") for p in (0.0, -0.2, -3.0)]
    assert None not in found
    assert found == sorted(found, key=lambda one: -(one or 0))
    assert found[0] != found[-1]


@pytest.mark.parametrize("logprob", [-1e9, -math.inf])
def test_what_was_impossible_has_no_chance(logprob: float) -> None:
    assert chance("a", [(1, logprob)], model="", kind="line") == 0.0


def test_a_logarithm_above_0_is_certainty() -> None:
    assert chance("a", [(1, 0.1)], model="", kind="line") == chance(
        "a", [(1, 0.0)], model="", kind="line"
    )


def test_models_that_are_known_are_told_apart_by_their_names() -> None:
    def of(model: str) -> float:
        return chance("a", [(1, -0.5)], model=model, kind="line") or 0

    assert of(QWEN) == of("Qwen2.5-Coder:0.5B") == of("qwen2.5-coder-0.5b-base")
    assert of(QWEN) < of("starcoder2:3b") == of("qwen2.5-coder:7b") < of("qwen2.5-coder:1.5b-base")


@pytest.mark.parametrize("fill", ["", "  \n", "a = 1"])
def test_without_tokens_nothing_is_known_and_all_is_shown(fill: str) -> None:
    assert chance(fill, [], model=QWEN, kind="line") is None
    assert sure_part(fill, [], model=QWEN, kind="line", threshold=0.9) == fill


def part(*parts: tuple[str, float], threshold: float = 0.6, kind: Kind = "empty") -> str:
    fill, tokens = ends(*parts)
    return sure_part(fill, tokens, model="", kind=kind, threshold=threshold)


def test_a_sure_fill_is_shown_to_its_last_character() -> None:
    assert part(("a = 1", SURE), ("\n\n", SURE), ("b = 2\n", SURE)) == "a = 1\n\nb = 2\n"


def test_of_an_unsure_first_line_nothing_is_shown() -> None:
    assert part(("a = 1", UNSURE), ("\n", SURE), ("b = 2", SURE)) == ""


def test_a_fill_ends_with_the_last_line_that_is_sure_enough() -> None:
    lines = (("a = 1\n", SURE), ("b = 2\n", SURE), ("\n", SURE), ("c = 3\n", UNSURE), ("d", SURE))
    assert part(*lines) == "a = 1\nb = 2"
    # Who wants to see nearly everything sees it.
    assert part(*lines, threshold=0.01) == "a = 1\nb = 2\n\nc = 3\nd"


def test_all_that_is_shown_has_to_be_likely_enough_together() -> None:
    line = ("a = 1\n", -0.35)
    alone = chance("a = 1", [(5, -0.35)], model="", kind="empty")
    assert alone is not None
    assert alone**4 < 0.7 < alone
    assert 1 <= part(*[line] * 9, threshold=0.7).count("a = 1") < 4


def test_a_token_counts_for_the_line_that_it_begins_in() -> None:
    # How sure the model was that the line ends there counts for that line.
    assert part(("a = 1", SURE), ("\n    ", -9.0), ("b = 2", SURE)) == ""
    assert part(("a = 1\n    ", SURE), ("b = 2", UNSURE), ("\nc", SURE)) == "a = 1"


def test_a_line_without_tokens_goes_with_the_line_before_it() -> None:
    """Such as closers that were added when the fill was made to fit."""
    fill = "if (a) {\n  b();\n}"
    tokens = [(9, SURE), (15, SURE)]
    assert sure_part(fill, tokens, model="", kind="empty", threshold=0.6) == fill
    tokens = [(9, SURE), (15, UNSURE)]
    assert sure_part(fill, tokens, model="", kind="empty", threshold=0.6) == "if (a) {"


def test_blank_lines_at_its_start_are_no_first_line() -> None:
    fill, tokens = ends(("\n    ", UNSURE), ("a = 1", SURE))
    known = chance(fill, tokens, model="", kind="line")
    assert known == chance("a = 1", [(5, SURE)], model="", kind="line")
    assert sure_part(fill, tokens, model="", kind="line", threshold=0.6) == fill
