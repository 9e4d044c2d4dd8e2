"""What is looked at around the program."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from diagnosis.given import given
from infill_ls import __version__
from infill_ls.diagnosis import surroundings
from infill_ls.diagnosis.facts import Folder
from infill_ls.engines.embedded import installation
from infill_ls.engines.embedded.installation import Installer


def put_program(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "infill-ls"
    program.write_text(text)
    program.chmod(0o755)
    return program


SAYS = "#!/bin/sh\necho infill-ls {}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def test_the_programs_on_the_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = put_program(home / "share" / "uv" / "tools" / "infill-ls" / "bin", SAYS.format("1.2"))
    (home / "bin").mkdir()
    (home / "bin" / "infill-ls").symlink_to(tool)
    put_program(home / "pipx" / "bin", SAYS.format("1.1"))
    venv = put_program(home / "venv" / "bin", "#!/bin/sh\nexit 1\n")
    (venv.parent / "python").write_text("")
    put_program(home / "work" / "tools", SAYS.format("0.1"))
    (home / "empty").mkdir()
    (home / "empty" / "infill-ls").write_text("not a program")
    folders = [home / "bin", tool.parent, home / "pipx/bin", venv.parent, home / "empty"]
    monkeypatch.setenv("PATH", os.pathsep.join(["tools", "", *map(str, folders), "/no/such"]))
    found = surroundings.program()
    assert (found.version, found.python) == (__version__, sys.version.split()[0])
    assert [(one.path, one.version, one.removed_by) for one in found.copies] == [
        ("~/bin/infill-ls", "1.2", "uv tool uninstall infill-ls"),
        ("~/pipx/bin/infill-ls", "1.1", "pipx uninstall infill-ls"),
        ("~/venv/bin/infill-ls", "", f"{home}/venv/bin/python -m pip uninstall infill-ls"),
    ]


def test_a_program_that_says_something_else(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_program(home / "bin", "#!/bin/sh\necho something else 1.0\n")
    put_program(home / "other", "#!/no/such/interpreter\n")
    monkeypatch.setenv("PATH", f"{home}/bin:{home}/other:/usr/bin:/bin")
    assert [one.version for one in surroundings.program().copies] == ["", ""]


def test_folders_need_not_be_there(home: Path) -> None:
    assert surroundings.folders() == [
        Folder("config", "~/config/infill-ls"),
        Folder("state", "~/state/infill-ls"),
        Folder("cache", "~/cache/infill-ls"),
    ]
    assert not (home / "state").exists()


def test_folders_that_cant_be_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "state").write_text("a file is in the way")
    monkeypatch.setattr("os.access", lambda path, mode: "cache" not in str(path))
    (home / "cache").mkdir()
    _, state, cache = surroundings.folders()
    assert state.problem == "~/state is no folder"
    assert cache.problem == "~/cache can't be written"


def test_nobody_knows_where_home_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "own", lambda _: None)
    assert [one.path for one in surroundings.folders()] == ["", "", ""]
    assert "nobody knows this user's home" in surroundings.settings_file()


def test_the_settings_file(home: Path) -> None:
    assert surroundings.settings_file() == (
        "The settings file would be ~/config/infill-ls/config.toml."
    )
    (home / "config" / "infill-ls").mkdir(parents=True)
    (home / "config" / "infill-ls" / "config.toml").write_text("")
    assert surroundings.settings_file() == "The settings file is ~/config/infill-ls/config.toml."


def test_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://p:1")
    far, near = given(url="https://gpu.example:8443"), given()
    found = surroundings.proxies(far)
    assert (found.names, found.used) == (("https_proxy",), "http://p:1")
    assert surroundings.proxies(near).used == ""
    assert surroundings.proxies(given(url="http://gpu.example")).used == ""
    monkeypatch.setenv("all_proxy", "socks5://p:2")
    assert surroundings.proxies(given(url="http://gpu.example")).used == "socks5://p:2"
    monkeypatch.setenv("no_proxy", "gpu.example")
    assert surroundings.proxies(far).used == ""


def test_files_of_a_folder(home: Path) -> None:
    for name in (".env", "src/id_rsa", "node_modules/x/.env", ".git/.env", "main.py"):
        path = home / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    found = surroundings.files(given(), None)
    assert [name for name, _ in found.found] == [".env", "src/id_rsa"]
    assert (found.looked_at, found.more) == (3, False)


def test_of_many_files_some_are_looked_at(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "_MOST_FILES", 3)
    for number in range(5):
        (home / "work" / f"{number}.py").write_text("")
    found = surroundings.files(given(), None)
    assert (found.looked_at, found.more) == (3, True)


def test_one_file(home: Path) -> None:
    (home / "work" / ".infill-ls.toml").write_text(
        'languages = { markdown = { enabled = false } }\nmodel = "x"\n'
    )
    notes = surroundings.files(given(), Path("notes.md"))
    assert (notes.asked, notes.pattern, notes.off) == ("notes.md", "", True)
    assert "A project can't set" in notes.problems[0]
    key = surroundings.files(given(), Path("id_rsa"))
    assert (key.pattern, key.project) == ("id_rsa*", "")


def test_a_file_that_a_project_excludes(home: Path) -> None:
    (home / "work" / ".infill-ls.toml").write_text('exclude = ["drafts/"]\n')
    draft = surroundings.files(given(), Path("drafts/a.py"))
    assert (draft.pattern, draft.project) == ("drafts/", str(home / "work" / ".infill-ls.toml"))


def test_words_of_a_user_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> str:
        raise KeyError

    monkeypatch.setattr("getpass.getuser", unknown)
    monkeypatch.setattr("os.getcwd", unknown)
    monkeypatch.setattr("socket.gethostname", lambda: "laptop")
    assert "laptop" in surroundings.own_words(given()).words


def test_the_users_own_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "jane")
    monkeypatch.setenv("MY_SECRET", "s3cret")
    monkeypatch.setenv("THE_VARIABLE", "k3y")
    monkeypatch.setattr("socket.gethostname", lambda: "laptop.example.org")
    said = given(
        {
            "headers": {"X-Key": "h3ader"},
            "apiKeyEnv": "THE_VARIABLE",
            "url": "https://gpu.example:8443",
            "exclude": ["clients/**"],
            "audit": "/var/audit",
            "recitation": {"folders": ["/work/others"]},
        }
    )
    words = set(surroundings.own_words(said).words)
    assert words >= {
        *("jane", "s3cret", "k3y", "laptop.example.org", "laptop", "h3ader", "gpu.example"),
        *("clients/**", "/var/audit", "/work/others", str(home), str(home / "work")),
    }
    assert not {"", "/", "root"} & words


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("OLLAMA_HOST", "gpu-box", "gpu-box"),
        ("OLLAMA_HOST", "gpu.acme:8080", "gpu.acme"),
        ("INFILL_LS_URL", "https://gpu-box/v1", "gpu-box"),
        ("INFILL_LS_URL", "[bad", "[bad]"),
        ("HTTPS_PROXY", "http://me:pw@proxy-box:1", "proxy-box"),
        ("all_proxy", "socks5://proxy-box", "proxy-box"),
    ],
)
def test_hosts_in_the_environment_are_the_users_own(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, word: str
) -> None:
    monkeypatch.setenv(name, value)
    assert word in surroundings.own_words(given()).words


@pytest.mark.parametrize("value", ["", "127.0.0.1:1", "localhost", "0.0.0.0", "[::1]:7", ":80"])
def test_this_machine_is_no_word_of_the_users_own(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    before = set(surroundings.own_words(given()).words)
    monkeypatch.setenv("OLLAMA_HOST", value)
    assert set(surroundings.own_words(given()).words) == before


@pytest.mark.parametrize("model", ["acme secret/q", r"acme secret\q.gguf", "acme secret%2Fq"])
def test_a_models_path_is_the_users_own(model: str) -> None:
    assert model in surroundings.own_words(given(model=model)).words


def test_packages() -> None:
    found = surroundings.packages()
    assert any(one.startswith("pygls ") for one in found)


@pytest.mark.parametrize(
    ("by", "command"),
    [("pipx", "pipx ensurepath"), ("uv tool", "uv tool update-shell")],
)
def test_how_a_tools_program_comes_onto_the_path(
    monkeypatch: pytest.MonkeyPatch, by: Installer, command: str
) -> None:
    made = installation.Installation(by, "infill-ls", editable=False, python=sys.executable)
    monkeypatch.setattr(installation, "installation", lambda: made)
    assert surroundings.program().onto_path == command


def test_how_a_program_comes_onto_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = installation.Installation("pip", "infill-ls", editable=False, python=sys.executable)
    monkeypatch.setattr(installation, "installation", lambda: made)
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path / "bin"))
    assert surroundings.program().onto_path == ""
    put_program(tmp_path / "bin", SAYS.format("1.0"))
    assert surroundings.program().onto_path == f'export PATH="{tmp_path}/bin:$PATH"'
