"""How much memory an engine's model takes, where that can be known."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infill_ls.engines.engine import Engine
from infill_ls.errors import EngineError

if TYPE_CHECKING:
    from infill_ls.engines.ollama import Ollama

# What Linux says of a process.
_STATUS: Final = "/proc/{}/status"


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes: ``total``, and those of them that are a GPU's; None where nobody says."""

    total: int
    gpu: int | None = None


async def footprint_of(engine: Engine) -> Footprint | None:
    """Return the memory of an engine with its model; None if it isn't loaded, or nobody says."""
    # Not at the head: whoever uses one engine needn't load the others.
    from infill_ls.engines.embedded.engine import Embedded
    from infill_ls.engines.ollama import Ollama

    if isinstance(engine, Ollama):
        return await _in_ollama(engine)
    if isinstance(engine, Embedded) and engine.process is not None:
        resident = await resident_memory(engine.process)
        return Footprint(resident) if resident else None
    return None


async def _in_ollama(ollama: Ollama) -> Footprint | None:
    try:
        name = (await ollama.describe()).name
    except EngineError:
        return None
    names = (name, f"{name}:latest")
    entry = next((one for one in await ollama.running() if one.name in names), None)
    if entry is None or entry.memory is None:
        return None
    gpu = None if entry.on_gpu is None else round(entry.memory * entry.on_gpu)
    return Footprint(entry.memory, gpu)


async def resident_memory(process: int) -> int | None:
    """Return the bytes of a process that are in memory; None if unknown.

    Source: ``VmRSS`` of Linux's /proc/PID/status; elsewhere ``ps``, which says it in units of 1,024
    bytes (ps(1) of macOS and the BSDs). Windows has neither.
    """
    try:
        status = await asyncio.to_thread(Path(_STATUS.format(process)).read_text, "latin-1")
        found = re.search(r"^VmRSS:\s*(\d+) kB$", status, re.MULTILINE)
    except (OSError, ValueError):
        found = re.fullmatch(r"\s*(\d+)\s*", await _ps(process))
    return int(found[1]) * 1024 if found else None


async def _ps(process: int) -> str:
    try:
        asked = await asyncio.create_subprocess_exec(
            *("ps", "-o", "rss=", "-p", str(process)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return ""
    out, _ = await asked.communicate()
    return out.decode("ascii", "replace")
