"""pygls' protocol, with a reply to every request and with our own documents.

Where pygls falls silent, dies or hangs (version 2.1.1: a request with wrong params gets no reply,
malformed messages pop up in the editor, an error shows a traceback with local paths, its documents
split at form feeds and cost time with the square of a line), :class:`Protocol` does better.
It knows no server: what a message means to us is for :class:`Handlers`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, Final

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest
from pygls.protocol import LanguageServerProtocol, lsp_method

from infill_ls.logs import TRACE
from infill_ls.text.documents import Snapshot

log = logging.getLogger(__name__)

_SERVER_NOT_INITIALIZED: Final = -32002  # LSP 3.17, ErrorCodes

# The document that the request being handled is about, as it stood when the request arrived.
# None if the request is about no document, or about one that is not open.
_arrived: ContextVar[Snapshot | None] = ContextVar("arrived", default=None)


def take_arrived() -> Snapshot | None:
    """Return the document that the request is about as it stood when it arrived, once.

    Timers and tasks keep the context in which they were made, timers also after they were
    cancelled: each would keep a document of its own alive.
    """
    snapshot = _arrived.get()
    _arrived.set(None)
    return snapshot


@dataclass(frozen=True, slots=True)
class Handlers:
    """What is called for messages.

    ``note_client`` gets the params of ``initialize`` as they were sent, before anything else is
    done with them. ``snapshot_for`` returns the open document of a URI as it stands now, None if
    there is none. ``open``, ``change`` and ``close`` (a URI) are called for documents, and their
    namesakes for notebooks.
    """

    note_client: Callable[[dict[str, Any]], None]
    snapshot_for: Callable[[str], Snapshot | None]
    open: Callable[[lsp.TextDocumentItem], None]
    change: Callable[[lsp.DidChangeTextDocumentParams], None]
    close: Callable[[str], None]
    open_notebook: Callable[[lsp.DidOpenNotebookDocumentParams], None]
    change_notebook: Callable[[lsp.DidChangeNotebookDocumentParams], None]
    close_notebook: Callable[[lsp.DidCloseNotebookDocumentParams], None]


class Protocol(LanguageServerProtocol):
    """pygls' protocol, mended where it falls silent.

    ``handlers`` has to be set before the first message is received.
    """

    handlers: Handlers

    @property
    def is_shut_down(self) -> bool:
        """Whether the client has asked for ``shutdown``."""
        return bool(self._shutdown)

    def receive(self, body: bytes) -> None:
        """Handle one message, whatever it is. Raises nothing but :class:`SystemExit`, at `exit`."""
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
            self._refuse(message, error)
            return
        _arrived.set(self._snapshot_for(structured) if is_request else None)
        try:
            self.handle_message(structured)
        except Exception as error:
            # pygls answers what its handlers raise, but not what itself does.
            log.warning("dropped a message: %s", type(error).__name__)
            log.log(TRACE, "dropped a message", exc_info=True)
        finally:
            _arrived.set(None)
        if is_request and not hasattr(structured, "id"):
            # A notification that was sent as a request.
            self._send_response(message["id"])

    def _refuse(self, message: dict[str, Any], error: JsonRpcException) -> None:
        """Say what is wrong with a message to whoever waits for something."""
        if "id" in message and "method" in message:
            self._send_response(message["id"], error=error.to_response_error())
            return
        log.warning("dropped a message: %s", error.message)
        number = message.get("id")
        if isinstance(number, str) and number in self._request_futures:
            # An answer to a question of ours.
            self._handle_response(number, error=error.to_response_error())

    def _structured(self, message: dict[str, Any], is_request: bool) -> Any:
        """Return the typed message.

        Raises the :class:`JsonRpcException` to answer it with, if it can't be handled.
        """
        if message.get("jsonrpc") != "2.0":
            raise JsonRpcInvalidRequest(message='"jsonrpc" must be "2.0"')
        method = message.get("method")
        if is_request:
            self._check_request(message["id"], method)
            # pygls would take it for an answer.
            message.pop("error", None)
            message.pop("result", None)
        if isinstance(method, str):
            # pygls' own types for methods that it doesn't know insist on params.
            params = message.setdefault("params", None)
            if method == lsp.INITIALIZE and isinstance(params, dict):
                self.handlers.note_client(params)
            if method == lsp.WORKSPACE_DID_CHANGE_CONFIGURATION:
                # Whatever came with it, something has changed.
                sent = params.get("settings") if isinstance(params, dict) else None
                message["params"] = {"settings": sent}
        return self.structure_message(message)

    def _check_request(self, number: object, method: object) -> None:
        """Raise the :class:`JsonRpcException` to answer a request with, if it may not come now."""
        if not isinstance(number, str | int):
            raise JsonRpcInvalidRequest(message='"id" must be a text or a whole number')
        if not isinstance(method, str):
            raise JsonRpcInvalidRequest(message='"method" must be a text')
        if method == lsp.EXIT:
            return
        if self._shutdown:
            raise JsonRpcInvalidRequest(message="The server is shut down.")
        if self._workspace is None and method != lsp.INITIALIZE:
            raise JsonRpcException(
                code=_SERVER_NOT_INITIALIZED, message="The server is not initialized yet."
            )
        if self._workspace is not None and method == lsp.INITIALIZE:
            raise JsonRpcInvalidRequest(message="The server is initialized already.")

    def handle_message(self, message: Any) -> None:
        """Hand on a message of the right form.

        pygls asks ``typing``'s protocols what it is, which takes half of the time of a change.
        """
        method = getattr(message, "method", None)
        if self._shutdown and method != lsp.EXIT:
            return
        if method == lsp.SHUTDOWN and hasattr(message, "id"):
            # pygls notes it only when it is answered, and that may take a moment.
            self._shutdown = True
        context = copy_context()
        if method is None:
            error = getattr(message, "error", None)
            context.run(self._handle_response, message.id, getattr(message, "result", None), error)
        elif hasattr(message, "id"):
            context.run(self._handle_request, message.id, method, message.params)
        else:
            context.run(self._handle_notification, method, message.params)

    def _snapshot_for(self, message: Any) -> Snapshot | None:
        about = getattr(getattr(message, "params", None), "text_document", None)
        return self.handlers.snapshot_for(getattr(about, "uri", ""))

    def _handle_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        """Take the client's answer. One that nobody waits for any more is no error (pygls#621)."""
        waiting = self._request_futures.get(msg_id)
        if waiting is not None and waiting.done():
            self._request_futures.pop(msg_id, None)
            return
        super()._handle_response(msg_id, result, error)

    def _execute_handler(
        self, msg_id: Any, handler: Any, callback: Callable[[Any], None], *rest: Any, **more: Any
    ) -> None:
        """Run a handler. pygls keeps what became of a notification's for ever (version 2.1.1)."""

        def over(future: Any) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, over, *rest, **more)

    def _send_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        if error is not None:
            # pygls puts a traceback with local paths here.
            error.data = None
            if msg_id is None:
                # pygls leaves it out.
                self._send_data({"jsonrpc": "2.0", "id": None, "error": error})
                return
        super()._send_response(msg_id, result, error)

    # pygls keeps its own copy of each document, at 1 ms and more per change; ours replaces it.

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        self.handlers.open(params.text_document)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        self.handlers.change(params)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        self.handlers.close(params.text_document.uri)

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_OPEN)
    def lsp_notebook_document__did_open(self, params: lsp.DidOpenNotebookDocumentParams) -> None:
        self.handlers.open_notebook(params)

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(
        self, params: lsp.DidChangeNotebookDocumentParams
    ) -> None:
        self.handlers.change_notebook(params)

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def lsp_notebook_document__did_close(self, params: lsp.DidCloseNotebookDocumentParams) -> None:
        self.handlers.close_notebook(params)
