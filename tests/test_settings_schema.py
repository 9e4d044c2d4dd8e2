"""The schema says what the readers of settings allow, and what is made from it is up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.settings import DECIDING, KEYS, load, read_value
from infill_ls.settings_schema import MEANINGS, SHIPPED, VALUES, default_of, property_of, schema
from infill_ls.values import Wrong
from settings_files import MANIFEST, PAGE, ROOT, in_vscode, made, manifest, page

KINDS: Mapping[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


def allows(about: Mapping[str, Any], value: Any) -> bool:
    """Whether a schema allows a value, as far as our schemas go (JSON Schema, draft 7)."""
    kinds = about["type"] if isinstance(about["type"], list) else [about["type"]]
    if not any(
        isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))
        for kind in kinds
    ):
        return False
    if "enum" in about and value not in about["enum"]:
        return False
    if isinstance(value, str):
        long_enough = len(value) >= about.get("minLength", 0)
        return long_enough and re.search(about.get("pattern", ""), value) is not None
    if isinstance(value, list):
        return all(allows(about["items"], one) for one in value)
    if isinstance(value, dict):
        return _allows_table(about, value)
    return isinstance(value, bool) or (
        about.get("minimum", value) <= value <= about.get("maximum", value)
    )


def _allows_table(about: Mapping[str, Any], value: dict[str, Any]) -> bool:
    if not set(about.get("required", ())) <= set(value):
        return False
    known, other = about.get("properties", {}), about["additionalProperties"]
    return all(
        allows(known[key], one) if key in known else bool(other) and allows(other, one)
        for key, one in value.items()
    )


@pytest.mark.parametrize("path", sorted(made()), ids=lambda path: Path(path).name)
def test_what_is_made_from_the_settings_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == made()[path], "make schema"


def test_every_key_has_a_meaning_and_every_value_of_a_few() -> None:
    assert set(MEANINGS) == set(KEYS)
    with_values = {key for key in KEYS if "enum" in property_of(key)}
    assert set(VALUES) == with_values
    for key in with_values:
        assert list(VALUES[key]) == property_of(key)["enum"]


@pytest.mark.parametrize("key", KEYS)
def test_the_schema_allows_the_default(key: str) -> None:
    default = default_of(key)
    if default is not None:
        assert allows(property_of(key), default)
        assert load(file={key: default})[1] == []


# What editors and files have; the readers are kinder to the environment, which has texts alone.
ANY_TEXT = st.text(max_size=8) | st.sampled_from(
    ["auto", "ollama", "http://box:1", "MY_KEY", "30m", "-1", "hub", "raw", "{prefix}{suffix}"]
)
ANY_JSON = st.recursive(
    st.one_of(st.booleans(), st.integers(-5, 200_000), st.floats(allow_nan=False), ANY_TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["match", "template", "stop", "folders", "window", "enabled", "go", "maxTokens"]
            ),
            inner,
        ),
    ),
    max_leaves=5,
)


@given(st.sampled_from(KEYS), ANY_JSON)
def test_whatever_a_reader_takes_the_schema_allows(key: str, value: Any) -> None:
    try:
        read_value(key, value)
    except Wrong:
        return
    # Texts for numbers, truth and durations are for the environment.
    assert allows(property_of(key), value) or _of_the_environment(value)


def _of_the_environment(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_of_the_environment, value.values()))
    # A whole number with a point is one for JSON Schema, too.
    return isinstance(value, str | float)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        *(("engine", "olama"), ("url", "127.0.0.1:1"), ("url", "http://me:key@host"), ("url", 5)),
        *(("model", 5), ("model", ""), ("apiKeyEnv", "sk-4711"), ("headers", {"X": 1})),
        *(("headers", "X: 1"), ("caFile", ""), ("maxTokens", 0), ("maxTokens", 5000)),
        *(("maxTokens", "64"), ("maxTokens", True), ("temperature", 3), ("debounceMs", "fast")),
        *(("debounceMs", -1), ("contextTokens", 63), ("keepAlive", "long"), ("keepAlive", 1.5)),
        *(("fim", {"match": "a"}), ("fim", [{"template": "{prefix}"}]), ("fim", {"a": 1})),
        *(("exclude", "*.private"), ("exclude", [" "]), ("enabled", "on"), ("languages", ["go"])),
        *(("languages", {"go": {"model": "x"}}), ("languages", {"go": {"maxTokens": 0}})),
        *(("recitation", ["/a"]), ("recitation", {"folders": ["/a"], "window": 5})),
        *(("recitation", {"window": 50}), ("audit", ""), ("log", "loud"), ("weightsFrom", "x")),
    ],
)
def test_what_the_schema_does_not_allow(key: str, wrong: Any) -> None:
    assert not allows(property_of(key), wrong)


def test_the_shipped_schema_is_json_and_closed() -> None:
    shipped = json.loads(SHIPPED.read_text("utf-8"))
    assert shipped == schema()
    assert shipped["additionalProperties"] is False
    assert list(shipped["properties"]) == list(MEANINGS)


# VS Code's manifest


def test_the_manifest_has_every_key_that_is_of_use_in_an_editor() -> None:
    properties = json.loads(MANIFEST.read_text("utf-8"))["contributes"]["configuration"][
        "properties"
    ]
    keys = [name.removeprefix("infill-ls.") for name in properties]
    assert set(keys) >= set(KEYS) - {"weightsFrom"}
    assert [about["order"] for about in properties.values()] == list(range(1, len(keys) + 1))
    # VS Code wants one of each, and a null says nothing to the server.
    assert all("default" in about for about in properties.values())


def test_the_manifest_keeps_what_is_not_ours() -> None:
    text = MANIFEST.read_text("utf-8")
    changed = text.replace(in_vscode("enabled", 1)["description"], "Something else.")
    assert changed != text
    assert manifest(changed) == text
    other = text.replace("How the server is started", "How it is started")
    assert manifest(other) == other != text


def test_a_list_on_several_lines_is_one_for_people() -> None:
    assert in_vscode("mode", 3)["enum"] == ["auto", "raw", "suffix", "plain"]
    assert '"enum": ["auto", "raw", "suffix", "plain"],' in MANIFEST.read_text("utf-8")


# The page


def test_the_table_marks_what_a_project_may_set() -> None:
    text = page(PAGE.read_text("utf-8"))
    for key in ("exclude", "enabled", "multiline", "debounceMs", "eagerness", "languages"):
        assert f"| `{key}` ● |" in text
    assert text.count("● |") == 6


def test_the_page_names_what_decides() -> None:
    text = PAGE.read_text("utf-8")
    section = text[text.index("## What if something is wrong?") :]
    named = section[: section.index("says that nobody knows")]
    assert set(re.findall(r"`(\w+)`", named)) == {*DECIDING, "OLLAMA_HOST"}


def test_the_makefile_has_the_command() -> None:
    assert "-m settings_files" in (ROOT / "Makefile").read_text("utf-8")
