"""A completer that answers as it is told to, and knows no engine."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from infill_ls.completion.answer import Answer
from infill_ls.completion.judgement import not_shifted
from infill_ls.completion.offers import Offers
from infill_ls.engines.engine import Engine
from infill_ls.errors import InfillError, NotRunning
from infill_ls.project.rules import Rules
from infill_ls.settings import Settings


class FakeCompleter:
    """``called`` has what it was asked and told. ``answer`` is what it answers, or raises.

    ``fill``: it answers with this instead, unless it is empty.
    ``another``: it says that other settings need another engine.
    """

    def __init__(self) -> None:
        self.settings = Settings()
        self.offers = Offers()
        self.rules: dict[str, Rules] = {}
        self.called: list[tuple[Any, ...]] = []
        self.answer: Answer | Exception = Answer("nothing")
        self.fill = ""
        self.connection = FakeConnection(self)
        self.showing = SimpleNamespace(shift=not_shifted)
        self.another = False

    def use(self, uri: str, rules: Rules) -> None:
        self.rules[uri] = rules

    async def complete(self, uri: str, hole: Any, *, waited: float, manual: bool) -> Answer:
        if self.rules[uri].excluded:
            return Answer("excluded", pattern=self.rules[uri].excluded)
        self.called.append(("complete", waited, manual))
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.fill:
            return Answer("fill", self.offers.make(uri, hole, [self.fill]))
        return self.answer

    async def reconfigure(self, settings: Settings) -> bool:
        self.called.append(("reconfigure",))
        self.settings = settings
        return self.another

    def turn(self, *, on: bool) -> None:
        self.called.append(("turn", on))
        self.settings = replace(self.settings, enabled=on)

    def accept(self, number: object) -> None:
        self.called.append(("accept", number))

    def document_changed(self, uri: str, holes: Any) -> None:
        self.called.append(("document_changed", len(list(holes))))

    def close_document(self, uri: str) -> None:
        self.called.append(("close_document",))

    async def aclose(self) -> None:
        self.called.append(("aclose",))


class FakeConnection:
    """``error`` is what is in the way of getting ready."""

    def __init__(self, completer: FakeCompleter) -> None:
        self.error: InfillError | None = None
        self.source = ("ollama", "qwen2.5-coder:1.5b")
        self._completer = completer

    async def ready(self, *, ahead: bool = False) -> Engine:
        raise NotRunning("There is no engine here.")

    def save_rates(self) -> None:
        self._completer.called.append(("save_rates",))

    async def warm(self) -> InfillError | None:
        self._completer.called.append(("warm",))
        return self.error
