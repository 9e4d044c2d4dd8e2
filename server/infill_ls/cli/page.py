"""One HTML page that needs nothing else: no network, no script, no file beside it.

For ``--html FILE``. It is light or dark as the reader's system is, fits phones and desks, and says
in tables what its plots show. Each text is escaped, and the page forbids the browser to load
anything at all. No library draws so: those for plots are large (matplotlib), or put scripts and
white backgrounds into what they draw (pygal, leather).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from typing import Final

from infill_ls.cli.plots import WIDTH, Bars, Columns, Lines, Plot, series_class
from infill_ls.shown import plain

# Colours of the series as Okabe and Ito chose them ("Color Universal Design", 2008), for eyes that
# don't tell all colours apart; darker or lighter, so that each has a contrast of 3:1 (WCAG 1.4.11)
# on its ground.
STYLE: Final = """
:root { color-scheme: light dark; --ground: #fff; --text: #1f2328; --faint: #59636e;
  --rule: #d1d9e0; --card: #f6f8fa; --c1: #0072b2; --c2: #b35900; --c3: #6b7178; --c4: #007a5a;
  --c5: #a8508a; }
@media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --text: #e6edf3;
  --faint: #9198a1; --rule: #3d444d; --card: #151b23; --c1: #56b4e9; --c2: #e69f00; --c3: #9aa1a9;
  --c4: #2fbf94; --c5: #d68fbe; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .75rem; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .5rem; }
p { max-width: 44rem; margin: .5rem 0; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem;
  margin: 1.25rem 0; }
.figures > div { background: var(--card); border: 1px solid var(--rule); border-radius: .5rem;
  padding: .6rem .9rem; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures dt { color: var(--faint); font-size: .9rem; line-height: 1.3; }
.figures dd { margin: 0; font-size: 1.4rem; font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
  gap: 1.25rem; margin: 1.25rem 0; align-items: start; }
figure { margin: 0; padding: .9rem; border: 1px solid var(--rule); border-radius: .5rem;
  min-width: 0; max-width: 40rem; }
figure h3 { font-size: 1rem; margin: 0 0 .25rem; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1rem; margin: 0 0 .4rem;
  padding: 0; font-size: .9rem; }
.legend svg { width: 1.5rem; height: .75rem; margin-right: .35rem; vertical-align: baseline; }
figure > svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--text); font-size: 14px; }
@media (min-width: 30rem) { svg text { font-size: 11.5px; } }
svg .mid { text-anchor: middle; } svg .end { text-anchor: end; }
svg .grid { stroke: var(--rule); }
svg .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
svg .s1 { fill: var(--c1); } svg .s2 { fill: var(--c2); } svg .s3 { fill: var(--c3); }
svg .s4 { fill: var(--c4); } svg .s5 { fill: var(--c5); }
svg .line.s1 { fill: none; stroke: var(--c1); }
svg .line.s2 { fill: none; stroke: var(--c2); stroke-dasharray: 8 3; }
svg .line.s3 { fill: none; stroke: var(--c3); stroke-dasharray: 2 3; }
svg .line.s4 { fill: none; stroke: var(--c4); stroke-dasharray: 10 3 2 3; }
svg .line.s5 { fill: none; stroke: var(--c5); stroke-dasharray: 5 5; }
.table { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .95rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
thead th { color: var(--faint); font-weight: 600; }
tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 7rem; }
.right { text-align: right; white-space: nowrap; }
details { margin-top: .5rem; font-size: .9rem; } summary { cursor: pointer; color: var(--faint); }
"""


@dataclass(frozen=True)
class Heading:
    """The heading of a section."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Words."""

    text: str


@dataclass(frozen=True)
class Figures:
    """A few numbers that say the most, written large: what each is of, and the number."""

    figures: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row says what it is of. ``right``: headings of numbers.

    ``name``: what the table is of, for whoever hears the page; empty if the heading says it.
    ``folded``: what stands there until the table is unfolded; empty if it isn't folded.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[object]]
    right: Sequence[str] = ()
    name: str = ""
    folded: str = ""


@dataclass(frozen=True)
class Plots:
    """Plots, beside one another where there is room."""

    plots: Sequence[Plot]


Part = Heading | Paragraph | Figures | Table | Plots


def page(title: str, parts: Sequence[Part]) -> str:
    """Return the HTML of a page. What stands in it may come from anywhere."""
    numbers = count(1)
    body = "\n".join(_part(part, numbers) for part in parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{_text(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _part(part: Part, numbers: count[int]) -> str:
    match part:
        case Heading(text):
            return f"<h2>{_text(text)}</h2>"
        case Paragraph(text):
            return f"<p>{_text(text)}</p>"
        case Figures(figures):
            cells = "".join(
                f"<div><dt>{_text(of)}</dt><dd>{_text(value)}</dd></div>" for of, value in figures
            )
            return f'<dl class="figures">{cells}</dl>'
        case Table():
            return _table(part)
        case Plots(plots):
            return (
                f'<div class="plots">{"".join(_figure(one, next(numbers)) for one in plots)}</div>'
            )


def _table(table: Table) -> str:
    """Return a table that is moved sideways by itself where it is too wide."""
    head = "".join(
        f'<th scope="col"{_side(heading, table)}>{_text(heading)}</th>'
        for heading in table.headings
    )
    body = "".join(f"<tr>{_row(row, table)}</tr>\n" for row in table.rows)
    name = f' aria-label="{_text(table.name)}"' if table.name else ""
    html = (
        f'<div class="table" tabindex="0" role="group"{name}><table>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
    )
    if not table.folded:
        return html
    return f"<details><summary>{_text(table.folded)}</summary>{html}</details>"


def _row(row: Sequence[object], table: Table) -> str:
    first, *others = (_text(str(cell)) for cell in row)
    cells = zip(table.headings[1:], others, strict=True)
    return f'<th scope="row"{_side(table.headings[0], table)}>{first}</th>' + "".join(
        f"<td{_side(heading, table)}>{cell}</td>" for heading, cell in cells
    )


def _side(heading: str, table: Table) -> str:
    return ' class="right"' if heading in table.right else ""


def _figure(plot: Plot, number: int) -> str:
    """Return a plot with its legend, and its numbers below it to be unfolded."""
    height, drawn = plot.svg()
    headings, rows = plot.table()
    kind = {Columns: "Columns", Bars: "Bars", Lines: "Lines"}[type(plot)]
    of = f" of {', '.join(plot.names())}" if plot.names() else ""
    legend = "".join(
        f'<li><svg viewBox="0 0 24 12" aria-hidden="true">{_sample(plot, at)}</svg>{_text(name)}'
        "</li>"
        for at, name in enumerate(plot.names())
    )
    table = Table(headings, rows, headings[1:], name=plot.title, folded="The numbers")
    return (
        f"<figure><h3>{_text(plot.title)}</h3>"
        + (f'<ul class="legend">{legend}</ul>' if legend else "")
        + f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t{number} d{number}">'
        f'<title id="t{number}">{_text(plot.title)}</title>'
        f'<desc id="d{number}">{_text(kind + of)}; the table below has the numbers.</desc>'
        f"{drawn}</svg>{_table(table)}</figure>"
    )


def _sample(plot: Plot, place: int) -> str:
    """Return a piece of a series' column or line, for the legend."""
    if isinstance(plot, Lines):
        return f'<path class="line {series_class(place)}" d="M0 7H24"/>'
    return f'<rect class="{series_class(place)}" width="24" height="12"/>'


def _text(text: str) -> str:
    return escape(plain(text))
