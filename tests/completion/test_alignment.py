"""Which token ends where, in an answer and in the fill that was made of it."""

from __future__ import annotations

import pytest

from infill_ls.completion.alignment import Aligned, carried
from infill_ls.engines.engine import Token


def taken(*pieces: tuple[str, tuple[str, ...]]) -> list[tuple[str, float]]:
    """The text up to which each token goes, of pieces of a stream with their tokens."""
    aligned, text, number = Aligned(), "", 0
    for piece, tokens in pieces:
        made = [Token(one, -float(number + at)) for at, one in enumerate(tokens)]
        aligned.take(len(text), len(text) + len(piece), made)
        text, number = text + piece, number + len(tokens)
    return [(text[:end], logprob) for end, logprob in aligned.ends]


def test_a_token_a_piece() -> None:
    assert taken(("foo", ("foo",)), ("(a", ("(a",))) == [("foo", 0.0), ("foo(a", -1.0)]


def test_several_in_a_piece() -> None:
    assert taken(("foo(a", ("foo", "(a"))) == [("foo", 0.0), ("foo(a", -1.0)]


def test_text_that_is_held_back_comes_with_the_next_piece() -> None:
    pieces = ("", ("<|",)), ("<|x", ("x",))
    assert taken(*pieces) == [("<|", 0.0), ("<|x", -1.0)]


def test_tokens_that_are_lost_with_their_text_move_no_other() -> None:
    # Ollama sends nothing of a piece without text, and its text with the next.
    assert taken(("a", ("a",)), ("<|x", ("x",)), ("b", ("b",))) == [
        ("a", 0.0),
        ("a<|x", -1.0),
        ("a<|xb", -2.0),
    ]


def test_parts_of_a_character_end_where_it_ends() -> None:
    pieces = ("a", ("a",)), ("", ("\ufffd",)), ("🙂", ("\ufffd",)), ("b", ("b",))
    assert [text for text, _ in taken(*pieces)] == ["a", "a", "a🙂", "a🙂b"]


def test_a_piece_of_which_nothing_is_said() -> None:
    # Text that was guessed ahead.
    assert taken(("a", ("a",)), ("bcd", ()), ("e", ("e",))) == [("a", 0.0), ("abcde", -1.0)]


def test_tokens_that_say_more_than_their_piece_begin_with_it() -> None:
    assert [text for text, _ in taken(("ab", ("ab",)), ("c", ("<|eot|>", "c")))] == [
        "ab",
        "ab",
        "abc",
    ]


def test_what_stands_before_the_cursor_already_is_left_out() -> None:
    aligned = Aligned()
    aligned.take(0, 9, [Token(" ret", -1.0), Token("urn", -2.0), Token(" a", -3.0)])
    assert aligned.since(0) == ((4, -1.0), (7, -2.0), (9, -3.0))
    # A token that goes on behind the cursor counts.
    assert aligned.since(5) == ((2, -2.0), (4, -3.0))
    assert aligned.since(7) == ((2, -3.0),)


def ends(*texts: str) -> list[tuple[int, float]]:
    """Tokens with these texts, each with its number as its logarithm."""
    found, at = [], 0
    for number, text in enumerate(texts):
        at += len(text)
        found.append((at, -float(number)))
    return found


def parts(tokens: tuple[str, ...], fill: str, typed: str = "") -> list[tuple[int, str]]:
    """Number and text of each token of a fill that was made of an answer with these tokens."""
    found, begins = [], 0
    for end, logprob in carried(ends(*tokens), "".join(tokens), fill, typed):
        found.append((int(-logprob), fill[begins:end]))
        begins = end
    return found


def test_a_fill_is_cut_at_its_end() -> None:
    assert parts(("a", " =", " 1", "\n\n", "b"), "a = 1") == [(0, "a"), (1, " ="), (2, " 1")]


def test_a_token_of_which_a_part_is_left_counts() -> None:
    assert parts(("f(a", "))\n", "b"), "f(a)") == [(0, "f(a"), (1, ")")]


def test_it_is_indented_anew() -> None:
    tokens = ("if", " a:", "\n\t", "b", "\n")
    assert parts(tokens, "if a:\n    b") == [(0, "if"), (1, " a:"), (2, "\n"), (3, "    b")]


def test_blanks_are_left_out_of_it() -> None:
    tokens = ("\n\n", "  a", "  \r\n", "b")
    assert parts(tokens, "a\nb") == [(1, "a"), (2, "\n"), (3, "b")]


def test_something_is_left_out_at_its_start() -> None:
    tokens = ("```", "python\n", "a", " = 1\n", "```")
    assert parts(tokens, "a = 1") == [(2, "a"), (3, " = 1")]


def test_closers_are_put_behind_it() -> None:
    # Of these nothing is known.
    assert parts(("f(", "a"), "f(a)") == [(0, "f("), (1, "a")]


def test_where_it_says_something_else_its_tokens_end() -> None:
    assert parts(("a", " b", " c"), "a x c") == [(0, "a"), (1, " ")]
    assert parts(("a", "b"), "xyz") == []


def test_a_part_of_it_was_typed() -> None:
    assert parts(("x", " for", " x", " in"), "or x in", typed="x f") == [
        (1, "or"),
        (2, " x"),
        (3, " in"),
    ]


@pytest.mark.parametrize(("tokens", "fill"), [((), "a"), (("a",), ""), ((), "")])
def test_nothing_is_known_of_nothing(tokens: tuple[str, ...], fill: str) -> None:
    assert parts(tokens, fill) == []
