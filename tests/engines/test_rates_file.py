"""Rates that are kept between sessions."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from infill_ls.engines.rates import Call, Rates
from infill_ls.engines.rates_file import RATES_KEPT, RatesFile


def load(path: Path, key: str) -> tuple[float | None, float | None]:
    return RatesFile(path).load(key).kept


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "rates.json"
    RatesFile(path).save("a", Rates(read=90.5, write=17))
    RatesFile(path).save("b", Rates(read=400))
    assert load(path, "a") == (90.5, 17)
    assert load(path, "b") == (400, None)
    assert load(path, "c") == (None, None)
    assert [file.name for file in path.parent.iterdir()] == ["rates.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"a": 5}',
        b'{"a": {"read": "fast", "write": -1}}',
        b'{"a": {"read": 0, "write": true}}',
        b'{"a": {"read": NaN, "write": 1e300}}',
    ],
)
def test_a_file_that_makes_no_sense_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rates.json"
    path.write_bytes(content)
    assert load(path, "a") == (None, None)
    RatesFile(path).save("a", Rates(read=1))
    assert load(path, "a") == (1, None)


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    rates_file = RatesFile(tmp_path / "file" / "rates.json")
    rates_file.save("a", Rates(read=1))
    assert rates_file.load("a").kept == (None, None)


def test_what_was_never_measured_is_not_kept(tmp_path: Path) -> None:
    RatesFile(tmp_path / "rates.json").save("a", Rates())
    assert list(tmp_path.iterdir()) == []


def test_what_was_measured_once_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "rates.json"
    RatesFile(path).save("a", Rates(read=90, write=17))
    rates = Rates()
    rates.take(Call("word " * 200, "", 0.0, 1.0, 2.0, 2.0, 20))
    assert (rates.read, rates.write) != (None, None)
    RatesFile(path).save("a", rates)
    assert load(path, "a") == (90, 17)


def test_only_the_last_ones_are_kept(tmp_path: Path) -> None:
    rates_file = RatesFile(tmp_path / "rates.json")
    for number in range(RATES_KEPT + 1):
        rates_file.save(str(number), Rates(read=1))
    assert rates_file.load("0").kept == (None, None)
    assert rates_file.load("1").kept == (1, None)


def test_rates_belong_to_an_engine_where_it_is_and_a_model() -> None:
    keys = {
        RatesFile.key("ollama", "http://a", "m"),
        RatesFile.key("ollama", "http://b", "m"),
        RatesFile.key("ollama", "http://a", "n"),
        RatesFile.key("embedded", "http://a", "m"),
        RatesFile.key("embedded", "http://a", "n"),
    }
    assert len(keys) == 5
    # Where Ollama would be says nothing of the embedded engine.
    assert RatesFile.key("embedded", "http://b", "m") in keys


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_other_users_can_not_read_which_engines_are_used(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "state" / "infill-ls" / "rates.json"
        RatesFile(path).save("a", Rates(read=90.5, write=17))
    finally:
        os.umask(before)
    assert [
        stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent, path.parent.parent)
    ] == [
        0o600,
        0o700,
        0o700,
    ]
