"""Rates that are kept between sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill_ls.measured import CAPACITY, Measured
from infill_ls.policy import Rates


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "rates.json"
    Measured(path).save("a", Rates(read=90.5, write=17))
    Measured(path).save("b", Rates(read=400))
    assert Measured(path).load("a") == Rates(read=90.5, write=17)
    assert Measured(path).load("b") == Rates(read=400)
    assert Measured(path).load("c") == Rates()
    assert [file.name for file in path.parent.iterdir()] == ["rates.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"a": 5}',
        b'{"a": {"read": "fast", "write": -1}}',
        b'{"a": {"read": 0, "write": true}}',
        b'{"a": {"read": NaN, "write": 1e300}}',
    ],
)
def test_a_file_that_makes_no_sense_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rates.json"
    path.write_bytes(content)
    assert Measured(path).load("a") == Rates()
    Measured(path).save("a", Rates(read=1))
    assert Measured(path).load("a") == Rates(read=1)


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    measured = Measured(tmp_path / "file" / "rates.json")
    measured.save("a", Rates(read=1))
    assert measured.load("a") == Rates()


def test_what_was_never_measured_is_not_kept(tmp_path: Path) -> None:
    Measured(tmp_path / "rates.json").save("a", Rates())
    assert list(tmp_path.iterdir()) == []


def test_only_the_last_ones_are_kept(tmp_path: Path) -> None:
    measured = Measured(tmp_path / "rates.json")
    for number in range(CAPACITY + 1):
        measured.save(str(number), Rates(read=1))
    assert measured.load("0") == Rates()
    assert measured.load("1") == Rates(read=1)


def test_rates_belong_to_an_engine_where_it_is_and_a_model() -> None:
    keys = {
        Measured.key("ollama", "http://a", "m"),
        Measured.key("ollama", "http://b", "m"),
        Measured.key("ollama", "http://a", "n"),
        Measured.key("embedded", "http://a", "m"),
        Measured.key("embedded", "http://a", "n"),
    }
    assert len(keys) == 5
    # Where Ollama would be says nothing of the embedded engine.
    assert Measured.key("embedded", "http://b", "m") in keys
