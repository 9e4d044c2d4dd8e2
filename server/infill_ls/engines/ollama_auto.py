"""Which of its models Ollama is asked to load for "auto", and what to do where it can't."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from infill_ls.engines.memory import total_memory
from infill_ls.engines.ollama_choice import (
    Candidate,
    Installed,
    Machine,
    Running,
    best,
    in_order,
    loadable,
    rank,
)
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import BadAnswer, ModelNotFound
from infill_ls.prompt.families import SUGGESTED_MODEL, Model
from infill_ls.settings import Settings
from infill_ls.values import is_loopback

# The models that each Ollama, by its address, couldn't load since this process began. Memory that
# was taken may be free tomorrow, so no longer than that.
_REFUSED: Final[dict[str, set[str]]] = {}


class Asked(Protocol):
    """The questions to Ollama that the choice takes."""

    @property
    def name(self) -> str:
        """``ollama``."""

    async def installed(self) -> list[Installed]:
        """Return the models that are there."""

    async def running(self) -> list[Running]:
        """Return those that are in memory."""

    async def show(self, name: str) -> Model:
        """Return what it says of one."""


class Auto:
    """The choice of a model. ``rates_file``: what was measured of the models that are there."""

    def __init__(self, ollama: Asked, settings: Settings, rates_file: RatesFile) -> None:
        self._ollama = ollama
        self._settings = settings
        self._rates_file = rates_file
        self._url = settings.engine_url

    async def candidates(self, installed: Sequence[Installed]) -> list[Candidate]:
        """Return models in the order in which they are taken, as far as they can fill."""
        rates = {
            one.name: self._rates_file.load(RatesFile.key(self._ollama.name, self._url, one.name))
            for one in installed
        }
        # Of one alone nothing needs to be known.
        several = len(installed) > 1
        machine = Machine(
            rates,
            running=await self._ollama.running() if several else (),
            memory=total_memory() if is_loopback(self._url) else None,
        )
        return in_order(installed, machine, self._settings.fim)

    async def best(self) -> Model:
        """Return the best installed model that can fill in the middle.

        Raises :class:`ModelNotFound` if there is none.
        """
        refused = _REFUSED.get(self._url, set())
        installed = loadable(await self._ollama.installed(), refused)
        found: list[tuple[int, Model]] = []
        for candidate in await self.candidates(installed):
            try:
                model = await self._ollama.show(candidate.model.name)
            except (ModelNotFound, BadAnswer):
                # Its file is damaged, or it was removed just now; others may serve.
                continue
            how_well = rank(model, self._settings.fim)
            if how_well is not None:
                found.append((how_well, model))
            if how_well == 0:
                break
        if (taken := best(found)) is not None:
            return taken
        raise ModelNotFound(
            "Ollama has no model that fills.", f"Run: ollama pull {SUGGESTED_MODEL}"
        )

    async def instead_of(self, name: str) -> Model | None:
        """Return the best model that is smaller than one that couldn't be loaded; None if none is.

        The one is not taken again as long as this process lasts.
        """
        refused = _REFUSED.setdefault(self._url, set())
        refused.add(name)
        try:
            return await self.best()
        except ModelNotFound:
            # It is the only one, and may be loaded later.
            refused.discard(name)
            return None
