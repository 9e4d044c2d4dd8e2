"""Somebody who works in the project at ten keys a second, and what is measured on the way."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lsp_client import LspError
from soak.buffers import Buffer, Place
from soak.client import SoakClient
from soak.editor import NEOVIM, VS_CODE, Editor
from soak.files import Project

# s between two keys: ten a second.
GAP: Final = (0.06, 0.14)
# Documents that are open at the same time, beside the big one and the secret one.
OPEN: Final = 24
# Lines that are deleted and typed again at one place.
BLOCK: Final = (1, 4)
# s after which own latency is measured again.
PROBE: Final = 1.5
# Keys after which something else is done than typing, on average.
ELSE: Final = 60

SETTINGS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"latencyMs": 400},
    {"multiline": "never"},
    {"multiline": "always", "maxTokens": 64},
    {"temperature": 0.0},
    {"contextTokens": 1024},  # another engine is made for this one
    {"exclude": ["*.secret"]},
    {"debounceMs": 150},
    {"log": "debug"},
)


@dataclass(frozen=True)
class Own:
    """A request that needed no engine: when it was made, in s from the start, and what it took.

    ``control_ms``: what the empty server took for one at the same moment.
    """

    at: float
    kind: str
    ms: float
    control_ms: float


@dataclass
class Typist:
    """``control``: an empty server, with one document open. ``quiet`` is held by whoever measures.

    ``now``: s since the start. ``done`` counts what was done.
    """

    client: SoakClient
    control: SoakClient
    project: Project
    seed: int
    now: Callable[[], float]
    done: Counter[str] = field(default_factory=Counter)
    own: list[Own] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"typist {self.seed}")
        self.quiet = asyncio.Lock()
        self.editor = Editor(self.client)
        self._big = Buffer.of(self.project.big)
        self._secret = Buffer.of(self.project.secret)
        self._probed = 0.0

    async def work(self, seconds: float) -> None:
        """Work until so many seconds are over."""
        editor = self.editor
        for path in self.chance.sample(self.project.files, min(OPEN, len(self.project.files))):
            editor.show(Buffer.of(path))
        editor.show(self._secret)
        editor.show(self._big)
        while self.now() < seconds:
            self._go()
            await self._retype(seconds)
            if self.chance.random() < 0.3:
                self._save()
        editor.rest()

    def _go(self) -> None:
        """Turn to another place; now and then in another document, or the big one."""
        editor, chance = self.editor, self.chance
        self.done["places"] += 1
        editor.habit = chance.choice((VS_CODE, NEOVIM))
        mine = [one for one in editor.usable.values() if one not in (self._big, self._secret)]
        turn = chance.random()
        if turn < 0.15:
            editor.show(self._big)
        elif turn < 0.17:
            editor.close(self._big)
            editor.show(self._big)
            self.done["opened"] += 1
        elif turn < 0.55:
            # As many are closed as are opened, the one that was shown longest ago first.
            unopened = [path for path in self.project.files if path.as_uri() not in editor.usable]
            editor.close(mine[0])
            editor.show(Buffer.of(chance.choice(unopened or [mine[0].path])))
            self.done["opened"] += 1
        else:
            editor.show(chance.choice(mine))

    async def _retype(self, seconds: float) -> None:
        """Delete some lines and type them again."""
        editor, chance = self.editor, self.chance
        buffer = editor.buffer
        first, last = self._block(buffer)
        indented = len(buffer.lines[first]) - len(buffer.lines[first].lstrip())
        start, end = (first, indented), (last, len(buffer.lines[last]))
        target, lines = buffer.between(start, end), len(buffer.lines)
        editor.put("", start, end)
        self.done["deletions"] += 1
        await self._pause(1.0)
        while True:
            missing = self._missing(start, target)
            if missing is None:
                # A slip of the fingers, or a fill that is wrong.
                await self._rest()
                editor.undo()
                self.done["undone"] += 1
                continue
            if not missing or self.now() >= seconds:
                editor.put(missing)
                break
            if editor.visible and chance.random() < 0.3:
                self._accept(missing)
                await self._rest()
                continue
            await self._key(missing)
        assert len(buffer.lines) == lines

    def _block(self, buffer: Buffer) -> tuple[int, int]:
        lines = buffer.lines
        count = self.chance.randint(*BLOCK)
        while True:
            first = self.chance.randrange(max(1, len(lines) - count))
            if lines[first].strip():
                return first, min(first + count, len(lines) - 1)

    def _missing(self, start: Place, target: str) -> str | None:
        """What is still to be typed; None if what is there is not what is to be."""
        typed = self.editor.buffer.between(start, self.editor.cursor)
        return target[len(typed) :] if target.startswith(typed) else None

    def _accept(self, missing: str) -> None:
        """Accept what is visible: mostly what is right, and some of what is not."""
        editor, chance = self.editor, self.chance
        if not missing.startswith(editor.visible) and chance.random() > 0.2:
            return
        if chance.random() < 0.3:
            editor.accept_word()
            self.done["accepted in part"] += 1
        else:
            editor.accept()
            self.done["accepted"] += 1

    async def _key(self, missing: str) -> None:
        """Press one key; a line end brings the next line's indentation with it."""
        editor, chance = self.editor, self.chance
        self.done["keys"] += 1
        if missing[0] == "\n":
            found = re.match(r"\n+[ \t]*", missing)
            assert found is not None
            editor.put(found[0])
            await self._pause(0.5)
        elif chance.random() < 0.01:
            editor.put("z" if missing[0] != "z" else "y")
        else:
            editor.put(missing[0])
        await self._rest()
        if missing[0] == " " and chance.random() < 0.08:
            await self._pause(0.8)
        elif chance.random() < 1 / ELSE:
            await self._something_else()
        await self._probe()

    async def _rest(self) -> None:
        await asyncio.sleep(self.chance.uniform(*GAP))

    async def _pause(self, about: float) -> None:
        """Think; now and then until the editor has its answer, as long as that may take."""
        await asyncio.sleep(about * self.chance.uniform(0.3, 1.5))
        if self.editor.asked is not None and self.chance.random() < 0.1:
            self.done["waited for"] += 1
            await asyncio.wait([self.editor.asked])

    # What else is done

    async def _something_else(self) -> None:
        """Do something else than typing, and leave the document as it is."""
        others = (self._paste, self._by_hand, self._explain, self._set, self._turn_off)
        await self.chance.choices(others, (3, 3, 2, 1, 1))[0]()

    def _save(self) -> None:
        if self.editor.buffer is not self._big:
            self.editor.save()
            self.done["saved"] += 1

    async def _paste(self) -> None:
        """Paste some lines of another document, look at them, and take them back."""
        editor, cursor = self.editor, self.editor.cursor
        other = self.chance.choice(list(editor.usable.values()))
        at = self.chance.randrange(len(other.lines))
        editor.put("\n".join(other.lines[at : at + self.chance.randint(5, 200)]) + "\n")
        self.done["pasted"] += 1
        await self._pause(1.0)
        editor.undo()
        assert editor.cursor == cursor
        await self._rest()

    async def _by_hand(self) -> None:
        """Ask by hand, and mostly wait for what comes."""
        asked = self.editor.ask(manual=True)
        self.done["asked by hand"] += 1
        await asyncio.wait([asked], timeout=self.chance.uniform(0.5, 6.0))

    async def _explain(self) -> None:
        await self.editor.command("infill-ls.explain")
        self.done["explained"] += 1

    async def _set(self) -> None:
        """Change the settings; the server asks for them."""
        self.client.configuration = self.chance.choice(SETTINGS)
        self.client.notify("workspace/didChangeConfiguration", {"settings": None})
        self.done["settings changed"] += 1

    async def _turn_off(self) -> None:
        """Turn completion off, and on again."""
        await self.editor.command("infill-ls.toggle")
        self.editor.ask()
        await self._rest()
        await self.editor.command("infill-ls.toggle")
        self.done["turned off and on"] += 1

    # What is measured

    async def _probe(self) -> None:
        """Make requests that need no engine, if it is time for that and nothing is under way."""
        late = self.now() - self._probed
        if late < PROBE or (self.editor.waits and late < 3 * PROBE):
            return
        self._probed = self.now()
        editor = self.editor
        buffer, cursor, visible = editor.buffer, editor.cursor, editor.visible
        async with self.quiet:
            if visible and not editor.waits:
                await self._measure("recalled")
            word = self._inside_of_a_word(buffer)
            if word is not None:
                editor.cursor = word
                await self._measure("mid word")
                editor.cursor = cursor
            editor.buffer = self._secret
            editor.cursor = (0, 0)
            await self._measure("excluded")
            editor.buffer, editor.cursor = buffer, cursor

    async def _measure(self, kind: str) -> None:
        """Time a request; it counts if the server says that it was what it was to be."""
        at = self.now()
        started = time.perf_counter()
        await self.control.ask(3, 0)
        between = time.perf_counter()
        try:
            await self.editor.request()
        except LspError:
            return
        ended = time.perf_counter()
        told = await self.editor.command("infill-ls.explain")
        if told["reason"] == kind:
            size = ", big file" if self.editor.buffer is self._big else ""
            self.own.append(
                Own(at, kind + size, (ended - between) * 1000, (between - started) * 1000)
            )
        else:
            self.done[f"{kind}, but {told['reason']}"] += 1

    def _inside_of_a_word(self, buffer: Buffer) -> Place | None:
        line = self.chance.randrange(len(buffer.lines))
        found = re.search(r"\w{3}", buffer.lines[line])
        return (line, found.start() + 1) if found else None


def project_text(project: Project) -> set[str]:
    """The lines of the project that are long enough to be known again."""
    paths: list[Path] = [*project.files, project.big]
    lines = (line.strip() for path in paths for line in path.read_text("utf-8").split("\n"))
    return {line for line in lines if len(line) > 30}
