"""Which command adds the embedded engine, by what the installers leave behind."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from infill_ls.engines.embedded import installation

pytestmark = pytest.mark.skipif(os.name == "nt", reason="paths as they are elsewhere")

FOLDER = {"url": "file:///home/a/infill%20ls", "dir_info": {}}
EDITABLE = {"url": "file:///home/a/infill%20ls", "dir_info": {"editable": True}}
WHEEL = {"url": "file:///tmp/infill_ls-1-py3-none-any.whl", "archive_info": {}}
GIT = {
    "url": "https://example.org/infill-ls.git",
    "vcs_info": {"vcs": "git", "requested_revision": "main", "commit_id": "1234"},
    "subdirectory": "python",
}


class Metadata(Distribution):
    """What a ``.dist-info`` folder has."""

    def __init__(self, **files: str) -> None:
        self._files = files

    def read_text(self, filename: str) -> str | None:
        return self._files.get(filename)

    def locate_file(self, path: Any) -> Any:
        return path


@pytest.fixture
def prefix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The environment's folder; a virtual one unless a test says otherwise."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "executable", "/e/bin/python")
    (tmp_path / "environment").mkdir()
    return tmp_path / "environment"


def command(
    monkeypatch: pytest.MonkeyPatch, origin: Any = None, installer: str = "pip", **how: bool
) -> str:
    """The command for an installation with this ``direct_url.json`` by this installer."""
    files = {"INSTALLER": f"{installer}\n"}
    if origin is not None:
        files["direct_url.json"] = origin if isinstance(origin, str) else json.dumps(origin)
    monkeypatch.setattr("importlib.metadata.distribution", lambda _: Metadata(**files))
    return installation.command(**how)


@pytest.mark.parametrize(
    ("origin", "what"),
    [
        (None, "'infill-ls[embedded]'"),
        (FOLDER, "'/home/a/infill ls[embedded]'"),
        (EDITABLE, "--editable '/home/a/infill ls[embedded]'"),
        (WHEEL, "'infill-ls[embedded] @ file:///tmp/infill_ls-1-py3-none-any.whl'"),
        (
            GIT,
            "'infill-ls[embedded] @ git+https://example.org/infill-ls.git@main"
            "#subdirectory=python'",
        ),
        # Whatever it is, it is no reason to say nothing.
        ("{", "'infill-ls[embedded]'"),
        ([], "'infill-ls[embedded]'"),
    ],
    ids=["index", "folder", "editable", "wheel", "git", "broken", "no object"],
)
def test_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, prefix: Path, origin: Any, what: str
) -> None:
    assert command(monkeypatch, origin) == f"/e/bin/python -m pip install {what}"


@pytest.mark.parametrize(
    ("installer", "file", "added", "anew"),
    [
        ("pip", None, "/e/bin/python -m pip install", "--force-reinstall "),
        ("uv", None, "uv pip install --python /e/bin/python", "--reinstall "),
        ("uv", "uv-receipt.toml", "uv tool install", "--reinstall "),
        ("pip", "pipx_metadata.json", "pipx install --force", ""),
        ("uv", "pipx_metadata.json", "pipx install --force", ""),
    ],
)
def test_who_installed_it(
    monkeypatch: pytest.MonkeyPatch,
    prefix: Path,
    installer: str,
    file: str | None,
    added: str,
    anew: str,
) -> None:
    if file:
        (prefix / file).touch()
    what = "'/home/a/infill ls[embedded]'"
    assert command(monkeypatch, FOLDER, installer) == f"{added} {what}"
    assert command(monkeypatch, FOLDER, installer, anew=True) == f"{added} {anew}{what}"


def test_a_python_that_lets_no_pip_in(
    monkeypatch: pytest.MonkeyPatch, prefix: Path, tmp_path: Path
) -> None:
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    # Only the system's own is closed, not what is made of it.
    assert "-m pip install" in command(monkeypatch, FOLDER)
    monkeypatch.setattr(sys, "prefix", "/usr")
    what = "'/home/a/infill ls[embedded]'"
    told = command(monkeypatch, FOLDER)
    assert told == f"uv tool install {what} (or pipx install {what})"
    (tmp_path / "EXTERNALLY-MANAGED").unlink()
    assert "-m pip install" in command(monkeypatch, FOLDER)


def test_a_folder_from_which_it_runs_uninstalled(
    monkeypatch: pytest.MonkeyPatch, prefix: Path, tmp_path: Path
) -> None:
    def missing(_: str) -> None:
        raise PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.distribution", missing)
    code = tmp_path.joinpath(*"clone/server/infill_ls/engines/embedded/installation.py".split("/"))
    monkeypatch.setattr(installation, "__file__", str(code))
    assert installation.command().endswith(" 'infill-ls[embedded]'")
    (tmp_path / "clone").mkdir()
    (tmp_path / "clone" / "pyproject.toml").touch()
    assert installation.command().endswith(f" '{tmp_path}/clone[embedded]'")


def test_the_one_that_runs_these_tests_says_where_it_is() -> None:
    assert "[embedded]" in installation.command()
