"""``infill-ls models``: what is installed in every engine, and which model is taken."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from infill_ls.cli.options import add_engine_options, command_line, settings_from
from infill_ls.cli.output import FAILURE, SUCCESS, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infill_ls.cli.options import Commands
    from infill_ls.cli.screen import Screen
    from infill_ls.engines.inventory import EngineModels, InstalledModel
    from infill_ls.settings import Settings

LEGEND: Final = """\
columns:
  fills      with its own tokens ("raw"), with the server's template ("suffix"),
             not at all ("no"), or only goes on with what is before the cursor
             ("plain")
  read/s     tokens of a prompt that it was seen to read in a second here
  written/s  tokens that it was seen to write: a line has some twelve, and 8 a
             second are needed
  memory     what it takes now, and how much of that is on a GPU

examples:
  infill-ls models                   what there is, and which one is taken
  infill-ls models --engine ollama   which one would be taken of Ollama's
  infill-ls models --json            the same for a program
"""
COLUMNS: Final = ("model", "size", "fills", "read/s", "written/s", "memory")
# What the engines are called in text.
ENGINES: Final = {
    "ollama": "Ollama",
    "openai": "The OpenAI-compatible server",
    "embedded": "The embedded engine",
}


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "models",
        help="what is installed, and which model is taken",
        description="List the models of every engine: whether and how each can fill in the\n"
        'middle, how fast it was here, and which one "auto" takes and why.',
        epilog=LEGEND,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_engine_options(parser)
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show the models, and return 0 if the settings come to one that can fill, else 1."""
    from infill_ls.engines.inventory import inventory

    settings = settings_from(command_line(options))
    engines = asyncio.run(inventory(settings))
    selected = next((one for engine in engines for one in engine.models if one.selected), None)
    if options.json:
        write(json.dumps(to_json(engines, selected), indent=1) + "\n")
    else:
        from infill_ls.cli.screen import Screen

        _show(Screen(), engines, selected, settings)
    return FAILURE if selected is None or selected.mode is None else SUCCESS


def to_json(engines: Sequence[EngineModels], selected: InstalledModel | None) -> dict[str, Any]:
    """Return what ``--json`` prints.

    ``engines``: each with its models; sizes in bytes, rates in tokens/s, null where nobody knows.
    ``selected``: the model that the settings come to, or null.
    """
    return {
        "selected": selected and {"engine": selected.engine, "model": selected.name},
        "engines": [
            {
                "engine": one.engine,
                "place": one.place,
                "auto": one.auto,
                "problem": one.error and one.error.message,
                "fix": one.error and one.error.fix,
                "models": [
                    {key: value for key, value in asdict(model).items() if key != "engine"}
                    for model in one.models
                ],
            }
            for one in engines
        ],
    }


def _show(
    screen: Screen,
    engines: Sequence[EngineModels],
    selected: InstalledModel | None,
    settings: Settings,
) -> None:
    for engine in engines:
        if engine.models:
            _show_models(screen, engine)
        if engine.error is not None and selected is None:
            screen.marked("warn", engine.error.message, engine.error.fix)
        elif engine.error is None and not engine.models:
            screen.line(f"{ENGINES[engine.engine]} at {engine.place} has no models.")
    _conclude(screen, engines, selected, settings)
    for engine in engines:
        if engine.error is not None and selected is not None:
            # What isn't needed is no fault, and nothing to mend.
            screen.line(f"Not used: {ENGINES[engine.engine]}. {engine.error.message}")


def _show_models(screen: Screen, engine: EngineModels) -> None:
    rows = [_row(one) for one in engine.models]
    # Of what nobody knows anything there is no column.
    known = [at for at in range(len(COLUMNS)) if any(row[at] for row in rows)]
    screen.table(
        [COLUMNS[at] for at in known],
        [[row[at] for at in known] for row in rows],
        right=("size", "read/s", "written/s"),
        title=f"{ENGINES[engine.engine]}, {engine.place}",
    )
    screen.line()
    screen.table(("model", '"auto" takes it'), [(one.name, _verdict(one)) for one in engine.models])
    screen.line()


def _row(model: InstalledModel) -> tuple[str, ...]:
    read, write = (
        "" if rate is None else f"{rate:.{0 if rate >= 10 else 1}f}"
        for rate in (model.read, model.write)
    )
    return (model.name, _bytes(model.size), model.mode or "no", read, write, _memory(model))


def _memory(model: InstalledModel) -> str:
    if not model.loaded:
        return ""
    where = {None: "loaded", 0.0: "on the CPU", 1.0: "on the GPU"}.get(
        model.on_gpu, f"{model.on_gpu or 0:.0%} on GPU"
    )
    return f"{_bytes(model.memory)} {where}".strip()


def _bytes(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _verdict(model: InstalledModel) -> str:
    if model.mode is None:
        return f"can't fill: {model.why_not}"
    return f"{'yes' if model.auto else 'no'}: {model.why}"


def _conclude(
    screen: Screen,
    engines: Sequence[EngineModels],
    selected: InstalledModel | None,
    settings: Settings,
) -> None:
    """Say which model the settings come to, or how to get one."""
    if selected is None:
        what = "No model can fill in the middle here."
        if settings.model != "auto":
            what = f'No engine has the model "{settings.model}".'
        screen.marked("fail", what, _how_to_get_one(engines, settings))
        return
    said = '"model" is "auto", which takes' if settings.model == "auto" else '"model" names'
    text = f"{said} {selected.name} ({selected.engine})."
    if selected.mode is None:
        screen.marked("fail", f"{text} It can't fill: {selected.why_not}.", 'Set "model" to "auto"')
    elif selected.recurrent:
        screen.marked("warn", f"{text} It is slow by its kind: no cache helps it.")
    elif selected.elsewhere:
        screen.marked("warn", f"{text} It runs at {selected.elsewhere}: your code goes there.")
    else:
        screen.marked("ok", text)


def _how_to_get_one(engines: Sequence[EngineModels], settings: Settings) -> str:
    """Return the command that gives the user a model, in an engine that he has."""
    from infill_ls.engines.embedded.installation import has_embedded
    from infill_ls.engines.embedded.weights import DEFAULT
    from infill_ls.prompt.families import SUGGESTED_MODEL, to_fetch

    if settings.engine == "openai":
        return 'Start the server with one, or set "url" to where it has one.'
    name = SUGGESTED_MODEL if settings.model == "auto" else to_fetch(settings.model)
    theirs, fetches_ours = f"infill-ls pull {name}", DEFAULT.fetched_by
    if settings.engine == "embedded":
        return f"Fetch one: {fetches_ours}"
    has_ollama = any(one.engine == "ollama" and one.error is None for one in engines)
    if settings.engine == "ollama" or not has_embedded():
        # How to get Ollama itself is said above.
        return f"{'Fetch one' if has_ollama else 'With Ollama there, fetch one'}: {theirs}"
    # Which is there in a minute and needs nothing else; with Ollama larger ones are to be had.
    if settings.model == "auto" and not has_ollama:
        return f"Fetch one: {fetches_ours}"
    return f"Fetch one: {theirs} (or {fetches_ours})"
