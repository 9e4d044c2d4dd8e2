"""`make bench`: what infill-ls itself adds to a keystroke, beside an empty pygls server.

Both are real processes spoken to over stdio, and take turns in one run, so that what else the
machine does falls on both. A round is one keystroke in the middle of a file of 10,000 lines: a
change, then a request for an inline completion; timed from the change to the answer. infill-ls
answers from memory here (the simulated Ollama is asked once, before the clock runs), so the
figures have no engine's time in them. A start is timed from the start of the process to the
answer to initialize.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Final

from fake_ollama import FakeOllama
from lsp_client import URI, LspClient

LINES: Final = 10_000
COMMANDS: Final = {
    "empty pygls server": (sys.executable, str(Path(__file__).parent / "empty_server.py")),
    "infill-ls": (sys.executable, "-m", "infill_ls", "serve"),
}
FILL: Final = "value for value in values"


async def start(name: str, ollama: FakeOllama) -> tuple[LspClient, float]:
    """A server that has answered initialize, and the milliseconds that it took."""
    started = time.perf_counter()
    client = await LspClient.start(
        command=COMMANDS[name],
        # Compiled modules are kept, as they are for users.
        environment={"OLLAMA_HOST": ollama.url, "PYTHONDONTWRITEBYTECODE": ""},
        stderr=asyncio.subprocess.DEVNULL,
    )
    await client.initialize(options={"debounceMs": 0})
    return client, (time.perf_counter() - started) * 1000


async def starts(ollama: FakeOllama, count: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(count):
        for name in COMMANDS:
            client, took = await start(name, ollama)
            times[name].append(took)
            await client.stop()
    return times


async def keystrokes(ollama: FakeOllama, count: int) -> dict[str, list[float]]:
    lines = [f"line_{number} = [other for other in others]\n" for number in range(LINES)]
    middle = LINES // 2
    lines[middle] = "here = []\n"
    column = len("here = [")
    ollama.fill = FILL
    clients = {name: (await start(name, ollama))[0] for name in COMMANDS}
    for client in clients.values():
        client.open("".join(lines))
        await client.ask(middle, column)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(count):
        typed = number % 2 == 0
        for name, client in clients.items():
            started = time.perf_counter()
            change(client, middle, column, FILL[0] if typed else "", number + 2)
            answer = await client.ask(middle, column + typed)
            times[name].append((time.perf_counter() - started) * 1000)
            if name == "infill-ls":
                # An answer that is wrong is not worth timing.
                assert answer["items"][0]["insertText"] == FILL[typed:]
    assert len(ollama.generations) == 1
    for client in clients.values():
        await client.stop()
    return times


def change(client: LspClient, line: int, column: int, text: str, version: int) -> None:
    """Type a character, or take back the one that was typed."""
    begin = {"line": line, "character": column}
    end = {"line": line, "character": column if text else column + 1}
    client.notify(
        "textDocument/didChange",
        {
            "textDocument": {"uri": URI, "version": version},
            "contentChanges": [{"range": {"start": begin, "end": end}, "text": text}],
        },
    )


def summary(times: list[float]) -> dict[str, float]:
    percentiles = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50_ms": round(percentiles[49], 2), "p99_ms": round(percentiles[98], 2)}


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keystrokes", type=int, default=2000)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    async with FakeOllama() as ollama:
        measured = {
            f"keystroke in {LINES:,} lines": await keystrokes(ollama, options.keystrokes),
            "start to initialize": await starts(ollama, options.starts),
        }
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    report: dict[str, Any] = {
        "machine": f"{machine}, Python {platform.python_version()}",
        **{
            what: {name: summary(times) for name, times in by_server.items()}
            for what, by_server in measured.items()
        },
    }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(report["machine"])
    for what in measured:
        print(f"\n{what}")
        for name, figures in report[what].items():
            print(f"  {name:20} p50 {figures['p50_ms']:8.2f} ms   p99 {figures['p99_ms']:8.2f} ms")


if __name__ == "__main__":
    asyncio.run(main())
