"""What Continue's settings become, and what of them doesn't."""

from __future__ import annotations

from typing import Any

import pytest

from infill_ls.setup.from_continue import Imported, NoModel, imported

AUTOCOMPLETE = {"name": "m", "roles": ["autocomplete"], "provider": "ollama", "model": "q:1b"}


def of(**model: Any) -> Imported:
    """What one model of a ``config.yaml`` becomes."""
    return imported({"models": [AUTOCOMPLETE | model]})


def test_ollamas_model() -> None:
    result = of()
    assert result.settings == {"engine": "ollama", "model": "q:1b"}
    assert result.left == {}
    assert result.advice == []


def test_the_model_of_a_config_json() -> None:
    model = {"title": "t", "provider": "ollama", "model": "AUTODETECT", "apiBase": "http://gpu:1"}
    result = imported({"tabAutocompleteModel": model, "models": [{"provider": "anthropic"}]})
    assert result.settings == {"engine": "ollama", "model": "auto", "url": "http://gpu:1"}
    assert list(result.left) == ["the other models"]
    assert result.goes_to == "Your code goes to http://gpu:1, as with Continue."
    assert result.advice == []


@pytest.mark.parametrize(
    ("provider", "base", "url"),
    [
        ("lmstudio", None, "http://localhost:1234"),
        ("llama.cpp", "http://localhost:9/", "http://localhost:9"),
        ("vllm", "https://gpu.example/v1/", "https://gpu.example"),
        ("openai", "https://gpu.example/v1", "https://gpu.example"),
        ("docker", "http://localhost:12434/engines/v1", "http://localhost:12434/engines"),
    ],
)
def test_servers_with_openais_api(provider: str, base: str | None, url: str) -> None:
    result = of(provider=provider, apiBase=base)
    assert result.settings == {"engine": "openai", "url": url, "model": "q:1b"}


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ({"provider": "anthropic"}, 'the provider "anthropic"'),
        ({"provider": "mistral"}, "one of its own"),
        ({"provider": "openai"}, "OpenAI's own models"),
        ({"provider": "vllm"}, "no apiBase"),
        ({"provider": ["x"]}, "the provider"),
        ({"uses": "a/b"}, "Continue's hub"),
        ({"model": None}, "no name"),
        ({"apiBase": "http://me:geheim@gpu"}, "its apiBase must be an address without user name"),
        ({"roles": ["chat"]}, "no model for completion"),
    ],
)
def test_a_model_that_cant_be_used_is_told_without_what_may_be_secret(
    model: dict[str, Any], why: str
) -> None:
    with pytest.raises(NoModel, match=why) as raised:
        of(**model)
    assert "geheim" not in str(raised.value)
    # There is a next step.
    assert "infill-ls pull" in raised.value.fix or "apiBase" in str(raised.value)


def test_blocks_of_the_hub_are_named() -> None:
    models = [{"uses": f"ollama/block-{number}"} for number in range(4)]
    with pytest.raises(NoModel) as raised:
        imported({"models": models})
    assert str(raised.value) == (
        "its models are blocks of Continue's hub, which it only names: "
        "ollama/block-0, ollama/block-1, ollama/block-2, …"
    )
    assert "ollama pull qwen2.5-coder:1.5b" in raised.value.fix


def test_every_option_that_is_left_has_its_reason() -> None:
    options = [
        *("onlyMyCode", "useCopyBuffer", "useImports", "useRecentlyEdited", "useRecentlyOpened"),
        *("transform", "topP", "topK", "numThreads", "somethingNew"),
    ]
    result = of(autocompleteOptions=dict.fromkeys(options, 1))
    assert list(result.left) == options
    assert all(result.left.values())
    assert result.left["somethingNew"] == "infill-ls has nothing like it"


@pytest.mark.parametrize("file", [{}, {"models": 1}, {"models": [1, None]}, {"models": None}])
def test_a_file_without_models(file: dict[str, Any]) -> None:
    with pytest.raises(NoModel):
        imported(file)


def test_the_first_model_that_can_be_used_is_taken() -> None:
    models = [
        AUTOCOMPLETE | {"name": "a", "provider": "mistral"},
        AUTOCOMPLETE | {"name": "b", "model": "b"},
        AUTOCOMPLETE | {"name": "c"},
    ]
    result = imported({"models": models})
    assert result.settings["model"] == "b"
    # These are all of them.
    assert set(result.left) == {'the model "a"', 'the model "c"'}


@pytest.mark.parametrize(
    ("key", "variable"),
    [
        ("sk-geheim", "LLAMA_CPP_API_KEY"),
        ("${{ secrets.MY_KEY }}", "MY_KEY"),
        ("EMPTY", None),
        ("lm-studio", None),
        ("", None),
        (7, None),
    ],
)
def test_a_key_is_never_copied_and_a_variable_for_it_is_named(
    key: object, variable: str | None
) -> None:
    result = of(provider="llama.cpp", apiKey=key)
    assert result.settings.get("apiKeyEnv") == variable
    assert "geheim" not in repr(result)
    assert bool(result.advice) == bool(variable)


def test_headers_that_may_hold_keys_stay_where_they_are() -> None:
    headers = {"X-Team": "red", "X-Auth-Token": "geheim", "Authorization": "Bearer geheim"}
    result = of(
        requestOptions={"headers": headers, "caBundlePath": ["/ca.pem"], "verifySsl": False}
    )
    assert result.settings["headers"] == {"X-Team": "red"}
    assert result.settings["caFile"] == "/ca.pem"
    assert set(result.left) == {"the header X-Auth-Token", "the header Authorization", "verifySsl"}
    assert "geheim" not in repr(result)


KEYS = (
    "Bearer geheim",
    "sk-proj-geheimgeheimgeheimgeheim",
    "sk-geheimGEHEIMgeheim1",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJnZWhlaW0ifQ.geheimgeheim",
    "Basic Z2VoZWltOmdlaGVpbQ==",
    "9f8a7b6c5d4e3f2a1b0cgeheim",
    "1f0e3dad-9990-4b5c-8d3e-geheim000000",
    "AB12-CD34-EF56-geheim",
    "dXNlcjpnZWhlaW0",
    "user=me&password=geheim",
    "gehe\u0131m",
    "g" * 20 + "geheim",
    "${{ secrets.GEHEIM }}",
    7,
)


@pytest.mark.parametrize("key", KEYS)
def test_a_header_whose_value_may_be_a_key_is_not_copied(key: object) -> None:
    result = of(requestOptions={"headers": {"X-Custom": key, "X-Team": "red"}})
    assert result.settings["headers"] == {"X-Team": "red"}
    assert list(result.left) == ["the header X-Custom"]
    assert "geheim" not in repr(result).lower()


@pytest.mark.parametrize(
    "value", ["red", "eu-west-1", "application/json", "OpenRouter", "https://my.example", "v1", "7"]
)
def test_a_header_with_a_few_words_is(value: str) -> None:
    assert of(requestOptions={"headers": {"X": value}}).settings["headers"] == {"X": value}


@pytest.mark.parametrize(
    "path", ["sk-geheimgeheimgeheim12/v1", "v1/k/9f8a7b6c5d4e3f2a-geheim", "token/geheim"]
)
def test_an_address_whose_path_may_be_a_key_is_not_copied(path: str) -> None:
    with pytest.raises(NoModel, match="may hold a key, which isn't copied") as raised:
        of(provider="vllm", apiBase=f"https://gpu.example/{path}")
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize("path", ["v1/openai", "engines/llama.cpp/v1", "client/v4/ai/", ""])
def test_an_address_with_a_plain_path_is(path: str) -> None:
    result = of(provider="vllm", apiBase=f"https://gpu.example/{path}")
    assert result.settings["url"] == f"https://gpu.example/{path}".rstrip("/").removesuffix("/v1")


def test_options_of_the_file_hold_unless_the_model_has_its_own() -> None:
    result = imported(
        {
            "tabAutocompleteModel": AUTOCOMPLETE | {"completionOptions": {"temperature": 0.1}},
            "completionOptions": {"temperature": 0.9, "maxTokens": 64, "topP": 0.9},
            "tabAutocompleteOptions": {
                "disable": True,
                "debounceDelay": 500,
                "maxPromptTokens": 1024,
                "multilineCompletions": "never",
                "disableInFiles": ["*.md"],
            },
        }
    )
    assert result.settings == {
        "engine": "ollama",
        "model": "q:1b",
        "temperature": 0.1,
        "maxTokens": 64,
        "enabled": False,
        "debounceMs": 500,
        "multiline": "never",
        "exclude": ["*.md"],
    }
    assert result.left == {
        "topP": "of how tokens are picked, temperature alone can be set",
        "maxPromptTokens": "it is Continue's default, and contextTokens adapts itself",
    }


def test_a_value_that_ours_cant_have_is_left() -> None:
    result = of(defaultCompletionOptions={"maxTokens": 100_000, "keepAlive": 1800})
    assert result.settings["keepAlive"] == 1800
    assert result.left == {"maxTokens": "maxTokens must be a whole number from 1 to 4096"}


def test_a_template_of_the_users() -> None:
    text = "<P>{{{ prefix }}}<S>{{{suffix}}}<M>"
    result = of(promptTemplates={"autocomplete": text}, defaultCompletionOptions={"stop": ["<E>"]})
    assert result.settings["fim"] == [
        {"match": "q:1b", "template": "<P>{prefix}<S>{suffix}<M>", "stop": ["<E>"]}
    ]
    assert result.left == {}
    result = of(autocompleteOptions={"template": "{{{filename}}} " + text})
    assert "fim" not in result.settings
    assert result.left == {"template": "fim has prefix and suffix alone, not filename"}
