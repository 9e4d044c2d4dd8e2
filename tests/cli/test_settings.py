"""``infill-ls settings``: what counts and where it comes from; and a change of one key."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from cli.conftest import OnTerminal, Run
from fake_ollama import FakeOllama
from infill_ls.settings import KEYS
from infill_ls.settings_schema import SHIPPED
from infill_ls.user_file import user_file


@pytest.fixture
def file() -> Path:
    path = user_file()
    assert path is not None
    return path


def rows(out: str) -> dict[str, list[str]]:
    """The table's rows by their keys: value, and where it comes from."""
    lines = [line.split(None, 1) for line in out.splitlines() if line]
    return {key: rest[0].rstrip().rsplit("  ", 1) for key, *rest in lines if key in KEYS}


async def test_what_counts_and_where_it_comes_from(run: Run, file: Path, tmp_path: Path) -> None:
    file.parent.mkdir()
    file.write_text('# mine\nmodel = "qwen2.5-coder:3b"\n[headers]\nX-Key = "canary4711"\n')
    (tmp_path / ".infill-ls.toml").write_text('multiline = "never"\n')
    ran = await run("settings", INFILL_LS_MAX_TOKENS="64")
    assert ran.status == 0
    found = {key: [one.strip() for one in row] for key, row in rows(ran.out).items()}
    assert set(found) == set(KEYS)
    assert found["model"] == ["qwen2.5-coder:3b", "your file, line 2"]
    assert found["headers"] == ['{"X-Key": "…"}', "your file, line 3"]
    assert found["maxTokens"] == ["64", "INFILL_LS_MAX_TOKENS"]
    assert found["multiline"] == ["never", ".infill-ls.toml, line 1"]
    assert found["url"][1] == "OLLAMA_HOST"
    assert found["engine"] == ["auto", "default"]
    assert f"Your settings file: {file}\n" in ran.out
    assert "canary4711" not in ran.out
    assert ran.err == ""


async def test_as_json(run: Run, file: Path) -> None:
    ran = await run("settings", "--json", INFILL_LS_MAX_TOKENS="64", INFILL_LS_LOGS="x")
    said = json.loads(ran.out)
    assert ran.status == 0
    assert list(said["settings"]) == list(KEYS)
    assert said["settings"]["maxTokens"] == {
        "value": 64,
        "source": "environment",
        "place": "INFILL_LS_MAX_TOKENS",
    }
    assert said["settings"]["model"] == {"value": "auto", "source": "default"}
    assert said["file"] == str(file)
    assert "Did you mean INFILL_LS_LOG?" in said["problems"][0]


async def test_what_is_wrong_is_said_and_the_status_says_it(run: Run, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("maxTokens = 0\n")
    ran = await run("settings", INFILL_LS_URL="box:1")
    assert ran.status == 1
    wrong = next(line for line in ran.out.splitlines() if line.startswith("✗"))
    assert "INFILL_LS_URL" in wrong
    ignored = next(line for line in ran.out.splitlines() if line.startswith("!"))
    assert f"({file}, line 1)" in ignored
    assert rows(ran.out)["url"][0].strip() == "wrong"
    said = json.loads((await run("settings", "--json", INFILL_LS_URL="box:1")).out)
    assert said["settings"]["url"]["wrong"] is True


async def test_on_a_terminal_of_80_columns(on_terminal: OnTerminal, run: Run) -> None:
    await run("settings", "set", "fim", '{"template": "<PRE>{prefix}<SUF>{suffix}<MID>"}')
    shown = re.sub(r"\x1b\[[\d;]*m", "", await on_terminal("settings"))
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("fim" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        (["model", "qwen2.5-coder:1.5b"], 'model = "qwen2.5-coder:1.5b"'),
        (["model", "5"], 'model = "5"'),
        (["maxTokens", "64"], "maxTokens = 64"),
        (["temperature", "0.5"], "temperature = 0.5"),
        (["debounceMs", "auto"], 'debounceMs = "auto"'),
        (["keepAlive", "-1"], "keepAlive = -1"),
        (["enabled", "off"], "enabled = false"),
        (["enabled", "1"], "enabled = true"),
        (["exclude", "*.private"], 'exclude = ["*.private"]'),
        (["exclude", "*.private", "!.env"], 'exclude = ["*.private", "!.env"]'),
        (["exclude", '["*.private"]'], 'exclude = ["*.private"]'),
        (["exclude", '"*.private"'], 'exclude = ["*.private"]'),
        (["exclude", "'*.private'"], 'exclude = ["*.private"]'),
        (
            ["exclude", '"*.private"', "'!.env'", "a'b"],
            """exclude = ["*.private", "!.env", "a'b"]""",
        ),
        (["recitation.folders", '"/others"'], '[recitation]\nfolders = ["/others"]'),
        (["model", '"qwen"'], 'model = "qwen"'),
        (["model", "'qwen'"], 'model = "qwen"'),
        (["languages.go.enabled", "no"], "[languages.go]\nenabled = false"),
        (["headers", '{"X-A": "b"}'], '[headers]\nX-A = "b"'),
    ],
)
async def test_a_key_is_set(run: Run, file: Path, arguments: list[str], written: str) -> None:
    ran = await run("settings", "set", *arguments)
    assert (ran.status, ran.out) == (0, "")
    assert ran.err == f'"{arguments[0]}" is set in {file}.\n'
    assert file.read_text() == f"#:schema ./config.schema.json\n\n{written}\n"
    assert file.with_name("config.schema.json").read_bytes() == SHIPPED.read_bytes()


async def test_a_key_is_taken_out(run: Run, file: Path) -> None:
    await run("settings", "set", "model", "a")
    ran = await run("settings", "unset", "model")
    assert (ran.status, ran.err) == (0, f'"model" is no longer set in {file}.\n')
    assert "model" not in file.read_text()
    again = await run("settings", "unset", "model")
    assert (again.status, again.err) == (0, f'"model" was not set in {file}.\n')


async def test_what_is_set_nowhere_is_taken_out_of_no_file(run: Run, file: Path) -> None:
    ran = await run("settings", "unset", "model")
    assert (ran.status, ran.err) == (0, f'"model" was not set in {file}.\n')
    assert not file.parent.exists()


async def test_it_is_said_where_a_nearer_source_counts(run: Run) -> None:
    ran = await run("settings", "set", "model", "a", INFILL_LS_MODEL="b")
    assert ran.err.endswith("But INFILL_LS_MODEL in the environment counts before it.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set", "modle", "a"], 'There is no setting "modle". Did you mean "model"?'),
        (["set", "maxTokens", "many"], '"maxTokens" must be a whole number from 1 to 4096.'),
        (["set", "url", "127.0.0.1:1"], '"url" must be an address with http:// before it: http://'),
        (["set", "url", "nowhere"], '"url" must be an address such as'),
        (["set", "exclude", "[z-a]*.py"], "[z-a]*.py"),
        (["set", "apiKeyEnv", "sk-canary4711"], "and not the key itself"),
        (["set", "model", "a", "b"], '"model" must be a text'),
        (["unset", "colour"], 'There is no setting "colour". All of them: infill-ls settings'),
    ],
)
async def test_what_is_wrong_changes_nothing(
    run: Run, file: Path, arguments: list[str], said: str
) -> None:
    ran = await run("settings", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "canary4711" not in ran.err
    assert not file.exists()


async def test_where_the_file_is(run: Run, file: Path) -> None:
    ran = await run("settings", "path")
    assert (ran.status, ran.out) == (0, f"{file}\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
async def test_a_home_that_can_not_be_written(run: Run, file: Path) -> None:
    file.parent.mkdir(mode=0o500)
    ran = await run("settings", "set", "model", "a")
    assert ran.status == 2
    assert "can't be read and written (Permission denied)" in ran.err
    assert len(ran.err.splitlines()) == 1


async def test_a_file_where_the_folder_should_be(run: Run, file: Path) -> None:
    file.parent.write_text("")
    ran = await run("settings", "set", "model", "a")
    assert ran.status == 2
    assert "can't be read and written (Not a directory)" in ran.err
    assert len(ran.err.splitlines()) == 1


async def test_a_broken_file_is_mended_by_hand(run: Run, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("model = \n")
    ran = await run("settings", "set", "model", "a")
    assert ran.status == 2
    assert f"{file} is no TOML" in ran.err
    assert file.read_text() == "model = \n"
    shown = await run("settings")
    assert shown.status == 1
    assert "✗ The settings file" in shown.out


async def test_a_pattern_that_is_none_sends_nothing(
    run: Run, ollama: FakeOllama, file: Path, code: Path
) -> None:
    ran = await run("settings", "set", "exclude", "[z-a]*.py")
    assert ran.status == 2
    assert '"[z-a]*.py" is none' in ran.err
    assert not file.exists()
    file.parent.mkdir(exist_ok=True)
    for line in ('exclude = ["[z-a]*.py"]', 'exclude = ["./main.py"]', 'exlude = ["main.py"]'):
        file.write_text(f"{line}\n")
        ran = await run("complete", "main.py:2:13")
        assert (ran.status, ran.out) == (2, "")
        assert "Nothing is asked until it is mended" in ran.err
        ran = await run("bench", str(code))
        assert ran.status == 2
    assert ollama.calls == []


@pytest.mark.parametrize(
    ("key", "printed"),
    [
        ("maxTokens", "128\n"),
        ("model", "größe\n"),
        ("enabled", "true\n"),
        ("exclude", "[]\n"),
        ("languages.go.enabled", "false\n"),
        ("languages.go", '{"enabled": false}\n'),
    ],
)
async def test_one_value_is_printed(run: Run, file: Path, key: str, printed: str) -> None:
    file.parent.mkdir()
    file.write_text('model = "größe"\n[languages.go]\nenabled = false\n', "utf-8")
    ran = await run("settings", "get", key)
    assert (ran.status, ran.out, ran.err) == (0, printed, "")


@pytest.mark.parametrize(
    ("key", "status", "said"),
    [
        ("apiKeyEnv", 1, '"apiKeyEnv" is not set, and has no default.'),
        ("languages.go.enabled", 1, '"languages.go.enabled" is not set, and has no default.'),
        ("model.part", 1, '"model.part" is not set, and has no default.'),
        ("modle", 2, 'There is no setting "modle". Did you mean "model"?'),
        ("url", 1, "Nothing is asked until it is mended"),
    ],
)
async def test_a_key_without_a_value(run: Run, key: str, status: int, said: str) -> None:
    ran = await run("settings", "get", key, INFILL_LS_URL="box:x")
    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


async def test_what_each_key_means(run: Run) -> None:
    ran = await run("settings", "describe")
    assert ran.status == 0
    assert set(re.findall(r"^(\w+) \(default: ", ran.out, re.MULTILINE)) == set(KEYS)
    one = await run("settings", "describe", "engine")
    assert one.out.startswith('engine (default: "auto")\nWhat runs the model. auto: Ollama if ')
    assert one.out.count("\n") == 2
    part = await run("settings", "describe", "languages.go.enabled")
    assert part.out.startswith("languages (default: nothing)\n")
    assert (await run("settings", "describe", "modle")).status == 2
