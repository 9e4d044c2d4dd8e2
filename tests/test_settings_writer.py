"""One key of the user's settings file is changed; all else stays as it was."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls import private, settings_writer
from infill_ls.errors import SettingsError
from infill_ls.patterns import Patterns
from infill_ls.settings_schema import SHIPPED
from infill_ls.settings_writer import remove_setting, write_setting, write_settings

MINE = """\
# Mine: do not sort.
model = "a"   # the small one

# Work
exclude = [
  "*.private",  # Ann's
]

[languages.markdown]   # prose
enabled = false
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "config.toml"


@pytest.fixture
def mine(path: Path) -> Path:
    path.parent.mkdir()
    path.write_text(MINE)
    return path


def test_a_file_that_is_not_there_is_made_and_names_its_schema(path: Path) -> None:
    assert write_setting("model", "a", path) == path
    assert path.read_text() == '#:schema ./config.schema.json\n\nmodel = "a"\n'
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(os.listdir(path.parent)) == ["config.schema.json", "config.toml"]
    assert path.with_name("config.schema.json").read_bytes() == SHIPPED.read_bytes()


def test_the_schema_is_put_beside_the_file_that_names_it(mine: Path) -> None:
    write_setting("model", "b", mine)
    assert os.listdir(mine.parent) == ["config.toml"]
    mine.write_text(f"#:schema ./config.schema.json\n{MINE}")
    mine.with_name("config.schema.json").write_text("of an older version")
    write_setting("model", "b", mine)
    assert mine.with_name("config.schema.json").read_bytes() == SHIPPED.read_bytes()


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("model", "b", 'model = "a"   # the small one', 'model = "b"   # the small one'),
        ("maxTokens", 64, "]\n\n[languages", "]\nmaxTokens = 64\n\n[languages"),
        ("languages.markdown.enabled", True, "enabled = false", "enabled = true"),
        (
            *("languages.markdown.maxTokens", 9),
            *("enabled = false\n", "enabled = false\nmaxTokens = 9\n"),
        ),
        (
            *("languages.go.enabled", False, "enabled = false\n"),
            "enabled = false\n\n[languages.go]\nenabled = false\n",
        ),
    ],
)
def test_all_else_stays_as_it_was(
    mine: Path, key: str, value: Any, before: str, after: str
) -> None:
    write_setting(key, value, mine)
    assert mine.read_text() == MINE.replace(before, after)


def test_a_key_is_taken_out(mine: Path) -> None:
    remove_setting("model", mine)
    assert mine.read_text() == MINE.replace('model = "a"   # the small one\n', "")
    remove_setting("languages.markdown.enabled", mine)
    remove_setting("maxTokens", mine)
    remove_setting("languages.go.enabled", mine)
    # Nothing is left of the table, so it is gone as well.
    assert tomllib.loads(mine.read_text()) == {"exclude": ["*.private"]}
    assert "languages" not in mine.read_text()
    assert "# Work" in mine.read_text()


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        ("[languages.go]\nenabled = true\n", "languages.go.enabled", {}),
        (
            "[languages.go]\nenabled = true\nmaxTokens = 9\n",
            "languages.go.enabled",
            {"languages": {"go": {"maxTokens": 9}}},
        ),
        (
            "[languages.go]\nenabled = true\n[languages.py]\nenabled = true\n",
            "languages.go.enabled",
            {"languages": {"py": {"enabled": True}}},
        ),
        ("languages = {go = {enabled = true}}\n", "languages.go.enabled", {}),
        ("languages.go.enabled = true\n", "languages.go", {}),
        ("[headers]\nA-B = 'c'\n", "headers.A-B", {}),
        ("[headers]\nA-B = 'c'\n", "headers.C-D", {"headers": {"A-B": "c"}}),
        # It was empty before.
        ("[languages.go]\n", "languages.go.enabled", {"languages": {"go": {}}}),
    ],
)
def test_an_empty_table_is_not_left_behind(
    path: Path, before: str, key: str, after: dict[str, Any]
) -> None:
    path.parent.mkdir()
    path.write_text(before)
    remove_setting(key, path)
    assert tomllib.loads(path.read_text()) == after


def test_a_value_in_capitals_is_written_as_the_schema_has_it(path: Path) -> None:
    write_setting("engine", "Ollama", path)
    write_setting("model", "Qwen2.5-Coder:1.5b", path)
    assert tomllib.loads(path.read_text()) == {"engine": "ollama", "model": "Qwen2.5-Coder:1.5b"}


def test_what_is_not_there_is_taken_out_of_nothing(path: Path, mine: Path) -> None:
    mine.unlink()
    path.parent.rmdir()
    for key in ("model", "languages.go.enabled"):
        assert remove_setting(key, path) == path
    assert not path.parent.exists()


def test_what_is_no_setting_is_taken_out_too(mine: Path) -> None:
    mine.write_text(f'exlude = ["*.a"]\n{MINE}')
    remove_setting("exlude", mine)
    assert mine.read_text() == MINE
    with pytest.raises(SettingsError, match='Did you mean "exclude"'):
        remove_setting("exlude", mine)


def test_what_it_says_already_leaves_the_file_alone(mine: Path) -> None:
    before = mine.stat()
    write_setting("exclude", ["*.private"], mine)
    remove_setting("maxTokens", mine)
    assert mine.stat() == before
    # In Python they are equal; as settings they aren't.
    mine.write_text("enabled = 1\n")
    write_setting("enabled", True, mine)
    assert mine.read_text() == "enabled = true\n"


@pytest.mark.parametrize(
    ("before", "key", "value"),
    [
        ("languages.go.enabled = true\n[[fim]]\ntemplate = 1\n", "languages.go.enabled", False),
        ("# mine\nlanguages.go.enabled = true\n", "languages", {"py": {"enabled": True}}),
        ("languages = 5\n", "languages.go.enabled", False),
        ("languages = {go = {enabled = true}}\n", "languages.go.maxTokens", 9),
        ("[languages.go]\n[headers]\n[languages.py]\n", "languages.py.enabled", True),
        ("headers.A-B = 'c'\n[fim]\n[languages.go]\n[other.table]\nx = 1\n", "headers.A-B", "d"),
    ],
)
def test_however_it_is_written(path: Path, before: str, key: str, value: Any) -> None:
    path.parent.mkdir()
    path.write_text(before)
    wanted = tomllib.loads(before)
    write_setting(key, value, path)
    said = tomllib.loads(path.read_text())
    for part in key.split("."):
        said = said[part]
    assert said == value
    other = {name: one for name, one in wanted.items() if name != key.partition(".")[0]}
    assert {name: tomllib.loads(path.read_text())[name] for name in other} == other
    assert ("# mine" in path.read_text()) == ("# mine" in before)


def test_what_can_not_be_written_is_left_alone(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tomlkit

    monkeypatch.setattr(tomlkit.TOMLDocument, "as_string", lambda self: "model = 'other'\n")
    with pytest.raises(SettingsError, match="too unusual to be changed"):
        write_setting("model", "b", mine)
    assert mine.read_text() == MINE


def test_line_ends_of_windows(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b'\xef\xbb\xbfmodel = "a" # mine\r\n[headers]\r\nX = "y"\r\n')
    write_setting("maxTokens", 64, path)
    text = path.read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") == 5
    assert tomllib.loads(text.decode())["maxTokens"] == 64


def test_who_may_read_it_stays_as_it_was_and_a_link_is_followed(mine: Path, tmp_path: Path) -> None:
    mine.chmod(0o644)
    link = tmp_path / "config.toml"
    link.symlink_to(mine)
    write_setting("model", "b", link)
    assert link.is_symlink()
    assert mine.stat().st_mode & 0o777 == 0o644
    assert tomllib.loads(mine.read_text())["model"] == "b"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("modle", "a", 'There is no setting "modle". Did you mean "model"?'),
        ("colour", "a", 'There is no setting "colour". All of them: infill-ls settings'),
        ("languages..enabled", True, "There is no setting"),
        ("maxTokens", 0, '"maxTokens" must be a whole number from 1 to 4096.'),
        ("languages.go.model", "a", 'must be a table with enabled, multiline, maxTokens for "go"'),
        ("maxTokens.go", 5, "must be a whole number"),
    ],
)
def test_what_is_no_setting_is_refused(mine: Path, key: str, value: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        write_setting(key, value, mine)
    assert mine.read_text() == MINE


@pytest.mark.parametrize("content", [b"model = \n", b"\xff\xfe", b"a = " + b"[" * 5000])
def test_a_file_that_can_not_be_read_is_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"is no TOML .*Mend it by hand"):
        write_setting("model", "a", path)
    with pytest.raises(SettingsError, match=r"is no TOML .*Mend it by hand"):
        remove_setting("model", path)
    assert path.read_bytes() == content


def test_a_folder_in_its_place(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(SettingsError, match="can't be read and written"):
        write_setting("model", "a", path)


def test_a_full_disk_loses_nothing(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsError, match="No space left on device"):
        write_setting("model", "b", mine)
    assert mine.read_text() == MINE
    assert os.listdir(mine.parent) == ["config.toml"]


def test_what_somebody_else_writes_meanwhile_is_kept(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder = private.make_folder

    def other(folder: Path) -> None:
        make_folder(folder)
        if "latencyMs" not in mine.read_text():
            mine.write_text(f"latencyMs = 500\n{MINE}")

    monkeypatch.setattr(private, "make_folder", other)
    write_setting("maxTokens", 64, mine)
    said = tomllib.loads(mine.read_text())
    assert (said["latencyMs"], said["maxTokens"]) == (500, 64)


def test_commands_that_write_at_once_lose_nothing(path: Path) -> None:
    names = [f"x{number}" for number in range(8)]
    waiting = [
        subprocess.Popen(
            [sys.executable, "-c", WRITES, str(path), name], stdin=subprocess.PIPE, text=True
        )
        for name in names
    ]
    for one in waiting:
        assert one.stdin is not None
        one.stdin.close()
    assert [one.wait(60) for one in waiting] == [0] * len(names)
    said = tomllib.loads(path.read_text())["languages"]
    assert sorted(said) == sorted(f"{name}-{number}" for name in names for number in range(5))


# Begins once all are there.
WRITES = """
import sys
from pathlib import Path
from infill_ls.settings_writer import write_setting
sys.stdin.read()
for number in range(5):
    write_setting(f"languages.{sys.argv[2]}-{number}.enabled", False, Path(sys.argv[1]))
"""


def test_without_a_place_for_the_lock_it_is_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (None, Path("/proc/none")):
        monkeypatch.setattr(settings_writer, "own", lambda kind, folder=folder: folder)
        write_setting("model", "a", path)
        assert tomllib.loads(path.read_text()) == {"model": "a"}
        path.unlink()


def test_nobody_knows_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_writer, "user_file", lambda: None)
    with pytest.raises(SettingsError, match="XDG_CONFIG_HOME"):
        write_setting("model", "a")


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "model": st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip),
    "maxTokens": st.integers(1, 4096),
    "temperature": st.floats(0, 2),
    "exclude": st.lists(
        ANY_TEXT.filter(lambda text: bool(text.strip()) and not Patterns([text]).wrong)
    ),
    "headers": st.dictionaries(
        st.from_regex(r"[A-Za-z-]+", fullmatch=True), st.from_regex(r"[!-~]*", fullmatch=True)
    ),
    "languages": st.dictionaries(
        ANY_TEXT, st.fixed_dictionaries({}, optional={"enabled": st.booleans()})
    ),
    "enabled": st.booleans(),
}
ONE = st.sampled_from(sorted(VALUES)).flatmap(lambda key: st.tuples(st.just(key), VALUES[key]))


@given(st.lists(ONE, max_size=6), st.data())
def test_whatever_is_written_is_what_is_read(changes: list[tuple[str, Any]], data: Any) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.toml")
        path.write_text(MINE)
        wanted = tomllib.loads(MINE)
        for key, value in changes:
            if data.draw(st.booleans()):
                write_setting(key, value, path)
                wanted[key] = value
            else:
                remove_setting(key, path)
                wanted.pop(key, None)
            assert tomllib.loads(path.read_text("utf-8")) == wanted
        assert "# Mine: do not sort." in path.read_text("utf-8")


SEVERAL = {
    "headers": {"X-Team": "red"},
    "engine": "openai",
    "url": "https://gpu.example",
    "fim": [{"match": "a", "template": "{prefix}{suffix}", "stop": []}],
    "exclude": ["*.private", "*.md"],
}


def test_several_keys_are_written_in_one_step(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    replace = private.replace

    def watched(path: Path, text: str, **how: bool) -> None:
        seen.append(tomllib.loads(text))
        replace(path, text, **how)

    monkeypatch.setattr(private, "replace", watched)
    write_settings(SEVERAL, mine, without=["model"])
    assert seen == [{"languages": {"markdown": {"enabled": False}}, **SEVERAL}]
    assert "[languages.markdown]   # prose" in mine.read_text()
    assert "# Work" in mine.read_text()
    write_settings({"headers": {"X-Team": "blue"}, "fim": [], "model": "b"}, mine)
    again = tomllib.loads(mine.read_text())
    assert (again["headers"], again["fim"], again["model"]) == ({"X-Team": "blue"}, [], "b")


@pytest.mark.parametrize("text", ["", MINE, "[headers]\nX = 'a' # mine\n[[fim]]\ntemplate = 'a'\n"])
def test_several_keys_come_into_any_file(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    write_settings(SEVERAL, path)
    assert tomllib.loads(path.read_text()) == tomllib.loads(text) | SEVERAL


def test_of_several_keys_none_is_written_if_one_is_wrong(mine: Path) -> None:
    for wrong in ({"engine": "openai", "url": "gpu"}, {"engine": "openai", "urll": "http://gpu"}):
        with pytest.raises(SettingsError):
            write_settings(wrong, mine)
    assert mine.read_text() == MINE


def test_what_the_user_has_not_seen_is_not_replaced(mine: Path) -> None:
    seen = tomllib.loads(MINE)
    mine.write_text(MINE.replace("false", "true"))
    with pytest.raises(SettingsError, match="has just changed your settings"):
        write_settings({"model": "b"}, mine, before=seen)
    mine.write_text(MINE)
    write_settings({"model": "b"}, mine, before=seen)
    assert 'model = "b"   # the small one' in mine.read_text()
