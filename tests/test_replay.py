"""The benchmark itself: the same seed gives the same figures, and what it must show is so."""

from __future__ import annotations

import math

import pytest

from bench.peers import POLICIES
from bench.replay import OURS, Figures, everything
from bench.world import Edit, World


def run(*policies: str, editor: str, profile: str, windows: int = 1) -> dict[str, Figures]:
    figures = everything(
        policies,
        right=0.8,
        count=2,
        seed="7",
        editors=[editor],
        profiles=[profile],
        windows=windows,
    )
    return {one.policy: one for one in figures}


def test_the_same_seed_gives_the_same_figures() -> None:
    first = run(OURS, "Continue", editor="Neovim", profile="two cores")
    again = run(OURS, "Continue", editor="Neovim", profile="two cores")
    assert list(first) == [OURS, "Continue"]
    assert first == again


@pytest.mark.parametrize("profile", ["two cores", "laptop"])
@pytest.mark.parametrize("editor", ["VS Code", "Neovim", "Helix"])
def test_what_it_must_show(editor: str, profile: str) -> None:
    figures = run(editor=editor, profile=profile)
    ours = figures.pop(OURS)
    assert set(figures) == {policy.name for policy in POLICIES}
    assert ours.saved_per_100 >= max(one.saved_per_100 for one in figures.values())
    assert ours.busy_per_saved * 2 <= min(one.busy_per_saved for one in figures.values())
    assert ours.p50 * 2 <= min(one.p50 for one in figures.values())
    assert not math.isinf(ours.p50)
    assert ours.cached_share >= 0.9
    assert ours.calls_per_100 <= 10


def test_two_editors_share_an_engine() -> None:
    alone = run(OURS, editor="Neovim", profile="two cores")[OURS]
    shared = run(OURS, editor="Neovim", profile="two cores", windows=2)[OURS]
    assert shared.saved_per_100 >= alone.saved_per_100 * 0.75
    assert shared.busy_per_saved <= alone.busy_per_saved * 1.3


def test_a_model_that_is_always_right_writes_the_rest() -> None:
    world = World(1.0, "1", Edit(0, "a\n", "b = 1\nc = 2", "\nd\n"), "b = ")
    prompt = "<|fim_prefix|><|fim_suffix|>\nd\n<|fim_middle|>a\nb = "
    assert "".join(world.continuation(prompt)) == "1\nc = 2\nd\n"


def test_a_model_that_is_never_right_errs_in_each_line() -> None:
    world = World(0.0, "1", Edit(0, "a\n", "b = 1\nc = 2", "\nd\n"), "")
    prompt = "<|fim_prefix|>a\n<|fim_suffix|>\nd\n<|fim_middle|>"
    assert "wrong_" in "".join(world.continuation(prompt)).splitlines()[0]
