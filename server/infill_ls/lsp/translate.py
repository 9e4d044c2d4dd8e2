"""LSP's params become our values, and our values become LSP's results.

Nothing here knows a server: what counts of the client (its name, the position encoding) is given.
The shapes of the results are those that editors were seen to need.
"""

from __future__ import annotations

import contextlib
import re
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from lsprotocol import types as lsp
from pygls import uris

from infill_ls import editors
from infill_ls.completion.offers import Offer
from infill_ls.lsp.menu import Menu, word_before
from infill_ls.text.documents import Change, Encoding, Position, Snapshot, character
from infill_ls.text.hole import LINE_END_MARKS, LONE_SURROGATE, Hole
from infill_ls.text.notebooks import Cell

# Names of our own in the protocol.
ACCEPT: Final = "infill-ls.accept"
STATUS: Final = "infill-ls/status"
PAUSE: Final = "infill-ls/pause"

# ms. An editor that says it waits longer before it asks has made a mistake.
LONGEST_PAUSE: Final = 10_000

# Columns of a tab in the documentation of a menu's item.
TAB_SHOWN: Final = 4

# CellUri in VS Code's source (notebookCommon.ts), and what a scheme is (RFC 3986, 3.1).
_CELL_SCHEME: Final = "vscode-notebook-cell:"
_SCHEME: Final = re.compile(r"[A-Za-z][\w+.-]*", re.ASCII)

_BACKTICKS: Final = re.compile("`+")
# Language ids that mean themselves behind a fence: no blanks, backticks, escapes or entities.
_LANGUAGE: Final = re.compile(r"[\w+#.-]+")


@dataclass(frozen=True, slots=True)
class Client:
    """What counts of the editor.

    ``name`` is its name for itself, or empty; so is ``version``. ``has_ghost_text``: it asks for
    inline completions. ``has_status``: it wants to be told what the server is doing, by
    ``infill-ls/status``. ``pause``: how long it waits after a key before it asks, in s.
    """

    name: str = ""
    has_ghost_text: bool = False
    has_status: bool = False
    version: str = ""
    pause: float = editors.PAUSE_ELSEWHERE


def client_from(params: Mapping[str, Any]) -> Client:
    """Read what counts of the editor from the params of ``initialize``, as they were sent.

    A client with ghost text has the key ``inlineCompletion``, be it with null (Emacs). The typed
    capabilities can't tell that from an absent one.
    """
    name, has_ghost_text, has_status, version = "", False, False, ""
    with contextlib.suppress(KeyError, TypeError):
        name = str(params["clientInfo"]["name"])
        version = str(params["clientInfo"].get("version") or "")
    with contextlib.suppress(KeyError, TypeError):
        has_ghost_text = "inlineCompletion" in params["capabilities"]["textDocument"]
    with contextlib.suppress(KeyError, TypeError):
        has_status = bool(params["capabilities"]["experimental"][STATUS])
    pause = editors.pause(name)
    with contextlib.suppress(KeyError, TypeError, ValueError):
        pause = _seconds(params["capabilities"]["experimental"][PAUSE])
    return Client(name, has_ghost_text, has_status, version, pause)


def _seconds(ms: Any) -> float:
    """Return the s of a number of ms; raises :class:`ValueError` or :class:`TypeError`."""
    if isinstance(ms, bool) or not 0 <= ms <= LONGEST_PAUSE:
        raise ValueError(ms)
    return float(ms) / 1000


def changes_from(
    events: Sequence[lsp.TextDocumentContentChangeEvent],
) -> list[Change]:
    """Return the changes of one notification, in their order."""
    return [_change(event) for event in events]


def _change(event: lsp.TextDocumentContentChangeEvent) -> Change:
    if isinstance(event, lsp.TextDocumentContentChangePartial):
        return Change(_position(event.range.start), _position(event.range.end), event.text)
    return Change(None, None, event.text)


def _position(position: lsp.Position) -> Position:
    return Position(position.line, position.character)


@dataclass(frozen=True, slots=True)
class Where:
    """Where in a document a fill is wanted.

    ``text`` is the cursor's line in the document, and ``line`` its number, from 0. ``start`` and
    ``end`` are the columns, from 0 in code points, between which a fill stands, as long as it takes
    the place of nothing. They are the cursor's, or those of the word in whose place the item that
    is selected in the editor's own menu would stand. ``selected`` is that item's text, and ``hole``
    is then the one behind it.
    """

    hole: Hole
    text: str
    line: int
    start: int
    end: int
    encoding: Encoding
    selected: str = ""

    def range(self, replaced: int, back: int = 0) -> lsp.Range:
        """Return the range of an edit, on the cursor's line.

        It takes the place of ``replaced`` characters right of the cursor and of ``back`` before it.
        """
        return lsp.Range(self._position(self.start - back), self._position(self.end + replaced))

    def _position(self, column: int) -> lsp.Position:
        return lsp.Position(self.line, character(self.text, column, self.encoding))


def where(
    snapshot: Snapshot,
    position: lsp.Position,
    encoding: Encoding,
    selected: lsp.SelectedCompletionInfo | None = None,
) -> Where:
    """Find where a request wants a fill.

    A position outside of the document means the nearest one in it. ``selected``: the item that is
    selected in the editor's own menu; it counts if it stands in the cursor's word.
    """
    lines = snapshot.lines
    line, column = snapshot.locate(_position(position), encoding)
    text, start, end, chosen = lines[line], column, column, ""
    if selected is not None and not LINE_END_MARKS.search(selected.text):
        first, begun = snapshot.locate(_position(selected.range.start), encoding)
        last, ended = snapshot.locate(_position(selected.range.end), encoding)
        if first == last == line and begun <= column <= ended:
            start, end, chosen = begun, ended, selected.text
            changed = text[:start] + chosen + text[end:]
            lines, column = (*lines[:line], changed, *lines[line + 1 :]), start + len(chosen)
    hole = snapshot.hole(line, column, lines)
    return Where(hole, text, line, start, end, encoding, chosen)


def inline_list(offers: Sequence[Offer], where: Where, client: str) -> lsp.InlineCompletionList:
    """Return offers as the ghost text of an editor, best first. ``client``: its name."""
    if not editors.shows_range(client):
        offers = [offer for one in offers if (offer := one.without_range()).fill]
    return lsp.InlineCompletionList(
        [
            lsp.InlineCompletionItem(
                insert_text=where.selected + _text(offer, client),
                range=where.range(offer.replaced),
                command=_accepted(offer),
            )
            for offer in offers
        ]
    )


def _text(offer: Offer, client: str) -> str:
    """Return what the editor is to insert, with the line ends that it wants."""
    return offer.fill if editors.keeps_line_ends_apart(client) else offer.text


def _accepted(offer: Offer) -> lsp.Command:
    """Return what the editor is to send when the user has accepted an offer."""
    return lsp.Command("infill-ls: accepted", ACCEPT, arguments=[offer.number])


def completion_list(offer: Offer, menu: Menu, where: Where, language: str) -> lsp.CompletionList:
    """Return an offer as the one item of an editor's menu.

    An editor that filters by the word before the cursor keeps it. ``where``: what the request was
    made for, and what the edit counts from. ``language``: the document's language id. It is not
    complete, so that the editor asks again when it no longer fits what is typed.
    """
    word = word_before(where.text[: where.start])
    fill = menu.whole(offer)
    inserted = word + menu.asked.in_document(fill)
    edited = where.range(menu.asked.replaced(fill), back=len(word))
    first_line, *more = LINE_END_MARKS.split(inserted.strip("\r\n"))
    item = lsp.CompletionItem(
        label=first_line.strip() + (" …" if more else ""),
        kind=lsp.CompletionItemKind.Text,
        detail="infill-ls",
        documentation=_documentation(inserted.replace(menu.asked.newline, "\n"), language),
        filter_text=first_line,
        sort_text="\0",
        preselect=True,
        insert_text_format=lsp.InsertTextFormat.PlainText,
        insert_text_mode=lsp.InsertTextMode.AsIs,
        text_edit=lsp.TextEdit(edited, inserted),
        command=_accepted(offer),
    )
    return lsp.CompletionList(is_incomplete=True, items=[item])


def _documentation(code: str, language: str) -> lsp.MarkupContent:
    """Return code as Markdown. ``code`` has ``\\n`` for every line end: Helix would show a CR."""
    # Helix shows a tab not at all.
    shown = code.expandtabs(TAB_SHOWN)
    # A fence is closed by any that is as long (CommonMark 0.31, section 4.5).
    longest = max(map(len, _BACKTICKS.findall(shown)), default=0)
    fence = "`" * max(3, longest + 1)
    info = language if _LANGUAGE.fullmatch(language) else ""
    return lsp.MarkupContent(lsp.MarkupKind.Markdown, f"{fence}{info}\n{shown}\n{fence}")


def cells_from(cells: Sequence[lsp.NotebookCell] | None) -> list[Cell]:
    """Return a notebook's cells; what was executed, and what came of it, is no matter."""
    return [Cell(cell.document, cell.kind == lsp.NotebookCellKind.Code) for cell in cells or ()]


def is_cell(uri: str) -> bool:
    """Whether a document is one of VS Code's cells, or of a notebook that was made one script.

    jupyterlab-lsp and jupytext's plugins for editors make such scripts.
    """
    return uri.startswith(_CELL_SCHEME) or file_of(uri).endswith(".ipynb")


def file_of(uri: str) -> str:
    """Return the URI of the notebook that has a cell by VS Code's way to make its URI.

    That has the notebook's scheme at the end of its fragment, in Base64, behind the number of the
    cell: the ``ZmlsZQ`` of ``#W0sZmlsZQ%3D%3D`` is ``file``. Others are returned as they are.
    """
    if not uri.startswith(_CELL_SCHEME):
        return uri
    path, _, fragment = uri.removeprefix(_CELL_SCHEME).partition("#")
    encoded = unquote(fragment).partition("s")[2]
    try:
        scheme = a2b_base64(encoded.replace("-", "+").replace("_", "/")).decode("ascii")
    except ValueError:
        scheme = ""
    # Unsaved ones have their kind behind a question mark.
    return f"{scheme if _SCHEME.fullmatch(scheme) else 'file'}:{path.partition('?')[0]}"


def path_of(uri: str) -> str:
    """Return the path of a document's file; empty if it has none, as before it is saved."""
    # Some editors leave these as they are in the name of a file.
    whole = uri.replace("#", "%23").replace("?", "%3F") if uri.startswith("file:") else uri
    try:
        path = uris.to_fs_path(whole) or ""
    except ValueError:
        return ""
    # With a NUL or half a character it is no name of a file, and the system would not look at it.
    return "" if "\0" in path or LONE_SURROGATE.search(path) else path


def name_of(uri: str) -> str:
    """Return what a document is called that has no file here: the path in its URI, or all of it."""
    path = unquote(uri.partition(":")[2]).strip("/")
    return "" if "\0" in path or LONE_SURROGATE.search(path) else path
