"""`make bench`: what infill-ls itself adds to a keystroke, beside an empty pygls server.

Both are real processes spoken to over stdio, and take turns in one run, so that what else the
machine does falls on both. A round is one keystroke in the middle of a file: a change, then a
request for an inline completion; timed from the change to the answer. infill-ls answers from
memory here (the simulated Ollama is asked before the clock runs), so the figures have no engine's
time in them. A start is timed from the start of the process to the answer to initialize.
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
from functools import partial
from pathlib import Path
from typing import Any, Final

from fake_ollama import FakeOllama
from lsp_client import URI, LspClient

# Lines of the files that are typed in; 0 is one line of 500 KB.
FILES: Final = {"100 lines": 100, "10,000 lines": 10_000, "100,000 lines": 100_000, "one line": 0}
COMMANDS: Final = {
    "empty pygls server": (sys.executable, str(Path(__file__).parent / "empty_server.py")),
    "infill-ls": (sys.executable, "-m", "infill_ls", "serve"),
}
FILL: Final = "value for value in values"
# Cells of a notebook, of ten lines each: as much as in a file of 11,000 lines.
CELLS: Final = 1_000
NOTEBOOK: Final = "file:///project/notebook.ipynb"


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


def text_of(lines: int) -> tuple[str, int, int]:
    """A file of so many lines, 0 for one of 500 KB; line and column of a hole in its middle."""
    if not lines:
        half = "var a=1;" * 32_000
        return f"{half}here = [];{half}", 0, len(half) + len("here = [")
    written = [f"line_{number} = [other for other in others]\n" for number in range(lines)]
    written[lines // 2] = "here = []\n"
    return "".join(written), lines // 2, len("here = [")


async def keystrokes(ollama: FakeOllama, count: int, lines: int) -> dict[str, list[float]]:
    text, line, column = text_of(lines)
    ollama.fill = FILL
    clients = {name: (await start(name, ollama))[0] for name in COMMANDS}
    for client in clients.values():
        client.open(text)
        await client.ask(line, column)
    # What comes after the fill is asked for by itself: once, and once more as it stands if what is
    # left to the model, the fill's last word, comes otherwise.
    calls = len(ollama.generations)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(count):
        typed = number % 2 == 0
        for name, client in clients.items():
            started = time.perf_counter()
            change(client, line, column, FILL[0] if typed else "", number + 2)
            answer = await client.ask(line, column + typed)
            times[name].append((time.perf_counter() - started) * 1000)
            if name == "infill-ls":
                # An answer that is wrong is not worth timing.
                assert answer["items"][0]["insertText"] == FILL[typed:]
    assert len(ollama.generations) <= calls + 2
    for client in clients.values():
        await client.stop()
    return times


async def keystrokes_in_a_notebook(ollama: FakeOllama, count: int) -> dict[str, list[float]]:
    """As :func:`keystrokes`, in the middle cell of a notebook; pygls has none for its servers."""
    ollama.fill = FILL
    client, _ = await start("infill-ls", ollama)
    cells = [f"{NOTEBOOK}#{number}" for number in range(CELLS)]
    here = cells[CELLS // 2]
    code = {cell: text_of(10)[0] if cell != here else "here = []" for cell in cells}
    items = [
        {"uri": cell, "languageId": "python", "version": 1, "text": text}
        for cell, text in code.items()
    ]
    about = {"uri": NOTEBOOK, "notebookType": "jupyter-notebook", "version": 1}
    made = {**about, "cells": [{"kind": 2, "document": cell} for cell in cells]}
    params = {"notebookDocument": made, "cellTextDocuments": items}
    client.notify("notebookDocument/didOpen", params)
    column = len("here = [")
    await client.ask(0, column, here)
    times = []
    for number in range(count):
        typed = number % 2 == 0
        started = time.perf_counter()
        changed = {
            "document": {"uri": here, "version": number + 2},
            "changes": [edit(0, column, FILL[0] if typed else "")],
        }
        params = {"notebookDocument": about, "change": {"cells": {"textContent": [changed]}}}
        client.notify("notebookDocument/didChange", params)
        answer = await client.ask(0, column + typed, here)
        times.append((time.perf_counter() - started) * 1000)
        assert answer["items"][0]["insertText"] == FILL[typed:]
    await client.stop()
    return {"infill-ls": times}


def _asked(ollama: FakeOllama, at_least: int) -> bool:
    return len(ollama.generations) >= at_least


async def disconnects(ollama: FakeOllama, count: int) -> list[float]:
    """From the key that makes a call useless to the engine's seeing its end."""
    client, _ = await start("infill-ls", ollama)
    client.open("".join(f"x_{number:02} = []\n" for number in range(100)))
    ollama.gate.clear()
    times = []
    client.ask(0, 8)
    for number in range(1, count + 1):
        await ollama.until(partial(_asked, ollama, number))
        call = ollama.generations[-1]
        started = time.perf_counter()
        client.ask(number % 100, 8)
        await call.ended.wait()
        times.append((time.perf_counter() - started) * 1000)
    ollama.gate.set()
    await client.kill()
    return times


async def memory(ollama: FakeOllama) -> dict[str, float]:
    """Resident memory in MB of a server that has answered once and idles."""
    megabytes = {}
    for name in COMMANDS:
        client, _ = await start(name, ollama)
        client.open("x = []\n" * 100)
        await client.ask(3, 5)
        status = Path(f"/proc/{client.process.pid}/status").read_text("utf-8")
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        megabytes[name] = round(int(resident.split()[1]) / 1024, 1)
        await client.stop()
    return megabytes


def edit(line: int, column: int, text: str) -> dict[str, Any]:
    """A character is typed, or the one that was typed taken back."""
    begin = {"line": line, "character": column}
    end = {"line": line, "character": column if text else column + 1}
    return {"range": {"start": begin, "end": end}, "text": text}


def change(client: LspClient, line: int, column: int, text: str, version: int) -> None:
    """Type a character, or take back the one that was typed."""
    about = {"uri": URI, "version": version}
    params = {"textDocument": about, "contentChanges": [edit(line, column, text)]}
    client.notify("textDocument/didChange", params)


def summary(times: list[float]) -> dict[str, float]:
    percentiles = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50_ms": round(percentiles[49], 2), "p99_ms": round(percentiles[98], 2)}


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keystrokes", type=int, default=600)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    async with FakeOllama() as ollama:
        measured = {
            f"keystroke, {name}": await keystrokes(ollama, options.keystrokes, lines)
            for name, lines in FILES.items()
        }
        in_a_notebook = await keystrokes_in_a_notebook(ollama, options.keystrokes)
        measured[f"keystroke, notebook of {CELLS:,} cells"] = in_a_notebook
        measured["start to initialize"] = await starts(ollama, options.starts)
        resident = await memory(ollama)
    async with FakeOllama() as ollama:
        gone = await disconnects(ollama, options.starts * 10)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    report: dict[str, Any] = {
        "machine": f"{machine}, Python {platform.python_version()}",
        **{
            what: {name: summary(times) for name, times in by_server.items()}
            for what, by_server in measured.items()
        },
        "superseded to disconnect": {"infill-ls": summary(gone)},
        "memory_mb": resident,
    }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(report["machine"])
    for what in [*measured, "superseded to disconnect"]:
        print(f"\n{what}")
        for name, figures in report[what].items():
            print(f"  {name:20} p50 {figures['p50_ms']:8.2f} ms   p99 {figures['p99_ms']:8.2f} ms")
    print("\nresident memory, idle")
    for name, megabytes in resident.items():
        print(f"  {name:20} {megabytes:8.1f} MB")


if __name__ == "__main__":
    asyncio.run(main())
