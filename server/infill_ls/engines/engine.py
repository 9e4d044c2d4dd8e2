"""What every engine can do, and what it streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, Protocol

from infill_ls.engines.rates import Usage
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model

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
        """Tokens that prompt and fill may have together; None where nobody says.

        Known at the latest when :meth:`describe` has returned.
        """

    async def count(self, text: str) -> int | None:
        """Return how many tokens the model makes of a prompt; None where nobody can say."""

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


class KeepsItsModel:
    """The part of an engine whose server has its model loaded for as long as it runs."""

    @property
    def stays_loaded(self) -> bool:
        return True

    def expect(self, read: float | None) -> None:
        """Do nothing: the model is loaded in one way."""


async def get_ready(engine: Engine) -> None:
    """Have an engine's model loaded if it isn't."""
    if not await engine.is_loaded():
        await engine.load()
