"""Why the last requests were answered so."""

from __future__ import annotations

from typing import Any

import pytest

from infill_ls.completion.answer import Answer, Outcome
from infill_ls.completion.history import KEPT, History, log_line
from infill_ls.engines.rates import Usage

OUTCOME = Outcome("", "line", "m", "ollama", 20.0, 90.0, Usage(100, 80, 3), "code()", 99, "")


def noted(history: History, answer: Answer, now: float = 0.0, **more: Any) -> dict[str, Any]:
    about = {"waited": 0.1, "language": "python", "manual": False, **more}
    return history.note(answer, now, **about)


def test_nothing_was_asked_for() -> None:
    explained = History().explain(5.0)
    assert (explained["reason"], explained["seconds_ago"]) == ("unasked", None)
    assert explained["before"] == []


def test_the_last_one_and_those_before_newest_first() -> None:
    history = History()
    noted(history, Answer("mid word"), 1.0)
    noted(history, Answer("slow"), 2.0, language="", manual=True)
    noted(history, Answer("fill", outcome=OUTCOME), 3.0, waited=0.25)
    explained = history.explain(10.0)
    assert (explained["reason"], explained["seconds_ago"]) == ("fill", 7.0)
    assert explained["timings_ms"] == {"first": 20.0, "total": 90.0, "waited": 250.0}
    assert (explained["language"], explained["manual"]) == ("python", False)
    first, second = explained["before"]
    assert (first["reason"], first["seconds_ago"], first["manual"]) == ("slow", 8.0, True)
    assert (second["reason"], second["seconds_ago"]) == ("mid word", 9.0)
    assert "code" not in str(explained)


def test_what_nobody_was_shown_is_not_the_last() -> None:
    history = History()
    noted(history, Answer("mid word"), 1.0)
    for number in range(3):
        noted(history, Answer("superseded"), 2.0 + number)
    noted(history, Answer("cancelled"), 6.0)
    explained = history.explain(7.0)
    assert explained["reason"] == "mid word"
    told = [(one["reason"], one["times"], one["seconds_ago"]) for one in explained["before"]]
    assert told == [("cancelled", 1, 1.0), ("superseded", 3, 3.0)]


@pytest.mark.parametrize(
    ("answer", "more", "times"),
    [
        (Answer("mid word"), {}, 2),
        (Answer("mid word"), {"language": "lua"}, 1),
        (Answer("mid word"), {"manual": True}, 1),
        (Answer("excluded", pattern=".env*"), {}, 1),
        (Answer("slow"), {}, 1),
    ],
)
def test_the_same_again_is_counted(answer: Answer, more: dict[str, Any], times: int) -> None:
    history = History()
    noted(history, Answer("mid word"))
    assert noted(history, answer, **more)["times"] == times


def test_two_calls_of_the_engine_are_two() -> None:
    history = History()
    for _ in range(2):
        noted(history, Answer("fill", outcome=OUTCOME))
    assert len(history.explain(0.0)["before"]) == 1


def test_only_the_newest_are_kept() -> None:
    history = History()
    for number in range(KEPT + 10):
        noted(history, Answer("excluded", pattern=str(number)))
    explained = history.explain(0.0)
    assert len(explained["before"]) == KEPT - 1
    assert explained["before"][-1]["message"].endswith('"10".')


@pytest.mark.parametrize(
    ("answer", "more", "line"),
    [
        (Answer("mid word"), {}, "python, while typing: mid word; after 100 ms"),
        (
            Answer.of("nothing", emptied_by="below"),
            {"language": "", "manual": True},
            "no language, by hand: trimmed; by below; after 100 ms",
        ),
        (
            Answer("fill", outcome=OUTCOME),
            {},
            "python, while typing: fill; by line; after 100 ms; model m of ollama; "
            "first 20 ms, done 90 ms, read 100 (cached 80), wrote 3",
        ),
    ],
)
def test_a_line_of_the_log(answer: Answer, more: dict[str, Any], line: str) -> None:
    assert log_line(noted(History(), answer, **more)) == line


def test_a_call_that_wrote_nothing_has_no_first_piece() -> None:
    nothing = Outcome("", "model", "m", "ollama", None, 9.0, Usage(None, None, 0), "", 99, "")
    assert "first never, done 9 ms, read None" in log_line(
        noted(History(), Answer("nothing", outcome=nothing))
    )
