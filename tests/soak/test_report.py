"""The rules by which a run is judged, and how it is told."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from soak.faults import DONE, TOLD, Fault, schedule
from soak.machine import Sample
from soak.plot import plot
from soak.report import Report
from soak.typist import Own
from soak.words import into_page, summary

HOUR = 3600.0


def sample(at: float) -> Sample:
    return Sample(at, 80.0, 70.0, 7, 2, 2, at / 50, int(at * 20), int(at), 1)


def own(at: float) -> Own:
    return Own(at, "excluded", 1.0 + at % 3, 0.8)


def good() -> Report:
    report = Report(HOUR)
    report.samples = [sample(float(at)) for at in range(0, 3600, 5)]
    report.own = [own(float(at)) for at in range(0, 3600, 3)]
    report.requests = report.replies = 10
    report.faults = [Fault(100.0, 5.0, "is killed")]
    report.done = {"keys": 9}
    return report


def broken(report: Report) -> list[str]:
    return [check.name for check in report.checks() if not check.holds]


def test_a_good_run() -> None:
    assert broken(good()) == []
    assert "own latency" in [check.name for check in good().checks()]


def test_memory_that_grows() -> None:
    report = good()
    report.samples = [replace(one, rss=80 + one.at / 500) for one in report.samples]
    assert broken(report) == ["memory"]


@pytest.mark.parametrize("name", ["descriptors", "tasks", "threads"])
def test_what_is_never_let_go(name: str) -> None:
    report = good()
    report.samples = [replace(one, **{name: 4 + int(one.at // 600)}) for one in report.samples]
    assert broken(report) == [name]


def test_what_is_let_go_again_may_be_under_way() -> None:
    report = good()
    report.samples = [replace(one, descriptors=7 + int(one.at) % 3) for one in report.samples]
    assert broken(report) == []


def test_latency_that_grows() -> None:
    report = good()
    report.own = [replace(one, ms=one.ms + one.at / 100) for one in report.own]
    assert broken(report) == ["own latency"]
    # The machine itself has become as slow.
    report.own = [replace(one, control_ms=0.8 + one.at / 100) for one in report.own]
    assert broken(report) == []


def test_requests() -> None:
    assert broken(replace(good(), replies=9)) == ["one reply each"]
    assert broken(replace(good(), unasked=1)) == ["one reply each"]
    assert broken(replace(good(), errors=["it broke"])) == ["no errors"]
    assert broken(replace(good(), longest_wait=9.9)) == ["answered in time"]
    assert broken(replace(good(), in_flight=2)) == ["one generation"]


def test_an_engine_that_is_not_asked_again() -> None:
    report = good()
    report.samples = [replace(one, asked=min(one.asked, 105)) for one in report.samples]
    assert broken(report) == ["recovery"]
    report.samples = [replace(one, asked=one.asked + (one.at > 150)) for one in report.samples]
    assert broken(report) == []


def test_the_end() -> None:
    assert broken(replace(good(), traces=["Traceback (most recent call last):"])) == ["quiet log"]
    assert broken(replace(good(), status=1)) == ["clean exit"]
    assert broken(replace(good(), left=1)) == ["nothing left"]
    assert broken(replace(good(), broken=["AssertionError"])) == ["the run itself"]


def test_the_page() -> None:
    page = "before\n<!-- soak: begin -->\nof another run\n<!-- soak: end -->\nafter\n"
    written = into_page(page, good())
    assert "of another run" not in written
    assert written.startswith("before\n<!-- soak: begin -->\n")
    assert written.endswith("<!-- soak: end -->\nafter\n")
    assert "| memory | holds |" in written
    # Written again, it is the same.
    assert into_page(written, good()) == written
    with pytest.raises(ValueError, match="no marks"):
        into_page("nothing", good())


def test_the_summary_and_the_picture() -> None:
    assert "good  memory" in summary(good())
    ElementTree.fromstring(plot(good()))
    assert "is killed, 5 s" in plot(good())


def test_every_kind_of_fault_comes_before_one_comes_again() -> None:
    faults = list(schedule(1, HOUR, gap=30, longest=10))
    count = len(TOLD) + len(DONE)
    assert {fault.kind for fault in faults[:count]} == {*TOLD, *DONE}
    assert faults == list(schedule(1, HOUR, gap=30, longest=10))
    assert faults != list(schedule(2, HOUR, gap=30, longest=10))
    for one, other in pairwise(faults):
        assert one.at + one.seconds < other.at
