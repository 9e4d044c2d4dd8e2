"""Which editors came last, and how a file has them."""

from __future__ import annotations

import json

import pytest

from infill_ls.visits import VISITS_KEPT, Visit, dumped, joined, read

NEOVIM = Visit("Neovim", "0.12.4", at=100, server="0.1.0", ghost_text=True, encoding="utf-8")


def test_what_is_written_is_read() -> None:
    assert read(dumped([NEOVIM, Visit("Helix")])) == [NEOVIM, Visit("Helix")]


def test_the_newest_comes_first_and_each_editor_once() -> None:
    kept = joined(Visit("Neovim", at=300), [Visit("Helix", at=200), NEOVIM])
    assert [(one.editor, one.at) for one in kept] == [("Neovim", 300), ("Helix", 200)]


def test_only_a_few_are_kept() -> None:
    kept: list[Visit] = []
    for number in range(VISITS_KEPT + 3):
        kept = joined(Visit(f"editor {number}"), kept)
    assert len(kept) == VISITS_KEPT
    assert kept[0].editor == f"editor {VISITS_KEPT + 2}"
    assert len(read(dumped(kept * 2))) == VISITS_KEPT


@pytest.mark.parametrize(
    "content",
    ["", "{", "null", "{}", '[1, {"editor": 5}, {"version": "1"}]', "[" * 100_000, '"\\ud800"'],
)
def test_what_makes_no_sense_says_nothing(content: str) -> None:
    assert read(content) == []


def test_fields_of_the_wrong_type_are_not_said() -> None:
    entry = {"editor": "x" * 1000, "at": True, "ghost_text": 1, "server": None, "other": "y"}
    assert read(json.dumps([entry])) == [Visit("x" * 60)]


def test_a_long_name_is_one_editor() -> None:
    kept = read(dumped(joined(Visit("x" * 1000), [])))
    assert len(joined(Visit("x" * 1000), kept)) == 1
