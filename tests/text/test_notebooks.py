"""Notebooks against a model that is too simple to be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.text.documents import Change, Document
from infill_ls.text.hole import PREFIX_LIMIT, SUFFIX_LIMIT, Around, Hole
from infill_ls.text.notebooks import Cell, Notebook, OpenDocuments

NOTEBOOK = "file:///project/sales.ipynb"


def opened(*texts: str, languages: Sequence[str] = (), markdown: Sequence[int] = ()) -> Desk:
    desk = Desk()
    kinds = {str(number): number not in markdown for number in range(len(texts))}
    desk.documents.open_notebook(NOTEBOOK, [Cell(*one) for one in kinds.items()])
    for number, text in enumerate(texts):
        language = languages[number] if languages else "python"
        desk.documents.open(Document(str(number), language, 1, text))
    return desk


class Desk:
    """Open documents whose cells have the numbers at which they stood first as their URIs."""

    def __init__(self) -> None:
        self.documents = OpenDocuments()

    @property
    def notebook(self) -> Notebook:
        notebook = self.documents.notebook(NOTEBOOK)
        assert notebook is not None
        return notebook

    def around(self, uri: str) -> Around:
        snapshot = self.documents.snapshot(uri)
        assert snapshot is not None
        assert snapshot.around is not None
        return snapshot.around

    def beside(self, uri: str) -> tuple[str, str]:
        """What is above and below a cell."""
        around = self.around(uri)
        return around.above, around.below

    def hole(self, uri: str, line: int, column: int) -> Hole:
        snapshot = self.documents.snapshot(uri)
        assert snapshot is not None
        return snapshot.hole(line, column)

    def type(self, uri: str, text: str) -> None:
        self.documents.change(uri, [Change(None, None, text)], 2, "utf-8")


# What is around a cell


def test_cells_have_an_empty_line_between_them() -> None:
    desk = opened("import os\r\n\r\n", "a = 1", "", "\n\nb = 2\n  \n", "c = 3")
    assert desk.beside("1") == ("import os\n\n", "\n\nb = 2\n\nc = 3")
    assert desk.beside("0") == ("", "\n\na = 1\n\nb = 2\n\nc = 3")
    assert desk.beside("4") == ("import os\n\na = 1\n\nb = 2\n\n", "")
    assert desk.beside("2") == ("import os\n\na = 1\n\n", "\n\nb = 2\n\nc = 3")


def test_commands_of_the_notebook_stay() -> None:
    desk = opened("%matplotlib inline\n!pip install pandas", "a = 1")
    assert desk.beside("1")[0] == "%matplotlib inline\n!pip install pandas\n\n"


def test_markdown_has_only_markdown_around_it() -> None:
    desk = opened("# Sales", "a = 1", "They rise.", "b = 2", markdown=(0, 2))
    assert desk.beside("1") == ("", "\n\nb = 2")
    assert desk.beside("2") == ("# Sales\n\n", "")


def test_cells_in_other_languages_are_left_out() -> None:
    cells = ("a = 1", "select 1", "b = 2", "select 2")
    desk = opened(*cells, languages=("python", "sql", "python", "sql"))
    assert desk.beside("2") == ("a = 1\n\n", "")
    assert desk.beside("3") == ("select 1\n\n", "")


@pytest.mark.parametrize(
    ("magic", "language"),
    [
        ("%%bash", "shellscript"),
        ("%%script bash", "shellscript"),
        ("%%!", "shellscript"),
        ("%%html --isolated", "html"),
        ("%%javascript", "javascript"),
        ("%%sql sqlite://", "sql"),
        ("%%R -i df", "r"),
        # These leave it in the kernel's own language, and so does what nobody knows.
        ("%%time", "python"),
        ("%%capture out", "python"),
        ("%%no_such", "python"),
        ("%time", "python"),
        ("%%", "python"),
        ("# %%bash", "python"),
    ],
)
def test_a_cell_may_say_its_language(magic: str, language: str) -> None:
    desk = opened("a = 1", f"{magic}\nx", "b = 2")
    assert desk.hole("1", 1, 1).language == language
    assert desk.beside("1") == (("a = 1\n\n", "\n\nb = 2") if language == "python" else ("", ""))
    assert (magic in desk.beside("2")[0]) is (language == "python")


def test_only_ipython_has_such_magics() -> None:
    desk = opened("%%bash", languages=("octave",))
    assert desk.hole("0", 0, 6).language == "octave"


def test_the_language_may_change_while_one_types() -> None:
    desk = opened("a = 1", "%%b", "%%bash\nls")
    assert desk.beside("1") == ("a = 1\n\n", "")
    desk.type("1", "%%bash")
    assert desk.beside("1") == ("", "\n\n%%bash\nls")


def test_an_unknown_cell_is_passed_over() -> None:
    desk = opened("a = 1", "b = 2")
    desk.notebook.splice(1, 0, [Cell("never opened", is_code=True)])
    assert desk.beside("1") == ("a = 1\n\n", "")
    desk.documents.close("0")
    assert desk.beside("1") == ("", "")
    assert desk.documents.snapshot("0") is None


def test_a_cell_that_stands_there_twice_is_not_around_itself() -> None:
    desk = opened("a = 1", "b = 2")
    desk.notebook.splice(2, 0, [Cell("0", is_code=True)])
    assert desk.beside("0") == ("", "\n\nb = 2")


def test_it_has_no_more_than_prompts_take() -> None:
    line = "x = 1\n"
    long = line * (2 * PREFIX_LIMIT // len(line))
    desk = opened(long, "a = 1", long)
    around = desk.around("1")
    assert PREFIX_LIMIT - len(line) < len(around.above) <= PREFIX_LIMIT
    assert around.above.startswith(line)
    assert len(around.below) == SUFFIX_LIMIT
    assert around.lines == long.count("\n") + 1


def test_typing_in_a_cell_changes_nothing_around_it() -> None:
    desk = opened("a = 1", "b", "c = 3")
    around = desk.around("1")
    desk.type("1", "b = 2")
    assert desk.around("1") is around
    desk.type("0", "a = 2")
    assert desk.beside("1") == ("a = 2\n\n", "\n\nc = 3")


# Holes in cells


def test_a_hole_in_a_cell() -> None:
    desk = opened("import os", "a = 1\nb = \n", "c = 3")
    hole = desk.hole("1", 1, 4)
    assert hole.prefix == "a = 1\nb = "
    assert hole.suffix == "\n"
    assert hole.whole_prefix == "import os\n\na = 1\nb = "
    assert hole.whole_suffix == "\n\n\nc = 3"
    assert (hole.first_line, hole.whole_first_line) == (0, 0)
    assert hole.in_cell


def test_what_is_open_in_a_cell_ends_with_it() -> None:
    desk = opened('text = """', "f(", "g(", "print(a)\n")
    assert desk.hole("2", 0, 2).open.code == ("(",)
    assert desk.hole("3", 1, 0).open.code == ()


def test_in_a_cell_that_is_too_long_nothing_is_left_out_in_the_middle() -> None:
    long = "x = 1\n" * (PREFIX_LIMIT // 5)
    desk = opened("a = 1", long, "b = 2")
    last = long.count("\n")
    hole = desk.hole("1", last, 0)
    assert hole.above == ""
    assert hole.below == "\n\nb = 2"
    assert hole.first_line + hole.prefix.count("\n") == last
    assert hole.whole_first_line == hole.first_line + 2
    hole = desk.hole("1", 0, 0)
    assert hole.above == "a = 1\n\n"
    assert hole.below == ""
    assert hole.whole_first_line == 0


# Changes


def test_kinds_change() -> None:
    desk = opened("a = 1", "b = 2")
    assert desk.beside("1")[0] == "a = 1\n\n"
    desk.notebook.update([Cell("0", is_code=False), Cell("elsewhere", is_code=False)])
    assert desk.beside("1")[0] == ""
    assert desk.notebook.cells == (Cell("0", is_code=False), Cell("1", is_code=True))


def test_a_closed_notebook() -> None:
    desk = opened("a = 1", "b = 2")
    notebook = desk.notebook
    assert desk.documents.close_notebook(NOTEBOOK) == notebook.cells
    assert desk.documents.close_notebook(NOTEBOOK) == ()
    assert desk.documents.notebook_of("1") is None
    snapshot = desk.documents.snapshot("1")
    assert snapshot is not None
    assert snapshot.around is None


def test_a_cell_of_nobody_knows_which_notebook() -> None:
    documents = OpenDocuments()
    documents.open(Document("a", "python", 1, "%%bash\n", is_cell=True))
    snapshot = documents.snapshot("a")
    assert snapshot is not None
    assert snapshot.around == Around("shellscript")


def test_a_change_of_what_is_not_open() -> None:
    assert OpenDocuments().change("a", [], 1, "utf-8") is None


URIS = st.sampled_from("abcde")
CELLS = st.builds(Cell, URIS, st.booleans())
TEXT = st.sampled_from(["", "x", "x\n", "\ny\r\n\r\nz", "%%bash\nls", "%%time\nx", " \n"])
STEPS = st.one_of(
    st.tuples(st.just("open"), URIS, st.sampled_from(["python", "markdown"]), TEXT),
    st.tuples(st.just("change"), URIS, TEXT),
    st.tuples(st.just("close"), URIS),
    st.tuples(st.just("splice"), st.integers(0, 6), st.integers(0, 6), st.lists(CELLS, max_size=3)),
    st.tuples(st.just("update"), st.lists(CELLS, max_size=3)),
)


def reference(
    cells: list[Cell], texts: dict[str, tuple[str, str]], uri: str
) -> tuple[str, str] | None:
    """What is above and below a cell, from scratch; None if it is none of the notebook's."""

    def language(of: str) -> str:
        said, text = texts[of]
        return "shellscript" if said == "python" and text.startswith("%%bash") else said

    number = next((at for at, cell in enumerate(cells) if cell.uri == uri), None)
    if number is None:
        return None

    def like(others: list[Cell]) -> list[str]:
        return [
            texts[other.uri][1].replace("\r\n", "\n").lstrip("\n").rstrip()
            for other in others
            if other.uri in texts
            and other.uri != uri
            and other.is_code == cells[number].is_code
            and language(other.uri) == language(uri)
            and texts[other.uri][1].strip()
        ]

    above, below = like(cells[:number]), like(cells[number + 1 :])
    return "".join(f"{one}\n\n" for one in above), "".join(f"\n\n{one}" for one in below)


@given(st.lists(CELLS, max_size=5), st.lists(st.tuples(STEPS, URIS), max_size=25))
def test_it_is_what_a_simple_model_says(cells: list[Cell], steps: list[Any]) -> None:
    desk = Desk()
    desk.documents.open_notebook(NOTEBOOK, cells)
    cells, texts = list(cells), dict[str, tuple[str, str]]()
    for (step, *what), looked_at in steps:
        if step == "open":
            uri, language, text = what
            desk.documents.open(Document(uri, language, 1, text))
            texts[uri] = language, text
        elif step == "change":
            uri, text = what
            desk.type(uri, text)
            if uri in texts:
                texts[uri] = texts[uri][0], text
        elif step == "close":
            desk.documents.close(*what)
            texts.pop(what[0], None)
        elif step == "splice":
            start, count, new = what
            desk.documents.splice(desk.notebook, start, count, new)
            cells[start : start + count] = new
        else:
            kinds = dict(*what)
            desk.notebook.update(*what)
            cells = [cell._replace(is_code=kinds.get(cell.uri, cell.is_code)) for cell in cells]
        assert {one.uri: (one.language, one.text) for one in desk.documents} == texts
        assert desk.notebook.cells == tuple(cells)
        if looked_at in texts:
            known = reference(cells, texts, looked_at)
            snapshot = desk.documents.snapshot(looked_at)
            assert snapshot is not None
            around = snapshot.around
            assert (None if around is None else (around.above, around.below)) == known
