"""Each lever of the policy switched off by itself: what is it worth?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Final
from unittest.mock import patch

from infill_ls.completion import confidence, generation, slot
from infill_ls.completion.completer import Completer
from infill_ls.completion.pace import USUAL_PAUSE, Pace, Pacing
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

    async def request_for(
        engine: Any, hole: Any, settings: Any, rates: Any, _: Any, **more: Any
    ) -> Any:
        return await asked(engine, hole, settings, rates, **more)

    return patch.object(generation, "request_for", request_for)


def _paced(changed: Callable[[Pace], Pace]) -> AbstractContextManager[Any]:
    at = Pacing.at

    def otherwise(self: Pacing, *place: Any) -> Pace:
        return changed(at(self, *place))

    return patch.object(Pacing, "at", otherwise)


def _all_shown() -> AbstractContextManager[Any]:
    def sure_part(fill: str, *_: Any, **__: Any) -> str:
        return fill

    return patch.object(confidence, "sure_part", sure_part)


LEVERS: Final[dict[str, Off]] = {
    "all": nullcontext,
    # The pause that editors make by themselves, on every engine.
    "asking sooner": lambda: _paced(lambda pace: replace(pace, pause=max(pace.pause, USUAL_PAUSE))),
    "asking for more": lambda: _paced(
        lambda pace: replace(pace, extent="usual" if pace.extent == "more" else pace.extent)
    ),
    "learning from misses": lambda: patch.object(Pacing, "missed", lambda *_: None),
    "confidence": _all_shown,
    "joining": _no_joining,
    "speculation": _no_speculation,
    "suffix first": _documented_order,
    "kept start": _no_kept_start,
    "late lines": lambda: patch.object(Completer, "_be_late", lambda *_: None),
    "own budget": lambda: patch.object(generation, "context_tokens", lambda *_, **__: 1024),
    "closing early": lambda: patch.object(Completer, "document_changed", lambda *_: None),
}
