"""Texts that spell control tokens, on the way to the model and back."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fills import CONTROL, fill, so_far
from infill_ls.prompt import families
from infill_ls.prompt.control import break_up, broken_up, make_whole
from infill_ls.prompt.family import Family
from infill_ls.prompt.table import FAMILIES

FILE = 'START = "<|im_start|>"\nEND = "<|im_end|>"\n'


@pytest.mark.parametrize("text", ["<｜<PRE>｜>", "<｜ab<EOT>｜>", "<｜<|endoftext|>｜>"])
def test_no_token_hides_inside_of_another(text: str) -> None:
    broken = break_up(text, families.all_control_tokens())
    assert not any(token in broken for token in families.all_control_tokens())


TOKENS = st.sampled_from(sorted(families.all_control_tokens()))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@given(st.lists(st.one_of(TOKENS, st.text(alphabet="<|> [a｜", max_size=3)), max_size=8))
def test_text_that_spells_a_control_token_never_reaches_the_model_as_one(
    family: Family, parts: list[str]
) -> None:
    broken = break_up("".join(parts), family.control)
    assert not any(token in broken for token in family.control)
    assert not re.search(r"<\|[A-Za-z_]{2,24}\|>", broken)


@given(st.text(alphabet="<|>[]ab (){}\n", max_size=40))
def test_code_without_one_is_left_as_it_is(code: str) -> None:
    if not any(token in code for token in families.all_control_tokens()) and not re.search(
        r"<\|[A-Za-z_]{2,24}\|>", code
    ):
        assert break_up(code, families.all_control_tokens()) == code


@pytest.mark.parametrize(
    ("raw", "filled"),
    [
        ('"< |im_end|>"\n', '"<|im_end|>"'),
        ('["< |im_start|>", "< |im_end|>"]\n', '["<|im_start|>", "<|im_end|>"]'),
        # Not in the file: the model means what it writes.
        ('"< |im_sep|>"\n', '"< |im_sep|>"'),
        ("a < b\n", "a < b"),
    ],
)
def test_a_copy_of_the_users_own_token_is_spelled_as_he_does(raw: str, filled: str) -> None:
    assert fill(FILE + "x = █\n", raw) == filled


def test_what_the_file_has_with_a_blank_stays_so() -> None:
    file = 'START = "<|im_start|>"\nEND = "< |im_end|>"\nTOO = "<|im_end|>"\n'
    assert fill(file + "x = █\n", '"< |im_end|>"\n') == '"< |im_end|>"'
    assert fill(file + "x = █\n", '"< |im_start|>"\n') == '"<|im_start|>"'


def test_a_token_of_the_models_own_still_ends_the_fill() -> None:
    assert fill(FILE + "x = █\n", "1<|im_end|>2") == "1"


@given(
    st.lists(
        st.sampled_from(["< |im_end|>", "<", " ", "|im", "_end|>", "a", "< |im_start|>", '"']),
        max_size=8,
    ).map("".join)
)
def test_nothing_that_was_given_out_is_taken_back(raw: str) -> None:
    broken = broken_up(CONTROL, FILE)
    parts = [make_whole(raw[:end], broken, over=False) for end in range(len(raw) + 1)]
    assert all(after.startswith(before) for before, after in pairwise(parts))
    assert make_whole(raw, broken, over=True).startswith(parts[-1])


def test_what_may_become_one_is_held_back() -> None:
    assert so_far(FILE + "x = f(█)\n", '"< |im_en').text == '"<'
    assert so_far(FILE + "x = f(█)\n", '"< |im_end|>"').text.startswith('"<|im_end|>')


@given(st.text(alphabet="<|>a \n", max_size=30), st.sampled_from(CONTROL))
def test_what_was_broken_up_is_made_whole(code: str, token: str) -> None:
    text = code + token
    broken = broken_up(CONTROL, text)
    if not any(spelled in text for spelled in map(_spelled, CONTROL)):
        assert make_whole(break_up(text, CONTROL), broken, over=True) == text


def _spelled(token: str) -> str:
    return f"{token[0]} {token[1:]}"
