"""How others decide when to ask and what for: small policies after their described behaviour.

They get our own trim, so that only the policy differs, and the same engine, whose calls are
closed as each of them does it. Constants as in their sources (llm.nvim and llm-ls 2026-04,
llama.vim 2026-01, Continue 2026-06, tabby-agent 2026-06).
"""

from __future__ import annotations

import asyncio
import math
import statistics
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import zip_longest
from types import SimpleNamespace
from typing import Any, Final

from bench.world import pieces
from infill_ls.completion import policy
from infill_ls.completion.answer import Answer, Reason
from infill_ls.completion.offers import Offers
from infill_ls.completion.recall import Recall
from infill_ls.engines.engine import Engine
from infill_ls.errors import NotRunning
from infill_ls.prompt import build as prompt
from infill_ls.prompt import families
from infill_ls.prompt.build import Request
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole
from infill_ls.trim import trim

_FAMILY: Final = families.find("qwen2.5-coder:1.5b")
# As in the model's card and in Ollama's template.
_TEMPLATE: Final = "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>"


# What a policy shows the model: before the cursor, after it, and of the cursor's line behind that.
Window = tuple[str, str, str]


@dataclass(frozen=True)
class Moment:
    """What a policy knows when it decides how long to wait. Times in s.

    ``gaps``: between keys so far. ``answers``: how long the last calls took. ``before`` and
    ``after``: the text around the cursor.
    """

    gaps: Sequence[float]
    answers: Sequence[float]
    before: str
    after: str


@dataclass(frozen=True)
class Policy:
    """``debounce`` in s. ``window``: what of the text around the cursor the model is shown.

    ``streams``: the fill is shown when it is complete; others wait for the whole generation.
    ``until_line``: s of writing after which the engine stops at the next line end; what is asked
    for in advance gets ``until_line_ahead``. ``cut``: s after which the call is closed and what
    came is shown, looked at at every so many pieces. ``waits``: a new request waits for the call
    that runs, and looks again so many s later; others close it. ``throttle``: s between two calls.
    ``reuses``: a call that agrees with what was typed since goes on. ``type_through``: characters
    of a known fill that may have been typed since. ``speculates``: what comes after a shown fill is
    asked for at once. ``at_key``: in Neovim it has hooks of its own, and asks at every key.
    ``right_of_cursor``: characters that may stand right of the cursor. ``reuse``: its server's
    ``--cache-reuse``.
    """

    name: str
    debounce: Callable[[Moment], float]
    window: Callable[[Hole], Window]
    max_tokens: int
    streams: bool = True
    until_line: float | None = None
    until_line_ahead: float | None = None
    cut: tuple[float, int] | None = None
    waits: float | None = None
    throttle: float = 0.0
    reuses: bool = False
    type_through: int = 0
    speculates: bool = False
    at_key: bool = True
    right_of_cursor: int | None = None
    reuse: int = 0


def _lines(text: str, count: int, *, last: bool = False) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[-count:] if last else lines[:count])


def _llm_ls(hole: Hole) -> Window:
    """1,024 tokens, for which it takes bytes if no tokenizer is set (the default), three of them
    for control tokens: whole lines above and below in turn, the cursor's first.
    """
    above = hole.prefix.splitlines(keepends=True)[::-1]
    below = hole.suffix.splitlines(keepends=True)
    room = 1024 - 3
    before, after = "", ""
    for up, down in zip_longest(above, below, fillvalue=""):
        for line in (up, down):
            room -= len(line.encode())
            if room < 0:
                return before, after, ""
            if line is up:
                before = up + before
            else:
                after += down
    return before, after, ""


def _llama_vim(hole: Hole) -> Window:
    """256 lines above and 64 below, of which llama-server takes three quarters of a batch before
    and a quarter after the cursor, in tokens; 1,024 are a batch in the presets for such plugins.
    The cursor's line comes behind it all.
    """
    above, _, line = hole.prefix.rpartition("\n")
    above = _lines(above + "\n", 256, last=True) if hole.prefix != line else ""
    taken = pieces(line)
    before = pieces(above)[-768:]
    after = pieces(_lines(hole.suffix, 65))[: max(0, 256 - 2 - len(taken))]
    return "".join(before), "".join(after), line


def _continue(hole: Hole) -> Window:
    """Of 1,024 tokens 30 % before the cursor and 20 % after it, in whole lines."""
    before, after = hole.prefix, hole.suffix
    while len(pieces(before)) > 307 and "\n" in before:
        before = before.partition("\n")[2]
    while len(pieces(after)) > 204 and "\n" in after:
        after = after.rpartition("\n")[0]
    return before, after, ""


def _adaptive(now: Moment) -> float:
    """tabby-agent's: the longer, the less the place looks like one where somebody waits."""
    known = [gap for gap in now.gaps[-100:] if gap < 0.4]
    base = min(0.4, max(0.1, statistics.fmean(known))) if len(known) >= 20 else 0.2
    line_ends = not now.after or now.after[0] == "\n"
    score = 0.5 * (not now.before[-1:].isalnum()) + 0.4 * line_ends + 0.1 * (not now.after.strip())
    response = statistics.fmean(now.answers[-10:]) if now.answers else 0.0
    return min(1.0, max(0.1, base * (3.0 - 1.5 * score) - response))


POLICIES: Final = (
    Policy("llm.nvim", lambda _: 0.150, _llm_ls, max_tokens=60, streams=False),
    # 250 ms of writing for what is shown, 1,000 for what is asked for in advance.
    Policy(
        "llama.vim",
        lambda _: 0.0,
        _llama_vim,
        max_tokens=128,
        streams=False,
        until_line=0.25,
        until_line_ahead=1.0,
        waits=0.1,
        type_through=128,
        speculates=True,
        right_of_cursor=8,
        reuse=256,
    ),
    # Stopped after 2.5 times its 150 ms, looked at at every tenth piece.
    Policy(
        "Continue",
        lambda _: 0.350,
        _continue,
        max_tokens=128,
        cut=(0.375, 10),
        reuses=True,
        type_through=128,
    ),
    # 20 lines before and after; its server answers when all is written.
    Policy(
        "tabby-agent",
        _adaptive,
        lambda hole: (_lines(hole.prefix, 20, last=True), _lines(hole.suffix, 20), ""),
        max_tokens=64,
        streams=False,
        type_through=50,
    ),
    # As its page recommends for models on one's own machine: 512 characters, three quarters of them
    # before the cursor, and 56 tokens. After 3 s what has come is shown.
    Policy(
        "minuet",
        lambda _: 0.4,
        lambda hole: (hole.prefix[-384:], hole.suffix[:128], ""),
        max_tokens=56,
        streams=False,
        cut=(3.0, 1),
        throttle=1.0,
        type_through=128,
    ),
)


def _without_range(hole: Hole) -> Hole:
    """The hole for who puts in at the cursor what the model writes, before all that stands there.

    What an editor has closed right of the cursor is text as any other.
    """
    return replace(hole, suffix=hole.right, closers="", opens_line=False)


class Peer:
    """Stands in the completer's place in the server."""

    def __init__(self, policy: Policy, engine: Engine) -> None:
        self.settings = Settings()
        self.source = (policy.name, "")  # as a connection has it
        self._policy = policy
        self._engine = engine
        self._recall = Recall()
        self.offers = Offers()
        self.showing = SimpleNamespace()  # what the server sets there counts for nothing here
        self._gaps: list[float] = []
        self._answers: list[float] = []
        self._last_key = 0.0
        self._last_call = -math.inf
        self._newest = 0
        self._task: asyncio.Task[str | None] | None = None
        self._asked: Hole | None = None
        self._raw = ""
        self._background: set[asyncio.Task[Any]] = set()

    async def complete(
        self,
        uri: str,
        hole: Hole,
        *,
        manual: bool = False,
        **_: Any,
    ) -> Answer:
        now = asyncio.get_running_loop().time()
        self._gaps.append(now - self._last_key)
        self._last_key = now
        self._newest += 1
        number = self._newest
        hole = _without_range(hole)
        most = self._policy.right_of_cursor
        if hole.mid_word or (most is not None and len(hole.rest_of_line) > most):
            return Answer("mid word")
        if (known := self._known(uri, hole)) is not None:
            return self._answer("recalled", uri, hole, known)
        if self._policy.waits is None and not self._agrees(hole):
            self._close()
        moment = Moment(self._gaps, self._answers, hole.prefix[-1:], hole.suffix)
        await asyncio.sleep(
            max(self._policy.debounce(moment), self._last_call + self._policy.throttle - now)
        )
        if number != self._newest:
            return Answer("superseded")
        while self._task is not None and not self._task.done():
            looks = asyncio.get_running_loop().time() + (self._policy.waits or 0.0)
            await asyncio.wait({self._task}, timeout=self._policy.waits)
            if number == self._newest and (known := self._known(uri, hole)) is not None:
                return self._answer("fill", uri, hole, known)
            await asyncio.sleep(looks - asyncio.get_running_loop().time())
            if number != self._newest:
                return Answer("superseded")
        fill = await self._ask(uri, hole)
        if number != self._newest or fill is None:
            return Answer("superseded")
        return self._answer("fill", uri, hole, fill)

    def _answer(self, reason: Reason, uri: str, hole: Hole, fill: str) -> Answer:
        """What is shown is what the policy gave, as it is."""
        if fill and self._policy.speculates:
            self._speculate(uri, hole.after(fill))
        offers = self.offers.make(uri, hole, [fill] if fill else [])
        return Answer(reason if fill else "nothing", offers)

    def use(self, uri: str, rules: Any) -> None:
        """None of them has settings for each document."""

    def close_document(self, uri: str) -> None:
        self._close()

    def document_changed(self, *_: Any) -> None:
        """None of them looks at changes by themselves."""

    @property
    def connection(self) -> Peer:
        """The server has it got ready."""
        return self

    async def ready(self, *, ahead: bool = False) -> Engine:
        raise NotRunning("It is the peer's own.")

    async def warm(self) -> None:
        """The engine is there already."""

    async def reconfigure(self, settings: Any) -> bool:
        self.settings = settings
        return False

    async def aclose(self) -> None:
        self._close()

    def _known(self, uri: str, hole: Hole) -> str | None:
        if not self._policy.type_through:
            return None
        return self._recall.find(uri, hole)

    def _agrees(self, hole: Hole) -> bool:
        """Whether the call that runs is still on what was typed since it began."""
        if not self._policy.reuses or self._asked is None or hole.suffix != self._asked.suffix:
            return False
        return (self._asked.prefix + self._raw).startswith(hole.prefix)

    def _close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _ask(self, uri: str, hole: Hole, *, ahead: bool = False) -> str | None:
        loop = asyncio.get_running_loop()
        self._last_call = asked = loop.time()
        task = asyncio.create_task(self._generate(uri, hole, ahead=ahead))
        self._task, self._asked, self._raw = task, hole, ""
        # A request that the editor cancels ends its call, but where calls are not closed.
        await asyncio.wait({task})
        if task.cancelled():
            return None
        self._answers.append(loop.time() - asked)
        return task.result()

    async def _generate(self, uri: str, hole: Hole, *, ahead: bool) -> str:
        assert _FAMILY is not None
        before, after, line = self._policy.window(hole)
        request = Request(
            prompt=prompt.render(_TEMPLATE, before, after) + line,
            suffix=None,
            raw=True,
            stop=_FAMILY.stop,
            control=_FAMILY.control,
            max_tokens=self._policy.max_tokens,
            temperature=0.2,
        )
        shape, control = policy.shape(hole, "auto"), _FAMILY.control
        ends = _Ends(self._policy, ahead=ahead)
        raw, over = "", False
        async with aclosing(self._engine.generate(request)) as chunks:
            async for chunk in chunks:
                raw += chunk.text
                self._raw = raw
                over = chunk.stop_reason is not None
                if ends.after(chunk.text) or (
                    self._policy.streams and trim(raw, hole, shape, control, over=over).complete
                ):
                    break
        fill = trim(raw, hole, shape, control).text
        self._recall.remember(uri, hole, fill)
        return fill

    def _speculate(self, uri: str, hole: Hole) -> None:
        if self._known(uri, hole) is None and (self._task is None or self._task.done()):
            task = asyncio.create_task(self._ask(uri, hole, ahead=True))
            self._background.add(task)
            task.add_done_callback(self._background.discard)


class _Ends:
    """When a policy has the engine stop, but for the end of the fill."""

    def __init__(self, of: Policy, *, ahead: bool) -> None:
        self._cut = of.cut
        self._until_line = of.until_line_ahead if ahead else of.until_line
        self._loop = asyncio.get_running_loop()
        self._asked = self._loop.time()
        self._first: float | None = None
        self._count = 0

    def after(self, piece: str) -> bool:
        """Whether this piece is the last."""
        now = self._loop.time()
        self._first = now if self._first is None else self._first
        self._count += 1
        if self._until_line is not None and "\n" in piece:
            return now - self._first >= self._until_line
        if self._cut is not None and not self._count % self._cut[1]:
            return now - self._asked >= self._cut[0]
        return False
