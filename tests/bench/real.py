"""`make bench-real`: the same typist at real speed, with the embedded engine and real weights.

A file of 300 lines is typed into, once with infill-ls and once with a fixed window and debounce
(1,024 tokens in the documented order, 150 ms), in one run and with the same keys. What the model
writes is what it writes; so the suggestions are seldom what is being typed, and few are accepted.

With ``--rates`` three files are visited in turn, and what is learnt of the engine's reading stands
beside what it reads of prompts that it has never seen.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import time
from contextlib import aclosing

from bench.desk import Desk
from bench.editors import EDITORS
from bench.peers import POLICIES, Peer
from bench.replay import OURS
from bench.session import Session
from bench.world import SOURCES, World, edits
from infill_ls.bench.typist import Typist
from infill_ls.completion.completer import Completer
from infill_ls.engines.embedded import weights
from infill_ls.engines.embedded.engine import Embedded
from infill_ls.engines.engine import Engine
from infill_ls.engines.rates import context_tokens
from infill_ls.lsp.server import Server
from infill_ls.prompt.build import Request
from infill_ls.settings import Settings

FILE = "weights.py.txt"


async def type_along(policy: str, editor_name: str, blocks: int, seed: str) -> Session:
    engine = Embedded(weights.DEFAULT, weights.ready(weights.DEFAULT))
    await engine.load()

    async def connect(_: Settings) -> Engine:
        return engine

    server = Server({"engine": "embedded"})
    if policy == OURS:
        server.completer = Completer(connect, Settings(headers={}, engine="embedded"))
    else:
        peer = next(one for one in POLICIES if one.name == policy)
        server.completer = Peer(peer, engine)  # type: ignore[assignment]
    editor_class = next(one for one in EDITORS if one.name == editor_name)
    editor = editor_class(server)
    editor.start({"engine": "embedded"})
    world = World(1.0, seed)
    session = Session(world, editor, Typist(seed))
    for edit in edits((SOURCES / FILE).read_text("utf-8"), blocks, seed):
        world.edit, world.typed = edit, ""
        await session.type()
    await server.completer.aclose()
    await engine.aclose()
    return session


async def visit_in_turn(visits: int) -> None:
    """Print after each visit what is learnt, and at the end what the engine really reads."""
    engine = Embedded(weights.DEFAULT, weights.ready(weights.DEFAULT))
    await engine.load()

    async def connect(_: Settings) -> Engine:
        return engine

    completer = Completer(connect, Settings(headers={}, engine="embedded"))
    desk = Desk(completer, pause=3.0)
    print(f"{'visit':>6}{'file':>6}{'answer after s':>16}{'reads tokens/s':>16}{'budget':>8}")
    for visit in range(visits):
        began = time.monotonic()
        await desk.visit(visit % len(desk.lines))
        took = time.monotonic() - began - desk.pause
        learnt = completer.connection.rates.read
        shown = "-" if learnt is None else f"{learnt:.0f}"
        budget = context_tokens("auto", completer.connection.rates)
        row = f"{visit + 1:>6}{visit % len(desk.lines) + 1:>6}{took:>16.1f}{shown:>16}{budget:>8}"
        print(row, flush=True)
    found = [await _read_anew(engine, f"# {number}\n") for number in range(3)]
    print("really: " + ", ".join(f"{rate:.0f}" for rate in found) + " tokens/s")
    await completer.aclose()


async def _read_anew(engine: Engine, start: str) -> float:
    """Tokens/s of a prompt of some 700 tokens that begins as none before it."""
    text = start + (SOURCES / FILE).read_text("utf-8")[:2500]
    request = Request(text, None, True, (), (), max_tokens=1, temperature=0.0)
    began = time.monotonic()
    async with aclosing(engine.generate(request)) as chunks:
        async for chunk in chunks:
            usage = chunk.usage
            assert usage is not None
            assert usage.prompt_tokens is not None
            read = usage.prompt_tokens - (usage.cached_tokens or 0)
            return read / (time.monotonic() - began)
    raise AssertionError("The engine has written nothing.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--editor", default="Neovim")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--rates", action="store_true", help="three files in turn")
    parser.add_argument("--visits", type=int, default=12)
    options = parser.parse_args()
    if options.rates:
        asyncio.run(visit_in_turn(options.visits))
        return
    print(f"{'':12}{'p50 s':>8}{'p95 s':>8}{'pauses':>8}{'with one':>10}{'accepted':>10}")
    for policy in (OURS, "llm.nvim"):
        session = asyncio.run(type_along(policy, options.editor, options.blocks, options.seed))
        waits = sorted(session.record.waits)
        shown = [wait for wait in waits if not math.isinf(wait)]
        p50, p95 = waits[len(waits) // 2], waits[int(len(waits) * 0.95)]
        print(
            f"{policy:12}{_seconds(p50):>8}{_seconds(p95):>8}{len(waits):>8}{len(shown):>10}"
            f"{session.record.accepted:>10}",
            flush=True,
        )


def _seconds(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:.2f}"


if __name__ == "__main__":
    main()
