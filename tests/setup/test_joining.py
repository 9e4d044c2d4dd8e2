"""What comes from another tool takes nothing away that isn't said, and sends nothing elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from infill_ls.setup.joining import Joined, joined

OLLAMA = {"engine": "ollama", "model": "q:1b"}
REMOTE = {"engine": "openai", "url": "https://gpu.example", "model": "q:1b"}


def test_to_nothing_they_come_as_they_are() -> None:
    assert joined({}, REMOTE) == Joined(REMOTE, [], [])


def test_what_is_of_other_keys_is_left_alone() -> None:
    own = {"maxTokens": 64, "exclude": ["*.md"], "languages": {"go": {"enabled": False}}}
    assert joined(own, REMOTE) == Joined(REMOTE, [], [])


def test_what_is_lost_is_said() -> None:
    own = {"model": "other", "engine": "ollama", "temperature": 0.1}
    assert joined(own, OLLAMA | {"temperature": 0}).replaced == ["model", "temperature"]


def test_what_the_user_has_excluded_stays_excluded() -> None:
    own = {"exclude": ["a", "!b", "c"]}
    result = joined(own, OLLAMA | {"exclude": ["c", "b", "d"]})
    assert result.settings["exclude"] == ["b", "d", "a", "!b", "c"]
    assert result.replaced == []


@pytest.mark.parametrize(
    "own",
    [
        {"engine": "openai", "url": "https://other.example"},
        {"engine": "openai"},
        {"url": "https://other.example"},
        {},
    ],
)
@pytest.mark.parametrize("settings", [OLLAMA, REMOTE])
def test_what_lets_in_at_one_address_goes_to_no_other(
    own: dict[str, Any], settings: dict[str, Any]
) -> None:
    own = own | {"apiKeyEnv": "KEY", "headers": {"Authorization": "Bearer x"}, "caFile": "/ca.pem"}
    result = joined(own, settings)
    assert result.without == [
        *(["url"] if "url" in own and "url" not in settings else []),
        *("apiKeyEnv", "headers", "caFile"),
    ]
    result = joined(own, settings | {"headers": {"X-Team": "red"}})
    assert result.settings["headers"] == {"X-Team": "red"}
    assert "headers" in result.replaced


def test_at_the_same_address_headers_come_together() -> None:
    own = REMOTE | {"headers": {"A": "1", "B": "2"}, "apiKeyEnv": "KEY"}
    result = joined(own, REMOTE | {"headers": {"B": "2", "C": "3"}})
    assert result.settings["headers"] == {"A": "1", "B": "2", "C": "3"}
    assert (result.replaced, result.without) == ([], [])
    assert joined(own, REMOTE | {"headers": {"B": "3"}}).replaced == ["headers"]


def test_templates_of_other_models_stay() -> None:
    mine, other, new = ({"match": name, "template": text} for name, text in ("a1", "b2", "a3"))
    result = joined({"fim": [mine, other]}, OLLAMA | {"fim": [new]})
    assert (result.settings["fim"], result.replaced) == ([new, other], ["fim"])
    result = joined({"fim": other}, OLLAMA | {"fim": [new]})
    assert (result.settings["fim"], result.replaced) == ([new, other], [])


@pytest.mark.parametrize("own", [{"exclude": "a"}, {"headers": 1}, {"fim": 1}, {"url": []}])
def test_what_is_wrong_in_the_file_is_told_if_it_is_lost(own: dict[str, Any]) -> None:
    more = {"exclude": ["b"], "headers": {"X": "1"}, "fim": [{"match": "a", "template": "b"}]}
    result = joined(own, REMOTE | more)
    (key,) = own
    assert result.replaced == [key] or own[key] in result.settings[key]
