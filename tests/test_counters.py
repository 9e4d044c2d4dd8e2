"""Counters as values: what is kept of names, sums, shares of latencies, and JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infill_ls.counters import (
    COUNTED,
    LATENCIES,
    Counters,
    Subject,
    added,
    from_rows,
    rows,
)

PYTHON = Subject.of("python", "ollama", "qwen2.5-coder:1.5b")
RUST = Subject.of("rust", "ollama", "qwen2.5-coder:1.5b")


def counters(**counts: int) -> Counters:
    made = Counters()
    for name, count in counts.items():
        setattr(made, name, count)
    return made


def test_counters_are_added_by_subject() -> None:
    first, second = counters(shown=2, kept=1), counters(shown=3, typed_against=4)
    first.took(40)
    second.took(41)
    together = added([{PYTHON: first}, {RUST: counters(shown=9)}, {PYTHON: second}])
    assert together[PYTHON].to_json() == {
        "shown": 5,
        "kept": 1,
        "typed_against": 4,
        "latencies_ms": {"50": 2},
    }
    assert together[RUST].shown == 9
    # None of those that were added has changed.
    assert (first.shown, second.shown) == (2, 3)


@pytest.mark.parametrize(
    ("ms", "name"), [(0, "10"), (10, "10"), (10.1, "25"), (8000, "8000"), (8001, "more")]
)
def test_a_latency_is_of_the_first_class_that_has_it(ms: float, name: str) -> None:
    one = Counters()
    one.took(ms)
    assert one.to_json() == {"latencies_ms": {name: 1}}


def test_the_time_within_which_a_share_was_there() -> None:
    one = Counters()
    assert one.within(0.5) is None
    for ms in (5, 90, 90, 1200):
        one.took(ms)
    assert [one.within(share) for share in (0, 0.25, 0.5, 0.75, 0.9)] == [10, 10, 100, 100, 1500]
    one.took(99_999)
    assert one.within(0.99) is None


def test_json_and_back() -> None:
    one = counters(**{name: at for at, name in enumerate(COUNTED)})
    for ms in (*LATENCIES, 10**9):
        one.took(ms)
    counts = {PYTHON: one, RUST: Counters()}
    assert from_rows(json.loads(json.dumps(rows(counts)))) == counts


def test_what_a_later_version_counts_is_left_out() -> None:
    row = {**rows({PYTHON: counters(shown=1)})[0], "shown_in_menus": 4}
    row["latencies_ms"] = {"10": 1, "12": 5}
    (read,) = from_rows([row]).values()
    assert read.to_json() == {"shown": 1, "latencies_ms": {"10": 1}}


NAMES = {"language": "python", "engine": "ollama", "model": "m"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        5,
        "text",
        ["text"],
        [{}],
        [{**NAMES, "model": 5}],
        [{**NAMES, "shown": -1}],
        [{**NAMES, "shown": 1.5}],
        [{**NAMES, "shown": True}],
        [{**NAMES, "shown": "1"}],
        [{**NAMES, "shown": 10**13}],
        [{**NAMES, "shown": None}],
        [{**NAMES, "latencies_ms": [1]}],
        [{**NAMES, "latencies_ms": {"10": -1}}],
    ],
)
def test_what_counters_never_are(value: Any) -> None:
    with pytest.raises(ValueError):
        from_rows(value)


@pytest.mark.parametrize(
    ("language", "kept"),
    [
        ("python", "python"),
        ("c++", "c++"),
        ("objective-c", "objective-c"),
        ("", "other"),
        ("/home/me/secret.py", "other"),
        ("x" * 41, "other"),
        ("a b", "other"),
        ("пайтон", "other"),
    ],
)
def test_a_language_is_a_short_word(language: str, kept: str) -> None:
    assert Subject.of(language, "e", "m").language == kept


@pytest.mark.parametrize(
    ("model", "kept"),
    [
        ("qwen2.5-coder:7b-base-q8_0", "qwen2.5-coder:7b-base-q8_0"),
        ("hf.co/Qwen/Qwen2.5-Coder-7B-GGUF:Q4_K_M", "Qwen2.5-Coder-7B-GGUF:Q4_K_M"),
        ("Qwen/Qwen2.5-Coder-7B", "Qwen2.5-Coder-7B"),
        ("models/acme-secret/mine.gguf", "mine.gguf"),
        ("acme-secret/mine", "mine"),
        ("my models/acme secret/mine.gguf", "mine.gguf"),
        (r"models\acme-secret\mine.gguf", "mine.gguf"),
        (r"acme-secret\mine.gguf", "mine.gguf"),
        (r"models/acme-secret\mine.gguf", "mine.gguf"),
        (r"D:models\acme-secret\mine.gguf", "mine.gguf"),
        ("models%2Facme-secret%2fmine.gguf", "mine.gguf"),
        ("models%5Cacme-secret%5cmine.gguf", "mine.gguf"),
        ("$HOME/acme-secret/mine.gguf", "mine.gguf"),
        ("~jane/mine.gguf", "mine.gguf"),
        ("acme-secret//mine.gguf", "mine.gguf"),
        ("/home/me/models/mine.gguf", "mine.gguf"),
        ("~/models/mine.gguf", "mine.gguf"),
        ("./models/mine.gguf", "mine.gguf"),
        ("../mine.gguf", "mine.gguf"),
        (r"C:\Users\me\mine.gguf", "mine.gguf"),
        (r"\\server\share\mine.gguf", "mine.gguf"),
        ("file:///home/me/mine.gguf", "mine.gguf"),
        ("/home/me/", "unknown"),
        ("", "unknown"),
        ("m" * 200, "m" * 100),
    ],
)
def test_a_model_is_named_without_the_folders_that_it_lies_in(model: str, kept: str) -> None:
    assert Subject.of("python", model, model) == Subject("python", kept, kept)
