"""What an answer says of itself."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from holes import at
from infill_ls import errors
from infill_ls.completion.answer import FILTERED, MESSAGES, Answer, Outcome, Reason
from infill_ls.completion.judgement import Judgement
from infill_ls.completion.offers import Offers
from infill_ls.engines.rates import Usage
from infill_ls.errors import InfillError, NotRunning
from infill_ls.trim import FILTERS


def test_each_reason_has_its_message() -> None:
    assert set(MESSAGES) == set(get_args(Reason))
    assert len(set(MESSAGES.values())) == len(MESSAGES)


def test_the_fill_is_the_first_offer_with_the_line_ends_of_the_document() -> None:
    offers = Offers().make("file:///a.py", at("a = █\r\n"), ["(\n)", "1"])
    assert Answer("fill", offers).fill == "(\r\n)"
    assert Answer("fill", offers).shown == "(\n)"
    assert Answer("nothing").fill is None
    assert Answer("nothing").shown == ""


def test_an_explanation_has_the_figures_and_none_of_the_code() -> None:
    usage = Usage(100, 80, 3)
    outcome = Outcome("secret", "line", "m", "ollama", 1.5, 9.0, usage, "secret()", 99, ")")
    explained = Answer("fill", outcome=outcome).explain()
    figures = "m (ollama): 9 ms, begun after 2 ms; 100 tokens read (80 from its cache), 3 written."
    assert explained == {
        "reason": "fill",
        "message": f"The model wrote it. {figures}",
        "model": "m",
        "engine": "ollama",
        "timings_ms": {"first": 1.5, "total": 9.0},
        "filters": ["line"],
        "prompt_tokens": 100,
        "cached_tokens": 80,
        "fill_tokens": 3,
        "confidence": None,
    }


def test_an_unsure_answer_says_how_sure_the_model_was() -> None:
    judged = Judgement("", 0.412, 0.6, 0.05, "line")
    answer = Answer.of("fill", judged=judged)
    assert answer.reason == "unsure"
    assert answer.why == (
        "The model wasn't sure enough of its fill (41 %; shown from 60 % on, "
        "5 points more by what became of others)."
    )
    assert answer.explain()["confidence"] == {"chance": 0.412, "threshold": 0.6, "shift": 0.05}
    assert Answer.of("fill", judged=replace(judged, shown="a")).reason == "fill"
    assert Answer.of("fill", judged=Judgement("a")).explain()["confidence"] is None


def test_figures_that_the_engine_has_not_said_are_estimated() -> None:
    outcome = Outcome("", "line", "m", "ollama", None, 9.0, Usage(None, None, None), "", 99, "")
    assert outcome.figures == "m (ollama): 9 ms; about 99 tokens read, 0 written."


def test_each_filter_that_may_leave_nothing_has_its_words() -> None:
    assert set(FILTERED) == {each.name for each in FILTERS}


def test_an_explanation_of_nothing_names_the_filter_that_left_nothing() -> None:
    usage = Usage(100, 80, 3)
    outcome = Outcome("", "suffix", "m", "ollama", 1.5, 9.0, usage, "]", 99, "", emptied_by="below")
    for answer in (Answer.of("nothing", outcome=outcome), Answer.of("nothing", emptied_by="below")):
        explained = answer.explain()
        assert (explained["reason"], explained["filters"]) == ("trimmed", ["below"])
        assert explained["message"].startswith(
            "Nothing is left of what the model wrote: it only repeats the lines below "
            '(filter "below").'
        )
    assert Answer.of("nothing").reason == "nothing"


def test_each_error_has_a_reason_of_its_own() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, InfillError)
        and kind not in (InfillError, errors.EngineError)
    ]
    reasons = [Answer.of("problem", error=kind("Something.")).reason for kind in kinds]
    assert len(set(reasons)) == len(kinds)
    assert "problem" not in reasons
    assert Answer.of("problem", error=errors.EngineError("Something.")).reason == "problem"


def test_an_explanation_of_a_problem_says_what_to_do() -> None:
    problem = Answer.of("problem", error=NotRunning("Nothing answers.", "Start it."))
    assert problem.reason == "not running"
    assert problem.explain()["message"] == "Nothing answers. Start it."
    assert problem.explain()["model"] is None


def test_an_explanation_names_the_pattern_that_excludes_a_file() -> None:
    explained = Answer("excluded", pattern=".env*").explain()
    assert explained["message"] == (
        'This file is never completed: "exclude" has the pattern ".env*".'
    )


def test_an_explanation_names_the_file_that_would_have_been_repeated() -> None:
    held_back = Answer("fill").held_back("/others/a.py")
    assert held_back.explain()["reason"] == "recited"
    assert held_back.explain()["message"] == f"{MESSAGES['recited']} The file is /others/a.py."
    assert Answer("nothing").held_back("") == Answer("nothing")
    shown = Answer("fill", Offers().make("file:///a.py", at("a = █"), ["1"]))
    assert shown.held_back("/others/a.py") is shown
