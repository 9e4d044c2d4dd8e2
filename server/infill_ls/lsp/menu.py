"""A request for a menu's items that waits while the user types on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from infill_ls.completion.answer import Answer
from infill_ls.completion.offers import Offer
from infill_ls.completion.policy import AUTOMATIC_WAIT
from infill_ls.text.hole import Hole, typed_since

# s without a key after which a menu's request that waits is made for what was typed meanwhile.
TYPING_PAUSE: Final = 0.2

_WORD: Final = re.compile(r"\w*")


def word_before(text: str) -> str:
    """Return the word that a text ends with, or nothing."""
    # Read from the end: from the start, a search takes the square of the longest word.
    found = _WORD.match(text[::-1])
    assert found is not None
    return found[0][::-1]


class Menu:
    """A request for a menu's items that waits, and where the cursor has gone since in its word.

    ``uri``: the document. ``asked``: the hole that the request was made for. ``now``: the hole at
    the cursor by now; None when the word has ended, or the cursor is elsewhere.

    Editors with menus don't ask again while they wait. They filter what comes late by the word as
    it is then, and accepting it first takes back what was typed since (Helix, VS Code); so what
    comes late has to begin with that. Once the word has ended it comes too late: Helix drops it if
    another server's menu was open meanwhile, and asks nobody for the next word before it has come.
    """

    def __init__(self, uri: str, asked: Hole) -> None:
        self.uri = uri
        self.asked = asked
        self.now: Hole | None = asked
        self._changed = asyncio.Event()

    def follow(self, holes: Iterable[Hole]) -> None:
        """Take note of a change of the document; ``holes`` are where the cursor may be now."""
        self.now = next((hole for hole in holes if self._typed(hole) is not None), None)
        self._changed.set()

    async def still(self) -> None:
        """Wait until something was typed, and then nothing more for :data:`TYPING_PAUSE`."""
        await self._changed.wait()
        while self.now is not None and self._changed.is_set():
            self._changed.clear()
            await asyncio.sleep(TYPING_PAUSE)

    async def offer(
        self, complete: Callable[[Hole], Awaitable[Answer]], is_newest: Callable[[], bool]
    ) -> Offer | None:
        """Return what the menu may show where the cursor is by now; None if there is nothing.

        There is nothing either once the word has ended, or another menu was asked for.
        ``complete`` answers for a hole. ``is_newest`` tells whether no other menu was asked for.
        However long somebody types on, it takes :data:`AUTOMATIC_WAIT` at the most.
        """
        loop = asyncio.get_running_loop()
        over = loop.time() + AUTOMATIC_WAIT
        while self.now is not None and is_newest():
            hole = self.now
            # The first answer has this limit itself, and then goes on into memory.
            limit = None if hole is self.asked else over - loop.time()
            answer = asyncio.ensure_future(complete(hole))
            still = asyncio.create_task(self.still())
            try:
                await asyncio.wait(
                    {answer, still}, timeout=limit, return_when=asyncio.FIRST_COMPLETED
                )
                if not (answer.done() or still.done()):
                    return None
                if answer.done():
                    offer = next(iter(answer.result().offers), None)
                    if offer is not None and self.fits(offer):
                        return offer
                    if self.now is hole or not is_newest():
                        return None
                    await asyncio.wait({still}, timeout=over - loop.time())
                    if not still.done():
                        return None
            finally:
                answer.cancel()
                still.cancel()
        return None

    def fits(self, offer: Offer) -> bool:
        """Whether an offer goes on from what was typed since it was asked for."""
        typed = None if self.now is None else typed_since(offer.hole, self.now)
        return typed is not None and offer.fill.startswith(typed) and offer.fill != typed

    def whole(self, offer: Offer) -> str:
        """Return what an offer puts where the request was made; it begins with what was typed."""
        return (self._typed(offer.hole) or "") + offer.fill

    def _typed(self, hole: Hole) -> str | None:
        """Return the part of a word that was typed since the request; None if other things were."""
        typed = typed_since(self.asked, hole)
        return typed if typed is not None and _WORD.fullmatch(typed) else None
