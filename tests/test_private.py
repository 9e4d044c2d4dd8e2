"""Files that are for one user alone, whatever the umask is."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infill_ls import private

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o077], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_folders_that_are_made_are_private_and_others_stay(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    before = mode(there)
    private.make_folder(there / "a" / "b")
    private.make_folder(there / "a" / "b")
    assert [mode(path) for path in (there / "a", there / "a" / "b")] == [0o700, 0o700]
    assert mode(there) == before


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    # What somebody has put in the way, to be written through.
    elsewhere = tmp_path / "elsewhere"
    path.with_suffix(f".{os.getpid()}").symlink_to(elsewhere)
    private.replace(path, "nëw")
    assert path.read_text("utf-8") == "nëw"
    assert mode(path) == 0o600
    assert not elsewhere.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("opener", "most"), [(private.for_us_alone, 0o600), (private.for_all_to_read, 0o644)]
)
def test_nobody_else_can_change_a_file(tmp_path: Path, opener: private.Opener, most: int) -> None:
    path = tmp_path / "a"
    with open(path, "wb", opener=opener):
        pass
    assert mode(path) & ~most == 0
