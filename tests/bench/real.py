"""`make bench-real`: the same typist at real speed, with the embedded engine and real weights.

A file of 300 lines is typed into, once with infill-ls and once with a fixed window and debounce
(1,024 tokens in the documented order, 150 ms), in one run and with the same keys. What the model
writes is what it writes; so the suggestions are seldom what is being typed, and few are accepted.
"""

from __future__ import annotations

import argparse
import asyncio
import math

from bench.editors import EDITORS
from bench.peers import POLICIES, Peer
from bench.replay import OURS, Session
from bench.world import SOURCES, Typist, World, edits
from infill_ls import weights
from infill_ls.completer import Completer
from infill_ls.engines import Engine
from infill_ls.engines.embedded import Embedded
from infill_ls.lsp import Server
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--editor", default="Neovim")
    parser.add_argument("--seed", default="1")
    options = parser.parse_args()
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
