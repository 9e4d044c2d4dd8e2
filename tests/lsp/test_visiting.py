"""An editor's visit is kept, if not at once then when nobody else is at the file."""

from __future__ import annotations

import asyncio

import pytest
from lsprotocol import types as lsp

from infill_ls import visits_file
from infill_ls.lsp import visiting
from infill_ls.lsp.translate import Client
from infill_ls.visits import Visit

CLIENT = Client("Neovim", version="0.12.4")


@pytest.mark.looptime
async def test_while_others_are_at_the_file_it_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [False, False, True]
    noted: list[Visit] = []

    def note(visit: Visit) -> bool:
        noted.append(visit)
        return answers.pop(0)

    monkeypatch.setattr(visits_file, "note", note)
    visiting.note(CLIENT, lsp.ClientCapabilities(), "utf-8")
    assert len(noted) == 1
    await asyncio.sleep(60)
    assert [one.editor for one in noted] == ["Neovim"] * 3


@pytest.mark.looptime
async def test_it_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[Visit] = []

    def note(visit: Visit) -> bool:
        tries.append(visit)
        return False

    monkeypatch.setattr(visits_file, "note", note)
    visiting.note(CLIENT, lsp.ClientCapabilities(), "utf-8")
    await asyncio.sleep(3600)
    assert 1 < len(tries) < 100
