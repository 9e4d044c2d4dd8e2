"""How much of a prompt an engine has yet to read."""

from __future__ import annotations

from infill_ls.engines.prompts_seen import REMEMBERED, PromptsSeen, Unread


def give(seen: PromptsSeen, prompt: str, now: float = 0.0, *, closed: float = 0.0) -> Unread:
    """Give it a prompt that is read whole, unless it is closed after so many s."""
    unread = seen.unread(prompt, now)
    seen.take(prompt, None if closed else "!", unread, closed)
    return unread


def test_what_nothing_begins_with_is_new() -> None:
    assert PromptsSeen().unread("abc", 7.0) == Unread(3, 3, 7.0)
    assert PromptsSeen().unread("", 7.0) == Unread(0, 0, 7.0)


def test_what_the_last_one_begins_with_is_surely_there() -> None:
    seen = PromptsSeen()
    give(seen, "abcd")
    assert seen.unread("abcx", 1.0) == Unread(1, 1, 1.0)
    # With its answer.
    assert seen.unread("abcd!", 1.0) == Unread(0, 0, 1.0)


def test_what_an_older_one_begins_with_may_be_there() -> None:
    seen = PromptsSeen()
    give(seen, "abcd")
    give(seen, "xyz")
    assert seen.unread("abcx", 1.0) == Unread(1, 4, 1.0)


def test_what_was_lost_may_be_there_still() -> None:
    seen = PromptsSeen()
    give(seen, "abcd")
    seen.lose()
    assert seen.unread("abcd", 1.0) == Unread(0, 4, 1.0)


def test_calls_that_were_closed_count_for_the_next_one() -> None:
    seen = PromptsSeen()
    give(seen, "abcd", 10.0, closed=0.5)
    give(seen, "abcde", 11.0, closed=0.25)
    assert seen.unread("abcdef", 12.0) == Unread(6, 6, 10.0, read_for=0.75)


def test_another_prompt_may_be_in_the_way() -> None:
    seen = PromptsSeen()
    give(seen, "abcd", 10.0, closed=0.5)
    assert seen.unread("xyz", 11.0) == Unread(3, 3, 11.0, in_the_way=4)


def test_a_prompt_that_was_typed_on_takes_the_place_of_the_one_before() -> None:
    seen = PromptsSeen()
    give(seen, "x")
    for length in range(REMEMBERED * 2):
        give(seen, "a" * length + "b")
        give(seen, "a" * length + "b!")
    assert seen.unread("ax", 1.0).fewest == 1
