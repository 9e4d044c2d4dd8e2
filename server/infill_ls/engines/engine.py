"""What every engine can do, and what it streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, Protocol

from infill_ls.engines.rates import Usage
from infill_ls.errors import SettingsError
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings, in_short

# The reasons of a stream's end that say that the model had not come to an end.
CUT_SHORT: Final = ("length", "cut")

# Of an engine that is stuck: what is wrong, and what to do. In the same words wherever it is
# noticed, so that it is told once.
SAYS_NOTHING: Final = (
    "The engine says nothing any more.",
    "If this stays so, restart it.",
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that the model has written.

    ``text``: what it stands for, as far as the engine can say. ``logprob``: the natural logarithm
    of how likely the model held it to be, 0 at the most.
    """

    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an engine's answer.

    ``stop_reason``: why the answer ended; only the last piece has one, and may have no text. It is
    ``stop`` (the model or a stop text ended it), ``length`` (the limit did) or ``cut`` (the engine
    did, and has not said why). ``usage``: what the answer has cost up to here; any piece may have
    it. ``tokens``: those of the text, where the engine says how likely each was; a piece that holds
    its text back may have some too, and the next one has their text.
    """

    text: str
    usage: Usage | None = None
    stop_reason: str | None = None
    tokens: tuple[Token, ...] = ()


class Engine(Protocol):
    """What every engine can do.

    Each method but ``is_loading`` and ``aclose`` may raise :class:`infill_ls.errors.EngineError`.
    """

    @property
    def name(self) -> str:
        """``ollama``, ``openai`` or ``embedded``."""

    async def describe(self) -> Model:
        """Return the model that generates. The server is asked once; then it is remembered."""

    def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        """Send one request and yield the pieces of its answer.

        Closing the generator closes the connection at once. Raises
        :class:`infill_ls.errors.TooLong` if the engine has no room for the prompt.
        """

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
        """Take note of how fast the engine was seen to read, in tokens/s; None if nobody knows.

        Called before a load, for engines that load a model in another way when they are slow.
        """

    async def is_loaded(self) -> bool:
        """Whether a call would be answered without loading a model first.

        Called before each call, so the server itself is asked only now and then.
        """

    async def is_loading(self) -> bool:
        """Whether a call that is silent may be waiting for the model to be loaded.

        The server itself is asked; False where it doesn't say within a second or so. Never raises.
        """

    async def load(self) -> None:
        """Start the engine and load its model. Cancelling this throws away what was loaded."""

    async def aclose(self) -> None:
        """Break off what is under way, and free everything."""


class KeepsItsModel:
    """The part of an engine whose server has its model loaded for as long as it runs."""

    @property
    def stays_loaded(self) -> bool:
        return True

    def expect(self, read: float | None) -> None:
        """Do nothing: the model is loaded in one way."""

    async def is_loading(self) -> bool:
        return False


def settled(settings: Settings) -> Settings:
    """Return settings that an engine may be made from: whoever makes one asks here.

    Raises :class:`SettingsError` if a wrong value leaves open where the user wants code to go,
    which of it, or what is shown.
    """
    if settings.wrong:
        raise SettingsError(in_short(settings.wrong))
    return settings


async def get_ready(engine: Engine) -> None:
    """Load an engine's model if it isn't loaded."""
    if not await engine.is_loaded():
        await engine.load()
