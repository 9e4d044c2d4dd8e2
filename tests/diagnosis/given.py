"""Settings and outcomes as the diagnosis gets them."""

from __future__ import annotations

from typing import Any

from infill_ls.completion.answer import Outcome
from infill_ls.diagnosis.facts import Given, Set
from infill_ls.engines.rates import Usage
from infill_ls.setting_names import variable
from infill_ls.settings import load

PATH = "/home/me/config.toml"


def given(file: dict[str, Any] | None = None, **environment: str) -> Given:
    """The settings of a file, and of variables by the keys that they set."""
    variables = {
        key if key == "OLLAMA_HOST" else variable(key): value for key, value in environment.items()
    }
    settings, problems = load(file=file, environment=variables)
    said = [(key, source) for key, source in settings.sources.items()]
    values = {**(file or {}), **environment}
    return Given(
        settings,
        tuple(Set(key, values[key], source) for key, source in said if key in values),
        tuple(problems),
    )


def outcome(
    fill: str = "x for x in xs",
    *,
    first_ms: float | None = 100.0,
    total_ms: float = 400.0,
    usage: Usage | None = None,
    about: int = 250,
) -> Outcome:
    """What a fill came to."""
    return Outcome(
        fill=fill,
        ended_by="stop",
        model="m",
        engine="ollama",
        first_ms=first_ms,
        total_ms=total_ms,
        usage=usage or Usage(fill_tokens=11),
        raw=fill,
        about_prompt_tokens=about,
        replaces="",
    )
