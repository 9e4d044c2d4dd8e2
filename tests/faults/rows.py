"""A row of the fault matrix: what was seen of one fault, and how rows are run and kept.

Rows wait much and compute little, so that those of a chapter run side by side, each with a server
process of its own. Each is still a test of its own::

    ROWS = Rows("The engine over HTTP")

    @ROWS.row("It refuses connections")
    async def refuses(scene: Scene) -> None:
        ...

    @pytest.mark.parametrize("name", ROWS.names)
    def test_row(name: str, matrix: Matrix) -> None:
        matrix.check(ROWS, name)

A test that needs no process takes the fixture ``keep`` and calls it with a :class:`Row`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from faults.scene import Scene

# The environment variable with the folder that rows are kept in.
FOLDER: Final = "FAULTS_RECORD"
# s. What an automatic request is promised, and when clients give up. A test holds the server to
# the latter: on a busy machine it is the test itself that is late.
PROMISED: Final = 8.0
CLIENTS_GIVE_UP: Final = 10.0
# Rows at once, and those of them that start their process just now: half a second's work each.
AT_ONCE: Final = 16
STARTING: Final = 2


@dataclass
class Row:
    """What was seen. Times in s; None where there is nothing to time.

    ``what``: what happens. ``sees``: what the user was shown, one text a message.
    ``reason``: what ``infill-ls.explain`` says of the first request that got nothing.
    ``answered``: the longest that an automatic request waited for its answer. ``quiet``: how long
    after the last answer nothing was in flight any more. ``recovered``: how long after the fault
    was over the first fill came. ``left``: what was still there when all was over. ``virtual``:
    the times are of a clock that is made to run fast.
    """

    chapter: str
    what: str
    sees: list[str] = field(default_factory=list)
    reason: str = ""
    answered: float | None = None
    quiet: float | None = None
    recovered: float | None = None
    left: list[str] = field(default_factory=list)
    virtual: bool = False

    def check(self, messages: int | None = 1) -> None:
        """Assert what holds of every row. ``messages``: how many the user is shown; None if any."""
        assert self.answered is None or self.answered < CLIENTS_GIVE_UP, self
        assert len(set(self.sees)) == len(self.sees), self
        assert messages is None or len(self.sees) == messages, self
        assert self.left == [], self


Play = Callable[["Scene"], Awaitable[None]]


@dataclass
class Rows:
    """The rows of a chapter, in order, by the names of their functions."""

    chapter: str
    at_once: int = AT_ONCE
    plays: dict[str, tuple[str, int | None, Play]] = field(default_factory=dict)
    long: set[str] = field(default_factory=set)

    @property
    def names(self) -> list[str]:
        return list(self.plays)

    def row(
        self, what: str, *, messages: int | None = 1, long: bool = False
    ) -> Callable[[Play], Play]:
        """Add a row. ``messages``: how many the user is shown; None if that may vary.

        ``long``: it waits for most of a minute, and so begins before the others.
        """

        def add(play: Play) -> Play:
            name = play.__name__
            assert name not in self.plays
            self.plays[name] = (what, messages, play)
            self.long |= {name} if long else set()
            return play

        return add

    def run(self, names: Iterable[str], folder: Path) -> dict[str, Row | BaseException]:
        """Run rows side by side; by name what was seen, or what went wrong."""

        async def all_of_them() -> dict[str, Row | BaseException]:
            turn, starting = asyncio.Semaphore(self.at_once), asyncio.Semaphore(STARTING)
            chosen = sorted(names, key=lambda name: name not in self.long)
            plays = (self._play(name, folder / name, turn, starting) for name in chosen)
            return dict(zip(chosen, await asyncio.gather(*plays), strict=True))

        return asyncio.run(all_of_them())

    async def _play(
        self, name: str, folder: Path, turn: asyncio.Semaphore, starting: asyncio.Semaphore
    ) -> Row | BaseException:
        from faults.scene import Scene

        what, _, play = self.plays[name]
        async with turn:
            scene = Scene(Row(self.chapter, what), folder, starting)
            try:
                try:
                    await play(scene)
                    await scene.end()
                finally:
                    await scene.kill()
            except Exception as error:
                error.add_note(f"{name}: {scene.row} {scene.log()}")
                return error
            return scene.row


@dataclass
class Matrix:
    """Runs the rows that were selected, those of a chapter together, when the first is asked for.

    ``selected``: names of the tests of this session. ``folder``: for the rows' files.
    """

    selected: frozenset[str]
    folder: Path
    _seen: dict[str, dict[str, Row | BaseException]] = field(default_factory=dict)

    def check(self, rows: Rows, name: str) -> Row:
        """Return a row, checked and kept."""
        if rows.chapter not in self._seen:
            chosen = [one for one in rows.names if f"test_row[{one}]" in self.selected]
            folder = self.folder / slug(rows.chapter)
            self._seen[rows.chapter] = rows.run(chosen, folder)
        seen = self._seen[rows.chapter][name]
        if isinstance(seen, BaseException):
            raise seen
        keep(seen)
        seen.check(rows.plays[name][1])
        return seen


def keep(row: Row) -> None:
    """Write a row down, if anybody wants to have it."""
    if folder := os.environ.get(FOLDER):
        path = Path(folder) / f"{slug(row.chapter)}.jsonl"
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")


def slug(text: str) -> str:
    return re.sub(r"\W+", "-", text.lower()).strip("-")
