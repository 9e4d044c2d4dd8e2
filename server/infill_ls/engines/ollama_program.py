"""The program ``ollama``: whether this machine has it, and what installs it."""

from __future__ import annotations

import sys
from typing import Final

# How Ollama is installed, or updated (https://ollama.com/download).
FOR_LINUX: Final = "curl -fsSL https://ollama.com/install.sh | sh"
FROM_PAGE: Final = "Install Ollama from https://ollama.com/download."


def is_installed() -> bool:
    """Whether the program is on the PATH."""
    # Not at the head: it loads every way to compress a file.
    from shutil import which

    return which("ollama") is not None


def installs() -> str:
    """Return the command that installs the program, or a sentence where there is none."""
    return FOR_LINUX if sys.platform == "linux" else FROM_PAGE


def how_to_install() -> str:
    """Return the same as a sentence, for messages."""
    return f"Install Ollama: {FOR_LINUX}" if sys.platform == "linux" else FROM_PAGE
