"""Ways to ask for the same hole, each different from the product's in one thing."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from infill_ls.completion.generation import request_for
from infill_ls.engines.engine import Engine
from infill_ls.engines.rates import context_tokens
from infill_ls.errors import CannotInsert
from infill_ls.prompt import beginning, families
from infill_ls.prompt import build as prompt
from infill_ls.prompt.build import Mode, Request
from infill_ls.prompt.family import Family
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole

Variant = Callable[[Engine, Hole, Settings], Awaitable[Request]]

# Family: prefix-suffix-middle, then suffix-prefix-middle with the suffix's token in front.
_ORDERS: Final = {
    "qwen-coder": (
        "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
        "<|fim_suffix|>{suffix}<|fim_prefix|>{prefix}<|fim_middle|>",
    ),
    "starcoder2": (
        "<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>",
        "<fim_suffix>{suffix}<fim_prefix>{prefix}<fim_middle>",
    ),
    "codegemma": (
        "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
        "<|fim_suffix|>{suffix}<|fim_prefix|>{prefix}<|fim_middle|>",
    ),
    "codellama": (
        "<PRE> {prefix} <SUF>{suffix} <MID>",
        "<SUF>{suffix} <PRE> {prefix} <MID>",
    ),
}
_HEADERS: Final = {
    "qwen-coder": "<|repo_name|>project\n<|file_sep|>solution.py\n",
    "starcoder2": "<repo_name>project<file_sep>solution.py\n",
}


def _built(
    family: Callable[[Family], Family] = lambda same: same,
    cut: Callable[[Hole], Hole] = lambda same: same,
    *,
    mode: Mode = "raw",
    healing: bool = True,
) -> Variant:
    async def build(engine: Engine, hole: Hole, settings: Settings) -> Request:
        model = await engine.describe()
        found = families.family_of(model, settings.fim)
        if found is None and mode == "raw":
            raise CannotInsert(f'Nothing is known of the tokens of "{model.name}".')
        request = prompt.build(
            cut(hole),
            model if healing else replace(model, can_begin=False),
            found and family(found),
            mode=mode,
            context_tokens=context_tokens(settings.context_tokens),
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
        )
        return request if healing else request.otherwise or request

    return build


def _left_to_the_model(variant: str) -> Variant:
    """Whatever blank or word the prefix ends with is left to the model."""

    async def build(engine: Engine, hole: Hole, settings: Settings) -> Request:
        family = families.family_of(await engine.describe(), settings.fim)
        assert family is not None
        whole = await VARIANTS[variant](engine, hole, settings)
        kept, begin = beginning.split(hole.prefix, family.goes_with)
        if begin is None:
            return whole
        shorter = await VARIANTS[variant](engine, replace(hole, prefix=kept), settings)
        return replace(shorter, begin=begin, otherwise=whole)

    return build


def _order(number: int) -> Callable[[Family], Family]:
    def change(family: Family) -> Family:
        if family.name not in _ORDERS:
            raise CannotInsert(f"No other order is known for the family {family.name}.")
        return replace(family, template=_ORDERS[family.name][number])

    return change


def _with_header(family: Family) -> Family:
    if family.name not in _HEADERS:
        raise CannotInsert(f"The family {family.name} has no tokens for a file's name.")
    return replace(family, template=_HEADERS[family.name] + family.template)


def _bare(family: Family) -> Family:
    return replace(family, template="{prefix}{suffix}")


def _without_suffix(hole: Hole) -> Hole:
    return replace(hole, suffix="")


def _three_lines(hole: Hole) -> Hole:
    found = re.match(r"(?:(?:[^\S\n]*\n)*[^\n]*\S[^\n]*(?:\n|\Z)){1,3}", hole.suffix)
    return replace(hole, suffix=found[0] if found else "")


VARIANTS: Final[dict[str, Variant]] = {
    "ours": request_for,
    "documented": _built(_order(0)),
    "documented without healing": _built(_order(0), healing=False),
    "suffix-first": _built(_order(1)),
    "no suffix": _built(_bare, _without_suffix),
    "ours without healing": _built(healing=False),
    "ours, every end left": _left_to_the_model("ours without healing"),
    "documented, every end left": _left_to_the_model("documented without healing"),
    "suffix 3 lines": _built(cut=_three_lines),
    "with file header": _built(_with_header),
    "suffix mode": _built(mode="suffix"),
}
