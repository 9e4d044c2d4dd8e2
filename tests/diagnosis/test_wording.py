"""What is said of the program, the settings, the editors, and what is around them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnosis.given import given
from infill_ls.diagnosis.check import Check
from infill_ls.diagnosis.facts import Copy, Files, Folder, Program, Proxies
from infill_ls.diagnosis.wording import (
    editors,
    environment,
    excluded,
    folders,
    log,
    program,
    record,
    settings,
)
from infill_ls.shells import Shell
from infill_ls.visits import Visit

OURS = Copy("/a/infill-ls", "1.0", "pipx uninstall infill-ls")
THEIRS = Copy("/b/infill-ls", "0.9", "uv tool uninstall infill-ls")
PROGRAM = Program("1.0", "3.12.1", "Linux (x86_64)", (OURS,))
FILE = "The settings file is ~/config.toml."


def test_one_program() -> None:
    assert program(PROGRAM) == [
        Check("program", "ok", "infill-ls 1.0, Python 3.12.1, Linux (x86_64).")
    ]
    assert len(program(replace(PROGRAM, copies=(OURS, replace(OURS, path="/c"))))) == 1


def test_two_versions() -> None:
    _, check = program(replace(PROGRAM, copies=(THEIRS, OURS)))
    assert check.status == "warn"
    assert check.message == (
        "Editors start the first infill-ls on the PATH, and this is 1.0: "
        "0.9 in /b/infill-ls; 1.0 in /a/infill-ls."
    )
    assert check.fix == "uv tool uninstall infill-ls"
    assert check.public is not None
    assert "/b" not in check.public
    _, check = program(replace(PROGRAM, copies=(replace(THEIRS, version=""),)))
    assert "an unknown one in /b/infill-ls" in check.message
    newer = replace(THEIRS, version="1.10")
    _, check = program(replace(PROGRAM, copies=(newer, OURS)))
    assert check.fix == OURS.removed_by
    _, check = program(replace(PROGRAM, copies=(newer,)))
    assert check.fix == ""


def test_a_program_that_editors_dont_find() -> None:
    _, check = program(replace(PROGRAM, copies=(), onto_path="pipx ensurepath"))
    assert (check.status, check.fix) == ("warn", "pipx ensurepath")
    _, check = program(replace(PROGRAM, copies=()))
    assert check.fix == ""


def test_settings_and_where_they_are_from() -> None:
    (check,) = settings(given(), FILE)
    assert check.message == (
        f"All settings have their defaults. {FILE} What an editor says isn't seen here."
    )
    said = given({"maxTokens": 64, "headers": {"X": "secret"}}, model="mine")
    (check,) = settings(said, FILE)
    assert check.status == "ok"
    assert check.message.startswith(
        'Set: maxTokens = 64 (settings file), headers (settings file), model = "mine" '
        "(INFILL_LS_MODEL)."
    )
    assert check.public == ("Set: maxTokens (file), headers (file), model (environment).")


def test_what_is_wrong_in_them() -> None:
    ignored, rest = settings(given(maxTokens="many"), FILE)
    assert (ignored.status, ignored.fix) == ("warn", "unset INFILL_LS_MAX_TOKENS")
    assert ignored.message.endswith("It is ignored.")
    assert ignored.public == 'The setting "maxTokens" is wrong.'
    assert rest.message.startswith("Nothing else is set.")
    deciding, _ = settings(given({"engine": "foo"}), FILE)
    assert (deciding.status, deciding.fix) == ("fail", "infill-ls settings set engine VALUE")
    assert deciding.message.endswith("Nothing is asked until it is mended.")
    unknown, _ = settings(given({"nonsense": 1}), FILE)
    assert (unknown.status, unknown.public) == ("warn", "A setting is wrong.")


def test_completion_that_is_off() -> None:
    *_, check = settings(given({"enabled": False}), FILE)
    assert check == Check(
        "settings", "fail", "Completion is turned off.", "infill-ls settings set enabled true"
    )


@pytest.mark.parametrize(
    ("names", "proxies", "message"),
    [
        ({}, Proxies(), "No proxy, and no OLLAMA_HOST."),
        ({"OLLAMA_HOST": ":5"}, Proxies(), "OLLAMA_HOST is :5."),
        (
            {"HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://p:1"},
            Proxies(("HTTP_PROXY", "ALL_PROXY")),
            "HTTP_PROXY and ALL_PROXY are set, but an engine on this machine is asked without a "
            "proxy.",
        ),
    ],
)
def test_the_environment(names: dict[str, str], proxies: Proxies, message: str) -> None:
    said = given(OLLAMA_HOST=names.get("OLLAMA_HOST", ""))
    (check,) = environment(said, names, proxies)
    assert (check.status, check.message) == ("ok", message)


def test_what_of_the_environment_doesnt_count() -> None:
    named = given(url="http://127.0.0.1:6")
    (check,) = environment(named, {"OLLAMA_HOST": ":5"}, Proxies())
    assert check.message == "OLLAMA_HOST is :5, which doesn't count here."
    (check,) = environment(named, {"OLLAMA_HOST": "me:secret@host"}, Proxies())
    assert check.message == "OLLAMA_HOST is set, which doesn't count here."


def test_a_proxy_that_the_engine_is_asked_through() -> None:
    far = given(url="https://gpu.example")
    used = Proxies(("HTTPS_PROXY",), "http://p:1")
    (check,) = environment(far, {"HTTPS_PROXY": "http://p:1"}, used)
    assert (
        check.message == "HTTPS_PROXY is set, and https://gpu.example is asked through http://p:1."
    )
    assert check.public == "Set: HTTPS_PROXY."
    (check,) = environment(far, {}, replace(used, names=()))
    assert check.message.startswith("A proxy is set, and")
    (check,) = environment(far, {}, Proxies(("HTTPS_PROXY",)))
    assert check.message.endswith("but an engine that is excepted is asked without a proxy.")


NEOVIM = Visit("Neovim", "0.12.4", at=1000, server="1.0", ghost_text=True, encoding="utf-8")


def test_editors() -> None:
    (check,) = editors([NEOVIM], "1.0", 1180)
    assert check == Check(
        "editor", "ok", "Neovim 0.12.4 came 3 minutes ago, with ghost text, positions in UTF-8."
    )
    able = replace(NEOVIM, editor="", ghost_text=False, status=True, progress=True, settings=True)
    (check,) = editors([able], "1.0", 1000)
    assert check.message == (
        "An editor without a name 0.12.4 came just now, with fills in the menu, the status, "
        "progress, its own settings, positions in UTF-8."
    )
    assert len(editors([NEOVIM] * 5, "1.0", 1000)) == 3


def test_an_editor_with_another_version_of_the_server() -> None:
    (check,) = editors([NEOVIM], "2.0", 1000)
    assert check.status == "warn"
    assert check.message.endswith("It spoke to infill-ls 1.0, and this is 2.0.")
    assert check.fix.startswith("Restart the editor")


def test_no_editor_yet() -> None:
    (check,) = editors([], "1.0", 1000)
    assert (check.status, check.fix) == ("warn", "infill-ls editor")


def test_excluded_files() -> None:
    (check,) = excluded(given(), Files(looked_at=5))
    assert check.message == "No file in this folder is excluded."
    (check,) = excluded(given(), Files(looked_at=2000, more=True))
    assert check.message == "No file in this folder is excluded (the first 2,000)."
    (check,) = excluded(given(), Files(found=((".env", ".env*"),)))
    assert check.message == "1 file in this folder is never completed: .env (.env*)."
    assert check.public == "1 file in this folder is never completed."
    (check,) = excluded(given(), Files(found=(("a", "x"), ("b", "x"), ("c", "x"), ("d", "x"))))
    assert check.message == "4 files in this folder are never completed: a (x), b (x), c (x), …"


def test_one_file() -> None:
    (check,) = excluded(given(), Files(asked="src/a.py"))
    assert (check.status, check.message) == ("ok", "src/a.py is not excluded.")
    (check,) = excluded(given(), Files(asked="src/.env", pattern=".env*"))
    # No command exposes what is excluded.
    assert (check.status, check.fix, check.spared) == ("ok", "", "src/.env")
    assert check.message == (
        'src/.env is never completed, as it should be: "exclude" has the pattern ".env*". '
        'To have it completed anyway, add "!.env" to "exclude".'
    )
    assert check.public is not None
    assert ".env" not in check.public
    project = "/p/.infill-ls.toml"
    (check,) = excluded(given(), Files(asked="a", pattern="*", project=project))
    assert (check.status, check.fix) == ("ok", "")
    assert check.message == (
        f'a is never completed, as it should be: {project} has the pattern "*". '
        f"To have it completed anyway, take the pattern out of {project}."
    )
    (check,) = excluded(given(), Files(asked="notes.md", off=True))
    assert (check.status, check.fix) == ("fail", "infill-ls settings")
    assert check.public is not None
    assert "notes" not in check.public


def test_a_file_that_cant_be_read() -> None:
    (check,) = excluded(given(), Files(asked="a.py", unread="is not UTF-8"))
    assert (check.status, check.fix) == ("warn", "Save it as UTF-8.")
    assert check.message == "a.py is not UTF-8, so that infill-ls complete refuses it."
    assert check.public == "The file that was asked about is not UTF-8."
    (check,) = excluded(given(), Files(asked="a.py", unread="can't be read (Permission denied)"))
    assert (check.status, check.fix) == ("warn", "")
    # What is excluded isn't read anyway.
    (check,) = excluded(given(), Files(asked=".env", pattern=".env*", unread="is not UTF-8"))
    assert check.status == "ok"


def test_a_record_that_cant_be_written() -> None:
    assert record(given(), "") == []
    (check,) = record(given({"audit": "/secret/record.jsonl"}), "it is no file")
    assert (check.status, check.fix) == ("warn", "infill-ls settings set audit FILE")
    assert check.message == (
        'The record /secret/record.jsonl ("audit") can\'t be written: it is no file. '
        "Fills come without it."
    )
    assert check.public is not None
    assert "secret" not in check.public


def test_a_mistake_in_a_projects_settings() -> None:
    check, _ = excluded(given(), Files(problems=("/work/.infill-ls.toml is no TOML.",)))
    assert check.status == "warn"
    assert check.public == "A pattern, or a project's file, has a mistake."


def test_folders() -> None:
    every = [Folder("config", "~/c"), Folder("state", "~/s"), Folder("cache", "~/k")]
    assert folders(given(), every) == [
        Check(
            "folders",
            "ok",
            "Kept are settings in ~/c, rates and counts in ~/s, weights in ~/k.",
            "",
            "The folders can be written.",
        )
    ]


def test_folders_that_cant_be_written() -> None:
    every = [Folder("state", "~/s", "~/s is no folder"), Folder("cache", "", "no home")]
    state, cache = folders(given(), every)
    assert state.message == "No rates and counts can be kept (~/s is no folder)."
    assert state.fix == "export XDG_STATE_HOME=FOLDER"
    assert state.public == "No rates and counts can be kept."
    assert cache.message == "No weights can be kept (no home)."


def test_a_home_that_cant_be_written_is_told_once() -> None:
    why = "~ can't be written"
    (check,) = folders(given(), [Folder("state", "~/s", why), Folder("cache", "~/c", why)])
    assert check.message == "No rates and counts, no weights can be kept (~ can't be written)."
    assert check.fix == "export XDG_STATE_HOME=FOLDER XDG_CACHE_HOME=FOLDER"


def test_on_windows_there_is_no_variable_for_a_folder() -> None:
    mine = replace(given(), shell=Shell(windows=True))
    (check,) = folders(mine, [Folder("state", "C:/s", "C:/s can't be written")])
    assert check.fix == "Have that folder be one that you may write."


def test_where_the_log_is() -> None:
    (check,) = log(given(), [NEOVIM, replace(NEOVIM, editor="Visual Studio Code")])
    assert check.status == "ok"
    assert check.message == (
        'The log (level "warning") goes to the editor, which keeps it: Neovim in the file that '
        ":lua =vim.lsp.log.get_filename() names; VS Code in its Output panel."
    )
    (check,) = log(given(), [])
    assert check.message.endswith("which keeps it.")


def test_a_log_with_code_in_it() -> None:
    (check,) = log(given(log="trace"), [])
    assert (check.status, check.fix) == ("warn", "export INFILL_LS_LOG=warning")
    assert check.message.endswith("At this level it has your code.")
