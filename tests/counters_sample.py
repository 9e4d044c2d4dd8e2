"""Made-up counters of seven weeks, as a programmer's may be: for tests and for the picture."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from infill_ls.counters import Counters, Counts, Subject, rows

FIRST: Final = date(2026, 10, 12)
DAYS: Final = 47
# Language, fills on a usual day, share that is accepted.
LANGUAGES: Final = (
    ("python", 60, 0.36),
    ("typescript", 35, 0.31),
    ("rust", 22, 0.27),
    ("markdown", 12, 0.12),
)
# The model, the ms that a fill usually takes, and from which day on it is used.
MODELS: Final = (("qwen2.5-coder:3b", 420.0, 0), ("qwen2.5-coder:1.5b", 210.0, 19))


def sample() -> dict[str, Counts]:
    """The counters of each day; the same ones every time."""
    random, days = Random(1), {}
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        # Hardly anything at weekends.
        work = random.uniform(0, 0.3) if day.weekday() >= 5 else random.uniform(0.6, 1.4)
        counts = _day(random, work, number)
        if counts:
            days[str(day)] = counts
    return days


def _day(random: Random, work: float, number: int) -> Counts:
    model, ms, _ = [one for one in MODELS if one[2] <= number][-1]
    counts: Counts = {}
    for language, usual, share in LANGUAGES:
        if shown := round(usual * work * random.uniform(0.2, 1.5)):
            made = _counters(random, shown, share, ms)
            counts[Subject.of(language, "ollama", model)] = made
    return counts


def _counters(random: Random, shown: int, share: float, ms: float) -> Counters:
    counters = Counters(shown=shown)
    for _ in range(shown):
        # Some were there before they were asked for.
        counters.took(4 if random.random() < 0.3 else ms * random.lognormvariate(0, 0.5))
        fate = random.random()
        if fate < share:
            counters.accepted += 1
            counters.kept += random.random() < 0.9
            counters.characters_saved += round(random.lognormvariate(3.3, 0.8))
        elif fate < share + 0.05:
            counters.accepted_partly += 1
            counters.characters_saved += round(random.uniform(4, 20))
        elif fate < share + 0.22:
            counters.typed_through += 1
        else:
            counters.rejected += 1
            counters.typed_against += random.random() < 0.7
    return counters


def write(folder: Path) -> None:
    """Write them where ``infill-ls stats`` finds them in a state folder."""
    place = folder / "infill-ls" / "statistics"
    place.mkdir(parents=True)
    for day, counts in sample().items():
        (place / f"{day}.json").write_text(json.dumps(rows(counts)))
