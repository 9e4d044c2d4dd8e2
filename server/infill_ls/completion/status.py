"""What the server is doing, for an editor's status line: told when it changes, never per key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

State = Literal["idle", "asking", "loading", "off", "problem"]

# s. While somebody types, one call is closed and the next one begins after the editor's pause
# (VS Code asks 40 ms after a key, then 75 ms of debounce; Neovim 200 ms): that is no rest.
REST: Final = 0.3
# s. A load that is over sooner is not worth a progress bar.
LONG: Final = 1.0

_MESSAGES: Final[dict[State, str]] = {
    "idle": "Ready.",
    "asking": "The model is writing.",
    "loading": "The model is being loaded.",
    "off": "Completion is off.",
}


class Status:
    """Of several things that are so at once, the first in this order is told: off, loading, a
    problem (until something works), asking.

    ``tell`` gets a state and a message for people whenever one of them is new. ``show_progress``
    gets a message when a load takes long, and None when that is over.
    """

    def __init__(
        self,
        tell: Callable[[State, str], None] = lambda state, message: None,
        show_progress: Callable[[str | None], None] = lambda message: None,
    ) -> None:
        self._tell = tell
        self._show_progress = show_progress
        self._long: asyncio.TimerHandle | None = None  # until a load takes long
        self._shows_progress = False
        # What an editor takes for granted.
        self._told: tuple[State, str] = ("idle", _MESSAGES["idle"])
        self._off = False
        self._loading = 0
        self._asking = 0
        self._problem = ""
        self._rest: asyncio.TimerHandle | None = None
        self._begun = False

    def begin(self) -> None:
        """The editor may be told from now on, and is told the state if it isn't idle."""
        self._begun = True
        self._look()

    def end(self) -> None:
        """Nobody listens any more."""
        self._begun = False
        self._forget_rest()
        self._end_progress()

    def turned(self, *, off: bool) -> None:
        """Completion was turned on or off."""
        self._off = off
        self._look()

    @contextmanager
    def loading(self) -> Iterator[None]:
        """While the engine gets ready."""
        self._loading += 1
        self._look()
        if self._loading == 1:
            self._long = asyncio.get_running_loop().call_later(LONG, self._begin_progress)
        try:
            yield
        finally:
            self._loading -= 1
            self._look()
            if not self._loading:
                self._end_progress()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While an engine is being asked."""
        self._asking += 1
        self._look()
        try:
            yield
        finally:
            self._asking -= 1
            self._look()

    def works(self) -> None:
        """The engine did what it should."""
        if self._problem:
            self._problem = ""
            self._look()

    def fails(self, message: str) -> None:
        """Something is in the way."""
        self._problem = message
        self._look()

    def _state(self) -> tuple[State, str]:
        if self._off:
            return "off", _MESSAGES["off"]
        if self._loading:
            return "loading", _MESSAGES["loading"]
        if self._problem:
            return "problem", self._problem
        state: State = "asking" if self._asking else "idle"
        return state, _MESSAGES[state]

    def _look(self) -> None:
        """Tell what is new; that it is idle only after a rest."""
        if not self._begun:
            return
        self._forget_rest()
        state = self._state()
        if state[0] == "idle":
            self._rest = asyncio.get_running_loop().call_later(REST, self._say, state)
        else:
            self._say(state)

    def _say(self, state: tuple[State, str]) -> None:
        if state != self._told:
            self._told = state
            self._tell(*state)

    def _begin_progress(self) -> None:
        if self._begun:
            self._shows_progress = True
            self._show_progress(_MESSAGES["loading"])

    def _end_progress(self) -> None:
        if self._long is not None:
            self._long.cancel()
            self._long = None
        if self._shows_progress:
            self._shows_progress = False
            self._show_progress(None)

    def _forget_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
