"""`python -m bench.shares`: what share of lines the simulated model has right, by the prompt's
length, and where it errs in the others.

Beside what real weights do at holes in real files of eight languages (`python -m eval.calibrate`
has the data; greedy, prompts of infill-ls): constants of `bench.world` are fitted to that.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles
from typing import Final

from bench.replay import typed_edits
from bench.world import CHARACTERS_PER_TOKEN, FULL_WORTH, NAME, Piece, World
from infill_ls.bench.edits import Edit
from infill_ls.completion.confidence import doubt

# Of first lines, by tokens of context. 2,862 holes with the 0.5B and 1,363 with the 1.5B at 256 and
# 1,024; the others scaled to these from the 163 that were filled with all four by the 0.5B.
MEASURED: Final = {
    "0.5B": {128: 0.33, 256: 0.40, 512: 0.47, 1024: 0.51},
    "1.5B": {256: 0.49, 1024: 0.60},
}
# Of wrong first lines with names in their truth: how many err in the first, and what share of the
# names comes before the error.
MEASURED_ERRORS: Final = {"0.5B": (0.51, 0.26), "1.5B": (0.47, 0.28)}
# Quartiles of the doubt of first lines (`completion.confidence`), in right ones and in wrong ones;
# both weights, 10,104 holes.
MEASURED_DOUBTS: Final = ((0.72, 0.98, 1.26), (1.38, 1.75, 2.19))
CONTEXTS: Final = (128, 256, 512, 1024)


@dataclass
class Shares:
    """``right``: share of lines. ``at_once``, ``before``: as in ``MEASURED_ERRORS``."""

    right: float
    at_once: float
    before: float


def doubts(right: float, seeds: Sequence[str]) -> list[float]:
    """Return the quartiles of first lines' doubts where the model knows all of them, or none."""
    found = []
    for seed in seeds:
        world = World(right, seed, any_names=True)
        for edit, at in _places(world, seed):
            pieces: list[Piece] = []
            for piece in world.continuation(_prompt(edit.target[:at], world, FULL_WORTH)):
                pieces.append(piece)
                if "\n" in piece:
                    break
            found.append(doubt([piece.logprob for piece in pieces]))
    return quantiles(found, n=4)


def shares(right: float, tokens: int, seeds: Sequence[str]) -> Shares:
    """Return what the model does at a random place of each line, and at its start."""
    found: list[bool] = []
    names: list[tuple[int, int]] = []
    for seed in seeds:
        world = World(right, seed)
        for edit, at in _places(world, seed):
            truth = edit.target[at:].partition("\n")[0]
            prompt = _prompt(edit.target[:at], world, tokens)
            written = "".join(world.continuation(prompt)).partition("\n")[0]
            found.append(written == truth)
            ends = [match.end() for match in NAME.finditer(truth)]
            if ends and written != truth:
                names.append((sum(written[:end] == truth[:end] for end in ends), len(ends)))
    return Shares(
        fmean(found),
        fmean(before == 0 for before, _ in names),
        fmean(before / total for before, total in names),
    )


def _places(world: World, seed: str) -> Iterator[tuple[Edit, int]]:
    """A random place in each line that is typed, and its start; the world is there."""
    for edit in typed_edits(3, seed):
        world.edit = edit
        chance = random.Random(f"shares {seed} {edit.number}")
        offset = 0
        for line in edit.target.split("\n"):
            start = len(line) - len(line.lstrip())
            for at in {start, chance.randrange(start, len(line))} if line.strip() else ():
                world.typed = edit.target[: offset + at]
                yield edit, offset + at
            offset += len(line) + 1


def _prompt(typed: str, world: World, tokens: int) -> str:
    size = int(tokens * CHARACTERS_PER_TOKEN)
    # A quarter of the prompt at the most is what stands below (prompt.build).
    below = world.edit.after[: size // 4]
    above = (world.edit.before + typed)[-(size - len(below)) :]
    return f"<|fim_prefix|><|fim_suffix|>{below}<|fim_middle|>{above}"


def main() -> None:
    print(
        f"{'':8}"
        + "".join(f"{tokens:>8}" for tokens in CONTEXTS)
        + f"{'in first':>12}{'before':>8}"
    )
    for model, known in MEASURED.items():
        row = "".join(f"{known[n]:>8.0%}" if n in known else f"{'':8}" for n in CONTEXTS)
        at_once, before = MEASURED_ERRORS[model]
        print(f"{model:8}{row}{at_once:>12.0%}{before:>8.0%}")
    for right in (0.5, 0.65, 0.8):
        rows = {n: shares(right, n, "123456") for n in CONTEXTS}
        whole = rows[1024]
        row = "".join(f"{one.right:>8.0%}" for one in rows.values())
        print(f"{right:<8.0%}{row}{whole.at_once:>12.0%}{whole.before:>8.0%}")
    print("Quartiles of doubts, measured and simulated")
    for name, share, quartiles in zip(("right", "wrong"), (1.0, 0.0), MEASURED_DOUBTS, strict=True):
        there = "".join(f"{one:>8.2f}" for one in quartiles)
        here = "".join(f"{one:>8.2f}" for one in doubts(share, "123"))
        print(f"{name:8}{there}    {here}")


if __name__ == "__main__":
    main()
