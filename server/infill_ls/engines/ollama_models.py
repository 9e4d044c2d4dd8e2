"""What Ollama says of its models, read into values.

Fields as in ollama's ``api/types.go`` (``ShowResponse``, ``ListModelResponse``). Pure: the calls
are made in :mod:`infill_ls.engines.ollama`.
"""

from __future__ import annotations

import re
from typing import Any, Final

from infill_ls.engines.http import entries, integer, mapping, positive
from infill_ls.engines.ollama_choice import Installed, Running
from infill_ls.prompt.families import Model

# Of these a GGUF's own name is made; the last one alone says for what it was tuned.
_NAME_KEYS: Final = ("basename", "version", "size_label", "finetune")
# The second is what llama.cpp called it before October 2024.
_FIM_KEYS: Final = ("tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id")
# Bytes of a file for each parameter with 4 bits each, as Ollama's library has most models (4.7 GB
# for 7.6 billion): to guess the size of a model of which only the file's is said.
_BYTES_EACH: Final = 0.62


def described(name: str, answer: dict[str, Any]) -> Model:
    """Return the model of an answer of ``POST /api/show``.

    What is missing or of the wrong type in the answer is taken as not said.
    """
    info, template = mapping(answer.get("model_info")), _text(answer.get("template"))
    capabilities = answer.get("capabilities")
    if not isinstance(capabilities, list):
        # Before 0.6.4 the template tells.
        capabilities = ["insert"] if ".Suffix" in template else []
    # Ollama keeps "general.name" and the file's own chat template to itself.
    parts = [_text(info.get(f"general.{key}")) for key in _NAME_KEYS]
    return Model(
        name,
        can_insert="insert" in capabilities,
        architecture=_text(info.get("general.architecture")),
        own_name="-".join(part for part in parts if part) if parts[0] else "",
        finetune=parts[-1],
        chats=bool(_text(answer.get("renderer"))) or _is_chat(template),
        thinks="thinking" in capabilities,
        has_fim_tokens=any(integer(info.get(key)) is not None for key in _FIM_KEYS),
        writes="embedding" not in capabilities or "completion" in capabilities,
    )


def trained_context(answer: dict[str, Any]) -> int | None:
    """Return the tokens that the model was trained with, of an answer of ``POST /api/show``.

    Ollama gives a model no larger context (ollama's server/sched.go, ``effectiveContext``).
    None if the answer doesn't say.
    """
    info = mapping(answer.get("model_info"))
    return positive(info.get(f"{_text(info.get('general.architecture'))}.context_length"))


def listed(answer: Any) -> list[Installed]:
    """Return the models of an answer of ``GET /api/tags``."""
    return [
        _installed(entry["name"], entry)
        for entry in entries(answer, "models")
        if isinstance(entry.get("name"), str)
    ]


def _installed(name: str, entry: dict[str, Any]) -> Installed:
    details, size = mapping(entry.get("details")), positive(entry.get("size"))
    elsewhere = _text(entry.get("remote_host"))
    if not elsewhere and (_text(entry.get("remote_model")) or re.search(r"[:-]cloud$", name)):
        elsewhere = "ollama.com"
    known = parameters(details.get("parameter_size"))
    return Installed(
        name,
        # What runs elsewhere is a few bytes here.
        known or (0.0 if elsewhere or size is None else size / _BYTES_EACH / 1e9),
        size,
        _text(details.get("family")),
        re.sub(r"^\w+://|[:/].*$", "", elsewhere),
    )


def all_running(answer: Any) -> list[Running]:
    """Return the models of an answer of ``GET /api/ps``."""
    found = []
    for entry in entries(answer, "models"):
        if isinstance(entry.get("name"), str):
            memory, on_gpu = positive(entry.get("size")), integer(entry.get("size_vram"))
            share = None
            if on_gpu == 0:
                share = 0.0
            elif memory and on_gpu and on_gpu > 0:
                share = min(1.0, on_gpu / memory)
            found.append(Running(entry["name"], memory, share))
    return found


def running(answer: Any, name: str) -> dict[str, Any] | None:
    """Return the entry of a model in an answer of ``GET /api/ps``; None if it isn't loaded."""
    names = (name, f"{name}:latest")
    return next((one for one in entries(answer, "models") if one.get("name") in names), None)


def parameters(text: Any) -> float:
    """Return the billions of parameters in Ollama's ``parameter_size`` ("7.6B", "494.03M").

    0 if it doesn't say.
    """
    found = re.fullmatch(r"(\d*\.?\d+)\s*([KMBT])", text) if isinstance(text, str) else None
    if not found:
        return 0.0
    return float(found[1]) * {"K": 1e-6, "M": 1e-3, "B": 1.0, "T": 1e3}[found[2]]


def _is_chat(template: str) -> bool:
    """Whether a template puts text of its own around the prompt ("{{ .Prompt }}" doesn't)."""
    return ".Messages" in template or bool(re.sub(r"\{\{.*?\}\}", "", template, flags=re.S).strip())


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
