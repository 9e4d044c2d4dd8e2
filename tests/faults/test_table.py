"""The table of faults, and what each row of it must hold."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from faults import table
from faults.rows import FOLDER, Row, keep
from faults.table import BEGIN, END

ROW = Row(
    "Engines",
    "It is <gone> | away",
    ["Nothing answers at URL. Start it."],
    "not running",
    answered=0.004,
    quiet=0.25,
    recovered=1.5,
)


def test_a_row_as_markdown() -> None:
    assert table.line(ROW) == (
        "| It is &lt;gone> \\| away | “Nothing answers at URL. Start it.” (not running) "
        "| 4 ms | 0.2 s | 1.5 s | nothing |"
    )
    assert table.line(Row("Engines", "None", virtual=True, answered=8.0)) == (
        "| None | no message | 8.0 s × | – | – | nothing |"
    )


def test_only_what_is_between_the_marks_is_replaced() -> None:
    page = f"a\n{BEGIN}\nold\n{END}\nb\n"
    assert table.replaced(page, "new") == f"a\n{BEGIN}\nnew\n{END}\nb\n"


def test_rows_are_kept_for_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    keep(ROW)
    monkeypatch.setenv(FOLDER, str(tmp_path))
    other = replace(ROW, chapter="Discs", what="It is full")
    for row in (ROW, other, replace(ROW, what="It comes back")):
        keep(row)
    assert [row.what for row in table.read(tmp_path)] == [
        "It is full",
        ROW.what,
        "It comes back",
    ]
    assert json.loads((tmp_path / "discs.jsonl").read_text()) == asdict(other)
    text = table.table(table.read(tmp_path))
    assert text.index("### Discs") < text.index("It is full") < text.index("### Engines")


@pytest.mark.parametrize(
    "wrong",
    [
        replace(ROW, answered=10.5),
        replace(ROW, sees=[]),
        replace(ROW, sees=["the same", "the same"]),
        replace(ROW, left=["socket"]),
    ],
    ids=["late", "silent", "twice", "left"],
)
def test_what_no_row_may_be(wrong: Row) -> None:
    ROW.check()
    with pytest.raises(AssertionError):
        wrong.check()
