"""Text goes into a user's file and comes out of it again, and the rest stays as it was."""

from __future__ import annotations

import pytest

from infill_ls.setup.insertions import Insertion, block, inserted, marked_blocks, taken_out

TEXTS = ("", "a\n", "a", "a\n\n", "α\r\nβ\r\n", '[[x]]\n"y",\n')


@pytest.mark.parametrize("text", TEXTS)
def test_a_block_goes_in_and_out_again(text: str) -> None:
    new, placed = inserted(text, [block(text, "ours\n", "#", "helix")])
    assert new.startswith(text)
    assert "ours\n" in new
    assert taken_out(new, placed) == (text, [])


def test_several_are_placed_where_they_stand_in_the_end() -> None:
    new, placed = inserted("ab", [Insertion(0, "1"), Insertion(1, "22"), Insertion(2, "3")])
    assert new == "1a22b3"
    assert placed == [(0, "1"), (2, "22"), (5, "3")]
    assert taken_out(new, placed) == ("ab", [])


def test_what_the_user_has_changed_elsewhere_stays() -> None:
    new, placed = inserted("a\nb\n", [Insertion(2, "ours\n")])
    assert taken_out("more\n" + new.replace("b", "c"), placed) == ("more\na\nc\n", [])


def test_what_the_user_has_changed_of_it_is_named_and_stays() -> None:
    new, placed = inserted("a\n", [Insertion(2, "ours\n")])
    edited = new.replace("ours", "mine")
    assert taken_out(edited, placed) == (edited, ["ours\n"])


def test_nothing_is_taken_out_that_may_be_the_users() -> None:
    _, placed = inserted("a\n", [Insertion(2, "x\n")])
    assert taken_out("x\nb\nx\n", placed) == ("x\nb\nx\n", ["x\n"])


def test_blocks_are_found_by_their_marks() -> None:
    text, placed = inserted("a\n\n", [block("a\n\n", "ours\n", ";;", "emacs")])
    assert marked_blocks(text + "z\n", "emacs") == placed
    assert marked_blocks(text, "kakoune") == []


def test_a_block_without_an_end_is_none() -> None:
    text, _ = inserted("", [block("", "ours\n", "#", "helix")])
    cut = text.rpartition("# <<<")[0]
    assert marked_blocks(cut, "helix") == []
    assert [one.text for one in marked_blocks(cut + text, "helix")] == [text]
