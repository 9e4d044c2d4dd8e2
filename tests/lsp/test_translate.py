"""Values of the protocol and values of ours."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp

from holes import at
from infill_ls.completion.offers import Offer, Offers
from infill_ls.lsp.menu import Menu
from infill_ls.lsp.translate import (
    STATUS,
    Client,
    changes_from,
    client_from,
    completion_list,
    file_of,
    inline_list,
    is_cell,
    path_of,
    where,
)
from infill_ls.text.documents import Change, Document, Encoding, Position, Snapshot

URI = "file:///project/main.py"


def snapshot(text: str, language: str = "python") -> Snapshot:
    return Document(URI, language, 1, text).snapshot()


def spot(line: int, character: int) -> lsp.Position:
    return lsp.Position(line, character)


def offers(text: str, *fills: str) -> tuple[Offer, ...]:
    """``text`` has the cursor in it."""
    return Offers().make(URI, at(text), fills)


# The client


@pytest.mark.parametrize(
    ("params", "client"),
    [
        ({}, Client()),
        (
            {"clientInfo": {"name": "Neovim", "version": "0.12"}},
            Client("Neovim", version="0.12", pause=0.2),
        ),
        ({"capabilities": {"experimental": {"infill-ls/pause": 40}}}, Client(pause=0.04)),
        ({"capabilities": {"experimental": {"infill-ls/pause": 0}}}, Client(pause=0)),
        *(
            ({"capabilities": {"experimental": {"infill-ls/pause": wrong}}}, Client())
            for wrong in (None, True, "40", -1, 10_001, math.nan, [40])
        ),
        ({"clientInfo": None, "capabilities": None}, Client()),
        ({"clientInfo": "Neovim", "capabilities": []}, Client()),
        ({"capabilities": {"textDocument": {"inlineCompletion": {}}}}, Client("", True)),
        # Emacs.
        ({"capabilities": {"textDocument": {"inlineCompletion": None}}}, Client("", True)),
        ({"capabilities": {"textDocument": {"completion": {}}}}, Client()),
        ({"capabilities": {"textDocument": None}}, Client()),
        ({"capabilities": {"experimental": {STATUS: True}}}, Client("", False, True)),
        ({"capabilities": {"experimental": {STATUS: False}}}, Client()),
        ({"capabilities": {"experimental": "what?"}}, Client()),
    ],
)
def test_what_counts_of_the_client(params: dict[str, Any], client: Client) -> None:
    assert client_from(params) == client


# Changes


def test_changes_keep_their_order() -> None:
    part = lsp.TextDocumentContentChangePartial(lsp.Range(spot(1, 2), spot(3, 4)), "a")
    whole = lsp.TextDocumentContentChangeWholeDocument("b")
    assert changes_from([part, whole]) == [
        Change(Position(1, 2), Position(3, 4), "a"),
        Change(None, None, "b"),
    ]


# Where a fill is wanted


ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]


@given(
    st.text(st.sampled_from("aé漢😀\x0c\u2028"), max_size=8),
    st.integers(0, 9),
    st.sampled_from(ENCODINGS),
)
def test_a_range_counts_as_the_client_does(line: str, column: int, encoding: Encoding) -> None:
    column = min(column, len(line))
    codec, width = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[
        encoding
    ]
    units = [len(line[:count].encode(codec)) // width for count in range(len(line) + 1)]
    found = where(snapshot(f"first\n{line}\n"), spot(1, units[column]), encoding)
    assert (found.hole.prefix, found.text) == (f"first\n{line[:column]}", f"{line}\n")
    assert found.range(0) == lsp.Range(spot(1, units[column]), spot(1, units[column]))
    over = found.range(len(line) - column, back=column)
    assert over == lsp.Range(spot(1, 0), spot(1, units[-1]))


@pytest.mark.parametrize(("line", "character", "end"), [(9, 9, (2, 0)), (1, 99, (1, 3))])
def test_what_is_outside_of_the_document_means_the_nearest_place(
    line: int, character: int, end: tuple[int, int]
) -> None:
    found = where(snapshot("a\nbcd\n"), spot(line, character), "utf-16")
    assert found.range(0).start == spot(*end)


def selection(text: str, first: tuple[int, int], last: tuple[int, int]) -> Any:
    return lsp.SelectedCompletionInfo(lsp.Range(spot(*first), spot(*last)), text)


def test_a_selected_item_stands_there_already() -> None:
    chosen = selection("append", (0, 3), (0, 6))
    found = where(snapshot("xs.app\n"), spot(0, 6), "utf-16", chosen)
    assert (found.hole.prefix, found.selected, found.text) == ("xs.append", "append", "xs.app\n")
    assert found.range(0) == lsp.Range(spot(0, 3), spot(0, 6))


@pytest.mark.parametrize(
    "chosen",
    [
        selection("a\nb", (0, 3), (0, 6)),
        selection("a\rb", (0, 3), (0, 6)),
        selection("append", (1, 0), (1, 0)),
        selection("append", (0, 0), (0, 2)),
        selection("append", (0, 3), (1, 0)),
    ],
)
def test_a_selection_that_is_none_of_the_cursors_word_counts_for_nothing(chosen: Any) -> None:
    found = where(snapshot("xs.app\n\n"), spot(0, 6), "utf-16", chosen)
    assert (found.hole.prefix, found.selected) == ("xs.app", "")


# Ghost text


def test_ghost_text_takes_the_place_of_the_closers_that_it_passes() -> None:
    found = where(snapshot("f(a, [])\n"), spot(0, 6), "utf-16")
    (item,) = inline_list(offers("f(a, [█])\n", "1], 2)"), found, "Neovim").items
    assert (item.insert_text, item.range) == ("1], 2)", lsp.Range(spot(0, 6), spot(0, 8)))
    assert item.command is not None
    assert (item.command.command, item.command.arguments) == ("infill-ls.accept", [1])


def test_who_only_inserts_gets_the_fill_up_to_the_closer() -> None:
    found = where(snapshot("def fib()\n"), spot(0, 8), "utf-16")
    made = offers("def fib(█)\n", "n):\n    return n", ")  # done")
    (item,) = inline_list(made, found, "LSP4IJ").items
    assert (item.insert_text, item.range) == ("n", lsp.Range(spot(0, 8), spot(0, 8)))


def test_no_ghost_text() -> None:
    found = where(snapshot("a\n"), spot(0, 1), "utf-16")
    assert inline_list((), found, "Neovim") == lsp.InlineCompletionList(items=[])


# A menu's item


def item(text: str, fill: str, language: str = "python") -> lsp.CompletionItem:
    """The item for a fill of a text with the cursor in it."""
    before, after = text.split("█")
    line, column = before.count("\n"), len(before.rpartition("\n")[2])
    found = where(snapshot(before + after, language), spot(line, column), "utf-32")
    (offer,) = Offers().make(URI, found.hole, [fill])
    made = completion_list(offer, Menu(URI, found.hole), found, language)
    assert made.is_incomplete
    (only,) = made.items
    return only


def shown(text: str, fill: str, language: str = "python") -> str:
    documentation = item(text, fill, language).documentation
    assert isinstance(documentation, lsp.MarkupContent)
    assert documentation.kind == lsp.MarkupKind.Markdown
    return documentation.value


def test_an_item_begins_with_the_word_before_the_cursor() -> None:
    made = item("# 😀\ndef add█", "_two(a, b):\n    return a + b")
    assert (made.label, made.filter_text) == ("add_two(a, b): …", "add_two(a, b):")
    over = lsp.Range(spot(1, 4), spot(1, 7))
    assert made.text_edit == lsp.TextEdit(over, "add_two(a, b):\n    return a + b")


@pytest.mark.parametrize("mark", ["\x0c", "\u2028", "\x85"])
def test_a_label_is_a_line_as_the_protocol_counts_lines(mark: str) -> None:
    made = item("x = █", f"a{mark}b\nc")
    assert (made.label, made.filter_text) == (f"a{mark}b …", f"a{mark}b")


def blocks(markdown: str) -> list[tuple[str, str]]:
    """Info string and content of the fenced blocks, by the rules of CommonMark 0.31, section 4.5.

    Whatever stands outside of them is a block of its own, named ``outside``.
    """
    found: list[tuple[str, str]] = []
    fence, info, content = "", "", ""
    for line in re.split(r"\r\n?|\n", markdown):
        opening = re.fullmatch(r" {0,3}(`{3,})([^`]*)|", line)
        closing = re.fullmatch(r" {0,3}(`{3,})[ \t]*", line)
        if not fence and opening and opening[1]:
            fence, info, content = opening[1], opening[2].strip(), ""
        elif fence and closing and len(closing[1]) >= len(fence):
            found.append((info, content))
            fence = ""
        elif fence:
            content += line + "\n"
        elif line:
            found.append(("outside", line))
    return [*found, ("open", content)] if fence else found


def test_the_documentation_is_the_code() -> None:
    text = shown("def add█", "_two(a, b):\n\treturn a + b")
    assert text == "```python\nadd_two(a, b):\n    return a + b\n```"


@pytest.mark.parametrize("ticks", ["``", "```", "````", "`" * 10])
def test_a_fill_with_a_fence_stays_within_its_own(ticks: str) -> None:
    fill = f"Example:\n\n{ticks}python\nprint(1)\n{ticks}\n\n# not a heading"
    text = shown("█", fill, "markdown")
    assert blocks(text) == [("markdown", fill + "\n")]


@given(st.lists(st.sampled_from("``` ````` ~~~ a # < \n \t".split(" ")), max_size=20))
def test_no_fill_breaks_out(parts: list[str]) -> None:
    fill = "x" + "".join(parts)
    (block,) = blocks(shown("█", fill))
    assert block == ("python", fill.expandtabs(4) + "\n")


@pytest.mark.parametrize("language", ["c++", "c#", "objective-c", "vue.html", "c_cpp", "日本"])
def test_language_ids_of_editors(language: str) -> None:
    assert blocks(shown("a = █", "1", language)) == [(language, "1\n")]


@pytest.mark.parametrize("language", ["", "a`b", "a\nb", "a b", "```", "&amp;", "<b>", "\\`", "~"])
def test_a_language_id_that_markdown_would_read_otherwise_is_left_out(language: str) -> None:
    assert blocks(shown("a = █", "1", language)) == [("", "1\n")]


def test_the_documentation_has_neither_cr_nor_tabs() -> None:
    text = shown("def show(names):\r\n\tfo█\r\n", "r name in names:\n\t\tprint(name)")
    assert text == "```python\nfor name in names:\n        print(name)\n```"


@pytest.mark.parametrize(
    "uri", ["file:///a%00b.py", "file:///\ud800", "untitled:1", "", "http://["]
)
def test_what_can_be_no_name_of_a_file_is_none(uri: str) -> None:
    assert path_of(uri) == ""


@pytest.mark.parametrize(
    ("cell", "file"),
    [
        ("vscode-notebook-cell:/a/b.ipynb#W0sZmlsZQ%3D%3D", "file:/a/b.ipynb"),
        ("vscode-notebook-cell:/a/%C3%A9%23.ipynb#X15sZmlsZQ==", "file:/a/%C3%A9%23.ipynb"),
        ("vscode-notebook-cell:Untitled-1.ipynb?x#W1sdW50aXRsZWQ%3D", "untitled:Untitled-1.ipynb"),
        (
            "vscode-notebook-cell://wsl%2BDebian/a.ipynb#W2sdnNjb2RlLXJlbW90ZQ%3D%3D",
            "vscode-remote://wsl%2BDebian/a.ipynb",
        ),
        # Whatever nobody can read is a file's.
        ("vscode-notebook-cell:/a.ipynb", "file:/a.ipynb"),
        ("vscode-notebook-cell:/a.ipynb#W0s", "file:/a.ipynb"),
        ("vscode-notebook-cell:/a.ipynb#W0sZmlsZ", "file:/a.ipynb"),
        ("vscode-notebook-cell:/a.ipynb#W0s\ud800", "file:/a.ipynb"),
        ("vscode-notebook-cell:/a.ipynb#W0sLi8v", "file:/a.ipynb"),
        ("vscode-notebook-cell:", "file:"),
        ("file:///a.ipynb#cell", "file:///a.ipynb#cell"),
        ("untitled:1", "untitled:1"),
    ],
)
def test_the_notebook_of_a_cell(cell: str, file: str) -> None:
    assert file_of(cell) == file


def test_the_path_of_a_cells_notebook() -> None:
    assert path_of(file_of("vscode-notebook-cell:/a/%C3%A9%23.ipynb#W0sZmlsZQ==")) == "/a/é#.ipynb"


@pytest.mark.parametrize(
    ("uri", "cell"),
    [
        ("vscode-notebook-cell:/a/b.py#W0sZmlsZQ%3D%3D", True),
        ("file:///a/.virtual_documents/b.ipynb", True),
        ("file:///a/b.py", False),
        ("untitled:1", False),
    ],
)
def test_which_documents_are_cells(uri: str, cell: bool) -> None:
    assert is_cell(uri) is cell
