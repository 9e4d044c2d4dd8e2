"""Tell the editor what the server is doing, when that changes; never at each key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

from infill_ls.completion.pace import LONGEST

State = Literal["idle", "asking", "loading", "off", "problem"]

# s. While somebody types, a call is closed at a key and the next one begins after a pause: that is
# no rest. The tenth is for a busy machine.
REST: Final = LONGEST + 0.1
# s. A load that is over sooner is not worth a progress bar.
LONG: Final = 1.0

_MESSAGES: Final[dict[State, str]] = {
    "idle": "Ready.",
    "asking": "The model is writing.",
    "loading": "The model is being loaded.",
    "off": "Completion is off.",
}


class Status:
    """Keeps the state. Several may be true at once; the first in this order is told: off, loading,
    problem (until something works), asking, idle.

    ``tell`` is called with a state and a message for people whenever one of them is new.
    ``show_progress`` is called with a message when a load takes long, and with None at its end.
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
        """Tell the editor from now on; at once if the state isn't idle."""
        self._begun = True
        self._look()

    def end(self) -> None:
        """Tell nobody any more."""
        self._begun = False
        self._forget_rest()
        self._end_progress()

    def turned(self, *, off: bool) -> None:
        """Note that completion was turned on or off."""
        self._off = off
        self._look()

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Note that the engine gets ready, until the ``with`` block ends."""
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
        """Note that the engine is asked, until the ``with`` block ends."""
        self._asking += 1
        self._look()
        try:
            yield
        finally:
            self._asking -= 1
            self._look()

    def works(self) -> None:
        """Note that the engine did what it should; a problem is over."""
        if self._problem:
            self._problem = ""
            self._look()

    def fails(self, message: str) -> None:
        """Note a problem; it is told until something works."""
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
        """Tell the state if it is new; idle only after a rest."""
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
