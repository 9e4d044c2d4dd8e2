"""How likely tokens were, in the forms in which engines say it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from infill_ls.engines.engine import Token
from infill_ls.engines.logprobs import LOGARITHMS, TEMPERED, read, ways

FOO = Token("foo", -0.5)
ENTRY = {"token": "foo", "logprob": -0.5, "bytes": [102, 111, 111], "top_logprobs": []}


@pytest.mark.parametrize(
    "sent",
    [
        [ENTRY],
        {"content": [ENTRY]},
        {"tokens": ["foo"], "token_logprobs": [-0.5], "text_offset": [0], "top_logprobs": None},
    ],
)
def test_each_form(sent: Any) -> None:
    assert read(sent) == (FOO,)


def test_several_keep_their_order() -> None:
    both = {"tokens": ["foo", "(", "x"], "token_logprobs": [-0.5, -1]}
    assert read(both) == (FOO, Token("(", -1.0))


@pytest.mark.parametrize(
    "sent",
    [
        *(None, [], {}, "foo", 7, True, [None, 3, "foo", []]),
        {"content": None},
        {"content": {"token": "foo", "logprob": -1}},
        {"tokens": "foo", "token_logprobs": [-1]},
        {"tokens": ["foo"], "token_logprobs": None},
        {"tokens": ["foo"], "token_logprobs": [None]},
        [{"token": "foo"}],
        [{"token": None, "logprob": -1}],
        [{"token": ["foo"], "logprob": -1}],
        [{"token": "foo", "logprob": "-1"}],
        [{"token": "foo", "logprob": True}],
        [{"token": "foo", "logprob": False}],
        [{"token": "foo", "logprob": float("nan")}],
        # A probability is no logarithm.
        [{"token": "foo", "logprob": 0.7}],
    ],
)
def test_what_has_another_form_says_nothing(sent: Any) -> None:
    assert read(sent) == ()


def test_what_makes_no_sense_is_left_out_among_others() -> None:
    assert read([{"token": 1, "logprob": -1}, ENTRY, None]) == (FOO,)


@pytest.mark.parametrize("value", [-9999, -3.4e38, float("-inf"), -(10**400)])
def test_what_can_not_be_counts_for_little(value: float) -> None:
    assert read([{"token": "foo", "logprob": value}]) == (Token("foo", -50.0),)


def tempered(distribution: Sequence[float], temperature: float, told: int = 12) -> Any:
    """What llama-server sends of a token, the first, of its candidates after its samplers."""
    powers = [value ** (1 / temperature) for value in distribution]
    tops = [{"token": "?", "prob": power / sum(powers)} for power in powers]
    best = sorted(tops, key=lambda one: -one["prob"])
    return {"content": [{"token": "foo", "prob": tops[0]["prob"], "top_probs": best[:told]}]}


@pytest.mark.parametrize("temperature", [0.1, 0.2, 0.5, 1.0, 2.0])
@pytest.mark.parametrize(
    "distribution",
    [[0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.1, 0.3, 0.6], [0.999, 0.001], [0.25] * 4, [1.0]],
)
def test_a_distribution_comes_back(distribution: list[float], temperature: float) -> None:
    (token,) = read(tempered(distribution, temperature), temperature)
    assert token.text == "foo"
    assert token.logprob == pytest.approx(math.log(distribution[0]), abs=1e-9)


def test_of_many_candidates_the_rest_is_reckoned() -> None:
    # Zipf's law, a flat one: twelve have two thirds of what these have.
    weights = [1 / rank for rank in range(1, 101)]
    distribution = [weight / sum(weights) for weight in weights]
    (token,) = read(tempered(distribution, 0.2), 0.2)
    assert token.logprob == pytest.approx(math.log(distribution[0]), abs=0.2)
    bare = math.log(distribution[0] / sum(distribution[:12]))
    assert abs(token.logprob - math.log(distribution[0])) < abs(bare - math.log(distribution[0]))


def test_ten_digits_are_not_the_start_of_more() -> None:
    distribution = [0.1 - 1e-6] * 10 + [1e-6] * 10
    (token,) = read(tempered(distribution, 0.2), 0.2)
    assert token.logprob == pytest.approx(math.log(0.1), abs=0.001)


def test_fewer_candidates_than_were_asked_for_are_all() -> None:
    (token,) = read(tempered([1 / 11] * 11, 0.2), 0.2)
    assert token.logprob == pytest.approx(math.log(1 / 11))


def test_a_token_that_nothing_is_left_of_counts_for_little() -> None:
    sent = {"content": [{"token": "foo", "prob": 0, "top_probs": [{"prob": 1.0}]}]}
    assert read(sent, 0.2) == (Token("foo", -50.0),)


def test_no_token_is_likelier_than_certain() -> None:
    sent = {"content": [{"token": "foo", "prob": 1.0, "top_probs": [{"prob": 0.5}]}]}
    assert read(sent, 0.2) == (Token("foo", 0.0),)


NO_PROBABILITIES: list[Any] = [None, "0.5", True, -0.5, 1.5, math.nan, math.inf, 10**400, [0.5]]


@pytest.mark.parametrize("chosen", NO_PROBABILITIES)
def test_what_is_no_probability_says_nothing(chosen: Any) -> None:
    tops = [{"prob": 0.9}, {"prob": 0.1}]
    assert read([{"token": "foo", "prob": chosen, "top_probs": tops}], 0.2) == ()
    # Nor is it read as another form.
    both = {"token": "foo", "logprob": -1, "prob": chosen, "top_probs": tops}
    assert read([both], 0.2) == ()


@pytest.mark.parametrize("odd", NO_PROBABILITIES)
def test_of_candidates_those_that_make_no_sense_are_left_out(odd: Any) -> None:
    tops = [{"prob": odd}, odd, {}, {"prob": 0.5}, {"prob": 0.5}, {"prob": 0}]
    (token,) = read([{"token": "foo", "prob": 0.5, "top_probs": tops}], 0.2)
    assert token.logprob == pytest.approx(math.log(0.5))


@pytest.mark.parametrize("tops", [None, [], "0.5", {"prob": 0.5}, [{"prob": None}]])
@pytest.mark.parametrize("chosen", [0.5, 1.0, 0])
def test_without_candidates_a_probability_says_nothing(tops: Any, chosen: float) -> None:
    assert read([{"token": "foo", "prob": chosen, "top_probs": tops}], 0.2) == ()


def test_without_a_temperature_a_probability_after_sampling_says_nothing() -> None:
    assert read(tempered([0.6, 0.4], 0.2)) == ()


@pytest.mark.parametrize(
    ("llama_server", "temperature", "grammar", "first"),
    [
        (True, 0.2, False, TEMPERED),
        (True, 0.1, False, TEMPERED),
        (True, 0.5, False, TEMPERED),
        # Nothing but the best is left; other tokens would be chosen; what a grammar demands.
        (True, 0.0, False, LOGARITHMS),
        (True, 0.05, False, LOGARITHMS),
        (True, 0.8, False, LOGARITHMS),
        (True, 0.2, True, LOGARITHMS),
        (False, 0.2, False, LOGARITHMS),
    ],
)
def test_how_engines_are_asked(
    llama_server: bool, temperature: float, grammar: bool, first: Any
) -> None:
    asked = ways(llama_server=llama_server, temperature=temperature, grammar=grammar)
    assert asked[0] == first
    assert asked[-2:] == [LOGARITHMS, {}]
