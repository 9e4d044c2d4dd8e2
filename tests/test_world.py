"""The simulated model: what it knows, and that it is wrong as models are."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

import pytest

from bench.world import FULL_WORTH, Piece, World, pieces, worth
from infill_ls.bench.edits import Edit

AFTER = "\nlast = 1\n"


def written(world: World, typed: str, *, above: str = "", below: str = AFTER) -> str:
    """What the model writes behind what was typed, shown some text above it and below."""
    world.typed = typed
    prompt = f"<|fim_prefix|><|fim_suffix|>{below}<|fim_middle|>{above}{typed}"
    return "".join(world.continuation(prompt))


def world(
    target: str, *, right: float = 1.0, seed: str = "1", above: str = "", any_names: bool = False
) -> World:
    return World(right, seed, Edit(0, above, target, AFTER), any_names=any_names)


def test_a_model_that_is_always_right_writes_the_rest() -> None:
    assert written(world("b = 1\nc = 2"), "b = ") == f"1\nc = 2{AFTER}"


def test_a_model_that_is_never_right_errs_in_each_line() -> None:
    for typed in ("", "path", "path = ", "path = open("):
        model = world("path = open(name)\nc = 2", right=0.0, above="path name\n")
        truth = model.edit.target.removeprefix(typed)
        found = written(model, typed, above="path name\n")
        assert found.splitlines()[0] != truth.splitlines()[0], typed


@pytest.mark.parametrize(
    ("above", "below"), [("ferry = harbour\n", AFTER), ("", "\nferry = harbour" + AFTER)]
)
def test_it_knows_the_names_in_its_prompt(above: str, below: str) -> None:
    model = world("ferry(harbour)", above=above)
    model.edit = Edit(0, above, "ferry(harbour)", below)
    assert written(model, "", above=above, below=below).startswith("ferry(harbour)\n")


def test_it_does_not_know_a_name_that_it_was_not_shown() -> None:
    model = world("ferry(harbour, tide)", above="ferry\n")
    assert written(model, "", above="ferry\n").startswith("ferry(")
    assert not written(model, "", above="ferry\n").startswith("ferry(harbour")
    # Nor while it is being typed.
    assert not written(model, "ferry(harb", above="ferry\n").startswith("our")


def test_a_name_that_was_typed_is_known_and_so_is_the_rest() -> None:
    assert written(world("ferry(ferry)"), "ferry").startswith("(ferry)\n")


def test_what_it_has_written_itself_is_known() -> None:
    model = world("ferry = 1\nferry += 2")
    assert written(model, "ferry").startswith(" = 1\nferry += 2\n")


def test_what_every_model_of_the_language_knows() -> None:
    line = "for key in sorted(json.loads(os.environ.get(str))): self.append(key)"
    assert written(world(line), "").startswith(line + "\n")


def test_names_count_for_nothing_where_it_knows_any() -> None:
    assert written(world("ferry(harbour)", any_names=True), "").startswith("ferry(harbour)\n")


def outcomes(right: float, typed: str, line: str, seeds: int = 400) -> Sequence[bool]:
    """With each seed, whether the line goes on as it is to."""
    above = "one two three four\n" + "# filler\n" * 500
    return [
        written(
            world(line, right=right, seed=f"{seed}", above=above), typed, above=above
        ).startswith(line.removeprefix(typed) + "\n")
        for seed in range(seeds)
    ]


LINE = "one1 = two1(three, four)"


@pytest.mark.parametrize("right", [0.5, 0.65, 0.8])
def test_it_is_right_as_often_as_it_is_to_be(right: float) -> None:
    found = outcomes(right, "one = ", "one = two(three, four)")
    at_start = outcomes(right, "", "one = two(three, four)")
    assert sum(at_start) / len(at_start) == pytest.approx(right, abs=0.07)
    # It is right more often with another name typed; where it was right it stays so.
    assert sum(found) > sum(at_start)
    assert all(now or not then for then, now in zip(at_start, found, strict=True))


def test_one_key_more_is_no_reason_to_be_right() -> None:
    line = "one = two(three, four)"
    for begin, end in (("one = ", "one = tw"), ("one = two(", "one = two(thre")):
        assert outcomes(0.5, begin, line, 60) == outcomes(0.5, end, line, 60)


def test_more_to_read_is_worth_something() -> None:
    assert worth(FULL_WORTH) == pytest.approx(1.0)
    assert worth(128) < worth(256) < worth(512) < 1.0


def test_what_is_wrong_is_a_line_or_a_block_and_ends() -> None:
    lines = []
    for seed in range(200):
        found = written(world("one = two(three, four)", right=0.0, seed=f"{seed}"), "one = ")
        assert found.strip()
        lines.append(found.count("\n") + 1)
    assert min(lines) == 1
    assert 4 <= sum(lines) / len(lines) <= 6
    assert max(lines) <= 60


def test_what_is_open_is_closed_by_what_is_wrong() -> None:
    for seed in range(50):
        found = written(world("one(two[three])", right=0.0, seed=f"{seed}"), "one(two[")
        first = found.splitlines()[0]
        assert first.count("]") - first.count("[") == 1, first
        assert first.count(")") - first.count("(") == 1, first


def test_where_nobody_is_it_writes_something() -> None:
    model = world("one = two")
    assert written(model, "three = ")
    assert model.lost == 1


def test_pieces_are_the_text() -> None:
    text = "def f(name):\n    return  12345 + 'ü'\n\n\n"
    assert "".join(pieces(text)) == text


def first_lines(right: float) -> list[list[Piece]]:
    """The pieces of the first line, with many seeds."""
    found = []
    for seed in range(400):
        model = world("one = two(three, four)\n", right=right, seed=f"{seed}", any_names=True)
        model.typed = "one"
        line: list[Piece] = []
        for piece in model.continuation("<|fim_prefix|><|fim_suffix|><|fim_middle|>one"):
            if "\n" in piece:
                break
            line.append(piece)
        found.append(line)
    return found


def test_it_is_less_sure_of_what_is_wrong_but_not_always() -> None:
    right, wrong = (
        [-fmean(piece.logprob for piece in line) for line in first_lines(share)]
        for share in (1.0, 0.0)
    )
    assert median(right) == pytest.approx(0.05, rel=0.5)
    assert median(wrong) == pytest.approx(0.4, rel=0.5)
    pairs = [one < other for one in right for other in wrong]
    assert 0.75 <= sum(pairs) / len(pairs) <= 0.95


def test_the_same_place_is_as_likely_from_wherever_it_is_written() -> None:
    model = world("one = two(three, four)", above="one two three four\n")
    found = []
    for typed in ("one =", "one = two("):
        model.typed = typed
        prompt = f"<|fim_prefix|><|fim_suffix|><|fim_middle|>one two three four\n{typed}"
        found.append({piece: piece.logprob for piece in model.continuation(prompt)})
    assert found[0][Piece("three", 0)] == found[1][Piece("three", 0)]
