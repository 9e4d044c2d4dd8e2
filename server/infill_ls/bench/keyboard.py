"""Somebody who types blocks of files at a human rate, and looks up for suggestions.

What he types goes the way of an editor's: each key changes the document, a request follows it, and
the next key cancels that. The times between keys belong to the places, so that every model is met
at the same ones. Wherever he stops for a moment he looks up; if a suggestion is what he was about
to type he accepts it.
"""

from __future__ import annotations

import asyncio
import math
from typing import Final

from infill_ls.bench.edits import Edit
from infill_ls.bench.figures import PATIENCE, Look, Measured
from infill_ls.bench.typist import Typist
from infill_ls.completion.answer import OF_THE_MODEL, Answer
from infill_ls.completion.completer import Completer
from infill_ls.completion.offers import Offer
from infill_ls.project.rules import Rules
from infill_ls.text.documents import split_lines
from infill_ls.text.hole import Hole, at

# VS Code is what most people have: it asks so many s after each key.
ASK_AFTER: Final = 0.045
# s. In a gap between keys that is so long one looks up from the keyboard.
LOOK_UP: Final = 0.5
# The share of keys before which he looks up for no other reason than to see a suggestion.
STOPS: Final = 0.12
# Shorter suggestions are typed rather than accepted.
_WORTH_A_KEY: Final = 3
# s. After so long without an answer but errors there is no more to be measured. An engine that is
# too busy for a moment is left alone for less.
FAILS_FOR: Final = 5.0


class Keyboard:
    """Types into documents that a completer knows, and notes what comes in ``measured``.

    ``until``: when it is over, in s of the loop's clock. What is seen before ``counts_from`` isn't
    noted: the engine's rates are learnt then, and prompts get the length that is right for it.
    """

    def __init__(
        self, completer: Completer, measured: Measured, *, counts_from: float, until: float
    ) -> None:
        self._completer = completer
        self._measured = measured
        self._counts_from = counts_from
        self._until = until
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._asking: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._fails_since = math.inf  # s of the loop's clock
        self._uri, self._language = "", ""
        self._edit, self._typed = Edit(0, "", "", ""), ""
        self._visible = ""
        self._visible_since = 0.0
        self._offer: Offer | None = None
        self._answer: Answer | None = None  # to the last request, if it is for this place

    async def type(self, uri: str, language: str, rules: Rules, edit: Edit) -> None:
        """Type one block, as far as the time allows.

        Raises :class:`infill_ls.errors.InfillError` if requests do nothing but fail.
        """
        self._uri, self._language, self._edit = uri, language, edit
        target = edit.target
        # Editors indent a new line by themselves.
        self._typed = target[: len(target) - len(target.lstrip())]
        self._completer.use(uri, rules)
        try:
            self._has_changed("")
            await self._pause(self._typist().arrival())
            while self._left and self._loop.time() < self._until:
                self._press(_next_key(self._left))
                if self._left:
                    gap = self._typist().gap(self._typed.rstrip(" \t"), self._left)
                    await self._pause(gap)
        finally:
            self._leave()

    @property
    def _left(self) -> str:
        return self._edit.target[len(self._typed) :]

    def _typist(self) -> Typist:
        """Return who types here: the same person at the same place, whatever was accepted."""
        return Typist(f"{self._uri} {self._edit.number} {len(self._typed)}", STOPS)

    def _hole(self) -> Hole:
        before = split_lines(self._edit.before + self._typed)
        line, column = len(before) - 1, len(before[-1])
        after = split_lines(before[-1] + self._edit.after)
        return at([*before[:-1], *after], line, column, self._language)

    def _press(self, key: str) -> None:
        if self._counts:
            self._measured.typed += len(key)
        self._typed += key
        self._has_changed(key)

    def _has_changed(self, key: str) -> None:
        """The document is another one; what is visible stays if the key is its beginning."""
        goes_on = key and self._visible.startswith(key)
        self._show(self._visible[len(key) :] if goes_on else "", self._offer)
        self._answer = None
        self._stop_asking()
        self._completer.document_changed(self._uri, [self._hole()])
        self._timer = self._loop.call_later(ASK_AFTER, self._begin_to_ask)

    def _stop_asking(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in self._asking:
            task.cancel()

    def _begin_to_ask(self) -> None:
        task = asyncio.create_task(self._ask(), name="ask for a suggestion")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self) -> None:
        typed = len(self._typed)
        answer = await self._completer.complete(self._uri, self._hole(), waited=ASK_AFTER)
        if len(self._typed) == typed and answer.reason not in ("superseded", "cancelled"):
            self._take(answer)

    def _take(self, answer: Answer) -> None:
        now = self._loop.time()
        self._fails_since = math.inf if answer.error is None else min(self._fails_since, now)
        self._answer = answer
        self._show(answer.fill or "", answer.offers[0] if answer.offers else None)

    def _show(self, text: str, offer: Offer | None) -> None:
        if text and not self._visible:
            self._visible_since = self._loop.time()
        self._visible, self._offer = text, offer
        self._changed.set()

    async def _pause(self, gap: float) -> None:
        """Wait for the next key; look up if there is time for it."""
        began = self._loop.time()
        if gap < LOOK_UP:
            await asyncio.sleep(gap)
            return
        look = await self._look(began)
        if look is None:
            await asyncio.sleep(gap)
            return
        if self._counts:
            self._measured.looks.append(look)
        if look.outcome == "shown":
            await asyncio.sleep(self._typist().reaction())
            # More may have come meanwhile.
            if self._is_right(self._visible) and len(self._visible.strip()) >= _WORTH_A_KEY:
                self._accept()
        else:
            await asyncio.sleep(max(0.0, began + gap - self._loop.time()))

    async def _look(self, began: float) -> Look | None:
        """Wait for a suggestion; None where nobody wanted one, as beside a key or token."""
        limit = began + PATIENCE
        while not (self._visible or self._answer):
            self._changed.clear()
            try:
                async with asyncio.timeout_at(limit):
                    await self._changed.wait()
            except TimeoutError:
                return Look("late")
        error = self._answer.error if self._answer else None
        if error is not None and self._loop.time() - self._fails_since > FAILS_FOR:
            raise error
        if not self._visible:
            assert self._answer is not None
            if self._answer.reason in OF_THE_MODEL:
                return Look("nothing")
            if self._counts:
                self._measured.passed_over = self._answer.why
            return None
        blanks = len(self._visible) - len(self._visible.lstrip())
        first, _, more = self._visible[blanks:].partition("\n")
        return Look(
            "shown",
            max(0.0, self._visible_since - began),
            right=self._is_right(self._visible),
            first_line_right=self._is_right(self._visible[:blanks] + first),
            has_more_lines=bool(more),
        )

    def _is_right(self, text: str) -> bool:
        return bool(text.strip()) and self._left.startswith(text)

    def _accept(self) -> None:
        text, offer = self._visible, self._offer
        if self._counts:
            self._measured.accepted += len(text)
        self._typed += text
        self._has_changed(text)
        if offer is not None:
            self._completer.accept(offer.number)

    @property
    def _counts(self) -> bool:
        return self._loop.time() >= self._counts_from

    def _leave(self) -> None:
        """Nothing is asked any more, and nothing is visible."""
        self._stop_asking()
        self._show("", None)


def _next_key(left: str) -> str:
    """Return what the next key brings: a line end comes with the indentation of its line."""
    if left[0] != "\n":
        return left[0]
    rest = left[1:]
    return "\n" + rest[: len(rest) - len(rest.lstrip(" \t"))]
