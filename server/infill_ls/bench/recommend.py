"""Which model to take, with which settings, and why: in words, by what was measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from infill_ls.bench.figures import IN_TIME, PATIENCE, Measured
from infill_ls.settings import Settings

# Looks of which something can be said. Of 8 a share is known to 18 points, of 30 to 9.
FEWEST_LOOKS: Final = 8
# Suggestions of several lines of which something can be said, the share of them that makes them
# worth showing, and the share of first lines that makes those worth it.
FEWEST_OF_LINES: Final = 8
WORTH_LINES: Final = 0.15
WORTH_FIRST_LINE: Final = 0.3
# Other models of which the reason says why they were not taken.
_RUNNERS_UP: Final = 2


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The model to take. ``settings``: by their keys. ``reason``: in sentences.

    ``fast_enough``: suggestions mostly come while somebody looks for them.
    """

    engine: str
    model: str
    reason: str
    fast_enough: bool
    settings: dict[str, Any] = field(default_factory=dict)


def recommend(measured: Sequence[Measured], settings: Settings) -> Recommendation | None:
    """Return the model to take; None if too little was measured of all of them.

    It is the one that most often has a right suggestion in time. Of those that are as good as
    that, as far as so few suggestions tell, it is the one that is sooner, or else right more often.
    ``settings``: the user's, of which those are named that should change.
    """
    enough = [one for one in measured if len(one.looks) >= FEWEST_LOOKS]
    if not enough:
        return None
    most = max(enough, key=_useful)
    as_good = [one for one in enough if _useful(most) - _useful(one) <= _noise(most, one)]
    best = min(as_good, key=lambda one: (_tenths(one), -(one.right or 0.0), -_useful(one)))
    others = sorted((one for one in enough if one is not best), key=_useful, reverse=True)
    half = best.wait(0.5)
    fast_enough = half is not None and half <= IN_TIME
    changes: dict[str, Any] = {"model": best.model}
    if settings.engine not in ("auto", best.engine):
        changes["engine"] = best.engine
    sentences = [_of_best(best, fast_enough=fast_enough)]
    sentences += [_of_other(one, best) for one in others[:_RUNNERS_UP]]
    if settings.multiline != "never" and _lines_are_not_worth_it(best):
        changes["multiline"] = "never"
        sentences.append(
            "Of its suggestions of several lines hardly any was right as a whole, but first lines "
            "were: so one line at a time."
        )
    return Recommendation(
        best.engine, best.model, " ".join(sentences), fast_enough, settings=changes
    )


def _useful(one: Measured) -> float:
    return one.useful or 0.0


def _noise(one: Measured, other: Measured) -> float:
    """Return by how much two shares of looks differ by chance: one standard error of that."""
    return math.sqrt(
        sum(_useful(each) * (1 - _useful(each)) / len(each.looks) for each in (one, other))
    )


def _tenths(one: Measured) -> float:
    """Return the time that half of the suggestions keep, in tenths of a second."""
    half = one.wait(0.5)
    return math.inf if half is None or math.isinf(half) else round(half * 10)


def _of_best(best: Measured, *, fast_enough: bool) -> str:
    half = best.wait(0.5)
    right = f"{sum(look.right for look in best.suggestions)} of {len(best.suggestions)}"
    if half is None:
        return f"{best.model} had hardly anything to suggest."
    if fast_enough:
        return (
            f"With {best.model} half of the suggestions are there within {seconds(half)}, "
            f"{_most(best)}; {right} were what stood in the file."
        )
    take = f"longer than {PATIENCE:.0f} s" if math.isinf(half) else f"{seconds(half)} and more"
    return (
        f"No model that was measured is fast enough here to suggest while you type: with "
        f"{best.model}, the best of them, half of the suggestions take {take} ({right} were what "
        f"stood in the file). A smaller model is faster."
    )


def _most(best: Measured) -> str:
    """Return in words how long most suggestions take."""
    most = best.wait(0.9)
    if most is None or math.isinf(most):
        return f"but {percent(best.late)} take longer than {PATIENCE:.0f} s"
    return f"and 9 of 10 within {seconds(most)}"


def _of_other(other: Measured, best: Measured) -> str:
    half, right = seconds(other.wait(0.5)), percent(other.right)
    if _tenths(other) > _tenths(best):
        if (other.right or 0.0) > (best.right or 0.0):
            return f"{other.model} was right more often ({right}), but takes {half}."
        return f"{other.model} takes {half}, and was right in {right}."
    how = "as fast" if _tenths(other) == _tenths(best) else "sooner"
    return f"{other.model} is {how} ({half}), but was right in {right}."


def _lines_are_not_worth_it(best: Measured) -> bool:
    several = [look for look in best.suggestions if look.has_more_lines]
    if len(several) < FEWEST_OF_LINES:
        return False
    whole = sum(look.right for look in several) / len(several)
    first = sum(look.first_line_right for look in several) / len(several)
    return whole < WORTH_LINES and first >= WORTH_FIRST_LINE


def seconds(value: float | None) -> str:
    """Return a time to suggestion as people read it: "0.35 s", "1.2 s", "> 3 s"."""
    if value is None:
        return "-"
    if math.isinf(value):
        return f"> {PATIENCE:.0f} s"
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"


def percent(share: float | None) -> str:
    """Return a share as people read it: "42 %"."""
    return "-" if share is None else f"{share * 100:.0f} %"
