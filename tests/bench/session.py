"""One typist at one editor, and what happens there: what is shown, read, accepted and typed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bench.closing import Closer
from bench.editors import Editor
from bench.world import World, closings
from infill_ls.bench.typist import Typist

PAUSE: Final = 0.5  # s; a gap between keys that is long enough to look up

# s that a wrong suggestion costs, if it is there for as long as a look takes: one fixation of the
# eye, which lasts 0.2 to 0.3 s on average in reading and in search (K. Rayner, "Eye movements in
# reading and information processing", 1998, table 1). That is the least; who reads it through and
# thinks about it takes seconds ("Reading between the lines", arXiv 2210.14306, has 22 % of all
# working time for that).
READING: Final = 0.3
GLANCE: Final = 0.2
# Characters of a word or so: what begins right for so long and is wrong then is easily accepted,
# and has to be mended.
MISLEADING: Final = 8


@dataclass
class Record:
    """What happened at the keyboard."""

    typed: int = 0
    accepted: int = 0
    # For each pause at a place where the editor asks: s from the key to the suggestion, infinite
    # if none came.
    waits: list[float] = field(default_factory=list)
    right_in_pause: int = 0
    wrong_characters: int = 0
    # Suggestions, as they were when they came. ``harmful``: wrong ones that begin right.
    shown: int = 0
    right: int = 0
    harmful: int = 0
    # s. From key to key but for the first one at each place; what accepting has saved of that; and
    # what went into reading suggestions that were wrong.
    typing: float = 0.0
    saved: float = 0.0
    reading: float = 0.0


class Session:
    """One typist in one editor with one policy."""

    def __init__(
        self,
        world: World,
        editor: Editor,
        typist: Typist,
        arrived: Callable[[], None] = lambda: None,
    ) -> None:
        self.world, self.editor, self.typist, self._arrived = world, editor, typist, arrived
        self.record = Record()
        self._loop = asyncio.get_running_loop()
        self._slipped: set[tuple[int, int]] = set()
        self._editors = [editor]
        self._accounted = 0
        self._unread = False  # whether what is visible is wrong and was not looked at
        self._closings: dict[int, int] = {}
        self._saved = 0.0  # s that the text which was accepted last would have taken

    def turn_to(self, editor: Editor) -> None:
        """Go on in another editor; the one before stays as it is."""
        self.editor, self._accounted = editor, len(editor.shown)
        if editor not in self._editors:
            self._editors.append(editor)

    @property
    def shown(self) -> list[str]:
        """All suggestions that any of the editors has shown."""
        return [text for editor in self._editors for text in editor.shown]

    def open(self) -> None:
        """Go to the place of the current edit."""
        self._closings = closings(self.world.edit)
        self.editor.open(self.world.text, len(self.world.edit.before))

    async def type(self) -> None:
        """The whole of the current edit."""
        self.open()
        self._arrived()
        await self._pause(self._typist("arrival").arrival(), arrives=True)
        while self.world.left or self.world.has_slip or self.editor.closers:
            if self.world.has_slip:
                await self._pause(self._typist("gap").gap("a", "a") * 2)
                self.world.typed = self.world.typed[:-1]
                self.editor.backspace()
                continue
            if self._has_surplus():
                await self._pause(self._typist("gap").gap("a", "a"))
                self.editor.delete_closer()
                continue
            gap = self._typist("gap").gap(_before(self.world.typed), self.world.left)
            if await self._pause(gap):
                continue
            if below := self._closer_below():
                self.world.typed += below
                self.record.typed += len(below)
                self.editor.go_over_closer()
                continue
            key = self.world.left[0]
            if key.isalpha() and self._slips():
                key = "q" if key != "q" else "w"
            elif key == "\n":
                # Editors indent the next line by themselves.
                rest = self.world.left[1:]
                key += rest[: len(rest) - len(rest.lstrip(" "))]
            self._press(key)
        assert self.editor.text == self.world.text

    def _typist(self, why: str, ahead: int = 0) -> Typist:
        """Who types here: the same at the same place, whatever was accepted before."""
        place = len(self.world.typed) + ahead
        seed = f"{self.typist.seed} {self.world.edit.number} {place} {why}"
        return Typist(seed, self.typist.stops)

    def _slips(self) -> bool:
        """Whether the next key is a wrong one; the one after taking that back is not."""
        place = (self.world.edit.number, len(self.world.typed))
        if place in self._slipped or not self._typist("slip").slips():
            return False
        self._slipped.add(place)
        return True

    def _press(self, key: str) -> None:
        self.world.typed += key
        self.record.typed += len(key)
        shown = len(self.editor.shown)
        self.editor.insert(key)
        assert len(self.editor.shown) == shown
        self.key_at = self._loop.time()

    async def _pause(self, gap: float, *, arrives: bool = False) -> bool:
        """Wait for the next key; whether a suggestion was accepted instead of it."""
        began = self._loop.time()
        accepted = await self._wait(gap)
        took = self._loop.time() - began
        if not arrives:
            self.record.typing += took
        if accepted:
            self.record.saved += (0.0 if arrives else gap - took) + self._saved
        return accepted

    async def _wait(self, gap: float) -> bool:
        began = self._loop.time()
        end = began + gap
        long = gap >= PAUSE
        # Nothing that is reckoned would mean anything.
        assert not self.editor.errors, self.editor.errors[0]
        seen_right = False
        first: float | None = None
        while (now := self._loop.time()) < end:
            right = self.is_right(self.editor.visible)
            self._account_for_shown(right, end - now)
            seen_right = seen_right or right
            if self.editor.visible and first is None:
                first = max(0.0, self.editor.visible_since - began)
            if right and self._likes():
                ready = max(self.editor.visible_since, began) + self._typist("reaction").reaction()
                if ready <= end and await self._still_there(ready - now):
                    self._accept()
                    self._reckon(long, first, seen_right)
                    return True
            self.editor.changed.clear()
            try:
                async with asyncio.timeout(end - self._loop.time()):
                    await self.editor.changed.wait()
            except TimeoutError:
                break
        self._reckon(long, first, seen_right)
        return False

    async def _still_there(self, delay: float) -> bool:
        text = self.editor.visible
        await asyncio.sleep(max(0.0, delay))
        return self.editor.visible == text

    def _accept(self) -> None:
        text = self.editor.visible
        self._saved = self._time_for(text)
        self.world.typed += text
        self.record.accepted += len(text)
        self.editor.accept()

    def _reckon(self, long: bool, first: float | None, seen_right: bool) -> None:
        if long and (first is not None or self.editor.asks_here):
            self.record.waits.append(math.inf if first is None else first)
            self.record.right_in_pause += seen_right

    def _time_for(self, text: str) -> float:
        """How long a text takes to type, but for its first key, in s on average."""
        typed, left, total = self.world.typed, text, 0.0
        while left:
            indent = left[0] == "\n" and len(left[1:]) - len(left[1:].lstrip(" "))
            key, left = left[: 1 + indent], left[1 + indent :]
            typed += key
            if left:
                total += self.typist.mean_gap(_before(typed), left)
        return total

    def _account_for_shown(self, right: bool, left: float) -> None:
        """Take note of what is visible; ``left``: s until the next key."""
        visible, shown = self.editor.visible, self.editor.shown
        if visible and visible == shown[-1] and self._accounted < len(shown):
            self._accounted = len(shown)
            same = len(_common(visible, self.world.left))
            self.record.wrong_characters += len(visible) - same
            self.record.shown += 1
            self.record.right += right
            self.record.harmful += not right and len(visible[:same].strip()) >= MISLEADING
            self._unread = not right
        if self._unread and visible and left >= GLANCE:
            self._unread = False
            self.record.reading += READING

    def is_right(self, suggestion: str) -> bool:
        """Whether a suggestion that is visible leads to the text that is typed."""
        if not suggestion.strip() or not self.world.left.startswith(suggestion):
            return False
        end, left = self.editor.cursor + len(suggestion), self.editor.replaced
        for closer in self.editor.closers:
            due = self._due(closer)
            if due is not None and (due < end) != (left > 0):
                # It would be there twice, or be missing.
                return False
            left = max(0, left - len(closer.text))
        return not left

    def _due(self, closer: Closer) -> int | None:
        """Where the text that is typed closes the same; None if it doesn't."""
        return self._closings.get(closer.opener)

    def _has_surplus(self) -> bool:
        """Whether nobody will type over the innermost closer."""
        if not self.editor.closers:
            return False
        closer = self.editor.closers[0]
        due = self._due(closer)
        return due is None or due < self.editor.cursor + len(closer.text) - 1

    def _closer_below(self) -> str:
        """The innermost closer, if it stands on the line below as it is to stand there."""
        if not self.editor.closers:
            return ""
        closer = self.editor.closers[0]
        is_next = self._due(closer) == self.editor.cursor + len(closer.text) - 1
        below = closer.text.startswith("\n") and self.world.left.startswith(closer.text)
        return closer.text if below and is_next else ""

    def _likes(self) -> bool:
        """The same for each end of a suggestion: typing along doesn't change one's mind."""
        suggestion = self.editor.visible
        return self._typist("likes", len(suggestion)).likes(suggestion)


def _before(typed: str) -> str:
    """What is typed, as the typist looks at it: an editor's indentation is not his."""
    line = typed.rpartition("\n")[2]
    return typed if line.strip() else typed[: len(typed) - len(line)]


def _common(one: str, other: str) -> str:
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return one[:count]
