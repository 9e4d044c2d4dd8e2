"""How many tokens a prompt has, and may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.prompt.tokens import (
    ADDED,
    DOCUMENTS,
    SAFE_CHARACTERS_PER_TOKEN,
    STEPS,
    Budget,
    TokenLengths,
    about_tokens,
    budget,
)

CODE = "value = compute(other)\n" * 40


@pytest.mark.parametrize(
    ("wanted", "max_tokens", "is_limit", "room", "shared"),
    [
        (256, 128, False, None, Budget(256, None, 128)),
        (256, 128, True, None, Budget(256, 256, 128)),
        (256, 128, False, 4096, Budget(256, 3968, 128)),
        (256, 128, True, 4096, Budget(256, 256, 128)),
        (2048, 128, False, 2048, Budget(1920, 1920, 128)),
        (2048, 4096, False, 4096, Budget(2048, 2048, 2048)),
        (256, 4096, False, 4096, Budget(256, 256, 3840)),
        (10_000, 3000, True, 4096, Budget(2048, 2048, 2048)),
        (256, 128, False, 1, Budget(0, 0, 1)),
    ],
)
def test_prompt_and_fill_share_the_room(
    wanted: int, max_tokens: int, is_limit: bool, room: int | None, shared: Budget
) -> None:
    assert budget(wanted, max_tokens, is_limit=is_limit, room=room) == shared


@given(st.integers(1, 200_000), st.integers(1, 4096), st.booleans(), st.integers(2, 300_000))
def test_both_together_are_never_more_than_the_room(
    wanted: int, max_tokens: int, is_limit: bool, room: int
) -> None:
    shared = budget(wanted, max_tokens, is_limit=is_limit, room=room)
    assert shared.most is not None
    assert 0 < shared.prompt <= shared.most <= room - shared.fill
    assert 0 < shared.fill <= max_tokens
    assert shared.prompt <= wanted
    # The fill gives way only for half of the room, or for what the prompt is to have.
    assert shared.fill == max_tokens or shared.fill >= room // 2


def test_what_a_text_is_reckoned_to_have() -> None:
    assert about_tokens("") == 0
    assert about_tokens("12345") == 5
    assert about_tokens("abc" * 11) == 10
    assert about_tokens("中文") == 3
    assert about_tokens("\ud800") > 0


def test_nothing_is_known_of_a_new_document() -> None:
    lengths = TokenLengths()
    assert lengths.characters("a") == SAFE_CHARACTERS_PER_TOKEN
    assert lengths.most_characters("a") is None
    assert lengths.at_most("a", "中a") == 4 + ADDED
    assert lengths.about("a", "123abc") == 4 + ADDED


def test_code_is_reckoned_as_before_it_was_counted() -> None:
    lengths = TokenLengths()
    for characters in (4.4, 3.3, 2.6):
        lengths.take("a", CODE, round(len(CODE) / characters))
        assert lengths.characters("a") == SAFE_CHARACTERS_PER_TOKEN


def test_short_tokens_are_reckoned_with_in_steps_that_do_not_tremble() -> None:
    lengths = TokenLengths()
    lengths.take("a", "1" * 1000, 1000)
    assert lengths.characters("a") == 1.0
    for tokens in (1150, 1000, 850, 700):
        lengths.take("a", "1" * 1000, tokens)
        assert lengths.characters("a") == 1.0
    lengths.take("a", "1" * 1000, 450)
    assert lengths.characters("a") == 1.9
    assert lengths.characters("b") == SAFE_CHARACTERS_PER_TOKEN


def test_a_count_that_is_none_teaches_nothing() -> None:
    lengths = TokenLengths()
    lengths.take("a", "", 500)
    lengths.take("a", "abc", 0)
    lengths.note("a", "", 500)
    assert lengths.at_most("a", "abc") == 3 + ADDED


def test_a_short_prompt_tells_nothing_of_the_documents_tokens() -> None:
    lengths = TokenLengths()
    lengths.take("a", "1" * 100, 100)
    assert lengths.characters("a") == SAFE_CHARACTERS_PER_TOKEN
    assert lengths.at_most("a", "1" * 101) == 100 + 1 + ADDED


def test_what_was_counted_is_known_of_the_next_prompt_too() -> None:
    lengths = TokenLengths()
    lengths.take("a", CODE, 300)
    assert lengths.at_most("a", f"{CODE}x = 1") < 300 + 30
    assert lengths.at_most("a", CODE[:200] + "x" + CODE[200:]) < 300 + 30
    assert lengths.at_most("a", "short") == 5 + ADDED
    assert lengths.about("a", CODE * 2) == pytest.approx(600, abs=2 * ADDED)


def test_a_prompt_that_is_too_long_is_made_shorter_each_time() -> None:
    lengths = TokenLengths()
    seen = [lengths.characters("a")]
    while seen[-1] > STEPS[-1]:
        # However little is said to be too much.
        lengths.shrink("a", "x" * 300, 1)
        seen.append(lengths.characters("a"))
    assert seen == list(STEPS)
    lengths.shrink("a", "x" * 300, 300)
    assert lengths.characters("a") == STEPS[-1]
    lengths.shrink("b", "x" * 300, 290)
    assert lengths.characters("b") == 1.0
    lengths.shrink("c", "x", 100)
    assert lengths.characters("c") == STEPS[-1]


def test_what_was_refused_is_never_asked_for_again() -> None:
    lengths = TokenLengths()
    lengths.refuse("a", "x" * 1000)
    assert lengths.most_characters("a") == 500
    lengths.take("a", "x" * 500, 100)
    assert lengths.most_characters("a") == 500


def test_the_documents_used_last_are_remembered() -> None:
    lengths = TokenLengths()
    lengths.refuse("old", "xx")
    lengths.refuse("kept", "xx")
    for number in range(DOCUMENTS - 1):
        assert lengths.most_characters("kept") == 1
        lengths.refuse(str(number), "xx")
    assert lengths.most_characters("old") is None


def test_a_count_of_what_was_read_alone_makes_no_token_longer() -> None:
    lengths = TokenLengths()
    text = "1" * 601
    lengths.take("a", text, 601, is_whole=False)
    assert lengths.characters("a") == 1.0
    lengths.take("a", text + "2", 200, is_whole=False)
    assert lengths.characters("a") == 1.0
    # Where nothing of it can have been known already, the count is of all.
    lengths.take("a", "words and words " * 40, 200, is_whole=False)
    assert lengths.characters("a") == 3.0
