"""``infill-ls complete``: the fill at a place in a file, as an editor would show it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from infill_ls.cli.options import (
    add_engine_options,
    command_line,
    completed,
    settings_from,
)
from infill_ls.cli.output import FAILURE, SUCCESS, complain, end_line, say, write
from infill_ls.errors import SettingsError
from infill_ls.given_file import content_of

if TYPE_CHECKING:
    from infill_ls.cli.options import Commands
    from infill_ls.completion.answer import Answer, Outcome
    from infill_ls.settings import Settings
    from infill_ls.text.hole import Hole

COMPLETE_EXAMPLES: Final = """\
examples:
  infill-ls complete main.py:12                at the end of line 12
  infill-ls complete main.py:12:5              before its fifth character
  infill-ls complete -v main.py:12             and why it came out so
  infill-ls complete --json main.py:12         with model, tokens and times
  infill-ls complete --no-suffix main.py:12    without the text that follows

The exit status is 1 if there is no fill; why is said on stderr.
"""

# Of a line's number. No file has so many lines, and Python refuses to read thousands of digits.
_MOST_DIGITS: Final = 18


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "complete",
        help="print the fill at a place in a file",
        epilog=COMPLETE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    place = parser.add_argument(
        "place", metavar="FILE:LINE[:COL]", help="from 1, COL in characters; end of line if absent"
    )
    completed(place, "places")
    parser.add_argument("--json", action="store_true", help="print the fill and its figures")
    parser.add_argument("--no-suffix", action="store_true", help="leave out what follows")
    parser.add_argument("-v", "--verbose", action="store_true", help="say why it came out so")
    add_engine_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the fill, and return the exit status: 1 if there is none.

    None is asked for in a file that is excluded, and where a secret stands in the cursor's line.
    The project's settings count if the file is in the folder that the command runs in.

    Raises :class:`SettingsError` for a place that is none,
    :class:`infill_ls.errors.RecitationError` if the index that the settings need isn't there, and
    :class:`infill_ls.errors.EngineError` if no engine answers.
    """
    from dataclasses import replace

    from infill_ls.completion.answer import Answer
    from infill_ls.project.recitation import Filter
    from infill_ls.project.rules import Rulebook
    from infill_ls.prompt.secrets import stands_in

    settings = settings_from(command_line(options))
    hole = hole_at(options.place)
    path, _, _ = _parts(options.place)
    rulebook = Rulebook(complain)
    rulebook.use(settings.exclude, [os.getcwd()])
    rules = rulebook.rules_for(str(path.absolute()), hole.language, settings)
    if rules.excluded:
        complain(Answer("excluded", pattern=rules.excluded).why)
        return FAILURE
    if stands_in(hole):
        complain(Answer("secret").why)
        return FAILURE
    if options.no_suffix:
        hole = replace(hole, suffix="")
    judge = Filter(settings.recitation) if settings.recitation else None
    if judge is not None and (problem := judge.problem()):
        raise problem
    if not rules.settings.enabled:
        say(f"(Completion is off here: {_off(settings, hole.language)}. Editors show nothing.)")
    outcome = asyncio.run(_fill(hole, rules.settings))
    if judge is not None and (
        file := judge.file_for(str(path), hole.prefix, outcome.fill, hole.right)
    ):
        complain(Answer("recited", recited=file).why)
        return FAILURE
    if outcome.fill and settings.audit:
        _record(outcome, hole, path, settings.audit)
    if options.verbose:
        _explain(outcome, rules.settings.eagerness)
    if options.json:
        write(json.dumps(_figures(outcome)) + "\n")
    elif outcome.fill:
        write(outcome.fill)
        end_line(outcome.fill)
    if not outcome.fill:
        if not options.verbose:
            complain(_answer(outcome).why)
        return FAILURE
    return SUCCESS


def hole_at(place: str) -> Hole:
    """Return the hole that ``FILE:LINE[:COL]`` means.

    Lines and columns count from 1, columns in characters. Raises :class:`SettingsError` if the
    file can't be read or has no such line or column.
    """
    from infill_ls.text.documents import split_lines
    from infill_ls.text.hole import at
    from infill_ls.text.languages import language_of

    path, number, given = _parts(place)
    try:
        # A device may have no end, and a pipe is waited for until somebody writes.
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise SettingsError(f"{path} is no file but a device or a pipe.")
        # As bytes: a text would have \n for \r\n.
        lines = split_lines(content_of(path).decode("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path} can't be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8.", "Convert it first.") from None
    if not 1 <= number <= len(lines):
        raise SettingsError(f"{path} has no line {number}; its last is {len(lines)}.")
    length = len(lines[number - 1].rstrip("\r\n"))
    column = length + 1 if given is None else given
    if not 1 <= column <= length + 1:
        raise SettingsError(
            f"Line {number} of {path} has no column {column}; its last is {length + 1}."
        )
    return at(lines, number - 1, column - 1, language_of(path.name))


def _parts(place: str) -> tuple[Path, int, int | None]:
    """Return file, line and column of ``FILE:LINE[:COL]``; None for a column that isn't given."""
    found = re.fullmatch(r"(.+?):(\d+)(?::(\d+))?", place)
    if not found:
        raise SettingsError(f'"{place}" is not FILE:LINE[:COL].', "Say main.py:12 or main.py:12:5.")
    return Path(found[1]), _number(found[2]), _number(found[3]) if found[3] else None


def _number(digits: str) -> int:
    return int(digits.lstrip("0")[:_MOST_DIGITS] or "0")


def _off(settings: Settings, language: str) -> str:
    """Return what turns completion off for a document of a language. ``settings``: the user's."""
    of_language = settings.languages.get(language)
    if not settings.enabled:
        key, source = "enabled", settings.sources.get("enabled")
    elif of_language is not None and of_language.enabled is False:
        key, source = f"languages.{language}.enabled", settings.sources.get("languages")
    else:
        return "a project's .infill-ls.toml says so"
    place = f" in {source.place}" if source is not None and source.place else ""
    return f'"{key}" is false{place}'


async def _fill(hole: Hole, settings: Settings) -> Outcome:
    """Connect to the engine, fill the hole, and close the engine."""
    from infill_ls.cli.screen import Waiting
    from infill_ls.completion import policy
    from infill_ls.completion.generation import fill_hole
    from infill_ls.engines import connect
    from infill_ls.engines.engine import get_ready
    from infill_ls.engines.ollama_versions import advice

    with Waiting() as waiting:
        waiting.for_("Looking for an engine")
        engine = await connect(settings, complain)
    try:
        with Waiting() as waiting:
            wanted = policy.shape(hole, settings.multiline, manual=True)
            waiting.for_("Loading the model")
            await get_ready(engine)
            waiting.for_("The model is writing")
            outcome = await fill_hole(engine, hole, settings, wanted)
            leaks = await advice(engine)
    finally:
        await engine.aclose()
    if leaks:
        complain(leaks)
    return outcome


def _record(outcome: Outcome, hole: Hole, path: Path, audit: str) -> None:
    """Put a fill on record, before it is shown."""
    from infill_ls.audit import Audit
    from infill_ls.completion.record import Origin, entry

    file = Audit(audit, complain)
    origin, name = Origin.of(outcome), str(path.absolute())
    file.write(entry("shown", outcome.fill, origin=origin, language=hole.language, file=name))
    file.close()


def _figures(outcome: Outcome) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    usage = outcome.usage
    return {
        "fill": outcome.fill,
        "replaces": outcome.replaces,
        "model": outcome.model,
        "engine": outcome.engine,
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "fill_tokens": usage.fill_tokens,
        "stop_reason": outcome.ended_by,
        "first_ms": outcome.first_ms and round(outcome.first_ms, 1),
        "total_ms": round(outcome.total_ms, 1),
    }


def _explain(outcome: Outcome, eagerness: str) -> None:
    """Write on stderr why it came out so, as the command ``infill-ls.explain`` of editors says.

    ``eagerness``: the setting, from which follows if an editor shows the fill unasked.
    """
    say(_answer(outcome).explain()["message"])
    if outcome.chance is not None:
        from infill_ls.completion.confidence import THRESHOLDS
        from infill_ls.completion.judgement import percent

        least = (
            f'with eagerness "{eagerness}" editors show from {percent(THRESHOLDS[eagerness])} on'
        )
        say(f"How sure the model was: {percent(outcome.chance)} ({least})")
    say(f"ended by: {outcome.ended_by}")
    # Its text is written as it is, in quotes; addresses in it are the model's own.
    print(f"the model wrote: {outcome.raw!r}", file=sys.stderr)


def _answer(outcome: Outcome) -> Answer:
    from infill_ls.completion.answer import Answer

    return Answer.of("fill" if outcome.fill else "nothing", outcome=outcome)
