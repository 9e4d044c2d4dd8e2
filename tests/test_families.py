"""The table of model families."""

from __future__ import annotations

import re

import pytest

from infill_ls.families import FAMILIES, UNMISTAKABLE, Family, OwnTemplate, all_control_tokens, find


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("qwen2.5-coder:0.5b", "qwen-coder"),
        ("qwen2.5-coder-0.5b-instruct-q4_k_m", "qwen-coder"),
        ("hf.co/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF:Q4_K_M", "qwen-coder"),
        ("qwen2.5-coder", "qwen-coder"),
        ("qwen2.5-coder:1.5b-base-q8_0", "qwen-coder"),
        ("Qwen/Qwen2.5-Coder-7B", "qwen-coder"),
        ("qwen3-coder:7b", "qwen-coder"),
        ("qwen3-coder:30b-a3b", "qwen-coder"),
        ("deepseek-coder:1.3b", "deepseek-coder"),
        ("deepseek-coder-v2:16b-lite-base-q4_0", "deepseek-coder"),
        ("codellama:7b-code", "codellama"),
        ("code-llama:13b", "codellama"),
        ("starcoder2:3b", "starcoder2"),
        ("codegemma:2b-code", "codegemma"),
        ("someone/codestral:22b", "codestral"),
        ("qwen2.5:7b", None),
        ("qwen3:8b", None),
        ("deepseek-r1:7b", None),
        ("codellama:7b-python", None),
        ("deepseek-coder:6.7b-instruct", None),
        ("deepseek-coder-v2:16b-lite-instruct-q4_0", None),
        ("codellama:34b", None),
        ("codellama:70b-code", None),
        ("starcoder2:instruct", None),
        ("codegemma:7b-instruct", None),
        ("mamba-codestral:7b", None),
        ("codestral-mamba:7b", None),
        ("llama3.2:1b", None),
        ("", None),
    ],
)
def test_a_models_family(name: str, family: str | None) -> None:
    found = find(name)
    assert (found.name if found else None) == family


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_row_is_whole(family: Family) -> None:
    assert family.template.count("{prefix}") == family.template.count("{suffix}") == 1
    # What is in a template must be known as control, so that the user's text can't spell it.
    for literal in re.split(r"\{prefix\}|\{suffix\}", family.template):
        tokens = re.findall(r"<.*?>|\[.*?\]", literal)
        assert "".join(tokens) == literal.replace(" ", "")
        assert set(tokens) <= set(family.control)
    assert 1 <= len(family.stop) <= 4
    assert set(family.stop) <= set(family.control)
    assert family.source


def test_the_users_own_template_comes_first() -> None:
    own = OwnTemplate("qwen2.5-coder*", "<A>{prefix}<B>{suffix}<C>", ("<END>",))
    found = find("qwen2.5-coder:7b", [own])
    assert found is not None
    assert (found.template, found.stop) == ("<A>{prefix}<B>{suffix}<C>", ("<END>",))
    assert found.control == ("<A>", "<B>", "<C>", "<END>")


@pytest.mark.parametrize(
    ("match", "name", "means"),
    [
        ("my-model", "my-model:7b", True),
        ("my-model:7b", "my-model:7b", True),
        ("my-model:7b", "my-model:13b", False),
        ("My-*", "MY-model", True),
        ("*", "anything", True),
        ("my", "my-model", False),
        ("host:5000/me/mine", "host:5000/me/mine:7b", True),
    ],
)
def test_which_models_an_own_template_means(match: str, name: str, means: bool) -> None:
    assert OwnTemplate(match, "{prefix}{suffix}").means(name) is means


def test_each_token_of_an_own_template_is_control() -> None:
    own = OwnTemplate("*", "<fim_prefix><fim_suffix>{suffix}<fim_middle>{prefix}")
    assert own.family().control == ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")


def test_all_control_tokens_are_listed_once() -> None:
    tokens = all_control_tokens()
    assert len(set(tokens)) == len(tokens)
    assert {"<|fim_prefix|>", "<｜fim▁hole｜>", "<PRE>", "<fim_prefix>", "[SUFFIX]"} <= set(tokens)


@pytest.mark.parametrize("code", ["a <| b |> c", "x<T>", "List<file>", "a || b", "<|>", "[PREFIX]"])
def test_no_language_has_an_unmistakable_token(code: str) -> None:
    assert not UNMISTAKABLE.search(code)
