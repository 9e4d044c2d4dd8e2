"""What is in the wheel and in the source archive, and that each comes out the same again."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path
from typing import Final

import pytest

import version
from infill_ls import __version__

ROOT: Final = Path(__file__).parent.parent
# `make test` puts it there.
PACKER: Final = next((ROOT / ".tools").glob("hatchling-*/.ready"), ROOT / ".tools").parent

packs = pytest.mark.skipif(PACKER.name == ROOT.name, reason="`make test` gets what packs wheels")


def packed(target: str, folder: Path, into: Path, umask: int = 0o022) -> Path:
    """The wheel or the source archive of a folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    environment = {"PYTHONPATH": str(PACKER), "SOURCE_DATE_EPOCH": "1580601600"}
    subprocess.run(command, cwd=folder, env=environment, umask=umask, check=True, timeout=120)
    return next(into.iterdir())


def unpacked(archive: Path, into: Path) -> Path:
    with tarfile.open(archive) as file:
        file.extractall(into, filter="data")
    return next(into.iterdir())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed("sdist", ROOT, tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Path:
    folder = unpacked(source, tmp_path_factory.mktemp("unpacked"))
    return packed("wheel", folder, tmp_path_factory.mktemp("wheel"))


def names(archive: Path) -> set[str]:
    """What is in it, without the folder that is around all of a source archive."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as file:
            return set(file.namelist())
    with tarfile.open(archive) as file:
        return {name.partition("/")[2] for name in file.getnames()}


def known(folder: str) -> set[str]:
    """The files of a folder that git knows; where there is no git, those of its kinds there."""
    if not (ROOT / ".git").exists():
        found = (path for path in (ROOT / folder).rglob("*.[a-z]*") if path.is_file())
        return {str(path.relative_to(ROOT)) for path in found if path.suffix != ".pyc"}
    listed = subprocess.run(
        ["git", "ls-files", "-z", folder], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


def test_the_version_has_one_place() -> None:
    assert version.version() == __version__
    for path, text in version.written().items():
        assert path.read_text("utf-8") == text, "make version"
    newest = (ROOT / "CHANGELOG.md").read_text("utf-8").partition("\n## ")[2]
    assert newest.split()[0] == __version__


@packs
def test_the_wheel_has_all_that_runs(wheel: Path) -> None:
    inside = names(wheel)
    code = {name.removeprefix("server/") for name in known("server")}
    assert code <= inside
    assert {"infill_ls/py.typed", "infill_ls/settings.schema.json"} <= inside
    editors = known("editor-configs") - known("editor-configs/vscode")
    assert {
        name.replace("editor-configs", "infill_ls/editor_configs") for name in editors
    } <= inside
    metadata = f"infill_ls-{__version__}.dist-info"
    assert {name.partition("/")[0] for name in inside} == {"infill_ls", metadata}
    assert f"{metadata}/licenses/LICENSE" in inside


@packs
def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        metadata = file.read(f"infill_ls-{__version__}.dist-info/METADATA").decode()
        entries = file.read(f"infill_ls-{__version__}.dist-info/entry_points.txt").decode()
    about = message_from_string(metadata)
    assert (about["Name"], about["Version"]) == ("infill-ls", __version__)
    assert about["Requires-Python"] == ">=3.11"
    assert about.get_all("Provides-Extra") == ["embedded"]
    assert "infill-ls = infill_ls.__main__:main" in entries


@packs
def test_the_source_archive_has_all_that_make_needs(source: Path) -> None:
    inside = names(source)
    assert {"Makefile", "requirements.lock", "tests/demo.py", "docs/settings.md"} <= inside
    # Elsewhere there may be anything besides.
    assert not (ROOT / ".git").exists() or known(".") <= inside


@packs
def test_the_same_source_gives_the_same_bytes(source: Path, wheel: Path, tmp_path: Path) -> None:
    folder = unpacked(source, tmp_path / "another" / "folder")
    again = packed("wheel", folder, tmp_path / "wheel", umask=0o077)
    assert again.read_bytes() == wheel.read_bytes()
    again = packed("sdist", folder, tmp_path / "source", umask=0o077)
    assert again.read_bytes() == source.read_bytes()
