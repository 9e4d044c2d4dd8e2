"""What `make dist` looks at, and the one place of the version."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

import infill_ls
import release
from release import CLONE, EXTENSION, Wrong

WHEEL = ("infill_ls-1.dist-info/METADATA", *release.OF_THE_WHEEL)
VSIX = (
    *("extension/extension.js", "extension/package.json", "extension.vsixmanifest"),
    *("extension/node_modules/vscode-languageclient/package.json", "extension/LICENSE.txt"),
    "extension/wheel/infill_ls-1-py3-none-any.whl",
)


def packed(file: Path, *names: str) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return file


def test_other_places_have_the_versions_one_place() -> None:
    for name in ("package.json", "package-lock.json"):
        about = json.loads((CLONE / EXTENSION / name).read_text("utf-8"))
        assert about["version"] == infill_ls.__version__
    assert f"\n## {infill_ls.__version__} " in (CLONE / "CHANGELOG.md").read_text("utf-8")


def test_what_the_source_distribution_must_have_is_there() -> None:
    assert [name for name in release.OF_A_CLONE if not (CLONE / name).exists()] == []


def test_what_is_built_twice_is_the_same(tmp_path: Path) -> None:
    first, second = packed(tmp_path / "a", "x"), packed(tmp_path / "b", "y")
    release.same_bytes({"wheel": first}, {"wheel": first})
    with pytest.raises(Wrong, match="Built twice, a is not the same"):
        release.same_bytes({"wheel": first}, {"wheel": second})


def test_a_wheel(tmp_path: Path) -> None:
    release.wheel({"wheel": packed(tmp_path / "right", *WHEEL)})
    with pytest.raises(Wrong, match=r"lacks infill_ls/py\.typed\."):
        release.wheel({"wheel": packed(tmp_path / "untyped", WHEEL[0], *WHEEL[2:])})
    with pytest.raises(Wrong, match="more than the package"):
        release.wheel({"wheel": packed(tmp_path / "more", *WHEEL, "tests/test_a.py")})


def test_an_extension(tmp_path: Path) -> None:
    release.extension({"vsix": packed(tmp_path / "right", *VSIX)})
    with pytest.raises(Wrong, match=r"more than it needs: secret\.txt"):
        release.extension({"vsix": packed(tmp_path / "more", *VSIX, "extension/secret.txt")})
    with pytest.raises(Wrong, match=r"lacks extension\.js"):
        release.extension({"vsix": packed(tmp_path / "less", *VSIX[1:])})
    with pytest.raises(Wrong, match="lacks the server's wheel"):
        release.extension({"vsix": packed(tmp_path / "alone", *VSIX[:-1])})


def test_a_command_that_fails(tmp_path: Path) -> None:
    with pytest.raises(Wrong, match="no such thing"):
        release.run(["sh", "-c", "echo no such thing; exit 1"], tmp_path)
