"""Find the family of a model, and say why a model without one can't fill in the middle."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from infill_ls.prompt.family import Family
from infill_ls.prompt.table import (
    BASE,
    CHAT,
    FAMILIES,
    OTHERS,
    RECURRENT,
    RECURRENT_NAMES,
    UNTRAINED,
)
from infill_ls.values import OwnTemplate


@dataclass(frozen=True, slots=True)
class Model:
    """What an engine says of one of its models; a field is empty where it doesn't say.

    ``name``: the engine's name of the model, which the user may have chosen.
    ``can_insert``: the server has its own template for a prefix and a suffix.
    ``can_begin``: the engine can be told what the model's answer is to begin with.
    ``architecture``: GGUF's ``general.architecture`` ("qwen2", "llama").
    ``own_name``: the model's name in its metadata: GGUF's basename, version, size and finetune
    ("Qwen2.5-Coder-1.5B-Instruct"), or the file that is served.
    ``finetune``: GGUF's ``general.finetune`` ("Instruct", "base").
    ``chats``: the server's template for the model is made for a chat.
    ``thinks``: the model can think before it answers.
    ``has_fim_tokens``: the model's metadata lists tokens for filling in the middle.
    ``digest``: what tells these weights from others, in hexadecimal digits.
    ``writes``: whether it writes text at all; those that make embeddings don't.
    """

    name: str
    can_insert: bool = False
    can_begin: bool = False
    architecture: str = ""
    own_name: str = ""
    finetune: str = ""
    chats: bool = False
    thinks: bool = False
    has_fim_tokens: bool = False
    digest: str = ""
    writes: bool = True


# Small, fast on any machine, and fills well for its size.
SUGGESTED_MODEL: Final = "qwen2.5-coder:1.5b"

# Spellings that no programming language has. They end a fill whatever model wrote them, because
# fine-tuned and merged models write the tokens of the models that they were made from.
UNMISTAKABLE: Final = re.compile(
    r"<\|[A-Za-z][A-Za-z0-9_-]{1,31}\|>|<｜[^｜\n]{2,24}｜>|<fim[_-](?:prefix|suffix|middle|pad)>|<file_sep>"
    r"|<\[fim-[a-z]{6}\]>"
)


# What people write for a value that is to be put there.
_PLACEHOLDERS: Final = frozenset(
    "<filename> <reponame> <pr> <NAME> <EMAIL> <KEY> <PASSWORD> <mask> <pad> [MASK]".split()
)


def means(own: OwnTemplate, model_name: str) -> bool:
    """Whether one of the user's templates is for a model of this name, with or without its tag."""
    name, pattern = model_name.lower(), own.match.lower()
    return any(fnmatchcase(name, pattern) for name in (name, re.sub(r":[^:/]*$", "", name)))


def own_family(own: OwnTemplate) -> Family:
    """Return a row for one of the user's templates; the tokens in it become control tokens."""
    literals = (*re.split(r"\{prefix\}|\{suffix\}", own.template), *own.stop)
    tokens = [
        token
        for literal in literals
        for token in re.findall(r"<[^<>\s]+>|\[[^\[\]\s]+\]", literal) or [literal.strip()]
    ]
    return Family(
        name=f'own template for "{own.match}"',
        match="",
        template=own.template,
        stop=own.stop,
        control=tuple(dict.fromkeys(filter(None, tokens))),
        source="the fim setting",
    )


def find(model_name: str, own: Sequence[OwnTemplate] = ()) -> Family | None:
    """Return the family of a model of which only the name is known; see :func:`family_of`."""
    return family_of(Model(model_name), own)


def family_of(model: Model, own: Sequence[OwnTemplate] = ()) -> Family | None:
    """Return the family of a model, or None if it has none or can't fill in the middle.

    ``own``: the user's templates, which come first; then the model's metadata, then its name.
    """
    for template in own:
        if means(template, model.name):
            return own_family(template)
    family = _relatives(model)
    return None if family is None or _is_excluded(model, family) else family


def why_not(model: Model) -> str:
    """Return why a model without a family can't fill in the middle; "" if it may be tried.

    Three kinds can't: those that write nothing, members of a known family that were not trained to
    fill, and models that talk. A model talks if it thinks first, if the server has a chat's
    template for it, or if its name says so; but not if its name or its metadata says that it is a
    base model, nor if it has tokens or a template for filling.
    """
    if not model.writes:
        return "it writes no text"
    family = _relatives(model)
    if family is not None and _is_excluded(model, family):
        return f"only some of its family were trained to, for instance {family.example}"
    names = (_plain(model.own_name), _plain(model.name))
    untrained = any(re.search(UNTRAINED, name) for name in names)
    if (model.can_insert or model.has_fim_tokens) and not untrained:
        return ""
    # The user's name for it counts only where its metadata doesn't say for what it was tuned.
    said = names[0] if model.finetune else "-".join(names)
    if re.search(BASE, said):
        return ""
    if model.thinks:
        return "it thinks before it answers"
    if model.chats or re.search(CHAT, said):
        return "it was made to chat"
    return ""


def is_recurrent(model: Model) -> bool:
    """Whether a model reads most of a prompt anew after each key, whatever the engine keeps."""
    if model.architecture:
        return model.architecture.lower() in RECURRENT
    return any(re.search(RECURRENT_NAMES, _plain(name)) for name in (model.own_name, model.name))


def not_in_library(model_name: str) -> str:
    """Return a sentence if Ollama's library has a model's family but not its size; else "".

    Such names are common in what is written about models ("qwen3-coder:7b").
    """
    base, size = _base_and_size(model_name)
    row = next((row for row in FAMILIES if base in map(_base_of, row.library)), None)
    if not size or row is None or size in (_base_and_size(name)[1] for name in row.library):
        return ""
    *others, last = row.library
    names = f"{', '.join(others)} and {last}" if others else last
    return (
        f"Of its family Ollama's library has {names}, none of {size} that can fill in the middle."
    )


def to_fetch(model_name: str) -> str:
    """Return the name of the model that is worth fetching from Ollama's library.

    It is the given name, unless the library has the model's family but not its size: then it is
    the suggested family's model of that size, or else the suggested model.
    """
    if not not_in_library(model_name):
        return model_name
    same_size = f"{_base_of(SUGGESTED_MODEL)}:{_base_and_size(model_name)[1]}"
    exists = any(same_size in row.library for row in FAMILIES)
    return same_size if exists else SUGGESTED_MODEL


def _base_of(model_name: str) -> str:
    return _base_and_size(model_name)[0]


def _base_and_size(model_name: str) -> tuple[str, str]:
    """Split one of Ollama's names: "codellama:7b-code" gives "codellama" and "7b"."""
    base, _, tag = model_name.lower().partition(":")
    size = re.match(r"[\d.]+[bm](?![a-z0-9])", tag)
    return base, size[0] if size else ""


def _relatives(model: Model) -> Family | None:
    """Return the row of the model's family, whether or not the model itself can fill."""
    own_name, name = _plain(model.own_name), _plain(model.name)
    by_metadata = next((row for row in FAMILIES if re.search(row.match, own_name)), None)
    if by_metadata is not None or re.search(OTHERS, own_name):
        return by_metadata
    by_name = next((row for row in FAMILIES if re.search(row.match, name)), None)
    if by_name is None or not (by_name.architectures and model.architecture):
        return by_name
    return by_name if model.architecture.lower().startswith(by_name.architectures) else None


def _is_excluded(model: Model, family: Family) -> bool:
    """Whether the model is one of those in the family that can't fill."""
    own_name = _plain(model.own_name)
    names = [own_name]
    if not (model.finetune and re.search(family.match, own_name)):
        names.append(_plain(model.name))
    return bool(family.unless) and any(re.search(family.unless, name) for name in names)


def _plain(name: str) -> str:
    """Return a model's name in lower case, with hyphens for blanks, without a file's ending."""
    name = re.sub(r"[\s_]+", "-", name.lower())
    return re.sub(r"(-\d{5}-of-\d{5})?\.gguf$", "", name)


def all_control_tokens() -> tuple[str, ...]:
    """Return the control tokens of all families, for a model of which nothing is known.

    Those that people write for something else ("usage: count <filename>") are left out.
    """
    tokens = dict.fromkeys(token for family in FAMILIES for token in family.control)
    return tuple(token for token in tokens if token not in _PLACEHOLDERS)
