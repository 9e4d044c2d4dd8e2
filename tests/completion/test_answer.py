"""What an answer says of itself."""

from __future__ import annotations

from typing import get_args

from holes import at
from infill_ls.completion.answer import MESSAGES, Answer, Outcome, Reason
from infill_ls.completion.offers import Offers
from infill_ls.engines.rates import Usage
from infill_ls.errors import NotRunning


def test_each_reason_has_its_message() -> None:
    assert set(MESSAGES) == set(get_args(Reason))
    assert len(set(MESSAGES.values())) == len(MESSAGES)


def test_the_fill_is_the_first_offer_with_the_line_ends_of_the_document() -> None:
    offers = Offers().make("file:///a.py", at("a = █\r\n"), ["(\n)", "1"])
    assert Answer("fill", offers).fill == "(\r\n)"
    assert Answer("nothing").fill is None


def test_an_explanation_has_the_figures_and_none_of_the_code() -> None:
    usage = Usage(100, 80, 3)
    outcome = Outcome("secret", "line", "m", "ollama", 1.5, 9.0, usage, "secret()", 99, ")")
    explained = Answer("fill", outcome=outcome).explain()
    assert explained == {
        "reason": "fill",
        "message": MESSAGES["fill"],
        "model": "m",
        "engine": "ollama",
        "timings_ms": {"first": 1.5, "total": 9.0},
        "filters": ["line"],
        "prompt_tokens": 100,
        "cached_tokens": 80,
        "fill_tokens": 3,
    }


def test_an_explanation_of_a_problem_says_what_to_do() -> None:
    problem = Answer("problem", error=NotRunning("Nothing answers.", "Start it."))
    assert problem.explain()["message"] == "Nothing answers. Start it."
    assert problem.explain()["model"] is None


def test_an_explanation_names_the_pattern_that_excludes_a_file() -> None:
    explained = Answer("excluded", pattern=".env*").explain()
    assert explained["message"] == f'{MESSAGES["excluded"]} The pattern is ".env*".'


def test_an_explanation_names_the_file_that_would_have_been_repeated() -> None:
    held_back = Answer("fill").held_back("/others/a.py")
    assert held_back.explain()["reason"] == "recited"
    assert held_back.explain()["message"] == f"{MESSAGES['recited']} The file is /others/a.py."
    assert Answer("nothing").held_back("") == Answer("nothing")
    shown = Answer("fill", Offers().make("file:///a.py", at("a = █"), ["1"]))
    assert shown.held_back("/others/a.py") is shown
