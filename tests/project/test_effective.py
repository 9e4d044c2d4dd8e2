"""Each setting as it counts, and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infill_ls.project.effective import HIDDEN, Effective, effective, spelled
from infill_ls.project.project_file import PROJECT_FILE, ProjectFiles
from infill_ls.settings import KEYS, Settings, Source, load
from infill_ls.values import LanguageSettings, OwnTemplate, Recitation


def by_key(found: list[Effective]) -> dict[str, Effective]:
    return {one.key: one for one in found}


def test_defaults() -> None:
    found = effective(Settings())
    assert [one.key for one in found] == list(KEYS)
    assert all(one.is_default and not one.is_wrong for one in found)
    assert by_key(found)["url"].value == "http://127.0.0.1:11434"
    assert by_key(found)["recitation"].value is None


def test_each_has_its_source() -> None:
    settings, _ = load(
        editor={"maxTokens": 9},
        environment={"INFILL_LS_LOG": "info", "OLLAMA_HOST": "box"},
        command_line={"engine": "ollama"},
    )
    found = by_key(effective(settings))
    assert found["engine"] == Effective("engine", "ollama", Source("command line"))
    assert found["log"] == Effective("log", "info", Source("environment", "INFILL_LS_LOG"))
    assert found["url"] == Effective(
        "url", "http://box:11434", Source("environment", "OLLAMA_HOST")
    )
    assert found["maxTokens"] == Effective("maxTokens", 9, Source("editor"))


def test_the_line_of_the_users_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("# mine\nmaxTokens = 9\n")
    settings, _ = load(file={"maxTokens": 9}, path=path)
    found = by_key(effective(settings))["maxTokens"]
    assert (found.source, found.line) == (Source("file", str(path)), 2)


def test_what_a_project_sets(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).write_text(
        'exclude = ["*.gen"]\nmultiline = "never"\ndebounceMs = 5\nurl = "http://evil.example"\n'
    )
    problems: list[str] = []
    files = list(ProjectFiles(problems.append).above(str(tmp_path / "a.py"), str(tmp_path)))
    settings, _ = load(
        file={"exclude": ["*.private"]},
        editor={"multiline": "always"},
        environment={"INFILL_LS_DEBOUNCE_MS": "7"},
    )
    found = by_key(effective(settings, files))
    project = Source("project", str(tmp_path / PROJECT_FILE))
    # What it excludes comes on top.
    assert found["exclude"] == Effective("exclude", ["*.private", "*.gen"], project, 1)
    assert found["multiline"] == Effective("multiline", "never", project, 2)
    assert (found["debounceMs"].value, found["debounceMs"].source.kind) == (7, "environment")
    assert found["url"].is_default
    assert len(problems) == 1


def test_a_project_turns_nothing_on_and_allows_no_more(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).write_text(
        "enabled = true\n[languages]\ngo = {maxTokens = 900}\nrust = {maxTokens = 9}\n"
    )
    files = list(ProjectFiles(lambda text: None).above(str(tmp_path / "a.py"), str(tmp_path)))
    settings, _ = load(editor={"enabled": False, "languages": {"c": {"multiline": "never"}}})
    found = by_key(effective(settings, files))
    assert found["enabled"] == Effective("enabled", False, Source("editor"))
    assert found["languages"].value == {
        "c": {"multiline": "never"},
        "go": {},
        "rust": {"maxTokens": 9},
    }
    assert found["languages"].source.kind == "project"


def test_what_nobody_knows_has_no_value(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).write_text("enabled = false\n")
    files = list(ProjectFiles(lambda text: None).above(str(tmp_path / "a.py"), str(tmp_path)))
    settings, _ = load(
        environment={"INFILL_LS_URL": "box:1", "INFILL_LS_ENABLED": "flase"},
        file={"url": "http://other:1"},
    )
    found = by_key(effective(settings, files))
    source = Source("environment", "INFILL_LS_URL")
    assert found["url"] == Effective("url", None, source, is_wrong=True)
    assert found["enabled"].source == Source("environment", "INFILL_LS_ENABLED")


def test_headers_are_named_and_not_shown() -> None:
    settings, _ = load(editor={"headers": {"Authorization": "Bearer canary4711"}})
    found = effective(settings)
    assert by_key(found)["headers"].value == {"Authorization": HIDDEN}
    assert "canary4711" not in repr(found)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (
            (OwnTemplate("a*", "{prefix}{suffix}", ("<EOT>",)),),
            [{"match": "a*", "template": "{prefix}{suffix}", "stop": ["<EOT>"]}],
        ),
        ({"go": LanguageSettings(max_tokens=9)}, {"go": {"maxTokens": 9}}),
        (Recitation(("/a",)), {"folders": ["/a"], "window": 50}),
        ("auto", "auto"),
        (None, None),
    ],
)
def test_a_value_is_spelled_as_the_user_does(value: Any, written: Any) -> None:
    assert spelled(value) == written
