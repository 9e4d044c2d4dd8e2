"""What most of the tests' engines have in common: they are ready at once, and nothing is loaded."""

from __future__ import annotations


class ReadyEngine:
    """The part of an engine that has to do with loading models, for one that has none to load."""

    room: int | None = None
    stays_loaded: bool = True

    def expect(self, read: float | None) -> None:
        """It makes no difference here."""

    async def count(self, text: str) -> int | None:
        return None

    async def is_loaded(self) -> bool:
        return True

    async def is_loading(self) -> bool:
        return False

    async def load(self) -> None:
        """It is there already."""

    async def aclose(self) -> None:
        """Nothing is kept."""
