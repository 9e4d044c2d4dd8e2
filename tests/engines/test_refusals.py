"""What the texts mean with which servers refuse a prompt that is too long."""

from __future__ import annotations

import pytest

from infill_ls.engines import refusals
from infill_ls.errors import BadAnswer, CannotLoad, TooLong


@pytest.mark.parametrize(
    ("text", "room"),
    [
        # llama.cpp, before and after October 2025
        ("the request exceeds the available context size. try increasing the context size", None),
        (
            "request (5399 tokens) exceeds the available context size (4096 tokens), try "
            "increasing it",
            4096,
        ),
        ("Context size has been exceeded.", None),
        # No machine has so much.
        (f"exceeds the available context size ({'9' * 5000} tokens)", None),
        # Ollama
        (
            "the prompt is longer than the context length currently available to the model; "
            "shorten the prompt",
            None,
        ),
        ("the input length exceeds the context length", None),
        # vLLM
        (
            "This model's maximum context length is 2048 tokens. However, you requested 3000 "
            "tokens (2872 in the messages, 128 in the completion).",
            2048,
        ),
        (
            "The decoder prompt (length 5399) is longer than the maximum model length of 4096.",
            4096,
        ),
        # SGLang
        (
            "The input (5399 tokens) is longer than the model's context length (4096 tokens).",
            4096,
        ),
        (
            "Requested token count exceeds the model's maximum context length of 4096 tokens.",
            4096,
        ),
        # LM Studio
        (
            "Trying to keep the first 5399 tokens when context the overflows. However, the model "
            "is loaded with context length of only 4096 tokens, which is not enough.",
            4096,
        ),
    ],
)
def test_a_prompt_that_is_too_long(text: str, room: int | None) -> None:
    assert refusals.is_about_length(text)
    assert refusals.room(text) == room
    assert isinstance(refusals.of_request(400, text), TooLong)


@pytest.mark.parametrize(
    "text",
    ["", "model requires more system memory (5.6 GiB) than is available (1.2 GiB)", "it broke"],
)
def test_another_refusal(text: str) -> None:
    assert not refusals.is_about_length(text)
    error = refusals.of_request(500, text)
    assert isinstance(error, BadAnswer)
    assert not isinstance(error, TooLong)


@pytest.mark.parametrize(
    ("status", "text", "is_about_loading"),
    [
        (500, "model requires more system memory (5.6 GiB) than is available (1.2 GiB)", True),
        (
            500,
            "model runner has unexpectedly stopped, this may be due to resource limitations or an "
            "internal error, check ollama server logs for details",
            True,
        ),
        (500, "llama runner process has terminated: signal: killed", True),
        (500, "cudaMalloc failed: out of memory", True),
        (500, "unable to load model: /models/blobs/sha256-60e0", True),
        (400, "model requires more system memory", False),
        (500, "it broke", False),
        (500, "", False),
    ],
)
def test_a_model_that_can_t_be_loaded(status: int, text: str, is_about_loading: bool) -> None:
    error = refusals.of_request(status, text)
    assert isinstance(error, CannotLoad) is is_about_loading
