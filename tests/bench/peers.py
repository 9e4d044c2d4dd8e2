"""How others decide when to ask and what for: small policies after their described behaviour.

They get our own trim, so that only the policy differs, and the same engine, whose calls are
closed as each of them does it. Constants as in their sources (llm.nvim and llm-ls 2026-04,
llama.vim 2026-01, Continue 2026-06, tabby-agent 2026-06).
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final

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


@dataclass(frozen=True)
class Policy:
    """``debounce`` in s for the gaps between keys so far; ``prefix`` and ``suffix`` in characters.

    ``streams``: the fill is shown when it is complete; others wait for the whole generation.
    ``write_limit``: s after which the engine stops writing. ``waits``: a new request waits for
    the call that runs; others close it. ``reuses``: a call that agrees with what was typed since
    goes on. ``type_through``: characters of a known fill that may have been typed since.
    ``speculates``: what comes after a shown fill is asked for at once.
    """

    name: str
    debounce: Callable[[list[float]], float]
    prefix: int
    suffix: int
    max_tokens: int
    streams: bool = True
    write_limit: float | None = None
    waits: bool = False
    reuses: bool = False
    type_through: int = 0
    speculates: bool = False


def _adaptive(gaps: list[float]) -> float:
    known = [gap for gap in gaps[-100:] if gap < 0.4]
    base = min(0.4, max(0.1, statistics.fmean(known))) if len(known) >= 20 else 0.2
    return min(1.0, max(0.1, base * 2))


POLICIES: Final = (
    # 1,024 tokens, sliding; one answer when it is whole.
    Policy("llm.nvim", lambda _: 0.150, 2300, 760, max_tokens=60, streams=False),
    # 256 lines before and 64 after; 250 ms of writing for what is shown.
    Policy(
        "llama.vim",
        lambda _: 0.0,
        256 * 36,
        64 * 36,
        max_tokens=128,
        streams=False,
        write_limit=0.25,
        waits=True,
        type_through=128,
        speculates=True,
    ),
    # 1,024 tokens, 30 % of them before the cursor and up to 20 % after it.
    Policy("Continue", lambda _: 0.350, 2450, 600, max_tokens=128, reuses=True, type_through=128),
    # 20 lines before and after.
    Policy("tabby-agent", _adaptive, 20 * 36, 20 * 36, max_tokens=64, type_through=50),
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
        self._gaps: list[float] = []
        self._last_key = 0.0
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
        client: str = "",
        manual: bool = False,
    ) -> Answer:
        now = asyncio.get_running_loop().time()
        self._gaps.append(now - self._last_key)
        self._last_key = now
        self._newest += 1
        number = self._newest
        hole = _without_range(hole)
        if hole.mid_word:
            return Answer("mid word")
        if (known := self._known(uri, hole)) is not None:
            return self._answer("recalled", uri, hole, known)
        if not (self._policy.waits or self._agrees(hole)):
            self._close()
        await asyncio.sleep(self._policy.debounce(self._gaps))
        if number != self._newest:
            return Answer("superseded")
        running = self._task
        if running is not None and not running.done():
            await asyncio.wait({running})
            if number != self._newest:
                return Answer("superseded")
            if (known := self._known(uri, hole)) is not None:
                return self._answer("fill", uri, hole, known)
        fill = await self._ask(uri, hole)
        if number != self._newest or fill is None:
            return Answer("superseded")
        if fill and self._policy.speculates:
            self._speculate(uri, hole.after(fill))
        return self._answer("fill", uri, hole, fill)

    def _answer(self, reason: Reason, uri: str, hole: Hole, fill: str) -> Answer:
        """What is shown is what the policy gave, as it is."""
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

    async def _ask(self, uri: str, hole: Hole) -> str | None:
        task = asyncio.create_task(self._generate(uri, hole))
        self._task, self._asked, self._raw = task, hole, ""
        # A request that the editor cancels ends its call, but where calls are not closed.
        await asyncio.wait({task})
        return None if task.cancelled() else task.result()

    async def _generate(self, uri: str, hole: Hole) -> str:
        assert _FAMILY is not None
        prefix, suffix = hole.prefix[-self._policy.prefix :], hole.suffix[: self._policy.suffix]
        request = Request(
            prompt=prompt.render(_TEMPLATE, prefix, suffix),
            suffix=None,
            raw=True,
            stop=_FAMILY.stop,
            control=_FAMILY.control,
            max_tokens=self._policy.max_tokens,
            temperature=0.2,
        )
        loop = asyncio.get_running_loop()
        shape, control = policy.shape(hole, "auto"), _FAMILY.control
        raw, over = "", False
        first: float | None = None
        async with aclosing(self._engine.generate(request)) as chunks:
            async for chunk in chunks:
                first = first or loop.time()
                raw += chunk.text
                self._raw = raw
                over = chunk.stop_reason is not None
                complete = trim(raw, hole, shape, control, over=over).complete
                late = self._policy.write_limit and loop.time() - first >= self._policy.write_limit
                if late or (complete and self._policy.streams):
                    break
        fill = trim(raw, hole, shape, control).text
        self._recall.remember(uri, hole, fill)
        return fill

    def _speculate(self, uri: str, hole: Hole) -> None:
        if self._known(uri, hole) is None:
            task = asyncio.create_task(self._ask(uri, hole))
            self._background.add(task)
            task.add_done_callback(self._background.discard)
