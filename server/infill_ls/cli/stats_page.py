"""The statistics as a page with plots (``infill-ls stats --html FILE``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from math import ceil
from typing import Final

from infill_ls import __version__
from infill_ls.cli.page import Figures, Heading, Paragraph, Part, Plots, Table, page
from infill_ls.cli.plots import Bars, Columns, Line, Lines, Plot, Series
from infill_ls.cli.stats import by, cells, fates, percent, period, total
from infill_ls.counters import LATENCIES, Counters, Counts

PAGE_TITLE: Final = "infill-ls: what became of its fills"
# Columns of a plot. Of so many days each has one; of more each week has; and where a clock was
# wrong once, so that there are days of another century, as many days as it takes.
_COLUMNS: Final = 62
_WEEK: Final = 7
# Languages and models in plots; the tables have all.
_PLOTTED: Final = 5
# Fills below which a share says nothing.
_ENOUGH: Final = 20

_MEANINGS: Final = (
    ("shown", "Given to the editor to be shown; once, also while you type what it says."),
    ("accepted", "Put in with the key for it."),
    ("kept", "Accepted, and still there two minutes later, or when the file was closed."),
    ("accepted in part", "A word or a line of it was put in."),
    ("typed through", "You have typed what it said."),
    ("rejected", "All others: something else was typed, or nothing."),
    ("saved", "Characters that were put in by accepting, without indentation."),
    ("half within", "From the editor's request, half of the fills were there within this time."),
)


def statistics_page(days: Mapping[str, Counts]) -> str:
    """Return the page of some days' counters."""
    if not days:
        return page(
            PAGE_TITLE,
            [
                Paragraph("Nothing has been counted yet."),
                Paragraph(
                    "Once an editor has shown a fill, it is here half a minute later, unless "
                    "stats = false is in the settings. infill-ls doctor says what works."
                ),
            ],
        )
    counters = total(days)
    half = counters.within(0.5)
    parts: list[Part] = [
        Paragraph(
            f"Fills {period(days)}, on this machine. There are numbers here and the names of "
            "languages and models; no code, and no names of files."
        ),
        Figures(
            [
                ("shown", f"{counters.shown:,}"),
                ("accepted", percent(counters.accepted, counters.shown)),
                ("of these, kept", percent(counters.kept, counters.accepted) or "–"),
                ("characters saved", f"{counters.characters_saved:,}"),
                ("half were there within", "–" if half is None else f"{half:,} ms"),
            ]
        ),
        Plots(_plots(days)),
        Heading("What became of them"),
        Table(("fate", "fills", "share"), fates(counters), ("fills", "share")),
    ]
    for name in ("language", "model"):
        parts += [Heading(f"By {name}"), _table(name, by(name, days))]
    newest = {day: total({day: days[day]}) for day in sorted(days, reverse=True)}
    parts += [
        Heading("By day"),
        replace(_table("day", newest), folded=f"{len(newest)} days"),
        Heading("What the words mean"),
        Table(("word", "meaning"), _MEANINGS),
        Paragraph(f"Made by infill-ls {__version__}."),
    ]
    return page(PAGE_TITLE, parts)


def _table(of: str, counted: Mapping[str, Counters]) -> Table:
    headings = tuple(cells(Counters()))
    rows = [(name, *cells(counters).values()) for name, counters in counted.items()]
    return Table((of, *headings), rows, headings)


def _plots(days: Mapping[str, Counts]) -> list[Plot]:
    of, labels, spans = _spans(days)
    plots: list[Plot] = [
        Columns(
            f"Fills by {of}",
            labels,
            [
                Series("accepted", [one.accepted + one.accepted_partly for one in spans]),
                Series("typed through", [one.typed_through for one in spans]),
                Series("rejected", [one.rejected for one in spans]),
            ],
            of,
        ),
        Columns(
            f"Characters saved by {of}",
            labels,
            [Series("characters saved", [one.characters_saved for one in spans])],
            of,
        ),
    ]
    models = list(by("model", days).items())[:_PLOTTED]
    if any(sum(counters.latencies) for _, counters in models):
        plots.append(_times(models))
    languages = [
        (name, round(100 * one.accepted / one.shown))
        for name, one in by("language", days).items()
        if one.shown >= _ENOUGH
    ]
    if languages:
        plots.append(Bars("Accepted, by language", languages[:_PLOTTED], "language", "%"))
    return plots


def _spans(days: Mapping[str, Counts]) -> tuple[str, list[str], list[Counters]]:
    """Return what each column is of, their labels, and their counters; idle days have one too."""
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    count, step, of, label = (last - first).days + 1, 1, "day", "%d %b"
    if count > _COLUMNS:
        # From a Monday on.
        step, of, first = _WEEK, "week", first - timedelta(days=first.weekday())
        count = (last - first).days + 1
    if count > _COLUMNS * _WEEK:
        step = ceil(count / _COLUMNS)
        of, label = f"{step} days", "%b %Y"
    spans = [Counters() for _ in range(0, count, step)]
    for day, counts in days.items():
        spans[(date.fromisoformat(day) - first).days // step].add(total({day: counts}))
    labels = [f"{first + timedelta(days=at):{label}}" for at in range(0, count, step)]
    return of, labels, spans


def _times(models: list[tuple[str, Counters]]) -> Lines:
    """Return what share of each model's fills was there by when."""
    most = 0
    for _, counters in models:
        most = max(most, counters.within(0.95) or LATENCIES[-1])
    lines = []
    for name, counters in models:
        count, reached, points = sum(counters.latencies), 0, [(0.0, 0.0)]
        for ms, fills in zip(LATENCIES, counters.latencies, strict=False):
            reached += fills
            points.append((ms / 1000, reached / count if count else 0.0))
        lines.append(Line(name, points))
    return Lines(
        "Fills that were there, by time",
        lines,
        "time",
        "s",
        x_most=max(most, 500) / 1000,
        share=True,
    )
