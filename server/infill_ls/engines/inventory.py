"""The models that are installed in every engine: what each can do here, and which one is taken.

For commands that show them. Nothing is loaded, and no code is sent anywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, cast

from infill_ls.engines.embedded import engine as embedded
from infill_ls.engines.embedded import installation, weights
from infill_ls.engines.ollama import Ollama
from infill_ls.engines.ollama_choice import SLOW_BY_KIND, Installed, best, rank
from infill_ls.engines.openai import OpenAI
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import CannotInsert, InfillError, NotRunning, WeightsError
from infill_ls.prompt import families
from infill_ls.prompt.build import Mode, choose_mode
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings

# Of Ollama it is asked about so many models at once.
ASKED_AT_ONCE: Final = 4
# Why a model that can't fill, but might go on with a text, is not taken by itself.
GOES_ON_ALONE: Final = (
    "nothing is known of how it fills; it can only go on with what is before the cursor"
)

_Found = tuple[list["InstalledModel"], InfillError | None]


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model of one of the engines.

    ``engine``: ``ollama``, ``openai`` or ``embedded``. ``name``: as the setting ``model`` takes it.
    ``size``: bytes on disk, and ``parameters``: billions; None where nobody says.
    ``mode``: how it is asked to fill in the middle, as the settings have it: ``raw`` with the
    tokens of its ``family``, ``suffix`` with the server's template, ``plain`` without the text
    after the cursor; None if it can't: ``why_not`` says why. ``recurrent``: slow by its kind, since
    no cache helps it. ``elsewhere``: the machine that it runs on, if it is not the engine's own.
    ``read`` and ``write``: tokens/s that were measured here; None if they weren't.
    ``loaded``: whether it is in memory, ``memory``: bytes that it takes there, ``on_gpu``: which
    part of these is on a GPU (0 to 1); None where nobody says.
    ``auto``: whether it is the one that the setting ``model = "auto"`` takes, and ``why``, or why
    not. ``selected``: whether it is the one that the settings as they are take.
    """

    engine: str
    name: str
    size: int | None = None
    parameters: float | None = None
    mode: Mode | None = None
    family: str = ""
    why_not: str = ""
    recurrent: bool = False
    elsewhere: str = ""
    read: float | None = None
    write: float | None = None
    loaded: bool | None = None
    memory: int | None = None
    on_gpu: float | None = None
    auto: bool = False
    why: str = ""
    selected: bool = False


@dataclass(frozen=True, slots=True)
class EngineModels:
    """What one engine has.

    ``place``: its address, or the folder with its models. ``error``: why it can't be used; None if
    it can. ``auto``: whether it is the engine that ``engine`` in the settings comes to.
    """

    engine: str
    place: str
    models: tuple[InstalledModel, ...] = ()
    error: InfillError | None = None
    auto: bool = False


async def inventory(settings: Settings, rates_file: RatesFile | None = None) -> list[EngineModels]:
    """Return the engines that there may be, with their models. Never raises.

    The first is an OpenAI-compatible server if the settings name one, else Ollama; the second is
    the embedded engine. Models are in the order in which they are taken. ``rates_file``: what was
    measured; None for the user's own.
    """
    kept = rates_file or RatesFile()
    if settings.engine == "openai":
        first = await _tried("openai", settings.engine_url, _openai(settings, kept))
    else:
        first = await _tried("ollama", settings.engine_url, _ollama(settings, kept))
    folder = ""
    with suppress(WeightsError):
        folder = str(weights.folder())
    return _chosen([first, await _tried("embedded", folder, _embedded(kept))], settings)


async def _tried(name: str, place: str, looking: Awaitable[_Found]) -> EngineModels:
    """Return what an engine has, or the error that is in the way."""
    try:
        models, error = await looking
    except InfillError as problem:
        models, error = [], problem
    except OSError as problem:
        models, error = [], WeightsError(f"{place} can't be read ({problem.strerror or problem}).")
    return EngineModels(name, place, tuple(models), error)


async def _ollama(settings: Settings, rates_file: RatesFile) -> _Found:
    ollama = Ollama(settings, rates_file)
    installed = {one.name: one for one in await ollama.installed()}
    running = {one.name: one for one in await ollama.running()}
    candidates = await ollama.auto.candidates(list(installed.values()))
    gate = asyncio.Semaphore(ASKED_AT_ONCE)

    async def look(name: str) -> Model | InfillError:
        async with gate:
            try:
                return await ollama.show(name)
            except InfillError as error:
                return error

    shown = dict(zip(installed, await asyncio.gather(*map(look, installed)), strict=True))
    ranked = [
        (how_well, one)
        for one in candidates
        if isinstance(model := shown[one.model.name], Model)
        and (how_well := rank(model, settings.fim)) is not None
    ]
    taken = best(ranked)
    fill = [one for _, one in ranked]
    models = []
    for one in candidates:
        why = one.why if one in fill else GOES_ON_ALONE
        if one is taken and not one.fast:
            why += "; but nothing better is there"
        elif taken is not None and one is not taken and one in fill and one.fast:
            why += f"; {taken.model.name} comes first"
        models.append(_of_ollama(one.model, shown[one.model.name], why, settings))
    for entry in installed.values():
        if entry.elsewhere:
            why = f"runs at {entry.elsewhere}: no code is sent there unless you name it"
            models.append(_of_ollama(entry, shown[entry.name], why, settings))
    kept = (_with_rates(one, rates_file, settings.engine_url) for one in models)
    return [
        replace(
            one,
            auto=taken is not None and one.name == taken.model.name,
            loaded=one.name in running,
            memory=running[one.name].memory if one.name in running else None,
            on_gpu=running[one.name].on_gpu if one.name in running else None,
        )
        for one in sorted(kept, key=lambda one: one.mode in (None, "plain"))
    ], None


def _of_ollama(
    installed: Installed, shown: Model | InfillError, why: str, settings: Settings
) -> InstalledModel:
    model = InstalledModel(
        "ollama",
        installed.name,
        size=None if installed.elsewhere else installed.size,
        parameters=installed.parameters or None,
        elsewhere=installed.elsewhere,
        why=why,
    )
    if isinstance(shown, InfillError):
        remove = f"remove it (ollama rm {installed.name}) and fetch it anew"
        return replace(model, why="", why_not=f"it can't be read; {remove}")
    return _with_mode(model, shown, settings)


async def _openai(settings: Settings, rates_file: RatesFile) -> _Found:
    # What "auto" takes, whatever is named.
    server = OpenAI.from_settings(replace(settings, model="auto"))
    served = await server.served()
    taken = await server.describe()
    several = len(served) > 1
    models = []
    for one in served:
        auto = one.name == taken.name
        why = "the server's only model" if auto else f"{taken.name} comes first"
        if auto and several:
            why = "the first whose tokens are known"
        model = InstalledModel(
            "openai",
            one.name,
            size=one.size,
            parameters=one.parameters,
            auto=auto,
            why=why,
        )
        model = _with_mode(
            model, taken if auto else Model(one.name, own_name=one.own_name), settings
        )
        models.append(_with_rates(model, rates_file, settings.engine_url))
    return sorted(models, key=lambda one: not one.auto), None


async def _embedded(rates_file: RatesFile) -> _Found:
    fetched = weights.fetched()
    error: InfillError | None = None
    if not installation.has_embedded():
        error = NotRunning(
            "The embedded engine is not installed.", f"Install it: {installation.command()}"
        )
    elif not fetched:
        error = WeightsError(
            "The embedded engine has no weights yet.", f"Fetch them: {weights.DEFAULT.fetched_by}"
        )
    taken = embedded.best(rates_file)
    obstacles = embedded.obstacles(rates_file)
    models = []
    for one in fetched:
        why = (
            "the largest that is fast enough here" if one is taken else f"{taken.name} comes first"
        )
        model = InstalledModel(
            embedded.Embedded.name,
            one.name,
            size=one.size,
            parameters=one.parameters,
            auto=one is taken,
            why=obstacles[one.name] or why,
        )
        model = _with_mode(model, Model(one.name), Settings())
        if weights.is_cut_short(one):
            broken = f"its file is not complete; fetch it anew: {one.fetched_by}"
            model = replace(model, size=None, mode=None, auto=False, why="", why_not=broken)
        models.append(_with_rates(model, rates_file, ""))
    return sorted(models, key=lambda one: not one.auto), error


def _chosen(found: Sequence[EngineModels], settings: Settings) -> list[EngineModels]:
    """Leave "auto" to one of the engines, and mark the model that the settings take."""
    allowed = [
        one for one in found if one.error is None and settings.engine in ("auto", one.engine)
    ]
    used = next((one for one in allowed if any(model.auto for model in one.models)), None)
    left = [one if one is used else _unused(one, settings) for one in found]
    meant = next(
        (
            model
            for one in left
            if one.engine in (other.engine for other in allowed)
            for model in one.models
            if _is_meant(model, settings)
        ),
        None,
    )
    return [
        replace(
            one,
            auto=used is not None and one.engine == used.engine,
            models=tuple(replace(model, selected=model is meant) for model in one.models),
        )
        for one in left
    ]


def _unused(engine: EngineModels, settings: Settings) -> EngineModels:
    """Return an engine none of whose models "auto" takes."""
    why = "another engine's model comes first"
    if engine.error is not None:
        why = "this engine can't be used"
    if settings.engine not in ("auto", engine.engine):
        why = f'"engine" is set to "{settings.engine}"'
    models = (replace(one, auto=False, why=why) if one.auto else one for one in engine.models)
    return replace(engine, models=tuple(models))


def _is_meant(model: InstalledModel, settings: Settings) -> bool:
    """Whether a model is the one that the setting ``model`` means."""
    if settings.model == "auto":
        return model.auto
    if model.engine == embedded.Embedded.name:
        own = weights.find(settings.model)
        return own is not None and own.name == model.name
    return model.name in (settings.model, f"{settings.model}:latest")


def _with_mode(model: InstalledModel, described: Model, settings: Settings) -> InstalledModel:
    """Add how a model is asked to fill, and whether it is slow by its kind."""
    family = families.family_of(described, settings.fim)
    forced = None if settings.mode == "auto" else cast(Mode, settings.mode)
    try:
        mode = choose_mode(described, family, forced)
    except CannotInsert as error:
        why_not = families.why_not(described) or error.message
        return replace(model, auto=False, why="", why_not=why_not)
    recurrent = families.is_recurrent(described)
    return replace(
        model,
        mode=mode,
        family=family.name if family and mode == "raw" else "",
        recurrent=recurrent,
        why=SLOW_BY_KIND if recurrent and not model.auto else model.why,
    )


def _with_rates(model: InstalledModel, rates_file: RatesFile, url: str) -> InstalledModel:
    rates = rates_file.load(RatesFile.key(model.engine, url, model.name))
    return replace(model, read=rates.read, write=rates.write)
