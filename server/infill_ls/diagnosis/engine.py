"""Ask the engine what it is, what its model can do, where that is loaded, and for two fills."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Final, cast

from infill_ls.completion import policy
from infill_ls.completion.answer import Outcome
from infill_ls.completion.generation import fill_hole
from infill_ls.diagnosis.facts import Choice, Chosen, InMemory, Installed, Timed
from infill_ls.diagnosis.sample import sample
from infill_ls.engines import connect, ollama_program
from infill_ls.engines.embedded import engine as embedded
from infill_ls.engines.embedded import installation, weights
from infill_ls.engines.embedded.server import threads
from infill_ls.engines.engine import Engine
from infill_ls.engines.inventory import InstalledModel, inventory
from infill_ls.engines.ollama import Ollama
from infill_ls.engines.openai import OpenAI
from infill_ls.errors import (
    EngineError,
    InfillError,
    ModelNotFound,
    NotRunning,
    Stalled,
    WeightsError,
)
from infill_ls.prompt import families
from infill_ls.prompt.build import Mode, choose_mode
from infill_ls.settings import DEFAULT_URL, EngineName, Settings

# s. Large models come from slow disks in some minutes; whoever waits here wants to know.
LONGEST_LOAD: Final = 120.0
# s. A load that takes no longer was none.
SOON: Final = 0.5
# s for one fill. Who types has given up long before.
FILL_LIMIT: Final = 60.0
# s for a question at an address at which nobody may be.
LOOK_LIMIT: Final = 3.0


def installed(settings: Settings) -> Installed:
    """Find out what there is of the embedded engine; weights that are new are read whole."""
    install = installation.command()
    if not installation.has_embedded():
        return Installed(install)
    try:
        native = version("xllamacpp")
    except PackageNotFoundError:
        native = "of an unknown version"
    found: dict[str, InfillError | None] = {}
    with suppress(WeightsError):
        for one in weights.fetched():
            found[one.name] = _problem(one)
    meant = weights.find(settings.model) or weights.DEFAULT
    with suppress(WeightsError):
        meant = embedded.best() if settings.model == "auto" else meant
    return Installed(
        install,
        native,
        found,
        meant.fetched_by,
        needed=embedded.MEMORY * meant.size,
        free=embedded.available_memory(),
    )


def _problem(one: weights.Weights) -> WeightsError | None:
    try:
        weights.ready(one)
    except WeightsError as error:
        return error
    return None


async def choose(settings: Settings) -> tuple[Choice, Engine | None]:
    """Find out which engine the settings mean, and whether it answers."""
    said: str | None = None
    absent: InfillError | None = None
    engine: Engine | None = None
    try:
        if settings.engine in ("auto", "ollama"):
            try:
                said = await Ollama(settings).version()
            except EngineError as error:
                absent = error
                if settings.engine == "ollama" or not isinstance(error, NotRunning):
                    raise
        engine = await connect(settings)
        if isinstance(engine, OpenAI):
            await _answers(engine, settings)
    except InfillError as error:
        instead = await _instead(settings, absent or error)
        return replace(instead, absent=absent, error=error), None
    if absent is None:
        return Choice(engine.name, said, get_ollama=ollama_program.installs()), engine
    return replace(await _instead(settings, absent), name=engine.name, absent=absent), engine


async def _answers(engine: OpenAI, settings: Settings) -> None:
    """Raise :class:`EngineError` if nothing answers; that it has no model is another matter.

    A server that lists no models may have the one that is named all the same.
    """
    try:
        # Not describe(): of a model that is named it knows the name without asking.
        await engine.served()
    except NotRunning as error:
        if settings.model == "auto" or not error.answered:
            raise
    except ModelNotFound:
        pass


async def _instead(settings: Settings, error: InfillError) -> Choice:
    """Return what there may be instead of an engine that doesn't answer, for this reason."""
    elsewhere = speaks_openai = False
    if settings.engine in ("auto", "ollama") and isinstance(error, NotRunning):
        usual = replace(settings, url=DEFAULT_URL, api_key_env=None, headers={})
        if settings.engine_url != DEFAULT_URL:
            elsewhere = await _works(Ollama(usual).version())
        # Not describe(): of a model that is named it knows the name without asking.
        speaks_openai = await _works(OpenAI.from_settings(settings).served())
    return Choice(
        program=ollama_program.is_installed(),
        get_ollama=ollama_program.installs(),
        elsewhere=elsewhere,
        speaks_openai=speaks_openai,
    )


async def _works(question: object) -> bool:
    """Whether a question gets its answer soon."""
    try:
        async with asyncio.timeout(LOOK_LIMIT):
            await question  # type: ignore[misc]
    except (InfillError, TimeoutError):
        return False
    return True


async def model(engine: Engine, settings: Settings) -> Chosen:
    """Find out which model is asked, whether it can fill, and how it is asked for that."""
    to_fetch = families.to_fetch(weights.ollamas_name(settings.model))
    found = None
    models = {one.name: one for one in await _models(engine, settings)}
    able = [one for one in models.values() if one.mode is not None and not one.elsewhere]
    try:
        found = await engine.describe()
        family = families.family_of(found, settings.fim)
        forced = None if settings.mode == "auto" else cast(Mode, settings.mode)
        mode = choose_mode(found, family, forced)
    except InfillError as error:
        other = next((one.name for one in able if one.auto and settings.model != "auto"), "")
        return Chosen(found, error=error, other=other, have=tuple(models), to_fetch=to_fetch)
    this = models.get(found.name)
    return Chosen(
        found,
        mode,
        family.name if family else "",
        why=this.why if this is not None and settings.model == "auto" else "",
        slow=families.is_recurrent(found),
    )


async def _models(engine: Engine, settings: Settings) -> Sequence[InstalledModel]:
    """Return the models of an engine, as if it alone were there."""
    alone = replace(settings, engine=cast(EngineName, engine.name))
    found = await inventory(alone)
    return next((one.models for one in found if one.engine == engine.name), ())


async def load(engine: Engine) -> InMemory:
    """Load the model if it isn't loaded, and find out where it is."""
    loop = asyncio.get_running_loop()
    begun, taken = loop.time(), None
    try:
        meant = (await engine.describe()).name
        async with asyncio.timeout(LONGEST_LOAD):
            if not await engine.is_loaded():
                await engine.load()
                taken = loop.time() - begun
            here = await engine.running() if isinstance(engine, Ollama) else []
            name = (await engine.describe()).name
    except TimeoutError:
        error: InfillError = Stalled(
            f"The model is not loaded after {LONGEST_LOAD:.0f} s.",
            "Wait until it is, or take a smaller one: infill-ls models lists them.",
        )
        return InMemory(error=error)
    except InfillError as wrong:
        return InMemory(error=wrong)
    if isinstance(engine, embedded.Embedded):
        return InMemory(taken, room=engine.room, threads=threads())
    # What is loaded in a moment was loaded before.
    seconds = taken if taken is not None and taken >= SOON else None
    how = next((one for one in here if one.name in (name, f"{name}:latest")), None)
    loaded = InMemory(seconds, room=engine.room, instead="" if name == meant else name)
    if how is None:
        return loaded
    return replace(loaded, memory=how.memory, on_gpu=how.on_gpu)


async def fill(engine: Engine, settings: Settings, number: int) -> Timed:
    """Ask for two fills of the same text, with some letters typed between them.

    ``number``: makes the text another one than any before.
    """
    outcomes: list[Outcome] = []
    try:
        for typed in (False, True):
            hole = sample(number, typed=typed)
            async with asyncio.timeout(FILL_LIMIT):
                shape = policy.shape(hole, "never", manual=True)
                outcomes.append(await fill_hole(engine, hole, settings, shape))
    except TimeoutError:
        slow = Stalled(
            f"There is no fill after {FILL_LIMIT:.0f} s.",
            "Take a smaller model: infill-ls bench says which is fast enough here.",
        )
        return Timed(error=slow)
    except InfillError as error:
        return Timed(error=error)
    return Timed(outcomes[0], outcomes[1])
