"""Rates that are kept between sessions."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from infill_ls.engines.calls import Call
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RATES_KEPT, SLOW_FOR, RatesFile


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


class Clock:
    """The s since 1970, as the test says."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    "slow", [Rates(write=7), Rates(read=30), Rates(read=30, write=90), Rates(read=900, write=2)]
)
def test_what_was_too_slow_is_forgotten_after_a_week(tmp_path: Path, slow: Rates) -> None:
    clock = Clock()
    rates_file = RatesFile(tmp_path / "rates.json", clock)
    rates_file.save("slow", slow)
    rates_file.save("fast", Rates(read=900, write=90))
    clock.now += SLOW_FOR - 1
    assert rates_file.load("slow").kept == slow.kept
    # To have them and to measure nothing is no measurement.
    rates_file.save("slow", rates_file.load("slow"))
    clock.now += 1
    assert rates_file.load("slow").kept == (None, None)
    assert rates_file.load("fast").kept == (900, 90)
    # It was measured again.
    rates_file.save("slow", Rates(write=6))
    assert rates_file.load("slow").kept == (None, 6)


@pytest.mark.parametrize("at", ["", ', "at": 4e9', ', "at": "today"', ', "at": -1', ', "at": null'])
def test_what_was_too_slow_at_no_known_time_is_forgotten(tmp_path: Path, at: str) -> None:
    path = tmp_path / "rates.json"
    path.write_text(
        f'{{"slow": {{"read": 9, "write": 2{at}}}, "fast": {{"read": 900, "write": 20{at}}}}}'
    )
    rates_file = RatesFile(path, Clock())
    assert rates_file.load("slow").kept == (None, None)
    assert rates_file.load("fast").kept == (900, 20)
