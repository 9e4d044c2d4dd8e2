"""The statistics as a page: what is drawn of few days and of many, and that all is escaped."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

import counters_sample
from cli.test_page import Read
from infill_ls.cli.stats_page import statistics_page
from infill_ls.counters import Counters, Counts, Subject

PYTHON = Subject.of("python", "ollama", "m")


def figures(html: str) -> list[str]:
    """The headings of the plots."""
    return re.findall(r"<figure><h3>([^<]+)</h3>", html)


def test_all_that_was_counted_is_there() -> None:
    html = statistics_page(counters_sample.sample())
    read = Read(html)
    assert figures(html) == [
        "Fills by day",
        "Characters saved by day",
        "Fills that were there, by time",
        "Accepted, by language",
    ]
    words = " ".join(read.texts)
    for word in ("4,125", "32 %", "51,551", "300 ms", "qwen2.5-coder:3b", "2026-11-27"):
        assert word in words
    headings = [tag for tag, _ in read.elements if tag in ("h1", "h2")]
    assert headings == ["h1", *["h2"] * 5]


def test_one_fill_on_one_day() -> None:
    html = statistics_page({"2026-11-27": {PYTHON: Counters(shown=1)}})
    Read(html)
    # Of one fill no share is drawn, nor a time that nobody knows.
    assert figures(html) == ["Fills by day", "Characters saved by day"]
    assert "Fills on 2026-11-27, on this machine." in html


def test_idle_days_have_their_place() -> None:
    days: dict[str, Counts] = {
        day: {PYTHON: Counters(shown=1, rejected=1)} for day in ("2026-10-30", "2026-11-02")
    }
    html = statistics_page(days)
    labels = re.findall(r'<th scope="row">(\d\d \w+)</th>', html)
    assert labels[:4] == ["30 Oct", "31 Oct", "01 Nov", "02 Nov"]


def test_of_many_days_a_week_is_a_column() -> None:
    days: dict[str, Counts] = {
        str(date(2026, 1, 1) + timedelta(days=at)): {PYTHON: Counters(shown=1, rejected=1)}
        for at in range(300)
    }
    html = statistics_page(days)
    assert figures(html)[0] == "Fills by week"
    rows = re.findall(r'<th scope="row">(\d\d \w+)</th><td class="right">0</td>.*?(\d+)</td>', html)
    assert rows[0][0] == "29 Dec"
    assert sum(map(int, re.findall(r">(\d)</td></tr>", html.split("</figure>")[0]))) == 300


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("0001-01-01", "2026-11-27"),
        ("2026-11-27", "9999-12-31"),
        ("2025-01-01", "2026-11-27"),
        ("9999-12-01", "9999-12-31"),
        ("9999-10-20", "9999-12-31"),
        ("0001-01-01", "0001-06-01"),
    ],
)
def test_days_that_are_far_apart_have_few_columns(first: str, last: str) -> None:
    day = {PYTHON: Counters(shown=1, rejected=1)}
    html = statistics_page({first: day, last: day})
    plot = html.split("</figure>")[0]
    assert plot.count('<th scope="row">') <= 63
    assert sum(map(int, re.findall(r">(\d)</td></tr>", plot))) == 2


def test_before_anything_was_counted_it_says_what_to_do() -> None:
    html = statistics_page({})
    Read(html)
    assert "Nothing has been counted yet." in html
    assert figures(html) == []


def test_a_model_s_name_is_no_markup() -> None:
    subject = Subject.of("python", "ollama", "<script>alert(1)</script>\x1b[31m")
    counters = Counters(shown=50, accepted=20)
    counters.took(100)
    html = statistics_page({"2026-11-27": {subject: counters}})
    assert not list(Read(html).all("script"))
    assert "\x1b" not in html
