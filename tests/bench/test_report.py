"""The table and the JSON of what was measured."""

from __future__ import annotations

import json

from infill_ls.bench.figures import Look, Measured
from infill_ls.bench.recommend import Recommendation
from infill_ls.bench.report import (
    BENCH_HEADINGS,
    NARROW_HEADINGS,
    How,
    memory,
    narrow,
    rows,
    to_json,
)

HOW = How(60.0, ("go", "python"), shipped=True)
CODER = Measured(
    "ollama",
    "coder",
    looks=[Look("shown", 0.25, right=True, first_line_right=True), Look("late")],
    typed=90,
    accepted=10,
    seconds=54.04,
    load_seconds=2.5,
    memory=2_000_000_000,
    gpu_memory=500_000_000,
    read=1234.56,
    write=45.67,
)
FAILED = Measured("embedded", "failed", problem="It broke.")


def test_a_row_for_each_model() -> None:
    assert rows([CODER]) == [
        ["coder", "0.25 s", "> 3 s", "50 %", "100 %", "10 %", "2.0 GB, 25 % GPU"]
    ]
    both = rows([CODER, FAILED])
    assert [row[0] for row in both] == ["coder (ollama)", "failed (embedded)"]
    assert both[1][1:] == ["-"] * 6
    assert all(len(row) == len(BENCH_HEADINGS) for row in both)
    assert narrow(both[0]) == ["coder (ollama)", "0.25 s", "> 3 s", "100 %", "10 %", both[0][-1]]
    assert len(NARROW_HEADINGS) == len(narrow(both[0]))


def test_memory() -> None:
    assert memory(Measured("ollama", "a", memory=2 * 10**9, gpu_memory=2 * 10**9)) == "2.0 GB GPU"
    assert memory(Measured("ollama", "a", memory=7 * 10**8, gpu_memory=0)) == "0.7 GB"
    assert memory(Measured("embedded", "a", memory=7 * 10**8)) == "0.7 GB"
    assert memory(Measured("openai", "a")) == "-"


def test_json() -> None:
    advice = Recommendation("ollama", "coder", "It is good.", True, {"model": "coder"})
    found = json.loads(json.dumps(to_json([CODER, FAILED], advice, HOW)))
    coder, failed = found.pop("models")
    assert coder == {
        "engine": "ollama",
        "model": "coder",
        "seconds": 54.0,
        "looks": 2,
        "suggestions": 1,
        "p50_ms": 250,
        "p90_ms": None,
        "shown": 0.5,
        "right": 1.0,
        "right_within_1000_ms": 0.5,
        "saved": 0.1,
        "load_ms": 2500,
        "memory_bytes": 2_000_000_000,
        "gpu_memory_bytes": 500_000_000,
        "read_tokens_per_s": 1234.6,
        "write_tokens_per_s": 45.7,
        "problem": "",
    }
    assert failed["problem"] == "It broke."
    assert failed["right"] is None
    assert found == {
        "seconds": 60.0,
        "files": "shipped",
        "languages": ["go", "python"],
        "interrupted": False,
        "recommendation": {
            "engine": "ollama",
            "model": "coder",
            "settings": {"model": "coder"},
            "fast_enough": True,
            "reason": "It is good.",
        },
    }
    assert to_json([FAILED], None, HOW)["recommendation"] is None


def test_how_it_was_measured_in_words() -> None:
    assert HOW.in_words() == "60 s of typing each, in files that come with infill-ls (go, python)."
    cut = How(30.0, ("go",), shipped=False, interrupted=True, last_seconds=6.7)
    assert cut.in_words() == (
        "It was interrupted: the last one was measured for 7 s. "
        "30 s of typing each were meant, in files of the folder (go)."
    )
