"""What the runs of the benchmark come to: figures of one, medians of several, the table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import groupby
from statistics import median
from typing import Any, Final

from bench.session import Session
from bench.simulated_engine import SimulatedEngine
from bench.world import CHARACTERS_PER_TOKEN


@dataclass(frozen=True)
class Figures:
    """One run, reckoned up; or the medians of several.

    Times in s: ``p50`` and ``p95`` over all pauses, infinite where less than that share got a
    suggestion; ``p50_shown`` over those in which one came, that wasn't there before. ``seeds``: of
    the runs. Where it says "per 100" or "per 1000", characters are meant, typed or accepted.
    ``right_shown`` and ``harmful_shown``: shares of what was shown. ``busy_share``: for how much of
    the time the engine was busy.
    """

    policy: str
    editor: str
    profile: str
    right: float
    seeds: tuple[str, ...]
    p50: float
    p95: float
    p50_shown: float
    right_in_pause: float
    saved_per_100: float
    time_saved_per_100: float
    calls_per_100: float
    shown_per_100: float
    right_shown: float
    harmful_shown: float
    read_per_shown: float
    cached_share: float
    thrown_away: float
    busy_per_saved: float
    busy_share: float
    wrong_per_1000: float
    waits: tuple[float, ...]

    @property
    def row(self) -> tuple[str, str, float, str]:
        """What was run, but for the seed."""
        return self.profile, self.editor, self.right, self.policy


# All but what was run, the seeds and the single waits.
_NUMBERS: Final = tuple(field.name for field in fields(Figures))[5:-1]


def reckoned(
    policy: str,
    profile: str,
    right: float,
    seed: str,
    session: Session,
    engine: SimulatedEngine,
    seconds: float,
) -> Figures:
    """Return the figures of a run, which has taken so many s."""
    record, account = session.record, engine.account
    total = record.typed + record.accepted
    waits = sorted(record.waits)
    shown = session.shown
    shown_tokens = sum(len(text) for text in shown) / CHARACTERS_PER_TOKEN
    without = record.typing + record.saved
    return Figures(
        policy=policy,
        editor=session.editor.name,
        profile=profile,
        right=right,
        seeds=(seed,),
        p50=waits[len(waits) // 2],
        p95=waits[int(len(waits) * 0.95)],
        p50_shown=median([wait for wait in waits if 0.0 < wait < math.inf] or [math.inf]),
        right_in_pause=record.right_in_pause / len(waits),
        saved_per_100=100 * record.accepted / total,
        time_saved_per_100=100 * (record.saved - record.reading) / without,
        calls_per_100=100 * account.calls / total,
        shown_per_100=100 * record.shown / total,
        right_shown=record.right / max(1, record.shown),
        harmful_shown=record.harmful / max(1, record.shown),
        read_per_shown=account.read / max(1, len(shown)),
        cached_share=account.cached_here / max(1, account.asked_here),
        thrown_away=max(0, round(account.written - shown_tokens)),
        busy_per_saved=account.busy / max(1, record.accepted),
        busy_share=account.busy / seconds,
        wrong_per_1000=1000 * record.wrong_characters / max(1, record.typed),
        waits=tuple(waits),
    )


def medians(runs: Sequence[Figures]) -> list[Figures]:
    """Return one for each row: the medians over its seeds.

    Rows that differ only in the policy stand together; else they are in the order of their first
    runs.
    """
    order = {row: at for at, row in enumerate(dict.fromkeys(one.row for one in runs))}
    tables = {row[:3]: at for row, at in reversed(order.items())}
    by_row = sorted(runs, key=lambda one: (tables[one.row[:3]], order[one.row]))
    return [_median(list(group)) for _, group in groupby(by_row, key=lambda one: one.row)]


def _median(runs: Sequence[Figures]) -> Figures:
    if len(runs) == 1:
        return runs[0]
    middle: dict[str, Any] = {name: median(getattr(one, name) for one in runs) for name in _NUMBERS}
    seeds = tuple(seed for one in runs for seed in one.seeds)
    waits = tuple(sorted(wait for one in runs for wait in one.waits))
    return replace(runs[0], **middle, seeds=seeds, waits=waits)


COLUMNS: Final[tuple[tuple[str, Callable[[Figures], str]], ...]] = (
    ("p50 s", lambda f: _seconds(f.p50)),
    ("shown in s", lambda f: _seconds(f.p50_shown)),
    ("in pause", lambda f: f"{f.right_in_pause:.0%}"),
    ("keys saved", lambda f: f"{f.saved_per_100:.1f}"),
    ("time saved", lambda f: f"{f.time_saved_per_100:.1f}"),
    ("calls/100", lambda f: f"{f.calls_per_100:.1f}"),
    ("shown/100", lambda f: f"{f.shown_per_100:.1f}"),
    ("right", lambda f: f"{f.right_shown:.0%}"),
    ("harmful", lambda f: f"{f.harmful_shown:.0%}"),
    ("read/shown", lambda f: f"{f.read_per_shown:.0f}"),
    ("cached", lambda f: f"{f.cached_share:.0%}"),
    ("thrown", lambda f: f"{f.thrown_away:.0f}"),
    ("busy/saved", lambda f: f"{f.busy_per_saved:.3f}"),
    ("busy", lambda f: f"{f.busy_share:.0%}"),
    ("wrong/1000", lambda f: f"{f.wrong_per_1000:.0f}"),
)


def from_json(text: str) -> list[Figures]:
    """Return figures that were written as JSON."""
    return [
        Figures(**{**one, "seeds": tuple(one["seeds"]), "waits": tuple(one["waits"])})
        for one in json.loads(text)
    ]


def to_json(figures: Sequence[Figures]) -> str:
    return json.dumps([asdict(one) for one in figures], indent=1)


def _seconds(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:.2f}"


def table(figures: Sequence[Figures]) -> str:
    lines = []
    for (profile, editor, right), group in groupby(figures, key=lambda one: one.row[:3]):
        lines.append(f"\n{profile}, {editor}, {right:.0%} right")
        lines.append(" " * 30 + "".join(f"{name:>12}" for name, _ in COLUMNS))
        lines += [
            f"  {one.policy:28}" + "".join(f"{show(one):>12}" for _, show in COLUMNS)
            for one in group
        ]
    return "\n".join(lines)


def saved_keys(figures: Sequence[Figures]) -> str:
    """A table for a page: a row for each profile and editor, a column for each policy."""
    policies = list(dict.fromkeys(one.policy for one in figures))
    head = f"keys saved of 100, medians of {len(figures[0].seeds)} seeds"
    lines = [row([head, *policies]), row(["---"] * (len(policies) + 1))]
    for (profile, editor, _), group in groupby(figures, key=lambda one: one.row[:3]):
        saved = {one.policy: one.saved_per_100 for one in group}
        best = max(saved.values())
        cells = [f"{saved[name]:.1f}" if name in saved else "" for name in policies]
        marked = [
            f"**{cell}**" if saved.get(name) == best else cell
            for name, cell in zip(policies, cells, strict=True)
        ]
        lines.append(row([f"{profile}, {editor}", *marked]))
    return "\n".join(lines)


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
