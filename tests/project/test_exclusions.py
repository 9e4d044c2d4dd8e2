"""Files in which there may be secrets are never completed."""

from __future__ import annotations

import ntpath
from pathlib import Path
from types import SimpleNamespace

import pytest

from infill_ls.project import exclusions
from infill_ls.project.exclusions import DEFAULT_PATTERNS, Exclusions

FOLDER = "/home/me/secrets-manager"


@pytest.mark.parametrize(
    "name",
    [
        *(".env", ".env.local", ".ENV", "prod.env", "deploy/.env.production", ".envrc"),
        *("server.pem", "tls/server.KEY", "id_rsa", "id_ed25519.pub", ".ssh/config"),
        *(".netrc", ".npmrc", ".pypirc", ".git-credentials", ".htpasswd", ".pgpass"),
        *("credentials", "credentials.json", "secrets.yaml", "config/secrets/db.yml"),
        *("secrets", "secrets.yml", "secrets.json", "secrets.toml", "secrets.env", "secrets.ini"),
        *("Secrets.prod.yaml", "secrets-dev.json", ".streamlit/secrets.toml", "secrets.yaml.enc"),
        *("config/secrets/reader.py", "db.secret", "app.secrets", "arduino_secrets.h"),
        *("secrets.enc.yaml", "secrets.properties", "secret.yaml", "secrets.txt", "secrets.json5"),
        *("prod.tfvars", "terraform.tfstate", "terraform.tfstate.backup", "all.kdbx"),
        *(".bash_history", ".python_history", ".aws/credentials", ".kube/config", "kubeconfig.yml"),
        *(".docker/config.json", ".config/gcloud/key.json", ".config/gh/hosts.yml"),
    ],
)
def test_what_may_hold_secrets_is_excluded(name: str) -> None:
    inside = Exclusions(folders=[FOLDER]).pattern_for(f"{FOLDER}/{name}")
    assert inside in DEFAULT_PATTERNS
    if "secrets/" not in name:
        assert Exclusions().pattern_for(f"/elsewhere/{name}") in DEFAULT_PATTERNS


@pytest.mark.parametrize(
    "name",
    [
        *("main.py", ".env.example", ".env.sample", "environment.py", "env/main.py", "keys.py"),
        *("keyboard.ts", "history.py", "secret_santa.py", "my_secrets.py", "docker/config.json"),
        *("config", "gh/main.go", "id_generator.py", "pem.go", "aws/client.py"),
        *("secrets.py", "secrets.go", "secrets_test.rs", "secretsController.java", "secrets.md"),
        *("secretsmanager/client.py", "secrets-store/main.tf", "secrets.ipynb", "secret.ts"),
    ],
)
def test_code_is_not(name: str) -> None:
    # A folder is not excluded for its own name, nor a file for that of a folder elsewhere.
    assert Exclusions(folders=[FOLDER]).pattern_for(f"{FOLDER}/{name}") == ""
    assert Exclusions().pattern_for(f"{FOLDER}/{name}") == ""


def test_the_user_adds_and_takes_back() -> None:
    exclusions = Exclusions(["*.private.*", "!.env", "generated/"], [FOLDER])
    assert exclusions.pattern_for(f"{FOLDER}/a.private.py") == "*.private.*"
    assert exclusions.pattern_for(f"{FOLDER}/.env") == ""
    assert exclusions.pattern_for(f"{FOLDER}/.env.local") == ".env*"
    assert exclusions.pattern_for(f"{FOLDER}/generated/a.py") == "generated/"


def test_beside_a_pattern_that_is_none_the_others_count() -> None:
    exclusions = Exclusions(["!", "*.private"], [FOLDER])
    assert exclusions.pattern_for(f"{FOLDER}/a.private") == "*.private"
    assert exclusions.pattern_for(f"{FOLDER}/.env") == ".env*"


def test_a_link_is_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".env").touch()
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "settings.txt").symlink_to(tmp_path / "elsewhere" / ".env")
    (folder / ".env.link").symlink_to(folder / "main.py")
    exclusions = Exclusions(folders=[str(folder)])
    assert exclusions.pattern_for(str(folder / "settings.txt")) == ".env*"
    assert exclusions.pattern_for(str(folder / ".env.link")) == ".env*"
    assert exclusions.pattern_for(str(folder / "main.py")) == ""


def test_the_folder_may_be_a_link(tmp_path: Path) -> None:
    real = tmp_path / "secrets"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    exclusions = Exclusions(folders=[str(tmp_path / "link")])
    assert exclusions.pattern_for(str(tmp_path / "link" / "main.py")) == ""
    assert exclusions.pattern_for(str(tmp_path / "link" / ".env")) == ".env*"


@pytest.mark.parametrize(("language", "excluded"), [("dotenv", True), ("python", False)])
def test_a_buffer_without_a_name_is_judged_by_its_language(language: str, excluded: bool) -> None:
    assert bool(Exclusions().pattern_for("", language)) == excluded


def test_a_folder_that_a_pattern_names_may_be_the_one_that_is_worked_in() -> None:
    for path in ("/home/me/.kube/config", "/home/me/.ssh/config", "/home/me/.docker/config.json"):
        assert Exclusions(folders=[path.rpartition("/")[0]]).pattern_for(path) in DEFAULT_PATTERNS
    assert Exclusions(folders=[FOLDER]).pattern_for(f"{FOLDER}/main.py") == ""


@pytest.mark.parametrize("name", ["home/me/.env", "host/srv/.kube/config", ".env", "C:/x/id_rsa"])
def test_a_document_that_is_no_file_here_is_judged_by_its_name(name: str) -> None:
    assert Exclusions().pattern_for("", "plaintext", name) in DEFAULT_PATTERNS
    assert Exclusions().pattern_for("", "python", "home/me/main.py") == ""


def test_a_directory_of_the_users_counts_in_no_folder_too() -> None:
    assert Exclusions(["private/"]).pattern_for("/home/me/private/a.py") == "private/"


def test_a_name_may_be_spelled_in_two_ways() -> None:
    apart = "schlu\u0308ssel.txt"
    assert Exclusions(["schlüssel.txt"]).pattern_for(f"/home/me/{apart}") == "schlüssel.txt"


@pytest.mark.parametrize(
    "name",
    [
        ".env.d.ts",
        ".env.dist",
        ".env.local.example",
        "order_history/views.py",
        "kubeconfig.go",
        "id_rsa_test.go",
    ],
)
def test_what_only_looks_like_such_a_file_is_completed(name: str) -> None:
    assert Exclusions(folders=["/project"]).pattern_for(f"/project/{name}") == ""


@pytest.mark.parametrize(
    "name", ["order_history/.bash_history", ".secrets.toml", "app.ovpn", "a.p8", ".vault-token"]
)
def test_what_else_may_hold_secrets(name: str) -> None:
    assert Exclusions(folders=["/project"]).pattern_for(f"/project/{name}") in DEFAULT_PATTERNS


@pytest.mark.parametrize("start", ["D:\\work", r"\\server\share"])
def test_another_drive_of_windows(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the drive on which the server runs there is no relative path to it."""
    monkeypatch.setattr(exclusions, "os", SimpleNamespace(path=ntpath, sep="\\", curdir="."))
    for folders in ([], [start]):
        of = Exclusions(folders=folders).pattern_for
        assert of(f"{start}\\main.py") == ""
        assert of(f"{start}\\.env") in DEFAULT_PATTERNS
