"""Versions of Ollama that are known to give away what they were sent."""

from __future__ import annotations

import re
from typing import Final

from infill_ls.engines.engine import Engine
from infill_ls.engines.ollama import Ollama
from infill_ls.errors import EngineError

# The last known leak, and the version without it: whoever can reach the port reads the server's
# memory (GHSA-x8qc-fggm-mpqg; ollama/ollama #14406).
LEAK: Final = "CVE-2026-7482"
MENDED: Final = (0, 17, 1)


def leaks(version: str) -> bool:
    """Whether a version of Ollama ("0.16.3") has the leak.

    One of which nothing is known has not, nor has 0.0.0, which somebody has built from the source.
    """
    found = re.match(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})", version)
    if found is None:
        return False
    numbers = tuple(map(int, found.groups()))
    return (0, 0, 0) < numbers < MENDED


def leak(version: str) -> tuple[str, str]:
    """Return what is wrong with a version that has the leak, and what to do; empty ones if not."""
    if not leaks(version):
        return "", ""
    mended = ".".join(map(str, MENDED))
    return (
        f"Ollama before {mended} leaks prompts ({LEAK}).",
        "Update it: https://ollama.com/download",
    )


async def advice(engine: Engine) -> str:
    """Return what to tell the user of an engine's version; empty if there is nothing.

    Raises nothing: whatever is wrong with the engine, its calls will tell.
    """
    if not isinstance(engine, Ollama):
        return ""
    try:
        version = await engine.version()
    except EngineError:
        return ""
    return " ".join(leak(version)).strip()
