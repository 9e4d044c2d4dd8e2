"""How much of a fill is shown to a user who hasn't asked for it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infill_ls.completion import confidence
from infill_ls.completion.alignment import End
from infill_ls.text.hole import Hole

# Threshold and chance are told in whole parts of a hundred.
_HUNDRED: Final = 100


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is thought of a fill.

    ``chance``: how likely its first line is right, from 0 to 1; None if nothing tells.
    ``threshold``: from where on it is shown. ``kind``: of the place. ``shown``: the part of the
    fill that is shown, empty if none is.
    """

    shown: str
    chance: float | None
    threshold: float
    kind: confidence.Kind

    @property
    def figures(self) -> str:
        """How sure the model was, in words; empty if nothing tells."""
        if self.chance is None:
            return ""
        return f"{_percent(self.chance)}; shown from {_percent(self.threshold)} on"


def judge(
    hole: Hole,
    fill: str,
    tokens: Sequence[End],
    *,
    model: str,
    eagerness: str,
    shift: float = 0.0,
) -> Judgement:
    """Return what is thought of a fill for a hole.

    ``tokens``: of the fill (:func:`infill_ls.completion.alignment.carried`). ``model``: its name.
    ``eagerness``: the setting. ``shift``: what is added to its threshold, by what became of the
    fills before it.
    """
    kind = confidence.kind_of(hole)
    threshold = confidence.THRESHOLDS[eagerness] + shift
    chance = confidence.chance(fill, tokens, model=model, kind=kind) if tokens else None
    shown = fill
    if chance is not None:
        shown = confidence.sure_part(fill, tokens, model=model, kind=kind, threshold=threshold)
    return Judgement(shown, chance, threshold, kind)


def _percent(share: float) -> str:
    return f"{share * _HUNDRED:.0f} %"
