"""How much of a fill is shown to a user who hasn't asked for it by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infill_ls.completion import confidence
from infill_ls.completion.alignment import End
from infill_ls.text.hole import Hole
from infill_ls.text.shape import Shape
from infill_ls.trim import fitted

# Returns by how much a threshold is moved, by the kind of place and the language.
Shift = Callable[[str, str], float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is thought of a fill.

    ``shown``: the part of it that is shown, empty if none is. ``chance``: how likely its first line
    is right, from 0 to 1; None if nothing tells. ``threshold``: from where on a line is shown;
    ``shift``: the part of it that is due to what became of earlier fills. ``kind``: of the place.
    ``expected``: how likely all that is shown is right, from 0 to 1; None if nothing is shown, or
    nothing tells.
    """

    shown: str
    chance: float | None = None
    threshold: float = 0.0
    shift: float = 0.0
    kind: str = ""
    expected: float | None = None

    @property
    def figures(self) -> str:
        """How sure the model was, and that this is too little, in words; empty if nothing tells."""
        if self.chance is None or self.chance >= self.threshold:
            return ""
        points = round(self.shift * 100)
        more = f"{abs(points)} points {'more' if points > 0 else 'less'} by what became of others"
        moved = f", {more}" if points else ""
        return f"{percent(self.chance)}; shown from {percent(self.threshold)} on{moved}"

    def to_json(self) -> dict[str, float] | None:
        """Return the figures for ``infill-ls.explain``; None if nothing tells."""
        if self.chance is None:
            return None
        figures = {"chance": self.chance, "threshold": self.threshold, "shift": self.shift}
        return {name: round(value, 3) for name, value in figures.items()}


def percent(share: float) -> str:
    """Return a share, from 0 to 1, as people read it."""
    return f"{share * 100:.0f} %"


def not_shifted(kind: str, language: str) -> float:
    """Return 0: nothing is known of earlier fills."""
    return 0.0


def judge(
    hole: Hole,
    fill: str,
    tokens: Sequence[End],
    shape: Shape,
    model: str,
    eagerness: str = "normal",
    shift: Shift = not_shifted,
    seen: str = "",
) -> Judgement:
    """Return what is thought of a fill for a hole.

    ``tokens``: of the fill (:func:`infill_ls.completion.alignment.carried`); of what has none all
    is shown. ``shape``: how much was to be filled. ``model``: its name. ``eagerness``: the setting.
    ``seen``: the part of it that the user sees already; what is shown is no less than that.
    """
    if not tokens:
        return Judgement(fill)
    kind = confidence.kind_of(hole)
    chance = confidence.chance(fill, tokens, model=model, kind=kind)
    if chance is None:
        return Judgement(fill, kind=kind)
    threshold = confidence.THRESHOLDS[eagerness]
    # Also with "high" the least likely are not shown, whatever became of others.
    moved = max(shift(kind, hole.language), -threshold / 2)
    threshold += moved
    sure = confidence.sure_part(fill, tokens, model=model, kind=kind, threshold=threshold)
    shown = sure if sure == fill or not sure else _ended(sure, fill, hole, shape)
    shown = max(shown, seen, key=len)
    expected = confidence.chance_of_all(shown, tokens, model=model, kind=kind)
    return Judgement(shown, chance, threshold, moved, kind, expected)


def _ended(part: str, fill: str, hole: Hole, shape: Shape) -> str:
    """Return what is shown of the part of a fill, as if the model had ended there.

    It has passed every filter then. What doesn't stand by itself, such as a bracket that is opened
    and not closed, is not shown.
    """
    shown = fitted(part, hole, shape if "\n" in part.strip() else "line").text
    return shown if fill.startswith(shown.rstrip()) else ""
