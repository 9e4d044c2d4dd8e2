"""Which family a model is of, and why others can't fill."""

from __future__ import annotations

import pytest

from infill_ls.prompt.families import (
    UNMISTAKABLE,
    Model,
    all_control_tokens,
    family_of,
    find,
    is_recurrent,
    means,
    not_in_library,
    own_family,
    to_fetch,
    why_not,
)
from infill_ls.prompt.table import FAMILIES
from infill_ls.values import OwnTemplate


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("qwen2.5-coder:0.5b", "qwen-coder"),
        ("qwen2.5-coder-0.5b-instruct-q4_k_m", "qwen-coder"),
        ("hf.co/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF:Q4_K_M", "qwen-coder"),
        ("qwen2.5-coder", "qwen-coder"),
        ("qwen2.5-coder:1.5b-base-q8_0", "qwen-coder"),
        ("Qwen/Qwen2.5-Coder-7B", "qwen-coder"),
        ("qwen-2.5-coder-32b-instruct", "qwen-coder"),
        ("qwen3-coder:7b", "qwen3-coder"),
        ("qwen3-coder:30b-a3b", "qwen3-coder"),
        ("Qwen/Qwen3-Coder-480B-A35B-Instruct", "qwen3-coder"),
        ("qwen3-coder-next", "qwen3-coder-next"),
        ("qwen3-coder-next:q4_K_M", "qwen3-coder-next"),
        ("codeqwen:7b", "codeqwen"),
        ("CodeQwen1.5-7B-GGUF", "codeqwen"),
        ("deepseek-coder:1.3b-base", "deepseek-coder"),
        ("deepseek-coder:6.7b-base-q4_K_M", "deepseek-coder"),
        ("deepseek-ai/deepseek-coder-33b-base", "deepseek-coder"),
        ("codegpt/deepseek-coder-1.3b-typescript", "deepseek-coder"),
        ("deepseek-coder-v2:16b-lite-base-q4_0", "deepseek-coder-v2"),
        ("deepseek-ai/DeepSeek-Coder-V2-Lite-Base", "deepseek-coder-v2"),
        ("codellama:7b-code", "codellama"),
        ("codellama:13b-code-q4_K_M", "codellama"),
        ("codellama:code", "codellama"),
        ("codellama/CodeLlama-13b-hf", "codellama"),
        ("/models/codellama-7b.Q4_K_M.gguf", "codellama"),
        ("starcoder2:3b", "starcoder2"),
        ("starcoder2:15b", "starcoder2"),
        ("starcoder:1b", "starcoder"),
        ("bigcode/tiny_starcoder_py", "starcoder"),
        ("bigcode/santacoder", "santacoder"),
        ("codegemma:2b", "codegemma"),
        ("codegemma:2b-code", "codegemma"),
        ("codegemma:7b-code", "codegemma"),
        ("google/codegemma-7b", "codegemma"),
        ("someone/codestral:22b", "codestral"),
        ("Codestral-22B-v0.1-Q4_K_M.gguf", "codestral"),
        ("granite-code:3b", "granite-code"),
        ("ibm-granite/granite-8b-code-base-4k", "granite-code"),
        ("granite3.3:8b", "granite3.3"),
        ("ibm-granite/granite-3.3-2b-base", "granite3.3"),
        ("granite4:tiny-h", "granite4"),
        ("ibm-granite/granite-4.0-h-micro", "granite4"),
        ("stable-code:3b", "stable-code"),
        ("stabilityai/stable-code-3b", "stable-code"),
        ("hf.co/JetBrains/Mellum-4b-base-gguf:Q8_0", "mellum"),
        ("JetBrains/Mellum-4b-sft-python", "mellum"),
        ("JetBrains/mellum2-base-q4_k_m", "mellum"),
        ("Seed-Coder-8B-Base", "seed-coder"),
        ("codegeex4:9b", "codegeex4"),
        ("zai-org/GLM-4.5-Air", "glm-4.5"),
        ("glm-4.6", "glm-4.5"),
        ("tiiuae/Falcon-H1-Tiny-Coder-90M", "falcon-h1-coder"),
        ("qwen2.5:7b", None),
        ("qwen3:8b", None),
        ("qwen3-next:80b", None),
        ("codeqwen:7b-chat", None),
        ("deepseek-r1:7b", None),
        ("deepseek-coder", None),
        ("deepseek-coder:latest", None),
        ("deepseek-coder:6.7b", None),
        ("deepseek-coder:6.7b-instruct", None),
        ("deepseek-coder-v2", None),
        ("deepseek-coder-v2:16b", None),
        ("deepseek-coder-v2:lite", None),
        ("deepseek-coder-v2:latest", None),
        ("deepseek-coder-v2:16b-lite-instruct-q4_0", None),
        ("deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct", None),
        ("codellama", None),
        ("codellama:7b", None),
        ("codellama:13b", None),
        ("codellama:7b-instruct", None),
        ("codellama:7b-python", None),
        ("codellama:34b", None),
        ("codellama:70b-code", None),
        ("starcoder2:instruct", None),
        ("starchat:15b", None),
        ("santa-claus:7b", None),
        ("codegemma", None),
        ("codegemma:7b", None),
        ("codegemma:7b-instruct", None),
        ("google/codegemma-7b-it", None),
        ("gemma2:2b", None),
        ("mamba-codestral:7b", None),
        ("codestral-mamba:7b", None),
        ("devstral:24b", None),
        ("granite3-dense:8b", None),
        ("granite3.1-moe:3b", None),
        ("granite3.2:8b", None),
        ("granite3.3-vision:2b", None),
        ("granite4-embedding", None),
        ("stablelm2:1.6b", None),
        ("Mellum2-12B-A2.5B-Thinking", None),
        ("Seed-Coder-8B-Instruct", None),
        ("glm4:9b", None),
        ("glm-4.5v", None),
        ("falcon-h1-tiny-90m", None),
        ("yi-coder:9b", None),
        ("opencoder:8b", None),
        ("llama3.2:1b", None),
        ("", None),
    ],
)
def test_a_models_family(name: str, family: str | None) -> None:
    found = find(name)
    assert (found.name if found else None) == family


@pytest.mark.parametrize(
    ("model", "family"),
    [
        # Renamed by the user.
        (Model("my-coder:latest", own_name="Qwen2.5-Coder-1.5B-Instruct"), "qwen-coder"),
        (Model("mine", own_name="DeepSeek-Coder-6.7B-base", finetune="base"), "deepseek-coder"),
        (Model("mine", own_name="DeepSeek_Coder-6.7B-instruct", finetune="instruct"), None),
        (Model("mine", own_name="granite-3.3-8B-base"), "granite3.3"),
        (Model("mine", own_name="granite-3.1-8B-base"), None),
        (Model("default", own_name="qwen2.5-coder-7b-q4_k_m-00001-of-00002.gguf"), "qwen-coder"),
        # The name lies.
        (Model("qwen2.5-coder-chat", architecture="llama", own_name="Llama-3.2-1B"), None),
        (Model("qwen2.5-coder:7b", own_name="Qwen2.5-7B-Instruct", finetune="Instruct"), None),
        (Model("codellama:7b-code", own_name="starcoder2-3b"), "starcoder2"),
        (
            Model("deepseek-coder:6.7b", own_name="DeepSeek-Coder-6.7B-base", finetune="base"),
            "deepseek-coder",
        ),
        (
            Model(
                "deepseek-coder:base", own_name="DeepSeek-Coder-7B-instruct", finetune="instruct"
            ),
            None,
        ),
        # What is called a coder is of another architecture.
        (Model("starcoder2:3b", architecture="llama"), None),
        (Model("qwen3-coder:30b", architecture="qwen3moe"), "qwen3-coder"),
        # Metadata of which nothing is known: the name counts.
        (Model("qwen2.5-coder:7b", architecture="qwen2", own_name="output-7B"), "qwen-coder"),
        (Model("deepseek-coder:6.7b", architecture="llama", own_name="deepseek-ai"), None),
        (Model("deepseek-coder:6.7b-base", own_name="deepseek-ai"), "deepseek-coder"),
        (Model("codestral:22b", own_name="mistralai"), "codestral"),
    ],
)
def test_metadata_counts_before_the_name(model: Model, family: str | None) -> None:
    found = family_of(model)
    assert (found.name if found else None) == family


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (Model("llama3:8b", chats=True), "made to chat"),
        (Model("qwen3:8b", thinks=True, chats=True), "thinks before"),
        (Model("whatever-7b-instruct"), "made to chat"),
        (Model("gemma-3-1b-it"), "made to chat"),
        (Model("gpt-oss:20b"), "made to chat"),
        (Model("mine", own_name="Llama-3.2-1B-Instruct", finetune="Instruct"), "made to chat"),
        (Model("mine:base", own_name="Llama-3.2-1B-Instruct", finetune="Instruct"), "made to chat"),
        # A template for insertion doesn't mean that the model was trained for it.
        (Model("deepseek-coder-v2:16b", can_insert=True), "deepseek-coder-v2:16b-lite-base"),
        (Model("codellama:7b", chats=True), "codellama:7b-code"),
        (Model("mamba-codestral:7b"), "codestral:22b"),
        (Model("yi-coder:9b", chats=True, has_fim_tokens=True), "made to chat"),
        # It may be tried.
        (Model("unknown:7b"), ""),
        (Model("unknown:7b-base", chats=True), ""),
        (Model("llama3:8b-text", chats=True), ""),
        (Model("mine-instruct", own_name="Llama-3.2-1B-base", finetune="base"), ""),
        (Model("mine:7b-instruct", can_insert=True), ""),
        (Model("mine", chats=True, has_fim_tokens=True), ""),
        (Model("yi-coder:9b-base", has_fim_tokens=True), ""),
        (Model("spirit:7b"), ""),
        (Model(""), ""),
    ],
)
def test_why_a_model_can_not_fill(model: Model, says: str) -> None:
    assert family_of(model) is None
    assert bool(why_not(model)) is bool(says)
    assert says in why_not(model)


def test_the_users_own_template_comes_first() -> None:
    own = OwnTemplate("qwen2.5-coder*", "<A>{prefix}<B>{suffix}<C>", ("<END>",))
    found = find("qwen2.5-coder:7b", [own])
    assert found is not None
    assert (found.template, found.stop) == ("<A>{prefix}<B>{suffix}<C>", ("<END>",))
    assert found.control == ("<A>", "<B>", "<C>", "<END>")
    told = Model("qwen2.5-coder:7b", own_name="Llama-3.2-1B-Instruct", chats=True)
    assert family_of(told, [own]) == found


@pytest.mark.parametrize(
    ("match", "name", "expected"),
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
def test_which_models_an_own_template_means(match: str, name: str, expected: bool) -> None:
    assert means(OwnTemplate(match, "{prefix}{suffix}"), name) is expected


def test_each_token_of_an_own_template_is_control() -> None:
    own = OwnTemplate("*", "<fim_prefix><fim_suffix>{suffix}<fim_middle>{prefix}")
    assert own_family(own).control == ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")


def test_all_control_tokens_are_listed_once() -> None:
    tokens = all_control_tokens()
    assert len(set(tokens)) == len(tokens)
    assert {"<|fim_prefix|>", "<｜fim▁hole｜>", "<PRE>", "<fim_prefix>", "[SUFFIX]"} <= set(tokens)
    assert "<filename>" not in tokens


@pytest.mark.parametrize("code", ["a <| b |> c", "x<T>", "List<file>", "a || b", "<|>", "[PREFIX]"])
def test_no_language_has_an_unmistakable_token(code: str) -> None:
    assert not UNMISTAKABLE.search(code)


@pytest.mark.parametrize("name", [name for family in FAMILIES for name in family.library])
def test_what_is_named_of_the_library_can_fill_and_is_of_its_family(name: str) -> None:
    family = find(name)
    assert family is not None
    assert name in family.library
    assert not_in_library(name) == ""
    assert to_fetch(name) == name


@pytest.mark.parametrize(
    ("name", "has", "instead"),
    [
        ("qwen3-coder:7b", "qwen3-coder:30b and qwen3-coder:480b, none of 7b", "qwen2.5-coder:7b"),
        ("Qwen3-Coder:7B-q4_K_M", "qwen3-coder:480b, none of 7b", "qwen2.5-coder:7b"),
        ("qwen2.5-coder:6b", "14b and qwen2.5-coder:32b, none of 6b", "qwen2.5-coder:1.5b"),
        ("codestral:7b", "has codestral:22b, none of 7b", "qwen2.5-coder:7b"),
        ("codellama:34b", "codellama:7b-code and codellama:13b-code", "qwen2.5-coder:1.5b"),
    ],
)
def test_a_size_that_the_library_has_not(name: str, has: str, instead: str) -> None:
    assert has in not_in_library(name)
    assert to_fetch(name) == instead


@pytest.mark.parametrize(
    "name",
    [
        *("qwen3-coder", "qwen3-coder:latest", "qwen3-coder:480b-cloud", "qwen3-coder-next:q4_K_M"),
        *("qwen2.5-coder:1.5b-instruct-q4_K_M", "codellama:7b-instruct", "llama3:1b", ""),
        *("somebody/qwen3-coder:7b", "hf.co/a/qwen3-coder:7b", "mine:7b"),
    ],
)
def test_any_other_name_may_be_in_the_library(name: str) -> None:
    assert not_in_library(name) == ""
    assert to_fetch(name) == name


@pytest.mark.parametrize(
    "model",
    [
        Model("qwen3-coder-next"),
        Model("qwen3-coder-next:q4_K_M"),
        Model("Qwen/Qwen3-Coder-Next-GGUF"),
        Model("qwen3-next:80b"),
        Model("qwen3.5:9b"),
        Model("Qwen3.6-35B-A3B"),
        Model("granite4:tiny-h"),
        Model("granite4:350m-h"),
        Model("granite4:small-h-q4_K_M"),
        Model("ibm-granite/granite-4.0-h-micro"),
        Model("falcon-h1-tiny-coder"),
        Model("mamba-codestral-7b"),
        Model("lfm2.5:1.2b"),
        Model("nemotron-h-8b"),
        # The architecture says it, whatever the name is.
        Model("mine", architecture="qwen3next"),
        Model("granite4:micro", architecture="granitehybrid"),
        Model("mine", own_name="Qwen3-Coder-Next"),
    ],
)
def test_a_model_that_no_cache_helps(model: Model) -> None:
    assert is_recurrent(model)


@pytest.mark.parametrize(
    "model",
    [
        Model("qwen3-coder:30b"),
        Model("qwen3:8b"),
        Model("qwen2.5-coder:1.5b"),
        Model("granite4:micro"),
        Model("granite4:latest"),
        Model("granite4.1:3b"),
        Model("granite3.3:8b"),
        Model("JetBrains/mellum2-base-q4_k_m"),
        Model("starcoder2:3b"),
        Model("somebody/qwen3-coder-next", architecture="qwen3moe"),
    ],
)
def test_a_model_that_the_cache_helps(model: Model) -> None:
    assert not is_recurrent(model)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("JetBrains/mellum2-base-q4_k_m:latest", "mellum"),
        ("hf.co/JetBrains/Mellum2-12B-A2.5B-Base-GGUF:Q4_K_M", "mellum"),
        ("JetBrains/mellum2-instruct-q4_k_m", None),
        ("JetBrains/Mellum2-12B-A2.5B-Thinking", None),
        ("granite4:micro-h", "granite4"),
        ("granite4.1:8b", "granite4"),
        ("qwen3-coder:30b", "qwen3-coder"),
        ("qwen3-coder-next:latest", "qwen3-coder-next"),
        ("qwen3.5:9b", None),
        ("devstral-small-2:24b", None),
    ],
)
def test_models_of_2026(name: str, family: str | None) -> None:
    found = find(name)
    assert (found and found.name) == family


def test_a_model_that_writes_nothing() -> None:
    assert why_not(Model("nomic-embed-text", writes=False)) == "it writes no text"
