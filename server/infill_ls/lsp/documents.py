"""The documents and notebooks that the editor has open, as it says them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from lsprotocol import types as lsp

from infill_ls.lsp.translate import cells_from, changes_from, file_of, is_cell
from infill_ls.text.documents import Change, Document, Encoding, Snapshot, cursors
from infill_ls.text.hole import Hole
from infill_ls.text.notebooks import OpenDocuments

log = logging.getLogger(__name__)


class Documents:
    """Knows what is open.

    ``encoding``: returns the position encoding that was agreed on. ``changed`` is told of a
    document that has changed, of the changes, and of the holes where the cursor may be now, which
    are made only for whoever looks. ``closing`` is told of the URI of a document that goes.
    """

    def __init__(
        self,
        encoding: Callable[[], Encoding],
        changed: Callable[[Document, Sequence[Change], Iterator[Hole]], None],
        closing: Callable[[str], None],
    ) -> None:
        self._encoding = encoding
        self._changed = changed
        self._closing = closing
        self._open = OpenDocuments()

    def __iter__(self) -> Iterator[Document]:
        return iter(self._open)

    def get(self, uri: str) -> Document | None:
        """Return an open document; None if there is none of this URI."""
        return self._open.get(uri)

    def snapshot_for(self, uri: str) -> Snapshot | None:
        """Return an open document as it stands now; None if there is none."""
        return self._open.snapshot(uri)

    def file_of(self, uri: str) -> str:
        """Return the URI of the file that a document is, or is a part of."""
        notebook = self._open.notebook_of(uri)
        return file_of(uri) if notebook is None else notebook.uri

    def open(self, item: lsp.TextDocumentItem) -> None:
        """Take a document."""
        uri = item.uri
        cell = is_cell(uri) or self._open.notebook_of(uri) is not None
        self._open.open(Document(uri, item.language_id, item.version, item.text, is_cell=cell))

    def change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """Apply the changes of one notification."""
        about = params.text_document
        self._change(about.uri, changes_from(params.content_changes), about.version)

    def _change(self, uri: str, changes: list[Change], version: int) -> None:
        document = self._open.change(uri, changes, version, self._encoding())
        if document is None:
            log.warning("a document changed that is not open")
            return
        self._changed(document, changes, self._holes_after(document.uri, changes))

    def _holes_after(self, uri: str, changes: Sequence[Change]) -> Iterator[Hole]:
        """Yield where the cursor may be now. A snapshot is made only for whoever looks."""
        snapshot = self._open.snapshot(uri)
        assert snapshot is not None
        for line, column in cursors(snapshot.lines, changes[-1:], self._encoding()):
            yield snapshot.hole(line, column)

    def close(self, uri: str) -> None:
        """Forget a document."""
        self._closing(uri)
        self._open.close(uri)

    def close_unknown(self, head: bytes) -> None:
        """Forget the document, or the notebook, of a message of which the first bytes are known.

        Forget all where they don't tell.
        """
        about = [document.uri for document in self._open]
        named = re.search(r'"uri"\s*:\s*("(?:[^"\\]|\\.)*")', head.decode("utf-8", "replace"))
        if named:
            with suppress(ValueError):
                about = [json.loads(named[1])]
        for uri in about:
            self._close_cells(uri)
            self.close(uri)

    # Notebooks

    def open_notebook(self, params: lsp.DidOpenNotebookDocumentParams) -> None:
        """Take a notebook and its cells."""
        notebook = params.notebook_document
        self._close_cells(notebook.uri)
        self._open.open_notebook(notebook.uri, cells_from(notebook.cells))
        for item in params.cell_text_documents:
            self.open(item)

    def change_notebook(self, params: lsp.DidChangeNotebookDocumentParams) -> None:
        """Apply a change of a notebook: its cells and their order, what they are, their texts."""
        notebook, cells = self._open.notebook(params.notebook_document.uri), params.change.cells
        if notebook is None:
            log.warning("a notebook changed that is not open")
            return
        if cells is None:
            return
        if (structure := cells.structure) is not None:
            array = structure.array
            self._open.splice(notebook, array.start, array.delete_count, cells_from(array.cells))
            # A cell whose language changes is closed and opened.
            for closed in structure.did_close or ():
                self.close(closed.uri)
            for item in structure.did_open or ():
                self.open(item)
        notebook.update(cells_from(cells.data))
        for text in cells.text_content or ():
            self._change(text.document.uri, changes_from(text.changes), text.document.version)

    def close_notebook(self, params: lsp.DidCloseNotebookDocumentParams) -> None:
        """Forget a notebook and its cells."""
        self._close_cells(params.notebook_document.uri)
        for cell in params.cell_text_documents:
            if self._open.get(cell.uri) is not None:
                self.close(cell.uri)

    def _close_cells(self, uri: str) -> None:
        """Forget a notebook, if it is open, with all of its cells."""
        for cell in self._open.close_notebook(uri):
            self.close(cell.uri)
