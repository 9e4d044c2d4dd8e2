"""Blocks that are typed: with what is around them they are the file again."""

from __future__ import annotations

from itertools import pairwise

import pytest

from infill_ls.bench.edits import blocks, edits

SOURCE = "# head\n" + "".join(f"def f{n}():\n    a{n} = 1\n    return a{n}\n\n" for n in range(20))


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_a_block_and_what_is_around_it_are_the_file(seed: str) -> None:
    found = edits(SOURCE, 4, seed, block_lines=(2, 4), skipped=3)
    assert [edit.number for edit in found] == [0, 1, 2, 3]
    assert {edit.before + edit.target + edit.after for edit in found} == {SOURCE}
    assert len({edit.before for edit in found}) == 4


def test_blocks_do_not_touch() -> None:
    found = sorted(blocks(SOURCE.splitlines(keepends=True), 9, "1", block_lines=(2, 4)))
    assert all(high < low for (_, high), (low, _) in pairwise(found))


def test_a_block_begins_inside_of_something_and_below_the_head() -> None:
    for edit in edits(SOURCE, 6, "1", block_lines=(2, 4), skipped=3):
        assert edit.target[0] == " "
        assert edit.before.count("\n") > 3
        assert 2 <= edit.target.count("\n") + 1 <= 4


def test_the_same_seed_gives_the_same_blocks() -> None:
    assert edits(SOURCE, 4, "1") == edits(SOURCE, 4, "1")
    assert edits(SOURCE, 4, "1") != edits(SOURCE, 4, "2")


def test_a_file_that_is_too_short_has_none() -> None:
    assert edits("a\n    b\n", 4, "1") == []
    assert edits("", 4, "1") == []
