"""The code that the timed fill is asked for in."""

from __future__ import annotations

import ast

from infill_ls.diagnosis.sample import sample
from infill_ls.text.hole import typed_since


def test_it_is_code_with_a_hole() -> None:
    hole = sample(123456)
    ast.parse(f"{hole.prefix}n**2 for n in numbers]{hole.suffix}")
    # Nothing that a fill could go through, which would be in one prompt and not in the next.
    assert hole.closers == ""
    assert hole.language == "python"


def test_the_second_is_the_first_some_letters_later() -> None:
    first, second = sample(123456), sample(123456, typed=True)
    typed = typed_since(first, second)
    assert typed
    assert not second.mid_word


def test_another_number_is_another_text_from_the_start_of_both_sides() -> None:
    one, other = sample(123456), sample(654321)
    assert one.prefix.splitlines()[0] != other.prefix.splitlines()[0]
    assert one.suffix != other.suffix
