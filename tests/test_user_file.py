"""The user's settings file: what it says, again and again, and where in it a key stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infill_ls import user_file
from infill_ls.saving import SAVING
from infill_ls.user_file import UserFile, line_of, read_user_file
from saving_clock import SavingClock, clock

__all__ = ["clock"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    assert "can't be read (Is a directory)" in read_user_file(tmp_path)[1][0]


def test_a_mark_of_the_byte_order(path: Path) -> None:
    path.write_bytes('model = "a"\r\n'.encode("utf-8-sig"))
    assert read_user_file(path) == ({"model": "a"}, [])


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "infill-ls").write_text("")
    file = UserFile(tmp_path / "infill-ls" / "config.toml")
    assert file.read() == ({}, [])
    assert file.is_known
    assert not file.has_changed()


def test_what_it_said_counts_where_it_can_not_be_read(path: Path) -> None:
    file = UserFile(path)
    assert file.read() == ({}, [])
    path.write_text('exclude = ["*.private"]\n')
    assert file.read() == ({"exclude": ["*.private"]}, [])
    path.write_text('exclude = ["*.private"]\nmodel = \n')
    values, (problem,) = file.read()
    assert values == {"exclude": ["*.private"]}
    assert problem.endswith("It counts as before.")
    assert file.is_known


@pytest.mark.parametrize("before", [None, ""])
def test_what_one_says_that_could_never_be_read_is_not_known(
    path: Path, before: str | None
) -> None:
    file = UserFile(path)
    if before is not None:
        path.write_text(before)
    assert file.read() == ({}, [])
    path.write_text("model = \n")
    assert file.read()[1][0].endswith("Nothing is asked until it is mended.")
    assert not file.is_known
    path.unlink()
    assert file.read() == ({}, [])
    assert file.is_known


def test_it_has_changed_once_it_is_another(path: Path) -> None:
    file = UserFile(path)
    file.read()
    assert not file.has_changed()
    path.write_text('model = "a"\n')
    assert file.has_changed()
    file.read()
    assert not file.has_changed()
    # As whoever saves in one step does; the times are the same.
    other = path.with_name("new")
    other.write_text('model = "b"\n')
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    os.replace(other, path)
    assert file.has_changed()
    assert file.read()[0] == {"model": "b"}


@pytest.mark.parametrize("way", ["emptied", "taken away"])
def test_a_file_that_is_being_saved_counts_as_before(
    path: Path, clock: SavingClock, way: str
) -> None:
    path.write_text('exclude = ["*.private"]\n')
    file = UserFile(path)
    file.read()
    for _ in range(2):
        if way == "emptied":
            path.write_text("")
        else:
            path.unlink()
        assert file.has_changed()
        assert file.read() == ({"exclude": ["*.private"]}, [])
        clock.now += SAVING / 2
        assert not file.has_changed()
        path.write_text('exclude = ["*.secret"]\n')
        assert file.has_changed()
        assert file.read() == ({"exclude": ["*.secret"]}, [])
        clock.now += 2 * SAVING
        assert not file.has_changed()
        path.write_text('exclude = ["*.private"]\n')
        assert file.read() == ({"exclude": ["*.private"]}, [])


@pytest.mark.parametrize("way", ["emptied", "taken away"])
def test_a_file_that_stays_empty_says_nothing(path: Path, clock: SavingClock, way: str) -> None:
    path.write_text('exclude = ["*.private"]\n')
    file = UserFile(path)
    file.read()
    if way == "emptied":
        path.write_text("")
    else:
        path.unlink()
    file.read()
    clock.now += SAVING
    assert file.has_changed()
    assert file.read() == ({}, [])
    assert not file.has_changed()


def test_comments_alone_count_at_once(path: Path) -> None:
    path.write_text('exclude = ["*.private"]\n')
    file = UserFile(path)
    file.read()
    path.write_text("# nothing\n")
    assert file.read() == ({}, [])


def test_nobody_knows_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_file, "own", lambda kind: None)
    file = UserFile()
    assert (file.path, file.has_changed(), file.read()) == (None, False, ({}, []))


TEXT = """\
# model = "a"
model = "b"
'maxTokens' = 5
headers.X-A = "b"

[languages.go]
model = "c"
enabled = false

[[fim]]
template = "{prefix}{suffix}"
[ "recitation" ]
folders = []
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("model", 2),
        ("maxTokens", 3),
        ("headers", 4),
        ("languages", 6),
        ("fim", 10),
        ("recitation", 12),
        ("enabled", 0),
        ("mode", 0),
        (".*", 0),
    ],
)
def test_the_line_of_a_key(path: Path, key: str, line: int) -> None:
    path.write_text(TEXT)
    assert line_of(path, key) == line


def test_the_line_in_a_file_that_is_none(path: Path) -> None:
    assert line_of(path, "model") == 0
    path.write_bytes(b"\xff\xfe")
    assert line_of(path, "model") == 0
