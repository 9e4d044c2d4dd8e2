"""What is done for each request and notification of the editor, and for each command."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from lsprotocol import types as lsp

from infill_ls import editors
from infill_ls.completion.answer import Answer
from infill_ls.completion.offers import Offer
from infill_ls.lsp import translate
from infill_ls.lsp.menu import Menu
from infill_ls.lsp.protocol import take_arrived
from infill_ls.lsp.server import Server
from infill_ls.lsp.translate import Where
from infill_ls.shown import plain

TOGGLE: Final = "infill-ls.toggle"
EXPLAIN: Final = "infill-ls.explain"


def register(server: Server) -> None:
    """Have a server do all of this."""
    server.feature(lsp.INITIALIZE)(initialize)
    server.feature(lsp.INITIALIZED)(initialized)
    server.feature(lsp.SHUTDOWN)(shutdown)
    server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)(change_configuration)
    server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(change_folders)
    # pygls needs the options object, or it declares nothing.
    options = lsp.InlineCompletionOptions()
    server.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, options)(inline_completion)
    server.command(EXPLAIN)(explain)
    server.command(TOGGLE)(toggle)
    server.command(translate.ACCEPT)(accept)


def initialize(ls: Server, params: lsp.InitializeParams) -> None:
    """Note the editor's options, and offer it menus if it has no ghost text."""
    ls.configuration.options = params.initialization_options
    if not ls.client.has_ghost_text:
        # Offered beside ghost text, the same fill would show up twice.
        triggers = editors.trigger_characters(ls.client.name)
        options = lsp.CompletionOptions(trigger_characters=list(triggers))
        ls.feature(lsp.TEXT_DOCUMENT_COMPLETION, options)(completion)


def initialized(ls: Server, params: lsp.InitializedParams) -> None:
    """Read the settings and get the engine ready."""
    ls.start()


async def shutdown(ls: Server, *_: Any) -> None:
    """Write what is to be kept: Emacs and others kill the server once this is answered."""
    await ls.keep()


async def change_configuration(ls: Server, params: lsp.DidChangeConfigurationParams) -> None:
    """Read the settings anew; the editor may have sent its part of them."""
    sent = params.settings
    await ls.configuration.read(sent.get("infill-ls") if isinstance(sent, dict) else sent)


def change_folders(ls: Server, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
    """Take the folders that are worked in by now; pygls has noted them."""
    ls.rule_all()


async def inline_completion(
    ls: Server, params: lsp.InlineCompletionParams
) -> lsp.InlineCompletionList | None:
    """Return ghost text; None if a newer request came.

    None leaves what is shown; an empty list would hide it.
    """
    snapshot = take_arrived()
    if snapshot is None:
        ls.note(Answer("closed"))
        return lsp.InlineCompletionList(items=[])
    manual = params.context.trigger_kind == lsp.InlineCompletionTriggerKind.Invoked
    selected = params.context.selected_completion_info
    where = translate.where(snapshot, params.position, ls.encoding, selected)
    client = ls.client.name
    since = _asked(ls, snapshot.uri, where)
    answer = await ls.complete(snapshot.uri, where.hole, waited=ls.client.pause, manual=manual)
    if answer.reason == "superseded":
        return None
    result = translate.inline_list(answer.offers, where, client)
    if answer.offers and not result.items:
        ls.note(Answer("unshowable"), snapshot.language, manual=manual)
    # What was typed meanwhile mostly makes it nothing to be seen.
    if result.items and ls.is_current(snapshot):
        _shown(ls, answer.offers, since)
    return result


async def completion(ls: Server, params: lsp.CompletionParams) -> lsp.CompletionList | None:
    """Return a menu's item, for what was typed by the time that there is one."""
    snapshot = take_arrived()
    if snapshot is None:
        ls.note(Answer("closed"))
        return None
    # Before these the editor hasn't waited as it does for a word: the next key may be on its way.
    at_once = params.context is not None and params.context.trigger_kind in (
        lsp.CompletionTriggerKind.TriggerCharacter,
        lsp.CompletionTriggerKind.TriggerForIncompleteCompletions,
    )
    waited = min(ls.client.pause, editors.PAUSE_ELSEWHERE) if at_once else ls.client.pause
    where = translate.where(snapshot, params.position, ls.encoding)
    since = _asked(ls, snapshot.uri, where)
    ls.menu = menu = Menu(snapshot.uri, where.hole)
    try:
        offer = await menu.offer(
            lambda hole: ls.complete(menu.uri, hole, waited=waited), lambda: ls.menu is menu
        )
    finally:
        if ls.menu is menu:
            ls.menu = None
    if menu.now is None:
        ls.note(Answer("outdated"), snapshot.language)
    if offer is None or menu.now is None:
        return None
    _shown(ls, [offer], since)
    return translate.completion_list(offer, menu, where, snapshot.language)


def explain(ls: Server, *_: Any) -> dict[str, Any]:
    """Return why the last answer came out so, and those before; and what was shown and accepted."""
    offers = ls.completer.offers
    said = ls.history.explain(asyncio.get_running_loop().time())
    counted = {"shown": offers.shown, "accepted": offers.accepted}
    return {**_plain(said), "before": list(map(_plain, said["before"])), **counted}


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    """Return an explanation as editors may show it: the model's name is the engine's word."""
    return {key: plain(value) if isinstance(value, str) else value for key, value in said.items()}


def accept(ls: Server, *arguments: Any) -> None:
    """Note that the user has accepted a fill; the first argument is the number of its offer."""
    number = arguments[0] if arguments else None
    ls.statistics.accepted(number)
    ls.completer.accept(number)


def _asked(ls: Server, uri: str, where: Where) -> float:
    """Count what a request tells of what was shown before; return when it came."""
    # With an item of the editor's own menu the hole isn't one of the document.
    if not where.selected:
        ls.statistics.asked(uri, where.hole)
    return asyncio.get_running_loop().time()


def _shown(ls: Server, offers: Sequence[Offer], since: float) -> None:
    """Count what is shown for a request that came at ``since``."""
    ls.statistics.shown(offers, ls.completer.connection.source, since)


def toggle(ls: Server, *_: Any) -> dict[str, bool]:
    """Turn completion off, or on again."""
    return {"enabled": ls.toggle()}
