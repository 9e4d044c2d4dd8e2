"""Arguments that several commands share, and the settings that come of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infill_ls.cli.output import complain
from infill_ls.errors import SettingsError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from infill_ls.settings import Settings

    # What ArgumentParser.add_subparsers returns; argparse has no public name for it.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which model of which engine is asked."""
    parser.add_argument("--model", help='the model\'s name, or "auto"')
    engine = parser.add_argument("--engine", help="auto, ollama, openai or embedded")
    completed(engine, "engines")


def completed(argument: argparse.Action, by: str) -> None:
    """Have shells complete an argument by a function of :mod:`infill_ls.cli.completers`."""

    def complete(**typed: Any) -> list[str]:
        # Not at the head: only a shell asks.
        from infill_ls.cli import completers

        found: list[str] = getattr(completers, by)(**typed)
        return found

    # argcomplete looks for it there.
    argument.completer = complete  # type: ignore[attr-defined]


def command_line(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that the arguments of :func:`add_engine_options` give, by their keys."""
    given = {"model": options.model, "engine": options.engine}
    return {key: value for key, value in given.items() if value is not None}


def settings_from(given: Mapping[str, Any]) -> Settings:
    """Return the user's settings, with those of the command line first.

    What is wrong in them is written on stderr; the command goes on, with defaults for it. Raises
    :class:`SettingsError` where that might not be what the user wants.
    """
    # Not at the head: the server reads its settings itself.
    from infill_ls.settings import from_user, in_short

    settings, problems = from_user(given)
    if settings.wrong:
        raise SettingsError(in_short(settings.wrong))
    if problems:
        complain(in_short(problems))
    return settings


def tell_of_the_clear(settings: Settings, engine: str) -> None:
    """Say it on stderr if code goes over a network unencrypted.

    For commands that send some, as soon as they know which engine they ask.
    """
    if text := settings.in_the_clear(engine):
        complain(text)
