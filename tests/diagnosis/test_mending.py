"""The one command that mends something."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnosis.given import given
from infill_ls.diagnosis.facts import Choice, Chosen, Given, Installed
from infill_ls.diagnosis.mending import (
    fetches,
    host_of,
    no_engine,
    no_model,
    not_loaded,
    sets,
    wrong_setting,
)
from infill_ls.errors import (
    BadAnswer,
    CannotInsert,
    InfillError,
    ModelNotFound,
    NotRunning,
    SettingsError,
    Stalled,
    Unauthorized,
    WeightsError,
)
from infill_ls.settings import Settings, Source, load
from infill_ls.shells import Shell
from infill_ls.user_file import read_user_file

ABSENT = NotRunning("Nothing answers.", "Start it.")
BARE = Installed("pip install x")
NATIVE = Installed("pip install x", "2026.1")


def test_a_setting_is_changed_where_it_was_set() -> None:
    assert sets(given(), "model", "auto") == "infill-ls settings set model auto"
    assert sets(given(model="x"), "model", "auto") == "export INFILL_LS_MODEL=auto"
    assert sets(given({"enabled": False}), "enabled", True) == (
        "infill-ls settings set enabled true"
    )
    typed = Given(Settings(sources={"engine": Source("command line")}))
    assert sets(typed, "engine", "openai") == "Leave out --engine, or say --engine openai."


def test_a_model_is_fetched_and_named_where_another_is() -> None:
    assert fetches(given(), "m:1b") == "infill-ls pull m:1b"
    assert fetches(given(model="m:1b"), "m:1b") == "infill-ls pull m:1b"
    assert fetches(given({"model": "other"}), "m:1b") == (
        "infill-ls pull m:1b && infill-ls settings set model m:1b"
    )
    assert fetches(given(), "m:1b", by_name=True) == (
        "infill-ls pull m:1b && infill-ls settings set model m:1b"
    )


FAR = {"url": "https://gpu.example:8443"}


@pytest.mark.parametrize(
    ("settings", "choice", "installed", "fix"),
    [
        (given(), Choice(absent=ABSENT, error=ABSENT, program=True), BARE, "ollama serve"),
        (
            given({"url": "http://127.0.0.1:5"}),
            Choice(absent=ABSENT, error=ABSENT, program=True),
            BARE,
            ABSENT.fix,
        ),
        (
            given(OLLAMA_HOST=":5"),
            Choice(absent=ABSENT, error=ABSENT, program=True),
            BARE,
            ABSENT.fix,
        ),
        (given(), Choice(absent=ABSENT, error=ABSENT), BARE, "pip install x && infill-ls pull"),
        (given(), Choice(absent=ABSENT, error=ABSENT), NATIVE, "infill-ls pull"),
        (
            given(engine="ollama"),
            Choice(absent=ABSENT, error=ABSENT, get_ollama="get it"),
            NATIVE,
            "get it",
        ),
        (
            given({"url": "http://127.0.0.1:5"}),
            Choice(absent=ABSENT, error=ABSENT, elsewhere=True),
            BARE,
            "infill-ls settings set url http://127.0.0.1:11434",
        ),
        (
            given(OLLAMA_HOST=":5"),
            Choice(absent=ABSENT, error=ABSENT, elsewhere=True),
            BARE,
            "unset OLLAMA_HOST",
        ),
        (
            given(url="http://127.0.0.1:5"),
            Choice(absent=ABSENT, error=ABSENT, elsewhere=True),
            BARE,
            "unset INFILL_LS_URL",
        ),
        (
            given({"url": "http://127.0.0.1:5"}),
            Choice(absent=ABSENT, error=ABSENT, speaks_openai=True),
            BARE,
            "infill-ls settings set engine openai",
        ),
        (given(FAR), Choice(absent=ABSENT, error=ABSENT, program=True), BARE, "Start it."),
        (
            given({"engine": "openai"}),
            Choice(error=ABSENT, program=True),
            BARE,
            "infill-ls settings set url http://127.0.0.1:8080",
        ),
        (
            given({"engine": "openai", "url": "http://127.0.0.1:5"}),
            Choice(error=ABSENT, program=True),
            BARE,
            "Start it.",
        ),
        (
            given(OLLAMA_HOST=":5"),
            Choice("embedded", absent=ABSENT),
            NATIVE,
            "infill-ls settings set engine embedded",
        ),
        (
            given(engine="embedded"),
            Choice(error=NotRunning("Not installed.", "Install it.")),
            BARE,
            "pip install x && infill-ls pull",
        ),
        (
            given(engine="embedded"),
            Choice(error=WeightsError("Not there.", "Fetch.")),
            NATIVE,
            "infill-ls pull",
        ),
        (given(engine="embedded"), Choice(error=ABSENT), NATIVE, ""),
        (
            given({"model": "no", "engine": "embedded"}),
            Choice(error=ModelNotFound("No such model.")),
            NATIVE,
            "infill-ls settings set model auto",
        ),
        (given(), Choice(error=Stalled("Silent.", "Restart it.")), BARE, "Restart it."),
        (given(), Choice(), BARE, ""),
        (
            given(FAR),
            Choice(error=SettingsError("can't be asked through the proxy", "Mend.")),
            BARE,
            "export NO_PROXY=gpu.example",
        ),
        (
            given(FAR),
            Choice(error=Unauthorized("It refuses.", "Set it.")),
            BARE,
            "infill-ls settings set apiKeyEnv MY_KEY",
        ),
    ],
)
def test_what_gives_an_engine(
    settings: Given, choice: Choice, installed: Installed, fix: str
) -> None:
    assert no_engine(settings, choice, installed) == fix


def test_a_proxy_is_in_the_way_first() -> None:
    choice = Choice(absent=ABSENT, error=ABSENT, program=True)
    fix = no_engine(given(FAR), choice, BARE, "http://proxy:3128")
    assert fix == "export NO_PROXY=gpu.example"


@pytest.mark.parametrize(
    ("settings", "chosen", "fix"),
    [
        (given(), Chosen(error=ModelNotFound("None.")), "infill-ls pull qwen2.5-coder:1.5b"),
        (
            given({"model": "chat"}),
            Chosen(error=CannotInsert("It chats."), other="good"),
            "infill-ls settings set model auto",
        ),
        (
            given({"model": "m"}),
            Chosen(error=ModelNotFound("None."), to_fetch="m:2b"),
            "infill-ls pull m:2b && infill-ls settings set model m:2b",
        ),
        (
            given({"model": "chat"}),
            Chosen(error=CannotInsert("It chats.")),
            "infill-ls pull qwen2.5-coder:1.5b && infill-ls settings set model qwen2.5-coder:1.5b",
        ),
        (
            given({"mode": "raw"}),
            Chosen(error=CannotInsert("Unknown."), other="good"),
            "infill-ls settings set mode auto",
        ),
        (
            given({"engine": "openai"}),
            Chosen(error=ModelNotFound("None.", "Start it with one.")),
            "Start it with one.",
        ),
        (given({"engine": "openai"}), Chosen(), ""),
    ],
)
def test_what_gives_a_model(settings: Given, chosen: Chosen, fix: str) -> None:
    assert no_model(settings, chosen) == fix


@pytest.mark.parametrize(
    ("name", "error", "fix"),
    [
        (
            "ollama",
            BadAnswer("model requires more system memory", "Look."),
            "infill-ls pull qwen2.5-coder:0.5b && infill-ls settings set model qwen2.5-coder:0.5b",
        ),
        ("ollama", BadAnswer("It crashed.", "Look at its log."), "Look at its log."),
        ("embedded", NotRunning("out of memory", "infill-ls pull 0.5b"), "infill-ls pull 0.5b"),
    ],
)
def test_what_helps_loading(name: str, error: InfillError, fix: str) -> None:
    assert not_loaded(given(), Choice(name), error) == fix


@pytest.mark.parametrize(
    ("settings", "fix"),
    [
        (given(maxTokens="x"), "unset INFILL_LS_MAX_TOKENS"),
        (given(url="x"), "unset INFILL_LS_URL"),
        (given(OLLAMA_HOST="a b"), "unset OLLAMA_HOST"),
        (given(nonsense="x"), "unset INFILL_LS_NONSENSE"),
        (given({"maxTokens": "x"}), "infill-ls settings set maxTokens VALUE"),
        (given({"exlude": ["*.a"]}), "infill-ls settings unset exlude"),
        (given({"no word": 1}), "infill-ls settings"),
    ],
)
def test_what_mends_a_setting(settings: Given, fix: str) -> None:
    (problem,) = settings.problems
    assert wrong_setting(problem, Shell()) == fix


def test_a_wrong_argument_is_left_out() -> None:
    _, (problem,) = load(command_line={"engine": "foo"})
    assert wrong_setting(problem, Shell()) == "Leave out --engine, or give it another value."


@pytest.mark.parametrize(
    ("content", "fix"),
    [
        (b'exclude = ["*.a"]\nmodel = \n', "Mend line 2 of {}."),
        (b'model = "a"\nmodel = "b"\n', "Mend line 2 of {}."),
        (b"fim = [", "Mend the end of {}."),
        (b'model = "a"\n# \xff\n', "Mend line 2 of {}."),
        (b"a = " + b"[" * 50_000, "Mend {} by hand."),
    ],
)
def test_a_file_that_cant_be_read_is_mended_where_the_slip_is(
    tmp_path: Path, content: bytes, fix: str
) -> None:
    """Without the file all that it excludes would be sent."""
    path = tmp_path / "a (b)" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(content)
    _, (problem,) = read_user_file(path)
    assert wrong_setting(problem, Shell()) == fix.format(f"'{path}'")


def test_a_file_that_may_not_be_read() -> None:
    problem = "The settings file /a/config.toml can't be read (Permission denied). It counts."
    assert wrong_setting(problem, Shell()) == "chmod u+r /a/config.toml"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://gpu.example:11434", "gpu.example"),
        ("https://gpu/path", "gpu"),
        ("http://[::1]:5/x", "[::1]"),
    ],
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    assert host_of(url) == host


POWERSHELL = Shell(windows=True)


def test_in_powershell_the_same_is_said_as_it_takes_it() -> None:
    mine = replace(given(url="http://127.0.0.1:1", mode="plain"), shell=POWERSHELL)
    assert sets(mine, "mode", "auto") == '$env:INFILL_LS_MODE = "auto"'
    nothing = Choice(absent=NotRunning("Nothing."), error=NotRunning("Nothing."), elsewhere=True)
    assert no_engine(mine, nothing, Installed("install it")) == "Remove-Item Env:INFILL_LS_URL"
    assert no_engine(mine, nothing, Installed("install it"), "http://proxy:1") == (
        '$env:NO_PROXY = "127.0.0.1"'
    )
    alone = replace(given({"engine": "embedded"}), shell=POWERSHELL)
    assert no_engine(alone, nothing, Installed("install it")) == "install it; infill-ls pull"
    other = replace(given({"model": "mine"}), shell=POWERSHELL)
    assert fetches(other, "m:1b") == "infill-ls pull m:1b; infill-ls settings set model m:1b"
    (problem,) = given(maxTokens="x").problems
    assert wrong_setting(problem, POWERSHELL) == "Remove-Item Env:INFILL_LS_MAX_TOKENS"
    problem = "The settings file C:/a.toml can't be read (Permission denied). It counts."
    assert wrong_setting(problem, POWERSHELL) == "Mend C:/a.toml by hand."
