"""``infill-ls pull``: fetch a model, through Ollama or for the embedded engine."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING, Final

from infill_ls.cli.options import settings_from
from infill_ls.cli.output import SUCCESS, Progress
from infill_ls.errors import NotRunning, SettingsError

if TYPE_CHECKING:
    from infill_ls.cli.options import Commands
    from infill_ls.engines.embedded.weights import Weights
    from infill_ls.settings import Settings

# Not made from the weights' own table: that would load its module at every start of the server.
EMBEDDED_MODELS: Final = """\
models of the embedded engine:
  0.5b  qwen2.5-coder-0.5b-instruct-q4_k_m   491 MB  fast on any machine
  1.5b  qwen2.5-coder-1.5b-instruct-q4_k_m  1117 MB  right more often, two thirds as fast;
                                                     from two cores and 2.3 GB of free memory up
"""


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "pull",
        help="fetch a model",
        epilog=EMBEDDED_MODELS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "model",
        nargs="?",
        metavar="MODEL",
        help="0.5b or 1.5b for the embedded engine, any other through Ollama; default: 0.5b",
    )
    parser.add_argument(
        "--engine",
        choices=("auto", "ollama", "embedded"),
        help="the one that is to have it; auto: Ollama if it answers and both have the model",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Fetch the model with progress bars on stderr, and return the exit status.

    Raises :class:`SettingsError` if nobody can know which model is meant,
    :class:`infill_ls.errors.WeightsError` if the embedded engine's can't be fetched, and
    :class:`infill_ls.errors.EngineError` for what Ollama refuses.
    """
    from infill_ls.engines import ollamas_name
    from infill_ls.engines.embedded import weights

    name = options.model
    if name is None or name == "embedded":
        if options.engine == "ollama":
            raise SettingsError("Which model?", "Say infill-ls pull --engine ollama MODEL.")
        return _pull_weights(weights.DEFAULT)
    if options.engine == "embedded":
        return _pull_weights(weights.named(name))
    if options.engine != "ollama" and (ours := weights.own(name)):
        return _pull_weights(ours)
    settings = settings_from({"engine": options.engine} if options.engine else {})
    if settings.engine == "embedded":
        return _pull_weights(weights.named(name))
    ours = weights.find(name) if settings.engine == "auto" else None
    if ours is not None and not asyncio.run(_is_for_ollama(settings)):
        print(
            f"Ollama does not answer at {settings.engine_url}; this is for the embedded engine.",
            file=sys.stderr,
        )
        return _pull_weights(ours)
    asyncio.run(_pull_through_ollama(ollamas_name(name), settings))
    return SUCCESS


async def _is_for_ollama(settings: Settings) -> bool:
    """Whether a model that both engines have is for Ollama: it answers, or is the only engine."""
    from infill_ls.engines import has_embedded
    from infill_ls.engines.ollama import Ollama

    if not has_embedded():
        return True
    try:
        await Ollama(settings).version()
    except NotRunning:
        return False
    return True


async def _pull_through_ollama(name: str, settings: Settings) -> None:
    from infill_ls.engines.ollama import Ollama

    with Progress() as progress:
        async for step in Ollama(settings).pull(name):
            progress.show(*step)


def _pull_weights(wanted: Weights) -> int:
    from infill_ls.engines.embedded import weights

    with Progress() as progress:
        path = weights.fetch(wanted, progress.show)
    print(f"{wanted.name} ({wanted.licence}) is at {path}", file=sys.stderr)
    return SUCCESS
