"""The server: the open documents, the client and its ways, the completer, the settings.

What it does for each message is in ``features``; who starts it registers those.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from infill_ls import __version__
from infill_ls.completion.answer import Answer
from infill_ls.completion.status import Status
from infill_ls.logs import failure, set_log_level
from infill_ls.lsp.configuration import Configuration, NoAnswer
from infill_ls.lsp.menu import Menu
from infill_ls.lsp.messages import Messages
from infill_ls.lsp.protocol import Handlers, Protocol
from infill_ls.lsp.translate import Client, changes_from, client_from, path_of
from infill_ls.project.exclusions import Exclusions
from infill_ls.settings import Settings
from infill_ls.text.documents import Change, Document, Encoding, Snapshot, cursors
from infill_ls.text.hole import Hole, at

if TYPE_CHECKING:
    from infill_ls.completion.completer import Completer

log = logging.getLogger(__name__)


class Server(LanguageServer):
    """One session with one editor. ``command_line`` has the settings that were given there.

    ``last_answer`` is the newest one, for ``infill-ls.explain``. ``menu`` is the request for a
    menu's items that waits, if one does.
    """

    protocol: Protocol

    def __init__(self, command_line: Mapping[str, Any] | None = None) -> None:
        super().__init__(
            "infill-ls", __version__, protocol_cls=Protocol, converter_factory=default_converter
        )
        self.protocol.handlers = Handlers(
            note_client=self._note_client,
            snapshot_for=self._snapshot_for,
            open=self._open,
            change=self._change,
            close=self._close,
        )
        self.client = Client()
        self.last_answer = Answer("unasked")
        self.menu: Menu | None = None
        self._documents: dict[str, Document] = {}
        self._exclusions = Exclusions()
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = False
        self._asked = 0  # how often for a fill
        self.messages = Messages(self, self.background)
        self.status = Status(self.messages.tell_status, self.messages.show_progress)
        self.configuration = Configuration(
            command_line or {},
            ask=self._ask_for_settings,
            tell=self.messages.tell,
            take=self._take_settings,
        )

    @cached_property
    def completer(self) -> Completer:
        """Who answers requests."""
        # Not at the head: a tenth of the start is for prompts, engines and filters, and the editor
        # need not wait for them before its initialize is answered.
        from infill_ls.completion.completer import Completer
        from infill_ls.engines import connect
        from infill_ls.engines.rates_file import RatesFile

        return Completer(connect, Settings(), RatesFile(), status=self.status)

    # The client and its documents

    @property
    def encoding(self) -> Encoding:
        """The position encoding that was agreed on."""
        agreed = self.server_capabilities.position_encoding
        return cast(Encoding, getattr(agreed, "value", agreed) or "utf-16")

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what pygls would show to the user: none of it is the user's fault."""
        log.warning("pygls: %s", type(error).__name__)

    def _note_client(self, params: dict[str, Any]) -> None:
        self.client = client_from(params)
        self.messages.has_status = self.client.has_status

    def _snapshot_for(self, uri: str) -> Snapshot | None:
        document = self._documents.get(uri)
        return document.snapshot() if document else None

    def _open(self, item: lsp.TextDocumentItem) -> None:
        self._documents[item.uri] = Document(item.uri, item.language_id, item.version, item.text)

    def _change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        document = self._documents.get(params.text_document.uri)
        if document is None:
            log.warning("a document changed that is not open")
            return
        changes = changes_from(params.content_changes)
        document.apply(changes, params.text_document.version, self.encoding)
        holes: Iterable[Hole] = self._holes_after(document, changes)
        if self.menu is not None and self.menu.uri == document.uri:
            holes = list(holes)
            self.menu.follow(holes)
        if self.configuration.is_known:
            self.completer.document_changed(document.uri, holes)

    def _holes_after(self, document: Document, changes: list[Change]) -> Iterator[Hole]:
        """Yield where the cursor may be now. A snapshot is made only for whoever looks."""
        lines = document.snapshot().lines
        for line, column in cursors(lines, changes[-1:], self.encoding):
            yield at(lines, line, column, document.language)

    def _close(self, uri: str) -> None:
        self._documents.pop(uri, None)
        self.completer.close_document(uri)

    # Settings

    async def _ask_for_settings(self) -> Any:
        """Ask the editor for its ``workspace/configuration``, section ``infill-ls``.

        Raises :class:`NoAnswer`.
        """
        workspace = self.client_capabilities.workspace
        if workspace is None or not workspace.configuration:
            raise NoAnswer
        question = lsp.ConfigurationParams(items=[lsp.ConfigurationItem(section="infill-ls")])
        try:
            answers = await self.workspace_configuration_async(question)
        except JsonRpcException:
            raise NoAnswer from None
        return answers[0] if answers else None

    async def _take_settings(self, settings: Settings) -> None:
        set_log_level(settings.log)
        self._exclusions = Exclusions(settings.exclude, self._folders())
        for pattern in self._exclusions.wrong:
            self.messages.tell(f'"{pattern}" in "exclude" is no pattern as in a .gitignore.')
        before = self.completer.settings
        if settings == before:
            return
        another = await self.completer.reconfigure(settings)
        # At the start the editor is told the status first.
        if self.configuration.is_known and (another or not before.enabled):
            self.background(self._get_ready())

    def _folders(self) -> list[str]:
        """Return the folders that are worked in."""
        opened = [path_of(folder.uri) for folder in self.workspace.folders.values()]
        return [folder for folder in (*opened, path_of(self.workspace.root_uri or "")) if folder]

    def toggle(self) -> bool:
        """Turn completion off, or on again, and return whether it is on.

        That counts until the user's settings say something new.
        """
        enabled = not self.completer.settings.enabled
        self.configuration.toggle(enabled=enabled)
        self.completer.turn(on=enabled)
        # Before the settings are known nobody knows what to get ready.
        if enabled and self.configuration.is_known:
            self.background(self._get_ready())
        return enabled

    # Completion

    async def complete(
        self, uri: str, hole: Hole, *, client: str = "", manual: bool = False
    ) -> Answer:
        """Return the completer's answer for a hole. What is in the way is told to the user.

        ``client``: the editor's name, empty if it has not waited for another key on its own.
        ``manual``: the user has asked by hand. Raises only :class:`asyncio.CancelledError`.
        """
        self._asked += 1
        asked = self._asked
        try:
            answer = await self._answer(uri, hole, client, manual)
        except Exception as error:
            failure(log, "a request failed", error)
            answer = Answer("problem")
        if answer.offers and asked != self._asked:
            # While it was on its way here, a newer one was answered from memory.
            answer = Answer("superseded")
        if answer.reason != "superseded":
            self.last_answer = answer
        if answer.error is not None:
            self.messages.report(answer.error)
        elif answer.reason == "fill":
            self.messages.recovered()
        return answer

    async def _answer(self, uri: str, hole: Hole, client: str, manual: bool) -> Answer:
        if not await self.configuration.known():
            return Answer("superseded")
        if uri not in self._documents:
            return Answer("closed")
        excluded = self._exclusions.pattern_for(path_of(uri), hole.language)
        return await self.completer.complete(
            uri, hole, client=client, manual=manual, excluded=excluded
        )

    # Life

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work beside the messages, as long as the session lasts."""
        task = asyncio.create_task(work)
        # The reference keeps it alive.
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            failure(log, "work beside the messages failed", error)

    def start(self) -> None:
        """Read the settings and get the engine ready, once the editor is initialized."""
        if not self._started:
            self._started = True
            self.background(self._start())

    async def _start(self) -> None:
        await self.configuration.read()
        self.status.begin()
        await self._get_ready()

    async def _get_ready(self) -> None:
        """Have the engine load its model, unless completion is off."""
        if self.completer.settings.enabled:
            error = await self.completer.connection.warm()
            if error is not None:
                self.messages.report(error)

    async def aclose(self) -> None:
        """End what is under way, and let the engine go."""
        self.status.end()
        self.menu = None
        self.configuration.end()
        for task in self._tasks:
            task.cancel()
        await self.completer.aclose()
