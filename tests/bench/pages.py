"""`python -m bench.pages FILE`: the benchmark's tables in the documentation, from stored figures.

FILE is what `python -m bench.replay --seeds 1-6 --json` has printed. Each place in a page is
between two comments, the first of which says which table: of which profile and editor.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from bench.plot import plot
from bench.replay import OURS
from bench.results import COLUMNS, Figures, from_json, row, saved_keys

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = ("README.md", "docs/figures.md")
PLOT: Final = ("docs/time-to-suggestion.svg", "two cores", "Neovim")

# What a page has of a policy, by the table's own names.
SHORT: Final = (
    "in pause",
    "keys saved",
    "time saved",
    "calls/100",
    "right",
    "cached",
    "busy/saved",
)
HEADS: Final = {
    "in pause": "right suggestion in a pause",
    "keys saved": "keys saved of 100",
    "time saved": "time saved of 100 s",
    "calls/100": "model calls per 100 characters",
    "right": "right of what is shown",
    "cached": "prompt from the cache",
    "busy/saved": "engine busy per character saved, s",
}
_PLACE: Final = re.compile(r"(<!-- bench: (.*?) -->\n).*?(<!-- bench -->)", re.DOTALL)


def filled(page: str, figures: Sequence[Figures]) -> str:
    """Return a page with its tables as these figures say.

    Raises :class:`ValueError` if it asks for a table of which there are no figures.
    """

    def table(place: re.Match[str]) -> str:
        return f"{place[1]}\n{_table(place[2], figures)}\n\n{place[3]}"

    return _PLACE.sub(table, page)


def _table(name: str, figures: Sequence[Figures]) -> str:
    if name == "keys saved":
        return saved_keys(figures)
    profile, _, editor = name.rpartition(", ")
    found = [one for one in figures if (one.profile, one.editor) == (profile, editor)]
    if not found:
        raise ValueError(f"There are no figures of {name}.")
    shown: dict[str, Callable[[Figures], str]] = dict(COLUMNS)
    lines = [row([name, *(HEADS[column] for column in SHORT)]), row(["---"] * (len(SHORT) + 1))]
    lines += [row([one.policy, *(shown[column](one) for column in SHORT)]) for one in found]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("figures", type=Path)
    figures = from_json(parser.parse_args().figures.read_text("utf-8"))
    for name in PAGES:
        page = ROOT / name
        page.write_text(filled(page.read_text("utf-8"), figures), "utf-8")
    name, profile, editor = PLOT
    drawn = [one for one in figures if (one.profile, one.editor) == (profile, editor)]
    assert drawn[0].policy == OURS
    (ROOT / name).write_text(plot(drawn), "utf-8")


if __name__ == "__main__":
    main()
