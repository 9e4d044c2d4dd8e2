"""What every engine can do, and which one is used.

An engine takes a :class:`infill_ls.prompt.Request` and streams text. The implementations are
imported when they are needed: httpx alone costs a tenth of the server's start.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, Protocol

from infill_ls.errors import EngineError, NotRunning, WeightsError
from infill_ls.families import Model
from infill_ls.prompt import Request
from infill_ls.settings import Settings

# The same text for the same prompt, so that what the cache holds is what asking would bring.
SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """What a generation has cost so far, in tokens; None where the engine doesn't say.

    ``cached_tokens``: how many of the prompt's tokens the engine had in its cache.
    """

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    fill_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the stream.

    The last one has a ``stop_reason``, and perhaps no text: ``stop`` (the model or a stop text
    ended it) or ``length`` (the limit did). ``usage`` may come with any.
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

    async def warm(self) -> None:
        """Get ready for the first request."""

    async def aclose(self) -> None:
        """Let go of everything; what is under way is broken off."""


async def connect(settings: Settings) -> Engine:
    """The engine that the settings name; for ``auto`` Ollama if it answers, else the embedded.

    Raises :class:`NotRunning` if there is none, and says what to do.
    """
    if settings.engine == "openai":
        from infill_ls.engines.openai import OpenAI

        return OpenAI.from_settings(settings)
    if settings.engine == "embedded":
        return await _embedded()
    from infill_ls.engines.ollama import Ollama

    ollama = Ollama(settings)
    if settings.engine == "ollama":
        return ollama
    try:
        await ollama.version()
    except NotRunning as absent:
        try:
            return await _embedded()
        except (EngineError, WeightsError):
            raise NotRunning(
                f"No engine to complete with: {absent.message} The embedded engine is not "
                "installed either.",
                'Start Ollama ("ollama serve") and fetch a model ("ollama pull '
                'qwen2.5-coder:1.5b"), or install the embedded engine ("pip install '
                '\'infill-ls[embedded]\'" and "infill-ls pull").',
            ) from None
    return ollama


async def _embedded() -> Engine:
    """The embedded engine; raises what keeps it from running."""
    from importlib.util import find_spec

    if find_spec("xllamacpp") is None:
        raise NotRunning(
            "The embedded engine is not installed.",
            "Install it: pip install 'infill-ls[embedded]'",
        )
    from infill_ls import weights
    from infill_ls.engines.embedded import Embedded

    # Verifying reads the whole file when it is new.
    path = await asyncio.to_thread(weights.ready, weights.DEFAULT)
    return Embedded(weights.DEFAULT, path)
