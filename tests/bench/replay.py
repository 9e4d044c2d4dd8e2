"""Real files are typed in by a simulated typist, through the real server, in virtual time.

The engine is simulated too, with a cost model; so the figures are the same on every machine, and
whoever changes a policy sees at once what that does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import looptime

from bench.closing import Closer
from bench.editors import ALL_EDITORS, EDITORS, Editor
from bench.levers import LEVERS
from bench.peers import POLICIES, Peer
from bench.plot import plot
from bench.simulated_engine import PROFILES, Profile, SimulatedEngine
from bench.world import SOURCES, World, closings, edits
from infill_ls.bench.typist import Typist
from infill_ls.completion.completer import Completer
from infill_ls.engines.engine import Engine
from infill_ls.lsp.server import Server
from infill_ls.settings import Settings

PAUSE: Final = 0.5  # s; a gap between keys that is long enough to look up
OURS: Final = "infill-ls"


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


@dataclass(frozen=True)
class Figures:
    """One run, reckoned up. Times in s, infinite where less than that share got a suggestion."""

    policy: str
    editor: str
    profile: str
    p50: float
    p95: float
    right_in_pause: float
    saved_per_100: float
    calls_per_100: float
    read_per_shown: float
    cached_share: float
    thrown_away: int
    busy_per_saved: float
    wrong_per_1000: float
    waits: tuple[float, ...]


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
        self._liked: dict[tuple[int, int], bool] = {}
        self._editors = [editor]
        self._accounted = 0
        self._closings: dict[int, int] = {}

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
        await self._pause(self.typist.arrival())
        while self.world.left or self.world.has_slip or self.editor.closers:
            if self.world.has_slip:
                await self._pause(self.typist.gap("a", "a") * 2)
                self.world.typed = self.world.typed[:-1]
                self.editor.backspace()
                continue
            if self._has_surplus():
                await self._pause(self.typist.gap("a", "a"))
                self.editor.delete_closer()
                continue
            if await self._pause(self.typist.gap(self.world.typed, self.world.left)):
                continue
            if below := self._closer_below():
                self.world.typed += below
                self.record.typed += len(below)
                self.editor.go_over_closer()
                continue
            key = self.world.left[0]
            if key.isalpha() and self.typist.slips():
                key = "q" if key != "q" else "w"
            elif key == "\n":
                # Editors indent the next line by themselves.
                rest = self.world.left[1:]
                key += rest[: len(rest) - len(rest.lstrip(" "))]
            self._press(key)
        assert self.editor.text == self.world.text

    def _press(self, key: str) -> None:
        self.world.typed += key
        self.record.typed += len(key)
        shown = len(self.editor.shown)
        self.editor.insert(key)
        assert len(self.editor.shown) == shown
        self.key_at = self._loop.time()

    async def _pause(self, gap: float) -> bool:
        """Wait for the next key; whether a suggestion was accepted instead of it."""
        began = self._loop.time()
        end = began + gap
        long = gap >= PAUSE
        # Nothing that is reckoned would mean anything.
        assert not self.editor.errors, self.editor.errors[0]
        seen_right = False
        first: float | None = None
        while (now := self._loop.time()) < end:
            self._account_for_shown()
            right = self.is_right(self.editor.visible)
            seen_right = seen_right or right
            if self.editor.visible and first is None:
                first = max(0.0, self.editor.visible_since - began)
            if right and self._likes():
                ready = max(self.editor.visible_since, began) + self.typist.reaction()
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
        self.world.typed += text
        self.record.accepted += len(text)
        self.editor.accept()

    def _reckon(self, long: bool, first: float | None, seen_right: bool) -> None:
        if long and (first is not None or self.editor.asks_here):
            self.record.waits.append(math.inf if first is None else first)
            self.record.right_in_pause += seen_right

    def _account_for_shown(self) -> None:
        if self.editor.shown and self.editor.shown[-1] == self.editor.visible:
            if self._accounted == len(self.editor.shown):
                return
            self._accounted = len(self.editor.shown)
            truth = self.world.left
            same = sum(1 for _ in _common(self.editor.visible, truth))
            self.record.wrong_characters += len(self.editor.visible) - same

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
        """Drawn once for each end of a suggestion: typing along doesn't change one's mind."""
        place = (self.world.edit.number, len(self.world.typed) + len(self.editor.visible))
        if place not in self._liked:
            self._liked[place] = self.typist.likes(self.editor.visible)
        return self._liked[place]


def _common(one: str, other: str) -> Sequence[str]:
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return one[:count]


async def run(
    policy: str,
    make: Callable[[Engine], Any],
    editor_class: type[Editor],
    profile: Profile,
    *,
    right: float,
    count: int,
    seed: str,
    windows: int = 1,
    closing: bool | None = None,
) -> Figures:
    world = World(right, seed)
    engine = SimulatedEngine(profile, world.continuation)
    opened = [_open(editor_class, make(engine), closing) for _ in range(windows)]
    session = Session(world, opened[0], Typist(seed), engine.account.arrive)
    turns = cycle(opened)
    for source in sorted(SOURCES.glob("*.txt")):
        for edit in edits(source.read_text("utf-8"), count, f"{seed} {source.name}"):
            world.edit, world.typed = edit, ""
            session.turn_to(next(turns))
            await session.type()
    for editor in opened:
        await editor.server.completer.aclose()
    await engine.aclose()
    # Requests that the editor still waits for.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    return _figures(policy, editor_class.name, profile.name, session, engine)


def _open(editor_class: type[Editor], completer: Any, closing: bool | None) -> Editor:
    """An editor with a server of its own."""
    server = Server()
    server.completer = completer
    editor = editor_class(server, closes=closing)
    editor.start({"engine": "ollama"})
    return editor


def _figures(
    policy: str, editor: str, profile: str, session: Session, engine: SimulatedEngine
) -> Figures:
    record, account = session.record, engine.account
    total = record.typed + record.accepted
    waits = sorted(record.waits)
    shown = session.shown
    shown_tokens = sum(len(text) for text in shown) / 3.6
    return Figures(
        policy=policy,
        editor=editor,
        profile=profile,
        p50=waits[len(waits) // 2],
        p95=waits[int(len(waits) * 0.95)],
        right_in_pause=record.right_in_pause / len(waits),
        saved_per_100=100 * record.accepted / total,
        calls_per_100=100 * account.calls / total,
        read_per_shown=account.read / max(1, len(shown)),
        cached_share=account.cached_here / max(1, account.asked_here),
        thrown_away=max(0, round(account.written - shown_tokens)),
        busy_per_saved=account.busy / max(1, record.accepted),
        wrong_per_1000=1000 * record.wrong_characters / max(1, record.typed),
        waits=tuple(waits),
    )


def everything(
    policies: Sequence[str],
    *,
    right: float,
    count: int,
    seed: str,
    editors: Sequence[str] = (),
    profiles: Sequence[str] = (),
    windows: int = 1,
    closing: bool | None = None,
) -> list[Figures]:
    """``closing``: whether editors close brackets and quotes; as each does by default if None."""
    found = []
    makers: dict[str, Callable[[Engine], Any]] = {OURS: _ours}
    for policy in POLICIES:
        makers[policy.name] = partial(Peer, policy)
    for profile in PROFILES:
        for editor in ALL_EDITORS if editors else EDITORS:
            for name, make in makers.items():
                if (
                    (policies and name not in policies)
                    or (editors and editor.name not in editors)
                    or (profiles and profile.name not in profiles)
                ):
                    continue
                loop = looptime.new_event_loop(start=0)
                one = run(
                    name,
                    make,
                    editor,
                    profile,
                    right=right,
                    count=count,
                    seed=seed,
                    windows=windows,
                    closing=closing,
                )
                found.append(loop.run_until_complete(one))
                loop.close()
    return found


def _ours(engine: Engine) -> Completer:
    async def connect(_: Settings) -> Engine:
        return engine

    return Completer(connect, Settings(headers={}, engine="ollama"))


COLUMNS: Final[tuple[tuple[str, Callable[[Figures], str]], ...]] = (
    ("p50 s", lambda f: _seconds(f.p50)),
    ("p95 s", lambda f: _seconds(f.p95)),
    ("right in pause", lambda f: f"{f.right_in_pause:.0%}"),
    ("saved/100", lambda f: f"{f.saved_per_100:.1f}"),
    ("calls/100", lambda f: f"{f.calls_per_100:.1f}"),
    ("read/shown", lambda f: f"{f.read_per_shown:.0f}"),
    ("cached", lambda f: f"{f.cached_share:.0%}"),
    ("thrown away", lambda f: f"{f.thrown_away}"),
    ("busy s/saved", lambda f: f"{f.busy_per_saved:.3f}"),
    ("wrong/1000", lambda f: f"{f.wrong_per_1000:.0f}"),
)


def _seconds(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:.2f}"


def table(figures: Sequence[Figures]) -> str:
    lines = []
    group = ("", "")
    for one in figures:
        if (one.profile, one.editor) != group:
            group = (one.profile, one.editor)
            lines.append(f"\n{one.profile}, {one.editor}")
            lines.append(" " * 14 + "".join(f"{name:>15}" for name, _ in COLUMNS))
        lines.append(f"  {one.policy:12}" + "".join(f"{show(one):>15}" for _, show in COLUMNS))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--right", type=float, default=0.8, help="share of lines that are right")
    parser.add_argument("--edits", type=int, default=3, help="blocks typed in each file")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--windows", type=int, default=1, help="editors that share the engine")
    parser.add_argument(
        "--closing",
        action=argparse.BooleanOptionalAction,
        help="editors close brackets and quotes; VS Code and Helix do if not given",
    )
    parser.add_argument("--policy", action="append", default=[])
    parser.add_argument("--editor", action="append", default=[])
    parser.add_argument("--profile", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--levers", action="store_true", help="ours, each lever off by itself")
    parser.add_argument("--plot", metavar="FILE", help="draw one profile and editor as SVG")
    options = parser.parse_args()
    if options.levers:
        for name, off in LEVERS.items():
            with off():
                found = everything(
                    [OURS],
                    right=options.right,
                    count=options.edits,
                    seed=options.seed,
                    editors=options.editor,
                    profiles=options.profile,
                    closing=options.closing,
                )
            without = "with all" if name == "all" else f"without {name}"
            print(f"\n=== {without}{table(found)}")
        return
    figures = everything(
        options.policy,
        right=options.right,
        count=options.edits,
        seed=options.seed,
        editors=options.editor,
        profiles=options.profile,
        windows=options.windows,
        closing=options.closing,
    )
    if options.plot:
        Path(options.plot).write_text(plot(figures), "utf-8")
    if options.json:
        print(json.dumps([asdict(one) for one in figures], indent=1))
    else:
        print(table(figures))


if __name__ == "__main__":
    main()
