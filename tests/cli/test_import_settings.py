"""Taking over the settings of Continue from a shell."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from cli.conftest import Run, StartOnTerminal

CONFIG = """\
name: mine
version: 1.0.0
schema: v1
models:
  - name: Chat
    provider: anthropic
    model: claude
    apiKey: sk-geheim
  - name: Tab
    provider: vllm
    model: Qwen/Qwen2.5-Coder-1.5B
    apiBase: https://gpu.example/v1
    apiKey: sk-geheim
    roles: [autocomplete]
    autocompleteOptions:
      debounceDelay: 500
      useCache: false
rules:
  - be kind
"""
WANTED = {
    "engine": "openai",
    "url": "https://gpu.example",
    "model": "Qwen/Qwen2.5-Coder-1.5B",
    "apiKeyEnv": "VLLM_API_KEY",
    "debounceMs": 500,
}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "home/.continue"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG)
    return {"HOME": str(folder.parent), "XDG_CONFIG_HOME": str(tmp_path / "config")}


async def test_what_it_becomes_is_printed(run: Run, home: dict[str, str], tmp_path: Path) -> None:
    ran = await run("import", "continue", **home)
    assert ran.status == 0
    assert tomllib.loads(ran.out) == WANTED
    assert "not taken: useCache (fills are always remembered)" in ran.err
    assert "Put your key into the environment variable VLLM_API_KEY" in ran.err
    assert "Your code goes to https://gpu.example" in ran.err
    assert "geheim" not in ran.out + ran.err
    assert "not taken: the other models, rules" in ran.err
    assert "infill-ls editor vscode --write sets VS Code up" in ran.err
    assert "Turn Continue's completion off" in ran.err
    assert not (tmp_path / "config").exists()


async def test_it_is_written_beside_what_is_there(
    run: Run, home: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "config/infill-ls/config.toml"
    file.parent.mkdir(parents=True)
    theirs = '# mine\nmodel = "other"\nmaxTokens = 64\n'
    file.write_text(theirs)
    ran = await run("import", "continue", "--write", **home)
    assert ran.status == 1
    assert "other values of model. Replace them?" in ran.err
    assert 'model: "other" → "Qwen/Qwen2.5-Coder-1.5B"' in ran.out
    assert ran.out.endswith("Nothing was changed.\n")
    assert file.read_text() == theirs
    ran = await run("import", "continue", "--write", "--yes", **home)
    assert ran.status == 0
    assert "Turn Continue's completion off" in ran.out
    assert tomllib.loads(file.read_text()) == WANTED | {"maxTokens": 64}
    assert file.read_text().startswith("# mine\n")
    assert "geheim" not in file.read_text() + ran.out + ran.err
    ran = await run("import", "continue", "--write", **home)
    assert ran.status == 0
    assert 'model = "Qwen/Qwen2.5-Coder-1.5B", as it is' in ran.out


async def test_all_is_shown_before_it_is_asked(
    start_on_terminal: StartOnTerminal,
    home: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "config/infill-ls/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('model = "other"\n')
    for name, value in home.items():
        monkeypatch.setenv(name, value)
    shown = await start_on_terminal("import", "continue", "--write")
    await shown.until("[y/N]")
    before, _, question = shown.text.rpartition("Your settings file has other values of model")
    assert "Replace them?" in question
    for said in (
        '"other" → "Qwen/',
        "Your code goes to https://gpu.example",
        "not taken: useCache",
    ):
        assert said in before
    shown.type("n\n")
    await shown.until("Nothing was changed.")
    assert await shown.ended() == 1
    assert file.read_text() == 'model = "other"\n'


async def test_what_is_excluded_stays_so_and_what_is_of_another_engine_goes_nowhere(
    run: Run, home: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "config/infill-ls/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        'exclude = ["*.private"]\nurl = "http://other.example/a"\nheaders = { X-Key = "mine" }\n'
    )
    with open(tmp_path / "home/.continue/config.yaml", "a") as config:
        config.write('tabAutocompleteOptions:\n  disableInFiles: ["*.md"]\n')
    ran = await run("import", "continue", "--write", **home)
    assert ran.status == 1
    assert "other values of url. Replace them?" in ran.err
    assert "has headers for another engine. Take that out?" in ran.err
    assert 'url: "http://other.example/…" → "https://gpu.example"' in ran.out
    ran = await run("import", "continue", "--write", "--yes", **home)
    assert ran.status == 0
    assert "headers is taken out: it is for another engine" in ran.out
    assert '  exclude = ["*.md"], beside yours\n' in ran.out
    assert tomllib.loads(file.read_text()) == WANTED | {"exclude": ["*.md", "*.private"]}


async def test_a_header_of_the_users_own_is_not_shown(
    run: Run, home: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "config/infill-ls/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        'engine = "openai"\nurl = "https://gpu.example"\nheaders = { X-Key = "geheim" }\n'
    )
    config = tmp_path / "home/.continue/config.yaml"
    team = "    requestOptions: { headers: { X-Team: red } }\nrules:"
    config.write_text(CONFIG.replace("rules:", team))
    ran = await run("import", "continue", "--write", **home)
    assert ran.status == 0
    assert tomllib.loads(file.read_text())["headers"] == {"X-Key": "geheim", "X-Team": "red"}
    assert "geheim" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: []", "it has no model for completion"),
        ("- a", "is no settings file of Continue's."),
    ],
)
async def test_what_cant_be_taken_is_one_sentence(
    run: Run, home: dict[str, str], tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "c.yaml").write_text(text)
    ran = await run("import", "continue", "c.yaml", **home)
    assert ran.status == 2
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1
