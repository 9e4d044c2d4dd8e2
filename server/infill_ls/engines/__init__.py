"""What every engine can do, and which one is used.

An engine takes a :class:`infill_ls.prompt.build.Request` and streams text. The implementations are
imported when they are needed: httpx alone costs a tenth of the server's start.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from infill_ls.errors import EngineError, ModelNotFound, NotRunning, WeightsError
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import SUGGESTED_MODEL, Model, not_in_library, to_fetch
from infill_ls.settings import Settings

if TYPE_CHECKING:
    from infill_ls.engines.ollama import Ollama


@dataclass(frozen=True, slots=True)
class Usage:
    """What a generation has cost so far, in tokens and s; None where the engine doesn't say.

    ``cached_tokens``: how many of the prompt's tokens the engine had in its cache. Where it doesn't
    say, ``prompt_tokens`` may be all of them or those that were read.
    ``read_seconds``: for what was not in the cache; waiting and loading are no part of it.
    ``write_seconds``: from then on.
    """

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    fill_tokens: int | None = None
    read_seconds: float | None = None
    write_seconds: float | None = None


# The reasons of a stream's end that say that the model had not come to an end.
CUT_SHORT: Final = ("length", "cut")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the stream.

    The last one has a ``stop_reason``, and perhaps no text: ``stop`` (the model or a stop text
    ended it), ``length`` (the limit did) or ``cut`` (the engine did, and has not said why).
    ``usage`` may come with any.
    """

    text: str
    usage: Usage | None = None
    stop_reason: str | None = None


class Engine(Protocol):
    """Raises :class:`infill_ls.errors.EngineError` from every method but ``aclose``."""

    @property
    def name(self) -> str:
        """``ollama``, ``openai`` or ``embedded``."""

    async def describe(self) -> Model:
        """The model that generates. Asked of the engine once and then remembered."""

    def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        """Stream the answer. Closing the generator closes the connection at once."""

    @property
    def room(self) -> int | None:
        """Tokens that prompt and fill may have together; None where nobody says."""

    @property
    def stays_loaded(self) -> bool:
        """Whether a model that was loaded is there for a while after a call."""

    def expect(self, read: float | None) -> None:
        """It was seen to read so many tokens/s, None if that isn't known.

        Told before a load, for engines that load a model in another way when they are slow.
        """

    async def is_loaded(self) -> bool:
        """Whether a call would be answered without loading a model first.

        Asked before each call, so that the engine itself is asked only now and then.
        """

    async def load(self) -> None:
        """Get ready to answer: start, load the model. Ended early it is for nothing."""

    async def aclose(self) -> None:
        """Let go of everything; what is under way is broken off."""


async def get_ready(engine: Engine) -> None:
    """Have an engine's model loaded if it isn't."""
    if not await engine.is_loaded():
        await engine.load()


async def connect(settings: Settings) -> Engine:
    """The engine that the settings name; for ``auto`` Ollama if it answers, else the embedded.

    Raises :class:`NotRunning` if there is none, and says what to do; of the embedded engine also
    :class:`ModelNotFound` and :class:`WeightsError`.
    """
    if settings.engine == "openai":
        from infill_ls.engines.openai import OpenAI

        return OpenAI.from_settings(settings)
    if settings.engine == "embedded":
        return await _embedded(settings.model)
    from infill_ls.engines.ollama import Ollama

    ollama = Ollama(settings)
    if settings.engine == "ollama":
        return ollama
    try:
        ours = await _is_ours(ollama, settings)
    except NotRunning as absent:
        try:
            return await _embedded(settings.model)
        except (EngineError, WeightsError) as reason:
            if ollamas_name(settings.model) != settings.model:
                # It is the embedded engine that was meant.
                raise
            model = SUGGESTED_MODEL if settings.model == "auto" else to_fetch(settings.model)
            raise NotRunning(
                f"No engine to complete with: {absent.message} {reason.message} "
                f"{not_in_library(settings.model)}",
                f'Start Ollama ("ollama serve") and fetch a model ("ollama pull {model}"), or use '
                f"the embedded engine. {reason.fix}",
            ) from None
    return await _embedded(settings.model) if ours else ollama


async def _is_ours(ollama: Ollama, settings: Settings) -> bool:
    """Whether the model's name is one of the embedded engine's own, and Ollama has none such.

    Raises :class:`NotRunning` if Ollama doesn't answer.
    """
    from infill_ls.engines.embedded import weights

    await ollama.version()
    if weights.own(settings.model) is None:
        return False
    try:
        await ollama.describe()
    except ModelNotFound:
        return True
    return False


async def _embedded(model: str) -> Engine:
    """The embedded engine with a model; raises what keeps it from running."""
    if not has_embedded():
        from infill_ls.engines.embedded import installation

        raise NotRunning(
            "The embedded engine is not installed.",
            f"Install it: {installation.command()}, then infill-ls pull",
        )
    from infill_ls.engines.embedded import engine as embedded
    from infill_ls.engines.embedded import weights

    chosen = embedded.best() if model == "auto" else weights.named(model)
    # Verifying reads the whole file when it is new.
    path = await asyncio.to_thread(weights.ready, chosen)
    return embedded.Embedded(chosen, path)


def ollamas_name(model: str) -> str:
    """What Ollama calls a model; another name than the user's if that is one of our own."""
    from infill_ls.engines.embedded import weights

    ours = weights.own(model)
    return ours.ollama_names[0] if ours else model


def has_embedded() -> bool:
    """Whether the embedded engine is installed, with weights or without."""
    from importlib.util import find_spec

    return find_spec("xllamacpp") is not None
