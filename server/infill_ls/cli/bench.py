"""``infill-ls bench``: measure the models on this machine, and say which one to take."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import sys
from typing import TYPE_CHECKING, Final

from infill_ls.cli.options import settings_from, tell_of_the_clear
from infill_ls.cli.output import FAILURE, SUCCESS, ProgressBars, complain, say, write
from infill_ls.errors import SettingsError
from infill_ls.interrupts import INTERRUPTED
from infill_ls.shells import Shell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infill_ls.bench.figures import Measured
    from infill_ls.bench.measure import Candidate, Progress
    from infill_ls.bench.recommend import Recommendation
    from infill_ls.bench.report import How
    from infill_ls.bench.sources import Source
    from infill_ls.cli.options import Commands
    from infill_ls.settings import Settings

# s of typing for each model.
TYPING_SECONDS: Final = 60.0
LEAST_SECONDS: Final = 5.0
MOST_SECONDS: Final = 3600.0
# s that a model takes besides, to be loaded and let go; what is said up front reckons with it.
BESIDES: Final = 10.0
# Models that are measured unless they are named: one that "auto" would take sixth is seldom best.
MOST_MODELS: Final = 5
# The same places are typed in every run.
BENCH_SEED: Final = "1"

BENCH_EPILOG: Final = """\
Somebody types at a human rate into real files, a minute for each model, and
looks up for suggestions; they count as right if they are what stood in the
file. Without FOLDER a few files are typed that come with infill-ls. With one,
some of its code files are, but for excluded ones; only the engine is sent any
of it, as when you work. Nothing of it is kept.

examples:
  infill-ls bench
  infill-ls bench src --minutes 3 --write
  infill-ls bench --model qwen2.5-coder:7b --html bench.html
"""


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "bench",
        help="measure the models here, and say which one to take",
        epilog=BENCH_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", nargs="?", metavar="FOLDER", help="with code of yours to type")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        dest="models",
        metavar="MODEL",
        help=f"one to measure (repeatable); default: the first {MOST_MODELS} that are installed",
    )
    time = parser.add_mutually_exclusive_group()
    time.add_argument("--minutes", type=float, help="of typing for each model; default: 1")
    time.add_argument("--seconds", type=float, help="the same in seconds")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--html", metavar="FILE", help="write a page with a plot; - for stdout")
    parser.add_argument(
        "--write", action="store_true", help="put the recommendation into your settings file"
    )
    parser.add_argument("--yes", action="store_true", help="don't ask before replacing FILE")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print what was found, and return the exit status: 1 if no model can be measured.

    Raises :class:`SettingsError` for arguments that are wrong, if the page's file is there and is
    to stay, and if the recommendation can't be written.
    """
    from infill_ls.bench import sources
    from infill_ls.bench.recommend import recommend
    from infill_ls.bench.report import How
    from infill_ls.cli.new_file import STDOUT, claim, save

    seconds = _seconds(options)
    if options.html:
        claim(options.html, yes=options.yes)
    settings = settings_from({})
    if options.folder is None:
        typed = sources.shipped(settings)
    else:
        typed = sources.in_folder(options.folder, settings, BENCH_SEED, complain)
    candidates = asyncio.run(_candidates(options.models, settings))
    for name in {candidate.engine for candidate in candidates}:
        tell_of_the_clear(settings, name)
    _announce(len(candidates), seconds)
    measured, interrupted = _measure(candidates, typed, settings, seconds)
    for one in measured:
        if said := one.problem or (not interrupted and one.without_looks):
            complain(f"{one.model}: {said}")
    if not any(one.looks for one in measured):
        complain("Nothing was measured." if interrupted else "No model could be measured.")
        return INTERRUPTED if interrupted else FAILURE
    recommendation = recommend(measured, settings)
    languages = tuple(sorted({source.language for source in typed}))
    how = How(seconds, languages, options.folder is None, interrupted, measured[-1].seconds)
    if options.html != STDOUT:
        _show(options, measured, recommendation, how, settings)
    if options.write and interrupted:
        complain("Nothing was written to your settings: it was interrupted.")
    elif options.write:
        _write_settings(recommendation, settings)
    if options.html:
        # Last: all else is there if the page can't be written.
        from infill_ls.cli.bench_page import bench_page

        save(bench_page(measured, recommendation, how.in_words()), options.html)
    return INTERRUPTED if interrupted else SUCCESS


def _seconds(options: argparse.Namespace) -> float:
    """Return for how many s each model is measured. Raises :class:`SettingsError`."""
    wanted = TYPING_SECONDS
    if options.minutes is not None:
        wanted = options.minutes * 60
    elif options.seconds is not None:
        wanted = options.seconds
    if not LEAST_SECONDS <= wanted <= MOST_SECONDS:
        raise SettingsError(
            f"A model can be measured for {LEAST_SECONDS:.0f} to {MOST_SECONDS:.0f} seconds.",
            "Say --seconds 30 or --minutes 3.",
        )
    return wanted


async def _candidates(names: Sequence[str], settings: Settings) -> list[Candidate]:
    """Return the models to measure: those that are named, or the first that can fill.

    Raises :class:`infill_ls.errors.InfillError` if there is none, or none of such a name.
    """
    from infill_ls.bench.candidates import choose
    from infill_ls.engines.inventory import inventory

    chosen, left_out = choose(await inventory(settings), names, MOST_MODELS)
    if left_out:
        say(f"Not measured, unless you name them with --model: {', '.join(left_out)}.")
    return chosen


def _announce(count: int, seconds: float) -> None:
    models = "1 model" if count == 1 else f"{count} models"
    total = count * (seconds + BESIDES)
    takes = f"{total:.0f} seconds" if total < 90 else f"{total / 60:.0f} minutes"
    say(f"Measuring {models}, {seconds:.0f} s of typing each: about {takes}.")
    say("Ctrl-C ends it; what was measured by then is shown.")


def _measure(
    candidates: Sequence[Candidate], sources: Sequence[Source], settings: Settings, seconds: float
) -> tuple[list[Measured], bool]:
    """Return what was measured, and whether that was interrupted."""
    from infill_ls.bench.measure import measure_all

    measured: list[Measured] = []
    with ProgressBars("s") as bars:

        def show(progress: Progress) -> None:
            of = f" ({progress.number} of {progress.of})" if progress.of > 1 else ""
            name = f"{progress.candidate.model}{of}"
            if progress.seconds is None:
                bars.show(f"{name}: getting ready", 0, 0)
            else:
                bars.show(name, round(progress.seconds), round(seconds))

        measuring = measure_all(
            candidates,
            sources,
            settings,
            seconds=seconds,
            seed=BENCH_SEED,
            into=measured,
            tell=show,
        )
        try:
            asyncio.run(measuring)
        except KeyboardInterrupt:
            return measured, True
    return measured, False


def _show(
    options: argparse.Namespace,
    measured: Sequence[Measured],
    recommendation: Recommendation | None,
    how: How,
    settings: Settings,
) -> None:
    """Print what was found, in the form that is wanted."""
    from infill_ls.bench import report

    if options.json:
        write(json.dumps(report.to_json(measured, recommendation, how), indent=1) + "\n")
        return
    from infill_ls.cli.screen import Screen

    screen = Screen()
    rows = map(report.narrow, report.rows(measured))
    screen.table(report.NARROW_HEADINGS, rows, right=report.NARROW_HEADINGS[1:])
    screen.line()
    for text in (*report.COLUMN_MEANINGS, how.in_words()):
        screen.line(text)
    screen.line()
    if recommendation is None:
        screen.marked(
            "warn",
            "Too little was measured to recommend a model.",
            "infill-ls bench --minutes 3",
        )
        return
    screen.marked(
        "ok" if recommendation.fast_enough else "warn",
        recommendation.reason,
        "" if options.write else _command(recommendation, settings),
    )


def _command(recommendation: Recommendation, settings: Settings) -> str:
    """Return the command that does what is recommended, or that nothing need be done."""
    if recommendation.settings == {"model": settings.model}:
        return "Your settings name it already."
    return Shell(windows=sys.platform == "win32").then(
        *(
            f"infill-ls settings set {key} {shlex.quote(str(value))}"
            for key, value in recommendation.settings.items()
        )
    )


def _write_settings(recommendation: Recommendation | None, settings: Settings) -> None:
    """Put the recommendation into the user's settings file, and say what counts for more.

    Raises :class:`SettingsError` if it can't be written.
    """
    if recommendation is None:
        complain("Nothing was written: there is nothing to recommend.")
        return
    from infill_ls.settings_writer import write_setting

    for key, value in recommendation.settings.items():
        path = write_setting(key, value)
        say(f"{key} = {json.dumps(value)} is in {path} now.")
        source = settings.sources.get(key)
        if source is not None and source.kind == "environment":
            complain(f"{source.place} in the environment counts for more: unset it.")
