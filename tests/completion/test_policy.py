"""Whether to ask, how much for, and how long to wait."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from holes import at
from infill_ls.completion import policy
from infill_ls.completion.pace import Pace
from infill_ls.completion.policy import Plan
from infill_ls.editors import AUTOMATIC_WAIT
from infill_ls.engines.rates import CONTEXT_TOKENS, Rates, context_tokens
from infill_ls.settings import Settings

SETTINGS = Settings()


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("x = [█]\n", "statement"),
        ("x = █\n", "statement"),
        ("f(█, other)\n", "line"),
        ("f(█);\n", "statement"),
        ("f('█')\n", "statement"),
        ("f('█', x)\n", "line"),
        ("a █ b\n", "line"),
        ("def f():\n    █\n", "block"),
        ("def f():\n    █\n    return 1\n", "statement"),
        ("def f():\n    █\n\n\ndef g():\n", "block"),
        ("f(\n    █\n)\n", "block"),
        ("if x {\n    █\n}\n", "block"),
        ("█\nx = 1\n", "block"),
        ("def f():█\n    return 1\n", "statement"),
        ("█", "block"),
    ],
)
def test_how_much_is_filled(text: str, shape: str) -> None:
    assert policy.shape(at(text), "auto") == shape


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("func main() {\n\thttp.HandleFunc(a, b)\n\t█\n}\n", "go"),
        ("const a = 1;\n█", "javascript"),
        ("import os\n█\n", "python"),
        ("class A {\n    int a() {\n        return 1;\n    }\n\n    █\n}\n", "java"),
        ("class A {\n    int a;\n    █", "java"),
        ("def f\n  a\n  █\nend\n", "ruby"),
        ("fn f() {\n    a();\n    // Why.\n    █\n}\n", "rust"),
        ("f() {\n  if a; then\n    b\n  fi\n  █\n}\n", "shellscript"),
        # The user has left the inner block.
        ("def f():\n    if a:\n        b()\n    █\n", "python"),
    ],
)
def test_behind_a_statement_a_pause_shows_one_more(text: str, language: str) -> None:
    assert policy.shape(at(text, language), "auto") == "statement"
    assert policy.shape(at(text, language), "auto", manual=True) == "block"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("def f():\n    # Why.\n    █\n", "python"),
        ('def f():\n    """Do it."""\n    █\n', "python"),
        ("def f\n  █\nend\n", "ruby"),
        ("local function f()\n  █\nend\n", "lua"),
        ("if a\n{\n    █\n}\n", "c"),
        ("A = [\n    1,\n    █\n]\n", "python"),
        # He has not said in which block he is.
        ("def f():\n    a()\n█\n", "python"),
        # What stands below lacks its head.
        ("x = 1\n█\n    y = 2\n", "python"),
        ("# A script.\n█\n", "python"),
        ("Text.\n█\n", "markdown"),
    ],
)
def test_where_a_block_begins_a_pause_shows_all_of_it(text: str, language: str) -> None:
    assert policy.shape(at(text, language), "auto") == "block"


@pytest.mark.parametrize(
    ("multiline", "text", "manual", "shape"),
    [
        ("never", "def f():\n    █\n", False, "line"),
        ("never", "def f():\n    █\n", True, "line"),
        ("always", "x = █\n", False, "block"),
        ("always", "a █ b\n", False, "line"),
        ("auto", "a █ b\n", True, "statement"),
    ],
)
def test_what_the_user_says_of_it(multiline: str, text: str, manual: bool, shape: str) -> None:
    assert policy.shape(at(text), multiline, manual=manual) == shape


@pytest.mark.parametrize(
    ("text", "enabled", "refusal"),
    [("na█me", True, "mid word"), ("x = █", False, "disabled"), ("na█me", False, "disabled")],
)
def test_an_automatic_request_is_refused_and_a_manual_one_is_not(
    text: str, enabled: bool, refusal: str
) -> None:
    settings = replace(SETTINGS, enabled=enabled)
    assert policy.plan(at(text), settings) == refusal
    manual = policy.plan(at(text), settings, manual=True)
    assert isinstance(manual, Plan)
    assert manual.wait == 0
    assert manual.patience == policy.MANUAL_WAIT
    assert (manual.candidates, manual.draws) == (policy.CANDIDATES, policy.DRAWS)


def test_an_automatic_request_gets_one_fill() -> None:
    automatic = policy.plan(at("x = █"), SETTINGS)
    assert isinstance(automatic, Plan)
    assert (automatic.candidates, automatic.draws) == (1, 1)


@pytest.mark.parametrize(
    ("setting", "pause", "waited", "seconds"),
    [
        ("auto", 0.2, 0.0, 0.2),
        ("auto", 0.2, 0.05, 0.15),
        ("auto", 0.2, 0.2, 0),
        ("auto", 0.1, 0.25, 0),
        # The user's own wait counts everywhere.
        (0, 0.2, 0.0, 0),
        (300, 0.2, 0.2, 0.3),
    ],
)
def test_how_long_to_wait_for_another_key(
    setting: Literal["auto"] | int, pause: float, waited: float, seconds: float
) -> None:
    settings = replace(SETTINGS, debounce_ms=setting)
    plan = policy.plan(at("x = █"), settings, pace=Pace(pause), waited=waited)
    assert isinstance(plan, Plan)
    assert plan.wait == pytest.approx(seconds)
    assert plan.patience == AUTOMATIC_WAIT


def test_what_is_asked_for_by_hand_waits_for_nothing() -> None:
    plan = policy.plan(at("x = █"), SETTINGS, pace=Pace(0.4, "less"), manual=True)
    assert isinstance(plan, Plan)
    assert (plan.wait, plan.shape) == (0, "statement")


@pytest.mark.parametrize(
    ("text", "less", "usual", "more"),
    [
        ("x = █\n", "line", "statement", "block"),
        ("def f():\n    a = 1\n    █\n", "line", "statement", "block"),
        ("def f():\n    █\n", "line", "block", "block"),
        # What stands there says how much is missing.
        ("x = [█]\n", "line", "statement", "statement"),
        ("f(█, other)\n", "line", "line", "line"),
        ("def f():\n    █\n    return 1\n", "line", "statement", "statement"),
    ],
)
def test_how_much_is_filled_by_what_it_was_worth(
    text: str, less: str, usual: str, more: str
) -> None:
    hole = at(text)
    assert policy.shape(hole, "auto", "less") == less
    assert policy.shape(hole, "auto") == policy.shape(hole, "auto", "usual") == usual
    assert policy.shape(hole, "auto", "more") == more
    # What the user has set, and what he asks for by hand, counts whatever it was worth.
    assert policy.shape(hole, "never", "more") == "line"
    assert policy.shape(hole, "always", "less") == policy.shape(hole, "always")
    by_hand = policy.shape(hole, "auto", manual=True)
    assert policy.shape(hole, "auto", "less", manual=True) == by_hand


@pytest.mark.parametrize(
    ("setting", "read", "tokens"),
    [
        ("auto", None, CONTEXT_TOKENS),
        ("auto", 20, 192),
        ("auto", 90, 384),
        ("auto", 400, 1536),
        ("auto", 3000, 2048),
        (1000, 3000, 1000),
    ],
)
def test_the_budget_of_a_prompt(
    setting: Literal["auto"] | int, read: float | None, tokens: int
) -> None:
    assert context_tokens(setting, Rates(read=read)) == tokens


def test_the_budget_where_nothing_is_measured() -> None:
    assert context_tokens("auto") == CONTEXT_TOKENS
    assert context_tokens(1000) == 1000


@pytest.mark.parametrize("manual", [False, True])
def test_an_excluded_file_is_refused_however_it_is_asked_for(manual: bool) -> None:
    settings = Settings(headers={}, enabled=False)
    assert policy.plan(at("█"), settings, "*.key", manual=manual) == "excluded"


@pytest.mark.parametrize("manual", [False, True])
def test_nothing_is_asked_where_a_secret_stands(manual: bool) -> None:
    hole = at("key = 'ghp_q7Rf2kP9xLm4Zt8WvB3n█'")
    assert policy.plan(hole, SETTINGS, manual=manual) == "secret"
    assert policy.plan(hole, replace(SETTINGS, enabled=False)) == "disabled"
