"""The language server: LSP's params become our values, our values become LSP's results.

pygls does the protocol. Where it falls silent, dies or hangs (version 2.1.1: wrong params get no
reply, malformed messages pop up in the editor, a header in lower case makes it deaf, an `exit`
without `shutdown` counts as success, its documents split at form feeds and cost time with the
square of a line), :class:`Protocol` and :class:`Server` do better.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final, TypeVar, cast

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest
from pygls.io_ import StdoutWriter
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method

from infill_ls import __version__, editors
from infill_ls.completion.answer import Answer
from infill_ls.completion.completer import Completer
from infill_ls.completion.offers import Offer
from infill_ls.completion.status import State, Status
from infill_ls.engines import connect
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import InfillError, SettingsError
from infill_ls.logs import TRACE, set_log_level, start_logging
from infill_ls.lsp.frames import FrameError, Frames
from infill_ls.lsp.menu import Menu, word_before
from infill_ls.settings import Settings, from_user
from infill_ls.text import documents, hole
from infill_ls.text.documents import Change, Document, Encoding, Position, Snapshot, character
from infill_ls.text.hole import Hole

log = logging.getLogger(__name__)

# s. How often the parent process is looked at; a dead one must be noticed within 5 s.
PARENT_INTERVAL: Final = 2.0
# s. An editor that doesn't answer a question about its settings is not waited for.
CONFIGURATION_TIMEOUT: Final = 5.0
# Columns of a tab in the documentation of a menu's item.
TAB_SHOWN: Final = 4
# Bytes read at once.
_READ_SIZE: Final = 64 * 1024
_SERVER_NOT_INITIALIZED: Final = -32002  # LSP 3.17, ErrorCodes
ACCEPT: Final = "infill-ls.accept"
TOGGLE: Final = "infill-ls.toggle"
STATUS: Final = "infill-ls/status"

_LINE_END: Final = re.compile(r"[\r\n]")

Result = TypeVar("Result")

# The document as it stood when the request being handled arrived.
_arrived: ContextVar[Snapshot | None] = ContextVar("arrived", default=None)


class Protocol(LanguageServerProtocol):
    """pygls' protocol with a reply to every request and with our own documents."""

    _server: Server

    def receive(self, body: bytes) -> None:
        """Handle one message, whatever it is."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            log.warning("dropped a message of %d bytes that is not JSON", len(body))
            return
        if not isinstance(message, dict):
            log.warning("dropped a message that is not an object")
            return
        is_request = "id" in message and "method" in message
        if self._workspace is None and not is_request and message.get("method") != lsp.EXIT:
            log.warning("dropped a message that came before initialize")
            return
        try:
            structured = self._structured(message, is_request)
        except JsonRpcException as error:
            if is_request:
                self._send_response(message["id"], error=error.to_response_error())
            else:
                log.warning("dropped a message: %s", error.message)
            return
        _arrived.set(self._server.snapshot_for(structured))
        try:
            self.handle_message(structured)
        except Exception as error:
            # pygls answers what its handlers raise, but not what itself does: ids that can't be
            # hashed, for one.
            log.warning("dropped a message: %s", type(error).__name__)
            log.log(TRACE, "dropped a message", exc_info=True)

    def _structured(self, message: dict[str, Any], is_request: bool) -> Any:
        """The typed message; raises what it should be answered with if it can't be handled."""
        method = message.get("method")
        if message.get("jsonrpc") != "2.0":
            raise JsonRpcInvalidRequest(message='"jsonrpc" must be "2.0"')
        if is_request and not isinstance(message["id"], str | int):
            raise JsonRpcInvalidRequest(message='"id" must be a text or a whole number')
        if is_request and not isinstance(method, str):
            raise JsonRpcInvalidRequest(message='"method" must be a text')
        if is_request and self._shutdown:
            raise JsonRpcInvalidRequest(message="The server is shut down.")
        if is_request and self._workspace is None and method != lsp.INITIALIZE:
            raise JsonRpcException(
                code=_SERVER_NOT_INITIALIZED, message="The server is not initialized yet."
            )
        if is_request and self._workspace is not None and method == lsp.INITIALIZE:
            raise JsonRpcInvalidRequest(message="The server is initialized already.")
        if isinstance(method, str):
            # pygls' own types for methods that it doesn't know insist on params.
            message.setdefault("params", None)
            if method == lsp.INITIALIZE and isinstance(message["params"], dict):
                self._server.note_client(message["params"])
        return super().structure_message(message)

    def structure_message(self, data: dict[str, Any]) -> Any:
        return data

    def _handle_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        """A reply to a question that nobody waits for any more is no error (pygls#621)."""
        waiting = self._request_futures.get(msg_id)
        if waiting is not None and waiting.done():
            self._request_futures.pop(msg_id, None)
            return
        super()._handle_response(msg_id, result, error)

    def _send_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        if error is not None:
            # pygls puts a traceback with local paths here.
            error.data = None
        super()._send_response(msg_id, result, error)

    # pygls keeps its own copy of each document, at 1 ms and more per change; ours replaces it.

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        self._server.open_document(params.text_document)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        self._server.change_document(params)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        self._server.close_document(params.text_document.uri)


class Server(LanguageServer):
    """Open documents, the client's ways, and the completer."""

    protocol: Protocol

    def __init__(self, command_line: Mapping[str, Any] | None = None) -> None:
        super().__init__(
            "infill-ls", __version__, protocol_cls=Protocol, converter_factory=default_converter
        )
        self._command_line = dict(command_line or {})
        self._documents: dict[str, Document] = {}
        self.editor_options: Any = None
        self._told: set[str] = set()
        self._reported: set[str] = set()
        self.last_answer = Answer("unasked")
        self._tasks: set[asyncio.Task[None]] = set()
        self.menu: Menu | None = None
        self.client = ""
        self.has_ghost_text = False
        self.has_status = False
        self._toggled: bool | None = None
        self._enabled = True
        self._progress = 0  # number of the last one
        self._progress_over: asyncio.Event | None = None  # of the one that is shown
        self._settings_known = False
        self._early: asyncio.Future[bool] | None = None  # the request that waits for them
        self._readings = 0  # of the settings
        self.status = Status(self.tell_status, self.show_progress)
        self.completer = Completer(connect, Settings(headers={}), RatesFile(), status=self.status)
        _register(self)

    # What the protocol needs

    def note_client(self, params: dict[str, Any]) -> None:
        """Look at the raw initialize params.

        A client with ghost text has the key ``inlineCompletion``, be it with null (Emacs), which
        the typed capabilities can't tell from an absent one.
        """
        with contextlib.suppress(KeyError, TypeError):
            self.has_ghost_text = "inlineCompletion" in params["capabilities"]["textDocument"]
        with contextlib.suppress(KeyError, TypeError):
            self.client = str(params["clientInfo"]["name"])
        with contextlib.suppress(KeyError, TypeError):
            self.has_status = bool(params["capabilities"]["experimental"][STATUS])

    def snapshot_for(self, message: Any) -> Snapshot | None:
        """The document that a message is about, as it stands now."""
        about = getattr(getattr(message, "params", None), "text_document", None)
        document = self._documents.get(getattr(about, "uri", ""))
        return document.snapshot() if document else None

    @property
    def encoding(self) -> Encoding:
        """The position encoding that was agreed on."""
        agreed = self.protocol.server_capabilities.position_encoding
        return cast(Encoding, getattr(agreed, "value", agreed) or "utf-16")

    def report_server_error(self, error: Exception, source: Any) -> None:
        """pygls shows these to the user; none is his fault."""
        log.warning("pygls: %s", type(error).__name__)

    # Documents

    def open_document(self, item: lsp.TextDocumentItem) -> None:
        self._documents[item.uri] = Document(item.uri, item.language_id, item.version, item.text)

    def is_open(self, uri: str) -> bool:
        """Whether the editor has a document open."""
        return uri in self._documents

    def change_document(self, params: lsp.DidChangeTextDocumentParams) -> None:
        document = self._documents.get(params.text_document.uri)
        if document is None:
            log.warning("a document changed that is not open")
            return
        changes = [_change(change) for change in params.content_changes]
        document.apply(changes, params.text_document.version, self.encoding)
        holes: Iterable[Hole] = self._holes_after(document, changes)
        if self.menu is not None and self.menu.uri == document.uri:
            holes = list(holes)
            self.menu.follow(holes)
        if self._settings_known:
            self.completer.document_changed(document.uri, holes)

    def _holes_after(self, document: Document, changes: list[Change]) -> Iterator[Hole]:
        """Where the cursor may be now. A snapshot is made only for whoever looks."""
        lines = document.snapshot().lines
        for line, column in documents.cursors(lines, changes[-1:], self.encoding):
            yield hole.at(lines, line, column, document.language)

    def close_document(self, uri: str) -> None:
        self._documents.pop(uri, None)
        self.completer.close_document(uri)

    # Settings

    async def read_settings(self, sent: Any = None) -> None:
        """Read the settings anew; ``sent`` is the editor's part of them, if it has sent it.

        Of several readings that go on at once, as each may wait for the editor, the newest counts.
        """
        self._readings += 1
        reading = self._readings
        editor = await self.ask_for_settings() if sent is None else sent
        if reading == self._readings:
            await self.configure(editor)

    async def settings_known(self) -> bool:
        """Wait until the user's settings are known; whether nobody has asked anew meanwhile.

        Before, a request would go to a place that the user hasn't named, or where he has turned
        completion off.
        """
        if self._settings_known:
            return True
        self._answer_early(newest=False)
        self._early = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(CONFIGURATION_TIMEOUT):
                return await self._early
        except TimeoutError:
            # This editor has never said that it is initialized.
            await self.configure(self.editor_options)
            return True

    def _answer_early(self, *, newest: bool) -> None:
        early, self._early = self._early, None
        if early is not None and not early.done():
            early.set_result(newest)

    async def configure(self, editor: Any) -> None:
        """Take the settings; ``editor`` is the editor's part of them."""
        settings, problems = from_user(self._command_line, editor)
        set_log_level(settings.log)
        for problem in problems:
            self.tell(problem, lsp.MessageType.Warning)
        if settings.enabled != self._enabled:
            # Said later than the command, so that it counts for more.
            self._enabled, self._toggled = settings.enabled, None
        if self._toggled is not None:
            settings = replace(settings, enabled=self._toggled)
        if settings != self.completer.settings:
            await self.completer.reconfigure(settings)
        self._settings_known = True
        self._answer_early(newest=True)

    async def ask_for_settings(self) -> Any:
        """The editor's settings: its ``workspace/configuration`` over what it sent at the start."""
        workspace = self.client_capabilities.workspace
        if workspace is None or not workspace.configuration:
            return self.editor_options
        question = lsp.ConfigurationParams(items=[lsp.ConfigurationItem(section="infill-ls")])
        try:
            async with asyncio.timeout(CONFIGURATION_TIMEOUT):
                answers = await asyncio.shield(self.workspace_configuration_async(question))
        except (TimeoutError, JsonRpcException):
            return self.editor_options
        answer = answers[0] if answers else None
        return (
            {**(self.editor_options or {}), **answer}
            if isinstance(answer, dict)
            else (self.editor_options)
        )

    def tell(self, text: str, kind: lsp.MessageType) -> None:
        """Show the user a message, once."""
        if text not in self._told:
            self._told.add(text)
            self.window_show_message(lsp.ShowMessageParams(kind, f"infill-ls: {text}"))

    def report(self, error: InfillError) -> None:
        """Show the user a problem once, until something has worked again."""
        if str(error) not in self._reported:
            self._reported.add(str(error))
            log.warning("%s", error.message)
            self.window_show_message(
                lsp.ShowMessageParams(lsp.MessageType.Error, f"infill-ls: {error}")
            )

    def tell_status(self, state: State, message: str) -> None:
        """Tell the editor what the server is doing, if it has asked for that.

        Some editors log what they don't know, or show it (lsp-mode, Helix).
        """
        if self.has_status:
            with contextlib.suppress(BrokenPipeError):  # the editor is about to be gone
                self.protocol.notify(STATUS, {"state": state, "message": message})

    def show_progress(self, message: str | None) -> None:
        """Show the editor's own progress bar, if it has one, until told None."""
        if self._progress_over is not None:
            self._progress_over.set()
            self._progress_over = None
        window = self.client_capabilities.window
        if message is not None and window is not None and window.work_done_progress:
            self._progress_over = asyncio.Event()
            self.background(self._show_progress(message, self._progress_over))

    async def _show_progress(self, message: str, over: asyncio.Event) -> None:
        self._progress += 1
        token = f"infill-ls {self._progress}"
        try:
            await self.work_done_progress.create_async(token)
        except JsonRpcException:
            return
        self.work_done_progress.begin(
            token, lsp.WorkDoneProgressBegin("infill-ls", message=message)
        )
        await over.wait()
        self.work_done_progress.end(token, lsp.WorkDoneProgressEnd())

    def toggle(self) -> bool:
        """Turn completion off, or on again, until the user's settings say otherwise."""
        self._toggled = not self.completer.settings.enabled
        self.completer.turn(on=self._toggled)
        # Before the settings are known nobody knows what to get ready.
        if self._toggled and self._settings_known:
            self.background(self.get_ready())
        return self._toggled

    def recovered(self) -> None:
        """It works again; should it break again, that is news."""
        self._reported.clear()

    # Life

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the messages; the reference keeps it alive."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def start(self) -> None:
        """What is left to do once the editor has its answer to initialize."""
        await self.read_settings()
        self.status.begin()
        await self.get_ready()

    async def get_ready(self) -> None:
        """Have the engine load its model, unless completion is off."""
        if self.completer.settings.enabled:
            error = await self.completer.warm()
            if error is not None:
                self.report(error)

    async def watch_parent(self, process_id: int) -> None:
        """Leave when the editor has died without closing our stdin."""
        while True:
            await asyncio.sleep(PARENT_INTERVAL)
            try:
                os.kill(process_id, 0)
            except ProcessLookupError:
                log.info("the parent process is gone")
                await self.completer.aclose()
                _leave(1)
            except PermissionError:
                continue

    async def run(self, chunks: AsyncIterator[bytes], writer: Any) -> int:
        """Serve one client until it leaves; the exit status."""
        self.protocol.set_writer(writer)
        frames = Frames()
        try:
            async for chunk in chunks:
                for body in frames.feed(chunk):
                    self.protocol.receive(body)
                    # Let the request's task take its first step before the next message.
                    await asyncio.sleep(0)
            return 0 if self.protocol._shutdown else 1
        except FrameError as error:
            log.error("%s", error)
            return 1
        except BrokenPipeError:
            return 1
        except SystemExit as stopped:
            return int(stopped.code or 0)
        finally:
            self.status.end()
            for task in self._tasks:
                task.cancel()
            await self.completer.aclose()


def _register(server: Server) -> None:
    """Register the features; the answers' shapes are those that editors were seen to need."""

    @server.feature(lsp.INITIALIZE)
    def initialize(ls: Server, params: lsp.InitializeParams) -> None:
        ls.editor_options = params.initialization_options
        if not ls.has_ghost_text:
            # Offered beside ghost text, the same fill would show up twice.
            triggers = editors.trigger_characters(ls.client)
            options = lsp.CompletionOptions(trigger_characters=list(triggers))
            ls.feature(lsp.TEXT_DOCUMENT_COMPLETION, options)(completion)

    @server.feature(lsp.INITIALIZED)
    def initialized(ls: Server, params: lsp.InitializedParams) -> None:
        ls.background(ls.start())
        if ls.process_id and sys.platform != "win32":
            # On Windows os.kill(pid, 0) would end the process; the end of stdin must do there.
            ls.background(ls.watch_parent(ls.process_id))

    @server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configuration(ls: Server, params: lsp.DidChangeConfigurationParams) -> None:
        sent = params.settings.get("infill-ls") if isinstance(params.settings, dict) else None
        await ls.read_settings(sent)

    @server.command("infill-ls.explain")
    def explain(ls: Server) -> dict[str, Any]:
        offers = ls.completer.offers
        return {
            **ls.last_answer.explain(),
            "shown": offers.shown,
            "accepted": offers.accepted,
        }

    @server.command(ACCEPT)
    def accept(ls: Server, *arguments: Any) -> None:
        ls.completer.accept(arguments[0] if arguments else None)

    @server.command(TOGGLE)
    def toggle(ls: Server, *_: Any) -> dict[str, bool]:
        return {"enabled": ls.toggle()}

    # pygls needs the options object, or it declares nothing.
    @server.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, lsp.InlineCompletionOptions())
    async def inline_completion(
        ls: Server, params: lsp.InlineCompletionParams
    ) -> lsp.InlineCompletionList | None:
        snapshot = _arrived.get()
        if snapshot is None:
            return lsp.InlineCompletionList(items=[])
        manual = params.context.trigger_kind == lsp.InlineCompletionTriggerKind.Invoked
        where = _where(ls, snapshot, params.position, params.context.selected_completion_info)
        answered = await _complete(ls, snapshot.uri, where.hole, ls.client, manual)
        if answered.reason == "superseded":
            # null leaves what is shown; an empty list would hide it.
            return None
        offers = answered.offers
        if not editors.shows_range(ls.client):
            offers = tuple(offer for one in offers if (offer := one.without_range()).fill)
        items = [
            lsp.InlineCompletionItem(
                insert_text=where.selected + _text(ls, offer),
                range=where.range(offer.replaced),
                command=_accepted(offer),
            )
            for offer in offers
        ]
        return lsp.InlineCompletionList(items=items)

    async def completion(ls: Server, params: lsp.CompletionParams) -> lsp.CompletionList | None:
        snapshot = _arrived.get()
        if snapshot is None:
            return None
        # Before these the editor hasn't waited for another key.
        at_once = params.context is not None and params.context.trigger_kind in (
            lsp.CompletionTriggerKind.TriggerCharacter,
            lsp.CompletionTriggerKind.TriggerForIncompleteCompletions,
        )
        client = "" if at_once else ls.client
        where = _where(ls, snapshot, params.position)
        menu = Menu(snapshot.uri, where.hole)
        ls.menu = menu
        try:
            offer = await menu.offer(
                lambda place: _complete(ls, menu.uri, place, client), lambda: ls.menu is menu
            )
        finally:
            if ls.menu is menu:
                ls.menu = None
        if offer is None or menu.now is None:
            return None
        item = _completion_item(offer, menu, where, snapshot.language)
        return lsp.CompletionList(is_incomplete=True, items=[item])


@dataclass(frozen=True, slots=True)
class _Where:
    """Where in a document a fill is wanted.

    ``text`` is the cursor's line in the document, ``start`` and ``end`` are the columns, from 0 in
    code points, between which a fill stands, as long as it takes the place of nothing. They are the
    cursor's, or those of the word in whose place the item that is selected in the editor's own menu
    would stand: ``selected`` is that item's text, and the hole is the one behind it.
    """

    hole: Hole
    text: str
    line: int
    start: int
    end: int
    encoding: Encoding
    selected: str = ""

    def range(self, replaced: int, back: int = 0) -> lsp.Range:
        """The range of an edit that takes the place of so many characters right of the cursor, and
        of so many before it."""
        return lsp.Range(self._position(self.start - back), self._position(self.end + replaced))

    def _position(self, column: int) -> lsp.Position:
        return lsp.Position(self.line, character(self.text, column, self.encoding))


def _where(
    ls: Server,
    snapshot: Snapshot,
    position: lsp.Position,
    selected: lsp.SelectedCompletionInfo | None = None,
) -> _Where:
    """Where a request wants a fill. What lies outside of the document means its nearest place."""
    encoding, lines = ls.encoding, snapshot.lines
    line, column = _clamped(snapshot, position, encoding)
    text, start, end, chosen = lines[line], column, column, ""
    if selected is not None and not _LINE_END.search(selected.text):
        first, begun = _clamped(snapshot, selected.range.start, encoding)
        last, ended = _clamped(snapshot, selected.range.end, encoding)
        if first == last == line and begun <= column <= ended:
            start, end, chosen = begun, ended, selected.text
            changed = text[:start] + chosen + text[end:]
            lines, column = (*lines[:line], changed, *lines[line + 1 :]), start + len(chosen)
    place = hole.at(lines, line, column, snapshot.language)
    return _Where(place, text, line, start, end, encoding, chosen)


def _clamped(snapshot: Snapshot, position: lsp.Position, encoding: Encoding) -> tuple[int, int]:
    return snapshot.locate(Position(position.line, position.character), encoding)


async def _complete(ls: Server, uri: str, place: Hole, client: str, manual: bool = False) -> Answer:
    """The completer's answer for a hole; what is in the way is told to the user."""
    try:
        if not await ls.settings_known():
            return Answer("superseded")
        if not ls.is_open(uri):
            return Answer("closed")
        answer = await ls.completer.complete(uri, place, client=client, manual=manual)
    except Exception as error:
        log.error("a request failed: %s", type(error).__name__)
        log.log(TRACE, "a request failed", exc_info=True)
        return Answer("problem")
    if answer.reason != "superseded":
        ls.last_answer = answer
    if answer.error is not None:
        ls.report(answer.error)
    elif answer.reason == "fill":
        ls.recovered()
    return answer


def _text(ls: Server, offer: Offer) -> str:
    """What the editor is to insert, with the line ends that it wants."""
    if editors.keeps_line_ends_apart(ls.client):
        return offer.fill
    return offer.text


def _accepted(offer: Offer) -> lsp.Command:
    """What the editor is to tell when the user has accepted an offer."""
    return lsp.Command("infill-ls: accepted", ACCEPT, arguments=[offer.number])


def _completion_item(offer: Offer, menu: Menu, where: _Where, language: str) -> lsp.CompletionItem:
    """One item, made so that an editor that filters by the word before the cursor keeps it.

    ``where``: what the request was made for, and what the edit counts from.
    """
    word = word_before(where.text[: where.start])
    fill = menu.whole(offer)
    inserted = word + menu.asked.in_document(fill)
    edited = where.range(menu.asked.replaced(fill), back=len(word))
    first_line, *more = inserted.strip("\r\n").splitlines()
    # Helix shows a CR as a line end of its own, and a tab not at all.
    shown = inserted.replace(menu.asked.newline, "\n").expandtabs(TAB_SHOWN)
    return lsp.CompletionItem(
        label=first_line.strip() + (" …" if more else ""),
        kind=lsp.CompletionItemKind.Text,
        detail="infill-ls",
        documentation=lsp.MarkupContent(lsp.MarkupKind.Markdown, f"```{language}\n{shown}\n```"),
        filter_text=first_line,
        sort_text="\0",
        preselect=True,
        insert_text_format=lsp.InsertTextFormat.PlainText,
        insert_text_mode=lsp.InsertTextMode.AsIs,
        text_edit=lsp.TextEdit(edited, inserted),
        command=_accepted(offer),
    )


def _change(change: lsp.TextDocumentContentChangeEvent) -> Change:
    if isinstance(change, lsp.TextDocumentContentChangePartial):
        start, end = change.range.start, change.range.end
        return Change(
            Position(start.line, start.character), Position(end.line, end.character), change.text
        )
    return Change(None, None, change.text)


def serve_stdio(command_line: Mapping[str, Any]) -> None:
    """Serve the client on stdin and stdout, then leave the process."""
    start_logging()
    # Whatever prints by mistake, native code included, goes to stderr from here on.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    async def main() -> int:
        return await Server(command_line).run(_chunks_of(sys.stdin.buffer), StdoutWriter(output))

    _leave(_run(main))


def serve_tcp(command_line: Mapping[str, Any], host: str, port: int) -> None:
    """Serve one client on a socket, then leave the process.

    Raises :class:`SettingsError` if the address can't be listened on.
    """
    start_logging()

    async def main() -> int:
        status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            listener.close()

            async def chunks() -> AsyncIterator[bytes]:
                while chunk := await reader.read(_READ_SIZE):
                    yield chunk

            status.set_result(await Server(command_line).run(chunks(), writer))

        try:
            listener = await asyncio.start_server(client, host, port)
        except OSError as error:
            raise SettingsError(
                f"Nobody can listen on {host}:{port} ({error.strerror}).",
                "Take another port; 0 is any that is free.",
            ) from None
        address = listener.sockets[0].getsockname()
        sys.stderr.write(f"listening on {address[0]}:{address[1]}\n")
        sys.stderr.flush()
        return await status

    _leave(_run(main))


def _run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    try:
        return asyncio.run(main())
    except KeyboardInterrupt:
        return 1


async def _chunks_of(stream: BinaryIO) -> AsyncIterator[bytes]:
    """What arrives on a stream, read by a thread of its own, so that stdin may be anything."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        chunk = b"-"
        while chunk:
            try:
                chunk = os.read(stream.fileno(), _READ_SIZE)
            except OSError:
                chunk = b""
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(arrived.put_nowait, chunk)

    threading.Thread(target=read, daemon=True, name="stdin").start()
    while chunk := await arrived.get():
        yield chunk


def _leave(status: int) -> None:
    """End the process without waiting for the thread that blocks on stdin."""
    sys.stderr.flush()
    os._exit(status)
