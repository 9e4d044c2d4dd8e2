"""What is told when something is wrong."""

from __future__ import annotations

import pytest

from infill_ls.errors import BadAnswer, sentence


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("It broke", "It broke."),
        ("It broke. ", "It broke."),
        ("Which model?", "Which model?"),
        ("It says: it's gone (no such file)", "It says: it's gone (no such file)."),
        ("It says (it's gone.)", "It says (it's gone.)"),
        ('It says "no."', 'It says "no."'),
        ('It has no "model"', 'It has no "model".'),
        ("It takes long…", "It takes long…"),
        ("", ""),
    ],
)
def test_a_sentence_ends_once(text: str, whole: str) -> None:
    assert sentence(text) == whole


def test_what_somebody_else_said_does_not_run_into_what_to_do() -> None:
    error = BadAnswer("Ollama broke off: the model runner has stopped", "Fetch it: ollama pull m")
    assert str(error) == ("Ollama broke off: the model runner has stopped. Fetch it: ollama pull m")
