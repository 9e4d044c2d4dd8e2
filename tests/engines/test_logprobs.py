"""How likely tokens were, in the forms in which engines say it."""

from __future__ import annotations

from typing import Any

import pytest

from infill_ls.engines.engine import Token
from infill_ls.engines.logprobs import read

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
        # A probability, as llama-server sends when it is asked for those after sampling.
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
