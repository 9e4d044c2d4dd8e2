"""Each lever of the policy switched off by itself: what is it worth?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Final
from unittest.mock import patch

from infill_ls.completion import generation, slot
from infill_ls.completion.completer import Completer
from infill_ls.prompt import families, table
from infill_ls.text.hole import Hole

Off = Callable[[], AbstractContextManager[Any]]


def _documented_order() -> AbstractContextManager[Any]:
    row = next(family for family in table.FAMILIES if family.name == "qwen-coder")
    documented = "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>"
    return patch.object(families, "FAMILIES", (replace(row, template=documented),))


def _no_joining() -> AbstractContextManager[Any]:
    def agrees(self: Any, uri: str, hole: Hole) -> bool:
        return bool(uri == self.generation.uri and hole == self.hole)

    return patch.object(slot.Running, "agrees", agrees)


def _no_speculation() -> AbstractContextManager[Any]:
    begin = Completer.__init__

    def without(self: Completer, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **{**options, "speculates": False})

    return patch.object(Completer, "__init__", without)


def _no_kept_start() -> AbstractContextManager[Any]:
    asked = generation.request_for

    async def request_for(engine: Any, hole: Any, settings: Any, rates: Any, _: Any) -> Any:
        return await asked(engine, hole, settings, rates)

    return patch.object(generation, "request_for", request_for)


LEVERS: Final[dict[str, Off]] = {
    "all": nullcontext,
    "joining": _no_joining,
    "speculation": _no_speculation,
    "suffix first": _documented_order,
    "kept start": _no_kept_start,
    "late lines": lambda: patch.object(Completer, "_be_late", lambda *_: None),
    "own budget": lambda: patch.object(generation, "context_tokens", lambda *_, **__: 1024),
    "closing early": lambda: patch.object(Completer, "document_changed", lambda *_: None),
}
