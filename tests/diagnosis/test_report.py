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
        # Relative paths.
        ("no model work/acme-secret/q.gguf.", "no model PATH."),
        ("no model acme-secret/q", "no model PATH"),
        (r"no model work\acme-secret\q.gguf, or", "no model PATH, or"),
        (r"in C:acme-secret\q.gguf", "in PATH"),
        ("in acme-secret/", "in PATH"),
        ("in ~joe/acme-secret", "in PATH"),
        ("in $HOME/acme-secret and %APPDATA%\\acme", "in PATH and PATH"),
        ("in work%2Facme-secret%2fq.gguf", "in PATH"),
        ("in 'acme secret/my q.gguf' or \"acme secret\\my q\"", "in 'PATH' or \"PATH\""),
        ("it can't open acme/q, it isn't there", "it can't open PATH, it isn't there"),
        ("file:work/acme-secret/q.gguf", "file:PATH"),
        ("model=acme/q:7b (work/acme)", "PATH:7b (PATH)"),
        ("in acme-secret.gguf, secret.py, a.b.tar.gz and acme.f90", "in NAME, NAME, NAME and NAME"),
        # Machines without a scheme.
        ("at gpu.internal.acme:8080.", "at HOST."),
        ("at gpu-box:8080, or acme:1", "at HOST, or HOST"),
        ("at gpu.internal.acme:8080/secret/api?", "at HOST?"),
        ("no address for gpu.internal.acme", "no address for NAME"),
        ("(nas.local)", "(NAME)"),
        ("git@gpu-box:acme/secret.git and root@gpu-box", "… and …"),
        ("at localhost:11434 and 127.0.0.1:11434", None),
        ("at 10.0.0.7:8080", "at HOST"),
        # Addresses of IPv6.
        ("at fd00::1.", "at HOST."),
        ("at 2001:db8:0:0:0:0:2:1 and 2001:DB8::7", "at HOST and HOST"),
        ("at [fe80::1%eth0]:8080, or fe80::1%eth0", "at HOST, or HOST"),
        ("at ::ffff:10.0.0.1", "at HOST"),
        ("at http://[fd00::1]:8080/x", "at http://HOST"),
        ("at ::1 or [::1]:11434", None),
        ("since 12:30:45: a std::string", None),
        # What is ours.
        ("POST /api/generate, /v1/completions, e.g. 0.4 GB/s", None),
        ("config.toml, .infill-ls.toml and infill-ls.explain.", None),
        ("Ollama 0.33.0-rc1 has qwen3:14b, qwen2.5-coder:1.5b and llama3.2:3b-base", None),
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


def test_a_long_word_costs_no_more_than_its_length() -> None:
    for part in ("a", "a.", "a-", "a:", "a@", "1.", "0:", "…", "'", "/", "a.b "):
        without_own(part * 50_000, OWN)


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
