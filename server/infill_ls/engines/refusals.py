"""What the error texts of servers mean, and what the user can do about each.

What servers say of a prompt that is too long is known of each of them. All other texts are
Ollama's, as of 0.33: those of its ``api/types.go`` (options), ``server/routes.go``,
``llm/llama_server.go`` and ``server/images.go`` (pull), and of Go's net and crypto packages, which
they quote.
"""

from __future__ import annotations

import re
from typing import Final

from infill_ls.errors import (
    BadAnswer,
    Busy,
    CannotInsert,
    CannotLoad,
    EngineError,
    ModelNotFound,
    NotRunning,
    TooLong,
    Unauthorized,
    sentence,
)
from infill_ls.prompt import families
from infill_ls.prompt.families import SUGGESTED_MODEL

# What Ollama calls the type of an option; what people do, and how such a value is written.
_TYPES: Final = {
    "integer": ("a whole number", "N"),
    "float32": ("a number", "0.5"),
    "boolean": ("true or false", "true"),
    "string": ("a text", "TEXT"),
    "array": ("a list of texts", '["a", "b"]'),
    "array of strings": ("a list of texts", '["a", "b"]'),
}
_OPTION: Final = re.compile(r'option "(\w+)" must be (?:of )?(?:type |an )?([\w ]+)')

# What servers say of a prompt that is longer than their context: llama.cpp ("exceeds the available
# context size (4096 tokens)"), Ollama ("longer than the context length currently available", "input
# length exceeds the context length"), vLLM and SGLang ("maximum context length is 4096 tokens",
# "longer than the model's context length (4096 tokens)"), LM Studio ("context length of only 4096
# tokens").
_LENGTH: Final = re.compile(
    r"exceeds the (available |model's |maximum )*context|longer than the (model's )?(context|max)"
    r"|maximum (context|model) length|context length of only|prompt is too long"
    r"|context (size|length) (has been |is )?exceeded",
    re.IGNORECASE,
)
_ROOM: Final = re.compile(
    r"(?:context size|(?:context|model) length)(?: is| of| of only)?\D{1,2}(\d{1,9})\b",
    re.IGNORECASE,
)
_LOG: Final = "Look at Ollama's own log."
# Of a model that it can't load, or that breaks down (ollama's server/sched.go and llm/server.go;
# the words of llama.cpp and CUDA come with theirs).
_CANNOT_LOAD: Final = (
    r"memory|has terminated|unexpectedly stopped|(failed|unable) to load|error loading model"
)
# Of a request: a part of Ollama's text, and the cure. The first that is found counts.
_REQUEST: Final = (
    (r"raw mode does not support", "Leave out --raw, or --system and --template."),
    (
        r"memory|has terminated",
        "Take a smaller model, or end what else needs the memory.",
    ),
    (r"does not support", f"Take another model, such as {SUGGESTED_MODEL}."),
    (r"invalid model name", "Names are such as qwen2.5-coder:1.5b."),
    (r"invalid format|schema", 'The form is "json", or a file with a JSON schema.'),
)
_NETWORK: Final = (
    r"no such host|server misbehaving|dial tcp|connection (refused|reset)|i/o timeout|EOF|"
    r"(network|host) is (unreachable|down)|no route to host|TLS handshake timeout|"
    r"deadline exceeded|proxyconnect|max retries exceeded"
)
# Of pulling a model. What is downloaded stays, so that the next pull goes on from there.
_PULL: Final = (
    (
        r"x509|certificate",
        "On Ollama's machine, set the clock, or add the proxy's certificate to the system's.",
    ),
    (
        r"no space left|not enough space on the disk|disk quota exceeded",
        "Make room where Ollama keeps its models (OLLAMA_MODELS), and pull again.",
    ),
    (r"\b412\b|newer version of Ollama", "Update Ollama, and pull again."),
    (
        r"permission denied|read-only file system",
        "Let Ollama's user write where it keeps its models (OLLAMA_MODELS).",
    ),
    (r"\b429\b|too many requests", "Wait a little, and pull again."),
    (r"unauthorized|\b40[13]\b", "If it is a model of your own, sign in: ollama signin"),
    (r"digest mismatch", "Pull again."),
    (r"stopped before", "Pull again; it goes on from there."),
)


def is_about_length(text: str) -> bool:
    """Whether a server's error says that a prompt is longer than it has room for."""
    return _LENGTH.search(text) is not None


def room(text: str) -> int | None:
    """Return the tokens that a server has room for, from such an error; None if it doesn't say."""
    found = _ROOM.search(text)
    return int(found[1]) if found else None


def of_call(status: int, text: str, *, model: str, url: str) -> EngineError:
    """Return the error for an answer of Ollama's that says that there is none.

    ``status``: the HTTP status. ``text``: the text of the answer. ``model``: whose call it was.
    """
    if status == 404 and "model" in text:
        found = re.search(r"model ['\"]?([^'\"]+?)['\"]? not found", text)
        return of_missing(found[1] if found else model)
    if "does not support insert" in text:
        return CannotInsert(
            f'"{model}" does not support insert.',
            f"Take another, such as {SUGGESTED_MODEL}.",
        )
    if status in (429, 503):
        return Busy(
            "Ollama has too much to do.",
            "Wait, or raise OLLAMA_MAX_QUEUE.",
        )
    if status in (401, 403):
        return Unauthorized(
            f"Ollama refuses the key ({text or status}).",
            'Check the key that "apiKeyEnv" names.',
        )
    if status == 404:
        return NotRunning(
            f"It is not Ollama that answers at {url}.",
            'Check "url" or OLLAMA_HOST.',
        )
    return of_request(status, text)


def of_request(status: int, text: str) -> EngineError:
    """Return the error for a request that Ollama refuses for what it asks.

    ``status``: the HTTP status. ``text``: the text of the answer. The error is :class:`TooLong` if
    the text is about the prompt's length, :class:`CannotLoad` if it is about loading the model,
    else :class:`BadAnswer`.
    """
    if is_about_length(text):
        return TooLong(
            f"Ollama refuses the request: {text}",
            'Lower "contextTokens".',
        )
    option = _OPTION.search(text)
    if option is not None:
        kind, value = _TYPES.get(option[2].strip(), (option[2], "VALUE"))
        return BadAnswer(
            f'The option "{option[1]}" must be {kind}.', f"Say it so: -o '{option[1]}={value}'"
        )
    cure = next((cure for part, cure in _REQUEST if re.search(part, text, re.IGNORECASE)), None)
    if cure is None:
        # What it can't do is in its log; what it won't do, it has said.
        said = text and status < 500
        cure = "Check the settings, or what the command was given." if said else _LOG
    refused = f"Ollama refuses the request: {text or status}"
    if status >= 500 and re.search(_CANNOT_LOAD, text, re.IGNORECASE):
        return CannotLoad(refused, cure)
    return BadAnswer(refused, cure)


def of_missing(name: str) -> ModelNotFound:
    """Return the error for a model that Ollama hasn't, with the command that fetches it."""
    # Not at the head: it is needed here alone, and loads much.
    from infill_ls.engines.embedded.weights import ollamas_name

    theirs, missing = ollamas_name(name), families.not_in_library(name)
    named_so = "" if theirs == name else f' and set "model" to "{theirs}"'
    return ModelNotFound(
        f'Ollama has no model "{name}". {missing}',
        f"Fetch {'another' if missing else 'it'}: "
        f"ollama pull {families.to_fetch(theirs)}{named_so}",
    )


def of_pull(name: str, text: str) -> EngineError:
    """Return the error for a model that Ollama can't pull, by the text of its answer.

    The error is :class:`NotRunning` if Ollama doesn't reach its registry, :class:`ModelNotFound` if
    the registry has no such model, else :class:`BadAnswer`.
    """
    message = f'Ollama can\'t pull "{name}": {text:.300}'
    for part, cure in _PULL:
        if re.search(part, text, re.IGNORECASE):
            return BadAnswer(message, cure)
    if re.search(_NETWORK, text):
        return NotRunning(
            message,
            "Check the network of Ollama's machine, and pull again.",
        )
    if "file does not exist" in text or "not found" in text:
        missing = families.not_in_library(name)
        return ModelNotFound(
            f"{sentence(message)} {missing or 'Its library has no model of this name.'}",
            f"Fetch another: infill-ls pull {families.to_fetch(name)}"
            if missing
            else f"Check the name; {SUGGESTED_MODEL} is one that can fill in the middle.",
        )
    return BadAnswer(message, _LOG)
