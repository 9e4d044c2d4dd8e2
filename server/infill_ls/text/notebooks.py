"""Open documents, and the notebooks that some of them are cells of.

A cell is a document by itself. What a prompt has around it are the notebook's other cells in the
same language, as nbconvert would write them into one script; Markdown and outputs are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from infill_ls.text.documents import Change, Document, Encoding, Snapshot
from infill_ls.text.hole import PREFIX_LIMIT, SUFFIX_LIMIT, Around

# Between two cells: an empty line, as between two parts of a script.
BETWEEN: Final = "\n\n"
# What a cell is written in whose first line says so (IPython's cell magics, and those of the
# extensions for SQL and R). Others, such as %%time, leave it in the kernel's language.
_MAGICS: Final = {
    **dict.fromkeys(("bash", "sh", "system", "sx", "!"), "shellscript"),
    **dict.fromkeys(("javascript", "js"), "javascript"),
    **dict.fromkeys(("html", "HTML", "svg", "SVG"), "html"),
    **dict.fromkeys(("sql", "bigquery"), "sql"),
    **dict.fromkeys(("R", "r"), "r"),
    "cmd": "bat",
    "latex": "latex",
    "markdown": "markdown",
    "perl": "perl",
    "ruby": "ruby",
}
_MAGIC: Final = re.compile(r"%%(?:script\s+)?(!|\w+)")


class Cell(NamedTuple):
    """A cell of a notebook: the URI of its document, and whether it is code or Markdown."""

    uri: str
    is_code: bool


class Notebook:
    """The cells of an open notebook, in their order. Their texts are the store's."""

    def __init__(self, uri: str, cells: Iterable[Cell]) -> None:
        self.uri = uri
        self._cells = list(cells)
        # What is around the cell that was asked for last, and its language. Typing in a cell
        # changes nothing around it, so that a key costs the same in a notebook of any size.
        self._known: tuple[str, Around] | None = None

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its cells, first to last."""
        return tuple(self._cells)

    def splice(self, start: int, count: int, cells: Iterable[Cell]) -> None:
        """Put cells in the place of so many others, from one on; numbers beyond the end mean it."""
        self._cells[start : start + count] = cells
        self._known = None

    def update(self, cells: Iterable[Cell]) -> None:
        """Take the kinds of cells that it has; whatever else is said of them is no matter."""
        kinds = dict(cells)
        changed = [one._replace(is_code=kinds.get(one.uri, one.is_code)) for one in self._cells]
        if changed != self._cells:
            self._cells, self._known = changed, None

    def changed(self, uri: str) -> None:
        """Take note that the text of a cell has changed, or its language."""
        if self._known is not None and self._known[0] != uri:
            self._known = None

    def around(self, document: Document, documents: OpenDocuments) -> Around:
        """Return what is around one of its cells."""
        uri, language, known = document.uri, language_of(document), self._known
        if known is None or known[0] != uri or known[1].language != language:
            known = self._known = uri, self._around(uri, language, documents)
        return known[1]

    def _around(self, uri: str, language: str, documents: OpenDocuments) -> Around:
        number = next(at for at, cell in enumerate(self._cells) if cell.uri == uri)
        is_code = self._cells[number].is_code

        def like(cells: Iterable[Cell]) -> Iterator[str]:
            for cell in cells:
                other = documents.get(cell.uri)
                if (
                    other is not None
                    and cell.uri != uri
                    and cell.is_code is is_code
                    and language_of(other) == language
                    and other.stripped
                ):
                    yield other.stripped

        parts, size, lines = list[str](), 0, 0
        for text in like(reversed(self._cells[:number])):
            if size < PREFIX_LIMIT:
                parts.append(text + BETWEEN)
                size += len(parts[-1])
            lines += text.count("\n") + BETWEEN.count("\n")
        above = "".join(reversed(parts))
        if size > PREFIX_LIMIT:
            above = above[above.find("\n", len(above) - PREFIX_LIMIT - 1) + 1 :]
        below = ""
        for text in like(self._cells[number + 1 :]):
            below += BETWEEN + text
            if len(below) > SUFFIX_LIMIT:
                break
        return Around(language, above, below[:SUFFIX_LIMIT], lines)


class OpenDocuments:
    """The open documents by their URIs, and the notebooks that have some of them as cells."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self._notebooks: dict[str, Notebook] = {}
        self._of_cells: dict[str, Notebook] = {}

    def __iter__(self) -> Iterator[Document]:
        return iter(self._documents.values())

    def get(self, uri: str) -> Document | None:
        """Return an open document; None if there is none of this URI."""
        return self._documents.get(uri)

    def notebook_of(self, uri: str) -> Notebook | None:
        """Return the notebook that a document is a cell of; None if it is none's."""
        return self._of_cells.get(uri)

    def snapshot(self, uri: str) -> Snapshot | None:
        """Return an open document as it stands now; None if there is none."""
        document = self._documents.get(uri)
        if document is None:
            return None
        snapshot, notebook = document.snapshot(), self._of_cells.get(uri)
        if notebook is not None:
            return replace(snapshot, around=notebook.around(document, self))
        if document.is_cell:
            return replace(snapshot, around=Around(language_of(document)))
        return snapshot

    def open(self, document: Document) -> None:
        """Take a document; one of the same URI is forgotten."""
        self._documents[document.uri] = document
        self._changed(document.uri)

    def change(
        self, uri: str, changes: Sequence[Change], version: int, encoding: Encoding
    ) -> Document | None:
        """Apply the changes of one notification; return the document, None if it isn't open."""
        document = self._documents.get(uri)
        if document is not None:
            document.apply(changes, version, encoding)
            self._changed(uri)
        return document

    def close(self, uri: str) -> None:
        """Forget a document."""
        self._documents.pop(uri, None)
        self._changed(uri)

    def _changed(self, uri: str) -> None:
        if (notebook := self._of_cells.get(uri)) is not None:
            notebook.changed(uri)

    def notebook(self, uri: str) -> Notebook | None:
        """Return an open notebook; None if there is none of this URI."""
        return self._notebooks.get(uri)

    def open_notebook(self, uri: str, cells: Iterable[Cell]) -> None:
        """Take a notebook; its cells' documents are opened by themselves."""
        self.close_notebook(uri)
        notebook = self._notebooks[uri] = Notebook(uri, cells)
        self._of_cells |= {cell.uri: notebook for cell in notebook.cells}

    def splice(self, notebook: Notebook, start: int, count: int, cells: Iterable[Cell]) -> None:
        """Change which cells a notebook has, and their order."""
        notebook.splice(start, count, cells)
        self._forget(notebook)
        self._of_cells |= {cell.uri: notebook for cell in notebook.cells}

    def close_notebook(self, uri: str) -> tuple[Cell, ...]:
        """Forget a notebook, and return the cells that it had."""
        notebook = self._notebooks.pop(uri, None)
        if notebook is None:
            return ()
        self._forget(notebook)
        return notebook.cells

    def _forget(self, notebook: Notebook) -> None:
        self._of_cells = {uri: one for uri, one in self._of_cells.items() if one is not notebook}


def language_of(document: Document) -> str:
    """Return the id of the language that a cell is written in, as its first line may say."""
    said = document.language
    found = _MAGIC.match(document.first_line) if said == "python" else None
    return _MAGICS.get(found[1], said) if found else said
