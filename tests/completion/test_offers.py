"""Fills that were shown, and which of them were accepted."""

from __future__ import annotations

import pytest

from holes import at
from infill_ls.completion.offers import OFFERS_KEPT, Offers
from infill_ls.text.hole import Hole

URI = "file:///a.py"


def test_what_was_offered_is_accepted_once() -> None:
    offers = Offers()
    first, second = offers.make(URI, at("x = █\r\n"), ["1", "(\n)"])
    assert second.text == "(\r\n)"
    assert offers.accept(second.number) is second
    assert offers.accept(second.number) is None
    assert offers.accept(first.number) is first
    assert (offers.shown, offers.accepted) == (1, 2)


def test_nothing_to_show_is_not_counted() -> None:
    offers = Offers()
    assert offers.make(URI, at("x = █"), []) == ()
    assert offers.shown == 0


@pytest.mark.parametrize("number", [None, True, "1", 1.0, 99, [1], {"id": 1}])
def test_what_is_no_number_of_an_offer(number: object) -> None:
    offers = Offers()
    offers.make(URI, at("x = █"), ["1"])
    assert offers.accept(number) is None
    assert offers.accepted == 0


def test_the_oldest_go_first_and_those_of_a_document_that_is_gone() -> None:
    offers = Offers()
    made = [offers.make(URI, at("x = █"), [str(n)])[0] for n in range(OFFERS_KEPT + 1)]
    assert offers.accept(made[0].number) is None
    assert offers.accept(made[1].number) is made[1]
    offers.forget("file:///b.py")
    assert offers.accept(made[2].number) is made[2]
    offers.forget(URI)
    assert offers.accept(made[3].number) is None


def test_what_an_offer_replaces_and_what_is_left_for_who_can_only_insert() -> None:
    offers = Offers()
    (through,) = offers.make(URI, at("f(█)\n"), ["a)[0]"])
    assert through.replaced == 1
    assert (through.without_range().fill, through.without_range().replaced) == ("a", 0)
    (before,) = offers.make(URI, at("f(█)\n"), ["a"])
    assert (before.replaced, before.without_range().fill) == (0, "a")


@pytest.mark.parametrize(
    ("text", "fill", "begun"),
    [
        ("f█", "(a)\nb", "(a)"),
        ("f(█", "a)", "a)"),
        # The editor has closed it.
        ("f(█)", "a", "a"),
        # Nothing was typed, or something else, or at another place.
        ("█", "f(a)", ""),
        ("g█", "(a)", ""),
        ("f█", "(b)", ""),
        ("f█\nx", "(a)", ""),
    ],
)
def test_what_was_shown_of_a_fill_before_it_was_typed(text: str, fill: str, begun: str) -> None:
    offers = Offers()
    offers.make(URI, at("█"), ["f(a)", "f(a", "y"])
    assert offers.begun(URI, at(text), fill) == begun
    assert offers.begun("file:///b.py", at(text), fill) == ""


def test_what_was_shown_at_this_very_place() -> None:
    offers = Offers()
    offers.make(URI, at("█"), ["a"])
    assert offers.begun(URI, at("█"), "a\nb", typed=0) == "a"
    offers.forget(URI)
    assert offers.begun(URI, at("█"), "a\nb", typed=0) == ""


def test_what_recites_is_held_back_and_the_rest_is_shown() -> None:
    offers = Offers()
    asked = []

    def file_for(uri: str, hole: Hole, fill: str) -> str:
        asked.append((uri, hole.prefix, fill))
        return "/others/a.py" if "theirs" in fill else ""

    offers.file_for = file_for
    made = offers.make(URI, at("x = █"), ["theirs()", "mine()"])
    assert [(offer.number, offer.fill) for offer in made] == [(1, "mine()")]
    assert asked == [(URI, "x = ", "theirs()"), (URI, "x = ", "mine()")]
    assert (offers.recited, offers.shown) == ("/others/a.py", 1)
    assert offers.make(URI, at("x = █"), ["theirs()"]) == ()
    assert (offers.recited, offers.shown) == ("/others/a.py", 1)
    assert not offers.may_show(URI, at("x = █"), "theirs()")
    offers.make(URI, at("x = █"), ["mine()"])
    assert offers.recited == ""
    assert Offers().may_show(URI, at("x = █"), "theirs()")
