"""A bug report, and what is left out of it."""

from __future__ import annotations

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from diagnosis.given import given
from infill_ls.diagnosis.check import Check
from infill_ls.diagnosis.facts import Program
from infill_ls.diagnosis.report import Own, text, without_own

OWN = Own(("/home/jane doe", "jane doe", "jane", "laptop-7", "s3cret-key", "ab"))


@pytest.mark.parametrize(
    ("message", "left"),
    [
        (
            "Nothing answers at http://127.0.0.1:11434.",
            "Nothing answers at http://127.0.0.1:11434.",
        ),
        ("at http://localhost/x?y=1", "at http://127.0.0.1"),
        ("at http://gpu.example:11434/a b", "at http://HOST b"),
        ("at https://me:pw@gpu.example.", "at https://HOST."),
        ("at http://[::1]:5", "at http://127.0.0.1:5"),
        ("at http://[bad", "at http://HOST"),
        ("from 192.168.1.17 and 127.0.0.1", "from HOST and 127.0.0.1"),
        ("can't open /root/.ollama/models/x.bin: no", "can't open PATH: no"),
        ("can't open '/a b/c' or \"~/d e\"", "can't open 'PATH' or \"PATH\""),
        ("in ./src/a.py and ../b.py", "in PATH and PATH"),
        (r"in C:\Users\me\a.py or \\share\b", "in PATH or PATH"),
        ("in /home/jane doe/project", "in …PATH"),
        ("by Jane on LAPTOP-7 with s3cret-key", "by … on … with …"),
        ("write to jane.roe@example.org", "write to …"),
        ("a table of abc", "a table of abc"),
        ("key sk1234567890abcdefghijklmnop", "key …"),
        ("qwen2.5-coder:1.5b reads 94 tokens/s and/or /v1", None),
        ("qwen2.5-coder-0.5b-instruct-q4_k_m, verified", None),
        ("llama.cpp in xllamacpp 2026.10.11549 (HTTP 404)", None),
    ],
)
def test_what_is_left_of_a_message(message: str, left: str | None) -> None:
    assert without_own(message, OWN) == (message if left is None else left)


@drawn(st.text(), st.sampled_from(OWN.words[:-1]), st.text())
def test_no_word_of_the_users_own_is_left(before: str, word: str, after: str) -> None:
    assert word not in without_own(f"{before}{word}{after}", OWN)


def test_a_report() -> None:
    said = given({"maxTokens": 64, "audit": "/home/jane doe/audit"}, model="jane/my-model")
    checks = [
        Check("engine", "ok", "Ollama answers at http://gpu.example:1."),
        Check("excluded", "fail", "secret.py is excluded.", "do this", "A file is excluded."),
    ]
    program = Program("1.0", "3.12.1", "Linux (x86_64)")
    report = text(checks, said, program, OWN, ["httpx 0.28.1"])
    for line in (
        "- infill-ls 1.0, Python 3.12.1, Linux (x86_64)",
        "- httpx 0.28.1",
        "- maxTokens = 64 (file)",
        "- audit",
        "- model",
        "- ok engine: Ollama answers at http://HOST.",
        "- fail excluded: A file is excluded.",
    ):
        assert line in report.splitlines()
    assert "jane" not in report
    assert "secret.py" not in report
    assert "- all defaults" in text([], given(), program, OWN, [])
