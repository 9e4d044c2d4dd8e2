"""``infill-ls stats``: what became of the fills that were shown on this machine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from infill_ls.cli.options import settings_from
from infill_ls.cli.output import SUCCESS, write
from infill_ls.errors import InfillError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infill_ls.cli.options import Commands
    from infill_ls.cli.screen import Screen
    from infill_ls.counters import Counters, Counts
    from infill_ls.counters_file import CountersFile

ABOUT_STATS: Final = """\
Shows how many fills were shown, accepted and kept, what was typed instead, how
many characters that saved, and how long fills took: for each language and
model, and by day. Servers count that on this machine, and nobody is sent it.
Only numbers are kept, and the names of languages and models; no code, no paths.
stats = false in the settings file turns it off.
"""
# Columns for which a terminal of 80 has room beside the names of models.
_NARROW: Final = ("shown", "accepted", "share", "kept", "saved", "half within")
STATS_EXAMPLES: Final = """\
examples:
  infill-ls stats
  infill-ls stats --days 30 --html stats.html   a page with plots, for a browser
  infill-ls stats --json | jq .by_language
"""


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "stats",
        help="what became of the fills that were shown",
        description=ABOUT_STATS,
        epilog=STATS_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--html", metavar="FILE", help="write a page with plots; - for stdout")
    parser.add_argument("--days", type=int, metavar="N", help="only the last N days")
    parser.add_argument("--reset", action="store_true", help="remove all that was counted")
    parser.add_argument("--yes", action="store_true", help="don't ask before replacing FILE")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show the statistics, and return the exit status.

    Raises :class:`SettingsError` if a file that is there is to stay, and :class:`InfillError` if
    the page can't be written, or the counters can't be removed.
    """
    from infill_ls.counters_file import CountersFile, days_ago

    if options.days is not None and not 1 <= options.days <= 10_000:
        raise SettingsError(f"--days {options.days} is no number of days.", "Say --days 30.")
    file = CountersFile()
    if options.reset:
        return _reset(file)
    days = file.days("" if options.days is None else days_ago(options.days - 1))
    if options.html is not None:
        from infill_ls.cli.new_file import claim, save
        from infill_ls.cli.stats_page import statistics_page

        claim(options.html, yes=options.yes)
        save(statistics_page(days), options.html)
    if options.json:
        import json

        write(f"{json.dumps(to_json(days), indent=2)}\n")
    elif options.html is None:
        _show(days, file)
    elif options.html != "-":
        _screen().marked("ok", f"The page is {options.html}.")
    return SUCCESS


def _screen() -> Screen:
    # Not at the head: the server needs none.
    from infill_ls.cli.screen import Screen

    return Screen()


def _reset(file: CountersFile) -> int:
    from infill_ls.experience_file import ExperienceFile

    try:
        days = file.clear()
        ExperienceFile(file.folder).clear()
    except OSError as error:
        raise InfillError(
            f"The statistics in {file.folder} can't be removed ({error.strerror})."
        ) from None
    said = f"The counters of {days} {'day' if days == 1 else 'days'} are removed."
    _screen().marked("ok", said if days else "Nothing was counted, so nothing is removed.")
    return SUCCESS


def to_json(days: Mapping[str, Counts]) -> dict[str, Any]:
    """Return all counters as JSON: numbers, by the names of what they are of."""
    return {
        **figures(total(days)),
        "by_language": {name: figures(one) for name, one in by("language", days).items()},
        "by_model": {name: figures(one) for name, one in by("model", days).items()},
        "by_day": {day: figures(total({day: counts})) for day, counts in days.items()},
    }


def figures(counters: Counters) -> dict[str, Any]:
    """Return counters as JSON, those that are 0 as well.

    ``latency_ms``: within how many ms half of the fills were there, 90 % and 99 % of them. One that
    isn't known, or is more than 8 s, is left out.
    """
    from infill_ls.counters import COUNTED

    shares = {f"p{percent}": counters.within(percent / 100) for percent in (50, 90, 99)}
    return {
        **{name: getattr(counters, name) for name in COUNTED},
        "latency_ms": {name: ms for name, ms in shares.items() if ms is not None},
        "latencies_ms": counters.to_json().get("latencies_ms", {}),
    }


def total(days: Mapping[str, Counts]) -> Counters:
    """Return the counters of some days together."""
    from infill_ls.counters import Counters

    together = Counters()
    for counts in days.values():
        for counters in counts.values():
            together.add(counters)
    return together


def by(name: str, days: Mapping[str, Counts]) -> dict[str, Counters]:
    """Return counters by "language" or "model", those first of which most was shown."""
    from infill_ls.counters import Counters

    found: dict[str, Counters] = {}
    for counts in days.values():
        for subject, counters in counts.items():
            found.setdefault(getattr(subject, name), Counters()).add(counters)
    return dict(sorted(found.items(), key=lambda one: (-one[1].shown, one[0])))


def percent(part: int, whole: int) -> str:
    """Return a share as people read it; empty where there is none."""
    return f"{100 * part / whole:.0f} %" if whole else ""


def period(days: Mapping[str, Counts]) -> str:
    """Return of which days the counters are."""
    first, last = min(days), max(days)
    return f"on {first}" if first == last else f"on {len(days)} days from {first} to {last}"


def latency(counters: Counters) -> str:
    """Return how long fills took, as a sentence; empty if there were none."""
    half, most = counters.within(0.5), counters.within(0.9)
    if half is None or most is None:
        return "" if not sum(counters.latencies) else "Many fills took longer than 8 s."
    return f"Half of the fills were there within {half:,} ms, 90 % within {most:,} ms."


def cells(counters: Counters) -> dict[str, str]:
    """Return the cells of a row in a table by language, model or day, by their headings."""
    half = counters.within(0.5)
    return {
        "shown": f"{counters.shown:,}",
        "accepted": f"{counters.accepted:,}",
        "share": percent(counters.accepted, counters.shown),
        "kept": f"{counters.kept:,}",
        "typed through": f"{counters.typed_through:,}",
        "rejected": f"{counters.rejected:,}",
        "saved": f"{counters.characters_saved:,}",
        "half within": "" if half is None else f"{half:,} ms",
    }


def fates(counters: Counters) -> list[tuple[str, str, str]]:
    """Return what became of the fills: in words, how many, and what share that is."""
    shown = counters.shown
    return [
        ("shown", f"{shown:,}", ""),
        ("accepted", f"{counters.accepted:,}", percent(counters.accepted, shown)),
        (
            "  of these, still there 2 minutes later",
            f"{counters.kept:,}",
            percent(counters.kept, counters.accepted),
        ),
        (
            "accepted in part",
            f"{counters.accepted_partly:,}",
            percent(counters.accepted_partly, shown),
        ),
        ("typed through", f"{counters.typed_through:,}", percent(counters.typed_through, shown)),
        ("rejected", f"{counters.rejected:,}", percent(counters.rejected, shown)),
        (
            "  of these, something else was typed",
            f"{counters.typed_against:,}",
            percent(counters.typed_against, counters.rejected),
        ),
        ("characters saved", f"{counters.characters_saved:,}", ""),
    ]


def _show(days: Mapping[str, Counts], file: CountersFile) -> None:
    """Show tables; where there is nothing to show, what to do."""
    screen, counts_on = _screen(), settings_from({}).stats
    if not counts_on:
        screen.marked(
            "warn",
            "Nothing is counted: the setting stats is false.",
            "infill-ls settings set stats true",
        )
    if not days:
        if counts_on:
            screen.marked(
                "warn",
                "Nothing has been counted yet. Once an editor has shown a fill, it is here "
                "half a minute later.",
                "infill-ls doctor",
            )
        return
    counters = total(days)
    screen.line(f"Fills {period(days)}", style="bold")
    screen.line()
    screen.table(("", "fills", "share"), fates(counters), right=("fills", "share"))
    if said := latency(counters):
        screen.line()
        screen.line(said)
    for name in ("language", "model"):
        screen.line()
        found = [(one, cells(of)) for one, of in by(name, days).items()]
        rows = [(one, *(of[column] for column in _NARROW)) for one, of in found]
        screen.table((name, *_NARROW), rows, right=_NARROW)
    screen.line()
    screen.line(f"Kept in {file.folder}, and nowhere else. stats = false turns it off.")
