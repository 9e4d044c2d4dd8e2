"""What to do where no Ollama answers."""

from __future__ import annotations

from typing import Final

from infill_ls.settings import DEFAULT_URL, Settings

# Starts Ollama at its usual address; at another one, or on another machine, it mends nothing.
START: Final = "ollama serve"


def is_usual(settings: Settings) -> bool:
    """Whether Ollama is asked where it is when it is started without a word."""
    usual = DEFAULT_URL.rpartition(":")[2]
    return settings.engine_url in (DEFAULT_URL, f"http://localhost:{usual}")


def start_hint(settings: Settings) -> str:
    """Return what to do where no Ollama answers at the address that the settings name."""
    if is_usual(settings):
        return f"Run: {START}"
    source = settings.sources.get("url")
    if not settings.url:
        named = "mend OLLAMA_HOST"
    elif source is not None and source.kind == "environment":
        named = f"mend {source.place}"
    else:
        named = 'set "url"'
    return f"Start it, or {named}."
