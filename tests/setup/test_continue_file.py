"""Continue's file is found where Continue has it, and read as Continue reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill_ls.errors import SettingsError
from infill_ls.setup.continue_file import found, read


def test_the_yaml_comes_before_the_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CONTINUE_GLOBAL_DIR", raising=False)
    folder = tmp_path / ".continue"
    with pytest.raises(SettingsError, match="There is no config"):
        found(None)
    folder.mkdir()
    (folder / "config.json").touch()
    assert found(None) == folder / "config.json"
    (folder / "config.yaml").touch()
    assert found(None) == folder / "config.yaml"
    assert found("other.json") == Path("other.json")
    monkeypatch.setenv("CONTINUE_GLOBAL_DIR", str(tmp_path / "else"))
    (tmp_path / "else").mkdir()
    (tmp_path / "else/config.json").touch()
    assert found(None) == tmp_path / "else/config.json"
    assert found(str(folder)) == folder / "config.yaml"


def test_json_may_have_comments_and_yaml_its_own_ways(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('\ufeff{ // "x"\n\t"a": "// no comment", /* two\nlines */ "b": [1, ], }\n')
    assert read(file) == {"a": "// no comment", "b": [1]}
    file = tmp_path / "config.yaml"
    file.write_text("a: &x [1]\nb: *x\n")
    assert read(file) == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("c.json", '{"apiKey": "geheim",\n!}', "no valid JSON in line 2"),
        ("c.yaml", "apiKey: geheim\nb: [", "no valid YAML in line 2"),
        ("c.yaml", "!!python/object/apply:os.system ['geheim']", "no valid YAML in line 1"),
        ("c.yaml", "[1]", "no settings file"),
        ("c.json", "[" * 100_000, "no settings file"),
        ("c.yaml", "", "no settings file"),
        ("c.yaml", "a: \x00", "no settings file"),
        ("c.json", " " * ((1 << 20) + 1), "too large"),
        ("gone/c.json", None, "can't be read"),
    ],
)
def test_a_file_that_is_none_is_told_and_not_quoted(
    tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError, match=said) as raised:
        read(tmp_path / name)
    assert "geheim" not in str(raised.value)
