"""The page of ``infill-ls bench --html``: what was measured, without any code or path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from infill_ls.bench.figures import PATIENCE, Measured
from infill_ls.bench.recommend import Recommendation, percent, seconds
from infill_ls.bench.report import BENCH_HEADINGS, COLUMN_MEANINGS, rows
from infill_ls.cli.page import Figures, Heading, Paragraph, Part, Plots, Table, page
from infill_ls.cli.plots import COLOURS, Bars, Lines, Plot, cumulative

# What the column means that a terminal has no room for.
SHOWN: Final = "shown: how often there was a suggestion when the typist looked up."


def bench_page(
    measured: Sequence[Measured], recommendation: Recommendation | None, how: str
) -> str:
    """Return the HTML. ``how``: in a sentence, what was typed and for how long."""
    parts: list[Part] = []
    best = next(
        (
            one
            for one in measured
            if recommendation
            and (one.engine, one.model) == (recommendation.engine, recommendation.model)
        ),
        None,
    )
    if recommendation is not None and best is not None:
        parts += [
            Paragraph(recommendation.reason),
            Figures(
                [
                    ("take this model", best.model),
                    ("half of its suggestions are there within", seconds(best.wait(0.5))),
                    ("of these are right", percent(best.right)),
                ]
            ),
        ]
    parts += [Heading("When a suggestion is there"), Plots(_plots(measured))]
    parts += [Heading("The numbers"), Table(BENCH_HEADINGS, rows(measured), BENCH_HEADINGS[1:])]
    parts += [Paragraph(text) for text in (SHOWN, *COLUMN_MEANINGS, how)]
    parts += [Paragraph(f"{one.model}: {one.problem}") for one in measured if one.problem]
    return page("Models for suggestions on this machine", parts)


def _plots(measured: Sequence[Measured]) -> list[Plot]:
    known = [one for one in measured if one.suggestions]
    # As many as have a colour of their own; the table has the others.
    lines = [cumulative(one.model, one.waits) for one in known[:COLOURS]]
    right = [(one.model, round((one.right or 0.0) * 100)) for one in known]
    return [
        Lines(
            "Share of suggestions that are there, by the time since the last key",
            lines,
            of="time",
            x_unit="s",
            x_most=PATIENCE,
            steps=True,
            share=True,
        ),
        Bars("Right, of what was suggested", right, of="model", unit="%"),
    ]
